"""Integrated loudness from the weighted powers of short steps, with the gates of ITU-R BS.1770-5: what all meters share."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Real
from spatial.base.units import power_db
from spatial.dsp.constants import whole

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LU = -0.691  # makes 997 Hz at full scale in one channel read -3.01 LUFS
STEPS_PER_S = whole("SP_METER_STEPS_PER_S")  # gating blocks begin every 100 ms
BLOCK_STEPS = 4  # and last 400 ms
PIECE_STEPS = 4096


def gated_loudness(steps: Real) -> float | None:
    """Integrated loudness, LUFS; None where no block of 400 ms passes the gates.

    Parameters
    ----------
    steps : (steps,) power
        Mean square of K-weighted frames, summed over channels, of each 100 ms; full scale 1.
    """
    absolute = 10 ** ((ABSOLUTE_GATE_LUFS - OFFSET_LU) / 10)
    mean = _mean_block_above(absolute, steps)
    if mean is None:
        return None
    gated = _mean_block_above(max(absolute, mean * 10 ** (RELATIVE_GATE_LU / 10)), steps)
    return None if gated is None else float(OFFSET_LU + power_db(gated))


def _mean_block_above(gate: float, steps: Real) -> float | None:
    """Mean power of the blocks of 400 ms above the gate; None where there is none. Piece by piece: ten hours are many steps."""
    total, count = 0.0, 0
    for begin in range(0, len(steps) - BLOCK_STEPS + 1, PIECE_STEPS):
        piece = steps[begin : begin + PIECE_STEPS + BLOCK_STEPS - 1]
        blocks = np.convolve(piece, np.full(BLOCK_STEPS, 1 / BLOCK_STEPS), "valid")
        loud = blocks[blocks > gate]
        total, count = total + float(loud.sum()), count + len(loud)
    return total / count if count else None
