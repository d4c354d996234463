"""Headphones: the width pair alone, each input plain to its own ear, delayed and low-passed to the other."""

from __future__ import annotations

import numpy as np

from spatial.design.realize import band_limit, fit_firs
from spatial.design.sides import wished_pair
from spatial.filters import FilterMatrix, RenderRecipe
from spatial.rig.model import RigFile
from spatial.units import REFERENCE_FS, scaled_samples

NFFT = 4096  # at 48 kHz; at least four times the filter
TAPS, DELAY = 256, 32  # at 48 kHz
FIT_FLAT_BELOW_HZ = 100.0  # weight 1/f above


def headphone_filters(rig_file: RigFile, fs: int) -> FilterMatrix:
    """Filter matrix of a headphones rig at the rate fs: inputs left and right, channels 1 = left ear, 2 = right ear."""
    n_taps, delay = scaled_samples(TAPS, fs), scaled_samples(DELAY, fs)
    n_fft = 1 << int(np.ceil(np.log2(max(NFFT * fs / REFERENCE_FS, 4 * n_taps))))
    freqs = np.arange(n_fft // 2 + 1) * fs / n_fft
    g = wished_pair(rig_file.scene, rig_file.design.width.model, freqs)
    late = np.exp(-2j * np.pi * freqs / fs * delay)
    v = np.where(band_limit(freqs, fs) == 1, 1 / np.maximum(freqs, FIT_FLAT_BELOW_HZ), 1e-8)
    contra = fit_firs(
        np.ones((len(freqs), 1, 1)), (g * late)[:, None], (v / np.abs(g) ** 2)[:, None], g[:, None], np.full((len(freqs), 1), 1e-12), n_taps
    )
    ipsi = np.zeros(n_taps)
    ipsi[delay] = 1.0
    taps = np.array([[ipsi, contra[:, 0]], [contra[:, 0], ipsi]])
    return FilterMatrix(
        taps=taps,
        fs=fs,
        latency_samples=delay,
        input_names=("left", "right"),
        driver_names=("left ear", "right ear"),
        channels=(1, 2),
        recipe=RenderRecipe(upmix="off"),
        rig_text=rig_file.text,
    )
