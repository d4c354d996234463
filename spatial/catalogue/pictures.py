"""Every kind of picture of a bank, in the order of a report. A new kind is one more declaration in this list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.analysis.study import Study
from spatial.base.errors import UsageError
from spatial.catalogue import beam_pictures, chain_pictures, elsewhere_pictures, method_pictures, side_pictures
from spatial.catalogue.beam_pictures import TONE
from spatial.catalogue.filter_pictures import FILTERS, WIDTH
from spatial.catalogue.picture import Picture
from spatial.plots.plan import plan_figure
from spatial.plots.style import LIGHT, Theme
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES: list[Picture[Any]] = [
    *beam_pictures.PICTURES,
    *side_pictures.PICTURES,
    *elsewhere_pictures.PICTURES,
    *method_pictures.PICTURES,
    TONE,
    WIDTH,
    FILTERS,
    *chain_pictures.PICTURES,
]


def pictures_of(rig_file: RigFile, whole_chain: bool = True) -> tuple[Picture[Any], ...]:
    """The pictures that a rig can have, in the order of a report.

    Parameters
    ----------
    rig_file : RigFile
    whole_chain : bool
        Those that need upmix and limiter, too.
    """
    return tuple(picture for picture in PICTURES if rig_file.rig.kind in picture.kinds and (whole_chain or not picture.whole_chain))


def picture_named(kind: str, rig_file: RigFile) -> Picture[Any]:
    """The picture of a kind.

    Parameters
    ----------
    kind : str
        One of those of `pictures_of`.
    rig_file : RigFile

    Raises
    ------
    UsageError
        A kind that is not there, or that this rig cannot have.
    """
    found = {picture.kind: picture for picture in PICTURES}
    if kind not in found:
        raise UsageError(f"no picture '{kind}'; there are {', '.join(found)}")
    possible = [picture.kind for picture in pictures_of(rig_file)]
    if kind not in possible:
        reason = {
            "headphones": "headphones radiate nothing and cancel nothing",
            "loudspeakers": "the width pair alone is heard on headphones only",
        }[rig_file.rig.kind]
        raise UsageError(f"'{rig_file.rig.name}' has no picture '{kind}': {reason}; it has {', '.join(possible)}")
    return found[kind]


def bank_figure(kind: str, study: Study, theme: Theme = LIGHT, command: str = "") -> Figure:
    """One picture of a bank.

    Parameters
    ----------
    kind : str
        One of those of `pictures_of`.
    study : Study
        The bank on the rig to judge it on.
    theme : Theme
    command : str
        The command that makes the picture, for the caption.

    Raises
    ------
    UsageError
        A kind that is not there, or that this rig cannot have.
    """
    figure: Figure = picture_named(kind, study.rig_file).drawn(study, theme, command)
    return figure


def plan_picture(rig_file: RigFile, theme: Theme = LIGHT, command: str = "") -> Figure:
    """Rig, virtual pair and listener from above.

    Parameters
    ----------
    rig_file : RigFile
    theme : Theme
    command : str
        The command that makes the picture, for the caption.
    """
    figure: Figure = plan_figure(rig_file.rig, rig_file.scene, command, theme)
    return figure
