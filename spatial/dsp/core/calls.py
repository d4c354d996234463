"""What all bindings of the C core share: its instruction set, its errors, its pointers.

Importing this fails with ImportError where the core is not built.
"""

from __future__ import annotations

import os
from typing import Any

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.core._core import ffi, lib

INSTRUCTION_SETS = {"baseline": lib.SP_ISA_BASELINE, "avx2": lib.SP_ISA_AVX2, "avx512": lib.SP_ISA_AVX512}
"""Values of SPATIAL_ISA, which exists so that tests can hold the instruction sets together."""


def chosen_instruction_set() -> int:
    """The best one that the processor has, or that of SPATIAL_ISA.

    Raises
    ------
    UsageError
        SPATIAL_ISA is none of ``INSTRUCTION_SETS``, or not on this processor.
    """
    asked = os.environ.get("SPATIAL_ISA")
    if not asked:
        return int(lib.sp_best_instruction_set())
    known = ", ".join(name for name, isa in INSTRUCTION_SETS.items() if lib.sp_instruction_set_name(isa) != ffi.NULL)
    if asked not in INSTRUCTION_SETS or lib.sp_instruction_set_name(INSTRUCTION_SETS[asked]) == ffi.NULL:
        raise UsageError(f"SPATIAL_ISA = {asked}: this processor has {known}")
    return int(INSTRUCTION_SETS[asked])


def instruction_set_name() -> str:
    """What the chosen instruction set is called."""
    return str(ffi.string(lib.sp_instruction_set_name(chosen_instruction_set())).decode())


def succeed(error: int, what: str) -> None:
    """Nothing where a call of the core went well.

    Parameters
    ----------
    error : int
        What it returned.
    what : str
        The object that was called, for the error.

    Raises
    ------
    UsageError
        Another thread is in the object, which then is as it was, or the core refuses the call.
    """
    if error == lib.SP_ERROR_BUSY:
        raise UsageError(f"{what}: another thread is in it; one thread at a time may process or reset an object, use one object a thread")
    if error != lib.SP_OK:
        raise UsageError(f"{what}: not possible (error {error} of the core)")


def channel_pointers(x: Audio) -> Any:
    """Where the rows of audio begin, as the core takes them. One for each call: threads share none.

    Parameters
    ----------
    x : (channels, frames) float32
        Contiguous; it has to live as long as the pointers.
    """
    start, frames = ffi.from_buffer("float[]", x), x.shape[1]
    return ffi.new("float *[]", [start + channel * frames for channel in range(len(x))])
