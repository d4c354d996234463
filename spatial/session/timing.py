"""What this machine does for a bank: time of a block, of the worst block, of a swap; by the engine that renders and plays it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Audio
from spatial.dsp.make import make_chain, make_convolver
from spatial.session.options import RenderOptions, chain_plan

Process = Callable[[Audio], Audio]

PIECE = 8192
"""Frames of a call where the mean is measured, at least."""


@dataclasses.dataclass(frozen=True)
class BlockTime:
    """Time of one block of a process.

    Attributes
    ----------
    block_us : float
        Mean over many blocks, in the quickest of many rounds.
    worst_us : float
        That of the block whose work is the most, where nothing else disturbs it.
    core_percent : float
        block_us as a share of the time that a block lasts.
    times_real_time : float
        How many times as quick as the sound a file is processed, on one core.
    """

    block_us: float
    worst_us: float
    core_percent: float
    times_real_time: float


@dataclasses.dataclass(frozen=True)
class BankTime:
    """What a bank costs at one plan block.

    Attributes
    ----------
    block : int
        Frames.
    partitions : tuple of int
        Of the convolution, frames.
    convolution, chain : BlockTime
        The filters alone; everything that `render` and `play` run.
    added_latency : tuple of int
        Frames, where the host's block is a known multiple of the plan block, and where it is not.
    swap_ready_ms : float
        Until a new set of filters is ready to take the place of the present one.
    swap_begin_ms : tuple of float
        Until it begins to sound, at the least and at the most.
    swap_fade_ms : float
        Cross-fade of old and new.
    """

    block: int
    partitions: tuple[int, ...]
    convolution: BlockTime
    chain: BlockTime
    added_latency: tuple[int, int]
    swap_ready_ms: float
    swap_begin_ms: tuple[float, float]
    swap_fade_ms: float


def time_bank(bank: FilterMatrix, block: int, seconds: float = 1.0) -> BankTime:
    """Measure a bank at one plan block.

    Parameters
    ----------
    bank : FilterMatrix
    block : int
        Frames, a power of two.
    seconds : float
        To be spent, about.

    Raises
    ------
    UsageError, DeviceError
        As ``make_convolver`` and ``make_chain``.
    """
    plan = chain_plan(bank, RenderOptions(block=block))
    taps = plan.taps
    convolver = make_convolver(taps, block, exact_blocks=True)
    chain = make_chain(plan)
    period = convolver.partitions[-1]
    rng = np.random.default_rng(0)
    paths = rng.uniform(-0.5, 0.5, (taps.shape[1], max(PIECE, 2 * period))).astype(np.float32)
    programme = paths[: plan.n_inputs].copy()
    convolution = time_process(convolver.process, paths, block, period, bank.fs, 0.4 * seconds)
    whole = time_process(chain.process, programme, block, programme.shape[1], bank.fs, 0.4 * seconds)
    begin = (0, block) if len(convolver.partitions) == 1 else (period, 2 * period)
    return BankTime(
        block=block,
        partitions=convolver.partitions,
        convolution=convolution,
        chain=whole,
        added_latency=(0, block),
        swap_ready_ms=1e3 * _quickest(lambda: convolver.swap(taps), 0.1 * seconds),
        swap_begin_ms=(1e3 * begin[0] / bank.fs, 1e3 * begin[1] / bank.fs),
        swap_fade_ms=1e3 * convolver.fade / bank.fs,
    )


def time_process(process: Process, x: Audio, block: int, period: int, fs: int, seconds: float) -> BlockTime:
    """Measure a process of audio in multiples of a block, whose work may differ from block to block.

    Calls of one block are dominated by the call itself; so they only tell how the work is spread, and the mean comes from long calls.

    Parameters
    ----------
    process : callable
        Takes and gives (channels, frames), frames a multiple of the block.
    x : (channels, frames) float32
        A whole number of periods.
    block : int
        Frames.
    period : int
        Frames after which the work repeats.
    fs : int
        Sample rate, Hz.
    seconds : float
        To be spent, about.
    """
    process(x)
    mean = _quickest(lambda: process(x), seconds / 2) / (x.shape[1] // block)
    n_blocks = period // block
    pieces = [np.ascontiguousarray(x[:, k * block : (k + 1) * block]) for k in range(n_blocks)]
    nothing = _quickest(lambda: process(x[:, :0]), seconds / 10)
    quickest = np.full(n_blocks, np.inf)
    end = time.perf_counter() + seconds / 2
    rounds = 0
    while rounds < 3 or time.perf_counter() < end:
        for k, piece in enumerate(pieces):
            started = time.perf_counter()
            process(piece)
            quickest[k] = min(quickest[k], time.perf_counter() - started)
        rounds += 1
    work = np.maximum(quickest - nothing, 1e-9)
    return BlockTime(
        block_us=1e6 * mean,
        worst_us=1e6 * mean * float(work.max() / work.mean()),
        core_percent=100 * mean * fs / block,
        times_real_time=block / fs / mean,
    )


def _quickest(action: Callable[[], object], seconds: float) -> float:
    """Seconds that the quickest of many runs takes."""
    best = np.inf
    end = time.perf_counter() + seconds
    while True:
        started = time.perf_counter()
        action()
        now = time.perf_counter()
        best = min(best, now - started)
        if now >= end:
            return best
