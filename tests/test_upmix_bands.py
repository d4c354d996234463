"""The upmix without delay. Truth: SciPy's Butterworth filters, signals whose sources are known, the twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from sounds import FS, error_db, in_pieces, noise
from upmixes import level_db, pink

from spatial.bank.recipe import RenderRecipe
from spatial.base.errors import UsageError
from spatial.dsp.backends import engine_available
from spatial.dsp.make import make_upmix
from spatial.dsp.twins.upmix_bands import BANDS, BandUpmix, control_frames, edges, low_passes

WITH_CORE = pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")


@pytest.fixture(params=["numpy", pytest.param("c", marks=WITH_CORE)])
def make(request):
    return maker(request.param)


def maker(engine):
    if engine == "numpy":
        return BandUpmix
    from spatial.dsp.core.upmix import CoreUpmix

    return lambda fs, strength=1.0: CoreUpmix("directional", fs, 0.0, strength)


ENGINES = [engine for engine in ("numpy", "c") if engine == "numpy" or engine_available(engine)]


# ------------------------------------------------------------------------------------------------------ invariants


def test_nothing_is_late_and_mono_is_the_centre_from_the_first_sample(make):
    upmix = make(FS)
    assert upmix.latency == 0
    x = np.zeros((2, 9600), np.float32)
    x[:, [0, 3333, 5000]] = 0.5
    y = upmix.process(x)
    assert np.allclose(y[2], x[0], atol=1e-6) and np.abs(y[:2]).max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(
    engine=st.sampled_from(ENGINES),
    fs=st.sampled_from([8000, 44100, 48000, 192000]),
    strength=st.floats(0, 1),
    gains=st.lists(st.floats(-2, 2), min_size=2, max_size=2),
    level=st.sampled_from([1e-7, 1e-3, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_invariants_at_every_setting(engine, fs, strength, gains, level, seed):
    """L' + C = L, R' + C = R, and C is no stronger than a few times the mid."""
    own = noise(3000, seed=seed).T * np.array([[0.1], [1.0]])
    x = (level * (own + np.outer(gains, noise(3000, seed=seed + 1)[:, 0]))).astype(np.float32)
    left, right, centre = maker(engine)(fs, strength).process(x).astype(np.float64)
    bound = 2e-7 * np.abs(x).max()
    assert np.abs(left + centre - x[0]).max() <= bound and np.abs(right + centre - x[1]).max() <= bound
    assert np.isfinite(centre).all() and level_db(centre, x) < 3
    if strength == 0:
        assert not centre.any()


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=6), engine=st.sampled_from(ENGINES))
def test_the_size_of_calls_does_not_change_a_bit(sizes, engine):
    x = np.concatenate([noise(2000, seed=1), np.zeros((1000, 2), np.float32), noise(2000, seed=2)]).T
    sizes = sizes if engine == "c" else [size + 60 for size in sizes]  # every call costs NumPy milliseconds
    assert np.array_equal(in_pieces(maker(engine)(FS).process, x, sizes), maker(engine)(FS).process(x))


@pytest.mark.parametrize("size", [1, 16, 40, 128, 160, 8193])
def test_the_usual_call_sizes(make, size):
    x = noise(9000 if size > 16 else 500, seed=1).T
    assert np.array_equal(in_pieces(make(FS).process, x, [size]), make(FS).process(x))


def test_garbage_counts_as_silence_and_reset_is_as_new(make):
    x = noise(5000, seed=5).T.astype(np.float32)
    clean = x.copy()
    clean[0, 3000:3003] = 0
    x[0, 3000:3003] = np.nan, np.inf, 1e7
    upmix = make(FS)
    first = upmix.process(x)
    assert upmix.discarded == 3 and np.array_equal(first, make(FS).process(clean))
    upmix.reset()
    assert upmix.discarded == 0 and np.array_equal(upmix.process(clean), first)


def test_strength_scales_the_centre_and_level_does_not_matter(make):
    x = noise(8000, seed=4).T
    whole = make(FS).process(x)[2]
    assert error_db(make(FS, 0.5).process(x)[2], 0.5 * whole) < -140
    assert error_db(make(FS).process((x * 1e-4).astype(np.float32))[2] * 1e4, whole) < -100


def test_silence_gives_silence(make):
    upmix = make(FS)
    upmix.process(noise(5000).T)
    upmix.process(np.zeros((2, 2 * FS), np.float32))
    assert not upmix.process(np.zeros((2, 2000), np.float32)).any()


# ---------------------------------------------------------------------------------------------- where sources end up


@pytest.mark.parametrize("image", [(1, 0), (0, 1), (1, -1)], ids=["left", "right", "antiphase"])
def test_a_steady_side_alone_leaves_the_centre_empty(make, image):
    x = pink(3 * FS, 2)
    centre = make(FS).process(np.outer(image, x).astype(np.float32))[2]
    assert level_db(centre[2 * FS :], x) < -60


@pytest.mark.parametrize("hz", [60, 1000, 9000])
def test_a_steady_centre_is_the_centre(make, hz):
    x = 0.2 * np.sin(2 * np.pi * hz * np.arange(FS) / FS)
    assert error_db(make(FS).process(np.stack([x, x]).astype(np.float32))[2], x) < -110


def test_sources_in_bands_of_their_own_are_told_apart(make):
    """A low tone in the middle, a high one at the left: four octaves apart, each goes its way."""
    t = np.arange(2 * FS) / FS
    middle, left = 0.1 * np.sin(2 * np.pi * 300 * t), 0.1 * np.sin(2 * np.pi * 5000 * t)
    centre = make(FS).process(np.stack([middle + left, middle]).astype(np.float32))[2].astype(np.float64)[FS:]
    gains = np.linalg.lstsq(np.stack([middle, left], 1)[FS:], centre, rcond=None)[0]
    assert abs(gains[0] - 1) < 0.02 and abs(gains[1]) < 0.02


def test_a_pan_sweep_keeps_its_level(make):
    """|L'|^2 + |R'|^2 + 2|C|^2 in 10 ms blocks, as the other latencies are held to."""
    frames = 5 * FS
    angle = np.linspace(0, np.pi / 2, frames)
    x = (pink(frames, 8) * np.stack([np.cos(angle), np.sin(angle)])).astype(np.float32)
    y = make(FS).process(x).astype(np.float64)
    power_out = (y**2 * np.array([[1], [1], [2]])).sum(axis=0)[9600:-4800].reshape(-1, 480).mean(axis=1)
    power_in = (x.astype(np.float64) ** 2).sum(axis=0)[9600:-4800].reshape(-1, 480).mean(axis=1)
    change = 10 * np.log10(power_out / power_in)
    assert -3.5 < change.min() and change.max() < 1.5


# ------------------------------------------------------------------------------------------------------------ parts


@WITH_CORE
@settings(max_examples=10, deadline=None)
@given(fs=st.sampled_from([8000, 44100, 48000, 96000]), strength=st.floats(0.1, 1), seed=st.integers(0, 99))
def test_the_core_and_its_twin_agree(fs, strength, seed):
    rng = np.random.default_rng(seed)
    sources = rng.standard_normal((3, 8000)) * np.repeat(rng.random((3, 16)), 500, axis=1) * 0.1
    x = (np.array([[1, 1, 0.3], [1, 0, 0.8]]) @ sources).astype(np.float32)
    assert error_db(maker("c")(fs, strength).process(x)[2], BandUpmix(fs, strength).process(x)[2]) < -80


@WITH_CORE
def test_instruction_sets_give_the_same_bits(monkeypatch):
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.core.calls import INSTRUCTION_SETS

    x = noise(20000).T
    results = []
    for name, isa in INSTRUCTION_SETS.items():
        if lib.sp_instruction_set_name(isa) != ffi.NULL:
            monkeypatch.setenv("SPATIAL_ISA", name)
            results.append(maker("c")(FS).process(x))
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.parametrize("fs, frames", [(8000, 2), (44100, 16), (48000, 16), (96000, 32), (192000, 64)])
def test_control_blocks_keep_their_length_in_time(fs, frames):
    assert control_frames(fs) == frames


def test_the_low_passes_are_butterworth_and_the_bands_add_up():
    f = edges(FS)
    assert len(f) == BANDS - 1 and np.isclose(f[0], 80) and np.isclose(f[-1], 16000)
    for hz, section in zip(f, low_passes(f, FS), strict=True):
        assert np.allclose(section, signal.butter(2, hz, fs=FS, output="sos")[0])
    upmix = BandUpmix(FS)
    x = noise(1000, 2).T.astype(np.float64)
    assert np.allclose(upmix._split(x).sum(axis=0), x, atol=1e-12)
    assert edges(8000)[-1] < 4000


def test_the_engine_in_force_decides(monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", "numpy")
    assert isinstance(make_upmix(RenderRecipe("directional", 0.0), FS), BandUpmix)
    with pytest.raises(UsageError, match="and for 'directional' also 0"):
        make_upmix(RenderRecipe("projection", 0.0), FS)
