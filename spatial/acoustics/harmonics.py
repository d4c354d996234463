"""Directional patterns in spherical harmonics: stored once, looked at in any direction, and their powers without an integral.

Real harmonics Y_lm of the direction (front, left, up), orthonormal over the sphere in the sense that the mean of Y_lm Y_l'm' over all
directions is 1 for equal ones and else 0. A pattern g(u) = sum g_lm Y_lm(u); so the mean of g_i* g_j over the sphere, the matrix B of the
beam designs, is sum_lm g_lm,i* g_lm,j, and the mean over a region is a matrix of the region alone between the same coefficients.
Source: Rafaely 2015, "Fundamentals of Spherical Array Processing", ch. 1; Luo, "Spherical harmonic covariance and magnitude function
encodings for beamformer design", EURASIP JASMP 2021:41.

The up axis is the pole, azimuth runs from front to left; the axes being left-handed matters to nobody here.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.bodies import Ball, body_of
from spatial.acoustics.points import FarField, sphere
from spatial.acoustics.spherical import cap_far_field
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import Complex, Directions, Freqs, Real, Wavenumbers
from spatial.base.errors import InputError
from spatial.base.whole_files import atomic_file
from spatial.rig.geometry import places
from spatial.rig.model import Medium, Rig

MARGIN_ORDERS = 6  # above ka, the order that a pattern about the origin needs: 1e-4 of it beyond
MIN_ORDER = 4
FORMAT = 1


def real_harmonics(order: int, directions: Directions) -> Real:
    """Y_lm at unit vectors (directions, 3): (directions, (order + 1)^2), l rising, m = -l..l inside.

    m < 0: sin |m| azimuth, m > 0: cos m azimuth. By the recurrences of the normalised Legendre functions (Holmes and Featherstone 2002).

    Parameters
    ----------
    order : int
        Highest degree, >= 0.
    directions : (directions, 3)
        Unit vectors (front, left, up).
    """
    directions = np.asarray(directions, float)
    z, s = directions[:, 2], np.hypot(directions[:, 0], directions[:, 1])
    phi = np.arctan2(directions[:, 1], directions[:, 0])
    out = np.empty((len(directions), (order + 1) ** 2))
    sectoral = np.ones(len(directions))  # P_mm normalised so that its mean square over the sphere is 1/2, 1 for m = 0
    for m in range(order + 1):
        if m > 0:
            sectoral = sectoral * s * np.sqrt((2 * m + 1) / (2 * m) * (2.0 if m == 1 else 1.0))
        before, now = np.zeros_like(sectoral), sectoral
        for degree in range(m, order + 1):
            if degree > m:
                a = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                b = np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1)) if degree > m + 1 else 0.0
                before, now = now, a * (z * now - b * before)
            centre = degree * degree + degree
            out[:, centre + m] = now * np.cos(m * phi)
            if m > 0:
                out[:, centre - m] = now * np.sin(m * phi)
    return out


@dataclass(frozen=True, eq=False)
class Harmonics:
    """Patterns of drivers: freqs (freqs,) Hz; coefficients (freqs, (order + 1)^2, drivers); phase about the rig's origin."""

    freqs: Freqs
    coefficients: Complex

    @property
    def order(self) -> int:
        """Highest degree."""
        return int(np.sqrt(self.coefficients.shape[1])) - 1

    def at(self, points: FarField) -> Complex:
        """The patterns in other directions, (freqs, points, drivers)."""
        return np.asarray(real_harmonics(self.order, points.directions) @ self.coefficients, complex)

    def sphere_power(self) -> Complex:
        """Mean of g* g^T over the sphere, (freqs, drivers, drivers): a sum over coefficients."""
        return np.asarray(self.coefficients.conj().swapaxes(1, 2) @ self.coefficients, complex)

    def region_power(self, points: FarField, weights: ArrayLike) -> Complex:
        """Weighted mean of g* g^T over some directions, by the region's own matrix between harmonics.

        Parameters
        ----------
        points : FarField
            The region's directions.
        weights : (points,)
            Of the mean; they add up to 1.
        """
        y = real_harmonics(self.order, points.directions)
        between = (y * np.asarray(weights, float)[:, None]).T @ y
        return np.asarray(self.coefficients.conj().swapaxes(1, 2) @ between @ self.coefficients, complex)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file (.npz, no pickle), whole or not at all.

        Raises
        ------
        OutputError
            The folder is missing or not writable, or the disk is full.
        """
        buffer = io.BytesIO()
        np.savez_compressed(buffer, format=FORMAT, freqs=self.freqs, coefficients=self.coefficients)
        with atomic_file(path) as file:
            file.write(buffer.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Harmonics:
        """Read what ``save`` wrote.

        Raises
        ------
        InputError
            No such file, or not one of these.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                if int(stored["format"]) != FORMAT:
                    raise InputError(f"{path}: patterns of format {int(stored['format'])}; this version reads format {FORMAT}")
                return cls(stored["freqs"], stored["coefficients"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: no file of patterns in spherical harmonics ({error})") from None


def harmonics_of(rig: Rig, freqs: ArrayLike, order: int | None = None, medium: Medium | None = None) -> Harmonics:
    """Patterns of a rig's drivers in spherical harmonics.

    On a ball exactly, sum_n G_n P_n(cos gamma) = sum_lm G_l/(2l + 1) Y_lm(axis) Y_lm(u); else by Gauss-Legendre quadrature.

    Parameters
    ----------
    rig : Rig
    freqs : (freqs,) Hz
    order : int
        Highest degree; default what ka of the smallest sphere around the drivers asks for at the highest frequency. Patterns with a
        corner (behind a baffle, above an endless cylinder) converge slowly, all others to 1e-4.
    medium : Medium
    """
    freqs, c = np.asarray(freqs, float), (medium or Medium()).c
    body = body_of(rig)
    if order is None:
        reach = float(np.sqrt((places(rig) ** 2).sum(axis=1)).max()) + max((d.diameter_m or 0.0) for d in rig.drivers) / 2
        order = max(MIN_ORDER, int(np.ceil(2 * np.pi * freqs.max() / c * reach)) + MARGIN_ORDERS)
    if isinstance(body, Ball):
        return Harmonics(freqs, _of_ball(body, 2 * np.pi * freqs / c, order))
    # a product of two patterns of this order is integrated exactly
    points, weights = sphere(order + 2, 2 * order + 4)
    g = transfer_matrix(rig, points, freqs, medium)
    return Harmonics(freqs, np.asarray((real_harmonics(order, points.directions) * weights[:, None]).T @ g, complex))


def _of_ball(body: Ball, k: Wavenumbers, order: int) -> Complex:
    """Coefficients (freqs, (order + 1)^2, drivers) of caps on a ball."""
    degree = np.repeat(np.arange(order + 1), 2 * np.arange(order + 1) + 1)
    y = real_harmonics(order, np.array([driver.axis for driver in body.drivers]))
    out = np.empty((len(k), len(degree), len(body.drivers)), complex)
    for i, driver in enumerate(body.drivers):
        radial = np.zeros((order + 1, len(k)), complex)
        of_cap = cap_far_field(k, body.radius_m, driver.diameter_m)[: order + 1]
        radial[: len(of_cap)] = of_cap
        out[:, :, i] = (radial[degree] / (2 * degree[:, None] + 1)).T * y[i]
    return out
