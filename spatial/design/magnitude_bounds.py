"""Weights whose pattern keeps between bounds on its magnitude and leaves least power elsewhere, by Gauss-Newton steps.

    min  w^H A w  +  sum_d c_d^2 ([low_d - |p_d|]_+^2 + [|p_d| - high_d]_+^2)  +  c^2 sum_i [|w|_i - cap_i]_+^2
         +  c^2 sum_m [|w_m| - most_m]_+^2,       p_d = g_d^T w,   g_0^T w = 1,   |w|_i^2 = w^H B_i w

A lower bound on a magnitude is not convex, so that a start decides which minimum is found; the steps are cheap enough to try several.
Each step linearises the magnitudes that break their bounds, d|p| = Re(p*/|p| g^T dw), and is damped where the cost would rise
(Levenberg-Marquardt). Frequencies and starts are independent of each other and run side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.base.arrays import AtPoint, Complex, Drive, Indices, PowerMatrices, Real, Transfer

ON_AXIS_WEIGHT = 300.0  # what stands for an equality, beside costs of 0.01 to 1
BOUND_WEIGHT = 20.0  # c: bounds are kept within 0.05 dB
ROUNDS, SETTLED = 80, 1e-7  # relative fall of the cost in a round
FIRST_DAMPING, EASIER, HARDER, DAMPING_RANGE = 1e-3, 0.25, 6.0, (1e-9, 1e6)
REGROUP_SHARE = 0.7  # once fewer are still running, the settled ones are left out of the arrays
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class PowerCap:
    """A power that has a limit: sqrt(w^H matrix w) <= root.

    Attributes
    ----------
    matrix : (freqs, m, m)
    root : (freqs,)
    """

    matrix: PowerMatrices | Real
    root: Real


@dataclass(frozen=True, eq=False)
class Bounds:
    """The problem at every frequency; p = rows @ w.

    Attributes
    ----------
    front : (freqs, m) complex
        g_0.
    rows : (freqs, d, m) complex
        g_d.
    low, high : (d,)
        Amplitudes; 0 and inf where there is none.
    strict : (d,)
        c_d in parts of c.
    quadratic : (freqs, m, m) complex
        A.
    caps : tuple of PowerCap
    most : (freqs, m)
        Largest |w_m|.
    """

    front: AtPoint
    rows: Transfer
    low: Real
    high: Real
    strict: Real
    quadratic: PowerMatrices
    caps: tuple[PowerCap, ...]
    most: Real

    def at(self, chosen: Indices) -> Bounds:
        """The problem at some of the frequencies.

        Parameters
        ----------
        chosen : (n,) int
            Their indices; one may stand there several times.
        """
        caps = tuple(PowerCap(cap.matrix[chosen], cap.root[chosen]) for cap in self.caps)
        return replace(self, caps=caps, **{name: getattr(self, name)[chosen] for name in ("front", "rows", "quadratic", "most")})


def refine(start: Complex, bounds: Bounds, rounds: int = ROUNDS) -> tuple[Complex, Real]:
    """Weights refined by Gauss-Newton steps, 1 on axis, and their cost.

    Parameters
    ----------
    start : (starts, freqs, m) complex
        Weights to start from, 1 on axis.
    bounds : Bounds
    rounds : int
        Most steps of each start.

    Returns
    -------
    w : (starts, freqs, m) complex
    cost : (starts, freqs)
    """
    starts, freqs, m = start.shape
    which = np.tile(np.arange(freqs), starts)
    w, damping, running = start.reshape(-1, m).copy(), np.full(starts * freqs, FIRST_DAMPING), np.arange(starts * freqs)
    step = _Step(bounds.at(which))
    cost = step.cost(w)
    for _ in range(rounds):
        trial = w[running] + step.newton(w[running], damping[running])
        there = step.cost(trial)
        better = there < cost[running]
        settled = better & (cost[running] - there <= SETTLED * there)
        w[running[better]], cost[running[better]] = trial[better], there[better]
        damping[running] = np.clip(damping[running] * np.where(better, EASIER, HARDER), *DAMPING_RANGE)
        going = ~settled & (damping[running] < DAMPING_RANGE[1])
        if not going.any():
            break
        if going.mean() < REGROUP_SHARE:
            running = running[going]
            step = _Step(bounds.at(which[running]))
    w /= np.sum(bounds.front[which] * w, axis=1, keepdims=True)
    return w.reshape(start.shape), cost.reshape(starts, freqs)


class _Step:
    """Cost and Gauss-Newton step, on real and imaginary parts of the weights side by side."""

    def __init__(self, bounds: Bounds) -> None:
        self.b, self.m = bounds, bounds.front.shape[1]
        front = _real(bounds.front[:, None])
        self.fixed = _real(bounds.quadratic) + ON_AXIS_WEIGHT**2 * front.swapaxes(1, 2) @ front
        self.on_axis = ON_AXIS_WEIGHT**2 * front[:, 0]
        self.c2 = (BOUND_WEIGHT * bounds.strict) ** 2
        self.limited = bool(np.isfinite(bounds.most).any())

    def cost(self, w: Drive) -> Real:
        _, beyond = self._pressures(w)
        total = np.sum((w.conj() * _times(self.b.quadratic, w)).real, axis=1) + beyond**2 @ self.c2
        total += ON_AXIS_WEIGHT**2 * np.abs(np.sum(self.b.front * w, axis=1) - 1) ** 2
        for cap in self.b.caps:
            total += BOUND_WEIGHT**2 * np.maximum(_root_power(w, _times(cap.matrix, w)) - cap.root, 0) ** 2
        if self.limited:
            total += BOUND_WEIGHT**2 * np.sum(np.maximum(np.abs(w) - self.b.most, 0) ** 2, axis=1)
        return np.asarray(total, float)

    def newton(self, w: Drive, damping: Real) -> Drive:
        p, beyond = self._pressures(w)
        turned = (p.conj() / np.maximum(np.abs(p), TINY))[:, :, None] * self.b.rows
        slope = np.concatenate([turned.real, -turned.imag], axis=2)
        active = np.where(beyond != 0, self.c2, 0.0)
        normal = self.fixed + (slope * active[:, :, None]).swapaxes(1, 2) @ slope
        x = np.concatenate([w.real, w.imag], axis=1)
        gradient = _times(self.fixed, x) - self.on_axis + ((active * beyond)[:, None] @ slope)[:, 0]
        for cap in self.b.caps:
            bw = _times(cap.matrix, w)
            root = _root_power(w, bw)
            over = np.maximum(root - cap.root, 0)
            along = np.concatenate([bw.real, bw.imag], axis=1) / np.maximum(root, TINY)[:, None]
            normal += np.where(over > 0, BOUND_WEIGHT**2, 0.0)[:, None, None] * along[:, :, None] * along[:, None]
            gradient += BOUND_WEIGHT**2 * over[:, None] * along
        if self.limited:
            self._limit_weights(w, normal, gradient)
        diagonal = np.einsum("fnn->fn", normal)
        normal[:, np.arange(2 * self.m), np.arange(2 * self.m)] += damping[:, None] * diagonal
        step = -np.linalg.solve(normal, gradient[:, :, None])[:, :, 0]
        return np.asarray(step[:, : self.m] + 1j * step[:, self.m :], complex)

    def _pressures(self, w: Drive) -> tuple[Complex, Real]:
        """Pressures, and by how much their magnitudes leave the bounds (signed)."""
        p = _times(self.b.rows, w)
        magnitude = np.abs(p)
        return p, np.maximum(magnitude - self.b.high, 0) - np.maximum(self.b.low - magnitude, 0)

    def _limit_weights(self, w: Drive, normal: Real, gradient: Real) -> None:
        """Adds what keeps single weights below their bounds."""
        size, m = np.abs(w), np.arange(self.m)
        excess = np.maximum(size - self.b.most, 0)
        along = np.stack([w.real, w.imag]) / np.maximum(size, TINY)
        for i, one in enumerate(along):
            gradient[:, m + i * self.m] += BOUND_WEIGHT**2 * excess * one
            for j, other in enumerate(along):
                normal[:, m + i * self.m, m + j * self.m] += BOUND_WEIGHT**2 * (excess > 0) * one * other


def _times(matrix: Complex | Real, w: Complex | Real) -> NDArray[Any]:
    return (matrix @ w[:, :, None])[:, :, 0]


def _root_power(w: Drive, bw: Drive) -> Real:
    return np.asarray(np.sqrt(np.maximum(np.sum((w.conj() * bw).real, axis=1), 0)))


def _real(rows: Complex) -> Real:
    """Complex matrices (..., d, m) as real ones (..., 2d, 2m) that act on [Re w, Im w]."""
    above = np.concatenate([rows.real, -rows.imag], axis=-1)
    return np.concatenate([above, np.concatenate([rows.imag, rows.real], axis=-1)], axis=-2)
