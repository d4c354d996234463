"""The convolver against libzita-convolver and BruteFIR: time of a block, instructions, peak, error, and the floor of this processor.

Every row is one workload, INPUTS x OUTPUTS x TAPS @ BLOCK, of noise through dense noise filters. All programs run in turn, round after
round, and the quickest round of each counts; processor time of all threads. zita uniform has one size of partitions; zita tuned is the best
of its largest partitions and of the densities 0, 0.5 and 1. A/A is the same program twice: what a ratio is worth.

python benchmarks/convolver.py [--rounds 5] [--quick] [--no-counts] [--write]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from machine import Programs, block_costs, in_turn, instructions, markdown, output_of, publish

from spatial.dsp.make import make_convolver

FS = 48000


@dataclass(frozen=True)
class Workload:
    """Sizes, and the ratio to zita uniform that is asked for with AVX-512 and with AVX2."""

    n_inputs: int
    n_outputs: int
    n_taps: int
    block: int
    asked_avx512: float
    asked_avx2: float

    def __str__(self) -> str:
        return f"{self.n_inputs} x {self.n_outputs} x {self.n_taps} @ {self.block}"

    @property
    def arguments(self) -> list[int]:
        return [self.n_inputs, self.n_outputs, self.n_taps, self.block]

    @property
    def blocks(self) -> int:
        """Of one round: some tens of milliseconds."""
        return max(64, 40_000_000 // (self.n_inputs * self.n_outputs * self.n_taps))


WORKLOADS = (
    Workload(2, 2, 1024, 64, 5.2, 4.0),
    Workload(3, 5, 4096, 64, 14.9, 9.2),
    Workload(3, 5, 4096, 128, 9.0, 6.2),
    Workload(3, 8, 8192, 128, 10.3, 8.5),
    Workload(2, 2, 65536, 32, 39, 37),
    Workload(2, 2, 65536, 128, 30, 28),
    Workload(16, 16, 4096, 128, 8.7, 7.3),
)
DENSITIES = (0, 0.5, 1)
AVX2 = 2


def main() -> None:
    """Measure all workloads and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="only the third workload")
    parser.add_argument("--no-counts", action="store_true", help="no instruction counts")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    args = parser.parse_args()
    workloads = WORKLOADS[2:3] if args.quick else WORKLOADS
    programs = Programs()
    core, zita = programs.core_peer(), programs.zita_peer()
    times = [time_workload(workload, core, zita, args.rounds) for workload in workloads]
    publish("times", times_table(workloads, times), args.write)
    peak = json.loads(output_of([programs.roofline(), *sorted({working_set(workload) for workload in workloads})]))
    publish("floor", floor_table(workloads, times, peak), args.write)
    if not args.no_counts:
        publish("counts", counts_table(workloads, core, zita, times), args.write)


# ---- times ----


@dataclass(frozen=True)
class Times:
    """Microseconds of processor time a block."""

    core: float
    again: float
    avx2: float
    uniform: float
    tuned: float
    tuned_options: str
    brutefir: float
    errors_db: tuple[float, float]


def time_workload(workload: Workload, core: Path, zita: Path | None, rounds: int) -> Times:
    """All programs in turn."""
    errors: dict[str, float] = {}

    def peer(name: str, program: Path, options: str) -> Callable[[], float]:
        def run() -> float:
            figures = json.loads(output_of([program, *workload.arguments, options, workload.blocks, 5]))
            errors[name] = figures["error_db"]
            return figures["processor_us"]

        return run

    runs = {"core": peer("core", core, "0"), "avx2": peer("avx2", core, str(AVX2)), "again": peer("again", core, "0")}
    options = ""
    if zita:
        options = tune(workload, zita)
        runs |= {"uniform": peer("uniform", zita, "0 0"), "tuned": peer("tuned", zita, options)}
    best = {name: min(results) for name, results in in_turn(runs, rounds).items()}
    return Times(
        core=best["core"],
        again=best["again"],
        avx2=best["avx2"],
        uniform=best.get("uniform", math.nan),
        tuned=best.get("tuned", math.nan),
        tuned_options=options,
        brutefir=brutefir_us(workload),
        errors_db=(errors["core"], errors.get("uniform", math.nan)),
    )


def tune(workload: Workload, zita: Path) -> str:
    """Largest partition and density with which zita takes the least processor time."""
    largest = [size for size in (256, 512, 1024, 2048, 4096, 8192) if workload.block < size < workload.n_taps]
    best, options = math.inf, "0 0"
    for size, density in product(largest, DENSITIES):
        figures = json.loads(output_of([zita, *workload.arguments, f"{size} {density}", workload.blocks // 4 + 16, 2]))
        if figures["processor_us"] < best:
            best, options = figures["processor_us"], f"{size} {density}"
    return options


def brutefir_us(workload: Workload) -> float:
    """Processor time a block of BruteFIR, from file to nowhere; start-up taken off. NaN where it is missing or cannot."""
    if not shutil.which("brutefir") or workload.block < 64 or workload.n_taps % workload.block:
        return math.nan
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        n_partitions = workload.n_taps // workload.block
        inputs = [f"i{i}" for i in range(workload.n_inputs)]
        outputs = [f"o{o}" for o in range(workload.n_outputs)]
        pairs = list(product(inputs, outputs))
        text = f"float_bits: 32; sampling_rate: {FS}; filter_length: {workload.block},{n_partitions}; show_progress: false;\n"
        for i, o in pairs:
            (rng.standard_normal(workload.n_taps) / np.sqrt(workload.n_taps)).astype(np.float32).tofile(f"{folder}/{i}{o}.raw")
            text += f'coeff "{i}{o}" {{ filename: "{folder}/{i}{o}.raw"; format: "FLOAT_LE"; }};\n'
            text += f'filter "{i}{o}" {{ from_inputs: "{i}"; to_outputs: "{o}"; coeff: "{i}{o}"; }};\n'
        device = '{kind} {names} {{ device: "file" {{ path: "{path}"; }}; sample: "FLOAT_LE"; channels: {n}; }};\n'
        quoted = [", ".join(f'"{name}"' for name in names) for names in (inputs, outputs)]
        text += device.format(kind="input", names=quoted[0], path=f"{folder}/in.raw", n=len(inputs))
        text += device.format(kind="output", names=quoted[1], path="/dev/null", n=len(outputs))
        Path(folder, "config").write_text(text)
        seconds = []
        n_blocks = [100, 1000, 5000]  # the first run plans its transforms
        for n in n_blocks:
            rng.standard_normal(n * workload.block * workload.n_inputs).astype(np.float32).tofile(f"{folder}/in.raw")
            seconds.append(processor_seconds_of_all(["brutefir", "-quiet", f"{folder}/config"], folder))
            if math.isnan(seconds[-1]):
                return math.nan
    return 1e6 * (seconds[2] - seconds[1]) / (n_blocks[2] - n_blocks[1])


def processor_seconds_of_all(command: list[str], home: str) -> float:
    """Processor time of a command and of the processes that it leaves behind, which come to this one to be waited for (Linux)."""
    become_their_parent = 36  # PR_SET_CHILD_SUBREAPER
    ctypes.CDLL(None).prctl(become_their_parent, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=os.environ | {"HOME": home}, capture_output=True)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return math.nan
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def times_table(workloads: tuple[Workload, ...], times: list[Times]) -> str:
    """Microseconds and ratios; a ratio must reach 80 % of the one that is asked for."""
    rows = []
    for workload, t in zip(workloads, times, strict=True):
        asked = 0.8 * workload.asked_avx512
        rows.append([
            str(workload), f"{t.core:.2f}", f"{100 * t.core * 1e-6 * FS / workload.block:.3f} %", f"{t.core / t.again:.2f}",
            f"{t.avx2:.2f}", f"{t.uniform:.1f}", f"{t.tuned:.1f} ({t.tuned_options})", f"{t.brutefir:.0f}".replace("nan", "-"),
            f"{t.uniform / t.core:.1f} (>= {asked:.1f})", f"{t.uniform / t.avx2:.1f} (>= {0.8 * workload.asked_avx2:.1f})",
            f"{t.tuned / t.core:.1f} (>= 3)", f"{t.errors_db[0]:.0f}",
        ])  # fmt: skip
    head = (
        "workload", "us/block", "of a core", "A/A", "AVX2", "zita uniform", "zita tuned (partition, density)", "BruteFIR",
        "uniform / ours", "uniform / AVX2", "tuned / ours", "error dB",
    )  # fmt: skip
    return markdown(head, rows)


# ---- the floor ----


def working_set(workload: Workload) -> int:
    """Kilobytes of spectra, of the filters and of the inputs."""
    return max(16, workload.n_inputs * (workload.n_outputs + 1) * workload.n_taps * 8 // 1024)


@dataclass(frozen=True)
class Floor:
    """Microseconds of a block at the processor's peak: operations of products and of transforms, and reading."""

    products: float
    transforms: float
    reading: float

    @property
    def operations(self) -> float:
        return self.products + self.transforms

    @property
    def whole(self) -> float:
        """If all of it overlapped."""
        return max(self.operations, self.reading)

    @property
    def phases(self) -> float:
        """One after the other: transforms read next to nothing, products all there is."""
        return max(self.products, self.reading) + self.transforms


def floor_of(workload: Workload, partitions: tuple[int, ...], operations_rate: float, read_rate: float) -> Floor:
    """Of the levels that there are, at thousand millions of operations and of bytes a second.

    A complex product and sum takes 8 operations, a transform of B bins 5 B log2 B. Filters are read once, input spectra once for all
    outputs, both 8 bytes a bin.
    """
    products = transforms = bytes_read = 0.0
    for level, partition in enumerate(partitions):
        first = 2 * partition if level else 0
        end = 2 * partitions[level + 1] if level + 1 < len(partitions) else workload.n_taps
        bins = math.ceil((end - first) / partition) * partition / (partition / workload.block)  # a block
        products += 8 * bins * workload.n_inputs * workload.n_outputs
        transforms += 5 * math.log2(partition) * workload.block * (workload.n_inputs + workload.n_outputs)
        bytes_read += 8 * bins * workload.n_inputs * (workload.n_outputs + 1)
    return Floor(1e-3 * products / operations_rate, 1e-3 * transforms / operations_rate, 1e-3 * bytes_read / read_rate)


def floor_table(workloads: tuple[Workload, ...], times: list[Times], peak: dict) -> str:
    """How close a block comes to the floor: the larger of operations at the peak of fused multiply-adds and of bytes at cache bandwidth."""
    rows = []
    for workload, t in zip(workloads, times, strict=True):
        taps = np.ones((workload.n_outputs, workload.n_inputs, workload.n_taps), np.float32)
        taps[:, 0] = 2  # not mirror-symmetric
        partitions = make_convolver(taps, workload.block, engine="c").partitions
        floor = floor_of(workload, partitions, peak["fma"], peak["read"][str(working_set(workload))])
        rows.append([
            str(workload), ", ".join(map(str, partitions)), f"{floor.products:.2f} + {floor.transforms:.2f}", f"{floor.reading:.2f}",
            f"{t.core:.2f}", f"{100 * floor.whole / t.core:.0f} %", f"{100 * floor.phases / t.core:.0f} %",
            f"{100 * 2 * floor.operations / t.avx2:.0f} %",
        ])  # fmt: skip
    head = (
        "workload", "partitions", "operations us (products + transforms)", "reading us", "measured us", "floor / measured",
        "phases / measured", "AVX2: operations / measured",
    )  # fmt: skip
    rates = ", ".join(f"{kilobytes} KB {rate:.0f}" for kilobytes, rate in peak["read"].items())
    return (
        f"{markdown(head, rows)}\n\nPeak of one core with {peak['vector_bits']}-bit vectors: {peak['fma']:.0f} thousand million operations "
        f"a second fused, {peak['multiply_add']:.0f} separate; GB/s read from arrays of {rates}."
    )


# ---- instructions ----


def counts_table(workloads: tuple[Workload, ...], core: Path, zita: Path | None, times: list[Times]) -> str:
    """Thousands of instructions a block, from the difference of two runs; worst block over mean, from a dump after each block."""

    def count(program: Path, workload: Workload, options: str) -> float:
        n_blocks = 4 * 2048 // workload.block if workload.n_taps < 65536 else 8 * 2048 // workload.block
        totals = [instructions([program, *workload.arguments, options, n, 0]) for n in (n_blocks, 2 * n_blocks)]
        return math.nan if None in totals else (totals[1] - totals[0]) / n_blocks / 1000

    rows = []
    for workload, t in zip(workloads, times, strict=True):
        mine = count(core, workload, str(AVX2))
        costs = block_costs(core, [*workload.arguments, str(AVX2)], 2 * 2048 // workload.block + 1)[1:]
        others = [count(zita, workload, options) if zita else math.nan for options in ("0 0", t.tuned_options)]
        rows.append([
            str(workload), f"{mine:.1f}", *(f"{other:.0f}" for other in others), f"{others[0] / mine:.1f}",
            f"{max(costs) / (sum(costs) / len(costs)):.2f} (<= 1.4)",
        ])  # fmt: skip
    head = ("workload", "AVX2, thousand", "zita uniform", "zita tuned", "uniform / ours", "worst block / mean")
    return markdown(head, rows)


if __name__ == "__main__":
    main()
