"""The target cancellation gain over frequency, and the separation that a design asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.base.arrays import Freqs, Levels
from spatial.base.units import db
from spatial.rig.model import RigFile
from spatial.targets.virtual_pair import real_pair


def target_curve_db(freqs: Freqs, target_db: tuple[tuple[float, float], ...]) -> Levels:
    """Target cancellation gain over frequency: pchip over log f through the given points, held at the ends.

    Parameters
    ----------
    freqs : (freqs,) Hz
        > 0.
    target_db : tuple of (Hz, dB)
        Rising in frequency.

    Returns
    -------
    (freqs,) dB
    """
    points = np.array(target_db, float)
    if len(points) == 1:
        return np.full(len(freqs), points[0, 1])
    held = np.clip(freqs, points[0, 0], points[-1, 0])
    return np.asarray(PchipInterpolator(np.log(points[:, 0]), points[:, 1])(np.log(held)))


def asked_separation_db(rig_file: RigFile, freqs: ArrayLike) -> tuple[Levels, Levels] | None:
    """Separation that is asked of the left and of the right side.

    Mode "target" asks for the target curve, mode "virtual" for what a real pair at the virtual pair's place gives the same head. Mode
    "null" asks for as much as effort buys.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz

    Returns
    -------
    two of (freqs,) dB, or None in mode "null"
    """
    freqs = np.asarray(freqs, float)
    spec, scene = rig_file.design.crosstalk, rig_file.scene
    if spec.mode == "null":
        return None
    if spec.mode == "target":
        curve = target_curve_db(freqs, spec.target_db)
        return curve, curve
    real = real_pair(scene, freqs, Ears.of(scene.listener))
    return db(real[:, LEFT, LEFT] / real[:, RIGHT, LEFT]), db(real[:, RIGHT, RIGHT] / real[:, LEFT, RIGHT])
