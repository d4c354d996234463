"""The C core's chain. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.chain import Chain, ChainPlan, Latency
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import channel_pointers, chosen_instruction_set, succeed
from spatial.dsp.core.upmix import METHODS
from spatial.dsp.stages import checked_audio, checked_gain, checked_rate, checked_taps
from spatial.dsp.upmix import checked_recipe, window_lengths


class CoreChain(Chain):
    """``sp_chain`` of csrc/include/spatial.h; see ``Chain``.

    Parameters
    ----------
    plan : ChainPlan

    Attributes
    ----------
    pointer : cdata
        The sp_chain itself, for the core's audio callback. It lives as long as this object.

    Raises
    ------
    UsageError
        A plan outside the domain of its stages, or filters that do not fit into memory.
    """

    def __init__(self, plan: ChainPlan) -> None:
        bank, recipe = plan.bank, checked_recipe(plan.recipe)
        self.plan = plan
        checked_rate(bank.fs, "chain")
        taps = checked_taps(plan.taps, plan.block)
        in_frames = recipe.upmix == "projection" or (recipe.upmix == "directional" and recipe.latency_ms != 0)
        n, span = window_lengths(bank.fs, recipe.latency_ms) if in_frames else (0, 0)
        isa = chosen_instruction_set()
        asked = ffi.new(
            "sp_chain_plan *",
            {
                "fs": bank.fs,
                "n_inputs": plan.n_inputs,
                "convolver": {
                    "n_inputs": taps.shape[1],
                    "n_outputs": taps.shape[0],
                    "n_taps": taps.shape[2],
                    "block": plan.block,
                    "exact_blocks": 1,
                    "instruction_set": isa,
                },
                "upmix": METHODS[recipe.upmix],
                "upmix_n": n,
                "upmix_span": span,
                "strength": recipe.strength,
                "limiter": int(plan.limiter),
                "bypass_outputs": plan.drivers,
                "bypass_delay": bank.latency_samples,
            },
        )
        error = ffi.new("int *")
        made = lib.sp_chain_new(asked, ffi.from_buffer("float[]", taps), error)
        if error[0] == lib.SP_ERROR_MEMORY:
            raise UsageError(f"chain: filters of {taps.shape[0]} x {taps.shape[1]} x {taps.shape[2]} taps do not fit into memory")
        if made == ffi.NULL:
            raise UsageError(f"chain: not possible at {bank.fs} Hz with {recipe.latency_ms:g} ms of upmix (error {error[0]} of the core)")
        self.pointer: Any = ffi.gc(made, lib.sp_chain_free)
        self.latency = Latency(bank.latency_samples, lib.sp_chain_upmix_latency(made), lib.sp_chain_limiter_latency(made))
        self.limiter = _LimiterFigures(self) if plan.limiter else None
        self._n_outputs = len(taps)
        self._ended = False
        self.set_all()

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return int(lib.sp_chain_discarded(self.pointer))

    def process(self, x: Audio, material: int | None = None) -> Audio:
        """As ``Chain.process``."""
        x = checked_audio(x, self.plan.n_inputs, self.plan.block, exact_blocks=True)
        frames = x.shape[1]
        if material is not None and material < frames and not self._ended:
            succeed(lib.sp_chain_end(self.pointer, material), "chain")
            self._ended = True
        y = np.empty((self._n_outputs, frames), np.float32)
        succeed(lib.sp_chain_process(self.pointer, channel_pointers(x), channel_pointers(y), frames), "chain")
        return y

    def set_path_gain(self, path: str, gain: float) -> None:
        """As ``Chain.set_path_gain``."""
        if path not in self.plan.paths:
            raise UsageError(f"path '{path}': this bank has {' and '.join(self.plan.paths)} only")
        succeed(lib.sp_chain_set_path_gain(self.pointer, self.plan.paths.index(path), checked_gain(gain, f"path '{path}'")), "chain")

    def set_gain(self, gain: float) -> None:
        """As ``Chain.set_gain``."""
        succeed(lib.sp_chain_set_gain(self.pointer, checked_gain(gain, "all drivers")), "chain")

    def set_mute(self, mute: bool) -> None:
        """Silence, before the limiter."""
        lib.sp_chain_set_mute(self.pointer, int(mute))

    def set_bypass(self, bypass: bool) -> None:
        """Each channel to one driver."""
        lib.sp_chain_set_bypass(self.pointer, int(bypass))

    def reset(self) -> None:
        """Back to the state of a new one; the controls stay."""
        succeed(lib.sp_chain_reset(self.pointer), "chain")
        self._ended = False


class _LimiterFigures:
    """Of a chain's own limiter."""

    def __init__(self, chain: CoreChain) -> None:
        self._chain = chain  # which owns it
        self._limiter = lib.sp_chain_limiter(chain.pointer)
        self.latency = chain.latency.limiter

    @property
    def limited_frames(self) -> int:
        """Frames given so far whose gain was below 0 dB."""
        return int(lib.sp_limiter_limited(self._limiter))

    @property
    def lowest_gain_db(self) -> float:
        """Deepest gain so far, <= 0."""
        return float(lib.sp_limiter_lowest_gain_db(self._limiter))
