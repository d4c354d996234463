"""What the limiter lets through between samples: true peaks of its output, by BS.1770's meter and by much finer interpolation.

Every row is one signal at +20 dBFS, through the limiter at one sample rate; frequencies are shares of the rate, so
that 0.087 is 4176 Hz at 48 kHz, where BS.1770's own filter reads most too much. "meter" is the meter of BS.1770-5 (four places a sample,
12 taps each), "32 x" SciPy's polyphase resampling by 32 with 128 taps a place, which no meter has. Figures are dBTP.

python benchmarks/true_peak.py [--rates 1000 2000 8000 48000 192000 768000] [--level-db 20] [--write]
"""

from __future__ import annotations

import argparse

import numpy as np
from machine import markdown, publish
from numpy.typing import NDArray
from scipy import signal

from spatial.dsp.make import make_limiter
from spatial.dsp.twins.meters import TruePeakMeter

RATES = (1000, 2000, 8000, 48000, 192000, 768000)
FRAMES = 24000
OVERSAMPLING = 32
HALF_TAPS = 64
"""Of the fine interpolation, on either side."""

Signal = NDArray[np.float64]


def signals(frames: int) -> dict[str, Signal]:
    """Of full scale: what is hard to limit."""
    rng = np.random.default_rng(0)
    t = np.arange(frames)
    gated = (t // 300) % 2
    made = {f"sine, {share:g}": np.sin(2 * np.pi * share * t) for share in (0.01, 0.05, 0.087, 0.1, 0.2, 0.253, 0.3, 0.4, 0.45)}
    made |= {f"bursts, {share:g}": np.sin(2 * np.pi * share * t) * gated for share in (0.05, 0.087, 0.2, 0.3)}
    made |= {f"square, {share:g}": np.sign(np.sin(2 * np.pi * share * t + 1e-3)) for share in (0.0101, 0.087, 0.1003)}
    noise = rng.standard_normal(frames)
    return made | {
        "noise": noise,
        "noise below 0.3": signal.sosfiltfilt(signal.butter(8, 0.6, output="sos"), noise),
        "noise, gated": noise * gated,
        "clicks": noise * (rng.random(frames) < 0.01),
        "random signs": np.sign(noise),
    }


def limited(x: Signal, fs: int) -> NDArray[np.float32]:
    """The limiter's output, its latency taken out, with silence before and after."""
    limiter = make_limiter(1, fs)
    padded = np.pad(x, (0, limiter.latency + 2 * HALF_TAPS)).astype(np.float32)
    return limiter.process(padded[None])[0]


def meter_dbtp(y: NDArray[np.float32]) -> float:
    """As BS.1770-5 reads it."""
    meter = TruePeakMeter(1)
    meter.add(y[None])
    return float(meter.true_peak_db or -np.inf)


def fine_dbtp(y: NDArray[np.float32]) -> float:
    """By resampling with a long filter: stop band -90 dB, pass band to 0.47 of the rate."""
    taps = signal.firwin(2 * HALF_TAPS * OVERSAMPLING + 1, 1 / OVERSAMPLING, window=("kaiser", 9.0))
    return float(20 * np.log10(np.abs(signal.resample_poly(y.astype(np.float64), OVERSAMPLING, 1, window=taps)).max()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="HZ")
    parser.add_argument("--level-db", type=float, default=20.0, metavar="X", help="peak of the signals, dBFS")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    args = parser.parse_args()
    rows = []
    for name, x in signals(FRAMES).items():
        x = x / np.abs(x).max() * 10 ** (args.level_db / 20)
        made = [limited(x, fs) for fs in args.rates]
        samples = max(float(20 * np.log10(np.abs(y).max())) for y in made)
        rows.append([name, f"{samples:.2f}", *(f"{meter_dbtp(y):.2f} / {fine_dbtp(y):.2f}" for y in made)])
    head = ["signal", "sample, dBFS", *(f"{fs / 1000:g} kHz: meter / 32 x" for fs in args.rates)]
    table = markdown(head, rows)
    publish("true peaks", table, args.write)


if __name__ == "__main__":
    main()
