"""What is left of the side rejection when drivers are not what they should be: P10.

100 seeded draws of gain +-1 dB, phase +-5 degrees and place +-2 mm for every driver, uniform; per third octave the 10th percentile of
``side_db`` over the draws, its mean over the bands. On a body or in a wall places move along its surface, elsewhere in all directions.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from spatial.acoustics.points import AtRange, FarField
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import Drive, Freqs, Levels, Points, Real
from spatial.base.units import from_db, mean_of_each, power_db
from spatial.rig.geometry import direction
from spatial.rig.model import Driver, Facing, Medium, Place, Rig

DRAWS, SEED, PERCENTILE = 100, 0, 10
GAIN_DB, PHASE_DEG, PLACE_M = 1.0, 5.0, 2e-3


def moved_rig(rig: Rig, moved_m: Points) -> Rig:
    """The rig with every driver moved.

    On a body the outward part is left out, in a wall the one to the front: drivers stay on the body, and the sides in the plane of a wall
    stay in sight.

    Parameters
    ----------
    rig : Rig
    moved_m : (drivers, 3) m
        To the left, up, outward along a body; front, left, up elsewhere.
    """
    move = {"sphere": _on_sphere, "cylinder": _on_cylinder, "baffle": _in_wall}.get(rig.enclosure.shape, _in_space)
    drivers = tuple(move(driver, step, rig.enclosure.radius_m or 1.0) for driver, step in zip(rig.drivers, moved_m.tolist(), strict=True))
    return dataclasses.replace(rig, drivers=drivers)


def _on_sphere(driver: Driver, step: list[float], radius_m: float) -> Driver:
    aside, over = np.rad2deg(np.array(step[:2]) / radius_m).tolist()
    azimuth, elevation = (driver.azimuth_deg or 0.0) + aside, driver.elevation_deg + over
    place = Place(*(radius_m * direction(azimuth, elevation)).tolist())
    return dataclasses.replace(
        driver, azimuth_deg=azimuth, elevation_deg=elevation, facing_deg=Facing(azimuth, elevation), position_m=place
    )


def _on_cylinder(driver: Driver, step: list[float], radius_m: float) -> Driver:
    azimuth, up = (driver.azimuth_deg or 0.0) + float(np.rad2deg(step[0] / radius_m)), driver.up_m + step[1]
    front, left, _ = (radius_m * direction(azimuth)).tolist()
    return dataclasses.replace(driver, azimuth_deg=azimuth, up_m=up, facing_deg=Facing(azimuth, 0.0), position_m=Place(front, left, up))


def _in_wall(driver: Driver, step: list[float], _: float) -> Driver:
    return _in_space(driver, [0.0, step[1], step[2]], _)


def _in_space(driver: Driver, step: list[float], _: float) -> Driver:
    where = driver.position_m or Place()
    return dataclasses.replace(driver, position_m=Place(where.front + step[0], where.left + step[1], where.up + step[2]))


def side_draws_db(rig: Rig, medium: Medium, w: Drive, freqs: Freqs, per_band: int, directions: FarField | AtRange) -> Levels:
    """Side rejection of weights in every draw, powers averaged over runs of frequencies.

    Parameters
    ----------
    rig : Rig
    medium : Medium
    w : (freqs, drivers) complex
    freqs : (freqs,) Hz
        Run after run.
    per_band : int
        Frequencies in a run.
    directions : FarField or AtRange
        The axis, then the sides.

    Returns
    -------
    (draws, bands) dB
    """
    rng, n = np.random.default_rng(SEED), len(rig.drivers)
    out = np.empty((DRAWS, len(freqs) // per_band))
    for t in range(DRAWS):
        gain = from_db(rng.uniform(-GAIN_DB, GAIN_DB, n))
        error = gain * np.exp(1j * np.deg2rad(rng.uniform(-PHASE_DEG, PHASE_DEG, n)))
        moved = moved_rig(rig, rng.uniform(-PLACE_M, PLACE_M, (n, 3)))
        p = (transfer_matrix(moved, directions, freqs, medium) @ (w * error)[:, :, None])[:, :, 0]
        power = mean_of_each(np.abs(p) ** 2, per_band)
        out[t] = power_db(power[:, 0] / power[:, 1:].mean(axis=1))
    return out


def p10_db(draws_db: Real) -> Levels:
    """What nine of ten loudspeakers reach.

    Parameters
    ----------
    draws_db : (draws, bands) dB

    Returns
    -------
    (bands,) dB
    """
    return np.percentile(draws_db, PERCENTILE, axis=0)
