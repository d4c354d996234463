"""The C core's live playback: ring, blocks and callback. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.chain import ChainPlan
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import channel_pointers, succeed
from spatial.dsp.core.chain import CoreChain
from spatial.dsp.core.convolver import free_filters as free_exchanged
from spatial.dsp.core.convolver import swap_filters
from spatial.dsp.stages import FADE_S, checked_taps

RING_S = 2.0
"""Programme that is kept ready: for so long Python may be busy."""

REFILL_S = 0.25
"""Programme that is there before anything sounds, at first and when the ring has run dry."""

WARM_S = 0.25
"""For which new filters listen before they are heard, beyond their own length: the upmix's means settle."""


@dataclass(frozen=True)
class LiveFigures:
    """What the callback tells. Counts are since the start; peaks, one an output, since the last reading."""

    frames: int
    position: int
    callbacks: int
    dry: int
    dry_frames: int
    device_dropouts: int
    overrun_frames: int
    clipped: int
    switches: int
    refused: int
    switching: bool
    silent: bool
    finished: bool
    peaks: Audio


class CoreLive:
    """``sp_live`` of csrc/include/spatial.h.

    Parameters
    ----------
    chain : CoreChain
    n_channels : int
        Of the device.
    host_block : int
        Frames of a callback; 0: not known.
    n_captured : int
        Channels of the device's input, where that is the programme: as many as it has, or 1 for all of them.
    fade_in : bool
        The programme begins in the middle of something.
    first_frame : int
        Where frames and position start counting.

    Attributes
    ----------
    latency : int
        Frames added to the chain's.
    capacity : int
        Of the ring, frames.

    Raises
    ------
    UsageError
        The bank needs more channels than the device was opened with, or a plan outside the core's domain.
    """

    def __init__(
        self, chain: CoreChain, n_channels: int, host_block: int, *, n_captured: int = 0, fade_in: bool = False, first_frame: int = 0
    ) -> None:
        fs = chain.plan.bank.fs
        self.n_channels = n_channels
        self._fs = fs
        self._block = chain.plan.block
        self._n_inputs = chain.plan.n_inputs
        plan = {
            "block": self._block,
            "host_block": host_block,
            "n_channels": n_channels,
            "n_captured": n_captured,
            "ring_frames": round(RING_S * fs),
            "refill_frames": round(REFILL_S * fs),
            "fade_frames": max(round(FADE_S * fs), 1),
            "fade_in": int(fade_in),
            "first_frame": first_frame,
        }
        error = ffi.new("int *")
        made = lib.sp_live_new(ffi.new("sp_live_plan *", plan), self._feeds(chain), error)
        if made == ffi.NULL:
            raise UsageError(f"live: {n_channels} channels, host block {host_block}: not possible (error {error[0]} of the core)")
        self._live = ffi.gc(made, lib.sp_live_free)
        self._chains = {_address(chain.pointer): chain}  # in the callback's hands
        self._figures = ffi.new("sp_live_figures *")
        self.latency: int = lib.sp_live_latency(made)
        self.capacity = self.room()

    def _feeds(self, chain: CoreChain) -> Any:
        bank = chain.plan.bank
        if bank.n_channels > self.n_channels:
            raise UsageError(f"the filters go to channel {bank.n_channels}, the device was opened with {self.n_channels}")
        channels = [channel - 1 for channel in bank.channels]
        return ffi.new("sp_feeds *", {"chain": chain.pointer, "n_outputs": len(channels), "channels": channels, "tail": chain.tail})

    @property
    def callback(self) -> int:
        """Address of the function that the device calls."""
        return _address(ffi.addressof(lib, "sp_live_callback"))

    @property
    def user(self) -> int:
        """Address that the device hands to it."""
        return _address(self._live)

    def room(self) -> int:
        """Frames that ``write`` would take now."""
        return int(lib.sp_live_room(self._live))

    def write(self, x: Audio) -> int:
        """Hand over frames of the programme; returns how many were taken.

        Parameters
        ----------
        x : (programme channels, frames) float32
            Full scale 1.

        Raises
        ------
        UsageError
            Another number of channels.
        """
        x = np.ascontiguousarray(x, dtype=np.float32)
        if x.ndim != 2 or x.shape[0] != self._n_inputs:
            raise UsageError(f"live: the programme must be ({self._n_inputs}, frames), got shape {x.shape}")
        written: int = lib.sp_live_write(self._live, channel_pointers(x), x.shape[1])
        succeed(-min(written, 0), "live")
        return written

    def end(self) -> None:
        """The programme ends with what was written."""
        succeed(lib.sp_live_end(self._live), "live")

    def switch(self, chain: CoreChain) -> None:
        """Lead over to another chain without a click; the latest wins.

        Raises
        ------
        UsageError
            It has another rate, block or programme, needs more channels than the device has, or plays already. All stays as it is then.
        """
        if chain.plan.bank.fs != self._fs or chain.plan.block != self._block:
            raise UsageError(
                f"filters at {chain.plan.bank.fs} Hz in blocks of {chain.plan.block} cannot take the place of those "
                f"at {self._fs} Hz in blocks of {self._block}"
            )
        if chain.plan.n_inputs != self._n_inputs:
            raise UsageError(f"filters for {chain.plan.n_inputs} programme channels cannot take the place of those for {self._n_inputs}")
        if _address(chain.pointer) in self._chains:
            raise UsageError("live: this chain plays already, or is still to be given back; switch to another one")
        feeds = self._feeds(chain)
        self._chains[_address(chain.pointer)] = chain
        error = lib.sp_live_switch(self._live, feeds, chain.tail + round(WARM_S * self._fs))
        if error != lib.SP_OK:
            del self._chains[_address(chain.pointer)]
        succeed(error, "live")

    def collect(self) -> None:
        """Let go of chains that are in use no more."""
        while (chain := lib.sp_live_collect(self._live, 0)) != ffi.NULL:
            del self._chains[_address(chain)]

    def stop(self) -> None:
        """Fade to silence."""
        lib.sp_live_stop(self._live)

    def read(self) -> LiveFigures:
        """Figures of now."""
        lib.sp_live_read(self._live, self._figures)
        f = self._figures
        return LiveFigures(
            frames=f.frames,
            position=f.position,
            callbacks=f.callbacks,
            dry=f.dry,
            dry_frames=f.dry_frames,
            device_dropouts=f.device_dropouts,
            overrun_frames=f.overrun_frames,
            clipped=f.clipped,
            switches=f.switches,
            refused=f.refused,
            switching=bool(f.switching),
            silent=bool(f.silent),
            finished=bool(f.finished),
            peaks=np.frombuffer(ffi.buffer(f.peaks), np.float32).copy(),
        )


def exchange_filters(chain: CoreChain, plan: ChainPlan) -> bool:
    """Cross-fade a chain that sounds to the filters of another plan; False where its shape differs, and nothing happens.

    The controls are the caller's to set. Filters that are out of use are freed.

    Parameters
    ----------
    chain : CoreChain
    plan : ChainPlan
    """
    if _shape(plan) != _shape(chain.plan):
        return False
    swap_filters(lib.sp_chain_convolver(chain.pointer), checked_taps(plan.taps, plan.block))
    chain.plan = plan
    return True


def free_filters(chain: CoreChain) -> None:
    """Free the filters that a chain has exchanged."""
    free_exchanged(lib.sp_chain_convolver(chain.pointer))


def limiter_gain_db(chain: CoreChain) -> float:
    """Of the last frame that left the limiter; 0 where there is none."""
    limiter = lib.sp_chain_limiter(chain.pointer)
    return 0.0 if limiter == ffi.NULL else float(lib.sp_limiter_gain_db(limiter))


def _shape(plan: ChainPlan) -> tuple[Any, ...]:
    """What the filters of a chain may not change."""
    bank = plan.bank
    return (
        plan.taps.shape,
        bank.programme,
        plan.paths,
        plan.recipe,
        plan.drivers,
        bank.fs,
        bank.latency_samples,
        bank.channels,
        plan.block,
        plan.limiter,
    )


def _address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))
