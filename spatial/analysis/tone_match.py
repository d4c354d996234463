"""One tone for left, right and centre: what each makes of its target, per third octave 200 Hz-10 kHz, at the seat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import seat
from spatial.analysis.beam_figures import pressure
from spatial.analysis.cancellation import cancellation_curves
from spatial.analysis.study import Study
from spatial.base.figure import LOWER, figure
from spatial.base.units import db, third_octave_centres, third_octave_mean, thirds_below
from spatial.targets.beam_reference import beam_group
from spatial.targets.tone import center_gain, seat_target

TONE_HZ = (200.0, 10000.0)


@dataclass(frozen=True)
class ToneMatch:
    """Levels over the target per third octave.

    Attributes
    ----------
    third_octaves_hz : list of float
    left_db, right_db : list of float
        The sides' at the near ear, |p_ipsi/d|.
    center_db : list of float
        The centre's at the seat, its gain taken out.
    sides_minus_centre_db : list of float
        Of the side that is further from the centre.
    largest_db : float
    """

    third_octaves_hz: list[float]
    left_db: list[float]
    right_db: list[float]
    center_db: list[float]
    sides_minus_centre_db: list[float]
    largest_db: float = figure("sides at the near ear less centre at the seat, each over its target", LOWER)


def tone_match(study: Study) -> ToneMatch:
    """Tone of the sides against that of the centre."""
    rig_file = study.rig_file
    thirds = third_octave_centres(*TONE_HZ)
    thirds = thirds_below(thirds, study.bank.fs / 2)
    freqs = np.geomspace(thirds[0] * 2 ** (-1 / 6), thirds[-1] * 2 ** (1 / 6), 9 * len(thirds))
    target = seat_target(rig_file, beam_group(rig_file), freqs)
    at_seat = pressure(study, seat(rig_file.scene.listener), freqs)[:, 0]
    centre = db(at_seat / target.d / center_gain(rig_file.design, freqs))
    left, right = (curves.timbre_db for curves in cancellation_curves(study.sides, freqs))
    apart = np.stack([third_octave_mean(side - centre, freqs, thirds) for side in (left, right)])
    worse = apart[np.abs(apart).argmax(axis=0), np.arange(len(thirds))]
    left_db, right_db, center_db = (
        [round(float(x), 3) for x in third_octave_mean(level, freqs, thirds)] for level in (left, right, centre)
    )
    rounded = [round(float(x), 3) for x in worse]
    return ToneMatch([round(float(f), 1) for f in thirds], left_db, right_db, center_db, rounded, float(np.abs(worse).max()))
