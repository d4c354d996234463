"""Upmix: exact in reconstruction, the same bits for every call size, centre where it belongs. Truth: signals whose sources are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS, error_db, in_pieces, noise
from upmixes import LATENCIES, crowd, level_db, pink, run

from spatial.bank.recipe import RenderRecipe
from spatial.base.errors import UsageError
from spatial.dsp.make import make_upmix
from spatial.dsp.twins.upmix_directional import CENTRE, DIRECTIONS, REGULARISATION, DirectionalUpmix, model
from spatial.dsp.twins.upmix_frames import smooth, smoothing_bands, windows
from spatial.dsp.twins.upmix_projection import ProjectionUpmix

try:
    from spatial.dsp.core.upmix import CoreUpmix
except ImportError:
    CoreUpmix = None

ALL = [
    RenderRecipe("off"),
    RenderRecipe("matrix"),
    *(RenderRecipe(method, ms) for method in ("projection", "directional") for ms in LATENCIES),
    RenderRecipe("directional", 0.0),
]


def core_directional(fs, ms=21.0, strength=1.0):
    return CoreUpmix("directional", fs, ms, strength)


def core_projection(fs, ms=21.0, strength=1.0):
    return CoreUpmix("projection", fs, ms, strength)


CORE = [core_directional] if CoreUpmix else []
CORE_PROJECTION = [core_projection] if CoreUpmix else []
FRAMEWISE = [ProjectionUpmix, DirectionalUpmix, *CORE, *CORE_PROJECTION]
needs_core = pytest.mark.skipif(not CORE, reason="the C core is not built")


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


@pytest.mark.parametrize("method", FRAMEWISE)
@pytest.mark.parametrize("ms, samples", LATENCIES.items())
def test_latency_is_the_stated_one(method, ms, samples):
    """A mono click is all centre, at its place and nowhere else."""
    upmix = method(FS, ms)
    assert upmix.latency == samples
    x = np.zeros((2, 20000), np.float32)
    x[:, 7003] = 0.5
    y = upmix.process(x)
    assert abs(y[2, 7003 + samples] - 0.5) < 1e-6
    y[2, 7003 + samples] = 0
    assert np.abs(y).max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=6),
    method=st.sampled_from(FRAMEWISE),
    ms=st.sampled_from([2.7, 21.0, 85.0]),
)
def test_the_size_of_calls_does_not_change_a_bit(sizes, method, ms):
    x = np.concatenate([noise(9000, seed=1), np.zeros((3000, 2), np.float32), noise(9000, seed=2)]).T
    assert np.array_equal(in_pieces(method(FS, ms).process, x, sizes), method(FS, ms).process(x))


@pytest.mark.parametrize("method", FRAMEWISE)
@pytest.mark.parametrize("size", [1, 16, 40, 128, 160, 8192, 8193])
def test_the_usual_call_sizes(method, size):
    x = noise(9000 if size > 1 else 3000, seed=1).T
    assert np.array_equal(in_pieces(method(FS).process, x, [size]), method(FS).process(x))


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


@settings(max_examples=40, deadline=None)
@given(
    method=st.sampled_from(FRAMEWISE),
    ms=st.sampled_from([2.7, 21.0, 85.0]),
    fs=st.sampled_from([8000, 44100, 48000, 96000]),
    strength=st.floats(0, 1),
    gains=st.lists(st.floats(-2, 2), min_size=2, max_size=2),
    level=st.sampled_from([1e-7, 1e-3, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_invariants_at_every_setting(method, ms, fs, strength, gains, level, seed):
    """L' + C = L, R' + C = R, and C is no stronger than a few times the mid."""
    x = (level * (noise(9000, seed=seed).T * np.array([[0.1], [1.0]]) + np.outer(gains, noise(9000, seed=seed + 1)[:, 0]))).astype(
        np.float32
    )
    left, right, centre = run(method(fs, ms, strength), x).astype(np.float64)
    bound = 1e-7 * np.abs(x).max()
    assert np.abs(left + centre - x[0]).max() <= 2 * bound and np.abs(right + centre - x[1]).max() <= 2 * bound
    assert np.isfinite(centre).all() and level_db(centre, x) < 3


@pytest.mark.parametrize("method", FRAMEWISE)
def test_garbage_counts_as_silence(method):
    x = noise(12000, seed=5).T.astype(np.float32)
    clean = x.copy()
    clean[0, 3000:3003] = 0
    x[0, 3000:3003] = np.nan, np.inf, 1e7
    assert np.array_equal(method(FS).process(x), method(FS).process(clean))


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


@pytest.mark.parametrize("method", FRAMEWISE)
@pytest.mark.parametrize("ms", LATENCIES)
@pytest.mark.parametrize("signal", ["tone", "noise"])
def test_a_steady_centre_alone_is_the_centre(method, ms, signal):
    frames = 48000
    x = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(frames) / FS) if signal == "tone" else pink(frames, 1)
    left, right, centre = run(method(FS, ms), np.stack([x, x]))
    assert abs(level_db(centre, x)) < 0.01 and error_db(centre, x) < -120
    assert max(level_db(left, x), level_db(right, x)) < -120


@pytest.mark.parametrize("method", FRAMEWISE)
@pytest.mark.parametrize("ms", LATENCIES)
@pytest.mark.parametrize("image", [(1, 0), (0, 1), (1, -1)], ids=["left", "right", "antiphase"])
def test_a_steady_side_alone_leaves_the_centre_empty(method, ms, image):
    """Steady: once the directions' shares have been learnt."""
    x = pink(4 * FS, 2)
    centre = run(method(FS, ms), np.outer(image, x))[2]
    assert level_db(centre[2 * FS :], x) < -60


def test_the_centre_is_found_beside_hard_panned_sources():
    """A tone complex in the middle of two noises: both methods keep it and reject them far better than the static matrix."""
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

    static, projected, modelled = (leak_db(RenderRecipe(method)) for method in ("matrix", "projection", "directional"))
    assert np.allclose(static, [0, -6.02, -6.02], atol=0.01)
    assert projected[0] > -1.5 and max(projected[1:]) < -14
    assert modelled[0] > -0.3 and max(modelled[1:]) < -13  # keeps more of the centre, and a little more of what is not


@pytest.mark.parametrize("method", FRAMEWISE)
def test_the_centre_is_uncorrelated_with_the_difference(method):
    x = np.stack([pink(4 * FS, 1) + pink(4 * FS, 2), 0.4 * pink(4 * FS, 1) + pink(4 * FS, 3)])
    centre = run(method(FS), x)[2].astype(np.float64)
    assert abs(np.corrcoef(centre, x[0] - x[1])[0, 1]) < 0.05
    assert np.corrcoef(0.5 * (x[0] + x[1]), x[0] - x[1])[0, 1] > 0.1  # which the static centre is not


@pytest.mark.parametrize(
    "method, lowest, highest, step",
    [
        *((method, -3.1, 2.4, 2) for method in [ProjectionUpmix, *CORE_PROJECTION]),
        *((method, -3.5, 1.5, 1) for method in [DirectionalUpmix, *CORE]),
    ],
)
def test_a_pan_sweep_keeps_its_level(method, lowest, highest, step):
    """|L'|^2 + |R'|^2 + 2|C|^2 in 10 ms blocks. The projection's means lag behind a source that crosses the centre: 2.2 dB too loud."""
    frames = 10 * FS
    angle = np.linspace(0, np.pi / 2, frames)
    x = (pink(frames, 8) * np.stack([np.cos(angle), np.sin(angle)])).astype(np.float32)
    y = run(method(FS), x).astype(np.float64)
    assert error_db(y[0] + y[2], x[0]) < -140 and error_db(y[1] + y[2], x[1]) < -140
    power_out = (y**2 * np.array([[1], [1], [2]])).sum(axis=0)[4800:-4800].reshape(-1, 480).mean(axis=1)
    power_in = (x.astype(np.float64) ** 2).sum(axis=0)[4800:-4800].reshape(-1, 480).mean(axis=1)
    change = 10 * np.log10(power_out / power_in)
    assert lowest < change.min() and change.max() < highest
    assert np.abs(np.diff(change)).max() < step


@pytest.mark.parametrize("method", FRAMEWISE)
def test_strength_scales_the_centre(method):
    x = noise(20000, seed=4).T
    whole = run(method(FS), x)[2]
    half = run(method(FS, strength=0.5), x)[2]
    assert error_db(half, 0.5 * whole) < -140


@pytest.mark.parametrize("method", FRAMEWISE)
def test_a_quiet_programme_is_treated_as_a_loud_one(method):
    x = noise(20000, seed=4).T.astype(np.float64)
    loud, quiet = run(method(FS), x)[2], run(method(FS), x * 1e-4)[2]
    assert error_db(quiet * 1e4, loud) < -100


# ------------------------------------------------------------------------------------------------ the core and its twin


def programme(frames, seed=0):
    """A voice-like complex in the middle, noise at both sides, a burst, silence."""
    t = np.arange(frames) / FS
    middle = sum(np.sin(2 * np.pi * 180 * h * t + h) / h for h in range(1, 30)) * 0.1 * (1 + np.sin(2 * np.pi * 3 * t))
    x = np.stack([middle + 0.5 * pink(frames, seed), middle + 0.3 * pink(frames, seed + 1)])
    x[:, frames // 3 :][:, :4] += np.array([[0.9], [-0.2]])
    x[:, frames // 2 : 2 * frames // 3] = 0
    return x.astype(np.float32)


@needs_core
@settings(max_examples=12, deadline=None)
@given(
    ms=st.sampled_from([2.7, 21.0, 85.0]),
    fs=st.sampled_from([8000, 44100, 48000, 192000]),
    level=st.sampled_from([1e-5, 1.0, 1e4]),
    strength=st.sampled_from([0.4, 1.0]),
    seed=st.integers(0, 99),
    methods=st.sampled_from([(core_directional, DirectionalUpmix), (core_projection, ProjectionUpmix)]),
    sound=st.sampled_from([programme, lambda frames, seed: crowd(frames, seed).stereo.astype(np.float32)]),
)
def test_the_core_and_its_twin_agree(ms, fs, level, strength, seed, methods, sound):
    x = np.float32(level) * sound(40000, seed)
    core, twin = (method(fs, ms, strength) for method in methods)
    assert core.latency == twin.latency
    for ours, theirs in zip(core.process(x), twin.process(x), strict=True):
        assert level_db(ours - theirs, x) < -110


@needs_core
@pytest.mark.parametrize("method", [core_directional, core_projection])
@pytest.mark.parametrize("ms", LATENCIES)
def test_instruction_sets_give_the_same_bits(method, ms, monkeypatch):
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.core.calls import INSTRUCTION_SETS

    outputs = []
    for name, number in INSTRUCTION_SETS.items():
        if lib.sp_instruction_set_name(number) != ffi.NULL:
            monkeypatch.setenv("SPATIAL_ISA", name)
            outputs.append(method(FS, ms).process(programme(30000)))
    assert outputs[0][2].any() and all(np.array_equal(y, outputs[0]) for y in outputs)


@needs_core
def test_the_engine_in_force_decides(monkeypatch):
    for engine, name, kind in (("c", "projection", CoreUpmix), ("c", "directional", CoreUpmix), ("numpy", "directional", DirectionalUpmix)):
        monkeypatch.setenv("SPATIAL_ENGINE", engine)
        assert type(make_upmix(RenderRecipe(name), FS)) is kind


@pytest.mark.parametrize("method", FRAMEWISE)
def test_garbage_is_counted_until_reset(method):
    upmix = method(FS)
    x = np.zeros((2, 3000), np.float32)
    x[1, [5, 700, 2999]] = np.inf, np.nan, -2e6
    upmix.process(x)
    assert upmix.discarded == 3
    upmix.reset()
    assert upmix.discarded == 0


@needs_core
def test_the_core_refuses_what_is_outside_its_domain():
    from spatial.dsp.core._core import ffi, lib

    good = {"method": lib.SP_UPMIX_DIRECTIONAL, "fs": 48000, "n": 2048, "span": 1024, "strength": 1.0, "instruction_set": 0}
    wrong = [
        *(({"n": n}, lib.SP_ERROR_WINDOW) for n in (0, 16, 1000, 512, 1 << 20)),
        *(({"span": span}, lib.SP_ERROR_WINDOW) for span in (0, -4, 8, 1000, 4096)),
        *(({"fs": fs}, lib.SP_ERROR_SETTING) for fs in (0.0, -1.0, np.nan, np.inf)),
        *(({"strength": strength}, lib.SP_ERROR_SETTING) for strength in (-0.1, 1.1, np.nan)),
        ({"instruction_set": 77}, lib.SP_ERROR_INSTRUCTION_SET),
        *(({"method": method}, lib.SP_ERROR_UPMIX) for method in (lib.SP_UPMIX_OFF, lib.SP_UPMIX_MATRIX, 4, -1)),
        ({"method": lib.SP_UPMIX_PROJECTION, "n": 0, "span": 0}, lib.SP_ERROR_UPMIX),
    ]
    error = ffi.new("int *")
    for change, code in wrong:
        assert lib.sp_upmix_new(ffi.new("sp_upmix_plan *", good | change), error) == ffi.NULL and error[0] == code
    with pytest.raises(UsageError, match=r"audio must be \(2, frames\), got shape \(3, 10\)"):
        core_directional(FS).process(np.zeros((3, 10)))


# ------------------------------------------------------------------------------------------------------------ parts


@pytest.mark.parametrize("n, span", [(512, 128), (2048, 1024), (4096, 4096)])
def test_windows_add_up_to_one_and_end_at_the_newest_sample(n, span):
    analysis, synthesis = windows(n, span)
    product = analysis[n - span :] * synthesis
    assert np.allclose(product.reshape(4, -1).sum(axis=0), 1, atol=1e-12)
    assert np.all(analysis > 0) and np.all(product > 0)


def test_smoothing_is_the_mean_over_the_band():
    power = np.random.default_rng(0).random((2, 3, 1025))
    first, last = smoothing_bands(np.arange(1025) * FS / 2048, 0.25)
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


def test_the_update_is_the_multiplicative_one():
    """Against 2 x 2 matrices: v_k *= (d^H Q d)/(d^H Sigma^-1 d), and C = v_0 d_0^H Sigma^-1 (M, S)."""
    rng = np.random.default_rng(3)
    v, (p, *f) = rng.random(len(DIRECTIONS)), (1.0, 0.3, -0.2, 0.4)
    phi = 0.5 * np.array([[p + f[0], f[1] - 1j * f[2]], [f[1] + 1j * f[2], p - f[0]]])

    def matrix(u):
        return 0.5 * np.array([[1 + u[0], u[1] - 1j * u[2]], [u[1] + 1j * u[2], 1 - u[0]]])

    sigma = REGULARISATION * np.eye(2) + sum(v_k * matrix(u) for v_k, u in zip(v, DIRECTIONS, strict=True))
    inverse = np.linalg.inv(sigma)
    t, s, determinant = (np.squeeze(part) for part in model(v[:, None]))
    for u in DIRECTIONS:
        slow = np.trace(matrix(u) @ inverse @ phi @ inverse).real / np.trace(matrix(u) @ inverse).real
        assert np.isclose(2 * (t * p - s @ f) / determinant - (p - u @ f) / (t - u @ s), slow)
    weights = 2 * v[CENTRE] / determinant * np.array([t - s[0], -s[1] + 1j * s[2]])
    assert np.allclose(weights, v[CENTRE] * inverse[0])


def test_odd_spectra_are_the_transform_between_the_usual_bins():
    upmix = DirectionalUpmix(FS, 2.7)
    frames = np.random.default_rng(1).standard_normal((3, upmix.n))
    between = np.fft.fft(np.pad(frames, ((0, 0), (0, upmix.n))))[:, 1 : upmix.n : 2]
    assert np.allclose(upmix.odd_spectra(frames), between) and np.allclose(upmix.odd_frames(between), frames)


def test_what_there_is_not():
    for recipe, words in (
        (RenderRecipe("pro-logic"), "method is 'directional', 'projection', 'matrix' or 'off', got 'pro-logic'"),
        (RenderRecipe("projection", 0.0), "latency_ms is 2.7, 21 or 85, and for 'directional' also 0, got 0"),
        (RenderRecipe("matrix", strength=1.5), "strength is 0 to 1, got 1.5"),
    ):
        with pytest.raises(UsageError, match=words):
            make_upmix(recipe, FS)
