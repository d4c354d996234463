"""Whether a change of structure left what is computed alone: hashes of banks, renders and tables of all shipped rigs in all modes.

    python benchmarks/same_bits.py -o before.json      # on the commit before
    python benchmarks/same_bits.py --against before.json

The command line is asked, nothing else, so that the insides may move. A bank's hash is that of the file: taps, header and figures. Another
machine or another NumPy rounds otherwise: both runs belong to one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

FS, SECONDS = 48000, 4.0
MODES = {
    "as shipped": (),
    "target": ("design.crosstalk.mode=target", "design.beam.preset=room"),
    "null": ("design.crosstalk.mode=null", "design.crosstalk.robust=false", "design.beam.preset=power_ratio"),
    "null, robust": ("design.crosstalk.mode=null", "design.crosstalk.robust=true", "design.beam.preset=constant"),
    "target, robust": ("design.crosstalk.mode=target", "design.crosstalk.robust=true", "design.beam.preset=reference"),
    "virtual, robust": ("design.crosstalk.mode=virtual", "design.crosstalk.robust=true", "design.tone=flat"),
    "virtual, alike": ("design.crosstalk.mode=virtual", "tolerance.gain_db=0", "tolerance.phase_deg=0", "design.tone=driver"),
}
RENDERS = {"as designed": (), "bypass": ("--bypass",), "solo": ("--solo", "center"), "block 64": ("--block", "64", "--keep-latency")}
UPMIXES = (
    ("off", 21),
    ("matrix", 21),
    ("directional", 0),
    ("directional", 2.7),
    ("directional", 21),
    ("directional", 85),
    ("projection", 21),
)


def spatial(*words: str) -> bytes:
    """Standard output of a command; what it says of an error where it ends in one."""
    done = subprocess.run([sys.executable, "-m", "spatial", *words], capture_output=True)
    return done.stdout if done.returncode == 0 else b"exit %d: " % done.returncode + done.stderr


def sha256(content: bytes) -> str:
    """The first 16 digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def music(path: Path) -> None:
    """Pink noise in three places, a beat and a sweep that is panned, stereo float."""
    rng, n = np.random.default_rng(3), int(FS * SECONDS)
    t = np.arange(n) / FS
    spectrum = np.fft.rfft(rng.standard_normal((3, n))) / np.sqrt(np.maximum(np.arange(n // 2 + 1), 20))
    left, right, middle = 2.0 * np.fft.irfft(spectrum, n)
    beat = np.exp(-((t % 0.5) * 30)) * np.sin(2 * np.pi * 60 * t)
    sweep, pan = 0.1 * np.sin(2 * np.pi * 200 * np.exp(t)), 0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * t)
    mix = np.stack([left + middle + beat + pan * sweep, right + middle + beat + (1 - pan) * sweep], axis=1)
    soundfile.write(path, (0.7 * mix / np.abs(mix).max()).astype("float32"), FS, subtype="FLOAT")


def of_rig(rig: str, folder: Path) -> dict[str, str]:
    """Hashes of all that one rig makes."""
    found = {f"{rig}: check": sha256(spatial("check", rig)), f"{rig}: check as JSON": sha256(spatial("check", rig, "--json"))}
    found[f"{rig}: bands, trade"] = sha256(spatial("check", rig, "--bands", "--trade"))
    for mode, settings in MODES.items():
        bank = folder / f"{rig}.npz"
        told = spatial("design", rig, "-f", "-o", str(bank), "--bands", *(word for setting in settings for word in ("--set", setting)))
        found[f"{rig}, {mode}: table"] = sha256(told)
        if bank.exists():
            found[f"{rig}, {mode}: bank"] = sha256(bank.read_bytes())
            if mode == "as shipped":
                found |= of_bank(rig, bank, folder)
            bank.unlink()
    return found


def of_bank(rig: str, bank: Path, folder: Path) -> dict[str, str]:
    """Hashes of what becomes of a bank."""
    against = ("--against", "all") if rig != "headphones" else ()
    found = {f"{rig}: figures": sha256(spatial("analyze", str(bank), "--json", *against))}
    found[f"{rig}: analyze"] = sha256(spatial("analyze", str(bank)))
    for name, options in RENDERS.items():
        out = folder / f"{rig}.wav"
        spatial("render", str(folder / "music.wav"), str(out), "-f", "--bank", str(bank), *options)
        if out.exists():
            found[f"{rig}, {name}: render"] = sha256(soundfile.read(out, dtype="float32")[0].tobytes())
            out.unlink()
    return found


def of_upmix(method: str, latency_ms: float, folder: Path) -> dict[str, str]:
    """Hash of an upmix."""
    out = folder / f"{method}{latency_ms}.wav"
    spatial("upmix", str(folder / "music.wav"), str(out), "--method", method, "--latency-ms", str(latency_ms))
    return {f"upmix {method} {latency_ms}": sha256(soundfile.read(out, dtype="float32")[0].tobytes())}


def main() -> int:
    """Hashes to a file, or beside those of a file; exit code 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, help="write the hashes, JSON")
    parser.add_argument("--against", type=Path, help="hashes to compare with")
    parser.add_argument("--rigs", nargs="*", help="default: all shipped rigs")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    rigs = args.rigs or [rig["rig"] for rig in json.loads(spatial("rigs", "--json"))]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(args.jobs) as pool:
        folder = Path(name)
        music(folder / "music.wav")
        jobs = [pool.submit(of_rig, rig, folder) for rig in rigs] + [pool.submit(of_upmix, *upmix, folder) for upmix in UPMIXES]
        found = {what: of for job in jobs for what, of in job.result().items()}
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{len(found)} hashes, of all together {sha256(json.dumps(found, sort_keys=True).encode())}")
    if args.against is None:
        return 0
    before = json.loads(args.against.read_text())
    of_these = {what: of for what, of in before.items() if what in found or not args.rigs}
    other = sorted(what for what in of_these | found if of_these.get(what) != found.get(what))
    print("\n".join(["different:", *other]) if other else "the same bits")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
