"""What a design asks of the ears, over frequency, to stand beside what it reached."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.analysis.cancellation import real_pair
from spatial.base.units import db
from spatial.design.crosstalk import target_curve_db
from spatial.rig.model import RigFile


def asked_separation_db(rig_file: RigFile, freqs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Separation that is asked of the left and of the right side, (freqs,) dB each.

    Mode "target": the target curve. Mode "virtual": what a real pair at the virtual pair's place gives the same head. Mode "null" asks
    for as much as effort buys: None.
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
