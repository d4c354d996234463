"""What ``spatial play`` plays through: rigs that are designed, and banks that are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import STEREO

if TYPE_CHECKING:
    from spatial.session.banks import Progress


class BankFile:
    """A ``BankSource``: filters of ``spatial design``."""

    kind = "bank"

    def __init__(self, name: str) -> None:
        self.name, self.file = name, Path(name)

    def fs(self) -> int | None:
        """Its own."""
        return FilterMatrix.load(self.name).fs

    def drivers(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names and channels."""
        bank = FilterMatrix.load(self.name)
        return bank.driver_names, bank.channels

    def programme(self) -> tuple[str, ...]:
        """What the bank says."""
        return FilterMatrix.load(self.name).programme

    def load(self, fs: int, progress: Progress | None = None) -> tuple[FilterMatrix, float]:
        """As ``BankSource.load``: the rate is the file's own."""
        from spatial.analysis.loudness import bypass_gain_db

        bank = FilterMatrix.load(self.name)
        return bank, bypass_gain_db(bank)


class RigSource:
    """A ``BankSource``: a rig file or a shipped rig, with settings that vary it.

    Parameters
    ----------
    name : str
        Of a shipped rig, or a path.
    overrides : sequence of str
        KEY=VALUE each.
    """

    kind = "rig"

    def __init__(self, name: str, overrides: Sequence[str]) -> None:
        from spatial.rig.layouts import shipped_rigs

        self.name, self._overrides = name, overrides
        self.file = shipped_rigs().get(name) or Path(name)

    def fs(self) -> int | None:
        """Any: it is designed."""
        return None

    def drivers(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names and channels."""
        from spatial.rig.load import load_rig

        rig = load_rig(self.name, self._overrides).rig
        if rig.kind == "headphones":
            return ("left", "right"), (1, 2)
        return tuple(d.name for d in rig.drivers), tuple(d.channel for d in rig.drivers)

    def programme(self) -> tuple[str, ...]:
        """Stereo: that is what banks are designed for."""
        return STEREO

    def load(self, fs: int, progress: Progress | None = None) -> tuple[FilterMatrix, float]:
        """As ``BankSource.load``: the rig is designed."""
        from spatial.analysis.loudness import bypass_gain_db
        from spatial.design.filter_bank import compute_filters
        from spatial.rig.load import load_rig

        bank = compute_filters(load_rig(self.name, self._overrides), fs=fs, progress=progress)
        return bank, bypass_gain_db(bank)
