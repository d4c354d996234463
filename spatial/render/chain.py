"""The render chain: upmix, path gains, matrix convolution, gain, limiter. One object, fed with stereo, gives driver feeds."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from spatial.errors import UsageError
from spatial.filters import PATHS, FilterMatrix, RenderRecipe
from spatial.render.backends import make_convolver
from spatial.render.bypass import Bypass
from spatial.render.limiter import Limiter
from spatial.render.options import RenderOptions
from spatial.render.upmix import Upmix, make_upmix
from spatial.units import from_db

Audio = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Latency:
    """Delays of the chain's stages, frames."""

    bank: int
    upmix: int
    limiter: int

    @property
    def total(self) -> int:
        """Frame 0 of the input comes out here."""
        return self.bank + self.upmix + self.limiter


class Chain:
    """Stereo in, one feed a driver out, block by block.

    Parameters
    ----------
    bank : FilterMatrix
        Inputs other than left, right and center are passed over.
    options : RenderOptions
        gain_db, limiter, block, the paths and bypass are looked at.

    Attributes
    ----------
    latency : Latency
    gain_db : float
        Gain in force.
    limiter : Limiter or None
    l1 : (drivers,) float
        What no feed exceeds before the gain while |L'|, |R'|, |C| <= 1.
    tail : int
        Frames that still come when the input has ended.
    """

    def __init__(self, bank: FilterMatrix, options: RenderOptions) -> None:
        paths = tuple(name for name in bank.input_names if name in PATHS)
        if not {"left", "right"} <= set(paths):
            raise UsageError(f"bank: inputs left and right are needed, it has {', '.join(bank.input_names)}")
        self._rows = [PATHS.index(path) for path in paths]
        self._path_gains = options.path_gains(paths)[:, None]
        self._upmix: Upmix = make_upmix(bank.recipe if "center" in paths else RenderRecipe("off"), bank.fs)
        self._bypass = Bypass(bank, self._upmix.latency) if options.bypass else None
        taps = bank.taps[:, [bank.input_index(path) for path in paths]]
        self._convolver = make_convolver(taps, options.block, exact_blocks=True)
        self.gain_db = bank.headroom_gain_db if options.gain_db is None else options.gain_db
        self._gain = np.float32(from_db(self.gain_db))
        self.limiter = Limiter(len(bank.driver_names), bank.fs) if options.limiter else None
        self.latency = Latency(bank.latency_samples, self._upmix.latency, self.limiter.latency if self.limiter else 0)
        self.tail = bank.n_taps - 1 + self.latency.upmix + self.latency.limiter
        self.l1 = (np.abs(taps).sum(axis=2) @ np.abs(self._path_gains))[:, 0] if self._bypass is None else self._bypass.l1
        self._position = 0  # frames taken
        self._end: int | None = None  # of the programme

    @property
    def discarded(self) -> int:
        """Samples that were not finite, or beyond +120 dBFS, inside the chain; 0 took their place."""
        return self._upmix.discarded + self._convolver.discarded + (self.limiter.discarded if self.limiter else 0)

    def process(self, x: Audio, material: int | None = None) -> Audio:
        """(2, frames), frames a multiple of the block -> (drivers, frames).

        material tells how many of the frames belong to the programme (default: all). The first call with fewer ends it: what follows
        has to be silence, and no path sounds longer than the programme; the filters' tails do.
        """
        if material is not None and material < x.shape[1] and self._end is None:
            self._end = self._position + material
        y = self._filter(x)
        self._position += x.shape[1]
        if self._gain != 1:
            y *= self._gain
        return y if self.limiter is None else self.limiter.process(y)

    def _filter(self, x: Audio) -> Audio:
        if self._bypass:
            return self._bypass.process(x)
        paths = self._upmix.process(x)[self._rows]
        if self._end is not None:
            paths[:, max(self._end + self.latency.upmix - self._position, 0) :] = 0
        if (self._path_gains != 1).any():
            paths *= self._path_gains
        return self._convolver.process(paths)

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._position, self._end = 0, None
        for stage in (self._upmix, self._bypass, self._convolver, self.limiter):
            if stage is not None:
                stage.reset()
