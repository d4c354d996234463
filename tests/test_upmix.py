"""Upmix: exact in reconstruction, the same bits for every call size, centre where it belongs. Truth: signals whose sources are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS, error_db, in_pieces, noise

from spatial.errors import UsageError
from spatial.filters import RenderRecipe
from spatial.render.upmix import ProjectionUpmix, make_upmix, smooth, smoothing_bands, windows

LATENCIES = {2.7: 128, 21.0: 1024, 85.0: 4096}


def run(upmix, x):
    """L', R', C of x (2, frames), delay taken out."""
    d = upmix.latency
    return upmix.process(np.pad(x, ((0, 0), (0, d))).astype(np.float32))[:, d:]


def level_db(x, reference):
    return 10 * np.log10(np.mean(x**2) / np.mean(reference**2) + 1e-30)


def pink(frames, seed):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    x = np.fft.irfft(spectrum, frames)
    return 0.1 * x / x.std()


ALL = [RenderRecipe("off"), RenderRecipe("matrix"), *(RenderRecipe("projection", ms) for ms in LATENCIES)]


# ------------------------------------------------------------------------------------------------------ invariants


@pytest.mark.parametrize("recipe", ALL, ids=str)
@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_left_and_right_come_back(recipe, strength):
    x = noise(20000, seed=3).T
    recipe = RenderRecipe(recipe.upmix, recipe.latency_ms, strength)
    left, right, centre = run(make_upmix(recipe, FS), x).astype(np.float64)
    assert error_db(left + centre, x[0]) < -140 and error_db(right + centre, x[1]) < -140
    if strength == 0 or recipe.upmix == "off":
        assert not centre.any() and np.array_equal([left, right], x)


@pytest.mark.parametrize("ms, samples", LATENCIES.items())
def test_latency_is_the_stated_one(ms, samples):
    """A mono click is all centre, at its place and nowhere else."""
    upmix = ProjectionUpmix(FS, ms)
    assert upmix.latency == samples
    x = np.zeros((2, 20000), np.float32)
    x[:, 7003] = 0.5
    y = upmix.process(x)
    assert abs(y[2, 7003 + samples] - 0.5) < 1e-6
    y[2, 7003 + samples] = 0
    assert np.abs(y).max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=6), ms=st.sampled_from([2.7, 21.0, 85.0]))
def test_the_size_of_calls_does_not_change_a_bit(sizes, ms):
    x = np.concatenate([noise(9000, seed=1), np.zeros((3000, 2), np.float32), noise(9000, seed=2)]).T
    assert np.array_equal(in_pieces(ProjectionUpmix(FS, ms).process, x, sizes), ProjectionUpmix(FS, ms).process(x))


@pytest.mark.parametrize("size", [1, 16, 40, 128, 160, 8192, 8193])
def test_the_usual_call_sizes(size):
    x = noise(9000 if size > 1 else 3000, seed=1).T
    assert np.array_equal(in_pieces(ProjectionUpmix(FS).process, x, [size]), ProjectionUpmix(FS).process(x))


@pytest.mark.parametrize("recipe", ALL, ids=str)
def test_reset_is_as_new(recipe):
    x = noise(10000).T
    upmix = make_upmix(recipe, FS)
    first = upmix.process(x)
    upmix.process(x[:, :777])
    upmix.reset()
    assert np.array_equal(upmix.process(x), first)


@pytest.mark.parametrize("recipe", ALL, ids=str)
def test_silence_gives_silence(recipe):
    upmix = make_upmix(recipe, FS)
    upmix.process(noise(20000).T)
    silence = np.zeros((2, 12000), np.float32)
    upmix.process(silence)
    assert not upmix.process(silence).any()


def test_no_state_grows_and_silence_stays_quick():
    """Six minutes of silence would drive the means through the subnormal numbers."""
    import pickle
    import time

    upmix = ProjectionUpmix(FS)
    upmix.process(noise(48000).T)
    size = len(pickle.dumps(upmix))
    silence = np.zeros((2, 48000), np.float32)
    times = []
    for _ in range(60):
        started = time.perf_counter()
        upmix.process(silence)
        times.append(time.perf_counter() - started)
    assert abs(len(pickle.dumps(upmix)) - size) < 4096
    upmix._means[:] = 1e-199
    upmix.process(silence)
    assert not upmix._means.any() or np.abs(upmix._means).min() > 1e-300
    assert min(times[30:]) < 3 * min(times[:10])


# ---------------------------------------------------------------------------------------------- where sources end up


@pytest.mark.parametrize("ms", LATENCIES)
@pytest.mark.parametrize("signal", ["tone", "noise"])
def test_a_steady_centre_alone_is_the_centre(ms, signal):
    frames = 48000
    x = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(frames) / FS) if signal == "tone" else pink(frames, 1)
    left, right, centre = run(ProjectionUpmix(FS, ms), np.stack([x, x]))
    assert abs(level_db(centre, x)) < 0.01 and error_db(centre, x) < -120
    assert max(level_db(left, x), level_db(right, x)) < -120


@pytest.mark.parametrize("ms", LATENCIES)
@pytest.mark.parametrize("image", [(1, 0), (0, 1), (1, -1)], ids=["left", "right", "antiphase"])
def test_a_steady_side_alone_leaves_the_centre_empty(ms, image):
    x = pink(48000, 2)
    centre = run(ProjectionUpmix(FS, ms), np.outer(image, x))[2]
    assert level_db(centre, x) < -60


def test_the_centre_is_found_beside_hard_panned_sources():
    """A tone complex in the middle of two noises: the projection keeps it and rejects them far better than the static matrix."""
    frames = 4 * FS
    t = np.arange(frames) / FS
    middle = sum(np.sin(2 * np.pi * 220 * h * t + h) / h for h in range(1, 12)) * 0.1
    a, b = pink(frames, 5) * 0.3, pink(frames, 6) * 0.3
    x = np.stack([middle + a, middle + b])
    steady = slice(FS // 2, None)

    def leak_db(recipe):
        centre = run(make_upmix(recipe, FS), x)[2].astype(np.float64)[steady]
        gains = np.linalg.lstsq(np.stack([middle, a, b], 1)[steady], centre, rcond=None)[0]
        return 20 * np.log10(np.abs(gains) + 1e-9)

    static, found = leak_db(RenderRecipe("matrix")), leak_db(RenderRecipe("projection"))
    assert np.allclose(static, [0, -6.02, -6.02], atol=0.01)
    assert found[0] > -1.5 and max(found[1:]) < -14


def test_the_centre_is_uncorrelated_with_the_difference():
    x = np.stack([pink(4 * FS, 1) + pink(4 * FS, 2), 0.4 * pink(4 * FS, 1) + pink(4 * FS, 3)])
    centre = run(ProjectionUpmix(FS), x)[2].astype(np.float64)
    assert abs(np.corrcoef(centre, x[0] - x[1])[0, 1]) < 0.05
    assert np.corrcoef(0.5 * (x[0] + x[1]), x[0] - x[1])[0, 1] > 0.1  # which the static centre is not


def test_a_pan_sweep_keeps_its_level():
    """|L'|^2 + |R'|^2 + 2|C|^2 in 10 ms blocks. The means lag behind a source that crosses the centre: there it is 2.2 dB too loud."""
    frames = 10 * FS
    angle = np.linspace(0, np.pi / 2, frames)
    x = pink(frames, 8) * np.stack([np.cos(angle), np.sin(angle)])
    y = run(ProjectionUpmix(FS), x).astype(np.float64)
    power_out = (y**2 * np.array([[1], [1], [2]])).sum(axis=0)[4800:-4800].reshape(-1, 480).mean(axis=1)
    power_in = (x**2).sum(axis=0)[4800:-4800].reshape(-1, 480).mean(axis=1)
    change = 10 * np.log10(power_out / power_in)
    assert -3.1 < change.min() and change.max() < 2.4
    assert np.abs(np.diff(change)).max() < 2


def test_strength_scales_the_centre():
    x = noise(20000, seed=4).T
    whole = run(ProjectionUpmix(FS), x)[2]
    half = run(ProjectionUpmix(FS, strength=0.5), x)[2]
    assert error_db(half, 0.5 * whole) < -140


def test_a_quiet_programme_is_treated_as_a_loud_one():
    x = noise(20000, seed=4).T.astype(np.float64)
    loud, quiet = run(ProjectionUpmix(FS), x)[2], run(ProjectionUpmix(FS), x * 1e-4)[2]
    assert error_db(quiet * 1e4, loud) < -100


# ------------------------------------------------------------------------------------------------------------ parts


@pytest.mark.parametrize("n, span", [(512, 128), (2048, 1024), (4096, 4096)])
def test_windows_add_up_to_one_and_end_at_the_newest_sample(n, span):
    analysis, synthesis = windows(n, span)
    product = analysis[n - span :] * synthesis
    assert np.allclose(product.reshape(4, -1).sum(axis=0), 1, atol=1e-12)
    assert np.all(analysis > 0) and np.all(product > 0)


def test_smoothing_is_the_mean_over_the_band():
    power = np.random.default_rng(0).random((2, 3, 1025))
    first, last = smoothing_bands(2048, FS)
    slow = np.stack([power[..., a:b].mean(axis=-1) for a, b in zip(first, last, strict=True)], axis=-1)
    assert np.allclose(smooth(power, first, last), slow, rtol=1e-9)
    assert np.all(first <= np.arange(1025)) and np.all(last > np.arange(1025)) and last.max() == 1025


@pytest.mark.parametrize(
    "fs, n, span", [(44100, 2048, 1024), (96000, 4096, 2048), (192000, 8192, 4096), (32000, 1024, 512), (8000, 256, 128)]
)
def test_windows_keep_their_length_in_time_at_other_rates(fs, n, span):
    upmix = ProjectionUpmix(fs)
    assert (upmix.n, upmix.latency) == (n, span)
    x = noise(5000, seed=fs).T
    y = run(upmix, x)
    assert error_db(y[0] + y[2], x[0]) < -140


def test_what_there_is_not():
    for recipe, words in (
        (RenderRecipe("directional"), "method is 'off', 'matrix' or 'projection', got 'directional'"),
        (RenderRecipe("projection", 0.0), "latency_ms is 2.7, 21 or 85, got 0"),
        (RenderRecipe("matrix", strength=1.5), "strength is 0 to 1, got 1.5"),
    ):
        with pytest.raises(UsageError, match=words):
            make_upmix(recipe, FS)
