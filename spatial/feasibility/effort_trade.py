"""The trade an engineer has to make: drive power against how well the ears are told apart.

For every effort cap the closed form is solved at the nominal pose, without filters, so that the table takes a moment. The *level* is
what a cap costs: pink noise, 40 Hz-16 kHz, goes into one side, and the rms level of the loudest driver's feed stands over the level of
the input, hardware gains undone. Where that driver is the first to run out of excursion or of headroom, everything has to be played
lower by as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.binaural_cues import (
    DEEPEST_DB,
    ild_errors_db,
    itd_errors_us,
    judged_frequencies,
    rms,
    third_octave_separation_db,
)
from spatial.analysis.cancellation import hardware_gain
from spatial.analysis.pink_level import POINTS, pink_frequencies, pink_level_db
from spatial.analysis.spread import PERCENTILE, errors_of_drivers
from spatial.design.sides import design_side, with_crosstalk
from spatial.rig.model import RigFile
from spatial.targets.effort import default_effort_cap_db
from spatial.targets.virtual_pair import real_pair

CAPS_DB = (3.0, 6.0, 9.0, 12.0, 15.0, 18.0)


@dataclass(frozen=True)
class Trade:
    """What one effort cap buys.

    Attributes
    ----------
    cap_db : float
    itd_error_us, ild_error_db : float
        A virtual pair's errors against a real pair, rms.
    itd_p90_us : float
        The time error that nine of ten loudspeakers keep, drivers off as the rig file says.
    level_db : float
        The virtual pair's level.
    null_db : float
        Separation in the worst third octave, 315 Hz-6.3 kHz, with the far ear silenced as far as can be.
    null_level_db : float
        The level of that.
    """

    cap_db: float
    itd_error_us: float
    itd_p90_us: float
    ild_error_db: float
    level_db: float
    null_db: float
    null_level_db: float


def trade(rig_file: RigFile, caps_db: tuple[float, ...] = CAPS_DB) -> tuple[Trade, ...]:
    """What each effort cap buys; of two sides the worse one counts. Robust designs spend as much and reach less at the nominal pose.

    Parameters
    ----------
    rig_file : RigFile
    caps_db : tuple of float
        Effort caps, dB.
    """
    return tuple(_trade(rig_file, cap_db) for cap_db in caps_db)


def cap_in_force_db(rig_file: RigFile) -> float:
    """The effort cap that the rig file gives, or its default."""
    return default_effort_cap_db(rig_file.rig, rig_file.design.crosstalk)


def _trade(rig_file: RigFile, cap_db: float) -> Trade:
    judged, pink = judged_frequencies(POINTS), pink_frequencies()
    freqs, at_ears = np.concatenate([judged, pink]), slice(POINTS)
    scene, gain = rig_file.scene, hardware_gain(rig_file)
    real = real_pair(scene, judged, Ears.of(scene.listener))
    pair, null = (with_crosstalk(rig_file, mode=mode, effort_cap_db=cap_db, robust=False) for mode in ("virtual", "null"))
    h = transfer_matrix(rig_file.rig, Ears.of(scene.listener), judged, scene.medium)
    errors = errors_of_drivers(rig_file.rig)
    itd, p90, ild, level, separation, null_level = [], [], [], [], [], []
    for ear in (LEFT, RIGHT):
        side, silent = design_side(pair, ear, freqs), design_side(null, ear, freqs)
        pressures = side.d[at_ears], side.whole_leak[at_ears], real[:, ear, ear], real[:, 1 - ear, ear]
        itd.append(float(rms(itd_errors_us(judged, *pressures))))
        near, far = ((h[:, at] * side.w[at_ears]) @ errors.T for at in (ear, 1 - ear))
        drawn = rms(itd_errors_us(judged, near, far, real[:, ear, ear, None], real[:, 1 - ear, ear, None]))
        p90.append(float(np.percentile(drawn, PERCENTILE)))
        ild.append(float(rms(ild_errors_db(judged, *pressures))))
        separation.append(float(third_octave_separation_db(judged, silent.d[at_ears], silent.whole_leak[at_ears]).min()))
        level.append(pink_level_db(side.w[POINTS:] / gain))
        null_level.append(pink_level_db(silent.w[POINTS:] / gain))
    return Trade(cap_db, max(itd), max(p90), max(ild), max(level), min(min(separation), DEEPEST_DB), max(null_level))
