"""What two ears can tell from what reaches them: separation, and level and time differences against a real pair.

Estimators, the same wherever a figure is stated, and none above 80 dB. Separation: 20 log10 |p_ipsi/p_contra|, mean of dB over log
frequency, 300 Hz-8 kHz; "pink": ratio of mean powers, re the reference driver alone at the ipsilateral ear. ILD error: difference of the
level differences in third octaves, power-averaged, rms over 315 Hz-6.3 kHz. ITD error: phase of the ratio of the interaural transfers,
unwrapped, over 2 pi f, rms over 300-1500 Hz. ERB bands: 4th-order gammatone powers one ERB apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.hearing import band_average, erb_centres
from spatial.base.arrays import Complex, Freqs, Levels, Real, Spectrum
from spatial.base.units import db, power_db, third_octave_centres, third_octave_mean, thirds_below

SEPARATION_HZ = (300.0, 8000.0)
ITD_BELOW_HZ = 1500.0
DEEPEST_DB = 80.0
POINTS = 300
ERB_HZ = (100.0, 12000.0)


def judged_frequencies(points: int = POINTS, top_hz: float = SEPARATION_HZ[1]) -> Freqs:
    """Where separation and cues are judged: even over log frequency, 300 Hz-8 kHz.

    Parameters
    ----------
    points : int
    top_hz : float
        Where filters end; frequencies stop there if that is below 8 kHz.

    Returns
    -------
    (points,) Hz
    """
    return np.geomspace(SEPARATION_HZ[0], min(SEPARATION_HZ[1], top_hz), points)


def judged_thirds(top_hz: float = SEPARATION_HZ[1]) -> Freqs:
    """Third octaves that lie whole within 300 Hz-8 kHz, and below top_hz."""
    return thirds_below(third_octave_centres(315, 6300), top_hz)


def mean_separation_db(p_ipsi: Spectrum, p_contra: Spectrum) -> Levels:
    """Level of the near ear over the far one, mean of dB over the judged frequencies.

    Parameters
    ----------
    p_ipsi, p_contra : (freqs, ...) complex
        Pressures at `judged_frequencies`.

    Returns
    -------
    (...) dB
    """
    found: Levels = np.minimum(db(p_ipsi) - db(p_contra), DEEPEST_DB).mean(axis=0)
    return found


def pink_separation_db(p_ipsi: Spectrum, p_contra: Spectrum, h_ref: Spectrum) -> Levels:
    """Ratio of mean powers at the two ears, re the reference alone.

    Parameters
    ----------
    p_ipsi, p_contra : (freqs, ...) complex
        Pressures at `judged_frequencies`.
    h_ref : (freqs, ...) complex
        The reference alone at the ipsilateral ear.

    Returns
    -------
    (...) dB
    """
    ipsi, contra = (np.mean(np.abs(p / h_ref) ** 2, axis=0) for p in (p_ipsi, p_contra))
    return np.minimum(power_db(ipsi) - power_db(contra), DEEPEST_DB)


def third_octave_separation_db(freqs: Freqs, p_ipsi: Spectrum, p_contra: Spectrum) -> Levels:
    """Level difference of the ears in the judged third octaves that end inside the grid, powers averaged.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Rising.
    p_ipsi, p_contra : (freqs, ...) complex

    Returns
    -------
    (thirds, ...) dB
    """
    ipsi, contra = (third_octave_mean(np.abs(p) ** 2, freqs, judged_thirds(freqs[-1])) for p in (p_ipsi, p_contra))
    return np.minimum(power_db(ipsi) - power_db(contra), DEEPEST_DB)


def ild_errors_db(freqs: Freqs, p_ipsi: Spectrum, p_contra: Spectrum, real_ipsi: Spectrum, real_contra: Spectrum) -> Levels:
    """Level difference of the ears less that from a real source, per judged third octave.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Rising.
    p_ipsi, p_contra : (freqs, ...) complex
    real_ipsi, real_contra : (freqs, ...) complex
        From the real source.

    Returns
    -------
    (thirds, ...) dB
    """
    return third_octave_separation_db(freqs, p_ipsi, p_contra) - third_octave_separation_db(freqs, real_ipsi, real_contra)


def itd_errors_us(freqs: Freqs, p_ipsi: Spectrum, p_contra: Spectrum, real_ipsi: Spectrum, real_contra: Spectrum) -> Real:
    """Time difference of the ears less that from a real source, below 1.5 kHz.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Rising.
    p_ipsi, p_contra : (freqs, ...) complex
    real_ipsi, real_contra : (freqs, ...) complex
        From the real source.

    Returns
    -------
    (freqs below, ...) us
    """
    low = freqs < ITD_BELOW_HZ
    phase = np.unwrap(np.angle((p_contra / p_ipsi * real_ipsi / real_contra)[low]), axis=0)
    return phase / (2 * np.pi * freqs[low].reshape(-1, *[1] * (p_ipsi.ndim - 1))) * 1e6


def rms(x: Real) -> Real:
    """Root mean square over the first axis.

    Parameters
    ----------
    x : (n, ...)
    """
    found: Real = np.sqrt(np.mean(x**2, axis=0))
    return found


@dataclass(frozen=True, eq=False)
class ErbCues:
    """Cues per ERB band.

    Attributes
    ----------
    centres_hz : (bands,) Hz
    ild_db : (bands, ...)
        Level of the ipsilateral over the contralateral ear.
    itd_us : (bands, ...)
        Delay of the contralateral ear, told from phase: nan from 1.5 kHz up.
    """

    centres_hz: Freqs
    ild_db: Levels
    itd_us: Real


def cue_frequencies(top_hz: float) -> Freqs:
    """A grid that is fine enough for ERB bands up to top_hz, Hz."""
    return np.arange(20.0, top_hz, 12.5)


def erb_cues(freqs: Freqs, p_ipsi: Spectrum, p_contra: Spectrum) -> ErbCues:
    """Cues of pressures in ERB bands, 100 Hz-12 kHz, that end inside the grid.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Rising: see `cue_frequencies`.
    p_ipsi, p_contra : (freqs, ...) complex
    """
    centres = erb_centres(*ERB_HZ)
    centres = centres[centres < freqs[-1] / 1.15]
    weight = band_average(freqs, centres)

    def average(x: Real | Complex) -> NDArray[Any]:
        return np.tensordot(weight.T, x, axes=1)

    ild = power_db(average(np.abs(p_ipsi) ** 2)) - power_db(average(np.abs(p_contra) ** 2))
    shape = (-1, *[1] * (p_ipsi.ndim - 1))
    # a band's phase is that of its cross power, unwrapped along the bands; the lowest ones turn by less than half a period
    phase = np.unwrap(np.angle(average(p_contra * p_ipsi.conj())), axis=0)
    itd = -phase / (2 * np.pi * centres.reshape(shape)) * 1e6
    return ErbCues(centres, ild, np.where(centres.reshape(shape) < ITD_BELOW_HZ, itd, np.nan))
