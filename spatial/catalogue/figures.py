"""Every figure that a bank and its rig determine: groups, what each is computed by, and who can have it.

A figure is declared once, as a field of its group (`base.figure`); what prints, lists, explains or requires figures reads them here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any

from spatial.analysis.beam_figures import BeamFigures, SimpleBeamFigures, beam_figures, simple_beam_figures
from spatial.analysis.cancellation import SideFigures, arrivals, side_figures
from spatial.analysis.elsewhere import Distances, HeadRadii, OnHead, Poses, distances, head_radii, measured_head, poses
from spatial.analysis.room import RoomFigures, in_room
from spatial.analysis.seat import SeatFigures, seat_figures
from spatial.analysis.spread import SpreadFigures, spread_figures
from spatial.analysis.study import ChainParts, Study
from spatial.analysis.tone_match import ToneMatch, tone_match
from spatial.analysis.width_pair import WidthFigures, width_figures
from spatial.bank.headroom import Headroom, predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.base.checks import instance, usual_float_errors
from spatial.base.errors import UsageError
from spatial.base.figure import Figure, figures_in, plain
from spatial.design.solver import ClosedForms
from spatial.feasibility.limits import Band, bands
from spatial.rig.load import rig_from_text
from spatial.rig.model import RigFile


@dataclass(frozen=True)
class Group:
    """Figures that are computed together.

    Attributes
    ----------
    name : str
        Its figures are called name.figure.
    about : str
        What they tell.
    of : type
        The dataclass that declares them.
    compute : callable
        Study -> that dataclass, or a dictionary or list of them; None where this bank or machine cannot have them.
    kinds : tuple of str
        Kinds of rig that have them.
    elsewhere : bool
        They tell of places that nothing was designed for: `spatial design` leaves them out.
    listed : bool
        Long lists, in JSON and CSV but in no table.
    each : str
        What every figure of a dictionary means that no dataclass declares.
    """

    name: str
    about: str
    of: type
    compute: Callable[[Study], Any]
    kinds: tuple[str, ...] = ("loudspeakers",)
    elsewhere: bool = False
    listed: bool = False
    each: str = ""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What it declares, in order."""
        return figures_in(self.of) if is_dataclass(self.of) else ()


def headroom(study: Study) -> Headroom:
    """How loud the bank's loudest feed becomes."""
    return predict_headroom(study.bank)


def third_octaves(study: Study) -> tuple[Band, ...]:
    """What is asked, reachable and reached per third octave, and what binds."""
    return bands(study.rig_file, study.sides)


EVERY_KIND = ("loudspeakers", "headphones")
GROUPS = (
    Group("width", "The width pair against a rigid sphere.", WidthFigures, width_figures, kinds=("headphones",)),
    Group("sides", "Cancellation, cues, timbre and effort; of two sides the worse.", SideFigures, lambda s: s.sides.of(side_figures)),
    Group("third_octaves", "The sides band by band, and which limit binds.", Band, third_octaves, listed=True),
    Group("distance", "The sides nearer and farther.", Distances, lambda s: s.sides.of(distances), elsewhere=True),
    Group("poses", "The sides at 27 head poses.", Poses, lambda s: s.sides.of(poses), elsewhere=True),
    Group("head_radius", "The sides on other spheres.", HeadRadii, lambda s: s.sides.of(head_radii), elsewhere=True),
    Group("measured_head", "The sides on a measured head.", OnHead, lambda s: s.sides.of(measured_head), elsewhere=True),
    Group("spread", "The sides of loudspeakers whose drivers differ.", SpreadFigures, lambda s: s.sides.of(spread_figures)),
    Group("beam", "The centre path around the rig.", BeamFigures, beam_figures),
    Group("seat", "The centre path at the listener's place.", SeatFigures, seat_figures),
    Group("beam_baselines", "Simpler beams of the same drivers.", SimpleBeamFigures, simple_beam_figures, listed=True),
    Group("room", "The centre path in the rig file's room.", RoomFigures, lambda s: s.of(in_room) if s.rig_file.scene.room else None),
    Group(
        "arrival_samples",
        "When each path arrives at the head, samples after the first tap.",
        dict,
        arrivals,
        each="arrival of a path at the head",
    ),
    Group("tone", "Left, right and centre against one tone.", ToneMatch, tone_match),
    Group("headroom", "How loud the loudest feed becomes.", Headroom, headroom, kinds=EVERY_KIND),
)


def meaning_of(name: str) -> tuple[str, str]:
    """Which figure a name with dots belongs to, and what it means: "room.beam.drr_db" -> ("room.drr_db", "direct sound over ...")."""
    head, _, tail = name.partition(".")
    for group in GROUPS:
        if group.name == head:
            found = {figure.name: figure.meaning for figure in group.figures}
            last = tail.rpartition(".")[2]
            return f"{head}.{last if found else ''}", found.get(last, "") or group.each
    return name, ""


def study_of(bank: FilterMatrix, rig_file: RigFile, parts: Callable[[], ChainParts] | None = None) -> Study:
    """A bank to be judged on a rig.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
    parts : callable
        Makes the chain around the filters, for figures and pictures of the whole of it.
    """
    return Study.begin(bank, rig_file, ClosedForms(), parts)


@usual_float_errors
def figures_of(study: Study, elsewhere: bool = True) -> dict[str, Any]:
    """Every group that this bank can have, by name, as JSON values.

    Parameters
    ----------
    study : Study
    elsewhere : bool
        Also where nothing was designed for.
    """
    out = {}
    for group in GROUPS:
        if study.rig_file.rig.kind in group.kinds and (elsewhere or not group.elsewhere):
            found = study.of(group.compute)
            if found is not None:
                out[group.name] = plain(found)
    return out


def analyze_bank(bank: FilterMatrix, rig_file: RigFile | None = None, elsewhere: bool = True) -> dict[str, Any]:
    """Figures of a bank on a rig, as JSON values; what each means stands in `GROUPS`.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
        Default: the one that the bank was designed for.
    elsewhere : bool
        Also where nothing was designed for: other distances, head poses and head radii, and in free field a measured head where one is at
        hand.

    Returns
    -------
    dict
        Loudspeakers: "sides", "third_octaves", "spread", "beam", "seat", "beam_baselines", "arrival_samples", "tone", "headroom", "room"
        where the rig file has one; with elsewhere "distance", "poses", "head_radius", "measured_head". Headphones: "width", "headroom".

    Raises
    ------
    UsageError
        Something else than a bank and a rig file, or a bank that carries no rig where none is given.
    """
    instance(bank, FilterMatrix, "analyze_bank", "compute_filters(rig_file) makes one, FilterMatrix.load(path) reads one")
    if rig_file is not None:
        instance(rig_file, RigFile, "analyze_bank", "load_rig(path) reads one")
    elif not bank.rig_text:
        raise UsageError("the bank carries no rig; give the rig file to judge it on")
    else:
        rig_file = rig_from_text(bank.rig_text, "the bank's own rig")
    return figures_of(study_of(bank, rig_file), elsewhere)
