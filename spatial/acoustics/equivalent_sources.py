"""An enclosure's field as monopoles inside it, so that any head model can be put into the field.

One enclosure pattern times one head response will not do: every driver would arrive from the same place, and cancellation would be
singular. Instead monopoles inside the body are fitted to its exact field over the region where heads are, and the head model is
applied to each. Source: Koopmann, Song and Fahnline, "A method for computing acoustic fields based on the principle of wave
superposition", JASA 86(6), 1989. Scattering between head and enclosure is left out: 0.02 dB at 1.2 m, 0.21 dB at 0.5 m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.spherical import phasor
from spatial.base.arrays import Complex, Points, Real, Wavenumbers
from spatial.base.blas_threads import one_blas_thread

SOURCES = 80
REGULARIZATION = 1e-10  # of the largest eigenvalue: keeps the strengths small where the region cannot tell sources apart
REGION_POINTS = 160
GOLDEN_TURN = np.pi * (1 + 5**0.5)


@dataclass(frozen=True, eq=False)
class EquivalentSources:
    """Monopoles e^{-jkr}/r that make a body's field in a region.

    places_m (sources, 3); strengths (freqs, sources, drivers); residual (freqs, drivers): rms error of the fit over the
    region, relative to the field.
    """

    places_m: Points
    strengths: Complex
    residual: Real


def mirrored_sphere(n: int = SOURCES) -> Real:
    """About n points on the unit sphere, evenly spread and exactly mirror-symmetric in left: (n, 3)."""
    index = np.arange(2 * n) + 0.5
    polar, turn = np.arccos(1 - index / n), GOLDEN_TURN * index
    return _mirrored(np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1))


def mirrored_cylinder(radius_m: float, low_m: float, high_m: float, n: int = SOURCES) -> Real:
    """About n points on an upright cylinder between two heights, evenly spread and exactly mirror-symmetric in left: (n, 3).

    Parameters
    ----------
    radius_m : float
        Of the body, m.
    low_m : float
        Lower height, m.
    high_m : float
        Upper height, m.
    n : int
        How many, about.
    """
    index = np.arange(2 * n) + 0.5
    turn, up = GOLDEN_TURN * index, low_m + (high_m - low_m) * index / (2 * n)
    return _mirrored(np.stack([radius_m * np.cos(turn), radius_m * np.sin(turn), up], axis=1))


def _mirrored(spiral: Real) -> Real:
    """A spiral of twice the points that are wanted, thinned to one half, which is still even, and its mirror image."""
    half = spiral[spiral[:, 1] > 0][::2][: len(spiral) // 4]
    return np.concatenate([half, half * [1, -1, 1]])


def listening_region(centres_m: Points, head_radius_m: float) -> Real:
    """Points in and around the heads at these centres (poses, 3), a few hundred at most: (points, 3).

    Parameters
    ----------
    centres_m : (poses, 3) m
    head_radius_m : float
        m.
    """
    centres_m = np.unique(centres_m, axis=0)  # a head that only turns fills the same place
    per_head = max(12, REGION_POINTS // len(centres_m) // 2 * 2)
    shells = mirrored_sphere(per_head) * head_radius_m * 1.1
    shells[1::3] *= 0.6  # some inside, so that the field is pinned in the volume
    shells = np.concatenate([shells[shells[:, 1] > 0], shells[shells[:, 1] > 0] * [1, -1, 1]])
    return (centres_m[:, None] + shells).reshape(-1, 3)


def fit(k: Wavenumbers, places: Points, region_m: Points, field: Complex) -> EquivalentSources:
    """Strengths of monopoles whose field over the region is the given one, by regularised least squares.

    Parameters
    ----------
    k : (freqs,) wave numbers, 1/m
    places : (sources, 3)
        Of the monopoles, inside the body.
    region_m : (points, 3)
        Where the field is known, outside the body.
    field : (freqs, points, drivers) complex
    """
    distance = np.linalg.norm(region_m[:, None] - places[None], axis=2)
    green = phasor(k[:, None, None] * distance) / distance
    adjoint = green.conj().swapaxes(1, 2)
    with one_blas_thread():
        normal = adjoint @ green
        loading = REGULARIZATION * np.trace(normal, axis1=1, axis2=2).real
        normal += loading[:, None, None] * np.eye(len(places))
        strengths = np.linalg.solve(normal, adjoint @ field)
        error = green @ strengths - field
    residual = np.linalg.norm(error, axis=1) / np.linalg.norm(field, axis=1)
    return EquivalentSources(places, strengths, residual)
