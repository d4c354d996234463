"""The sides of loudspeakers as they are built: drivers that differ by the rig file's ``[tolerance]``.

Gain and phase of every driver, uniform and independent, at 512 points of a scrambled Sobol sequence: the percentile is then off that of
20,000 random draws by 0.6 to 2.8 % rms, where 100 random ones are off by 3 to 15 % (three rigs, +-1 dB and 5 degrees). Per draw, against a
real pair at the same head: rms of the ILD error over third octaves, rms of the ITD error below 1.5 kHz, and the largest third octave by
which the sound at the near ear is off what matched drivers make; of the draws the 90th percentile, of two sides the worse one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.binaural_cues import ild_errors_db, itd_errors_us, judged_frequencies, judged_thirds, rms
from spatial.analysis.study import Sides
from spatial.base.arrays import Complex, Freqs, Power, Real
from spatial.base.figure import LOWER, figure
from spatial.base.units import from_db, power_db, third_octave_mean
from spatial.rig.mirror import driver_order
from spatial.rig.model import Rig, Tolerance

DRAWS, SEED, PERCENTILE = 512, 0, 90  # a power of two, as the sequence needs


@dataclass(frozen=True)
class SpreadFigures:
    """Errors that nine of ten loudspeakers keep: against a real pair, and of the tone against matched drivers."""

    ild_p90_db: float = figure("ild_error that nine of ten loudspeakers keep, drivers off by [tolerance]", LOWER)
    itd_p90_us: float = figure("the same for itd_error", LOWER)
    tone_p90_db: float = figure("near ear off matched drivers, worst third octave, in nine of ten", LOWER)


def driver_errors(tolerance: Tolerance, drivers: int, draws: int = DRAWS, seed: int = SEED) -> Complex:
    """What drivers do beside what they should, as factors.

    Parameters
    ----------
    tolerance : Tolerance
    drivers : int
    draws : int
        A power of two.
    seed : int

    Returns
    -------
    (draws, drivers) complex
    """
    from scipy.stats import qmc  # here, for it takes a while to load

    gain, phase = np.split(2 * qmc.Sobol(2 * drivers, seed=seed).random(draws) - 1, 2, axis=1)
    return np.asarray(from_db(gain * tolerance.gain_db) * np.exp(1j * np.deg2rad(phase * tolerance.phase_deg)))


def errors_of_drivers(rig: Rig) -> Complex:
    """The draws for the drivers of a rig, (draws, drivers). They belong to places: the order of the file does not change them."""
    order = driver_order(rig)
    errors = np.empty((DRAWS, len(order)), complex)
    errors[:, list(order)] = driver_errors(rig.tolerance, len(order))
    return errors


def spread_figures(sides: Sides) -> SpreadFigures:
    """The figures of this module's text for the rig file's tolerance."""
    freqs, ears = judged_frequencies(top_hz=sides.top_hz), sides.nominal_ears
    h, real = sides.heard(ears, freqs), sides.real(ears, freqs)
    errors = errors_of_drivers(sides.rig_file.rig)
    found = []
    for ear in (LEFT, RIGHT):
        w = sides.at(ear, freqs)
        ipsi, contra = ((h[:, side] * w) @ errors.T for side in (ear, 1 - ear))
        matched = np.abs(np.sum(h[:, ear] * w, axis=1)) ** 2
        of_pair = real[:, ear, ear][:, None], real[:, 1 - ear, ear][:, None]
        level = power_db(_thirds(np.abs(ipsi) ** 2, freqs)) - power_db(_thirds(matched[:, None], freqs))
        found.append(
            (
                rms(ild_errors_db(freqs, ipsi, contra, *of_pair)),
                rms(itd_errors_us(freqs, ipsi, contra, *of_pair)),
                np.abs(level).max(axis=0),
            )
        )
    ild, itd, tone = np.percentile(found, PERCENTILE, axis=2).max(axis=0)
    return SpreadFigures(float(ild), float(itd), float(tone))


def _thirds(power: Power, freqs: Freqs) -> Real:
    return third_octave_mean(power, freqs, judged_thirds(freqs[-1]))
