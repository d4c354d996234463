"""Decibels, third octaves, and samples that scale with the rate."""

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Freqs, Real

REFERENCE_FS = 48000
"""Rate at which taps and delays of a rig file are stated."""


def db(ratio: ArrayLike) -> Real:
    """Amplitude ratio in dB, 20 log10 |ratio|; nothing below -400 dB.

    Parameters
    ----------
    ratio : array_like
        Real or complex, any shape.
    """
    return 20 * np.log10(np.maximum(np.abs(ratio), 1e-20))


def power_db(power: ArrayLike) -> Real:
    """Power ratio in dB, 10 log10; nothing below -400 dB.

    Parameters
    ----------
    power : array_like
        >= 0, any shape.
    """
    return 10 * np.log10(np.maximum(power, 1e-40))


def from_db(level_db: ArrayLike) -> Real:
    """Amplitude ratio of a level in dB.

    Parameters
    ----------
    level_db : array_like, dB
    """
    return 10 ** (np.asarray(level_db, float) / 20)


def scaled_samples(samples_at_48k: float, fs: float) -> int:
    """A number of samples stated at 48 kHz, at the rate fs.

    Parameters
    ----------
    samples_at_48k : float
    fs : float
        Sample rate, Hz.
    """
    return round(samples_at_48k * fs / REFERENCE_FS)


def third_octave_centres(low_hz: float, high_hz: float) -> Real:
    """Centres of the base-two third octaves around 1 kHz whose nominal name lies in [low_hz, high_hz].

    Parameters
    ----------
    low_hz : float
        Lowest nominal name, Hz.
    high_hz : float
        Highest nominal name, Hz.
    """
    index = np.arange(-20, 16)
    centres = 1000 * 2.0 ** (index / 3)
    return centres[(centres >= low_hz * 2 ** (-1 / 12)) & (centres <= high_hz * 2 ** (1 / 12))]


def thirds_below(centres: Freqs, top_hz: float) -> Real:
    """Those third octaves that end at or below a frequency.

    Parameters
    ----------
    centres : (bands,) Hz
    top_hz : float
    """
    return centres[centres * 2 ** (1 / 6) <= top_hz * (1 + 1e-9)]


def inside_thirds(centres: Freqs, count: int) -> Freqs:
    """Frequencies spread evenly over log frequency inside every third octave, one band after the other.

    Parameters
    ----------
    centres : (bands,) Hz
    count : int
        How many in each.

    Returns
    -------
    (bands * count,) Hz
    """
    within = (np.arange(count) + 0.5) / count - 0.5
    return np.asarray((centres[:, None] * 2 ** (within / 3)).ravel(), float)


def mean_of_each(values: Real, count: int) -> Real:
    """Means over runs of values, such as the powers at `inside_thirds`.

    Parameters
    ----------
    values : (bands * count, ...)
    count : int
        Length of a run.

    Returns
    -------
    (bands, ...)
    """
    return np.asarray(values.reshape(-1, count, *values.shape[1:]).mean(axis=1))


def power_of_two(at_least: float) -> int:
    """The smallest power of two that is not below a number."""
    return 1 << int(np.ceil(np.log2(at_least)))


def third_octave_mean(power: ArrayLike, freqs: ArrayLike, centres: ArrayLike) -> Real:
    """Mean of power over each third octave: (freqs, ...) -> (centres, ...); nan where no frequency falls.

    Parameters
    ----------
    power : (freqs, ...)
    freqs : (freqs,) Hz
    centres : (bands,) Hz
    """
    power, freqs = np.asarray(power), np.asarray(freqs)
    out = np.full((len(np.atleast_1d(centres)),) + power.shape[1:], np.nan)
    for i, centre in enumerate(np.atleast_1d(centres)):
        inside = (freqs >= centre * 2 ** (-1 / 6)) & (freqs < centre * 2 ** (1 / 6))
        if inside.any():
            out[i] = power[inside].mean(axis=0)
    return out
