"""The C core's convolver. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import channel_pointers, chosen_instruction_set, succeed
from spatial.dsp.stages import checked_audio, checked_swap


def swap_filters(convolver: object, taps: Audio) -> None:
    """New filters for an ``sp_convolver``; frees those that it is done with.

    From any thread, also while another one processes or swaps.

    Parameters
    ----------
    convolver : cdata
    taps : (n_outputs, n_inputs, n_taps) float32
        As many as the convolver's plan has.

    Raises
    ------
    UsageError
        The new filters do not fit into memory.
    """
    error = ffi.new("int *")
    filters = lib.sp_filters_new(convolver, ffi.from_buffer("float[]", taps), error)
    if filters == ffi.NULL:
        raise UsageError("convolution: the new filters do not fit into memory")
    succeed(lib.sp_convolver_swap(convolver, filters), "convolution")
    free_filters(convolver)


def free_filters(convolver: object) -> None:
    """Free the filters that an ``sp_convolver`` has exchanged."""
    while (retired := lib.sp_convolver_collect(convolver)) != ffi.NULL:
        lib.sp_filters_free(retired)


class CoreConvolver:
    """``sp_convolver`` of csrc/include/spatial.h behind the interface of ``Convolver``.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n_taps) float32
        As ``checked_taps`` gives them.
    block : int
        Frames of a partition.
    exact_blocks : bool
        Whether every call is a multiple of the block, and the latency 0.

    Raises
    ------
    UsageError
        The filters do not fit into memory.
    ValueError
        Taps or a block that ``checked_taps`` would refuse.
    """

    engine = "c"

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        self.n_outputs, self.n_inputs, self.n_taps = taps.shape
        self.block = block
        self.exact_blocks = exact_blocks
        plan = ffi.new(
            "sp_plan *",
            {
                "n_inputs": self.n_inputs,
                "n_outputs": self.n_outputs,
                "n_taps": self.n_taps,
                "block": block,
                "exact_blocks": int(exact_blocks),
                "instruction_set": chosen_instruction_set(),
            },
        )
        error = ffi.new("int *")
        made = lib.sp_convolver_new(plan, ffi.from_buffer("float[]", taps), error)
        if error[0] == lib.SP_ERROR_MEMORY:
            raise UsageError(f"convolution: filters of {self.n_outputs} x {self.n_inputs} x {self.n_taps} taps do not fit into memory")
        if made == ffi.NULL:
            raise ValueError(f"the core refuses a plan that checked_taps let through, error {error[0]}")
        self._convolver = ffi.gc(made, lib.sp_convolver_free)

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""
        return int(lib.sp_convolver_latency(self._convolver))

    @property
    def tail(self) -> int:
        """Frames that still come when the input has ended."""
        return int(self.latency + self.n_taps - 1)

    @property
    def partitions(self) -> tuple[int, ...]:
        """Frames of the partitions of the head and of the tails; the bits depend on the position modulo the last one."""
        partitions = ffi.new("int[]", 1 + lib.SP_MAX_TAILS)
        return tuple(partitions[0 : lib.sp_convolver_partitions(self._convolver, partitions)])

    @property
    def fade(self) -> int:
        """Frames that the cross-fade of a swap lasts."""
        return int(lib.sp_convolver_fade(self._convolver))

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return int(lib.sp_convolver_discarded(self._convolver))

    def reset(self) -> None:
        """Back to position 0 with all state zero."""
        succeed(lib.sp_convolver_reset(self._convolver), "convolution")

    def swap(self, taps: ArrayLike) -> None:
        """As ``Convolver.swap``."""
        swap_filters(self._convolver, checked_swap(taps, self.n_outputs, self.n_inputs, self.n_taps))

    def process(self, x: ArrayLike) -> Audio:
        """As ``Convolver.process``."""
        x = checked_audio(x, self.n_inputs, self.block, self.exact_blocks)
        y = np.empty((self.n_outputs, x.shape[1]), np.float32)
        succeed(lib.sp_convolver_process(self._convolver, channel_pointers(x), channel_pointers(y), x.shape[1]), "convolution")
        return y
