"""Depth: a midrange beam with a window that the listener may move in and as little as possible to the sides.

Per frequency, with weights w of the drivers and 1 on axis, least power at the sides (plus gamma times that over the sphere, plus what
errors of drivers add) is sought under a lowest and a highest level over the window, the effort cap, and each driver's ``max_gain_db``:
`magnitude_bounds`. Starts are window least squares, one linear solve each,

    w = M^-1 (r + nu g0*),   M = R_window + alpha (B_stop + gamma B_sphere) + beta P,   r = <g* T> over the window,   nu from g0^T w = 1,

T the wished magnitude times the phase of the reference seen from a point on the axis; the frequencies' best results are strung to one
smooth path, for jumps make long filters and notches. Errors of +-1 dB and +-5 degrees in every driver add sigma^2 |g|^2 |w|^2 to the mean
power in any direction: nulls are never deeper than drivers can hold.

The usual refinement of window least squares, taking the pattern's own phase and searching alpha and beta on a grid (Setsompop et al.,
"Magnitude least squares optimization", Magn. Reson. Med. 59, 2008), gets less out of a rig and takes longer; ``side_db`` / P10 in dB:

    ball of three 11.6 / 10.5 -> 12.5 / 11.3          ring of seven 18.0 / 15.4 -> 19.4 / 17.3
    four on a cylinder 14.6 / 13.5 -> 16.0 / 14.6     five on a ball, asymmetric 14.9 / 13.7 -> 16.8 / 15.3
    bar of five in a wall, 80 mm apart 11.6 / 9.9 -> 17.5 / 13.2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from spatial.acoustics.points import arc
from spatial.acoustics.transfer import transfer_matrix
from spatial.design.beam_patterns import Patterns, mean_power, patterns
from spatial.design.beam_wishes import BeamNumbers, wish_of
from spatial.design.constant_directivity import constant_directivity
from spatial.design.magnitude_bounds import Bounds, PowerCap, refine
from spatial.design.regularization import CAP_ZERO_HZ, cap_zero_hz, effort_cap_curve, lowest_edge_hz, smooth_step
from spatial.rig.mirror import driver_order, rounded, upright
from spatial.rig.model import BeamSpec, Medium, Rig
from spatial.units import from_db

NUMBERS = BeamNumbers()


def design_frequencies(numbers: BeamNumbers = NUMBERS) -> NDArray[np.float64]:
    """Logarithmic low down, where drivers change slowly, and linear above, where filters of some milliseconds cannot turn faster."""
    low, high = numbers.band_hz
    share, most_hz = numbers.step
    corner = most_hz / share
    below = np.geomspace(low, corner, int(np.ceil(np.log(corner / low) / share)), endpoint=False)
    return np.concatenate([below, np.arange(corner, high + most_hz, most_hz)])


def starting_weights(p: Patterns, c: float, numbers: BeamNumbers) -> NDArray[np.complex128]:
    """Window least squares for every starting phase: (starts, freqs, m)."""
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


def bounds_of(p: Patterns, cap: NDArray, most: NDArray, numbers: BeamNumbers) -> Bounds:
    """The problem of `magnitude_bounds`; cap (freqs,) of effort, amplitude; most (freqs, m): largest weight of a driver of each group."""
    quadratic = p.stop_power() + p.wish.gamma * p.sphere
    _add_to_diagonal(quadratic, numbers.error_power * p.loading)
    effort = np.eye(len(p.count)) * (p.count * p.reference_power[:, None])[:, None]
    return Bounds(
        front=p.front,
        rows=p.bounded,
        low=from_db(p.wish.low_db),
        high=from_db(p.wish.high_db),
        strict=p.wish.strict,
        quadratic=quadratic,
        caps=(PowerCap(effort, cap),),
        most=most,
    )


def bounded_beam(p: Patterns, cap: NDArray, most: NDArray, c: float, numbers: BeamNumbers = NUMBERS) -> NDArray[np.complex128]:
    """Weights of the groups, (freqs, m), 1 on axis: the refined starts along one smooth path, refined once more.

    The second time the power over all directions counts less where the sides are loud, or, where less is asked of the sides, drive power
    is saved.
    """
    bounds = bounds_of(p, cap, most, numbers)
    w, cost = refine(starting_weights(p, c, numbers), bounds)
    apart = np.abs(w[:, None, 1:] - w[None, :, :-1]) ** 2  # (to, from, freqs - 1, m)
    moved = np.einsum("tfkm,m,k->kft", apart, p.count, p.reference_power[1:])
    later = numbers.later_cost * np.arange(len(w))
    path = smooth_path(cost.T + later, numbers.jump_cost * moved)
    best, stop = w[path, np.arange(len(path))], p.stop_power()
    left = np.einsum("fm,fmn,fn->f", best.conj(), stop, best).real
    if p.wish.enough_db is not None:
        saving = np.zeros_like(stop)
        _add_to_diagonal(saving, numbers.error_power * p.loading)
        enough = PowerCap(stop, np.maximum(np.sqrt(left), from_db(-p.wish.enough_db)))
        return refine(best[None], replace(bounds, quadratic=saving, caps=(*bounds.caps, enough)))[0][0]
    if p.wish.silent_db > 0:
        share = np.minimum(1, from_db(-p.wish.silent_db) ** 2 / left)
        fewer = bounds.quadratic - (p.wish.gamma * (1 - share))[:, None, None] * p.sphere
        return refine(best[None], replace(bounds, quadratic=fewer))[0][0]
    return best


def within_cap(v: NDArray, p: Patterns, cap: NDArray) -> NDArray[np.complex128]:
    """Weights drawn towards the reference alone, whose effort is 0 dB, until they hold the cap: the effort cap wins over the window."""
    size = p.count * p.reference_power[:, None]

    def product(a: NDArray, b: NDArray) -> NDArray:
        return np.sum(size * (a.conj() * b).real, axis=1)

    step = v - p.alone
    a, b, c = product(step, step), product(p.alone, step), product(p.alone, p.alone) - np.maximum(cap, 1.0) ** 2
    share = np.clip((-b + np.sqrt(np.maximum(b**2 - a * c, 0))) / np.maximum(a, 1e-30), 0, 1)
    return np.asarray(p.alone + share[:, None] * step, complex)


def smooth_path(cost: NDArray, step_cost: NDArray) -> NDArray[np.intp]:
    """Which candidate to take at every frequency: least sum of costs and of steps between neighbours (Viterbi).

    cost (freqs, k); step_cost (freqs - 1, k, k) from one to the next. Returns (freqs,).
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


def constant_beam(p: Patterns, di_db: float, cap: NDArray) -> NDArray[np.complex128]:
    """Weights of the groups, (freqs, m), with the same directivity index at all frequencies; cap (freqs,) of effort, amplitude."""
    return constant_directivity(p.front, p.sphere, p.cost, di_db, cap**2 / p.reference_power, p.alone)


def reference_alone(rig: Rig, group: Sequence[int], freqs: NDArray, medium: Medium) -> NDArray[np.complex128]:
    """Weights (freqs, drivers) of the reference driver or group in phase, 1 on axis with the phase about the origin."""
    front = transfer_matrix(rig, arc(0.0), freqs, medium)[:, 0, list(group)]
    w = np.zeros((len(freqs), len(rig.drivers)), complex)
    w[:, list(group)] = (1 / front.sum(axis=1))[:, None]
    return w


def beam_weights(
    rig: Rig,
    spec: BeamSpec,
    group: Sequence[int],
    freqs: NDArray,
    medium: Medium,
    most: NDArray | None = None,
    numbers: BeamNumbers = NUMBERS,
) -> NDArray[np.complex128]:
    """Weights of a preset, (freqs, drivers), 1 on axis with the phase about the origin, zero for unused drivers.

    Designed on `design_frequencies`, interpolated, and blended to the reference alone at both ends of the band.

    Parameters
    ----------
    rig : Rig
    spec : BeamSpec
    group : sequence of int
        The reference, indices in the rig.
    freqs : (freqs,) Hz
    medium : Medium
    most : (freqs, drivers)
        Largest weight of each driver; default: no bound. The reference alone may exceed it.
    """
    chosen = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    alone = reference_alone(rig, group, freqs, medium)
    if spec.preset == "reference" or set(chosen) == set(group):
        return alone
    wish = wish_of(spec, numbers)
    seen = upright(rounded(rig)) if wish.symmetric else rounded(rig)
    used = [i for i in driver_order(seen) if i in chosen]
    f = design_frequencies(numbers)
    p = patterns(seen, used, group, f, medium, wish)
    drivers = [rig.drivers[i] for i in used]
    zero_hz = cap_zero_hz(drivers)
    cap = from_db(effort_cap_curve(f, spec.effort_cap_db, zero_hz))
    if spec.preset == "constant":
        v = constant_beam(p, spec.di_db, cap)
    else:
        v = within_cap(bounded_beam(p, cap, _most_of_groups(p, freqs, most, used), medium.c, numbers), p, cap)
    w = np.zeros_like(alone)
    w[:, used] = CubicSpline(np.log(f), v @ p.groups.T)(np.log(np.clip(freqs, f[0], f[-1])))
    w /= np.sum(transfer_matrix(seen, arc(0.0), freqs, medium)[:, 0] * w, axis=1, keepdims=True)
    to_hz = max(numbers.bottom_hz[1], lowest_edge_hz(drivers))
    from_hz = min(numbers.bottom_hz[0] * zero_hz / CAP_ZERO_HZ, to_hz / numbers.bottom_ratio)
    keep = smooth_step(freqs, from_hz, to_hz) * (1 - smooth_step(freqs, *numbers.top_hz))
    return alone + keep[:, None] * (w - alone)


def _most_of_groups(p: Patterns, freqs: NDArray, most: NDArray | None, used: Sequence[int]) -> NDArray[np.float64]:
    """The drivers' bounds at the design frequencies: (freqs, m); drivers of a group are alike."""
    if most is None:
        return np.full(p.front.shape, np.inf)
    at = np.stack([np.interp(p.freqs, freqs, most[:, i]) if np.isfinite(most[:, i]).all() else np.full(len(p.freqs), np.inf) for i in used])
    return np.asarray(at.T[:, p.groups.argmax(axis=0)])


def _add_to_diagonal(matrices: NDArray, diagonal: NDArray) -> None:
    index = np.arange(matrices.shape[1])
    matrices[:, index, index] += diagonal
