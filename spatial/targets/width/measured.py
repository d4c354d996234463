"""The relative HRTF of a measured head, in the form of the other models: one delay and the minimum phase of a smooth level difference.

What a measurement holds beyond that, the fine structure of one seat and one pair of ears, would colour more than it places. Levels are
smoothed over ERB bands; the delay is what the interaural phase from 300 to 1500 Hz lags beyond the minimum phase. Both sides
are averaged, so that a pair is symmetric and a source in front makes no difference. Below 150 Hz, where measurements tell little, and
for the range, which one measurement cannot tell, the level difference is the sphere's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from spatial.acoustics.head import relative_response
from spatial.acoustics.hearing import band_average, erb_rate, erb_rate_hz
from spatial.acoustics.measured_head import MeasuredHead, neighbours
from spatial.base.arrays import Freqs, Levels, Real, Spectrum
from spatial.base.minimum_phase import minimum_phase
from spatial.targets.width.tables import table

BANDS_PER_ERB, LOWEST_BAND_HZ, HIGHEST_BAND_HZ, HIGHEST_SHARE = 2, 50.0, 18000.0, 0.42  # of the measurement's rate
SPHERE_BELOW_HZ, MEASURED_ABOVE_HZ = 150.0, 300.0
PHASE_HZ = (300.0, 1500.0)
GRID_HZ, GRID = 96000.0, 1 << 15  # the level difference is held beyond its bands up to here
FINE_PER_ERB = 24


def measured_relative(head: MeasuredHead, freqs: Freqs, angle_deg: float, distance_m: float, radius_m: float, c: float) -> Spectrum:
    """Contralateral over ipsilateral ear of a measured head, for a pair at +-angle_deg.

    Parameters
    ----------
    head : MeasuredHead
    freqs : (freqs,) Hz
    angle_deg : float
        0 to 180.
    distance_m : float
        Of the pair from the head centre.
    radius_m : float
        Of the sphere that tells range and low frequencies.
    c : float
        Speed of sound, m/s.

    Returns
    -------
    (freqs,) complex
    """
    bands = _bands(head.ring.fs)
    level_db, delay_s = np.zeros(len(bands)), 0.0
    before, after, share = neighbours(head.ring.azimuths_deg, [angle_deg, -angle_deg])
    for side in (0, 1):
        for index, weight in ((before[side], 1 - share[side]), (after[side], share[side])):
            of_this, late = _one_source(head, int(index), side)
            level_db += weight / 2 * of_this
            delay_s += weight / 2 * late
    level_db = _completed(level_db, bands, head.ring.distance_m, angle_deg, distance_m, radius_m, c)
    tau = [table("sphere_order5").at(min(angle_deg, 180 - angle_deg), radius_m / r)[0] for r in (distance_m, head.ring.distance_m)]
    delay_s += (tau[0] - tau[1]) * radius_m / c
    return np.asarray(_low_pass(bands, level_db, freqs) * np.exp(-2j * np.pi * freqs * delay_s))


def _bands(fs: float) -> Freqs:
    """Centres in Hz for a measurement at the rate fs."""
    top = min(HIGHEST_BAND_HZ, HIGHEST_SHARE * fs)
    return erb_rate_hz(np.arange(float(erb_rate(LOWEST_BAND_HZ)), float(erb_rate(top)), 1 / BANDS_PER_ERB))


def _fine(bands: Freqs) -> Freqs:
    """Frequencies (Hz) over which bands are averaged."""
    return erb_rate_hz(np.arange(0.5, float(erb_rate(bands[-1])) + 1, 1 / FINE_PER_ERB))


@lru_cache(maxsize=1024)
def _one_source(head: MeasuredHead, index: int, near: int) -> tuple[Levels, float]:
    """Band levels (dB) of the far ear over the near one (0 = left) at one measured azimuth, and its delay (s)."""
    bands = _bands(head.ring.fs)
    fine = _fine(bands)
    average = band_average(fine, bands)
    spectra = head.spectra(fine, [index])[0]
    level_db = 10 * np.log10((np.abs(spectra[1 - near]) ** 2 @ average) / (np.abs(spectra[near]) ** 2 @ average))
    return level_db, _delay(fine, spectra[1 - near] / spectra[near], bands, level_db)


def _delay(fine: Freqs, relative: Spectrum, bands: Freqs, level_db: Levels) -> float:
    """Delay of a relative response beyond the minimum phase of its smooth level, s: least squares of the phase in PHASE_HZ."""
    inside = (fine >= PHASE_HZ[0]) & (fine <= PHASE_HZ[1])
    f = fine[inside]
    phase = np.unwrap(np.angle(relative[inside] / _low_pass(bands, level_db, f)))
    # whole turns are taken out, so that the line runs through zero
    turns = np.round(np.polyval(np.polyfit(f, phase, 1), 0.0) / (2 * np.pi))
    phase = phase - 2 * np.pi * turns
    return float(-np.sum(phase * f) / np.sum(f**2) / (2 * np.pi))


def _completed(level_db: Levels, bands: Freqs, measured_m: float, angle_deg: float, distance_m: float, radius_m: float, c: float) -> Real:
    """Band levels at the pair's distance, with the sphere's below what is measured."""
    fine = _fine(bands)
    average = band_average(fine, bands)
    here, there = (
        10 * np.log10(np.abs(relative_response(fine, angle_deg, r, radius_m, c)) ** 2 @ average) for r in (distance_m, measured_m)
    )
    own = level_db - there
    share = np.clip(np.log(bands / SPHERE_BELOW_HZ) / np.log(MEASURED_ABOVE_HZ / SPHERE_BELOW_HZ), 0, 1)
    return np.asarray(here + share * own)


def _low_pass(bands: Freqs, level_db: Levels, freqs: Freqs) -> Spectrum:
    """Minimum-phase spectrum (freqs,) of band levels, held beyond the bands."""
    grid = np.linspace(0.0, GRID_HZ, GRID + 1)
    level = np.interp(erb_rate(grid), erb_rate(bands), level_db)
    spectrum = minimum_phase(10 ** (level / 10))
    log = np.log(np.abs(spectrum)) + 1j * np.unwrap(np.angle(spectrum))
    return np.asarray(np.exp(np.interp(freqs, grid, log.real) + 1j * np.interp(freqs, grid, log.imag)))
