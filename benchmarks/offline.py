"""Files and arrays as quickly as they go: the convolution by itself, and `spatial render` from file to file, against what else there is.

Processor seconds of all threads and processes, the quickest of several rounds in turn; start-up is taken off by a run over one second of
sound. Noise through dense noise filters of 4096 taps at 48 kHz.

python benchmarks/offline.py [--minutes 5] [--rounds 3] [--write]
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import in_turn, markdown, publish

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.dsp.make import make_convolver

FS = 48000
N_TAPS = 4096
CHUNK = 8192


def main() -> None:
    """Both tables, and the peak of memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    args = parser.parse_args()
    seconds = int(60 * args.minutes)
    publish("offline arrays", arrays(seconds, args.rounds), args.write)
    with tempfile.TemporaryDirectory(prefix="spatial-bench-") as folder:
        publish("offline files", files(Path(folder), seconds, args.rounds), args.write)


def noise(n_channels: int, n_frames: int) -> np.ndarray:
    """White noise at -20 dB."""
    return 0.1 * np.random.default_rng(0).standard_normal((n_channels, n_frames), dtype=np.float32)


def noise_taps(n_outputs: int, n_inputs: int) -> np.ndarray:
    """About unit gain."""
    return np.random.default_rng(1).standard_normal((n_outputs, n_inputs, N_TAPS)).astype(np.float32) / math.sqrt(N_TAPS * n_inputs)


# ---- arrays ----


def arrays(seconds: int, rounds: int) -> str:
    """Stereo to five drivers, ten convolutions, in memory, each library in its own best way."""
    x, taps = noise(2, seconds * FS), noise_taps(5, 2)
    runs: dict[str, Callable[[], float]] = {
        f"ours, block {block}": clocked(lambda block=block: ours(taps, x, block)) for block in (128, 512, 1024, 4096)
    }
    from scipy.signal import oaconvolve

    runs["scipy oaconvolve"] = clocked(lambda: [sum(oaconvolve(x[i], row[i]) for i in range(2)) for row in taps])
    try:
        from pedalboard import Convolution
    except ImportError:
        pass
    else:
        filters = [[Convolution(h, sample_rate=FS) for h in row] for row in taps]
        runs["pedalboard"] = clocked(lambda: [sum(row[i].process(x[i : i + 1], FS) for i in range(2)) for row in filters])
    best = {name: min(results) for name, results in in_turn(runs, rounds).items()}
    rows = [[name, f"{time_taken:.2f}", f"{seconds / time_taken:.0f}"] for name, time_taken in best.items()]
    asked = "Asked: at least 1500 times real time at block 1024."
    return f"{markdown(('stereo to 5 drivers', 'processor s', 'x real time'), rows)}\n\n{seconds} s of sound. {asked}"


def ours(taps: np.ndarray, x: np.ndarray, block: int) -> None:
    """All of x, piece by piece."""
    convolver = make_convolver(taps, block, exact_blocks=True)
    size = max(CHUNK, block)
    for begin in range(0, x.shape[1] - size + 1, size):
        convolver.process(x[:, begin : begin + size])


def clocked(action: Callable[[], object]) -> Callable[[], float]:
    """Processor seconds of an action in this process."""

    def run() -> float:
        before = time.process_time()
        action()
        return time.process_time() - before

    return run


# ---- files ----


def files(folder: Path, seconds: int, rounds: int) -> str:
    """Stereo file to eight driver feeds in a float file: three inputs, 24 convolutions."""
    import soundfile

    taps = noise_taps(8, 3)
    for upmix in ("matrix", "directional"):
        FilterMatrix(
            taps=taps.astype(float),
            fs=FS,
            latency_samples=0,
            input_names=("left", "right", "center"),
            driver_names=tuple(f"d{k}" for k in range(8)),
            channels=tuple(range(1, 9)),
            recipe=RenderRecipe(upmix),
        ).save(folder / f"{upmix}.npz")
    lengths = {"short": 1, "minute": 60, "long": seconds}
    for name, length in lengths.items():
        soundfile.write(folder / f"{name}.wav", noise(2, length * FS).T, FS, subtype="FLOAT")
    # ffmpeg wants the 24 filters as one file of 24 channels, driver by driver
    soundfile.write(folder / "filters.wav", taps.reshape(24, N_TAPS).T, FS, subtype="FLOAT")

    commands = {
        f"spatial render, {upmix} upmix": lambda name, upmix=upmix: spatial_command(folder, name, upmix)
        for upmix in ("matrix", "directional")
    }
    if shutil.which("ffmpeg"):
        commands["ffmpeg afir, 24 convolutions"] = lambda name: ffmpeg_command(folder, name)

    def run(name: str) -> Callable[[], float]:
        return lambda: spent(commands[name]("long")) - spent(commands[name]("short"))

    best = {name: min(results) for name, results in in_turn({name: run(name) for name in commands}, rounds).items()}
    rows = [[name, f"{taken:.2f}", f"{(seconds - 1) / taken:.0f}"] for name, taken in best.items()]
    peaks = [peak_megabytes(spatial_command(folder, name, "matrix")) for name in ("minute", "long")]
    return (
        f"{markdown(('file to file, 8 drivers', 'processor s', 'x real time'), rows)}\n\n"
        f"{seconds} s of sound, block 128. Asked: at least 400 times real time with the matrix upmix, 120 with the directional one, and a "
        f"third of ffmpeg's time. Peak of memory {peaks[0]:.0f} MB for 1 min, {peaks[1]:.0f} MB for {seconds / 60:g} min."
    )


def spatial_command(folder: Path, name: str, upmix: str) -> list[str]:
    """As a user types it."""
    files = [str(folder / f"{name}.wav"), str(folder / "out.wav")]
    return [sys.executable, "-m", "spatial", "render", *files, "--bank", str(folder / f"{upmix}.npz"), "--block", "128", "-f"]


def ffmpeg_command(folder: Path, name: str) -> list[str]:
    """Left, right and half their sum through eight filters each, then sums of three."""
    spread = "|".join(f"c{k}={('c0', 'c1', '0.5*c0+0.5*c1')[k % 3]}" for k in range(24))
    gather = "|".join(f"c{d}=c{3 * d}+c{3 * d + 1}+c{3 * d + 2}" for d in range(8))
    graph = f"[0:a]pan=24c|{spread}[x];[x][1:a]afir=gtype=none:irfmt=input[y];[y]pan=8c|{gather}"
    inputs = ["-i", str(folder / f"{name}.wav"), "-i", str(folder / "filters.wav")]
    return [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-threads",
        "1",
        *inputs,
        "-filter_complex",
        graph,
        "-c:a",
        "pcm_f32le",
        str(folder / "out_ffmpeg.wav"),
    ]


def spent(command: list[str]) -> float:
    """Processor seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_megabytes(command: list[str]) -> float:
    """Largest resident memory of a command (Linux)."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    return int(subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True).stdout) / 1024


if __name__ == "__main__":
    main()
