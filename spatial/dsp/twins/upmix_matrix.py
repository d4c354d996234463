"""The upmixes that do not listen: a fixed share of the sum of both sides to the centre, and none at all."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Audio


class MatrixUpmix:
    """C = strength (L + R)/2, without delay; strength 0 is ``off``. Garbage goes through, for the convolver to discard."""

    latency = tail = 0
    discarded = 0

    def __init__(self, strength: float = 1.0) -> None:
        self.gain = np.float32(0.5 * strength)

    def process(self, x: Audio) -> Audio:
        """As ``Stage.process``: (2, frames) to (3, frames)."""
        return split(x, (x[0] + x[1]) * self.gain)

    def reset(self) -> None:
        """Nothing is remembered."""


class NoUpmix:
    """Every channel of a programme is a path; further paths are silent. Garbage goes through, for the convolver to discard."""

    latency = tail = 0
    discarded = 0

    def __init__(self, n_paths: int) -> None:
        self.n_paths = n_paths

    def process(self, x: Audio) -> Audio:
        """As ``Stage.process``: (channels, frames) to (paths, frames)."""
        return np.pad(x, ((0, self.n_paths - len(x)), (0, 0)))

    def reset(self) -> None:
        """Nothing is remembered."""


def split(x: Audio, centre: Audio) -> Audio:
    """L', R' and C.

    Parameters
    ----------
    x : (2, frames) float32
        L and R.
    centre : (frames,) float32
        C.

    Returns
    -------
    (3, frames) float32
    """
    return np.stack([x[0] - centre, x[1] - centre, centre])
