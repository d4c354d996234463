"""Bodies that carry drivers, behind one face: the field far away, the field near by, and where monopoles inside may stand.

The unit is volume acceleration: every driver tends to e^{-jkr}/r low down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spatial.acoustics.cylindrical import multiple_cosines, piston_far_field, piston_waves
from spatial.acoustics.equivalent_sources import mirrored_cylinder, mirrored_sphere
from spatial.acoustics.spherical import cap_far_field, cap_waves, legendre
from spatial.base.arrays import Directions, Indices, Points, Real, Transfer, Wavenumbers, Waves
from spatial.base.blas_threads import one_blas_thread
from spatial.rig.geometry import axes, places
from spatial.rig.model import Rig

DEPTH = 0.8  # of the radius: where equivalent sources stand
SAME_PLACE_DECIMALS = 12  # metres: points as far away as this have their waves in common
MANY_AT_ONE = 4  # so many points of one place, in the mean, are worth a product of their own
LOWEST_BLOCK_KA = 0.5
FEW, KEPT = 1024, 32  # waves of caps at so few frequencies and ranges are kept, 1 MB each: a driver that is dragged asks again


@dataclass(frozen=True, order=True)
class Diaphragm:
    """A driver on a body: where its axis points (front, left, up), its height on a cylinder, its diameter."""

    axis: tuple[float, float, float]
    up_m: float
    diameter_m: float

    def mirrored(self) -> Diaphragm:
        """Its mirror image on the other side of the body."""
        ahead, aside, over = self.axis
        return replace(self, axis=(ahead, 0.0 - aside, over))


@dataclass(frozen=True)
class Ball:
    """Rigid sphere around the origin; drivers are caps with a uniform radial velocity."""

    radius_m: float
    drivers: tuple[Diaphragm, ...]

    def far_field(self, k: Wavenumbers, directions: Directions) -> Transfer:
        """e^{-jkR}/R left out, phase about the origin: (freqs, directions, drivers).

        Parameters
        ----------
        k : (freqs,) rad/m
            Wavenumbers, > 0.
        directions : (directions, 3)
            Unit vectors (front, left, up).
        """
        out = np.empty((len(k), len(directions), len(self.drivers)), complex)
        coefficients = {d: cap_far_field(k, self.radius_m, d) for d in {driver.diameter_m for driver in self.drivers}}
        for i, driver in enumerate(self.drivers):
            of_cap = coefficients[driver.diameter_m]
            out[:, :, i] = of_cap.T @ legendre(len(of_cap) - 1, np.clip(directions @ np.array(driver.axis), -1, 1))
        return out

    def near_field(self, k: Wavenumbers, points: Points) -> Transfer:
        """Pressure at points (points, 3) outside: (freqs, points, drivers). Points of one range have most of the work in common.

        Parameters
        ----------
        k : (freqs,) rad/m
            Wavenumbers, > 0.
        points : (points, 3) m
            Outside the body.
        """
        away = np.sqrt((points**2).sum(axis=1))
        r, which = np.unique(np.round(away, SAME_PLACE_DECIMALS), return_inverse=True)
        every, out = np.arange(len(points)), np.empty((len(k), len(points), len(self.drivers)), complex)
        for diameter in {driver.diameter_m for driver in self.drivers}:
            alike = np.array([i for i, driver in enumerate(self.drivers) if driver.diameter_m == diameter])
            towards = np.array([self.drivers[i].axis for i in alike])
            cosine = np.clip(_dot(points, towards) / away[:, None], -1, 1)
            for chosen in octaves(k * self.radius_m):
                waves = _waves_of_cap(k[chosen], self.radius_m, diameter, r)
                out[np.ix_(chosen, every, alike)] = _summed(waves, which, legendre(len(waves) - 1, cosine))
        return out

    def inside(self) -> Real:
        """Places for equivalent sources, (sources, 3)."""
        return mirrored_sphere() * self.radius_m * DEPTH

    def places(self) -> Points:
        """Middles of the drivers, (drivers, 3)."""
        return np.array([driver.axis for driver in self.drivers]) * self.radius_m


@dataclass(frozen=True)
class Cylinder:
    """Rigid upright cylinder without ends, its axis through the origin; drivers are rectangular pistons of equal area."""

    radius_m: float
    drivers: tuple[Diaphragm, ...]

    def far_field(self, k: Wavenumbers, directions: Directions) -> Transfer:
        """As of a ball; straight up and down are left out by a hair.

        Parameters
        ----------
        k : (freqs,) rad/m
            Wavenumbers, > 0.
        directions : (directions, 3)
            Unit vectors (front, left, up).
        """
        out = np.empty((len(k), len(directions), len(self.drivers)), complex)
        for diameter in {driver.diameter_m for driver in self.drivers}:
            alike = [i for i, driver in enumerate(self.drivers) if driver.diameter_m == diameter]
            up = np.array([self.drivers[i].up_m for i in alike])
            out[:, :, alike] = piston_far_field(k, self.radius_m, diameter, directions, self._normals(alike), up)
        return out

    def near_field(self, k: Wavenumbers, points: Points) -> Transfer:
        """As of a ball. What is known of the error: `piston_waves`.

        Parameters
        ----------
        k : (freqs,) rad/m
            Wavenumbers, > 0.
        points : (points, 3) m
            Outside the body.
        """
        every, out = np.arange(len(points)), np.empty((len(k), len(points), len(self.drivers)), complex)
        across = np.hypot(points[:, 0], points[:, 1])
        for diameter, up in {(driver.diameter_m, driver.up_m) for driver in self.drivers}:
            alike = np.array([i for i, driver in enumerate(self.drivers) if (driver.diameter_m, driver.up_m) == (diameter, up)])
            towards = self._normals(alike)[:, :2]
            cosine = np.clip(_dot(points[:, :2], towards) / across[:, None], -1, 1)
            seen = np.round(np.stack([across, points[:, 2] - up]), SAME_PLACE_DECIMALS)
            (r, z), which = np.unique(seen, axis=1, return_inverse=True)
            for chosen in octaves(k * self.radius_m):
                waves = piston_waves(k[chosen], self.radius_m, diameter, r, z)
                turned = np.stack([turn for _, turn in zip(waves, multiple_cosines(cosine), strict=False)])
                out[np.ix_(chosen, every, alike)] = _summed(waves, which.ravel(), turned)
        return out

    def inside(self) -> Real:
        """Places for equivalent sources, one radius above and below the drivers: (sources, 3)."""
        up = [driver.up_m for driver in self.drivers]
        return mirrored_cylinder(self.radius_m * DEPTH, min(up) - self.radius_m, max(up) + self.radius_m)

    def places(self) -> Points:
        """As of a ball."""
        return np.array([[self.radius_m * d.axis[0], self.radius_m * d.axis[1], d.up_m] for d in self.drivers])

    def _normals(self, chosen: Sequence[int] | Indices) -> Real:
        return np.array([self.drivers[i].axis for i in chosen])


def octaves(ka: Real) -> list[Indices]:
    """Indices of an octave of ka at a time: low frequencies need few orders.

    Parameters
    ----------
    ka : (freqs,)
        Wavenumber times radius.
    """
    order = np.argsort(ka, kind="stable")
    steps = np.floor(np.log2(np.maximum(ka[order], LOWEST_BLOCK_KA)))
    return np.split(order, np.flatnonzero(np.diff(steps)) + 1)


def _waves_of_cap(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real) -> Waves:
    if k.size * r.size > FEW:
        return cap_waves(k, radius_m, diameter_m, r)
    return _waves_kept(k.tobytes(), radius_m, diameter_m, r.tobytes())


@lru_cache(maxsize=KEPT)
def _waves_kept(k: bytes, radius_m: float, diameter_m: float, r: bytes) -> Waves:
    waves = cap_waves(np.frombuffer(k), radius_m, diameter_m, np.frombuffer(r))
    waves.flags.writeable = False
    return waves


def _dot(points: Points, towards: Directions) -> Real:
    """Scalar products (points, drivers), each rounded in the same way wherever it stands among the others."""
    return np.asarray((points[:, None] * towards).sum(axis=2))


def _summed(waves: Waves, which: Indices, angular: Real) -> Transfer:
    """Sum over orders of waves (orders, freqs, places), of the place which (points,), times angular (orders, points, drivers)."""
    orders, freqs, n_places = waves.shape
    parts = np.empty((n_places, 2 * freqs, orders))  # real and imaginary parts below each other: the angular part is real
    parts[:, :freqs], parts[:, freqs:] = np.moveaxis(waves.real, 0, 2).swapaxes(0, 1), np.moveaxis(waves.imag, 0, 2).swapaxes(0, 1)
    out = np.empty((freqs, *angular.shape[1:]), complex)
    with one_blas_thread():
        if MANY_AT_ONE * n_places > len(which):
            made = (parts[which] @ angular.swapaxes(0, 1)).swapaxes(0, 1)
            out.real, out.imag = made[:freqs], made[freqs:]
            return out
        for place in range(n_places):
            here = np.flatnonzero(which == place)
            made = (parts[place] @ angular[:, here].reshape(orders, -1)).reshape(2 * freqs, -1, angular.shape[2])
            out.real[:, here], out.imag[:, here] = made[:freqs], made[freqs:]
    return out


def body_of(rig: Rig) -> Ball | Cylinder | None:
    """The rig's body; None in free space and in a baffle, where every driver radiates by itself."""
    if rig.enclosure.shape not in ("sphere", "cylinder"):
        return None
    assert rig.enclosure.radius_m is not None, "the loader refuses a body without a radius"
    drivers = tuple(
        Diaphragm((ahead, aside + 0.0, over), up, driver.diameter_m or 0.0)  # + 0.0 turns -0 into 0
        for driver, (ahead, aside, over), (_, _, up) in zip(rig.drivers, axes(rig).tolist(), places(rig).tolist(), strict=True)
    )
    body = Ball if rig.enclosure.shape == "sphere" else Cylinder
    return body(rig.enclosure.radius_m, drivers)
