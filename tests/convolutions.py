"""Filters, signals and the truth that the tests of the convolution share: direct convolution in double precision, term by term."""

from __future__ import annotations

import numpy as np
import pytest

from spatial.dsp import backends
from spatial.dsp.backends import ENGINES

C_MISSING = "the C core is not built (needs gcc, libc6-dev and python3-dev)"
ENGINE = [
    pytest.param(name, marks=pytest.mark.skipif(not backends.engine_available(name), reason=C_MISSING if name == "c" else f"no {name}"))
    for name in ENGINES
]
needs_core = pytest.mark.skipif(not backends.engine_available("c"), reason=C_MISSING)
LARGEST_ERROR_DB = {"c": -125.0, "numba": -120.0, "numpy": -140.0}
FS = 48000


def noise_taps(n_outputs, n_inputs, n_taps, seed=1):
    """Random filters of about unit gain, exact in float32."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n_outputs, n_inputs, n_taps)) / np.sqrt(n_taps)).astype(np.float32)


def mirrored(taps):
    """Taps whose first two inputs and whose outputs, from the first and the last on, are mirror images."""
    taps = taps.copy()
    n_outputs = len(taps)
    for output in range(n_outputs // 2):
        taps[n_outputs - 1 - output] = taps[output, [1, 0, *range(2, taps.shape[1])]]
    if n_outputs % 2:
        taps[n_outputs // 2, 1] = taps[n_outputs // 2, 0]
    return taps


def noise(n_inputs, n_frames, seed=2):
    """White noise, unit rms."""
    return np.random.default_rng(seed).standard_normal((n_inputs, n_frames)).astype(np.float32)


def tone(n_inputs, n_frames, seed=3):
    """100 Hz, unit rms, another phase in every input."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, (n_inputs, 1))
    return (np.sqrt(2) * np.sin(2 * np.pi * 100 * np.arange(n_frames) / FS + phase)).astype(np.float32)


def directly(taps, x, frames=None):
    """Sum of products in double precision, at the given output frames (default all)."""
    taps, x = taps.astype(float), x.astype(float)
    if frames is None:
        return np.stack([sum(np.convolve(x[i], row[i])[: x.shape[1]] for i in range(len(x))) for row in taps])
    n_taps = taps.shape[2]
    late = np.pad(x, ((0, 0), (n_taps - 1, 0)))
    return np.stack([np.einsum("oik,ik->o", taps[:, :, ::-1], late[:, n : n + n_taps]) for n in frames], axis=1)


def error_db(y, truth, taps, x):
    """Worst output: rms of the error, relative to the rms of the input times the L2 norm of that output's filters."""
    error = np.sqrt(np.mean((y - truth) ** 2, axis=1))
    scale = np.sqrt(np.mean(x.astype(float) ** 2)) * np.sqrt(np.sum(taps.astype(float) ** 2, axis=(1, 2)))
    return np.max(20 * np.log10(error / scale + 1e-20))


def same_bits(a, b):
    """Equal to the last bit, signs of zero included."""
    return a.shape == b.shape and np.array_equal(a.view(np.int32), b.view(np.int32))


def run(convolver, x, sizes):
    """x in calls of the given sizes, in turn, until it is used up."""
    pieces, done, turn = [], 0, 0
    while done < x.shape[1]:
        size = min(sizes[turn % len(sizes)], x.shape[1] - done)
        pieces.append(convolver.process(x[:, done : done + size]))
        done, turn = done + size, turn + 1
    return np.concatenate(pieces, axis=1)
