"""The convolver outside Python: instructions of a block, the worst block, and the same bits from other compilers and processors."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from convolutions import needs_core, noise_taps

ROOT = Path(__file__).parent.parent
CORE = ROOT / "csrc"
sys.path.insert(0, str(ROOT / "benchmarks"))

machine = pytest.importorskip("machine", reason="the benchmarks are not part of this copy")

AVX2 = 2
LARGEST_PEAK, LARGEST_PEAK_OF_A_FADE = 1.4, 2.2


def has_avx2():
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and " avx2 " in cpuinfo.read_text()


needs_valgrind = pytest.mark.skipif(not (shutil.which("valgrind") and shutil.which("cc") and has_avx2()), reason="needs valgrind, cc, AVX2")


@pytest.fixture(scope="module")
def peer():
    """The core behind the harness of the benchmarks."""
    programs = machine.Programs()
    yield programs.core_peer()
    shutil.rmtree(programs.folder, ignore_errors=True)


@pytest.mark.slow
@needs_valgrind
@pytest.mark.parametrize(
    "shape, largest",
    [((3, 5, 4096, 128), 66_000), ((3, 5, 4096, 64), 43_000), ((3, 8, 8192, 128), 130_000), ((2, 2, 1024, 64), 11_500)],
)
def test_instructions_of_a_block(peer, shape, largest):
    """On the AVX2 path, without fused multiply-adds. (The uniform mode of zita-convolver takes 295 thousand for the first.)"""
    totals = [machine.instructions([peer, *shape, AVX2, n_blocks, 0]) for n_blocks in (64, 128)]
    assert (totals[1] - totals[0]) / 64 <= largest


@pytest.mark.slow
@needs_valgrind
@pytest.mark.parametrize(
    "shape, share", [((3, 5, 4096, 128), 0.9), ((3, 8, 4096, 128), 0.77), ((3, 8, 8192, 128), 0.73), ((2, 2, 4096, 64), 1)]
)
def test_mirror_symmetric_filters_cost_less(peer, shape, share):
    """About half the products; the transforms stay."""
    counts = []
    for mirror in (0, 1):
        totals = [machine.instructions([peer, *shape, f"{AVX2} 0 {mirror}", n_blocks, 0]) for n_blocks in (64, 128)]
        counts.append(totals[1] - totals[0])
    assert counts[1] <= share * counts[0]


@pytest.mark.slow
@needs_valgrind
@pytest.mark.parametrize(
    "shape",
    [(3, 5, 4096, 128), (3, 5, 4096, 64), (3, 8, 8192, 128), (2, 2, 65536, 128), (2, 2, 65536, 32), (1, 1, 20000, 16), (2, 8, 2000, 32)],
)
def test_no_block_costs_much_more_than_the_mean(peer, shape):
    """From the second on, which has all code and tables in place, over twice the longest partition there may be."""
    costs = np.array(machine.block_costs(peer, [*shape, AVX2], 2 * 2048 // shape[3] + 1)[1:])
    assert len(costs) == 2 * 2048 // shape[3]
    assert costs.max() <= LARGEST_PEAK * costs.mean()


@pytest.mark.slow
@needs_valgrind
@pytest.mark.parametrize("shape", [(3, 5, 4096, 128), (2, 2, 300, 64), (2, 2, 20000, 64)])
def test_a_block_during_a_fade_costs_about_twice_as_much(peer, shape):
    """The swap waits when the first block begins; late blocks are those after the fade."""
    n_blocks = 4 * 2048 // shape[3]
    costs = np.array(machine.block_costs(peer, [*shape, f"{AVX2} 1"], n_blocks)[1:])
    mean = costs[-(1024 // shape[3]) :].mean()
    assert 1.5 * mean < costs.max() <= LARGEST_PEAK_OF_A_FADE * mean


@needs_core
def test_a_new_set_of_filters_is_ready_in_a_millisecond():
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.make import make_convolver

    taps = noise_taps(5, 3, 4096)
    convolver = make_convolver(taps, 128, engine="c")
    seconds = []
    for _ in range(30):
        started = time.perf_counter()
        filters = lib.sp_filters_new(convolver._convolver, ffi.from_buffer("float[]", taps), ffi.new("int *"))
        seconds.append(time.perf_counter() - started)
        lib.sp_filters_free(filters)
    assert min(seconds) < 1e-3


@pytest.mark.skipif(not (sys.platform == "linux" and shutil.which("gcc")), reason="needs gcc on Linux")
def test_processing_neither_allocates_nor_touches_fresh_memory(tmp_path):
    """Also while a swap goes on. Counted by wrappers around the allocator, and by the system."""
    program = tmp_path / "quiet"
    sources = [CORE.parent / "tests" / "convolver_quiet.c", *sorted(CORE.glob("*.c"))]
    wrapped = "-Wl," + ",".join(f"--wrap={name}" for name in ("malloc", "calloc", "realloc", "free"))
    flags = [*machine.CORE_FLAGS, "-O1", wrapped, f"-I{CORE}"]
    subprocess.run(["gcc", *flags, *map(str, sources), "-lm", "-o", str(program)], check=True, capture_output=True)
    calls, faults = map(int, subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.split())
    assert (calls, faults) == (0, 0)


# ---- the same bits everywhere ----

COMPILERS = {
    "gcc": ["gcc"],
    "gcc without optimisation": ["gcc", "-O0"],
    "clang": ["clang"],
    "aarch64": ["aarch64-linux-gnu-gcc", "-static"],
}
RUNNERS = {"aarch64": ["qemu-aarch64"]}


def bits_by(compiler, folder):
    """What convolver_bits prints, built and run in this way; None where that is not possible here."""
    command, runner = COMPILERS[compiler], RUNNERS.get(compiler, [])
    if not all(shutil.which(program) for program in (command[0], *runner[:1])):
        return None
    program = folder / compiler.replace(" ", "_")
    sources = [CORE.parent / "tests" / "convolver_bits.c", *sorted(CORE.glob("*.c"))]
    flags = [*machine.CORE_FLAGS, *command[1:]]
    subprocess.run([command[0], *flags, f"-I{CORE}", *map(str, sources), "-lm", "-o", str(program)], check=True, capture_output=True)
    return subprocess.run([*runner, str(program)], check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_every_compiler_and_processor_gives_the_same_bits(tmp_path):
    """x86-64 without and with optimisation, by two compilers, and NEON under qemu: one number for all bits of many plans and swaps."""
    results = {compiler: bits_by(compiler, tmp_path) for compiler in COMPILERS}
    found = {compiler: bits for compiler, bits in results.items() if bits is not None}
    if len(found) < 2:
        pytest.skip(f"needs two of {', '.join(COMPILERS)} (with qemu-user), found {', '.join(found) or 'none'}")
    assert len(set(found.values())) == 1, found
