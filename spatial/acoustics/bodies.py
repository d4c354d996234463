"""Bodies that carry drivers, behind one face: the field far away, the field near by, and where monopoles inside may stand.

The unit is volume acceleration: every driver tends to e^{-jkr}/r low down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.cylindrical import piston_far_field, piston_near_field
from spatial.acoustics.equivalent_sources import mirrored_cylinder, mirrored_sphere
from spatial.acoustics.spherical import cap_far_field, cap_near_field, legendre
from spatial.rig.geometry import axes, places
from spatial.rig.model import Rig

DEPTH = 0.8  # of the radius: where equivalent sources stand


@dataclass(frozen=True)
class Diaphragm:
    """A driver on a body: where its axis points (front, left, up), its height on a cylinder, its diameter."""

    axis: tuple[float, float, float]
    up_m: float
    diameter_m: float


@dataclass(frozen=True)
class Ball:
    """Rigid sphere around the origin; drivers are caps with a uniform radial velocity."""

    radius_m: float
    drivers: tuple[Diaphragm, ...]

    def far_field(self, k: NDArray, directions: NDArray) -> NDArray[np.complex128]:
        """e^{-jkR}/R left out, phase about the origin: (freqs, directions, drivers)."""
        out = np.empty((len(k), len(directions), len(self.drivers)), complex)
        coefficients = {d: cap_far_field(k, self.radius_m, d) for d in {driver.diameter_m for driver in self.drivers}}
        for i, driver in enumerate(self.drivers):
            of_cap = coefficients[driver.diameter_m]
            out[:, :, i] = of_cap.T @ legendre(len(of_cap) - 1, np.clip(directions @ np.array(driver.axis), -1, 1))
        return out

    def near_field(self, k: NDArray, points: NDArray) -> NDArray[np.complex128]:
        """Pressure at points (points, 3) outside: (freqs, points, drivers)."""
        r = np.sqrt((points**2).sum(axis=1))
        return np.stack(
            [
                cap_near_field(k, self.radius_m, driver.diameter_m, r, np.clip(points @ np.array(driver.axis) / r, -1, 1))
                for driver in self.drivers
            ],
            axis=2,
        )

    def inside(self) -> NDArray[np.float64]:
        """Places for equivalent sources, (sources, 3)."""
        return mirrored_sphere() * self.radius_m * DEPTH


@dataclass(frozen=True)
class Cylinder:
    """Rigid upright cylinder without ends, its axis through the origin; drivers are rectangular pistons of equal area."""

    radius_m: float
    drivers: tuple[Diaphragm, ...]

    def far_field(self, k: NDArray, directions: NDArray) -> NDArray[np.complex128]:
        """As of a ball; straight up and down are left out by a hair."""
        out = np.empty((len(k), len(directions), len(self.drivers)), complex)
        for diameter in {driver.diameter_m for driver in self.drivers}:
            alike = [i for i, driver in enumerate(self.drivers) if driver.diameter_m == diameter]
            up = np.array([self.drivers[i].up_m for i in alike])
            out[:, :, alike] = piston_far_field(k, self.radius_m, diameter, directions, self._normals(alike), up)
        return out

    def near_field(self, k: NDArray, points: NDArray) -> NDArray[np.complex128]:
        """As of a ball."""
        out = np.empty((len(k), len(points), len(self.drivers)), complex)
        for diameter, up in {(driver.diameter_m, driver.up_m) for driver in self.drivers}:
            alike = [i for i, driver in enumerate(self.drivers) if (driver.diameter_m, driver.up_m) == (diameter, up)]
            out[:, :, alike] = piston_near_field(k, self.radius_m, diameter, points, self._normals(alike), up)
        return out

    def inside(self) -> NDArray[np.float64]:
        """Places for equivalent sources, one radius above and below the drivers: (sources, 3)."""
        up = [driver.up_m for driver in self.drivers]
        return mirrored_cylinder(self.radius_m * DEPTH, min(up) - self.radius_m, max(up) + self.radius_m)

    def _normals(self, chosen: list[int]) -> NDArray[np.float64]:
        return np.array([self.drivers[i].axis for i in chosen])


def body_of(rig: Rig) -> Ball | Cylinder | None:
    """The rig's body; None in free space and in a baffle, where every driver radiates by itself."""
    if rig.enclosure.shape not in ("sphere", "cylinder"):
        return None
    assert rig.enclosure.radius_m is not None, "the loader refuses a body without a radius"
    drivers = tuple(
        Diaphragm((ahead, aside, over), up, driver.diameter_m or 0.0)
        for driver, (ahead, aside, over), (_, _, up) in zip(rig.drivers, axes(rig).tolist(), places(rig).tolist(), strict=True)
    )
    body = Ball if rig.enclosure.shape == "sphere" else Cylinder
    return body(rig.enclosure.radius_m, drivers)
