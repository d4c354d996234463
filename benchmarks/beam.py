"""How long a beam takes on this machine: minima and medians over interleaved rounds.

python benchmarks/beam.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from spatial.acoustics.points import arc, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_figures import beam_figures
from spatial.catalogue.figures import study_of
from spatial.design.beam_problem import mean_power
from spatial.design.beamformer import beam_weights
from spatial.design.constant_directivity import constant_directivity
from spatial.design.filter_bank import compute_filters
from spatial.rig.load import load_rig

BINS = np.maximum(np.arange(2049) * 48000 / 4096, 0.1)
CONSTANT_FREQS = 200


def constant() -> Callable[[], object]:
    """Constant directivity of the ring of seven at 200 frequencies, its matrices given; asked: 5 ms."""
    rig, f = load_rig("ring7").rig, np.geomspace(100, 6000, CONSTANT_FREQS)
    points, weights = space_of("sphere")
    sphere = mean_power(transfer_matrix(rig, points, f), weights)
    front = transfer_matrix(rig, arc(0.0), f)[:, 0]
    alone = np.eye(len(rig.drivers))[:1] / front[:, :1]
    effort, cost = 10**0.58 / np.abs(front[:, 0]) ** 2, np.ones(front.shape)
    return lambda: constant_directivity(front, sphere, cost, 6.0, effort, alone)


def preset(name: str, beam: str) -> Callable[[], object]:
    """A whole beam, responses of the drivers included, at 2049 frequencies; asked: about a second."""
    rig_file = load_rig(name, [f"design.beam.preset={beam}"])
    return lambda: beam_weights(rig_file, BINS)


def figures(name: str) -> Callable[[], object]:
    """All figures of a beam, a hundred draws of tolerances included."""
    rig_file = load_rig(name)
    bank = compute_filters(rig_file)
    return lambda: beam_figures(study_of(bank, rig_file))


CASES: dict[str, Callable[[], object]] = {
    "constant directivity, 7 drivers, 200 frequencies": constant(),
    "null, three on a ball": preset("ball3", "null"),
    "null, ring of seven": preset("ring7", "null"),
    "null, eight in two tiers": preset("ball_two_tier", "null"),
    "room, four on a cylinder": preset("cylinder4", "room"),
    "null, bar of eight": preset("bar8", "null"),
    "figures, ring of seven": figures("ring7"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, run in CASES.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    for name, times in taken.items():
        print(f"{name:50s} least {min(times) * 1e3:8.1f} ms   median {statistics.median(times) * 1e3:8.1f} ms")


if __name__ == "__main__":
    main()
