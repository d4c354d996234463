"""Spherical waves without overflow: ratios of Hankel functions, Legendre polynomials, radiating caps.

Convention e^{+j omega t}: outgoing waves are h_n = h_n^(2). Its values overflow where n exceeds the argument, so nothing here ever
forms them: with r_n = h_n/h_{n-1} the recurrence h_{n+1} = (2n+1)/x h_n - h_{n-1} becomes r_{n+1} = (2n+1)/x - 1/r_n, stable upwards
because h_n is the dominant solution, and products of ratios fade to zero where the wave does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Complex, Real, Wavenumbers


def phasor(phase: Real) -> Complex:
    """e^{-j phase}, several times faster than the complex exponential.

    Parameters
    ----------
    phase : any shape, rad
    """
    out = np.empty(np.shape(phase), complex)
    out.real, out.imag = np.cos(phase), -np.sin(phase)
    return out


def hankel_orders(order_max: int, x: ArrayLike) -> Iterator[tuple[Complex, Complex]]:
    """The orders n = 0..order_max of h_n(x), one after the other.

    Parameters
    ----------
    order_max : int
        Highest order, >= 0.
    x : array_like
        > 0.

    Yields
    ------
    step : array like x
        h_n/h_{n-1}, whose running product is h_n/h_0; 1 for n = 0.
    slope : array like x
        Logarithmic derivative h_n'(x)/h_n(x).
    """
    inverse_x: Real = 1 / np.asarray(x, float)
    ratio: Complex = np.asarray(inverse_x + 1j, complex)
    yield np.ones_like(ratio), -ratio
    for n in range(1, order_max + 1):
        inverse = 1 / ratio
        yield ratio, inverse - (n + 1) * inverse_x
        ratio = (2 * n + 1) * inverse_x - inverse


def legendre(order_max: int, x: ArrayLike) -> Real:
    """P_n(x) for n = 0..order_max: (order_max + 1,) + x.shape.

    Parameters
    ----------
    order_max : int
        Highest order, >= 0.
    x : array_like
        -1 to 1.
    """
    x = np.asarray(x, float)
    p = np.ones((order_max + 1, *x.shape))
    if order_max > 0:
        p[1] = x
    for n in range(1, order_max):
        p[n + 1] = ((2 * n + 1) * x * p[n] - n * p[n - 1]) / (n + 1)
    return p


def cap_weights(order_max: int, half_angle: float) -> Real:
    """w_n of a cap that moves radially, against 2n + 1 of a point; w_0 = 1.

    w_n = [P_{n-1}(cos alpha) - P_{n+1}(cos alpha)] / (1 - cos alpha), half_angle alpha in radians (0: a point).
    Source: Skudrzyk 1971, "The Foundations of Acoustics", vibrating cap on a rigid sphere.

    Parameters
    ----------
    order_max : int
        Highest order, >= 0.
    half_angle : float
        Of the cap, rad.
    """
    if half_angle == 0:
        return 2 * np.arange(order_max + 1, dtype=np.float64) + 1
    p = legendre(order_max + 1, np.cos(half_angle))
    w: Real = np.ones(order_max + 1)
    w[1:] = (p[:order_max] - p[2:]) / (1 - np.cos(half_angle))
    return w


def wave_orders(ka_max: float) -> int:
    """Orders that a ball or cylinder of that ka needs: past ka the terms fade over a range that grows with its cube root (to 1e-12)."""
    return int(np.ceil(ka_max + 6 * np.cbrt(ka_max))) + 10


def cap_far_field(k: Wavenumbers, radius_m: float, diameter_m: float) -> Complex:
    """Far-field coefficients G_n (orders, freqs) of a cap on a rigid sphere: G(gamma) = sum_n G_n P_n(cos gamma).

    G_n = w_n j^n / (j (ka)^2 h_n'(ka)); e^{-jkR}/R is left out, the phase is about the ball's centre. Unit: volume acceleration, so
    that G -> 1 low down.

    Parameters
    ----------
    k : (freqs,) rad/m
        Wavenumbers, > 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    """
    ka = np.asarray(k, float) * radius_m
    order_max = wave_orders(ka.max())
    w = cap_weights(order_max, np.arcsin(diameter_m / 2 / radius_m))
    out = np.empty((order_max + 1, len(ka)), complex)
    inverse = ka * np.exp(1j * ka) / 1j  # 1/h_0
    for n, (step, slope) in enumerate(hankel_orders(order_max, ka)):
        inverse = inverse / step  # 1/h_n, fades to 0 where h_n overflows
        out[n] = w[n] * 1j ** (n % 4) * inverse / slope / (1j * ka**2)
    return out


def cap_waves(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real) -> Complex:
    """What every order of a cap on a rigid sphere brings to ranges r > radius: (orders, freqs, ranges).

    p = -sum_n w_n h_n(kr) / (k a^2 h_n'(ka)) P_n(cos gamma), gamma counted from the cap's axis: the far field with
    j^{n+1} e^{-jkr}/(kr) replaced by h_n(kr). These are the terms without their P_n.

    Parameters
    ----------
    k : (freqs,) rad/m
        Wavenumbers, > 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    r : (ranges,) m
        Beyond the radius.
    """
    k = np.asarray(k, float)[:, None]
    ka, kr = k * radius_m, k * np.asarray(r, float)
    # h_n(kr)/h_n(ka) fades like (a/r)^n above n = ka: enough orders for 1e-12
    order_max = wave_orders(ka.max()) + int(np.ceil(28 / np.log(np.min(r) / radius_m)))
    w = cap_weights(order_max, np.arcsin(diameter_m / 2 / radius_m))
    out = np.empty((order_max + 1, *kr.shape), complex)
    carried = np.exp(-1j * (kr - ka)) * ka / kr  # h_0(kr)/h_0(ka)
    for n, ((step_r, _), (step_a, slope)) in enumerate(zip(hankel_orders(order_max, kr), hankel_orders(order_max, ka), strict=True)):
        carried = carried * (step_r * (1 / step_a))
        out[n] = carried * (-w[n] / (slope * k * radius_m**2))
    return out


def cap_near_field(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real, cos_gamma: Real) -> Complex:
    """Pressure (freqs, points) of a cap on a rigid sphere at ranges r > radius and angles gamma from the cap's axis.

    Parameters
    ----------
    k : (freqs,) rad/m
        Wavenumbers, > 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    r : (points,) m
        Ranges beyond the radius.
    cos_gamma : (points,)
        Cosine of the angle from the cap's axis, -1 to 1.
    """
    waves = cap_waves(k, radius_m, diameter_m, r)
    return np.asarray((waves * legendre(len(waves) - 1, cos_gamma)[:, None]).sum(axis=0), complex)
