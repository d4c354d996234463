"""Loudness of a programme: every channel with the weight of its role (ITU-R BS.1770-5)."""

from __future__ import annotations

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import ROLES
from spatial.base.arrays import Audio
from spatial.dsp.make import make_meter


class ProgrammeMeter:
    """Integrated loudness of what is played through a bank, before the bank."""

    def __init__(self, bank: FilterMatrix) -> None:
        self._meter = make_meter(bank.fs, len(bank.programme), peaks=False)
        power = np.array([ROLES[channel].loudness for channel in bank.programme])
        self._weights = None if np.all(power == 1) else np.sqrt(power)[:, None].astype(np.float32)

    def add(self, x: Audio) -> None:
        """As ``Meter.add``, with the channels of the programme."""
        self._meter.add(x if self._weights is None else self._weights * x)

    @property
    def integrated_lufs(self) -> float | None:
        """LUFS; None where nothing passed the gates, or the stream is shorter than 400 ms."""
        return self._meter.integrated_lufs
