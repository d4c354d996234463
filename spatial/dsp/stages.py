"""What the stages of a chain promise, whoever computes them, and what all of them refuse."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio, Real
from spatial.base.errors import UsageError
from spatial.dsp.constants import real, whole

MAX_CHANNELS = whole("SP_MAX_CHANNELS")
MAX_TAPS = whole("SP_MAX_TAPS")
MIN_BLOCK, MAX_BLOCK = whole("SP_MIN_BLOCK"), whole("SP_MAX_BLOCK")
FADE_S = real("SP_FADE_S")
"""In which gains, mute and bypass go from one value to the next."""
MIN_FADE = whole("SP_MIN_FADE")
"""Shortest cross-fade of a swap, frames."""
MAX_SAMPLE = real("SP_MAX_SAMPLE")
"""Magnitude beyond which a sample is taken for garbage; about +120 dBFS."""
MIN_FS, MAX_FS = whole("SP_MIN_FS"), whole("SP_MAX_FS")
"""Sample rates of all stages, Hz."""
MAX_GAIN = real("SP_MAX_GAIN")
"""Linear, +120 dB."""


class Stage(Protocol):
    """Sound in, sound out, later: what convolver, upmix and limiter have in common.

    For one stream the bits do not depend on how it is cut into calls; silence in gives silence out; the state has a fixed size.

    Attributes
    ----------
    latency : int
        Frames by which the output is late. It never changes.
    tail : int
        Frames that still come when the input has ended, the latency included.
    discarded : int
        Samples since the start or the last reset that were not finite or too large, and counted as 0.
    """

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""

    @property
    def tail(self) -> int:
        """Frames that still come when the input has ended."""

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""

    def process(self, x: Audio) -> Audio:
        """The next frames of the stream.

        Parameters
        ----------
        x : (inputs, frames) float32
            Full scale 1.

        Returns
        -------
        (outputs, frames) float32
            As many frames, ``latency`` frames late.

        Raises
        ------
        UsageError
            Another number of inputs, where the stage is the core's; the twins do not look.
        """
        ...

    def reset(self) -> None:
        """Back to the state of a new one."""
        ...


class Convolver(Stage, Protocol):
    """A running matrix convolution: ``y[o, n] = sum over i, k of taps[o, i, k] * x[i, n - latency - k]``.

    Attributes
    ----------
    engine : str
        "c", "numba" or "numpy".
    latency : int
        0 with exact_blocks, else the block.
    partitions : tuple of int
        Frames of the partitions of the first taps and, rising, of later ones. A delay of the input by a multiple of the last one gives
        the same bits later.
    fade : int
        Frames that the cross-fade of a swap lasts: max(partitions[-1], 1024).
    """

    engine: str

    @property
    def partitions(self) -> tuple[int, ...]:
        """Frames of the partitions of the first taps and, rising, of later ones."""

    @property
    def fade(self) -> int:
        """Frames that the cross-fade of a swap lasts."""

    def process(self, x: ArrayLike) -> Audio:
        """The next frames of the stream. The sizes of the calls do not change a bit of the output.

        Parameters
        ----------
        x : (n_inputs, frames) float32
            Full scale 1.

        Returns
        -------
        (n_outputs, frames) float32
            As many frames, ``latency`` frames late.

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


class Upmix(Stage, Protocol):
    """Stereo to left, right and centre, (2, frames) to (3, frames): L', R', C. ``spatial.dsp.upmix`` tells of the methods."""


class LimiterFigures(Protocol):
    """What a limiter tells: its latency; frames whose gain was below 0 dB, and the deepest gain, since the start or the last reset."""

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""

    @property
    def limited_frames(self) -> int:
        """Frames given so far whose gain was below 0 dB."""

    @property
    def lowest_gain_db(self) -> float:
        """Deepest gain so far, dB, <= 0."""


class Limiter(Stage, LimiterFigures, Protocol):
    """One gain for all channels, that keeps samples and true peaks below the ceiling."""


class Meter(Protocol):
    """Loudness, true peak and sample peaks of a stream. discarded: samples not finite or beyond 1e6, which counted as 0."""

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""

    def add(self, x: Audio) -> None:
        """The next frames of the stream.

        Parameters
        ----------
        x : (channels, frames) float32
            Full scale 1.

        Raises
        ------
        UsageError
            Another number of channels, where the meter is the core's; its twin does not look.
        """

    def reset(self) -> None:
        """Back to the state of a new one."""

    @property
    def sample_peaks(self) -> Real:
        """Of each channel the largest magnitude."""

    @property
    def true_peak_db(self) -> float | None:
        """dBTP, as if silence followed; None where there is nothing else."""

    @property
    def integrated_lufs(self) -> float | None:
        """LUFS; None where nothing passed the gates, or the stream is shorter than 400 ms."""


def checked_rate(fs: float, what: str) -> float:
    """The rate itself, where stages can run at it.

    Parameters
    ----------
    fs : float
        Sample rate, Hz, ``MIN_FS`` to ``MAX_FS``.
    what : str
        The stage that asks, for the error.

    Raises
    ------
    UsageError
        The rate is outside that range.
    """
    if not MIN_FS <= fs <= MAX_FS:
        raise UsageError(f"{what}: {fs:g} Hz, sample rates from {MIN_FS} Hz to {MAX_FS} Hz are possible")
    return fs


def checked_gain(gain: float, what: str) -> float:
    """The linear gain itself, where a control takes it.

    Parameters
    ----------
    gain : float
        0 to ``MAX_GAIN``.
    what : str
        Of which control, for the error.

    Raises
    ------
    UsageError
        The gain is outside that range.
    """
    if not 0 <= gain <= MAX_GAIN:
        raise UsageError(f"{what}: gain {gain:g}, linear gains from 0 to {MAX_GAIN:g}, which is +120 dB, are possible")
    return gain


def checked_taps(taps: ArrayLike, block: int) -> Audio:
    """Taps as contiguous float32, where a convolution takes them.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n_taps) float
        1 to 64 outputs and inputs, 1 to 2**20 taps, finite in float32.
    block : int
        Frames of a partition, a power of two from 16 to 8192.

    Raises
    ------
    UsageError
        Taps or a block outside that domain.
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
    """Taps for a swap as float32, (n_outputs, n_inputs, n_taps) with zeros behind them.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n) float
        n is at most n_taps; finite in float32.
    n_outputs, n_inputs, n_taps : int
        Of the convolution that runs.

    Raises
    ------
    UsageError
        Another shape, or taps that are not finite.
    """
    checked = checked_taps(taps, MIN_BLOCK)
    if checked.shape[:2] != (n_outputs, n_inputs) or checked.shape[2] > n_taps:
        raise UsageError(f"swap: taps must be ({n_outputs}, {n_inputs}, at most {n_taps}), got shape {checked.shape}")
    return np.pad(checked, ((0, 0), (0, 0), (0, n_taps - checked.shape[2])))


def checked_audio(x: ArrayLike, n_inputs: int, block: int, exact_blocks: bool) -> Audio:
    """One call's input as contiguous float32.

    Parameters
    ----------
    x : (n_inputs, frames) float
    n_inputs : int
    block : int
        Frames.
    exact_blocks : bool
        Whether frames has to be a multiple of the block.

    Raises
    ------
    UsageError
        Another shape, or a number of frames that is no such multiple.
    """
    checked = np.ascontiguousarray(x, dtype=np.float32)
    if checked.ndim != 2 or checked.shape[0] != n_inputs:
        raise UsageError(f"convolution: audio must be ({n_inputs}, frames), got shape {checked.shape}")
    if exact_blocks and checked.shape[1] % block:
        raise UsageError(f"convolution in exact blocks: {checked.shape[1]} frames are no multiple of the block of {block}")
    return checked
