"""Signals for the tests of the upmix, and how it is run."""

import numpy as np
import pytest

from spatial.analysis.separation import Mixture
from spatial.dsp.backends import engine_name

LATENCIES = {2.7: 128, 21.0: 1024, 85.0: 4096}
slow_in_numpy = pytest.mark.skipif(
    engine_name() != "c", reason="minutes in NumPy; the core is held to the figures, and the twin to the core"
)


def run(upmix, x):
    """L', R', C of x (2, frames), delay taken out."""
    d = upmix.latency
    return upmix.process(np.pad(x, ((0, 0), (0, d))).astype(np.float32))[:, d:]


def level_db(x, reference):
    return 10 * np.log10(np.mean(x**2) / np.mean(reference**2) + 1e-30)


def pink(frames, seed):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    x = np.fft.irfft(spectrum, frames)
    return 0.1 * x / x.std()


def crowd(frames, seed=0):
    """Everything everywhere: noise in the centre, noises panned from left to right, all in all bins all the time."""
    pans = (-0.8, -0.4, 0.4, 0.8)
    angles = (np.array(pans) + 1) * np.pi / 4
    images = [np.outer((np.cos(a), np.sin(a)), pink(frames, seed + 1 + i)) for i, a in enumerate(angles)]
    return Mixture("crowd", pink(frames, seed), np.array(images), (False,) * len(pans))
