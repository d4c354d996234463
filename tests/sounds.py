"""Sound files put together byte by byte, signals, and small filter banks for the tests of the render side."""

import struct

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import PATHS, RenderRecipe

FS = 48000
NAMES = ("front", "left", "right", "fourth", "fifth", "sixth", "seventh", "eighth")
PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

# ---------------------------------------------------------------------------------------------------- RIFF by hand


def chunk(name, content, pad=b"\0"):
    """One chunk; the size does not count the pad byte of an odd one."""
    return name + struct.pack("<I", len(content)) + content + (pad if len(content) % 2 else b"")


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(tag, channels, bits, fs=FS):
    align = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, fs, fs * align, align, bits))


def fmt_extensible(tag, channels, bits, mask, fs=FS):
    align = channels * bits // 8
    head = struct.pack("<HHIIHHHHI", EXTENSIBLE, channels, fs, fs * align, align, bits, 22, bits, mask)
    return chunk(b"fmt ", head + struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71"))


def data(x):
    """(frames, channels) as a data chunk of 32-bit float."""
    return chunk(b"data", np.asarray(x).astype("<f4").tobytes())


def float_wav(x, fs=FS):
    """(frames, channels) as a whole file."""
    return riff(fmt(IEEE_FLOAT, x.shape[1], 32, fs), data(x))


def packed24(x):
    """Samples in -1 ... 1 as three bytes each."""
    return np.round(np.asarray(x) * 2**23).astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()


# --------------------------------------------------------------------------------------------------------- signals


def noise(frames, channels=2, level_db=-20.0, seed=0):
    """(frames, channels) white, float32 values."""
    return (np.random.default_rng(seed).standard_normal((frames, channels)) * 10 ** (level_db / 20)).astype(np.float32)


def in_pieces(process, x, sizes):
    """Feed x (channels, frames) in calls of the given sizes, over and over, and join what comes out."""
    out, start, i = [], 0, 0
    while start < x.shape[1]:
        size = sizes[i % len(sizes)]
        out.append(process(x[:, start : start + size]))
        start, i = start + size, i + 1
    return np.concatenate(out, axis=1)


def error_db(y, truth):
    """RMS of the difference over the RMS of the truth."""
    return 20 * np.log10(np.sqrt(np.mean((y - truth) ** 2) / np.mean(truth**2)) + 1e-20)


# ----------------------------------------------------------------------------------------------------------- banks


def bank(drivers=3, n_taps=200, *, paths=PATHS, latency=40, upmix="off", channels=None, gain_db=0.0, seed=1, fs=FS, figures=None):
    """Filters that decay, with their peak near the latency."""
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.abs(np.arange(n_taps) - latency) / 15)
    return FilterMatrix(
        taps=0.3 * rng.standard_normal((drivers, len(paths), n_taps)) * decay,
        fs=fs,
        latency_samples=latency,
        input_names=paths,
        driver_names=(*NAMES, *(f"driver {n}" for n in range(9, 17)))[:drivers],
        channels=channels or tuple(range(1, drivers + 1)),
        recipe=RenderRecipe(upmix),
        headroom_gain_db=gain_db,
        figures=figures or {},
    )


def straight_through(latency=0, n_taps=64, *, fs=FS, upmix="off"):
    """Two drivers that get L' + C and R' + C, late by the latency."""
    taps = np.zeros((2, 3, n_taps))
    taps[0, 0, latency] = taps[1, 1, latency] = taps[:, 2, latency] = 1
    return FilterMatrix(taps, fs, latency, PATHS, ("left", "right"), (1, 2), RenderRecipe(upmix))
