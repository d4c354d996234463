"""Tonal balance: the common minimum-phase filter E that makes a pair as loud as it should be, at every frequency.

    |E|^2 (|I|^2 + |C|^2 + 2 rho Re I C*) = 1

rho = 0 makes hard-panned sound flat in power, rho = 1 the phantom centre, between them both are off by part of their difference:
centre over hard-panned is 10 log10(1 + 2 r cos phi/(1 + r^2)) with C/I = r e^{j phi}, which no common filter can change. Here E is found
for pairs that are rational; for others it is the minimum phase of its magnitude (``minimum_phase``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.polynomial import polynomial

from spatial.base.arrays import Complex, Real
from spatial.design.width.digital import DigitalPair


def is_rational(pair: DigitalPair, rho: float) -> bool:
    """Whether E has sections: rho = 0, where a delay does not show, or a pair without one.

    Parameters
    ----------
    pair : DigitalPair
    rho : float
        0 to 1.
    """
    return rho == 0 or pair.delay_samples == 0


def balanced_pair(pair: DigitalPair, rho: float) -> DigitalPair:
    """The pair with E in both ears, by spectral factorisation.

    With I = X/D and C = Y/D over one denominator the sum is R(s)/(D(s) D(-s)), R even in s; its zeros in the left half plane
    make the polynomial P with P(s) P(-s) = R, and E = D/P. The ears' new filters are X/P and Y/P.

    Parameters
    ----------
    pair : DigitalPair
    rho : float
        0: hard-panned sound is flat; 1: the phantom centre is.

    Raises
    ------
    ValueError
        ``is_rational`` does not hold.
    """
    if not is_rational(pair, rho):
        raise ValueError("a pair with a pure delay has a rational balance for rho = 0 only")
    x = _product([b for b, _ in pair.ipsi] + [a for _, a in pair.contra])
    y = pair.gain * _product([b for b, _ in pair.contra] + [a for _, a in pair.ipsi])
    n = max(len(x), len(y))
    x, y = np.pad(x, (0, n - len(x))), np.pad(y, (0, n - len(y)))
    mirror = (-1.0) ** np.arange(n)
    r = np.convolve(x, x * mirror) + np.convolve(y, y * mirror)
    r = r + rho * (np.convolve(x, y * mirror) + np.convolve(x * mirror, y))
    roots = _left_half(r[::2])
    level = 1 / np.sqrt(r[0])  # of E D(0) at 0 Hz: P(0) = sqrt R(0)
    poles = _quadratics([_factor(s) for s in roots if s.imag >= 0])
    ipsi = _quadratics([b for b, _ in pair.ipsi] + [a for _, a in pair.contra])
    contra = _quadratics([b for b, _ in pair.contra] + [a for _, a in pair.ipsi])
    return replace(
        pair,
        ipsi=((np.array([level, 0, 0]), np.array([1.0, 0, 0])), *zip(ipsi, poles, strict=True)),
        contra=tuple(zip(contra, poles, strict=True)),
        gain=pair.gain * level,
    )


def _product(factors: list[Real]) -> Real:
    """Product of polynomials in rising powers, without the zeros above its degree."""
    out = np.ones(1)
    for factor in factors:
        out = np.convolve(out, np.trim_zeros(factor, "b"))
    return out


def _left_half(even: Real) -> Complex:
    """Zeros in the left half plane of sum even_k s^2k, one of each pair +-s; refined by Newton's method."""
    u = polynomial.polyroots(np.trim_zeros(even, "b")).astype(complex)
    slope = polynomial.polyder(even)
    for _ in range(3):
        step = polynomial.polyval(u, even) / polynomial.polyval(u, slope)
        u = u - np.where(np.isfinite(step) & (np.abs(step) < 0.1 * np.abs(u)), step, 0)
    s = np.sqrt(u)
    return np.asarray(np.where(s.real > 0, -s, s))


def _factor(root: complex) -> Real:
    """1 - s/root, times its conjugate where the root is complex."""
    if root.imag == 0:
        return np.array([1, -1 / root.real, 0])
    return np.array([1, -2 * root.real / abs(root) ** 2, abs(root) ** -2])


def _quadratics(factors: list[Real]) -> list[Real]:
    """The same product with factors of first order multiplied in pairs; one is left where their number is odd."""
    out = [factor for factor in factors if factor[2]]
    first = sorted((factor for factor in factors if factor[1] and not factor[2]), key=lambda factor: float(factor[1]))
    for i in range(0, len(first) - 1, 2):
        out.append(np.convolve(first[i][:2], first[i + 1][:2]))
    return out + first[len(first) & ~1 :]
