"""Ears near a body: what a head makes of the field around it, kept for each of its places, and a body's drivers heard through it.

The field that a body sends to a head is known at some points around the head. Monopoles inside the body that make this field there
(`equivalent_sources`) are a linear map of it, and so are the ears that hear them:

    ears = H (A + b I)^-1 G^H field,    A = G^H G,

G from monopoles to the points, H from monopoles to the ears, by the exact series of the head. The matrix in front of the field does not
know the drivers: it is kept, and a driver that moves, or another one, costs its own field at the points and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spatial.acoustics.bodies import Ball, Cylinder
from spatial.acoustics.equivalent_sources import REGULARIZATION, fit, listening_region
from spatial.acoustics.head import ear_responses, ear_responses_turned
from spatial.acoustics.points import Ears
from spatial.acoustics.spherical import phasor
from spatial.base.arrays import Complex, Freqs, Points, Real
from spatial.base.blas_threads import one_blas_thread
from spatial.rig.geometry import left_of

Place = tuple[float, float, float]
OPERATORS_KEPT, HEARD_KEPT = 16, 64  # about 2 MB and 0.2 MB each for a design at 48 kHz
BLOCK = 64  # frequencies at a time: some 40 MB of matrices


@dataclass(frozen=True)
class Head:
    """A head at one place, which turns: centre (front, left, up) in metres, yaws in degrees, radius in metres."""

    centre_m: Place
    yaws_deg: tuple[float, ...]
    radius_m: float

    def ear_axes(self) -> Real:
        """Unit vectors to the left ear, (yaws, 3)."""
        return np.array([left_of(yaw) for yaw in self.yaws_deg])


@dataclass(frozen=True, eq=False)
class EarOperator:
    """Ears of a head from a body's field: region_m (points, 3) where the field is asked for; matrix (freqs, 2 yaws, points)."""

    region_m: Points
    matrix: Complex


@lru_cache(maxsize=OPERATORS_KEPT)
def ear_operator(inside_m: tuple[Place, ...], head: Head, freqs: bytes, c: float) -> EarOperator:
    """The operator of a head near a body whose equivalent sources stand at inside_m; freqs (freqs,) float64 as bytes, Hz.

    Parameters
    ----------
    inside_m : tuple of places, m
        Where the equivalent sources stand: inside the body.
    head : Head
    freqs : bytes
        Of (freqs,) float64, Hz: an array cannot be a key of what is kept.
    c : float
        Speed of sound, m/s.
    """
    f, sources = np.frombuffer(freqs), np.array(inside_m)
    region = listening_region(np.array([head.centre_m]), head.radius_m)
    distance = np.sqrt(((region[:, None] - sources) ** 2).sum(axis=2))
    heard = ear_responses_turned(f, sources, np.array(head.centre_m), head.ear_axes(), head.radius_m, c)
    matrix = np.empty((len(f), heard.shape[1], len(region)), complex)
    loaded = REGULARIZATION * np.eye(len(sources))
    with one_blas_thread():
        for start in range(0, len(f), BLOCK):
            part = slice(start, start + BLOCK)
            green = phasor((2 * np.pi / c * f[part])[:, None, None] * distance) / distance
            adjoint = green.conj().swapaxes(1, 2)
            normal = adjoint @ green
            normal += np.trace(normal, axis1=1, axis2=2).real[:, None, None] * loaded
            back = np.linalg.solve(normal, heard[part].conj().swapaxes(1, 2))
            matrix[part] = back.conj().swapaxes(1, 2) @ adjoint
    matrix.flags.writeable = False
    return EarOperator(region, matrix)


@lru_cache(maxsize=HEARD_KEPT)
def heard_near_body(body: Ball | Cylinder, head: Head, freqs: bytes, c: float) -> Complex:
    """A body's drivers at the ears of a head: (freqs, 2 yaws, drivers), left and right ear of each yaw.

    Parameters
    ----------
    body : Ball or Cylinder
    head : Head
    freqs : bytes
        Of (freqs,) float64, Hz.
    c : float
        Speed of sound, m/s.
    """
    operator = ear_operator(tuple((x, y, z) for x, y, z in body.inside().tolist()), head, freqs, c)
    field = body.near_field(2 * np.pi * np.frombuffer(freqs) / c, operator.region_m)
    with one_blas_thread():
        out = operator.matrix @ field
    out.flags.writeable = False
    return out


def heard_on_a_map(body: Ball | Cylinder, ears: Ears, freqs: Freqs, c: float) -> Complex:
    """The same for hundreds of places at once, (freqs, 2 poses, drivers): one set of monopoles serves all heads, with fewer points each.

    Parameters
    ----------
    body : Ball or Cylinder
    ears : Ears
        Many places.
    freqs : (freqs,) Hz
    c : float
        Speed of sound, m/s.
    """
    k = 2 * np.pi * freqs / c
    region = listening_region(np.array(ears.centres_m), ears.radius_m)
    sources = fit(k, body.inside(), region, body.near_field(k, region))
    out = np.empty((len(freqs), len(ears), len(body.drivers)), complex)
    for pose, (centre, ear_axis) in enumerate(zip(ears.centres_m, ears.ear_axes(), strict=True)):
        heard = ear_responses(freqs, sources.places_m, centre, ear_axis, ears.radius_m, c)
        out[:, 2 * pose : 2 * pose + 2] = heard @ sources.strengths
    return out
