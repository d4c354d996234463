"""What every convolution engine promises, and the streaming front that the Python engines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.base.errors import UsageError

MAX_CHANNELS = 64
MAX_TAPS = 1 << 20
MIN_BLOCK, MAX_BLOCK = 16, 8192
MIN_FADE = 1024
"""Shortest cross-fade of a swap, frames."""
MAX_SAMPLE = 1e6
"""Magnitude beyond which a sample is taken for garbage; about +120 dBFS."""
MIN_FS, MAX_FS = 1000, 1_000_000
"""Sample rates of all stages, Hz."""
MAX_GAIN = 1e6
"""Linear, +120 dB."""

Audio = NDArray[np.float32]


class Convolver(Protocol):
    """A running matrix convolution: ``y[o, n] = sum over i, k of taps[o, i, k] * x[i, n - latency - k]``.

    Attributes
    ----------
    engine : str
        "c", "numba" or "numpy".
    latency : int
        Frames by which the output is late: 0 with exact_blocks, else the block. It never changes.
    partitions : tuple of int
        Frames of the partitions of the first taps and, rising, of later ones. A delay of the input by a multiple of the last one gives
        the same bits later.
    fade : int
        Frames that the cross-fade of a swap lasts: max(partitions[-1], 1024).
    discarded : int
        Samples since the start or the last reset that were not finite or beyond 1e6 and counted as 0.
    """

    engine: str

    @property
    def latency(self) -> int: ...

    @property
    def partitions(self) -> tuple[int, ...]: ...

    @property
    def fade(self) -> int: ...

    @property
    def discarded(self) -> int: ...

    def process(self, x: ArrayLike) -> Audio:
        """(n_inputs, frames) float32 to (n_outputs, frames) float32.

        The sizes of the calls do not change a bit of the output.

        Raises
        ------
        UsageError
            Another number of inputs; with exact_blocks a number of frames that is no multiple of the block. Nothing is touched then.
        """
        ...

    def swap(self, taps: ArrayLike) -> None:
        """Put new filters in the place of those that sound, by a cross-fade with weights 3 x^2 - 2 x^3, ``fade`` frames long.

        With L the last of ``partitions`` it begins L to 2 L frames after the next call of process (at most a block after it where there
        is but one), or as long after the end of a fade that is under way. Filters that still wait then are skipped: the latest win.
        Another thread may process meanwhile.

        Parameters
        ----------
        taps : (n_outputs, n_inputs, n) float
            As many outputs and inputs as before, and at most as many taps.

        Raises
        ------
        UsageError
            Another shape, or taps that are not finite.
        """
        ...

    def reset(self) -> None:
        """Back to position 0 with all state zero, as if newly made with the filters that were swapped in last."""
        ...


def checked_rate(fs: float, what: str) -> float:
    """The rate itself; UsageError outside MIN_FS..MAX_FS. what: the stage that asks."""
    if not MIN_FS <= fs <= MAX_FS:
        raise UsageError(f"{what}: {fs:g} Hz, sample rates from {MIN_FS} Hz to {MAX_FS} Hz are possible")
    return fs


def checked_gain(gain: float, what: str) -> float:
    """The linear gain itself; UsageError outside 0..MAX_GAIN. what: of which control."""
    if not 0 <= gain <= MAX_GAIN:
        raise UsageError(f"{what}: gain {gain:g}, linear gains from 0 to {MAX_GAIN:g}, which is +120 dB, are possible")
    return gain


def checked_taps(taps: ArrayLike, block: int) -> Audio:
    """Taps (n_outputs, n_inputs, n_taps) as float32.

    Raises
    ------
    UsageError
        1 to 64 inputs and outputs, 1 to 2**20 taps and a block that is a power of two from 16 to 8192 are taken, and taps that are
        finite in float32.
    """
    with np.errstate(over="ignore"):
        checked = np.ascontiguousarray(taps, dtype=np.float32)
    if checked.ndim != 3:
        raise UsageError(f"taps must be (outputs, inputs, n_taps), got shape {checked.shape}")
    for what, count, most in zip(("outputs", "inputs", "taps"), checked.shape, (MAX_CHANNELS, MAX_CHANNELS, MAX_TAPS), strict=True):
        if not 1 <= count <= most:
            raise UsageError(f"convolution: {count} {what}, 1 to {most} are possible")
    if block != int(block) or not MIN_BLOCK <= block <= MAX_BLOCK or int(block) & (int(block) - 1):
        raise UsageError(f"block = {block}: must be a power of two from {MIN_BLOCK} to {MAX_BLOCK}")
    if not np.isfinite(checked).all():
        output, place, tap = np.argwhere(~np.isfinite(checked))[0]
        raise UsageError(f"convolution: tap {tap} from input {place} to output {output} is not finite")
    return checked


def checked_swap(taps: ArrayLike, n_outputs: int, n_inputs: int, n_taps: int) -> Audio:
    """Taps for a swap as float32 (n_outputs, n_inputs, n_taps), with zeros behind them; UsageError as ``Convolver.swap`` says."""
    checked = checked_taps(taps, MIN_BLOCK)
    if checked.shape[:2] != (n_outputs, n_inputs) or checked.shape[2] > n_taps:
        raise UsageError(f"swap: taps must be ({n_outputs}, {n_inputs}, at most {n_taps}), got shape {checked.shape}")
    return np.pad(checked, ((0, 0), (0, 0), (0, n_taps - checked.shape[2])))


def checked_audio(x: ArrayLike, n_inputs: int, block: int, exact_blocks: bool) -> Audio:
    """One call's input as contiguous (n_inputs, frames) float32; UsageError as ``Convolver.process`` says."""
    checked = np.ascontiguousarray(x, dtype=np.float32)
    if checked.ndim != 2 or checked.shape[0] != n_inputs:
        raise UsageError(f"convolution: audio must be ({n_inputs}, frames), got shape {checked.shape}")
    if exact_blocks and checked.shape[1] % block:
        raise UsageError(f"convolution in exact blocks: {checked.shape[1]} frames are no multiple of the block of {block}")
    return checked


class StreamConvolver(ABC):
    """Calls of any size, and swaps, out of an engine that knows whole blocks only: the twin of what the C core does for itself."""

    engine: str

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        self.n_outputs, self.n_inputs, self.n_taps = taps.shape
        self.block = block
        self.exact_blocks = exact_blocks
        self.n_partitions = -(-self.n_taps // block)
        self.partitions = (block,)
        self.fade = max(block, MIN_FADE)
        x = (np.arange(self.fade) + 0.5) / self.fade
        self._weights = (x * x * (3 - 2 * x)).astype(np.float32).reshape(-1, block)
        self._sounding = self.load(taps)
        self._coming: Any = None
        self._waiting: Any = None
        self.reset()

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""
        return 0 if self.exact_blocks else self.block

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return self._discarded

    def swap(self, taps: ArrayLike) -> None:
        """As ``Convolver.swap``."""
        self._waiting = self.load(checked_swap(taps, self.n_outputs, self.n_inputs, self.n_taps))

    def reset(self) -> None:
        """Back to position 0 with all state zero; the last filters sound."""
        latest = next(filters for filters in (self._waiting, self._coming, self._sounding) if filters is not None)
        self._sounding, self._coming, self._waiting = latest, None, None
        self._previous = np.zeros((self.n_inputs, self.block), np.float32)
        self._filling = np.zeros((self.n_inputs, self.block), np.float32)
        self._computed = np.zeros((self.n_outputs, self.block), np.float32)
        self._fill = 0
        self._discarded = 0
        self.reset_spectra()

    def process(self, x: ArrayLike) -> Audio:
        """As ``Convolver.process``."""
        x = checked_audio(x, self.n_inputs, self.block, self.exact_blocks)
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        self._discarded += int(x.size - np.count_nonzero(good))
        x = np.where(good, x, np.float32(0))
        y = np.empty((self.n_outputs, x.shape[1]), np.float32)
        done = 0
        while done < x.shape[1]:
            run = min(x.shape[1] - done, self.block - self._fill)
            block, audio = slice(self._fill, self._fill + run), slice(done, done + run)
            self._filling[:, block] = x[:, audio]
            if not self.exact_blocks:
                y[:, audio] = self._computed[:, block]
            self._fill += run
            if self._fill == self.block:
                self._computed = self._convolve_block()
                self._previous, self._filling = self._filling, self._previous
                self._fill = 0
            if self.exact_blocks:
                y[:, audio] = self._computed
            done += run
        return y

    def _convolve_block(self) -> Audio:
        self.push(self._previous, self._filling)
        if self._coming is None and self._waiting is not None:
            self._coming, self._waiting = self._waiting, None
            self._blocks_faded = 0
        y = self.pull(self._sounding)
        if self._coming is not None:
            y += self._weights[self._blocks_faded] * (self.pull(self._coming) - y)
            self._blocks_faded += 1
            if self._blocks_faded == len(self._weights):
                self._sounding, self._coming = self._coming, None
        return y

    @abstractmethod
    def load(self, taps: Audio) -> Any:
        """Taps (n_outputs, n_inputs, n_taps) as ``pull`` takes them."""

    @abstractmethod
    def reset_spectra(self) -> None:
        """Forget all blocks."""

    @abstractmethod
    def push(self, previous: Audio, current: Audio) -> None:
        """Take in the spectra of the current block; both blocks are (n_inputs, block)."""

    @abstractmethod
    def pull(self, filters: Any) -> Audio:
        """The output (n_outputs, block) of the current block."""
