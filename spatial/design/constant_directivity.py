"""Constant directivity in closed form: one eigendecomposition a frequency, and a search along one parameter.

    w(mu) ~ (P + mu B)^-1 g0*,  g0^T w = 1,  B = mean of g* g^T over the sphere,  P = diag(cost of the drivers)

mu = 0 is the loudest beam for a given drive power, mu -> inf the most directive one. Index and drive power rise with mu: the index that is
asked for is found by bisection, and where it costs more than the cap, mu is drawn back until it does not.
Source: Luo, "Constant directivity loudspeaker beamforming", arXiv 2407.01860.

Where the loudest beam is more directive than asked, mu < 0 would widen it, down to -1/(largest eigenvalue of P^-1/2 B P^-1/2). That ends in
the one mode of the body that radiates best, whatever its lobes, and jumps from mode to mode over frequency: on the ring of seven (6 dB
asked) the window of +-45 degrees drooped by 21 dB at 2.7 kHz. The loudest beam is mixed with the reference alone instead,
w = (1 - t) w(0) + t w_ref, which is a quadratic equation for t.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatial.base.arrays import AtPoint, Complex, Drive, Flags, Power, PowerMatrices, Real
from spatial.design.bisection import bisected

BISECTIONS = 44
HIGHEST = 28.0  # of s = ln(1 + mu lambda_max)


def constant_directivity(front: AtPoint, sphere: PowerMatrices, cost: Real, di_db: float, effort: Power, reference: Drive) -> Drive:
    """Weights, 1 on axis, with this directivity index where effort allows.

    Parameters
    ----------
    front : (freqs, m) complex
        On-axis responses.
    sphere : (freqs, m, m) complex
        Mean of g* g^T over all directions.
    cost : (freqs, m) float > 0
        P: what |w_m|^2 counts as drive power.
    di_db : float
        Directivity index that is asked for.
    effort : (freqs,) float
        Largest sum of cost |w|^2; where even mu = 0 exceeds it, mu = 0 is taken.
    reference : (freqs, m) complex
        Weights of the reference alone, 1 on axis.

    Returns
    -------
    (freqs, m) complex
    """
    root = np.sqrt(cost)
    eigenvalues, u = np.linalg.eigh(sphere / (root[:, :, None] * root[:, None, :]))
    share = np.maximum(eigenvalues / eigenvalues[:, -1:], 0)
    q = np.einsum("fmn,fm->fn", u.conj(), front.conj() / root)
    power = np.abs(q) ** 2
    asked = 10 ** (di_db / 10)

    def damped(s: Real) -> Real:
        return np.asarray(1 / (1 + np.expm1(s)[:, None] * share))

    def too_directive(s: Real) -> Flags:
        d = damped(s)
        return np.asarray(np.sum(power * d, axis=1) ** 2 > asked * eigenvalues[:, -1] * np.sum(share * power * d**2, axis=1))

    def too_loud(s: Real) -> Flags:
        d = damped(s)
        return np.asarray(np.sum(power * d**2, axis=1) > effort * np.sum(power * d, axis=1) ** 2)

    s = _largest(lambda s: ~too_directive(s), len(front))
    if too_loud(s).any():
        s = np.minimum(s, _largest(lambda s: ~too_loud(s), len(front)))
    w = np.einsum("fmn,fn->fm", u, damped(s) * q) / root
    w /= np.sum(front * w, axis=1, keepdims=True)
    wide = too_directive(np.zeros(len(front)))
    if wide.any():
        w[wide] = _widened(w[wide], reference[wide], sphere[wide], asked)
    return np.asarray(w, complex)


def _largest(holds: Callable[[Real], Flags], count: int) -> Real:
    """Largest s in 0...HIGHEST up to which a condition holds that only ends once, 0 where it never does: (count,)."""
    return bisected(holds, np.zeros(count), np.full(count, HIGHEST), BISECTIONS)[0]


def _widened(w: Drive, reference: Drive, sphere: PowerMatrices, asked: float) -> Complex:
    """(1 - t) w + t reference with w^H B w = 1/asked, the root t > 0."""

    def product(a: Drive, b: Drive) -> Real:
        return np.asarray(np.einsum("fm,fmn,fn->f", a.conj(), sphere, b).real)

    step = reference - w
    a, b, c = product(step, step), product(w, step), product(w, w) - 1 / asked
    t = (-b + np.sqrt(np.maximum(b**2 - a * c, 0))) / np.maximum(a, 1e-30)
    return np.asarray(w + t[:, None] * step, complex)
