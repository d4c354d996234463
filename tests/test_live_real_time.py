"""The callback allocates nothing, locks nothing, waits for nothing, calls no system and touches no fresh memory; threads do not race.

Three proofs: the sanitizers of the compilers on a program of three threads (``live_threads.c``), and a watcher inside the process that
plays (``rt_check.c``). Each has a control that breaks the rule and has to be found.
"""

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sound_cards import FileCard, needs_portaudio
from sounds import bank, float_wav, noise

from spatial.dsp.backends import engine_available

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parent
CORE = TESTS.parent / "csrc"
CLANGS = ["clang-23", "clang-22", "clang-21", "clang-20", "clang"]


def build(compiler, sanitizer, folder):
    """live_threads under a sanitizer; skipped where the compiler cannot do it."""
    program = folder / sanitizer.partition(",")[0]
    flags = [
        "-std=gnu11",
        "-g",
        "-O1",
        "-ffp-contract=off",
        "-fno-math-errno",
        "-Wno-psabi",
        f"-I{CORE}",
        "-pthread",
        f"-fsanitize={sanitizer}",
    ]
    if not compiler:
        pytest.skip(f"no compiler for -fsanitize={sanitizer} (.ci/system-packages)")
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run([compiler, f"-fsanitize={sanitizer}", probe, "-o", folder / "probe"], capture_output=True).returncode:
        pytest.skip(f"{compiler} has no -fsanitize={sanitizer} (.ci/system-packages)")
    if subprocess.run([folder / "probe"], capture_output=True).returncode:
        pytest.skip(f"-fsanitize={sanitizer} does not run on this kernel")
    subprocess.run([compiler, *flags, TESTS / "live_threads.c", *CORE.glob("*.c"), "-lm", "-o", program], check=True)
    return program


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_threads_do_not_race(tmp_path, sanitizer):
    program = build(shutil.which("gcc") or shutil.which("clang"), sanitizer, tmp_path)
    child = subprocess.run([program], capture_output=True, text=True, timeout=300)
    assert child.returncode == 0 and "ERROR" not in child.stderr and "WARNING" not in child.stderr, child.stderr[-3000:]


def test_realtime_sanitizer(tmp_path):
    clang = next((name for name in map(shutil.which, CLANGS) if name), None)
    program = build(clang, "realtime", tmp_path)
    child = subprocess.run([program], capture_output=True, text=True, timeout=300)
    assert child.returncode == 0, child.stderr[-3000:]
    control = subprocess.run([program, "allocate"], capture_output=True, text=True, timeout=300)
    assert control.returncode != 0 and "malloc" in control.stderr


PLAYS = """
    import json, sys, time
    import cffi, numpy as np
    import spatial.session.live as playing
    from spatial import FilterMatrix
    from spatial.dsp.core.live import CoreLive

    ffi = cffi.FFI()
    ffi.cdef("void rt_check_set(void *, int); long rt_check_count(int); int rt_check_callback(void);")
    watcher = ffi.dlopen(sys.argv[1])
    plain = CoreLive.callback.fget

    def watched(live):
        watcher.rt_check_set(ffi.cast("void *", plain(live)), int(sys.argv[2]))
        return int(ffi.cast("uintptr_t", ffi.addressof(watcher, "rt_check_callback")))

    CoreLive.callback = property(watched)
    playing.LOOK_S = 0.002

    class Endless:
        fs, frames, x = 48000, None, np.random.default_rng(0).standard_normal((2, 1 << 17)).astype(np.float32)
        at = reads = 0
        def read(self, n):
            self.at, self.reads = (self.at + n) % (1 << 16), self.reads + 1
            time.sleep(0.3 * (self.reads % 50 == 49))
            return self.x[:, self.at : self.at + n]

    bank = FilterMatrix.load("bank.npz")
    player = playing.Player(Endless(), bank, n_channels=4)
    player.start()
    lowest = 0.0
    for n in range(6):
        time.sleep(0.05)
        player.swap(bank.replace(taps=bank.taps * (1 + 0.1 * n)))
        player.set_bypass(bool(n % 2))
        time.sleep(0.05)
        lowest = min(lowest, player._chain.limiter.lowest_gain_db)
        player.swap(bank.replace(taps=bank.taps[:, :, : 300 + n], channels=(1, 4)))
        player.set_solo(*(["sides"] if n % 2 else []))
    time.sleep(0.1)
    stats = player.stats()
    player.stop()
    names = "memory lock wait files minor_faults major_faults gave_up callbacks first_faults".split()
    counts = {name: watcher.rt_check_count(k) for k, name in enumerate(names)}
    print(json.dumps({**counts, "swaps": stats.swaps, "limiter": lowest, "late": stats.late}))
    """


@pytest.fixture
def watched(tmp_path):
    """Run the playing program under the watcher: its counts."""
    library = tmp_path / "rt_check.so"
    compiler = shutil.which("gcc") or shutil.which("clang")
    if sys.platform != "linux" or not compiler:
        pytest.skip("the watcher is for glibc, and needs a C compiler")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", TESTS / "rt_check.c", "-o", library, "-ldl", "-pthread"], check=True)
    card = FileCard(tmp_path)
    bank(2, 700, upmix="directional").save(tmp_path / "bank.npz")
    (tmp_path / "in.wav").write_bytes(float_wav(noise(10)))

    def run(broken):
        argv = [sys.executable, "-c", textwrap.dedent(PLAYS), library, str(int(broken))]
        child = subprocess.run(
            argv, env={**card.env, "LD_PRELOAD": str(library)}, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    return run


@needs_portaudio
@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_the_process_that_plays_keeps_the_rules(watched):
    """With the upmix, a busy limiter, filters exchanged and chains switched, bypass and solo, and a ring that runs dry."""
    counts = watched(broken=False)
    assert counts["callbacks"] > 1000 and counts["swaps"] > 6 and counts["late"] > 0 and counts["limiter"] < -1, counts
    assert not any(counts[rule] for rule in ("memory", "lock", "wait", "files", "major_faults", "gave_up")), counts
    assert counts["minor_faults"] == 0, counts


@needs_portaudio
@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_the_control_a_callback_that_breaks_the_rules_is_found(watched):
    counts = watched(broken=True)
    assert all(counts[rule] >= 0.9 * counts["callbacks"] for rule in ("memory", "wait", "files", "gave_up")), counts
