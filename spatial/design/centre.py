"""The centre path: a beam made to its tone target at the seat, kept within the drivers' gain bounds, and its taps."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.points import seat
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import Delays, Drive, Firs, Freqs, Real, Spectrum
from spatial.base.minimum_phase import minimum_phase
from spatial.design.beamformer import find_beam
from spatial.design.realize import band_limit, faded, transfer_on_grid
from spatial.rig.model import DesignSpec, RigFile
from spatial.targets.beam_reference import beam_group
from spatial.targets.effort import gain_bounds
from spatial.targets.solution import Centre
from spatial.targets.tone import center_gain, seat_target

FADE_IN, FADE_OUT = 1 / 16, 1 / 4  # of the taps
GAIN_ROUNDS, GAIN_TOLERANCE = 6, 1.0005
AUDIBLE_FROM_HZ = 20.0
SEAT_ROUNDS, MOST_CORRECTED = 4, 1.1


def design_centre(rig_file: RigFile, freqs: Freqs) -> Centre:
    """Beam of the rig's preset, made to the path's tone target at the seat, as loud as the drivers' gain bounds let it be.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
        The grid of an rfft.
    """
    group = beam_group(rig_file)
    target = seat_target(rig_file, group, freqs)
    wanted, bounds = causal_center_gain(rig_file.design, freqs) * target.d, gain_bounds(list(rig_file.rig.drivers))
    most = bounds / np.abs(wanted)[:, None] if np.isfinite(bounds).any() else None
    beam = find_beam(rig_file, freqs, most)
    made = wanted[:, None] * beam.w
    at_seat = transfer_matrix(rig_file.rig, seat(rig_file.scene.listener), freqs, rig_file.scene.medium)[:, 0]
    return Centre(group, made * _within(made, bounds)[:, None], at_seat, target, wanted, freqs, bounds, beam.gamma, beam.alone)


def centre_taps(centre: Centre, fs: int, n_taps: int, delay: Delays) -> Firs:
    """Taps of the centre path; where short filters overshoot a gain bound, less is asked of them.

    Parameters
    ----------
    centre : Centre
        On the grid of an rfft, 0 Hz to half the rate.
    fs : int
    n_taps : int
    delay : (drivers,) samples
        Delay inside each filter.

    Returns
    -------
    (n_taps, drivers)
    """
    taps = _true_at_seat(centre, centre.w, fs, n_taps, delay)
    if not np.isfinite(centre.bounds).any():
        return taps
    bounds, audible = np.tile(centre.bounds, (len(centre.w), 1)), centre.freqs >= AUDIBLE_FROM_HZ
    for _ in range(GAIN_ROUNDS):
        over = np.where(audible[:, None], np.abs(transfer_on_grid(taps, len(centre.freqs))) / centre.bounds, 0.0)
        if over.max() <= GAIN_TOLERANCE:
            break
        bounds = bounds / np.maximum(over, 1.0)
        taps = _true_at_seat(centre, centre.w * _within(centre.w, bounds)[:, None], fs, n_taps, delay)
    return taps / max(1.0, float((np.abs(transfer_on_grid(taps, len(centre.freqs))) / centre.bounds)[audible].max()))


def _true_at_seat(centre: Centre, w: Drive, fs: int, n_taps: int, delay: Delays) -> Firs:
    """Taps of some weights. A factor that all drivers share takes out what windowing does to the sound at the seat."""
    freqs = centre.freqs
    wanted, asked = np.sum(centre.at_seat * w, axis=1), w
    late = np.exp(2j * np.pi * freqs[:, None] / fs * delay)
    for _ in range(SEAT_ROUNDS):
        taps = realize_beam(asked, freqs, fs, n_taps, delay)
        made = np.sum(centre.at_seat * transfer_on_grid(taps, len(freqs)) * late, axis=1)
        factor = wanted * band_limit(freqs, fs) / np.where(np.abs(made) > 0, made, 1.0)
        size = np.clip(np.abs(factor), 1 / MOST_CORRECTED, MOST_CORRECTED)
        inside = band_limit(freqs, fs) == 1
        asked = asked * np.where(inside, size * np.exp(1j * np.angle(factor)), 1.0)[:, None]
    return realize_beam(asked, freqs, fs, n_taps, delay)


def causal_center_gain(design: DesignSpec, freqs: Freqs) -> Spectrum:
    """The centre's gain with minimum phase. Without any phase its bass would begin before the rest, at -51 dB.

    Parameters
    ----------
    design : DesignSpec
    freqs : (freqs,) Hz
        The grid of an rfft, 0 Hz to half the rate.

    Returns
    -------
    (freqs,) complex
    """
    return minimum_phase(center_gain(design, freqs) ** 2)


def _within(w: Drive, bounds: Real) -> Real:
    """Factor (freqs,) <= 1 for all drivers together that brings every one below its bound."""
    return np.asarray(1 / np.maximum(1.0, (np.abs(w) / bounds).max(axis=1)))


def realize_beam(w: Drive, freqs: Freqs, fs: int, n_taps: int, delay: Delays) -> Firs:
    """Taps of smooth weights: sampled in frequency, delayed and windowed.

    Parameters
    ----------
    w : (freqs, drivers) complex
    freqs : (freqs,) Hz
        The grid of an rfft, 0 Hz to half the rate.
    fs : int
    n_taps : int
    delay : (drivers,) samples
        Delay inside each filter.

    Returns
    -------
    (n_taps, drivers)
    """
    n_fft = 2 * (len(freqs) - 1)
    spectrum = w * band_limit(freqs, fs)[:, None] * np.exp(-2j * np.pi * freqs[:, None] / fs * delay)
    spectrum[0], spectrum[-1] = spectrum[0].real, spectrum[-1].real
    taps = np.fft.irfft(spectrum, n_fft, axis=0)[:n_taps]
    return faded(taps, int(n_taps * FADE_IN), int(n_taps * FADE_OUT))
