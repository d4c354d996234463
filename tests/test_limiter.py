"""Limiter: nothing above the ceiling, nothing touched below it, one gain for all. Truth: other true-peak meters, slow twins.

The NumPy twin and the C core, where it is built, stand the same tests.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from sounds import FS, in_pieces, noise

from spatial.dsp.backends import engine_available
from spatial.dsp.twins.interpolate import PeakFinder, windowed_sincs
from spatial.dsp.twins.limiter import NumpyLimiter, sliding_minimum
from spatial.dsp.twins.meters import TruePeakMeter

CEILING = 10 ** (-1 / 20)


@pytest.fixture(params=["numpy", pytest.param("c", marks=pytest.mark.skipif(not engine_available("c"), reason="the C core is not built"))])
def make(request):
    """Limiter of one engine, for a number of channels and a rate."""
    return maker(request.param)


def maker(engine):
    if engine == "numpy":
        return NumpyLimiter
    from spatial.dsp.core.limiter import CoreLimiter

    return CoreLimiter


ENGINES = [engine for engine in ("numpy", "c") if engine == "numpy" or engine_available(engine)]


def run(x, fs=FS, chunk=4096, make=NumpyLimiter):
    """Limited signal (channels, frames), delay taken out, and the limiter."""
    limiter = make(len(x), fs)
    padded = np.pad(x, ((0, 0), (0, limiter.latency + 100))).astype(np.float32)
    y = in_pieces(limiter.process, padded, [chunk])[:, limiter.latency :]
    return y, limiter


def gain_of(y, x):
    """Gain in dB wherever the input is not too small to tell; needs an input without zeros."""
    return 20 * np.log10(np.abs(y[0, : x.shape[1]].astype(np.float64)) / np.abs(x[0].astype(np.float64)))


def true_peak_db(y):
    """Larger of two meters: BS.1770's own filter, and SciPy's polyphase resampling by four."""
    meter = TruePeakMeter(len(y))
    meter.add(np.ascontiguousarray(y))
    other = max(np.abs(signal.resample_poly(channel.astype(np.float64), 4, 1)).max() for channel in y)
    return max(meter.true_peak_db, 20 * np.log10(other))


def loud_signals():
    rng = np.random.default_rng(0)
    n = FS
    t = np.arange(n) / FS
    yield "white noise at +20 dB", 10 * rng.standard_normal((3, n))
    yield "white noise just above", rng.standard_normal((2, n)) * 0.4
    yield "random signs", np.sign(rng.standard_normal((2, n)))
    yield "uniform noise", rng.uniform(-1, 1, (3, n))
    yield "50 Hz square", np.sign(np.sin(2 * np.pi * 50 * t + 1e-3))[None]
    yield "997 Hz square at +9 dB", 2.8 * np.sign(np.sin(2 * np.pi * 997 * t + 1e-3))[None]
    yield "5 kHz square", np.sign(np.sin(2 * np.pi * 5011 * t + 1e-3))[None]
    yield "quarter of the rate at 45 degrees", 1.4 * np.sin(2 * np.pi * 12000 * t + np.pi / 4)[None]
    yield "20 kHz", 3 * np.sin(2 * np.pi * 20000 * t)[None]
    yield "23 kHz", 3 * np.sin(2 * np.pi * 23000 * t)[None]
    yield "constant", np.full((1, n), 4.0)
    yield "constant sign, rising", np.linspace(0.01, 8, n)[None]
    yield "clicks", np.where(np.arange(n) % 7001 == 0, 10.0, 0.0)[None]
    yield "signs of a sinc", worst_case(n)[None]
    yield "steps", np.repeat(3 * rng.standard_normal(n // 100), 100)[None]
    yield "+180 dB", 1e9 * rng.standard_normal((2, n))


def worst_case(n):
    """Ones whose signs make all terms of the interpolation between two samples add up, now and then."""
    x = np.zeros(n)
    reach = np.arange(-60, 60)
    for centre in range(500, n - 500, 1500):
        x[centre + reach] = np.sign(np.sinc(reach - 0.5))
    return x


LOUD = dict(loud_signals())


@pytest.mark.parametrize("name", LOUD)
def test_nothing_is_above_the_ceiling(name, make):
    y, _ = run(LOUD[name], make=make)
    assert np.isfinite(y).all()
    assert np.abs(y).max() <= CEILING
    assert true_peak_db(y) <= -0.8


@pytest.mark.parametrize("fs", [8000, 44100, 96000, 192000])
def test_other_rates(fs, make):
    y, limiter = run(noise(fs, 2, 10.0).T, fs, make=make)
    assert limiter.latency == round(0.005 * fs) and np.abs(y).max() <= CEILING and true_peak_db(y) <= -0.8


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["sparse", "uniform", "wild", "walk"]),
    level_db=st.floats(-20, 60),
    engine=st.sampled_from(ENGINES),
)
def test_nothing_is_above_the_ceiling_for_any_input(seed, kind, level_db, engine):
    rng = np.random.default_rng(seed)
    x = {
        "sparse": lambda: rng.standard_normal((2, 4000)) * (rng.random((2, 4000)) < 0.01),
        "uniform": lambda: rng.uniform(-1, 1, (2, 4000)),
        "wild": lambda: rng.standard_cauchy((2, 4000)).clip(-1e6, 1e6),
        "walk": lambda: np.cumsum(rng.standard_normal((2, 4000)), axis=1),
    }[kind]() * 10 ** (level_db / 20)
    y, _ = run(x, make=maker(engine))
    assert np.isfinite(y).all() and np.abs(y).max() <= CEILING and true_peak_db(y) <= -0.8


def test_below_the_ceiling_not_a_bit_changes(make):
    x = noise(50000, 3, -20).T
    assert np.abs(x).max() < 0.7
    y, limiter = run(x, make=make)
    assert np.array_equal(y[:, :50000], x)
    assert limiter.limited_frames == 0 and limiter.lowest_gain_db == 0


def test_all_channels_have_the_same_gain(make):
    x = np.stack([4 * np.sin(np.arange(20000) / 50) + 5, np.full(20000, 0.01), np.full(20000, -0.02)])
    y, _ = run(x, make=make)
    gains = y[:, :20000] / x
    assert np.allclose(gains[0], gains[1], rtol=1e-6) and np.allclose(gains[0], gains[2], rtol=1e-6)
    assert gains.min() < 0.2


@pytest.mark.parametrize("reduction_db", [3.0, 12.0, 20.0])
def test_gain_arrives_in_small_steps_holds_and_returns_slowly(reduction_db, make):
    """A burst of constant sign in a constant: the gain can be read off sample by sample."""
    x = np.full((1, 2 * FS), 0.1, np.float32)
    burst = slice(FS // 2, FS // 2 + 480)
    x[0, burst] = 10 ** ((reduction_db - 1) / 20)
    y, limiter = run(x, make=make)
    gain = gain_of(y, x)
    steps = np.diff(gain)
    assert np.abs(steps).max() <= 0.1
    assert gain[burst].max() <= -reduction_db + 1e-3 and limiter.lowest_gain_db > -reduction_db - 1.2  # its edges ring over
    assert np.abs(gain[: burst.start - limiter.latency]).max() < 1e-5  # not a moment before the look-ahead
    hold = slice(burst.stop, burst.stop + round(0.025 * FS))
    assert np.ptp(gain[hold]) < 1e-3  # float32 tells no finer
    assert steps[burst.stop :].max() * FS <= 40 * 1.05
    assert abs(gain[-1]) < 1e-5 and gain[burst.stop + round((0.03 + (reduction_db + 1.2) / 40) * FS) :].min() > -0.1


def test_a_square_wave_is_turned_down_as_a_whole(make):
    """50 Hz at full scale: one gain throughout, no pumping within the period."""
    x = np.sign(np.sin(2 * np.pi * 50 * np.arange(FS) / FS + 1e-3))[None]
    y, _ = run(x, make=make)
    steady = gain_of(y, x)[FS // 10 : -FS // 10]
    assert np.ptp(steady) < 0.2 and -3.5 < steady.mean() < -1


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=6), engine=st.sampled_from(ENGINES))
def test_the_size_of_calls_does_not_change_a_bit(sizes, engine):
    make = maker(engine)
    x = noise(15000, 2, 0.0).T
    x[:, 5000:9000] *= np.float32(0.01)
    assert np.array_equal(in_pieces(make(2, FS).process, x, sizes), make(2, FS).process(x))


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_subnormal_samples_do_not_depend_on_the_size_of_calls():
    """Where nothing is limited samples were copied, elsewhere multiplied, which flushes them: the runs showed."""
    x = np.full((1, 6000), 1e-41, np.float32)
    x[0, 3000:3100] = 5
    assert np.array_equal(in_pieces(maker("c")(1, FS).process, x, [181]).view(np.uint32), maker("c")(1, FS).process(x).view(np.uint32))


@pytest.mark.parametrize("size", [1, 16, 40, 128, 160, 8192, 8193])
def test_the_usual_call_sizes(size, make):
    x = noise(9000 if size > 1 else 2000, 3, 3.0).T
    assert np.array_equal(in_pieces(make(3, FS).process, x, [size]), make(3, FS).process(x))


def test_reset_is_as_new(make):
    x = noise(5000, 2, 6.0).T
    limiter = make(2, FS)
    first = limiter.process(x)
    limiter.reset()
    assert limiter.limited_frames == 0 and limiter.lowest_gain_db == 0
    assert np.array_equal(limiter.process(x), first)


def test_what_is_not_finite_goes_no_further(make):
    x = noise(5000, 2).T
    clean = make(2, FS).process(np.where(np.arange(5000) == 1000, 0, x).astype(np.float32))
    for value in (np.nan, np.inf, -np.inf, 3e38):
        x[:, 1000] = value
        limiter = make(2, FS)
        assert np.array_equal(limiter.process(x), clean)
        assert limiter.discarded == 2


def test_the_figures_it_keeps(make):
    x = np.full((1, FS), 0.1, np.float32)
    x[0, 20000:20480] = 10 ** (5 / 20)
    y, limiter = run(x, make=make)
    changed = np.count_nonzero(np.abs(gain_of(y, x)) > 1e-6)
    assert abs(limiter.limited_frames - changed) <= 3
    assert -7.5 < limiter.lowest_gain_db <= -6.0


def test_a_steady_bass_tone_is_not_distorted(make):
    """50 Hz, 6 dB over the ceiling: what a notch leaves, from a second after the start."""
    x = 10 ** (5 / 20) * np.sin(2 * np.pi * 50 * np.arange(3 * FS) / FS)[None]
    y, _ = run(x, make=make)
    steady = y[0, FS : 2 * FS].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(FS))) ** 2
    assert 10 * np.log10((spectrum.sum() - spectrum[45:56].sum()) / spectrum[45:56].sum()) < -60


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), fs=st.sampled_from([8000, 44100, 48000, 192000]), level_db=st.floats(-20, 40))
def test_the_core_and_its_twin_agree(seed, fs, level_db):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((3, 9000)) * 10 ** (level_db / 20) * np.repeat(rng.random(30) < 0.4, 300)).astype(np.float32)
    core, twin = maker("c")(3, fs), NumpyLimiter(3, fs)
    a, b = core.process(x), twin.process(x)
    assert core.latency == twin.latency
    assert np.abs(a - b).max() <= 1e-6  # a step of the gain is 1e-7
    assert abs(core.limited_frames - twin.limited_frames) <= 3 and core.lowest_gain_db == pytest.approx(twin.lowest_gain_db, abs=1e-5)


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_instruction_sets_give_the_same_bits(monkeypatch):
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.core.calls import INSTRUCTION_SETS

    x = noise(20000, 5, 3.0).T
    here = [name for name, isa in INSTRUCTION_SETS.items() if lib.sp_instruction_set_name(isa) != ffi.NULL]
    results = []
    for name in here:
        monkeypatch.setenv("SPATIAL_ISA", name)
        results.append(maker("c")(5, FS).process(x))
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_the_core_works_in_place_and_refuses_what_is_outside_its_domain():
    from spatial.base.errors import UsageError
    from spatial.dsp.core._core import ffi, lib

    x = noise(3000, 2, 6.0).T.copy()
    apart = maker("c")(2, FS).process(x)
    limiter = maker("c")(2, FS)
    channels = ffi.new("float *[]", [ffi.from_buffer("float[]", channel) for channel in x])
    assert lib.sp_limiter_process(limiter._limiter, channels, channels, 3000) == lib.SP_OK
    assert np.array_equal(x, apart)
    assert lib.sp_limiter_process(limiter._limiter, channels, channels, -1) == lib.SP_ERROR_FRAMES
    for channels, fs in ((0, FS), (65, FS), (2, 0), (2, -1), (2, 2_000_000)):
        with pytest.raises(UsageError):
            maker("c")(channels, fs)


# ------------------------------------------------------------------------------------------------------------ parts


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_sliding_minimum_is_the_minimum_of_each_window(window, seed):
    x = np.random.default_rng(seed).integers(-100, 0, window + 30)
    assert np.array_equal(sliding_minimum(x, window), [x[i : i + window].min() for i in range(31)])


def test_interpolation_finds_the_peaks_of_a_tone_between_its_samples():
    for hz in (100, 5000, 15000):
        x = np.cos(2 * np.pi * hz * (np.arange(2000) / FS) + 0.3).astype(np.float32)
        places = (np.arange(10 - 1, 2000 - 10)[:, None] + np.arange(1, 8) / 8) / FS
        truth = np.abs(np.cos(2 * np.pi * hz * places + 0.3)).max(axis=1)
        assert np.allclose(PeakFinder(windowed_sincs(8, 10))(x), truth, atol=0.003)


def test_mirrored_places_are_looked_at_too():
    """|even| + |odd| against every filter and its reverse, applied one by one."""
    filters = windowed_sincs(8, 10)
    x = noise(500, 1).T[0]
    slow = np.max([np.abs(np.convolve(x.astype(np.float64), taps, "valid")) for f in filters for taps in (f, f[::-1])], axis=0)
    assert np.allclose(PeakFinder(filters)(x), slow, rtol=1e-5, atol=1e-7)


def test_gain_returns_no_faster_than_stated(make):
    x = np.full((1, FS), 0.1, np.float32)
    x[0, 5000:5100] = 5
    limiter = make(1, FS)
    y = limiter.process(np.pad(x, ((0, 0), (0, limiter.latency))))[:, limiter.latency :]
    assert np.diff(gain_of(y, x))[5100:].max() * FS < 44
