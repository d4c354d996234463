"""Bisection of many frequencies at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatial.base.arrays import Flags, Real


def bisected(holds: Callable[[Real], Flags], low: Real, high: Real, rounds: int) -> tuple[Real, Real]:
    """Bounds of the place where a condition ends that holds from low on.

    Parameters
    ----------
    holds : callable
        x (freqs,) -> (freqs,) bool; it changes once from true to false as x rises.
    low, high : (freqs,)
        Where to search.
    rounds : int
        Each halves what is left of the search.

    Returns
    -------
    low, high : (freqs,)
        The largest x that was seen to hold and the smallest that was not; an end that was never passed stays.
    """
    for _ in range(rounds):
        middle = (low + high) / 2
        good = holds(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return low, high
