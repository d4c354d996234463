"""The formats of other programs: one declaration each, from which commands, sniffing and tests take their lists.

A format has a module in this folder with its functions; the declaration here names them and says in words what a reader of the file
must know. The modules are imported when a function is called: a list of names needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

CONTENTS = ("bank", "head", "directivity")
"""What a file of a format can hold: filters (FilterMatrix), the responses of two ears (Ring), or of a driver in all directions."""

Writer = Callable[..., list[Path]]


@dataclass(frozen=True)
class Late:
    """A function of a module that is imported when the function is called."""

    module: str
    name: str

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function returns."""
        return getattr(import_module(self.module), self.name)(*args, **options)


@dataclass(frozen=True)
class Format:
    """A format of another program.

    Parameters
    ----------
    name : str
        What ``--to`` and its like call it.
    holds : str
        One of CONTENTS.
    line : str
        What it is on disk, for help.
    angles : str
        Its directions against this package's (front towards the listener, left positive), in words.
    levels : str
        What its numbers mean: full scale, gain left out, delay.
    round_trip : str
        What comes back of what was written, and what does not.
    sniff : function of a path
        True where file or folder look like this format; reads little and raises nothing.
    read : function of a path, or None
        Returns what the format holds; InputError for a file that is wrong.
    write : function of (content, path, force=), or None
        Returns the list of paths written; OutputError where they cannot be, or are there and force is false.

    Raises
    ------
    ValueError
        Content that there is not, or a format that neither reads nor writes: a mistake in the declaration.
    """

    name: str
    holds: str
    line: str
    angles: str
    levels: str
    round_trip: str
    sniff: Callable[[Path], bool]
    read: Callable[[Path], Any] | None = None
    write: Writer | None = None

    def __post_init__(self) -> None:
        if self.holds not in CONTENTS:
            raise ValueError(f"format {self.name}: holds is one of {', '.join(CONTENTS)}, got {self.holds!r}")
        if self.read is None and self.write is None:
            raise ValueError(f"format {self.name}: it must be read or written")


FORMATS: dict[str, Format] = {}


def register(format: Format) -> Format:
    """Add a format to the list.

    Parameters
    ----------
    format : Format

    Returns
    -------
    Format
        The same.

    Raises
    ------
    ValueError
        There is one of this name.
    """
    if format.name in FORMATS:
        raise ValueError(f"format {format.name}: there is one of this name")
    FORMATS[format.name] = format
    return format


def writers(holds: str) -> dict[str, Writer]:
    """By name, the functions that write some content.

    Parameters
    ----------
    holds : str
        One of CONTENTS.
    """
    return {name: format.write for name, format in FORMATS.items() if format.holds == holds and format.write}


def lines(holds: str) -> str:
    """What ``writers`` write, in words for help: "wav: ...; sofa: ..."."""
    return "; ".join(f"{name}: {FORMATS[name].line}" for name in writers(holds))


def sniffed(path: Path) -> list[Format]:
    """Formats that a file or folder looks like: one, none, or several where a container holds many things."""
    return [format for format in FORMATS.values() if format.sniff(path)]


register(
    Format(
        name="wav",
        holds="bank",
        line="one float WAV an input path, and bank.json",
        angles="none: drivers by name and channel; left and right are the listener's",
        levels="full scale 1 is unit drive; the headroom gain is stated in bank.json and not in the taps; the common delay is in the taps",
        round_trip="taps to float32, names, channels, rate, latency, headroom gain and figures; not the upmix and not the rig",
        sniff=Late("spatial.exchange.wav_set", "is_wav_set"),
        read=Late("spatial.exchange.wav_set", "read_wav_set"),
        write=Late("spatial.exchange.wav_set", "export_wav"),
    )
)
register(
    Format(
        name="sofa",
        holds="head",
        line="AES69, SimpleFreeFieldHRIR: impulse responses of two ears",
        angles="azimuth from the listener's view, left positive, elevation up, first receiver the left ear: this package's own; only "
        "position and view of the listener are taken out",
        levels="any common gain and delay, told by the measurement between 200 and 1500 Hz and taken out by the head",
        round_trip="not written; of what a file holds, the ring of directions nearest to ear height is read",
        sniff=Late("spatial.exchange.sofa", "is_sofa"),
        read=Late("spatial.exchange.sofa", "read_ring"),
    )
)
