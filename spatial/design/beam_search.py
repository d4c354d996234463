"""The search for a beam's weights at every frequency: refined starts, of which the best are strung to one smooth path.

Per frequency, with weights w of the groups of drivers and 1 on axis, least power at the sides is sought under a lowest and a highest level
over the window, the effort cap, and each driver's ``max_gain_db``: `magnitude_bounds`. Starts are window least squares, one linear solve
each,

    w = M^-1 (r + nu g0*),   M = R_window + alpha (B_stop + gamma B_sphere) + beta P,   r = <g* T> over the window,   nu from g0^T w = 1,

T the wished magnitude times the phase of the reference seen from a point on the axis. Jumps between frequencies make long filters and
notches, so they cost: the path through the candidates is Viterbi's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spatial.base.arrays import Complex, Drive, Indices, PowerMatrices, Real
from spatial.base.units import from_db
from spatial.design.beam_problem import Patterns, mean_power
from spatial.design.magnitude_bounds import Bounds, PowerCap, refine
from spatial.targets.beam_wishes import NUMBERS, BeamNumbers

SAVING_SHARE = 0.2  # of what is saved beside what a bound costs: the window is kept as well as without saving


def starting_weights(p: Patterns, c: float, numbers: BeamNumbers) -> Complex:
    """Window least squares for every starting phase.

    Parameters
    ----------
    p : Patterns
    c : float
        Speed of sound, m/s.
    numbers : BeamNumbers

    Returns
    -------
    (starts, freqs, m) complex
    """
    window = np.isfinite(p.wish.wished_db)
    g, azimuth = p.bounded[:, window], p.wish.azimuth_deg[window]
    m = mean_power(g, np.full(g.shape[1], 1 / g.shape[1])) + numbers.alpha * (p.stop_power() + p.wish.gamma * p.sphere)
    _add_to_diagonal(m, numbers.beta * p.loading)
    out = []
    for start_m in numbers.starts_m:
        moved = 2 * np.pi * p.freqs[:, None] / c * start_m * (np.cos(np.deg2rad(azimuth)) - 1)
        wished = from_db(p.wish.wished_db[window]) * np.exp(1j * (np.angle(p.reference[:, window]) + moved))
        r = np.einsum("fdm,fd->fm", g.conj(), wished) / len(azimuth)
        x, y = np.moveaxis(np.linalg.solve(m, np.stack([r, p.front.conj()], axis=2)), 2, 0)
        nu = (1 - np.sum(p.front * x, axis=1)) / np.sum(p.front * y, axis=1)
        out.append(x + y * nu[:, None])
    return np.array(out)


def bounds_of(p: Patterns, cap: Real, most: Real, numbers: BeamNumbers) -> Bounds:
    """The problem of `magnitude_bounds` that a wish makes.

    Parameters
    ----------
    p : Patterns
    cap : (freqs,)
        Effort cap, amplitude.
    most : (freqs, m)
        Largest weight of a driver of each group.
    numbers : BeamNumbers
    """
    quadratic = p.stop_power() + p.wish.gamma * p.sphere
    _add_to_diagonal(quadratic, numbers.error_power * p.loading)
    return Bounds(
        front=p.front,
        rows=p.bounded,
        low=from_db(p.wish.low_db),
        high=from_db(p.wish.high_db),
        strict=p.wish.strict,
        quadratic=quadratic,
        caps=(PowerCap(p.effort(), cap),),
        most=most,
    )


def bounded_beam(p: Patterns, cap: Real, most: Real, c: float, numbers: BeamNumbers = NUMBERS) -> Drive:
    """Weights of the groups, 1 on axis: the refined starts along one smooth path.

    Rows, where neighbouring frequencies differ much, are also started from what their neighbours found, so that a path may go on. Where a
    preset asks for a given side rejection and no more, the weights are refined once more to save drive power, but never to reject less than
    the reference.

    Parameters
    ----------
    p : Patterns
    cap : (freqs,)
        Effort cap, amplitude.
    most : (freqs, m)
        Largest weight of a driver of each group.
    c : float
        Speed of sound, m/s.
    numbers : BeamNumbers

    Returns
    -------
    (freqs, m) complex
    """
    bounds = bounds_of(p, cap, most, numbers)
    w, cost = refine(starting_weights(p, c, numbers), bounds)
    jump_cost, rounds = (numbers.jump_cost, 0) if p.nearer is not None else (numbers.row_jump_cost, numbers.row_rounds)
    best, least = _along_one_path(p, w, cost, jump_cost, numbers)
    for _ in range(rounds):
        beside = np.stack([np.concatenate([best[:1], best[:-1]]), np.concatenate([best[1:], best[-1:]])])
        more = refine(beside / np.sum(p.front * beside, axis=2, keepdims=True), bounds)
        w, cost = np.concatenate([w, best[None], more[0]]), np.concatenate([cost, least[None], more[1]])
        best, least = _along_one_path(p, w, cost, jump_cost, numbers)
    stop = p.stop_power()
    if p.wish.enough_db is None:
        return best
    left, of_alone = (np.einsum("fm,fmn,fn->f", w.conj(), stop, w).real for w in (best, p.alone))
    saving = p.wish.gamma * p.sphere + numbers.saving * p.effort()
    _add_to_diagonal(saving, numbers.error_power * p.loading)
    saving *= SAVING_SHARE
    enough = np.maximum(left, np.minimum(from_db(-p.wish.enough_db) ** 2, of_alone))
    caps = (*bounds.caps, PowerCap(stop, np.sqrt(enough)))
    return np.asarray(refine(best[None], replace(bounds, quadratic=saving, caps=caps))[0][0])


def _along_one_path(p: Patterns, w: Complex, cost: Real, jump_cost: float, numbers: BeamNumbers) -> tuple[Drive, Real]:
    """The candidates w (k, freqs, m) of cost (k, freqs) along one smooth path, (freqs, m), and what these cost, (freqs,)."""
    apart = np.abs(w[:, None, 1:] - w[None, :, :-1]) ** 2  # (to, from, freqs - 1, m)
    moved = np.einsum("tfkm,m,k->kft", apart, p.count, p.reference_power[1:])
    path = smooth_path(cost.T + numbers.later_cost * np.arange(len(w)), jump_cost * moved)
    at = path, np.arange(len(path))
    return w[at], cost[at]


def smooth_path(cost: Real, step_cost: Real) -> Indices:
    """Which candidate to take at every frequency: least sum of costs and of steps between neighbours (Viterbi).

    Parameters
    ----------
    cost : (freqs, k)
        Of each candidate.
    step_cost : (freqs - 1, k, k)
        From one candidate to one at the next frequency.

    Returns
    -------
    (freqs,) int
    """
    best, back = cost[0], []
    for row, step in zip(cost[1:], step_cost, strict=True):
        come = best[:, None] + step
        origin = come.argmin(axis=0)
        back.append(origin)
        best = come[origin, np.arange(len(origin))] + row
    path = [int(best.argmin())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def within_cap(v: Drive, p: Patterns, cap: Real) -> Drive:
    """Weights drawn towards the reference alone, whose effort is 0 dB, until they hold the cap: the effort cap wins over the window.

    Parameters
    ----------
    v : (freqs, m) complex
        Weights of the groups.
    p : Patterns
    cap : (freqs,)
        Effort cap, amplitude.

    Returns
    -------
    (freqs, m) complex
    """
    size = p.count * p.reference_power[:, None]

    def product(a: Drive, b: Drive) -> Real:
        return np.asarray(np.sum(size * (a.conj() * b).real, axis=1))

    step = v - p.alone
    a, b, c = product(step, step), product(p.alone, step), product(p.alone, p.alone) - np.maximum(cap, 1.0) ** 2
    share = np.clip((-b + np.sqrt(np.maximum(b**2 - a * c, 0))) / np.maximum(a, 1e-30), 0, 1)
    return np.asarray(p.alone + share[:, None] * step, complex)


def _add_to_diagonal(matrices: PowerMatrices, diagonal: Real) -> None:
    index = np.arange(matrices.shape[1])
    matrices[:, index, index] += diagonal
