"""How much of a core the upmix takes.

Minima and medians over interleaved rounds of ten seconds of noise at 48 kHz, as percentages of the ten seconds. Processor time, so that
what else runs counts little.

python benchmarks/upmix.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from spatial.bank.recipe import RenderRecipe
from spatial.dsp.backends import describe_engine
from spatial.dsp.make import make_upmix

FS, SECONDS = 48000, 10
CASES = [
    *((method, ms) for method in ("directional", "projection") for ms in (0.0, 2.7, 21.0, 85.0) if (method, ms) != ("projection", 0.0)),
    ("matrix", 0.0),
]
ASKED = {("directional", 21.0): 1.0}


def main() -> None:
    """Time all cases and print them; exit 1 where the C core takes more than is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    x = 0.1 * np.random.default_rng(0).standard_normal((2, SECONDS * FS)).astype(np.float32)
    x[1] = 0.7 * x[0] + 0.3 * x[1]
    upmixes = {case: make_upmix(RenderRecipe(*case), FS) for case in CASES}
    shares: dict[tuple[str, float], list[float]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for case, upmix in upmixes.items():
            started = time.process_time()
            upmix.process(x)
            shares[case].append(100 * (time.process_time() - started) / SECONDS)

    engine = describe_engine()
    print(f"engine {engine}, {FS} Hz, % of a core         minimum   median   asked")
    short = False
    for case, percent in shares.items():
        asked = ASKED.get(case)
        print(
            f"{case[0]:<12} {case[1]:>5g} ms {min(percent):>36.2f} {statistics.median(percent):>8.2f}   {f'<= {asked:g}' if asked else ''}"
        )
        short |= engine.startswith("c ") and asked is not None and min(percent) > asked
    raise SystemExit(int(short))


if __name__ == "__main__":
    main()
