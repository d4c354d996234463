"""Where a playing session gets its banks from: whoever starts it hands them in, so that it knows neither rigs nor designs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from spatial.bank.matrix import FilterMatrix

Progress = Callable[[str], None]
"""Called with what is being done now, in words."""


class BankSource(Protocol):
    """One bank that can be loaded, again and again, from a file that may change.

    Attributes
    ----------
    name : str
        As it was asked for.
    kind : str
        What the file holds, in a word: "rig", "bank".
    file : Path
        To watch.
    """

    name: str
    kind: str
    file: Path

    def fs(self) -> int | None:
        """The only rate that it has, Hz; None: any."""

    def drivers(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names and 1-based channels of the drivers, without loading the bank."""

    def programme(self) -> tuple[str, ...]:
        """Roles of the channels that are played through it."""

    def load(self, fs: int, progress: Progress | None = None) -> tuple[FilterMatrix, float]:
        """The bank at a rate, and the gain in dB that makes its bypass as loud.

        Parameters
        ----------
        fs : int
            Sample rate, Hz.
        progress : callable or None

        Raises
        ------
        SpatialError
            What stands in the file cannot be used.
        """
