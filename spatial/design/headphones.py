"""Headphones: the width pair alone, each input to its own ear and, later and darker, to the other, under one common equaliser.

Without an equaliser the ipsilateral ear is exactly an all-pass. With one (``[headphones] balance``) both ears have the same
minimum-phase filter in addition: from the pair's own sections where these are rational, else from the logarithm of its magnitude.
"""

from __future__ import annotations

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.arrays import Freqs, Real, Spectrum
from spatial.base.minimum_phase import minimum_phase
from spatial.base.units import REFERENCE_FS, power_of_two, scaled_samples
from spatial.design.realize import band_limit, fit_firs
from spatial.design.width.balance import balanced_pair, is_rational
from spatial.design.width.digital import DigitalPair, digital_pair
from spatial.rig.model import RigFile
from spatial.targets.virtual_pair import wished_pair
from spatial.targets.width.models import SECTIONED, head_sections

NFFT = 4096  # at 48 kHz; at least four times the filter
TAPS, EQUALISED_TAPS, DELAY = 256, 512, 32  # at 48 kHz
FIT_FLAT_BELOW_HZ = 100.0  # weight 1/f above
DENSE = 1 << 16  # points of the grid on which a minimum phase is found; its error is what the cepstrum wraps around there
LARGEST_BOOST_DB = 30.0  # a comb's notches are not filled beyond


def headphone_filters(rig_file: RigFile, fs: int) -> FilterMatrix:
    """Filter matrix of a headphones rig: inputs left and right, channels 1 = left ear, 2 = right ear.

    Parameters
    ----------
    rig_file : RigFile
    fs : int
        Sample rate, Hz.
    """
    rho = rig_file.design.headphones.balance
    n_taps, delay = scaled_samples(TAPS if rho is None else EQUALISED_TAPS, fs), scaled_samples(DELAY, fs)
    n_fft = power_of_two(max(NFFT * fs / REFERENCE_FS, 4 * n_taps))
    freqs = np.arange(n_fft // 2 + 1) * fs / n_fft
    ipsi, contra = ears(rig_file, freqs, fs)
    late = np.exp(-2j * np.pi * freqs / fs * delay)
    unit = np.zeros(n_taps)
    unit[delay] = 1.0
    near = unit if np.all(ipsi == 1) else _fir(ipsi * late, freqs, fs, n_taps)
    far = _fir(contra * late, freqs, fs, n_taps)
    return FilterMatrix(
        taps=np.array([[near, far], [far, near]]),
        fs=fs,
        latency_samples=delay,
        input_names=("left", "right"),
        driver_names=("left ear", "right ear"),
        channels=(1, 2),
        recipe=RenderRecipe(upmix="off"),
        rig_text=rig_file.text,
    )


def ears(rig_file: RigFile, freqs: Freqs, fs: float) -> tuple[Spectrum, Spectrum]:
    """Spectra that the ipsilateral and the contralateral filter are to have, without the common delay.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
    fs : float
        Sample rate, Hz.

    Returns
    -------
    ipsi, contra : (freqs,) complex
    """
    scene, model, rho = rig_file.scene, rig_file.design.width.model, rig_file.design.headphones.balance
    if model in SECTIONED:
        pair, listener = scene.virtual_pair, scene.listener
        sections = head_sections(model, pair.angle_deg, pair.distance_m, listener.head_radius_m, scene.medium.c)
        if rho is None and sections.layout.ipsi == 0:
            return np.ones(len(freqs), complex), sections.relative(freqs)
        digital = digital_pair(sections, fs)
        if rho is None:
            return _spectra(digital, freqs)
        if is_rational(digital, rho):
            return _spectra(balanced_pair(digital, rho), freqs)
    g = wished_pair(scene, model, freqs)
    if rho is None:
        return np.ones(len(freqs), complex), g
    dense = np.arange(DENSE // 2 + 1) * fs / DENSE
    there = wished_pair(scene, model, dense)
    loudness = 1 + np.abs(there) ** 2 + 2 * rho * there.real
    common = minimum_phase(1 / np.maximum(loudness, 10 ** (-LARGEST_BOOST_DB / 10)))
    equaliser = np.interp(freqs, dense, common.real) + 1j * np.interp(freqs, dense, common.imag)
    return equaliser, equaliser * g


def _spectra(pair: DigitalPair, freqs: Freqs) -> tuple[Spectrum, Spectrum]:
    return pair.response("ipsi", freqs), pair.response("contra", freqs)


def _fir(wanted: Spectrum, freqs: Freqs, fs: float, n_taps: int) -> Real:
    """Taps (n_taps,) nearest to a spectrum in the audible band, relative to its level."""
    v = np.where(band_limit(freqs, fs) == 1, 1 / np.maximum(freqs, FIT_FLAT_BELOW_HZ), 1e-8)
    level = np.abs(wanted)
    one = np.ones((len(freqs), 1, 1))
    taps = fit_firs(one, wanted[:, None], (v / level**2)[:, None], wanted[:, None], np.full((len(freqs), 1), 1e-12), n_taps)
    return taps[:, 0]
