"""Table of the upmix methods on mixtures whose sources are known: synthetic ones, and stems where they are given.

python benchmarks/upmix_table.py [--seeds 1 7 23] [--seconds 6] [--centre lead.flac --backing backing.flac]

A lead of voiced syllables in the centre, over sources that are hard-panned, panned, moving, decorrelated, picked up by a spaced pair,
or all of it. Peers are in upmix_peers.py; the published one's row is quoted from measurements on other mixtures of the same kinds: it is
to compare orders of magnitude.

Stems are put together in three ways. SIR and SDR say little there: where a stem is itself a mixture with a middle and sides, its middle
belongs in C and yet counts as something else.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from upmix_peers import active_matrix, centre_cut  # noqa: E402

from spatial.analysis.separation import Mixture, Separation, separation
from spatial.bank.recipe import RenderRecipe
from spatial.dsp.make import make_upmix

FS = 48000
Floats = NDArray[np.float64]
Peer = Callable[[Floats, int], Floats]
METHODS: dict[str, RenderRecipe | Peer] = {
    "static matrix": RenderRecipe("matrix"),
    "active matrix": active_matrix,
    "centre cut": centre_cut,
    "projection, 21 ms": RenderRecipe("projection", 21.0),
    "directional, 0 ms": RenderRecipe("directional", 0.0),
    "directional, 2.7 ms": RenderRecipe("directional", 2.7),
    "directional, 21 ms": RenderRecipe("directional", 21.0),
    "directional, 85 ms": RenderRecipe("directional", 85.0),
}
QUOTED = {"Vickers 2009 (quoted)": (9.4, 12.1, float("nan"), -24.0, -22.6, 0.11)}
COLUMNS = ("SDR dB", "SIR", "SAR", "hard-panned in C", "centre in L', R'", "|corr(C, L-R)|")


def voice(rng: np.random.Generator, frames: int, pitch_hz: float) -> Floats:
    """Syllables: a glottal pulse train that glides, in two formants that jump, with pauses."""
    t = np.arange(frames) / FS
    out = np.zeros(frames)
    start = 0
    while start < frames:
        length = int(rng.uniform(0.12, 0.4) * FS)
        if rng.random() < 0.8:
            now = t[start : start + length] - t[start]
            phase = 2 * np.pi * pitch_hz * rng.uniform(0.8, 1.3) * (now + rng.uniform(-0.3, 0.3) * now**2)
            formants = rng.uniform(300, 800), rng.uniform(900, 2600)
            f0 = np.gradient(phase) * FS / (2 * np.pi) if now.size > 1 else np.full(now.size, pitch_hz)
            for h in range(1, 40):
                gain = sum(1 / (1 + ((h * f0 - formant) / 120) ** 2) for formant in formants) + 0.02
                out[start : start + length] += gain * np.sin(h * phase) * (h * f0 < 16000)
            out[start : start + length] *= np.hanning(now.size + 2)[1:-1] ** 0.5
        start += length
    return out / np.sqrt(np.mean(out**2)) * 0.1


def pink(rng: np.random.Generator, frames: int) -> Floats:
    """Noise of 3 dB less per octave."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    x = np.fft.irfft(spectrum, frames)
    return x / x.std() * 0.1


def drums(rng: np.random.Generator, frames: int) -> Floats:
    """Bursts of noise, four a second."""
    age = np.arange(frames) % (FS // 4)
    x = rng.standard_normal(frames) * np.exp(-age / (0.02 * FS))
    return x / x.std() * 0.1


def panned(x: Floats, pan: Floats | float) -> Floats:
    """Constant power; pan -1 left to 1 right, also changing."""
    angle = (np.asarray(pan) + 1) * np.pi / 4
    return np.stack([np.cos(angle) * x, np.sin(angle) * x])


def spaced(x: Floats, delay: int) -> Floats:
    """A pair of microphones: earlier and louder at the left."""
    return np.stack([x, 0.7 * np.concatenate([np.zeros(delay), x[:-delay]])])


def mixtures(seed: int, frames: int) -> list[Mixture]:
    """One of each kind."""
    rng = np.random.default_rng(seed)

    def lead() -> Floats:
        return voice(rng, frames, rng.uniform(110, 220))

    def other() -> Floats:
        return voice(rng, frames, rng.uniform(110, 330))

    t = np.arange(frames) / FS
    hard = [panned(other(), -1), panned(drums(rng, frames), 1)]
    between = [panned(other(), -0.5), panned(other(), 0.6)]
    moving = [panned(other(), np.sin(2 * np.pi * 0.3 * t))]
    apart = [0.7 * np.stack([pink(rng, frames), pink(rng, frames)])]
    pair = [spaced(other(), 37), spaced(drums(rng, frames), 21)[::-1]]
    kinds = {
        "hard": (hard, (True, True)),
        "panned": (between, (False, False)),
        "moving": (moving, (False,)),
        "decorrelated": (apart, (False,)),
        "spaced pair": (pair, (False, False)),
        "dense": ([0.6 * x for x in (*hard, *between, *apart)], (True, True, False, False, False)),
    }
    return [Mixture(name, lead(), np.array(images), which) for name, (images, which) in kinds.items()]


def stems(centre_file: Path, backing_file: Path) -> tuple[dict[str, Mixture], int]:
    """Two stereo stems put together in three ways, by name, and their rate."""
    import soundfile

    centre, fs = soundfile.read(centre_file, always_2d=True)
    backing, fs_backing = soundfile.read(backing_file, always_2d=True)
    if fs != fs_backing or backing.shape[1] != 2:
        raise SystemExit(f"{centre_file} and {backing_file}: one rate and a stereo backing are wanted")
    frames = min(len(centre), len(backing))
    lead, backing = np.broadcast_to(centre[:frames], (frames, 2)).T, backing[:frames].T
    lead_mid, backing_mid = lead.mean(axis=0), backing.mean(axis=0)
    first, second = centre_file.stem, backing_file.stem
    ways = {f"{first} as mono in the centre, {second} as it is": Mixture("mono", lead_mid, backing[None], (False,))}
    if np.ptp(lead - lead_mid) > 0:
        as_it_is = np.array([backing, lead - lead_mid])
        ways[f"{first} and {second} as they are, the middle of the first is the centre"] = Mixture(
            "stems", lead_mid, as_it_is, (False, False)
        )
        ways[f"{second} as mono in the centre, {first} as it is"] = Mixture("exchanged", backing_mid, lead[None], (False,))
    return ways, fs


def upmixed(stereo: Floats, method: RenderRecipe | Peer, fs: int) -> Floats:
    """L', R', C (3, frames) of a method, delay taken out."""
    if not isinstance(method, RenderRecipe):
        centre = method(stereo, fs)
        return np.stack([*(stereo - centre), centre])
    upmix = make_upmix(method, fs)
    late = upmix.process(np.pad(stereo, ((0, 0), (0, upmix.latency))).astype(np.float32))
    return late[:, upmix.latency :].astype(np.float64)


def score(mixture: Mixture, method: RenderRecipe | Peer, fs: int) -> Separation:
    """Upmix and judge."""
    return separation(mixture, upmixed(mixture.stereo, method, fs), fs)


def print_table(title: str, items: list[Mixture], fs: int = FS, *, quoted: bool = True) -> None:
    """Means over the mixtures, a row a method."""
    print(f"\n{title}\n{'':<24}" + "".join(f"{column:>20}" for column in COLUMNS))
    rows = {}
    for name, method in METHODS.items():
        columns = np.array([dataclasses.astuple(score(mixture, method, fs))[: len(COLUMNS)] for mixture in items]).T
        rows[name] = tuple(np.mean(column[~np.isnan(column)]) if not np.isnan(column).all() else np.nan for column in columns)
    for name, row in (rows | (QUOTED if quoted else {})).items():
        print(f"{name:<24}" + "".join(f"{'-':>20}" if np.isnan(x) else f"{min(x, 120.0):>20.2f}" for x in row))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 7, 23])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--centre", type=Path, help="stem that is the centre")
    parser.add_argument("--backing", type=Path, help="stereo stem of all else")
    args = parser.parse_args()
    items = [mixture for seed in args.seeds for mixture in mixtures(seed, int(args.seconds * FS))]
    print_table(f"mean over {len(items)} synthetic mixtures", items)
    if args.centre and args.backing:
        ways, fs = stems(args.centre, args.backing)
        for title, mixture in ways.items():
            print_table(title, [mixture], fs, quoted=False)


if __name__ == "__main__":
    main()
