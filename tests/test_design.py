"""From rig to taps: realisation, alignment, width pair, beam, and the whole matrix on rigs made for the test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_rigs import ball_rig, first_wave, free_rig

from spatial.acoustics.arrival import delay_s, fit_frequencies
from spatial.acoustics.points import arc, sphere
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.beam_figures import beam_pattern, directivity_index_db
from spatial.analysis.cancellation import arrivals, side_figures
from spatial.analysis.weights import effective_weights
from spatial.base.errors import UsageError
from spatial.catalogue.figures import study_of
from spatial.design.filter_bank import compute_filters
from spatial.design.realize import band_limit, fit_firs, solve_block_toeplitz, transfer
from spatial.design.sides import design_side
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import Medium
from spatial.targets.tone import boost_limited, center_gain, timbre_group
from spatial.targets.virtual_pair import wished_pair

C = Medium().c
ALONE = '[design.beam]\npreset = "reference"\n'


# ------------------------------------------------------------------------------------------------------- pieces


def test_fit_is_the_weighted_least_squares_of_a_dense_solver():
    rng = np.random.default_rng(1)
    n_freqs, points, drivers, n_taps = 65, 2, 2, 20
    h, wanted = (rng.standard_normal(s) + 1j * rng.standard_normal(s) for s in ((n_freqs, points, drivers), (n_freqs, points)))
    nearby = rng.standard_normal((n_freqs, drivers)) + 1j * rng.standard_normal((n_freqs, drivers))
    weight, loading = rng.uniform(0.1, 2, (n_freqs, points)), rng.uniform(0.1, 1, (n_freqs, drivers))
    taps = fit_firs(h, wanted, weight, nearby, loading, n_taps)
    # rows of a dense problem; inner bins stand for two of the full circle
    f = np.arange(n_freqs)
    dft = np.exp(-2j * np.pi * np.outer(f, np.arange(n_taps)) / (2 * (n_freqs - 1)))
    twice = np.where((f == 0) | (f == n_freqs - 1), 1.0, 2.0)
    rows, right = [], []
    for e in range(points):
        scale = np.sqrt(twice * weight[:, e])[:, None]
        rows.append(np.hstack([scale * h[:, e, n, None] * dft for n in range(drivers)]))
        right.append(scale[:, 0] * wanted[:, e])
    for n in range(drivers):
        scale = np.sqrt(twice * loading[:, n])[:, None]
        rows.append(np.hstack([scale * dft if m == n else np.zeros_like(dft) for m in range(drivers)]))
        right.append(scale[:, 0] * nearby[:, n])
    a, b = np.vstack(rows), np.concatenate(right)
    dense = np.linalg.lstsq(np.vstack([a.real, a.imag]), np.concatenate([b.real, b.imag]), rcond=None)[0]
    assert np.allclose(taps, dense.reshape(drivers, n_taps).T, atol=1e-10)


def test_a_filter_that_fits_is_found_again():
    rng = np.random.default_rng(2)
    truth = rng.standard_normal((30, 1))
    freqs = np.arange(129) / 256
    w = transfer(truth, freqs, 1.0)
    ones = np.ones((129, 1))
    found = fit_firs(np.ones((129, 1, 1), complex), w, ones, np.zeros((129, 1)), 1e-12 * ones, 30)
    assert np.allclose(found, truth, atol=1e-9)


@pytest.mark.parametrize(("low_to", "dear"), [(0.25, 1e15), (0.05, 1e15), (0.25, 1e30), (0.02, 1e25)])
def test_a_fit_too_near_to_singular_becomes_quiet_not_loud(low_to, dear):
    """Costs that range over more digits than numbers have: more loading, in place of taps of 10^24."""
    rng, f = np.random.default_rng(0), np.arange(257) / 512
    h = np.exp(1j * rng.uniform(-3, 3, (257, 2, 3)))
    wanted = np.exp(-2j * np.pi * f * 40)[:, None] * np.array([[1.0, 0.1]])
    weight = np.repeat((f < low_to)[:, None].astype(float), 2, axis=1)
    loading = np.full((257, 3), 1e-6)
    loading[(f > 0.30) & (f < 0.32)] = dear
    assert np.abs(fit_firs(h, wanted, weight, np.zeros((257, 3)), loading, 120)).max() <= 1.0


@settings(deadline=None)
@given(delay=st.floats(-5.9e-3, 5.9e-3), gain=st.floats(0.1, 10))
def test_delays_are_measured_to_a_hundredth_of_a_sample(delay, gain):
    f = fit_frequencies()
    assert abs(delay_s(f, gain * np.exp(-2j * np.pi * f * delay)) - delay) < 0.01 / 48000


@given(flat=st.floats(0.01, 100), h_ref=st.floats(0.01, 100), boost_db=st.floats(0, 20))
def test_the_boost_limit_never_goes_above_flat_or_limit_and_holds_below_its_knee(flat, h_ref, boost_db):
    d = abs(boost_limited(np.array([flat]), np.array([h_ref]), boost_db)[0])
    limit = h_ref * 10 ** (boost_db / 20)
    assert d <= min(flat, limit) * (1 + 1e-12)
    assert d >= min(flat, limit) * 10 ** (-0.6 / 20)
    if flat < limit * 10 ** (-3 / 20):
        assert d > flat * 10 ** (-0.02 / 20)


def test_band_limit_leaves_the_audible_band_alone():
    f = np.array([0.0, 1000.0, 20000.0, 22000.0, 24000.0])
    assert np.allclose(band_limit(f, 48000), [1, 1, 1, 0.5, 0])


# --------------------------------------------------------------------------------------------------------- beam


def test_directivity_index_of_an_omni_a_cardioid_and_two_close_omnis():
    """0, 4.771 and, for the closed-form maximum of two close omnis in line with the listener (Uzkov 1946), 6.021 dB."""
    points, weights = sphere()
    f = np.array([1000.0])
    omni = free_rig([0.0]).rig
    assert abs(directivity_index_db(np.ones(1), transfer_matrix(omni, points, f)[:, :, 0], weights)[0]) < 0.01
    cardioid = free_rig([0.0], driver_keys={0: 'directivity = "cardioid"'}).rig
    p = transfer_matrix(cardioid, points, f)[:, :, 0]
    assert abs(directivity_index_db(np.ones(1), p, weights)[0] - 4.771) < 0.01
    text = 'format = 1\nname = "pair"\n[listener]\ndistance_m = 2.0\n' + "".join(
        f'[[driver]]\nname = "{name}"\nchannel = {ch}\nposition_m = {{ front = {front}, left = 0.0, up = 0.0 }}\n'
        for name, ch, front in (("a", 1, 0.001), ("b", 2, -0.001))
    )
    pair = rig_from_text(text, "pair.toml").rig
    h = transfer_matrix(pair, points, f)[0]
    B = (h.conj() * weights[:, None]).T @ h
    g0 = transfer_matrix(pair, arc(0.0), f)[0, 0]
    w = np.linalg.solve(B, g0.conj())
    assert abs(directivity_index_db(np.array([g0 @ w]), (h @ w)[None], weights)[0] - 6.021) < 0.01


def test_timbre_comes_from_the_loudest_driver_on_the_side():
    rig_file = free_rig([0.4, 0.1, -0.1, -0.4])
    spec = rig_file.design.crosstalk
    assert timbre_group(rig_file.rig, rig_file.scene, spec, 0) in ((0,), (1,))
    one_sided = free_rig([0.4, 0.1])
    assert set(timbre_group(one_sided.rig, one_sided.scene, spec, 1)) <= {0, 1}


@pytest.fixture(scope="module")
def ball_bank():
    rig_file = ball_rig([0, 90, -90])
    return rig_file, compute_filters(rig_file)


# ------------------------------------------------------------------------------------------------------- matrix


def test_virtual_pair_on_a_ball():
    """18 dB to spend and drivers that are alike."""
    rig_file = first_wave(ball_rig([0, 90, -90]))
    figures = side_figures(study_of(compute_filters(rig_file), rig_file).sides)
    assert figures.ild_error_db <= 0.6
    assert figures.itd_error_us <= 8.0
    assert figures.timbre_db <= 0.2
    assert figures.effort_db <= 18.5


def test_virtual_pair_on_a_ball_as_it_is_by_default(ball_bank):
    """12 dB, drivers that differ: level differences and the pair's own tone hold, time differences as far as the closed form has them."""
    rig_file, bank = ball_bank
    figures, closed = side_figures(study_of(bank, rig_file).sides), design_side(rig_file, 0, np.geomspace(300, 1500, 100))
    assert figures.ild_error_db <= 0.2
    assert figures.timbre_db <= 0.2
    assert figures.effort_db <= 12.5
    wished = closed.d * wished_pair(rig_file.scene, "sphere_exact", np.geomspace(300, 1500, 100))
    phase = np.unwrap(np.angle(closed.c / wished)) / (2 * np.pi * np.geomspace(300, 1500, 100)) * 1e6
    assert figures.itd_error_us == pytest.approx(np.sqrt(np.mean(phase**2)), abs=3)


def test_paths_arrive_together_and_as_stated(ball_bank):
    rig_file, bank = ball_bank
    found = arrivals(study_of(bank, rig_file))
    assert max(found.values()) - min(found.values()) < 0.1
    from_the_origin = 2.0 * bank.fs / C
    assert abs(np.mean(list(found.values())) - bank.latency_samples - from_the_origin) < 0.1


def test_left_is_left(ball_bank):
    """The left input is louder at the left ear, the right one at the right."""
    from spatial.acoustics.points import Ears

    rig_file, bank = ball_bank
    f = np.geomspace(800, 8000, 60)
    h = transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), f)
    for path, near, far in (("left", 0, 1), ("right", 1, 0)):
        p = np.einsum("fen,fn->fe", h, effective_weights(bank, rig_file.rig, f, path))
        assert np.mean(np.abs(p[:, near]) ** 2) > 2 * np.mean(np.abs(p[:, far]) ** 2)


@pytest.mark.parametrize("mode", ["target", "null", "virtual"])
def test_mirrored_rig_gives_mirrored_filters(mode):
    design = f'[design.crosstalk]\nmode = "{mode}"\n' + ALONE
    one = compute_filters(ball_rig([0, 60, -90], design=design))
    other = compute_filters(ball_rig([0, 90, -60], design=design))
    assert one.latency_samples == other.latency_samples
    exchanged = other.taps[[0, 2, 1]][:, [1, 0, 2]]
    assert np.max(np.abs(one.taps - exchanged)) < 1e-9


def test_hardware_gain_delay_and_polarity_are_undone():
    lefts, f = [0.15, 0.0, -0.15], np.geomspace(60, 16000, 80)
    design = '[design.crosstalk]\nmode = "target"\n' + ALONE
    plain_file = free_rig(lefts, design=design)
    odd_file = free_rig(lefts, design=design, driver_keys={0: "gain_db = -4.5\ndelay_ms = 1.37\ninvert = true", 2: "gain_db = 2.0"})
    plain, odd = compute_filters(plain_file), compute_filters(odd_file)
    for path in ("left", "right", "center"):
        one = effective_weights(plain, plain_file.rig, f, path) * np.exp(2j * np.pi * f * plain.latency_samples / 48000)[:, None]
        other = effective_weights(odd, odd_file.rig, f, path) * np.exp(2j * np.pi * f * odd.latency_samples / 48000)[:, None]
        assert np.max(np.abs(one - other)) < 1e-2 * np.max(np.abs(one))
    assert odd.latency_samples == plain.latency_samples + int(np.ceil(1.37 * 48))


@pytest.mark.parametrize("fs", [44100, 96000])
def test_taps_scale_with_the_rate_and_the_figures_hold(fs):
    rig_file = free_rig([0.1, -0.1], design='[design.crosstalk]\nmode = "target"\n' + ALONE)
    bank = compute_filters(rig_file, fs)
    farther = (np.hypot(2.0, 0.1) - 2.0) / C * fs  # than the rig's origin, from where all paths arrive
    assert bank.latency_samples == round(384 * fs / 48000) + np.ceil(farther)
    figures = side_figures(study_of(bank, rig_file).sides)
    assert figures.timbre_db <= 0.1
    assert figures.effort_db <= 12.5


@settings(deadline=None, max_examples=6)
@given(taps=st.sampled_from([300, 512, 777]), delay=st.sampled_from([64, 128, 200]))
def test_any_length_and_delay_keeps_timbre(taps, delay):
    crosstalk = f'[design.crosstalk]\nmode = "target"\ntaps = {taps}\ndelay_samples = {delay}\n'
    rig_file = free_rig([0.1, -0.1], design=crosstalk + ALONE)
    assert side_figures(study_of(compute_filters(rig_file), rig_file).sides).timbre_db <= 0.2


def test_a_pair_that_stands_where_the_virtual_one_should_is_left_alone():
    """With the exact pair the filters of a real +-30 degree pair are a pure delay; with the fitted one, as near as its fit."""
    text = load_rig("stereo_pair", ["design.width.model=sphere_exact"])
    bank = compute_filters(text)
    left = bank.taps[0, 0]
    peak = np.abs(left).argmax()
    assert abs(left[peak]) > 0.85
    f = np.geomspace(300, 15000, 50)
    w = effective_weights(bank, text.rig, f, "left")
    assert np.max(np.abs(20 * np.log10(np.abs(w[:, 0])))) < 0.05
    assert np.max(np.abs(w[:, 1])) < 0.01


def test_pattern_of_the_bank_is_normalised_on_axis(ball_bank):
    rig_file, bank = ball_bank
    pattern = beam_pattern(study_of(bank, rig_file), [500.0, 2000.0], [-90.0, 0.0, 90.0])
    assert np.allclose(pattern.level_db[:, 1], 0)
    assert np.allclose(pattern.level_db[:, 0], pattern.level_db[:, 2], atol=1e-6)
    # 3 dB and the bass of a phantom, as loud at the seat as from the origin: far away the front driver, 9 cm nearer, is softer than that
    gain = center_gain(rig_file.design, np.array([500.0, 2000.0]))
    front, seat_m = transfer_matrix(rig_file.rig, arc(0.0), pattern.freqs)[:, 0], np.array([[2.0, 0.0, 0.0]])
    w = effective_weights(bank, rig_file.rig, pattern.freqs, "center")
    at_seat = np.abs(np.sum(pressure_at(rig_file.rig, seat_m, pattern.freqs)[:, 0] * w, axis=1)) * 2.0
    assert np.allclose(20 * np.log10(at_seat / gain), 0, atol=0.1)
    assert np.allclose(pattern.on_axis_db, 20 * np.log10(np.abs(np.sum(front * w, axis=1))), atol=1e-9)
    assert np.all(np.abs(pattern.on_axis_db - 20 * np.log10(gain)) < 0.5)


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(UsageError, match="8000 to 384000"):
        compute_filters(free_rig([0.1, -0.1]), 1000)


def test_bank_of_another_rig_is_refused(ball_bank):
    _, bank = ball_bank
    with pytest.raises(UsageError, match="names must be the same"):
        side_figures(study_of(bank, free_rig([0.1, -0.1])).sides)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4), blocks=st.integers(1, 12))
def test_block_toeplitz_is_solved_as_a_dense_matrix(seed, n, blocks):
    rng = np.random.default_rng(seed)
    # lags of a spectrum that is positive definite by construction
    a = rng.standard_normal((64, n, n)) + 1j * rng.standard_normal((64, n, n))
    spectra = np.einsum("fki,fkj->fij", a.conj(), a) + 0.5 * np.eye(n)
    spectra[0], spectra[-1] = spectra[0].real, spectra[-1].real
    lags = np.fft.irfft(spectra, 126, axis=0)[:blocks]
    right = rng.standard_normal((blocks, n))
    dense = np.block([[lags[m - k] if m >= k else lags[k - m].T for k in range(blocks)] for m in range(blocks)])
    assert np.allclose(solve_block_toeplitz(lags, right).ravel(), np.linalg.solve(dense, right.ravel()), rtol=1e-7, atol=1e-9)


def test_other_taps_do_not_keep_the_figures_of_those_before():
    """A report shows what a bank states of itself: it must be said of these taps."""
    bank = compute_filters(load_rig("headphones")).replace(figures={"width": {"ild_error_db": 0.5}})
    assert bank.replace(headroom_gain_db=-1.0).figures == bank.figures
    assert bank.replace(taps=0.5 * bank.taps).figures == {}
    assert bank.replace(taps=0.5 * bank.taps, figures={"own": 1}).figures == {"own": 1}
