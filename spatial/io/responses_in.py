"""Impulse responses from a sound file: every channel, the whole file, samples as they stand."""

from __future__ import annotations

import os

import numpy as np
import soundfile

from spatial.base.arrays import Real
from spatial.base.errors import InputError
from spatial.io.audio_in import open_regular

MOST_SAMPLES = 50_000_000
"""Of all channels together: so many fit in memory several times over."""


def read_responses(path: str | os.PathLike[str]) -> tuple[Real, int]:
    """Impulse responses and their rate.

    Parameters
    ----------
    path : path
        A file that libsndfile reads.

    Returns
    -------
    responses : (channels, taps) float64
        Full scale is 1; float files keep what lies beyond.
    fs : int
        Hz.

    Raises
    ------
    InputError
        Missing, no sound file, empty, with more than 50 million samples, or with samples that are not finite.
    """
    name = os.fspath(path)
    descriptor = open_regular(name)
    try:
        with soundfile.SoundFile(descriptor, closefd=False) as file:
            if not 0 < file.frames * file.channels <= MOST_SAMPLES:
                raise InputError(f"{name}: {file.frames} frames of {file.channels} channels; 1 to {MOST_SAMPLES} samples are read")
            samples, fs = file.read(dtype="float64", always_2d=True).T, file.samplerate
    except soundfile.LibsndfileError as error:
        raise InputError(f"{name}: no sound file that libsndfile reads ({error.error_string.rstrip('.')})") from None
    finally:
        os.close(descriptor)
    if not np.isfinite(samples).all():
        raise InputError(f"{name}: a sample is not finite")
    return samples, fs
