"""The rigid-sphere head: what its two ears receive from point sources at finite range, as an exact series.

Source: Duda and Martens, "Range dependence of the response of a spherical head model", JASA 104(5), 1998, eq. 1-3, in the
convention e^{+j omega t}. Ears at +-90 degrees from the nose.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.spherical import hankel_orders, phasor
from spatial.base.arrays import Complex, Directions, Freqs, Points, Real, Vector

SERIES_TOLERANCE = 1e-16
CHECKED_EVERY = 4  # orders: how often the series is asked whether it has ended
MAX_ORDERS = 2000
SMALLEST_BLOCK_KA = 0.5


def sphere_series(ka: ArrayLike, rho: ArrayLike, cos_gamma: ArrayLike) -> Complex:
    """Pressure on a rigid sphere over the free-field pressure at its centre, for a point source.

    -(rho/ka) e^{j ka rho} sum_m (2m+1) P_m(cos gamma) h_m(ka rho) / h_m'(ka)

    Parameters
    ----------
    ka : (freqs,) float > 0
        Wave number times radius.
    rho : (sources,) float > 1
        Source distance over radius.
    cos_gamma : (sources, points) float
        Cosine of the angle between source and point on the surface.

    Returns
    -------
    (freqs, sources, points) complex
        Summed until the terms fall below 1e-16 of the sum; agrees with 40-digit arithmetic to 1e-12.
    """
    even, odd = _even_and_odd(np.asarray(ka, float), np.asarray(rho, float), np.asarray(cos_gamma, float))
    even += odd
    return even


def _even_and_odd(ka: Real, rho: Real, cos_gamma: Real) -> tuple[Complex, Complex]:
    """The series' even and its odd orders: their sum is the pressure at the point, their difference that opposite to it."""
    even, odd = (np.empty((len(ka), *cos_gamma.shape), complex) for _ in range(2))
    # low frequencies need few orders: an octave or so at a time
    order = np.argsort(ka, kind="stable")
    steps = np.floor(np.log2(np.maximum(ka[order], SMALLEST_BLOCK_KA)))
    for chosen in np.split(order, np.flatnonzero(np.diff(steps)) + 1):
        even[chosen], odd[chosen] = _series(ka[chosen], rho, cos_gamma)
    return even, odd


def _series(ka: Real, rho: Real, cos_gamma: Real) -> tuple[Complex, Complex]:
    ka = ka[:, None]
    surface, source = hankel_orders(MAX_ORDERS, ka), hankel_orders(MAX_ORDERS, ka * rho)
    carried: Complex = np.asarray(-np.exp(1j * ka) / ka, complex)  # -(rho/ka) e^{j ka rho} h_m(ka rho)/h_m(ka)
    p_before: Real = np.zeros_like(cos_gamma)
    p_now: Real = np.ones_like(cos_gamma)
    parts: list[Complex] = [np.zeros((len(ka), *cos_gamma.shape), complex) for _ in range(2)]
    for m, ((step_a, slope), (step_r, _)) in enumerate(zip(surface, source, strict=True)):
        carried = carried * (step_r * (1 / step_a))
        radial = carried * ((2 * m + 1) / slope)
        parts[m % 2] += radial[:, :, None] * p_now
        if m % CHECKED_EVERY == 0 and m > ka.max():
            largest = np.abs(parts[0] + parts[1]).max(axis=2)
            if np.all(np.abs(radial) <= SERIES_TOLERANCE * largest):
                break
        p_before, p_now = p_now, ((2 * m + 1) * cos_gamma * p_now - m * p_before) / (m + 1)
    return parts[0], parts[1]


def ear_responses(freqs: ArrayLike, sources_m: ArrayLike, centres_m: ArrayLike, ear_axes: ArrayLike, radius_m: float, c: float) -> Complex:
    """Pressure at both ears of a head in one or more poses, for unit point sources e^{-jkr}/r.

    Parameters
    ----------
    freqs : (freqs,) Hz, > 0
    sources_m : (sources, 3)
        Places, outside the head.
    centres_m : (poses, 3) or (3,)
        Head centres.
    ear_axes : (poses, 3) or (3,)
        Unit vectors from the centre to the left ear.
    radius_m, c : float
        Head radius; speed of sound in m/s.

    Returns
    -------
    (freqs, 2 * poses, sources) complex
        Left ear and right ear of every pose.
    """
    freqs, sources = np.asarray(freqs, float), np.atleast_2d(sources_m)
    centres, axes = np.atleast_2d(centres_m), np.atleast_2d(ear_axes)
    to_source = sources[None] - centres[:, None]  # (poses, sources, 3)
    r = np.sqrt((to_source**2).sum(axis=2))
    towards_left = ((to_source * axes[:, None]).sum(axis=2) / r).ravel()
    k, distance = 2 * np.pi * freqs / c, r.ravel()
    even, odd = _even_and_odd(k * radius_m, distance / radius_m, towards_left[:, None])
    free = phasor(k[:, None] * distance) / distance
    heard = np.concatenate([even + odd, even - odd], axis=2) * free[:, :, None]
    heard = heard.reshape(len(freqs), len(centres), len(sources), 2)
    return np.asarray(np.moveaxis(heard, 3, 2).reshape(len(freqs), 2 * len(centres), len(sources)))


def ear_responses_turned(freqs: Freqs, sources_m: Points, centre_m: Vector, ear_axes: Directions, radius_m: float, c: float) -> Complex:
    """As `ear_responses` of one head that only turns: the part of the series that does not know where the ears are is done once.

    Parameters
    ----------
    freqs : (freqs,) Hz
    sources_m : (sources, 3) m
        Outside the head.
    centre_m : (3,) m
        Head centre.
    ear_axes : (axes, 3)
        Unit vectors towards left ears.
    radius_m : float
        Of the head, m.
    c : float
        Speed of sound, m/s.
    """
    to_source = np.asarray(sources_m) - centre_m
    distance = np.sqrt((to_source**2).sum(axis=1))
    towards_left = (to_source[:, None] * ear_axes).sum(axis=2) / distance[:, None]
    k = 2 * np.pi * np.asarray(freqs) / c
    even, odd = _even_and_odd(k * radius_m, distance / radius_m, towards_left)
    free = (phasor(k[:, None] * distance) / distance)[:, :, None]
    heard = np.stack([(even + odd) * free, (even - odd) * free], axis=3)  # (freqs, sources, turns, ears)
    return heard.reshape(len(freqs), len(distance), -1).swapaxes(1, 2)


def relative_response(freqs: ArrayLike, angle_deg: float, distance_m: float, radius_m: float, c: float) -> Complex:
    """Contralateral over ipsilateral ear of the sphere for a source at angle_deg (0-180) from the nose: (freqs,) complex.

    Parameters
    ----------
    freqs : (freqs,) Hz
    angle_deg : float
        0 to 180.
    distance_m : float
        Of the source, beyond the radius.
    radius_m : float
        Of the head, m.
    c : float
        Speed of sound, m/s.
    """
    sine = np.sin(np.deg2rad(angle_deg))
    ka = 2 * np.pi * np.asarray(freqs, float) * radius_m / c
    ears = sphere_series(ka, [distance_m / radius_m], [[sine, -sine]])[:, 0]
    return ears[:, 1] / ears[:, 0]
