"""Patterns of drivers that radiate by themselves: in free space, and in a baffle, the plane front = 0, behind which it is silent."""

from __future__ import annotations

import numpy as np
from scipy.special import j1

from spatial.base.arrays import Real, Wavenumbers
from spatial.rig.model import Rig

RIM = 1e-9  # cosine against the baffle's normal down to which a direction still lies in front


def own_pattern(rig: Rig, index: int, k: Wavenumbers, cos_angle: Real) -> Real:
    """Pattern of one driver of a rig without a body, 1 on its axis.

    omni 1; cardioid (1 + cos)/2; piston 2 J1(x)/x with x = ka sin(angle), a half the diameter, alike in front and behind; in a
    baffle a piston in front and 0 behind.

    Parameters
    ----------
    rig : Rig
    index : int
        Of the driver.
    k : (freqs,) wave numbers, 1/m
    cos_angle : (points,)
        Cosine of the angle from the driver's axis.

    Returns
    -------
    (freqs, points) float
    """
    driver = rig.drivers[index]
    baffle = rig.enclosure.shape == "baffle"
    flat = np.ones((len(k), len(cos_angle)))
    if driver.directivity == "cardioid":
        return flat * (0.5 * (1 + cos_angle))
    if driver.directivity == "omni" and not baffle:
        return flat
    x = np.outer(k * (driver.diameter_m or 0.0) / 2, np.sqrt(np.clip(1 - cos_angle**2, 0, 1)))
    small = x < 1e-6
    pattern = np.where(small, 1.0, 2 * j1(x) / np.where(small, 1.0, x))
    return pattern * (cos_angle >= -RIM) if baffle else pattern
