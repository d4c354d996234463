"""What broke the core once, as its users met it: every case ends in an error that says so, or in the right figure.

Threads that share an object, filters that outlive a convolver, rates at the ends, pointers that are not there, absurd gains.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest
from convolutions import C_MISSING, needs_core, noise, noise_taps
from scipy import signal
from sounds import FS, bank, float_wav

from spatial.bank.recipe import RenderRecipe
from spatial.base.errors import UsageError
from spatial.cli.main import main
from spatial.dsp.backends import engine_available
from spatial.dsp.make import make_convolver, make_limiter, make_meter, make_upmix
from spatial.dsp.stages import MAX_FS, MAX_GAIN, MIN_FS
from spatial.dsp.twins.chain import ChainOfParts
from spatial.dsp.twins.limiter import MIN_LOOK_AHEAD, NumpyLimiter
from spatial.dsp.twins.meters import MATCHED_BELOW_HZ, k_weighting
from spatial.dsp.twins.upmix_bands import MIN_BANDS_FS
from spatial.dsp.upmix import MAX_WINDOW, MIN_SPAN, MIN_WINDOW
from spatial.session.options import RenderOptions, chain_of

ENGINES = ["numpy", pytest.param("c", marks=pytest.mark.skipif(not engine_available("c"), reason=C_MISSING))]


@pytest.fixture
def core():
    from spatial.dsp.core import _core

    return _core.ffi, _core.lib


# ------------------------------------------------------------------------------------------- two threads in one object

ROUNDS = 400
FRAMES = 4096


def together(*jobs):
    """Run the jobs as threads of ROUNDS calls each; returns how many calls were turned away. Any other exception is raised."""
    turned_away, others = [], []

    def run(job):
        for _ in range(ROUNDS):
            try:
                job()
            except UsageError as error:
                assert "another thread" in str(error)
                turned_away.append(error)
            except BaseException as error:
                others.append(error)
                raise

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not others
    return len(turned_away)


@needs_core
def test_two_threads_in_one_convolver_do_not_corrupt_the_heap(monkeypatch):
    """Of other lengths, so that a pointer that is not the call's own would write outside."""
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    taps = noise_taps(4, 3, 2000)
    convolver = make_convolver(taps, 128, engine="c")
    long, short = noise(3, FRAMES), noise(3, FRAMES // 16)
    together(lambda: convolver.process(long), lambda: convolver.process(short), lambda: convolver.swap(taps), convolver.reset)
    convolver.reset()
    fresh = make_convolver(taps, 128, engine="c")
    assert np.array_equal(convolver.process(long), fresh.process(long))


@needs_core
def test_two_threads_in_one_limiter_let_nothing_through(monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    limiter = make_limiter(2, FS)
    x, peaks = 4 * noise(2, FRAMES), []
    together(*[lambda: peaks.append(np.abs(limiter.process(x)).max())] * 2)
    assert max(peaks) <= 10 ** (-1 / 20)


@needs_core
def test_two_threads_in_one_chain_upmix_or_meter_are_told_apart(monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    chain, upmix, meter = chain_of(bank(3)), make_upmix(RenderRecipe("projection"), FS), make_meter(FS, 2)
    x = noise(2, FRAMES)

    def job():
        assert np.isfinite(chain.process(x)).all() and np.isfinite(upmix.process(x)).all()
        meter.add(x)
        chain.reset()
        upmix.reset()

    together(job, job)
    meter.reset()
    meter.add(x)
    assert np.array_equal(meter.sample_peaks, np.abs(x).max(axis=1))


@needs_core
def test_an_object_that_another_thread_is_in_says_so(core, monkeypatch):
    """Without luck: the first call lasts until the second has been turned away."""
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    limiter, x = make_limiter(1, FS), noise(1, 1 << 22)
    first = threading.Thread(target=limiter.process, args=(x,))
    first.start()
    with pytest.raises(UsageError, match="limiter: another thread is in it"):
        while first.is_alive():
            limiter.process(x[:, :1])
    first.join()
    assert limiter.process(x[:, :64]).shape == (1, 64)


@needs_core
def test_swaps_from_many_threads_lose_no_filters_and_give_none_twice(core):
    ffi, lib = core
    convolver = make_convolver(noise_taps(2, 2, 300), 64, engine="c")
    handle, taps = convolver._convolver, noise_taps(2, 2, 300)
    made, back = [], []

    def job():
        filters = lib.sp_filters_new(handle, ffi.from_buffer("float[]", taps), ffi.NULL)
        made.append(int(ffi.cast("uintptr_t", filters)))
        assert lib.sp_convolver_swap(handle, filters) == lib.SP_OK
        collected = lib.sp_convolver_collect(handle)
        if collected != ffi.NULL:
            back.append(int(ffi.cast("uintptr_t", collected)))

    together(job, job, job)
    convolver.reset()  # what waited sounds now
    while (collected := lib.sp_convolver_collect(handle)) != ffi.NULL:
        back.append(int(ffi.cast("uintptr_t", collected)))
    assert len(made) == 3 * ROUNDS and len(set(back)) == len(back) == len(made)  # all but the one that sounds, and the first one
    assert len(set(back) - set(made)) == 1
    for filters in back:
        lib.sp_filters_free(ffi.cast("sp_filters *", filters))


# ---------------------------------------------------------------------------------------- filters and their convolver


@needs_core
def test_filters_of_a_convolver_that_is_gone_are_refused_by_the_next_at_its_address(core):
    ffi, lib = core
    plan = ffi.new("sp_plan *", {"n_inputs": 1, "n_outputs": 1, "n_taps": 3000, "block": 64, "exact_blocks": 1})
    addresses = set()
    for n_taps in (3000, 900) * 20:
        plan.n_taps = 3000
        gone = lib.sp_convolver_new(plan, ffi.new("float[]", 3000), ffi.NULL)
        filters = lib.sp_filters_new(gone, ffi.new("float[]", 3000), ffi.NULL)
        addresses.add(int(ffi.cast("uintptr_t", gone)))
        lib.sp_convolver_free(gone)
        plan.n_taps = n_taps
        next_one = lib.sp_convolver_new(plan, ffi.new("float[]", n_taps), ffi.NULL)
        addresses.add(int(ffi.cast("uintptr_t", next_one)))
        assert lib.sp_convolver_swap(next_one, filters) == lib.SP_ERROR_FILTERS
        lib.sp_filters_free(filters)
        lib.sp_convolver_free(next_one)
    assert len(addresses) < 80  # an address did come again, else nothing was tried


@needs_core
def test_filters_that_a_convolver_owns_cannot_be_given_to_it_again_or_freed(core):
    ffi, lib = core
    convolver = make_convolver(noise_taps(1, 1, 64), 64, engine="c", exact_blocks=True)
    taps = noise_taps(1, 1, 64, seed=5)
    filters = lib.sp_filters_new(convolver._convolver, ffi.from_buffer("float[]", taps), ffi.NULL)
    assert lib.sp_convolver_swap(convolver._convolver, filters) == lib.SP_OK
    assert lib.sp_convolver_swap(convolver._convolver, filters) == lib.SP_ERROR_FILTERS
    lib.sp_filters_free(filters)  # left to its owner
    convolver.reset()
    assert np.allclose(convolver.process(np.eye(1, 64, dtype=np.float32))[0], taps[0, 0], atol=1e-6)


# --------------------------------------------------------------------------------------------------------------- rates

OUTSIDE = [1e-300, 1e-13, 1e-6, 0.0, -48000.0, 10.0, 999.0, 1_000_001.0, 1e9, float("inf"), float("nan")]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fs", OUTSIDE)
def test_rates_near_zero_and_beyond_the_largest_are_refused_by_every_stage(engine, fs, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    stages = [
        lambda: make_limiter(2, fs),
        lambda: make_meter(fs, 2),
        *(lambda m=method, ms=ms: make_upmix(RenderRecipe(m, ms), fs) for method, ms in UPMIXES),
    ]
    for stage in stages:
        with pytest.raises(UsageError, match="sample rates from 1000 Hz to 1000000 Hz"):
            stage()


UPMIXES = [("directional", 0), *((method, ms) for method in ("directional", "projection") for ms in (2.7, 21, 85)), ("matrix", 21)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fs", [MIN_FS, 2000, 3999, 4000, 768_000, MAX_FS])
def test_every_stage_works_at_the_ends_of_what_is_allowed_or_says_why_not(engine, fs, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    x = noise(2, 3000)
    assert np.abs(make_limiter(2, fs).process(4 * x)).max() <= 10 ** (-1 / 20)
    for method, ms in UPMIXES:
        try:
            upmix = make_upmix(RenderRecipe(method, ms), fs)
        except UsageError as error:
            assert f"at {fs} Hz" in str(error)
            continue
        y = upmix.process(x)
        late = np.pad(x, ((0, 0), (upmix.latency, 0)))[:, :3000]
        assert np.allclose(y[:2] + y[2], late, atol=1e-5)


@needs_core
def test_the_twins_have_the_cores_limits(core):
    _, lib = core
    limits = (lib.SP_MIN_FS, lib.SP_MAX_FS, lib.SP_MAX_GAIN, lib.SP_MIN_LOOK_AHEAD, lib.SP_MIN_BANDS_FS)
    assert limits == (MIN_FS, MAX_FS, MAX_GAIN, MIN_LOOK_AHEAD, MIN_BANDS_FS)
    assert (lib.SP_MIN_SPAN, lib.SP_MIN_WINDOW, lib.SP_MAX_WINDOW) == (MIN_SPAN, MIN_WINDOW, MAX_WINDOW)


@pytest.mark.parametrize("fs", [10, 100, 500, 1200])
@pytest.mark.parametrize("latency_ms", ["2.7", "21", "85", "0"])
@pytest.mark.parametrize("method", ["directional", "projection", "matrix"])
def test_a_wav_of_a_few_hertz_is_refused_by_upmix_without_a_traceback(fs, latency_ms, method, tmp_path, capsys):
    source, target = tmp_path / "slow.wav", tmp_path / "out.wav"
    source.write_bytes(float_wav(noise(2, 200).T, fs))
    code = main(["upmix", str(source), str(target), "--method", method, "--latency-ms", latency_ms])
    said = capsys.readouterr().err
    if code == 0:
        assert fs == 1200 and target.exists()
    else:
        assert code in (2, 3) and said.startswith("spatial: upmix: ") and "Traceback" not in said and not target.exists()
    if fs < MIN_FS:
        assert code and f"{fs} Hz" in said


# ---------------------------------------------------------------------------------------------------- the meter


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fs", [1000, 1500, 2000, 3363, 3365, 4000, 8000, 16000, 31999])
def test_loudness_at_low_rates_is_that_of_the_analogue_weighting(engine, fs, monkeypatch):
    """Tones, against the K-weighting's analogue filters with the gain that the standard's digital ones have at 48 kHz."""
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    reference = signal.freqz(*k_weighting(48000), worN=[997.0], fs=48000)[1]
    assert 20 * np.log10(abs(reference[0])) == pytest.approx(0.691, abs=0.005)
    for share in (0.05, 0.12, 0.25, 0.33, 0.45):
        hz = share * fs
        amplitude = 0.5
        meter = make_meter(fs, 1)
        meter.add((amplitude * np.sin(2 * np.pi * hz * np.arange(6 * fs) / fs + 0.3)).astype(np.float32)[None])
        expected = -0.691 + 20 * np.log10(amplitude / np.sqrt(2) * analogue_weighting(hz))
        assert meter.integrated_lufs == pytest.approx(expected, abs=0.45)


def analogue_weighting(hz):
    """Gain of the shelf and the high-pass behind BS.1770's table (De Man 2014), as the standard scales the second."""
    high = 10 ** (3.999843853973347 / 20)
    s, q = 1j * hz / 1681.974450955533, 0.7071752369554196
    shelf = (high * s * s + high**0.4996667741545416 * s / q + 1) / (s * s + s / q + 1)
    s, q, k = 1j * hz / 38.13547087602444, 0.5003270373238773, np.tan(np.pi * 38.13547087602444 / 48000)
    return abs(shelf * s * s / (s * s + s / q + 1)) * (1 + k / q + k * k)


@pytest.mark.parametrize("fs", [1000, 1200, 2000, 3000, 3364, 3900, 7000, MATCHED_BELOW_HZ - 1, 48000, 1_000_000])
def test_the_meters_filter_is_stable_at_every_rate(fs):
    assert np.abs(np.roots(k_weighting(fs)[1])).max() < 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -1e7])
def test_one_bad_sample_does_not_poison_a_meter(engine, value, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    x = 0.1 * noise(2, FS)
    x[:, 1000] = 0
    bad = x.copy()
    bad[:, 1000] = value
    clean, meter = make_meter(FS, 2), make_meter(FS, 2)
    clean.add(x)
    meter.add(bad)
    assert meter.discarded == 2 and clean.discarded == 0
    assert meter.integrated_lufs == clean.integrated_lufs and meter.true_peak_db == clean.true_peak_db
    assert np.array_equal(meter.sample_peaks, clean.sample_peaks)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_meter_that_is_reset_is_as_new(engine, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    x = 0.1 * noise(3, FS + 777)
    meter, fresh = make_meter(FS, 3), make_meter(FS, 3)
    meter.add(np.full((3, 12345), 9e5, np.float32))
    meter.add(np.full((3, 10), np.nan, np.float32))
    meter.reset()
    for each in (meter, fresh):
        each.add(x)
    assert (meter.discarded, meter.integrated_lufs, meter.true_peak_db) == (0, fresh.integrated_lufs, fresh.true_peak_db)
    assert np.array_equal(meter.sample_peaks, fresh.sample_peaks)


# ---------------------------------------------------------------------------------------------------- live and its chain


@needs_core
@pytest.mark.parametrize(
    "n_outputs, block, error", [(1, 128, "OUTPUTS"), (9, 128, "OUTPUTS"), (-1, 0, "OUTPUTS"), (3, 64, "BLOCK"), (0, 256, "BLOCK")]
)
def test_a_live_that_does_not_fit_its_chain_is_an_error_not_a_crash_or_silence(core, n_outputs, block, error, monkeypatch):
    ffi, lib = core
    live, found = new_live(core, monkeypatch, n_outputs, block)
    assert live == ffi.NULL and found == getattr(lib, f"SP_ERROR_{error}")


@needs_core
@pytest.mark.parametrize("n_outputs, block", [(0, 0), (3, 128), (0, 128), (3, 0)])
def test_a_live_takes_block_and_outputs_from_its_chain(core, n_outputs, block, monkeypatch):
    """And sounds."""
    ffi, lib = core
    live, error = new_live(core, monkeypatch, n_outputs, block)
    assert error == lib.SP_OK
    x, out = noise(2, 4096), np.zeros((2048, 4), np.float32)
    channels = [ffi.from_buffer("float[]", channel) for channel in x]
    assert lib.sp_live_write(live, channels, 4096) == 4096 and lib.sp_live_end(live) == lib.SP_OK
    lib.sp_live_callback(ffi.NULL, ffi.from_buffer("char[]", out), 2048, ffi.NULL, 0, ffi.cast("void *", live))
    assert np.abs(out[1000:, :3]).max(axis=0).min() > 0.01
    feeds = ffi.new("sp_feeds *", {"chain": CHAINS[-1].pointer, "channels": [0, 1, 2]})
    assert lib.sp_live_switch(live, feeds, 0) == lib.SP_ERROR_BUSY  # the chain that plays
    lib.sp_live_free(live)


CHAINS = []
"""What the core holds, alive."""


def new_live(core, monkeypatch, n_outputs, block):
    ffi, lib = core
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    CHAINS.append(chain_of(bank(3), RenderOptions(block=128)))
    feeds = ffi.new("sp_feeds *", {"chain": CHAINS[-1].pointer, "n_outputs": n_outputs, "channels": list(range(3)), "tail": 10})
    plan = {"block": block, "n_channels": 4, "ring_frames": 8192, "refill_frames": 256, "fade_frames": 10}
    error = ffi.new("int *", -1)
    return lib.sp_live_new(ffi.new("sp_live_plan *", plan), feeds, error), error[0]


# ------------------------------------------------------------------------------------- pointers and absurd values


@needs_core
def test_no_function_of_the_core_falls_over_a_pointer_that_is_not_there(core, monkeypatch):
    """Every public function with NULL wherever there is a pointer, by the header's own declarations."""
    ffi, lib = core
    may_be_null = {"sp_live_callback": 0, "sp_convolver_partitions": 0}
    tried = 0
    for name in dir(lib):
        function = getattr(lib, name)
        if not name.startswith("sp_") or not callable(function):
            continue
        kind = ffi.typeof(ffi.addressof(lib, name))
        arguments = [ffi.NULL if argument.kind == "pointer" else 0 for argument in kind.args]
        if ffi.NULL not in arguments:
            continue
        tried += 1
        result = function(*arguments)
        readings = (
            "latency",
            "discarded",
            "fade",
            "room",
            "step",
            "peak",
            "gain_now",
            "limited",
            "gain_db",
            "block",
            "n_inputs",
            "n_outputs",
        )
        if kind.result.kind == "void":
            assert name.endswith("_free")
        elif kind.result.kind == "pointer":
            assert result == ffi.NULL
        elif name in may_be_null or name.endswith(readings):
            assert result == 0
        else:
            assert abs(result) == lib.SP_ERROR_NULL, name
    assert tried > 50


@needs_core
def test_absent_channels_and_plans_without_filters_are_errors(core, monkeypatch):
    ffi, lib = core
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    x = ffi.new("float[256]")
    one = ffi.new("float *[]", [x, ffi.NULL])
    both = ffi.new("float *[]", [x, x])
    chain, limiter, upmix, meter = chain_of(bank(2)), make_limiter(2, FS), make_upmix(RenderRecipe("directional"), FS), make_meter(FS, 2)
    convolver = make_convolver(noise_taps(2, 2, 64), 128, engine="c")
    assert lib.sp_chain_process(chain.pointer, one, both, 128) == lib.SP_ERROR_NULL
    assert lib.sp_chain_process(chain.pointer, both, one, 128) == lib.SP_ERROR_NULL
    assert lib.sp_limiter_process(limiter._limiter, both, one, 128) == lib.SP_ERROR_NULL
    assert lib.sp_upmix_process(upmix._upmix, one, both, 128) == lib.SP_ERROR_NULL
    assert lib.sp_convolver_process(convolver._convolver, both, ffi.NULL, 128) == lib.SP_ERROR_NULL
    assert lib.sp_convolver_swap(convolver._convolver, ffi.NULL) == lib.SP_ERROR_NULL
    assert lib.sp_meter_process(meter._meter, both, 128, ffi.NULL) == -lib.SP_ERROR_NULL
    assert lib.sp_meter_process(meter._meter, both, -1, ffi.new("double[4]")) == -lib.SP_ERROR_FRAMES
    assert lib.sp_meter_sample_peak(meter._meter, 7) == lib.sp_meter_sample_peak(meter._meter, -1) == 0
    plan = ffi.new("sp_plan *", {"n_inputs": 1, "n_outputs": 1, "n_taps": 8, "block": 64, "exact_blocks": 1})
    error = ffi.new("int *")
    assert lib.sp_convolver_new(plan, ffi.NULL, error) == ffi.NULL and error[0] == lib.SP_ERROR_NULL


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("gain", [-1.0, -1e-30, 1.1e6, 3e38, float("inf"), float("nan")])
def test_absurd_gains_are_refused_and_change_nothing(engine, gain, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    chain, other = chain_of(bank(3)), chain_of(bank(3))
    assert isinstance(chain, ChainOfParts) == (engine == "numpy")
    for refused in (lambda: chain.set_gain(gain), lambda: chain.set_path_gain("center", gain)):
        with pytest.raises(UsageError, match="gain"):
            refused()
    x = noise(2, 1024)
    assert np.array_equal(chain.process(x), other.process(x))


@needs_core
@pytest.mark.parametrize("path, gain", [(0, -1.0), (1, 3e38), (2, float("nan")), (-1, 1.0), (3, 1.0), (1 << 30, 1.0)])
def test_the_core_itself_refuses_absurd_gains_and_paths(core, path, gain, monkeypatch):
    _, lib = core
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    chain = chain_of(bank(3))
    assert lib.sp_chain_set_path_gain(chain.pointer, path, gain) == lib.SP_ERROR_GAIN
    assert lib.sp_chain_end(chain.pointer, -1) == lib.SP_ERROR_FRAMES
    assert lib.sp_chain_set_path_gain(chain.pointer, 2, 0.0) == lib.sp_chain_set_gain(chain.pointer, 1e6) == lib.SP_OK


def test_the_limiter_has_room_for_its_filter_at_the_lowest_rate():
    assert NumpyLimiter(1, MIN_FS).latency == MIN_LOOK_AHEAD
