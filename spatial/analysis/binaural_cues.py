"""What two ears can tell from what reaches them: separation, and level and time differences against a real pair.

Estimators, the same wherever a figure is stated, and none above 80 dB. Separation: 20 log10 |p_ipsi/p_contra|, mean of dB over log
frequency, 300 Hz-8 kHz; "pink": ratio of mean powers, re the reference driver alone at the ipsilateral ear. ILD error: difference of the
level differences in third octaves, power-averaged, rms over 315 Hz-6.3 kHz. ITD error: phase of the ratio of the interaural transfers,
unwrapped, over 2 pi f, rms over 300-1500 Hz. ERB bands: 4th-order gammatone powers one ERB apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.hearing import band_average, erb_centres
from spatial.base.units import db, power_db, third_octave_centres, third_octave_mean, thirds_below

SEPARATION_HZ = (300.0, 8000.0)
ITD_BELOW_HZ = 1500.0
DEEPEST_DB = 80.0
POINTS = 300
ERB_HZ = (100.0, 12000.0)


def judged_frequencies(points: int = POINTS, top_hz: float = SEPARATION_HZ[1]) -> NDArray[np.float64]:
    """Where separation and cues are judged: even over log frequency, 300 Hz-8 kHz, or to top_hz where filters end below."""
    return np.geomspace(SEPARATION_HZ[0], min(SEPARATION_HZ[1], top_hz), points)


def judged_thirds(top_hz: float = SEPARATION_HZ[1]) -> NDArray[np.float64]:
    """Third octaves that lie whole within 300 Hz-8 kHz, and below top_hz."""
    return thirds_below(third_octave_centres(315, 6300), top_hz)


def mean_separation_db(p_ipsi: NDArray, p_contra: NDArray) -> NDArray[np.float64]:
    """Mean of dB of pressures (freqs, ...) over the judged frequencies: (...)."""
    return np.minimum(db(p_ipsi) - db(p_contra), DEEPEST_DB).mean(axis=0)


def pink_separation_db(p_ipsi: NDArray, p_contra: NDArray, h_ref: NDArray) -> NDArray[np.float64]:
    """Ratio of mean powers, pressures (freqs, ...) re the reference alone h_ref (freqs, ...): (...)."""
    ipsi, contra = (np.mean(np.abs(p / h_ref) ** 2, axis=0) for p in (p_ipsi, p_contra))
    return np.minimum(power_db(ipsi) - power_db(contra), DEEPEST_DB)


def third_octave_separation_db(freqs: NDArray, p_ipsi: NDArray, p_contra: NDArray) -> NDArray[np.float64]:
    """Level difference of the ears in the judged third octaves that end inside the grid, powers averaged: (freqs, ...) -> (thirds, ...)."""
    ipsi, contra = (third_octave_mean(np.abs(p) ** 2, freqs, judged_thirds(freqs[-1])) for p in (p_ipsi, p_contra))
    return np.minimum(power_db(ipsi) - power_db(contra), DEEPEST_DB)


def ild_errors_db(freqs: NDArray, p_ipsi: NDArray, p_contra: NDArray, real_ipsi: NDArray, real_contra: NDArray) -> NDArray[np.float64]:
    """Level difference of the ears less that from a real source, pressures (freqs, ...), per judged third octave: (thirds, ...)."""
    return third_octave_separation_db(freqs, p_ipsi, p_contra) - third_octave_separation_db(freqs, real_ipsi, real_contra)


def itd_errors_us(freqs: NDArray, p_ipsi: NDArray, p_contra: NDArray, real_ipsi: NDArray, real_contra: NDArray) -> NDArray[np.float64]:
    """Time difference of the ears less that from a real source, pressures (freqs, ...), below 1.5 kHz: (freqs below, ...)."""
    low = freqs < ITD_BELOW_HZ
    phase = np.unwrap(np.angle((p_contra / p_ipsi * real_ipsi / real_contra)[low]), axis=0)
    return phase / (2 * np.pi * freqs[low].reshape(-1, *[1] * (p_ipsi.ndim - 1))) * 1e6


def rms(x: NDArray) -> NDArray[np.float64]:
    """Root mean square over the first axis."""
    return np.sqrt(np.mean(x**2, axis=0))


@dataclass(frozen=True, eq=False)
class ErbCues:
    """Level of the ipsilateral over the contralateral ear and delay of the contralateral one, per ERB band: (bands, ...) each.

    The delay is told from phase: nan from 1.5 kHz up.
    """

    centres_hz: NDArray[np.float64]
    ild_db: NDArray[np.float64]
    itd_us: NDArray[np.float64]


def cue_frequencies(top_hz: float) -> NDArray[np.float64]:
    """A grid that is fine enough for ERB bands up to top_hz, Hz."""
    return np.arange(20.0, top_hz, 12.5)


def erb_cues(freqs: NDArray, p_ipsi: NDArray, p_contra: NDArray) -> ErbCues:
    """Cues of pressures (freqs, ...) on a rising grid, in ERB bands 100 Hz-12 kHz that end inside the grid."""
    centres = erb_centres(*ERB_HZ)
    centres = centres[centres < freqs[-1] / 1.15]
    weight = band_average(freqs, centres)

    def average(x: NDArray) -> NDArray:
        return np.tensordot(weight.T, x, axes=1)

    ild = power_db(average(np.abs(p_ipsi) ** 2)) - power_db(average(np.abs(p_contra) ** 2))
    shape = (-1, *[1] * (p_ipsi.ndim - 1))
    # a band's phase is that of its cross power; unwrapped along the bands, the lowest of which turn by less than half a period
    phase = np.unwrap(np.angle(average(p_contra * p_ipsi.conj())), axis=0)
    itd = -phase / (2 * np.pi * centres.reshape(shape)) * 1e6
    return ErbCues(centres, ild, np.where(centres.reshape(shape) < ITD_BELOW_HZ, itd, np.nan))
