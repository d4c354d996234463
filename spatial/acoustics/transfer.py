"""The transfer matrix of a rig: every driver to every point, one call for ears, arcs and spheres."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from spatial.acoustics.bodies import Ball, Cylinder, body_of
from spatial.acoustics.directivity import own_pattern
from spatial.acoustics.equivalent_sources import fit, listening_region
from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import AtRange, Ears, FarField
from spatial.acoustics.spherical import phasor
from spatial.rig.geometry import axes, places
from spatial.rig.model import Medium, Rig

NEAREST_M = 1e-3  # points in space are never taken nearer to a driver
LOWEST_HZ = 0.1  # stands for 0 Hz, where a wave has no phase left to lose
GRID_STEP_HZ = 62.5  # ears near a body are computed on this grid and interpolated: they ring for about a millisecond
MAP_EARS = 60  # clouds of more ears are maps: asked for once, at few frequencies, and computed at those
GRID_MARGIN_HZ = 250.0  # past the highest frequency, so that the spline is never at its end


def transfer_matrix(rig: Rig, points: Ears | FarField | AtRange, freqs: ArrayLike, medium: Medium | None = None) -> NDArray[np.complex128]:
    """Pressure at points per unit drive of every driver.

    Parameters
    ----------
    rig : Rig
        Drivers and the body that carries them. Unit drive makes e^{-jkr}/r low down.
    points : Ears, FarField or AtRange
        Ears receive at finite range, with the head in place. Far-field points leave e^{-jkR}/R out; their phase is about the
        rig's origin. Points at a range leave e^{-jkr}/r out, r their distance from the origin; far away they are the far field.
    freqs : (freqs,) Hz
        0 is read as 0.1 Hz.
    medium : Medium
        Default: air at 20 degrees.

    Returns
    -------
    (freqs, points, drivers) complex

    Notes
    -----
    Hardware gain, delay and polarity of a driver are not in here (`hardware_response`): the filters undo them. Near a body, and for
    many frequencies, ears are computed every 62.5 Hz and interpolated once the travel time is taken out; error below 1e-4.
    """
    f: NDArray[np.float64] = np.maximum(np.asarray(freqs, float), LOWEST_HZ)
    c = (medium or Medium()).c
    body = body_of(rig)
    if isinstance(points, FarField):
        k = 2 * np.pi * f / c
        return _own_far_field(rig, points, k) if body is None else body.far_field(k, points.directions)
    if isinstance(points, AtRange):
        own = points.distance_m * phasor(-2 * np.pi * f / c * points.distance_m)
        return pressure_at(rig, points.places_m(), f, medium) * own[:, None, None]
    return _ears_in_free_field(rig, points, f, c) if body is None else _ears_near_body(rig, body, points, f, c)


def pressure_at(rig: Rig, points_m: NDArray, freqs: ArrayLike, medium: Medium | None = None) -> NDArray[np.complex128]:
    """Pressure at points (points, 3) in space, without a head, per unit drive: (freqs, points, drivers).

    Drivers in free space and in a baffle are seen from their own places, caps on a ball by the exact series, pistons on a cylinder by
    their far field times e^{-jkR}/R.
    """
    points, c = np.asarray(points_m, float), (medium or Medium()).c
    k = 2 * np.pi * np.maximum(np.asarray(freqs, float), LOWEST_HZ) / c
    body = body_of(rig)
    if isinstance(body, Ball):
        return body.near_field(k, points)
    if body is not None:
        away = np.sqrt((points**2).sum(axis=1))
        return body.far_field(k, points / away[:, None]) * (phasor(np.outer(k, away)) / away)[:, :, None]
    out = np.empty((len(k), len(points), len(rig.drivers)), complex)
    for i, (where, axis) in enumerate(zip(places(rig), axes(rig), strict=True)):
        way = points - where
        r = np.maximum(np.sqrt((way**2).sum(axis=1)), NEAREST_M)
        out[:, :, i] = own_pattern(rig, i, k, np.clip(way @ axis / r, -1, 1)) * phasor(np.outer(k, r)) / r
    return out


def hardware_response(rig: Rig, freqs: ArrayLike) -> NDArray[np.complex128]:
    """What the hardware does to every driver's feed (gain, delay, polarity) and the filters undo: (freqs, drivers) complex."""
    omega = 2 * np.pi * np.asarray(freqs, float)
    return np.stack(
        [(-1.0 if d.invert else 1.0) * 10 ** (d.gain_db / 20) * np.exp(-1j * omega * d.delay_ms * 1e-3) for d in rig.drivers], axis=1
    )


def _own_far_field(rig: Rig, points: FarField, k: NDArray) -> NDArray[np.complex128]:
    cosine = points.directions @ axes(rig).T
    pattern = [own_pattern(rig, i, k, cosine[:, i]) for i in range(len(rig.drivers))]
    return phasor(-k[:, None, None] * (points.directions @ places(rig).T)) * np.stack(pattern, axis=2)


def _ears_in_free_field(rig: Rig, ears: Ears, freqs: NDArray, c: float) -> NDArray[np.complex128]:
    where = places(rig)
    towards = np.asarray(ears.centres_m)[:, None] - where
    towards /= np.sqrt((towards**2).sum(axis=2))[:, :, None]
    cosine = np.sum(towards * axes(rig), axis=2)
    k = 2 * np.pi * freqs / c
    pattern = np.stack([own_pattern(rig, i, k, cosine[:, i]) for i in range(len(rig.drivers))], axis=2)
    top = _grid_top(freqs)
    if len(freqs) < top / GRID_STEP_HZ:
        heard = ear_responses(freqs, where, ears.centres_m, ears.ear_axes(), ears.radius_m, c)
    else:
        on_grid = _ears_in_free_field_on_grid(tuple(map(tuple, where.tolist())), ears, top, c)
        heard = _interpolated(_grid(top), on_grid, freqs, where, ears, c)
    return heard * np.repeat(pattern, 2, axis=1)


@lru_cache(maxsize=16)
def _ears_in_free_field_on_grid(where: tuple[tuple[float, ...], ...], ears: Ears, top_hz: float, c: float) -> NDArray[np.complex128]:
    """Ears (freqs of the grid, points, drivers) of omnis at these places, kept like those near a body."""
    out = ear_responses(_grid(top_hz), where, ears.centres_m, ears.ear_axes(), ears.radius_m, c)
    out.flags.writeable = False
    return out


def _ears_near_body(rig: Rig, body: Ball | Cylinder, ears: Ears, freqs: NDArray, c: float) -> NDArray[np.complex128]:
    top = _grid_top(freqs)
    if len(ears) > MAP_EARS and len(freqs) < top / GRID_STEP_HZ:
        return _ears_near_body_at(body, ears, freqs, c)
    return _interpolated(_grid(top), _ears_near_body_on_grid(body, ears, top, c), freqs, places(rig), ears, c)


@lru_cache(maxsize=16)
def _ears_near_body_on_grid(body: Ball | Cylinder, ears: Ears, top_hz: float, c: float) -> NDArray[np.complex128]:
    """Ears (freqs of the grid, points, drivers), kept: poses that a design asks for come back at other frequencies."""
    out = _ears_near_body_at(body, ears, _grid(top_hz), c)
    out.flags.writeable = False
    return out


def _ears_near_body_at(body: Ball | Cylinder, ears: Ears, freqs: NDArray, c: float) -> NDArray[np.complex128]:
    k = 2 * np.pi * freqs / c
    region = listening_region(np.array(ears.centres_m), ears.radius_m)
    sources = fit(k, body.inside(), region, body.near_field(k, region))
    out = np.empty((len(freqs), len(ears), len(body.drivers)), complex)
    for pose, (centre, ear_axis) in enumerate(zip(ears.centres_m, ears.ear_axes(), strict=True)):
        heard = ear_responses(freqs, sources.places_m, centre, ear_axis, ears.radius_m, c)
        out[:, 2 * pose : 2 * pose + 2] = heard @ sources.strengths
    return out


def _grid_top(freqs: NDArray) -> float:
    return float(np.ceil((freqs.max() + GRID_MARGIN_HZ) / GRID_STEP_HZ) * GRID_STEP_HZ)


def _grid(top_hz: float) -> NDArray[np.float64]:
    return np.concatenate([[LOWEST_HZ, 20.0, 40.0], np.arange(GRID_STEP_HZ, top_hz + 1, GRID_STEP_HZ)])


def forget_ears() -> None:
    """Empty what is kept of ears on the grid."""
    _ears_in_free_field_on_grid.cache_clear()
    _ears_near_body_on_grid.cache_clear()


def _interpolated(grid: NDArray, on_grid: NDArray, freqs: NDArray, where: NDArray, ears: Ears, c: float) -> NDArray[np.complex128]:
    """Ears at freqs from those on the grid, by cubic splines once the way from each driver to each head centre is taken out."""
    centres = np.repeat(ears.centres_m, 2, axis=0)
    travel_s = np.sqrt(((centres[:, None] - where) ** 2).sum(axis=2)) / c
    smooth = on_grid * np.exp(2j * np.pi * grid[:, None, None] * travel_s)
    return CubicSpline(grid, smooth)(freqs) * np.exp(-2j * np.pi * freqs[:, None, None] * travel_s)
