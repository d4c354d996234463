"""Least squares by Levenberg and Marquardt inside bounds, on the normal equations; deterministic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatial.base.arrays import Real

LARGEST_STEP = 0.3  # coordinates are logarithms, delays in a/c

Evaluate = Callable[[Real], tuple[float, Real, Real]]
"""Coordinates -> cost, J^T J, J^T r."""


def levenberg(evaluate: Evaluate, v: Real, low: Real, high: Real, rounds: int, tolerance: float = 1e-7) -> Real:
    """Coordinates inside [low, high] at which the cost no longer falls by a share of tolerance.

    Parameters
    ----------
    evaluate : callable
        Coordinates -> cost, J^T J, J^T r.
    v : (n,)
        Start, inside the bounds.
    low, high : (n,)
    rounds : int
        Most steps.
    tolerance : float

    Returns
    -------
    (n,)
    """
    damping = 1e-2
    cost, matrix, gradient = evaluate(v)
    for _ in range(rounds):
        loaded = matrix + np.diag(damping * np.diag(matrix) + 1e-9)
        candidate = np.clip(v - np.clip(np.linalg.solve(loaded, gradient), -LARGEST_STEP, LARGEST_STEP), low, high)
        found = evaluate(candidate)
        if found[0] < cost:
            fell = cost - found[0]
            v, (cost, matrix, gradient) = candidate, found
            damping = max(damping / 3, 1e-9)
            if fell < tolerance * cost:
                break
        else:
            damping *= 4
            if damping > 1e8:
                break
    return v
