"""How long a design takes on this machine: processor time, least and median of interleaved rounds, one BLAS thread where designs use one.

python benchmarks/design.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np

from spatial.acoustics import transfer
from spatial.acoustics.points import POSES, Ears
from spatial.design.crosstalk import least_effort_weights, nearest_in_disc, reachable_leaks
from spatial.design.filter_bank import compute_filters
from spatial.design.realize import solve_block_toeplitz
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import RigFile

DRIVERS, BINS, TAPS = 8, 2049, 512


def bar(mode: str, robust: bool) -> RigFile:
    """Eight omnis over 0.92 m, listener at 2 m, the centre by the reference alone."""
    text = 'format = 1\nname = "bar of eight"\n[listener]\ndistance_m = 2.0\n'
    for i, left in enumerate(np.linspace(0.46, -0.46, DRIVERS)):
        text += f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ front = 0.0, left = {left}, up = 0.0 }}\n'
    text += f'[design.crosstalk]\nmode = "{mode}"\nrobust = {str(robust).lower()}\n[design.beam]\npreset = "reference"\n'
    return rig_from_text(text, "bar.toml")


def closed_form() -> Callable[[], object]:
    """Disc, projection and weights for 2049 bins and eight drivers."""
    rng = np.random.default_rng(0)
    h_ipsi, h_contra = rng.standard_normal((2, BINS, DRIVERS)) + 1j * rng.standard_normal((2, BINS, DRIVERS))
    d, effort = np.ones(BINS, complex), np.full(BINS, 4.0)

    def run() -> object:
        c0, rho = reachable_leaks(h_ipsi, h_contra, d, effort)
        return least_effort_weights(h_ipsi, h_contra, d, nearest_in_disc(0 * d, c0, rho))

    return run


def head_poses() -> Callable[[], object]:
    """Eight drivers to both ears in 27 poses at 2049 frequencies."""
    rig_file = bar("null", robust=True)
    freqs = np.maximum(np.arange(BINS) * 48000 / 4096, 0.1)

    def run() -> object:
        transfer.forget_ears()
        return transfer.transfer_matrix(rig_file.rig, Ears.cloud(rig_file.scene.listener, POSES), freqs)

    return run


def ears_near(rig: str, fs: int) -> Callable[[], object]:
    """A shipped rig on a body to both ears in 27 poses, nothing kept from before."""
    rig_file = load_rig(rig)
    freqs = np.maximum(np.arange(BINS) * fs / 4096, 0.1)

    def run() -> object:
        transfer.forget_ears()
        return transfer.transfer_matrix(rig_file.rig, Ears.cloud(rig_file.scene.listener, POSES), freqs)

    return run


def driver_moves() -> Callable[[], object]:
    """A driver of a ball is dragged around: 30 frequencies at one head whose operator is kept."""
    text = """format = 1
name = "one on a ball"
[listener]
distance_m = 2.0
[enclosure]
shape = "sphere"
radius_m = 0.09
[[driver]]
name = "one"
channel = 1
azimuth_deg = {azimuth_deg}
diameter_m = 0.045
"""
    rigs = [rig_from_text(text.format(azimuth_deg=float(azimuth)), "one.toml") for azimuth in range(-170, 180)]
    freqs, turn = np.geomspace(120, 10000, 30), itertools.count()

    def run() -> object:
        rig_file = rigs[next(turn) % len(rigs)]
        return transfer.transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), freqs)

    return run


def circle_around_a_body(rig: str) -> Callable[[], object]:
    """Pressure of all drivers at 80 points of a circle of 2 m, 110 frequencies, without a head."""
    rig_file, turn = load_rig(rig), np.linspace(-np.pi, np.pi, 80, endpoint=False)
    points = 2.0 * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    return lambda: transfer.pressure_at(rig_file.rig, points, np.geomspace(100, 16000, 110))


def toeplitz() -> Callable[[], object]:
    """The normal equations of eight filters of 512 taps."""
    rng = np.random.default_rng(1)
    a = rng.standard_normal((BINS, 2, DRIVERS)) + 1j * rng.standard_normal((BINS, 2, DRIVERS))
    spectra = np.einsum("fei,fej->fij", a.conj(), a) + 1e-2 * np.eye(DRIVERS)
    lags, right = np.fft.irfft(spectra, axis=0)[:TAPS], rng.standard_normal((TAPS, DRIVERS))
    return lambda: solve_block_toeplitz(lags, right)


def whole(mode: str, robust: bool) -> Callable[[], object]:
    """Rig to taps."""
    rig_file = bar(mode, robust)

    def run() -> object:
        transfer.forget_ears()
        return compute_filters(rig_file)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    jobs = {
        f"closed form, {BINS} bins, {DRIVERS} drivers": closed_form(),
        f"head, 27 poses x {DRIVERS} drivers x {BINS} bins": head_poses(),
        "ears, 27 poses, ball_two_tier": ears_near("ball_two_tier", 48000),
        "ears, 27 poses, cylinder4": ears_near("cylinder4", 48000),
        "ears, 27 poses, cylinder4 at 88.2 kHz": ears_near("cylinder4", 88200),
        "ears, a driver of a ball moves, 30 frequencies": driver_moves(),
        "circle of 80 points, ball_two_tier": circle_around_a_body("ball_two_tier"),
        "circle of 80 points, cylinder4": circle_around_a_body("cylinder4"),
        f"block Toeplitz, {DRIVERS} x {TAPS} taps": toeplitz(),
        f"design of {DRIVERS} drivers, virtual": whole("virtual", False),
        f"design of {DRIVERS} drivers, null over 27 poses": whole("null", True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            seconds[name].append(time.process_time() - start)
    print(f"{'':48}{'least':>10}{'median':>10}   ms of the processor, {rounds} rounds")
    for name, taken in seconds.items():
        print(f"{name:48}{1e3 * min(taken):10.1f}{1e3 * statistics.median(taken):10.1f}")


if __name__ == "__main__":
    main()
