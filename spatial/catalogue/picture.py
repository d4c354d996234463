"""What a picture of a bank is: the question it answers, its numbers as typed data, and how they are drawn.

Matplotlib is one reader of the data, a browser another: `as_json` gives it what is drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from spatial.analysis.study import Study
from spatial.plots.style import Theme, themed
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = TypeVar("Data")
LOUDSPEAKERS, HEADPHONES = "loudspeakers", "headphones"


@dataclass(frozen=True)
class Look:
    """How a picture is to look.

    Attributes
    ----------
    rig_file : RigFile
        The rig's name and words come from it.
    theme : Theme
    command : str
        The command that makes the picture, for its caption.
    """

    rig_file: RigFile
    theme: Theme
    command: str = ""

    def captioned(self, text: str) -> str:
        """A caption, followed by the command that made the picture on a line of its own."""
        return f"{text}\n{self.command}" if self.command else text

    def titled(self, what: str) -> str:
        """The title: what is shown, and the rig."""
        return f"{what}: {self.rig_file.rig.name}"


@dataclass(frozen=True)
class Picture(Generic[Data]):
    """A kind of picture.

    Attributes
    ----------
    kind : str
        Its name on the command line.
    title : str
        Of its section in a report.
    question : str
        What it answers, a sentence.
    compute : callable
        Study -> its data, a frozen dataclass of numbers.
    draw : callable
        (data, look) -> matplotlib's figure.
    kinds : tuple of str
        Kinds of rig that can have it.
    whole_chain : bool
        It needs upmix and limiter, and a centre path.
    """

    kind: str
    title: str
    question: str
    compute: Callable[[Study], Data]
    draw: Callable[[Data, Look], Figure]
    kinds: tuple[str, ...] = (LOUDSPEAKERS,)
    whole_chain: bool = False

    def drawn(self, study: Study, theme: Theme, command: str = "") -> Figure:
        """The picture of a bank in a theme; its numbers are computed once for all themes.

        Parameters
        ----------
        study : Study
        theme : Theme
        command : str
            The command that makes the picture, for the caption.
        """
        data = study.of(self.compute)
        with themed(theme):
            return self.draw(data, Look(study.rig_file, theme, command))


def as_json(data: Any) -> Any:
    """A picture's data as JSON values; numbers that are not finite become None.

    Parameters
    ----------
    data : dataclass, array, dict, list or number
        Nested as it may be.
    """
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: as_json(getattr(data, field.name)) for field in dataclasses.fields(data)}
    if isinstance(data, np.ndarray | np.generic):
        return as_json(data.tolist())
    if isinstance(data, dict):
        return {str(key): as_json(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [as_json(value) for value in data]
    if isinstance(data, float) and not np.isfinite(data):
        return None
    return data
