"""Published methods against their own publications: dense inverses, bordered systems, the recursion in the time domain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_rigs import ball_rig, closed_form, first_wave, free_rig

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.cancellation import side_figures
from spatial.analysis.comparison import compare
from spatial.base.errors import UsageError
from spatial.catalogue.figures import study_of
from spatial.design.crosstalk import least_effort_weights, nearest_in_disc, reachable_leaks
from spatial.design.filter_bank import compute_filters
from spatial.design.published_formulas import (
    lcmv,
    lcmv_beta_for_effort,
    lcmv_beta_for_separation,
    peak_limit_beta,
    race,
    race_parameters,
    tikhonov,
    tikhonov_beta_for_separation,
)
from spatial.design.published_methods import METHODS, methods_for, published
from spatial.design.sides import design_side

CASES = dict(seed=st.integers(0, 2**32 - 1), drivers=st.integers(2, 8))
BOX = [0.08, -0.08]


def plant(seed, drivers):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((3, 2, drivers)) + 1j * rng.standard_normal((3, 2, drivers))


def mirrored_plant(seed, drivers):
    """A layout with a mirror image of every driver: the right ear receives what the left one does, drivers exchanged."""
    left = plant(seed, drivers)[:, 0]
    return np.stack([left, left[:, ::-1]], axis=1)


# ---------------------------------------------------------------------------------------------------------- tikhonov


@given(**CASES, beta=st.floats(1e-3, 10))
def test_tikhonov_is_the_least_squares_solution_with_a_penalty(seed, drivers, beta):
    """Truth from outside: the stacked real least-squares problem, by lstsq."""
    H = plant(seed, drivers)
    W = tikhonov(H, np.broadcast_to(np.eye(2), (3, 2, 2)), np.full(3, beta))
    for h, w in zip(H, W, strict=True):
        stacked = np.vstack([h, np.sqrt(beta) * np.eye(drivers)])
        expected = np.linalg.lstsq(stacked, np.vstack([np.eye(2), np.zeros((drivers, 2))]), rcond=None)[0]
        assert np.allclose(w, expected, atol=1e-9)


@given(**CASES, above_db=st.floats(0.1, 40))
def test_symmetric_beta_leaves_the_wanted_ratio_between_the_ears(seed, drivers, above_db):
    """Truth from outside: the dense inverse."""
    H = mirrored_plant(seed, drivers)
    a, b = (np.sum(np.abs(H[:, 0] + sign * H[:, 1]) ** 2, axis=1) for sign in (1, -1))
    t = (a + b) / np.abs(a - b) * 10 ** (above_db / 20)
    beta = tikhonov_beta_for_separation(H[:, 0], H[:, 1], t)
    for h, one_beta, wanted in zip(H, beta, t, strict=True):
        heard = h @ h.conj().T @ np.linalg.inv(h @ h.conj().T + one_beta * np.eye(2))
        assert np.isclose(abs(heard[0, 0] / heard[1, 0]), wanted, rtol=1e-7)


@given(**CASES, below_db=st.floats(0.1, 40))
def test_no_symmetric_beta_where_even_the_largest_leaves_more(seed, drivers, below_db):
    H = mirrored_plant(seed, drivers)
    a, b = (np.sum(np.abs(H[:, 0] + sign * H[:, 1]) ** 2, axis=1) for sign in (1, -1))
    t = (a + b) / np.abs(a - b) * 10 ** (-below_db / 20)
    assert np.isnan(tikhonov_beta_for_separation(H[:, 0], H[:, 1], t)).all()
    W = tikhonov(H, np.broadcast_to(np.eye(2), (3, 2, 2)), 1e9 * (a + b))
    heard = H @ W
    assert np.all(np.abs(heard[:, 0, 0] / heard[:, 1, 0]) > t)


# ---------------------------------------------------------------------------------------------------------- choueiri


def two_sources(freqs, g, tau_s):
    """Two loudspeakers and two points for ears: direct 1, crosstalk g e^{-j omega tau}."""
    across = g * np.exp(-2j * np.pi * freqs * tau_s)
    return np.stack([np.stack([np.ones_like(across), across], axis=1), np.stack([across, np.ones_like(across)], axis=1)], axis=1)


@pytest.mark.parametrize("gamma_db", [3.0, 7.0, 12.0])
def test_peak_limit_follows_the_published_branches_and_the_gain_is_flat_where_it_binds(gamma_db):
    """Truth from outside: the two branches of beta for the free-field model, and the norm of the filters by their eigenvalues."""
    freqs, g, tau_s = np.linspace(20, 20000, 1500), 0.985, 65e-6
    gamma = 10 ** (gamma_db / 20)
    cosine = np.cos(2 * np.pi * freqs * tau_s)
    out_of_phase, in_phase = g**2 - 2 * g * cosine + 1, g**2 + 2 * g * cosine + 1
    branches = [np.sqrt(s) / gamma - s for s in (out_of_phase, in_phase)]
    unlimited = np.maximum(1 / np.sqrt(out_of_phase), 1 / np.sqrt(in_phase))
    published = np.where(unlimited <= gamma, 0.0, np.where(out_of_phase < in_phase, *branches))

    H = two_sources(freqs, g, tau_s)
    beta = peak_limit_beta(H, np.full(len(freqs), gamma))
    assert np.allclose(beta, published, atol=1e-9)
    W = tikhonov(H, np.broadcast_to(np.eye(2), H.shape), beta)
    loudest = np.maximum(np.abs(W[:, 0, 0] + W[:, 0, 1]), np.abs(W[:, 0, 0] - W[:, 0, 1]))
    assert np.allclose(loudest, np.minimum(unlimited, gamma), rtol=1e-9)
    assert (unlimited > gamma).any() and (unlimited < gamma).any()


# -------------------------------------------------------------------------------------------------------------- lcmv


@given(**CASES, beta=st.floats(1e-3, 10))
def test_lcmv_solves_the_constrained_problem(seed, drivers, beta):
    """Truth from outside: the bordered (Karush-Kuhn-Tucker) system of the constrained minimum."""
    H = plant(seed, drivers)
    d = np.array([1.0, 2.0j, -0.5 + 0.1j])
    w = lcmv(H[:, 0], H[:, 1], d, np.full(3, beta))
    for (h_i, h_c), wanted, found in zip(H, d, w, strict=True):
        cost = np.outer(h_c.conj(), h_c) + beta * np.eye(drivers)
        bordered = np.block([[cost, h_i.conj()[:, None]], [h_i[None], np.zeros((1, 1))]])
        expected = np.linalg.solve(bordered, np.append(np.zeros(drivers), wanted))[:drivers]
        assert np.allclose(found, expected, atol=1e-8)


@given(**CASES, above_db=st.floats(0.1, 40))
def test_lcmv_beta_leaves_the_wanted_ratio_and_the_wanted_effort(seed, drivers, above_db):
    H, d = plant(seed, drivers), np.array([1.0, 2.0j, -0.5 + 0.1j])
    h_i, h_c = H[:, 0], H[:, 1]
    cheapest = lcmv(h_i, h_c, d, np.full(3, np.inf))
    t = np.abs(d / np.sum(h_c * cheapest, axis=1)) * 10 ** (above_db / 20)
    w = lcmv(h_i, h_c, d, lcmv_beta_for_separation(h_i, h_c, t))
    assert np.allclose(np.abs(d / np.sum(h_c * w, axis=1)), t, rtol=1e-7)
    assert np.allclose(np.sum(h_i * w, axis=1), d)
    effort = np.sum(np.abs(w) ** 2, axis=1)
    again = lcmv_beta_for_effort(h_i, h_c, d, effort)
    assert np.allclose(np.sum(np.abs(lcmv(h_i, h_c, d, again)) ** 2, axis=1), effort, rtol=1e-7)


@given(**CASES, spare_db=st.floats(0.01, 30))
def test_lcmv_under_a_cap_is_the_null_of_the_disc(seed, drivers, spare_db):
    """Two codings that share no line: the loading for an effort, and the wish 0 moved into the disc of reachable leaks."""
    H, d = plant(seed, drivers), np.array([1.0, 2.0j, -0.5 + 0.1j])
    h_i, h_c = H[:, 0], H[:, 1]
    effort = np.abs(d) ** 2 / np.sum(np.abs(h_i) ** 2, axis=1) * 10 ** (spare_db / 10)
    c0, rho = reachable_leaks(h_i, h_c, d, effort)
    expected = least_effort_weights(h_i, h_c, d, nearest_in_disc(np.zeros(3, complex), c0, rho))
    assert np.allclose(lcmv(h_i, h_c, d, lcmv_beta_for_effort(h_i, h_c, d, effort)), expected, atol=1e-7)


# -------------------------------------------------------------------------------------------------------------- race


@pytest.mark.parametrize(("gain_db", "delay"), [(-2.5, 3), (-6.0, 5)])
def test_race_is_its_recursion_in_the_time_domain(gain_db, delay):
    """Truth from outside: the published recursion, one sample at a time."""
    fs, n, gain = 48000, 4096, 10 ** (gain_db / 20)
    x = np.zeros(n)
    x[0] = 1.0
    y_left, y_right = np.zeros(n), np.zeros(n)
    for i in range(n):
        y_left[i] = x[i] - (gain * y_right[i - delay] if i >= delay else 0.0)
        y_right[i] = -gain * y_left[i - delay] if i >= delay else 0.0
    freqs = np.fft.rfftfreq(n, 1 / fs)
    feeds = race(freqs, gain, delay / fs, band_hz=(1e-6, 1e6))
    assert np.allclose(feeds[1:], np.stack([np.fft.rfft(y_left), np.fft.rfft(y_right)], axis=1)[1:], atol=1e-9)


def test_race_leaves_everything_outside_its_band_alone():
    feeds = race(np.array([50.0, 1000.0, 12000.0]), 0.7, 70e-6)
    assert np.allclose(feeds[[0, 2]], [[1, 0], [1, 0]]) and abs(feeds[1, 1]) > 0.5


def test_race_is_fitted_to_the_crosstalk_of_a_layout():
    freqs = np.geomspace(250, 5000, 100)
    gain, delay_s = race_parameters(freqs, 0.6 * np.exp(-2j * np.pi * freqs * 80e-6))
    assert gain == pytest.approx(0.6) and delay_s == pytest.approx(80e-6)
    assert race_parameters(freqs, np.full(100, 0.99 + 0j))[0] == pytest.approx(10 ** (-2.5 / 20))


# -------------------------------------------------------------------------------------------------------- on rigs


def free_pair(angle_deg, distance_m=2.0, design=""):
    """Two omnis on a circle about the head."""
    angle = np.deg2rad(angle_deg)
    return free_rig([distance_m * np.tan(angle), -distance_m * np.tan(angle)], distance_m=distance_m, design=design)


def method(name, rig_file):
    """A method on a rig, beside the closed form that tells it what is wanted and allowed."""
    return published(name, rig_file, closed_form(rig_file).nominal)


def names_for(rig_file):
    """All methods that a rig leaves a place for."""
    return [method.name for method in methods_for(rig_file, closed_form(rig_file).nominal)]


NULL = '[design.crosstalk]\nmode = "null"\neffort_cap_db = 12\n'
TARGET = '[design.crosstalk]\nmode = "target"\neffort_cap_db = 12\n'


@pytest.mark.parametrize("name", ["tikhonov", "lcmv"])
@pytest.mark.parametrize("design", [NULL, TARGET], ids=["null", "target"])
def test_methods_stay_under_the_cap_that_they_share(name, design):
    worst = []
    for rig_file in (free_rig(BOX, design=design), free_rig([0.3, 0.05, -0.2], design=design)):
        freqs = np.geomspace(30, 20000, 120)
        weights = method(name, rig_file).weights(freqs)
        for ear in (LEFT, RIGHT):
            side = design_side(rig_file, ear, freqs)
            worst.append(float((side.effort_db(weights[ear]) - side.cap_db).max()))
    assert max(worst) < 0.05
    assert max(worst) > -0.05 or design == TARGET, "a cap that binds nowhere would show nothing"


@pytest.mark.parametrize("lefts", [BOX, [0.3, 0.05, -0.2]], ids=["symmetric, closed form", "asymmetric, by bisection"])
def test_tikhonov_and_lcmv_meet_the_target_where_the_cap_lets_them(lefts):
    rig_file = free_rig(lefts, design='[design.crosstalk]\nmode = "target"\neffort_cap_db = 40\ntarget_db = [[100, 20], [10000, 20]]\n')
    freqs = np.geomspace(500, 6000, 80)
    for name in ("tikhonov", "lcmv"):
        separation = []
        for ear, w in enumerate(method(name, rig_file).weights(freqs)):
            side = design_side(rig_file, ear, freqs)
            separation.append(20 * np.log10(np.abs(np.sum(side.h_ipsi * w, axis=1) / np.sum(side.h_contra * w, axis=1))))
        # one beta serves both sides of Tikhonov's inverse: the worse side has the target, unless any loading leaves more
        worse = np.min(separation, axis=0)
        assert worse.min() >= 20 - 1e-3 and np.mean(worse <= 20 + 1e-3) > 0.8, name


def test_mirrored_rigs_get_mirrored_methods():
    freqs = np.geomspace(100, 10000, 40)
    one, other = free_rig([0.3, 0.05, -0.2], design=TARGET), free_rig([0.2, -0.05, -0.3], design=TARGET)
    assert names_for(one) == names_for(other) != []
    for name in names_for(one):
        left, right = method(name, one).weights(freqs)[LEFT], method(name, other).weights(freqs)[RIGHT][:, ::-1]
        assert np.allclose(left, right, rtol=1e-6, atol=1e-9), name


def test_the_cascade_adds_its_leak_to_the_wanted_crosstalk():
    """The figures that were found before anything here was written: 118-213 us where the joint design is within 8."""
    for rig_file in map(first_wave, (free_rig(BOX), ball_rig([0, 90, -90]))):
        ours = side_figures(closed_form(rig_file))
        cascade = side_figures(closed_form(rig_file).beside(method("cascade", rig_file).weights))
        assert 118 <= cascade.itd_error_us <= 213
        assert ours.itd_error_us <= 8 and ours.timbre_db < 0.01 < cascade.timbre_db


def test_race_separates_a_wide_pair_and_colours_a_narrow_one():
    """15.9 dB on a pair of 60 degrees, about 5 on a small box, with 3-6 dB of colouration."""
    pairs = free_pair(30.0, design=NULL), free_rig(BOX, design=NULL)
    wide, narrow = (side_figures(closed_form(rig_file).beside(method("race", rig_file).canceller)) for rig_file in pairs)
    assert wide.sep_mean_db == pytest.approx(15.9, abs=0.7)
    assert narrow.sep_mean_db == pytest.approx(5.0, abs=2.0) and 3 <= narrow.timbre_db <= 6


def test_methods_that_a_rig_leaves_no_place_for_are_refused_and_left_out():
    null = free_rig(BOX, design=NULL)
    with pytest.raises(UsageError, match='"cascade" puts a virtual pair in front.*mode "null"'):
        method("cascade", null)
    with pytest.raises(UsageError, match="no method 'magic'.*tikhonov, lcmv"):
        method("magic", null)
    alone = free_rig([0.0, 0.1], design='[design.crosstalk]\ntimbre_drivers = { left = ["d0"], right = ["d0"] }\n')
    with pytest.raises(UsageError, match="same reference driver"):
        method("race", alone)
    assert set(names_for(null)) == set(METHODS) - {"cascade"} and "race" not in names_for(alone)


def test_a_comparison_has_the_bank_first_and_what_its_sides_do():
    rig_file = first_wave(free_rig(BOX))
    sides = study_of(compute_filters(rig_file), rig_file).sides
    rows = compare(sides, sides.methods(["lcmv", "cascade"]))
    assert [row.name for row in rows] == ["this bank", "lcmv", "cascade"]
    assert rows[0].canceller_db is None and rows[0].figures.itd_error_us < 10
    assert all(row.canceller_db > 5 for row in rows[1:])
    # the level of one side of a box costs about 10 dB at an 18 dB cap
    assert rows[0].level_db == pytest.approx(10.4, abs=0.5)
