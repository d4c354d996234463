"""The beam: presets against brute force and closed forms, symmetry, gain bounds, tolerances, and the figures of the shipped rigs."""

import dataclasses
import itertools

import numpy as np
import pytest
from make_rigs import ball_rig, cylinder_rig, free_rig, wall_rig
from scipy.optimize import minimize

from spatial.acoustics.points import arc, sphere
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.beam_figures import beam_figures
from spatial.analysis.beam_tolerance import moved_rig, side_draws_db
from spatial.analysis.spinorama import orbits, spinorama, zone_weights
from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.units import db, from_db, power_db, third_octave_centres
from spatial.catalogue.figures import study_of
from spatial.design.beam_problem import patterns
from spatial.design.beam_search import bounds_of, smooth_path, starting_weights
from spatial.design.beamformer import beam_weights, design_frequencies, find_beam
from spatial.design.centre import centre_taps, design_centre
from spatial.design.constant_directivity import constant_directivity
from spatial.design.magnitude_bounds import Bounds, PowerCap, refine
from spatial.design.realize import transfer
from spatial.rig.geometry import direction
from spatial.rig.load import load_rig
from spatial.rig.model import BeamSpec, Medium
from spatial.targets.beam_directions import SIDE_DEG, around, judged_bands
from spatial.targets.beam_reference import beam_group, beam_reference_in_words
from spatial.targets.beam_wishes import NUMBERS, wish_of
from spatial.targets.effort import effort_cap_curve

AIR = Medium()
BINS = np.maximum(np.arange(2049) * 48000 / 4096, 0.1)
BALL3, RING7 = [0, 90, -90], [0.0, *(s * i * 360 / 7 for i in (1, 2, 3) for s in (1, -1))]
SIDES = np.array([80.0, 90.0, 100.0, -80.0, -90.0, -100.0])
WINDOW = np.arange(-45.0, 46.0, 5.0)


def centre_bank(rig_file, n_taps=1024, delay=384, fs=48000):
    """A bank whose sides are silent: the centre alone, without the design of the sides."""
    rig, n_fft = rig_file.rig, 4096
    centre = design_centre(rig_file, np.maximum(np.arange(n_fft // 2 + 1) * fs / n_fft, 0.1))
    taps = np.zeros((len(rig.drivers), 3, n_taps))
    taps[:, 2] = centre_taps(centre, fs, n_taps, np.full(len(rig.drivers), float(delay))).T
    return FilterMatrix(
        taps=taps,
        fs=fs,
        latency_samples=delay,
        input_names=("left", "right", "center"),
        driver_names=tuple(d.name for d in rig.drivers),
        channels=tuple(d.channel for d in rig.drivers),
        recipe=RenderRecipe(upmix="matrix", latency_ms=0.0, strength=1.0),
        rig_text=rig_file.text,
    )


def seat_level_db(rig_file):
    """The taps of the centre at the seat over their target, power mean of each third octave, 250 Hz-4 kHz: (bands,).

    The target is one source at the origin, e^{-jkr}/r, louder by 3 dB and in the bass, 1/(1 + (f/450)^4), by 3 more.
    """
    bands = third_octave_centres(250, 4000)
    f = np.outer(bands, 2.0 ** ((np.arange(9) - 4) / 27)).ravel()
    made = heard(rig_file, transfer(centre_bank(rig_file).taps[:, 2].T, f, 48000), f, 0.0)[:, 0]
    gain_db = rig_file.design.center_gain_db + rig_file.design.center_bass_db / (1 + (f / 450.0) ** 4)
    return power_db((np.abs(made / from_db(gain_db)) ** 2).reshape(len(bands), -1).mean(axis=1))


def seat_side_of_taps_db(rig_file):
    """Side rejection of the taps on the listener's circle: mean of dB over the judged third octaves."""
    bands = judged_bands(rig_file.rig)
    f = np.outer(bands, 2.0 ** ((np.arange(9) - 4) / 27)).ravel()
    p = heard(rig_file, transfer(centre_bank(rig_file).taps[:, 2].T, f, 48000), f, np.append(SIDES, 0.0))
    power = (np.abs(p) ** 2).reshape(len(bands), 9, -1).mean(axis=1)
    return power_db(power[:, -1] / power[:, :-1].mean(axis=1)).mean()


def beaming(rig_file, **spec):
    """The rig file with this [design.beam]."""
    return dataclasses.replace(rig_file, design=dataclasses.replace(rig_file.design, beam=BeamSpec(**spec)))


def weights(rig_file, freqs, **spec):
    return beam_weights(beaming(rig_file, **spec), freqs)


def drivers_heard(rig_file, freqs, azimuth_deg):
    """Every driver on the circle of a listener straight ahead, e^{-jkr}/r of its distance left out: (freqs, azimuths, drivers)."""
    distance_m = rig_file.scene.listener.distance_m
    p = pressure_at(rig_file.rig, distance_m * direction(np.atleast_1d(azimuth_deg)), freqs)
    return p * (distance_m * np.exp(2j * np.pi * freqs / AIR.c * distance_m))[:, None, None]


def heard(rig_file, w, freqs, azimuth_deg):
    """Weights on the circle of a listener straight ahead: (freqs, azimuths)."""
    return np.einsum("fpn,fn->fp", drivers_heard(rig_file, freqs, azimuth_deg), w)


def side_db(rig_file, w, freqs):
    """Side rejection on the listener's circle of weights that are 1 at the listener, (freqs,)."""
    return -power_db(np.mean(np.abs(heard(rig_file, w, freqs, SIDES)) ** 2, axis=1))


# ------------------------------------------------------------------------------------------------- magnitude bounds


def random_problem(rng, m=3, d=6):
    def random(*shape):
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    root = random(1, m, m)
    return Bounds(
        front=random(1, m),
        rows=random(1, d, m),
        low=np.full(d, 0.4),
        high=np.full(d, 1.6),
        strict=np.ones(d),
        quadratic=root.conj().swapaxes(1, 2) @ root,
        caps=(PowerCap(np.eye(m)[None], np.array([1.5])),),
        most=np.full((1, m), np.inf),
    )


@pytest.mark.parametrize("seed", range(4))
def test_refined_weights_are_a_minimum_that_another_method_does_not_improve(seed):
    """SLSQP with hard bounds, started where the steps ended, finds no lower power than the bounds' tolerance allows."""
    rng = np.random.default_rng(seed)
    b = random_problem(rng)
    w, _ = refine(np.repeat(b.front.conj()[None] / np.sum(np.abs(b.front) ** 2), 6, axis=0) + 0.5 * rng.standard_normal((6, 1, 3)), b)
    power = np.einsum("sfm,fmn,sfn->s", w.conj(), b.quadratic, w).real
    kept = np.array([np.all((np.abs(b.rows[0] @ v[0]) > 0.4 - 0.03) & (np.abs(b.rows[0] @ v[0]) < 1.6 + 0.03)) for v in w])
    assert kept.any()
    best = int(np.flatnonzero(kept)[power[kept].argmin()])

    def complex_of(x):
        return x[:3] + 1j * x[3:]

    constraints = [
        {"type": "eq", "fun": lambda x: [(v := b.front[0] @ complex_of(x) - 1).real, v.imag]},
        {"type": "ineq", "fun": lambda x: np.abs(b.rows[0] @ complex_of(x)) - 0.4},
        {"type": "ineq", "fun": lambda x: 1.6 - np.abs(b.rows[0] @ complex_of(x))},
        {"type": "ineq", "fun": lambda x: 1.5**2 - np.sum(x**2)},
    ]
    start = np.concatenate([w[best, 0].real, w[best, 0].imag])
    found = minimize(
        lambda x: (complex_of(x).conj() @ b.quadratic[0] @ complex_of(x)).real,
        start, method="SLSQP", constraints=constraints, options={"maxiter": 300, "ftol": 1e-10},
    )  # fmt: skip
    assert found.success
    assert power[best] < found.fun * 1.02 + 1e-3


def test_the_smooth_path_is_the_best_of_all_paths():
    rng = np.random.default_rng(3)
    cost, step = rng.uniform(size=(5, 3)), rng.uniform(size=(4, 3, 3))

    def total(path):
        return sum(cost[i, k] for i, k in enumerate(path)) + sum(step[i, a, b] for i, (a, b) in enumerate(itertools.pairwise(path)))

    assert np.isclose(total(smooth_path(cost, step)), min(total(path) for path in itertools.product(range(3), repeat=5)))


def brute_force(rig_file, f, gamma, cap_db):
    """Best beam of a symmetric three-driver rig at one frequency: every weight of the pair on finer and finer grids.

    Least power at the sides plus gamma times that all around, as the beam that has no steps, in a window at the seat and far away, within
    the cap. Returns that sum in dB.
    """
    rig, at = rig_file.rig, np.array([f])
    azimuth = np.array([0, *range(5, 46, 5), 80, 90, 100], float)
    near, far = drivers_heard(rig_file, at, azimuth)[0], transfer_matrix(rig, arc(azimuth[:10]), at)[0]
    points, area = sphere()
    around = transfer_matrix(rig, points, at)[0]
    pairs = [np.stack([g[:, 0], g[:, 1] + g[:, 2]], axis=1) for g in (near, far, around)]
    front, pair = pairs[0].T
    power = (pairs[2].conj() * area[:, None]).T @ pairs[2]
    best, centre, reach = np.inf, 0j, 4.0
    for _ in range(4):
        axis = np.linspace(-reach, reach, 161)
        side = centre + axis[:, None] + 1j * axis
        middle = (1 - pair[0] * side) / front[0]
        p = np.abs(front[1:, None, None] * middle + pair[1:, None, None] * side) ** 2
        away = np.abs(pairs[1][:, :1, None] * middle + pairs[1][:, 1:, None] * side) ** 2
        window = np.concatenate([p[:9], away[1:] / away[0]])
        effort = (np.abs(middle) ** 2 + 2 * np.abs(side) ** 2) * np.abs(front[0]) ** 2
        kept = (window.min(0) >= from_db(NUMBERS.low_db) ** 2) & (window.max(0) <= from_db(0.5) ** 2) & (effort <= from_db(cap_db) ** 2)
        both = np.stack([middle, side])
        all_around = np.einsum("iab,ij,jab->ab", both.conj(), power, both).real
        total = np.where(kept, p[9:].mean(0) + gamma * all_around, np.inf)
        k = np.unravel_index(total.argmin(), total.shape)
        best, centre, reach = min(best, total[k]), side[k], reach / 8
    return power_db(best)


@pytest.mark.parametrize(
    "rig_file",
    [ball_rig(BALL3), ball_rig([0, 60, -60], radius_m=0.07), ball_rig([0, 125, -125], radius_m=0.1), cylinder_rig(BALL3, radius_m=0.0875)],
    ids=["ball", "splayed", "backwards", "cylinder"],
)
def test_within_a_third_of_a_decibel_of_brute_force_on_symmetric_rigs_of_three(rig_file):
    """Brute force under the same step limit: with the same weight of the power all around."""
    bands = third_octave_centres(250, 4000)
    found = find_beam(beaming(rig_file), bands)
    w, cap = found.w, effort_cap_curve(bands, 5.8)
    best = np.array([brute_force(rig_file, f, found.gamma, c) for f, c in zip(bands, cap, strict=True)])
    points, area = sphere()
    all_around = np.abs(np.einsum("fpn,fn->fp", transfer_matrix(rig_file.rig, points, bands), w)) ** 2 @ area
    total = power_db(10 ** (-side_db(rig_file, w, bands) / 10) + found.gamma * all_around)
    assert np.mean(total - best) < 0.3
    window = db(heard(rig_file, w, bands, WINDOW))
    assert window.min() > NUMBERS.low_db - 0.1
    assert window.max() < 0.5
    effort = power_db(np.sum(np.abs(w) ** 2, axis=1) * np.abs(drivers_heard(rig_file, bands, 0.0)[:, 0, 0]) ** 2 / from_db(cap) ** 2)
    assert effort.max() < 0.1


def test_starts_are_the_window_least_squares_of_a_dense_solver():
    """M^-1 (r + nu g0*) minimises the window's error plus weighted powers under g0^T w = 1: no step inside that constraint helps."""
    f = np.array([900.0])
    p = patterns(beaming(ball_rig(RING7, radius_m=0.071)), range(7), (0,), f, wish_of(BeamSpec(), NUMBERS))
    w = starting_weights(p, AIR.c, NUMBERS)[0, 0]
    g = p.bounded[0]
    wished = from_db(p.wish.wished_db) * np.exp(1j * np.angle(p.reference[0]))

    def cost(v):
        power = (p.stop_power() + p.wish.gamma * p.sphere)[0]
        error = np.mean(np.abs(g @ v - wished) ** 2)
        return error + NUMBERS.alpha * (v.conj() @ power @ v).real + NUMBERS.beta * np.sum(p.loading[0] * np.abs(v) ** 2)

    assert abs(p.front[0] @ w - 1) < 1e-12
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.standard_normal(len(w)) + 1j * rng.standard_normal(len(w))
        step -= p.front[0].conj() * (p.front[0] @ step) / np.sum(np.abs(p.front[0]) ** 2)
        assert cost(w + 1e-3 * step) > cost(w)


# ---------------------------------------------------------------------------------------------------- symmetry


@pytest.mark.parametrize(
    ("rig_file", "mirror"),
    [(ball_rig(BALL3), [0, 2, 1]), (free_rig([0.3, 0.1, -0.1, -0.3]), [3, 2, 1, 0]), (wall_rig([0.1, 0.0, -0.1]), [2, 1, 0])],
)
@pytest.mark.parametrize("preset", ["null", "room", "power_ratio", "constant"])
def test_symmetric_rigs_get_symmetric_weights(rig_file, mirror, preset):
    w = weights(rig_file, BINS, preset=preset)
    assert np.allclose(w, w[:, mirror], atol=1e-9)


@pytest.mark.parametrize("preset", ["null", "room", "constant"])
@pytest.mark.parametrize(("drivers", "first"), [(7, 0.0), (6, 0.5), (8, 0.5)])
def test_a_ring_turned_by_one_pitch_gives_permuted_weights(preset, drivers, first):
    pitch = 360 / drivers
    ring, turned = (
        weights(ball_rig([(i + first + step) * pitch % 360 for i in range(drivers)], radius_m=0.071), BINS, preset=preset)
        for step in (0, 1)
    )
    assert np.max(np.abs(turned - np.roll(ring, -1, axis=1))) < 1e-9


def test_a_mirrored_asymmetric_rig_gives_mirrored_weights():
    one, other = ball_rig([0, 60, -75, 130, -160]), ball_rig([0, -60, 75, -130, 160])
    assert np.array_equal(weights(one, BINS), weights(other, BINS))


# ----------------------------------------------------------------------------------------------------- presets


def test_what_was_designed_for_a_ball_does_nearly_as_well_on_a_cylinder():
    bands = third_octave_centres(250, 4000)
    ball, cylinder = ball_rig(BALL3), cylinder_rig(BALL3, radius_m=0.0875)
    w = weights(ball, bands)
    moved = w / heard(cylinder, w, bands, 0.0)
    lost = side_db(cylinder, weights(cylinder, bands), bands).mean() - side_db(cylinder, moved, bands).mean()
    assert lost <= 0.5


def test_room_is_more_directive_and_null_quieter_at_the_sides():
    rig, f = ball_rig(RING7, radius_m=0.071), third_octave_centres(250, 4000)
    points, area = sphere()
    g = transfer_matrix(rig.rig, points, f)

    def di_db(w):
        return -power_db(np.abs(np.einsum("fpn,fn->fp", g, w)) ** 2 @ area).mean()

    null, room = weights(rig, f), weights(rig, f, preset="room")
    assert di_db(room) > di_db(null) + 0.2
    assert side_db(rig, null, f).mean() > side_db(rig, room, f).mean() + 1


def test_power_ratio_goes_no_deeper_than_asked_and_saves_power():
    rig, band = ball_rig(BALL3), np.geomspace(300, 3500, 60)
    deep, shallow = weights(rig, band), weights(rig, band, preset="power_ratio", side_db=8.0)
    within_reach = side_db(rig, deep, band) > 9.0
    assert within_reach.mean() > 0.7
    assert 8.0 - 0.1 < side_db(rig, shallow, band)[within_reach].min()
    assert side_db(rig, shallow, band).mean() < side_db(rig, deep, band).mean() - 2
    effort = [power_db(np.sum(np.abs(w) ** 2, axis=1)) for w in (shallow, deep)]
    assert effort[0][within_reach].mean() < effort[1][within_reach].mean() - 1
    assert effort[0].max() < effort[1].max() - 2


def test_a_null_of_ones_own_stands_where_it_was_asked_for():
    shape = (
        (-180, -60, 0),
        (-50, -60, 1),
        (-40, -4, 1),
        (40, -4, 1),
        (50, -60, 1),
        (70, -60, -30),
        (90, -60, -30),
        (110, -60, 0),
        (180, -60, 0),
    )
    rig, f = ball_rig(RING7, radius_m=0.071), np.geomspace(400, 2500, 30)
    w = weights(rig, f, preset="custom", shape=tuple(tuple(float(x) for x in row) for row in shape))
    level = db(heard(rig, w, f, [80.0, -80.0, 35.0, -35.0]))
    assert np.median(level[:, 0]) < -25
    assert np.median(level[:, 1]) > -20
    assert level[:, 2:].min() > -4.3


def test_a_custom_shape_of_one_side_stands_for_both():
    half = ((0.0, -0.5, 0.5), (45.0, -4.0, 0.5), (60.0, -60.0, -3.0), (90.0, -60.0, -15.0), (180.0, -60.0, -8.0))
    whole = tuple((-a, low, high) for a, low, high in reversed(half[1:])) + half
    rig, f = ball_rig(BALL3), np.geomspace(300, 3000, 20)
    assert np.allclose(weights(rig, f, preset="custom", shape=half), weights(rig, f, preset="custom", shape=whole), atol=1e-9)


def test_reference_preset_is_the_reference_alone_and_flat():
    f = np.geomspace(50, 18000, 50)
    rig_file = ball_rig(BALL3)
    w = weights(rig_file, f, preset="reference")
    assert np.all(w[:, 1:] == 0)
    assert np.allclose(heard(rig_file, w, f, 0.0), 1)


@pytest.mark.parametrize("preset", ["null", "room", "power_ratio"])
def test_effort_wins_where_no_window_can_be_had(preset):
    """Two pairs half a metre apart cannot keep a window of 45 degrees above a kilohertz or two; they do not spend more for trying."""
    rig_file, f = free_rig([0.3, 0.25, -0.25, -0.3]), np.geomspace(300, 5500, 120)
    w = weights(rig_file, f, preset=preset)
    reference = np.abs(drivers_heard(rig_file, f, 0.0)[:, 0, list(beam_group(beaming(rig_file)))].sum(axis=1)) ** 2 / 2
    assert power_db(np.sum(np.abs(w) ** 2, axis=1) * reference).max() < 5.8 + 0.2


@pytest.mark.parametrize("preset", ["null", "room", "constant"])
def test_both_ends_of_the_band_are_the_reference_alone(preset):
    rig = ball_rig(BALL3)
    ends = np.array([20.0, 60.0, 9000.0, 15000.0])
    assert np.allclose(weights(rig, ends, preset=preset), weights(rig, ends, preset="reference"))


# ------------------------------------------------------------------------------------------- constant directivity


def ring_matrices(f):
    rig = ball_rig(RING7, radius_m=0.071).rig
    points, area = sphere()
    g = transfer_matrix(rig, points, f)
    return transfer_matrix(rig, arc(0.0), f)[:, 0], np.einsum("fpn,p,fpm->fnm", g.conj(), area, g, optimize=True)


def front_driver(front):
    return np.eye(7)[:1] / front[:, :1]


def index_db(front, sphere_power, w):
    return power_db(np.abs(np.sum(front * w, axis=1)) ** 2 / np.einsum("fn,fnm,fm->f", w.conj(), sphere_power, w).real)


@pytest.mark.parametrize("di_db", [3.0, 6.0])
def test_constant_directivity_is_constant_where_effort_allows(di_db):
    f = np.geomspace(200, 4000, 40)
    front, power = ring_matrices(f)
    w = constant_directivity(front, power, np.ones(front.shape), di_db, np.full(len(f), 1e6), front_driver(front))
    assert np.allclose(np.sum(front * w, axis=1), 1)
    assert np.allclose(index_db(front, power, w), di_db, atol=1e-6)


def test_effort_wins_over_directivity():
    f = np.geomspace(100, 1000, 20)
    front, power = ring_matrices(f)
    effort = np.full(len(f), 0.3)
    w = constant_directivity(front, power, np.ones(front.shape), 9.0, effort, front_driver(front))
    used = np.sum(np.abs(w) ** 2, axis=1)
    assert np.all(used <= effort * (1 + 1e-6))
    dear = index_db(front, power, w) < 9 - 1e-6
    assert dear.any()
    assert np.allclose(used[dear], effort[dear], rtol=1e-5)  # what may be spent is spent


def test_no_other_beam_of_that_index_costs_less():
    """The closed form solves min |w|^2 for an index above that of the loudest beam: random steps never save power."""
    f = np.array([700.0])
    front, power = ring_matrices(f)
    w = constant_directivity(front, power, np.ones(front.shape), 7.5, np.array([1e6]), front_driver(front))[0]
    rng = np.random.default_rng(1)
    for _ in range(50):
        other = w + 0.05 * np.abs(w).max() * (rng.standard_normal(7) + 1j * rng.standard_normal(7))
        other /= front[0] @ other
        if index_db(front, power, other[None])[0] >= 7.5:
            assert np.sum(np.abs(other) ** 2) >= np.sum(np.abs(w) ** 2) * (1 - 1e-9)


def test_a_ring_holds_six_decibels_in_every_third_octave():
    """PHYSICS: constant DI 6.00 +- 0.05 dB, in the filters that are played."""
    figures = beam_figures(study_of(centre_bank(load_rig("ring7", ["design.beam.preset=constant"])), load_rig("ring7")))
    assert abs(figures.di_db - 6) < 0.02
    assert figures.di_min_db > 5.96


# -------------------------------------------------------------------------------------------- figures of the rigs

REACH = [
    ("ball3", "null", 12.0, {"side_db": 11.0, "p10_db": 10.0, "di_db": 4.5}, {"effort_db": 6.0}),
    ("ball3", "room", 11.0, {"side_db": 10.0, "di_db": 5.1}, {"effort_db": 6.0}),
    ("ring7", "null", 19.0, {"side_db": 18.5, "p10_db": 16.5, "rear_db": 9.5, "di_db": 4.5}, {"effort_db": 6.0}),
    ("ring7", "room", 16.5, {"side_db": 16.0, "di_db": 5.9}, {"effort_db": 6.1}),
    ("ball_two_tier", "null", 20.0, {"side_db": 18.0, "di_db": 5.7}, {"effort_db": 6.0}),
    ("ball_two_tier", "room", 18.0, {"di_db": 6.1}, {"effort_db": 6.0}),
    ("cylinder4", "null", 15.4, {"side_db": 15.4, "p10_db": 14.0, "di_db": 5.0}, {"effort_db": 6.0}),
]


@pytest.mark.parametrize(
    ("name", "preset", "seat_side_db", "at_least", "at_most"), REACH, ids=[f"{name}-{preset}" for name, preset, *_ in REACH]
)
def test_reach_of_the_shipped_rigs(name, preset, seat_side_db, at_least, at_most):
    """Floors of PHYSICS section 4 or tighter, on the taps, far away and at the seat; droop, ripple and pre-ringing everywhere.

    At the seat the level is as asked. Far away it may not be: drivers at the back are nearer to there, beside those in front.
    """
    rig_file = load_rig(name, [f"design.beam.preset={preset}"])
    figures = beam_figures(study_of(centre_bank(rig_file), rig_file))
    for key, floor in at_least.items():
        assert getattr(figures, key) >= floor, key
    for key, ceiling in at_most.items():
        assert getattr(figures, key) <= ceiling, key
    assert figures.droop45_db >= -3.4
    assert figures.peak45_db <= 0.5
    assert figures.ripple_db <= 0.6
    assert figures.prering_db <= -36
    assert np.abs(seat_level_db(rig_file)).max() < 0.05
    assert seat_side_of_taps_db(rig_file) >= seat_side_db


@pytest.mark.parametrize(
    ("rig_file", "side"),
    [
        (ball_rig([0, 70, -70]), 12.1),
        (cylinder_rig([0, 90, 180, -90], radius_m=0.08), 15.4),
        (ball_rig([30, -30, 90, -90, 150, -150], radius_m=0.08), 14.9),
        (ball_rig([0, 60, -75, 130, -160]), 16.3),
        (wall_rig([0.16, 0.08, 0.0, -0.08, -0.16]), 16.9),
    ],
    ids=["splayed", "cylinder", "ring of six", "asymmetric five", "wall of five"],
)
def test_side_rejection_on_rigs_that_are_not_shipped(rig_file, side):
    """What window least squares or masks reached on these layouts in the prototypes, at the seat and with no steps of the sound power."""
    assert seat_side_of_taps_db(rig_file) >= side


@pytest.mark.parametrize("name", ["ball3", "ring7", "cylinder4"])
@pytest.mark.parametrize("edge_hz", [160, 240])
def test_bands_that_begin_below_250_hz_cost_a_beam_nothing_above(name, edge_hz):
    drivers = [driver.name for driver in load_rig(name).rig.drivers]
    banded_file = load_rig(name, [f"driver.{driver}.band_hz=[{edge_hz}, 20000]" for driver in drivers])
    whole_file = load_rig(name, [f"driver.{driver}.band_hz=[60, 20000]" for driver in drivers])
    banded, whole = (beam_figures(study_of(centre_bank(rig_file), rig_file)) for rig_file in (banded_file, whole_file))
    for key in ("side_db", "di_db", "p10_db", "droop45_db"):
        assert getattr(banded, key) >= getattr(whole, key) - 0.35, key
    assert np.ptp(seat_level_db(banded_file)) <= 0.2
    assert banded.effort_db <= 6.3


def test_no_notch_runs_through_the_window():
    """At any frequency, not only on the average of a third octave, the window of the ring is whole: the path does not jump."""
    for name in ("ring7", "cylinder4", "ball_two_tier"):
        rig_file, f = load_rig(name), np.geomspace(230, 4300, 200)
        w = weights(rig_file, f)
        far = np.einsum("fpn,fn->fp", transfer_matrix(rig_file.rig, arc(np.append(WINDOW, 0.0)), f), w)
        for level in (db(heard(rig_file, w, f, WINDOW)), db(far[:, :-1] / far[:, -1:])):
            assert level.min() > -4.5


# ------------------------------------------------------------------------------------------------------ drivers


def test_reference_is_the_driver_nearest_to_the_axis_or_the_group_that_ties_and_says_why():
    def group(rig_file, **spec):
        return beam_group(beaming(rig_file, **spec))

    def words(rig_file, **spec):
        return beam_reference_in_words(beaming(rig_file, **spec))

    assert group(ball_rig(BALL3)) == (0,)
    assert group(ball_rig([40, -40, 120])) == (0, 1)
    assert group(free_rig([0.3, 0.1, -0.1, -0.3])) == (1, 2)
    assert group(free_rig([0.3, 0.1, -0.1]), reference=("d0",)) == (0,)
    assert words(ball_rig([40, -40, 120])) == "d0 + d1, nearest to the axis (40 deg)"
    assert words(free_rig([0.3, 0.1])) == "d1, nearest to the axis (100 mm)"
    assert words(free_rig([0.3, 0.1]), reference=("d0",)) == "d0, as the rig file says"


def test_the_axis_that_decides_on_the_reference_leads_to_the_listener():
    """A listener 45 degrees aside: with axis "listener" the driver that faces it, with "front" the one in front."""
    aside = ball_rig([0, 45, -90], listener="left_m = 2.0")
    assert beam_group(beaming(aside)) == (1,)
    assert beam_group(beaming(aside, axis="front")) == (0,)
    row = free_rig([0.3, 0.1, -0.1, -0.3], listener="left_m = 0.5")
    assert beam_group(beaming(row)) == (1, 2)  # the line to the listener runs through the origin


def test_no_filter_goes_above_its_drivers_gain_bound():
    """The pair is held 6 dB lower than it likes; the beam stays flat on axis and pays at the sides."""
    keys = "max_gain_db = -8.0\n"
    free, bound = load_rig("ball3"), load_rig("ball3", ["driver.left.max_gain_db=-8", "driver.right.max_gain_db=-8"])
    f = np.geomspace(20, 20000, 400)
    loud, quiet = (db(transfer(centre_bank(r).taps[:, 2].T, f, 48000)) for r in (free, bound))
    assert loud[:, 1:].max() > -5, keys
    assert quiet[:, 1:].max() < -8 + 0.01
    held, asked = (beam_figures(study_of(centre_bank(r), r)) for r in (bound, free))
    assert np.ptp(seat_level_db(bound)) < 0.2
    assert abs(seat_level_db(bound).mean() - seat_level_db(free).mean()) < 0.1
    assert 4 < held.side_db < asked.side_db


def test_a_reference_that_is_held_makes_the_path_quieter_and_never_louder():
    rig_file = load_rig("ball3", ["driver.front.max_gain_db=-3"])
    f = np.geomspace(20, 20000, 400)
    assert db(transfer(centre_bank(rig_file).taps[:, 2].T, f, 48000))[:, 0].max() < -3 + 0.01


def test_a_driver_outside_its_band_is_left_alone():
    rig_file = load_rig("ring7", ["driver.side_left.band_hz=[1000, 3000]", "driver.side_right.band_hz=[1000, 3000]"])
    w = weights(rig_file, np.array([400.0, 1700.0, 4400.0]))
    used = np.abs(w[:, [3, 4]]).max(axis=1) / np.abs(w).max(axis=1)
    assert used[0] < 0.02
    assert used[1] > 0.1


# --------------------------------------------------------------------------------------------------- tolerances


@pytest.mark.parametrize(
    "rig_file", [ball_rig([0, 50], elevations_deg=[0, 20]), cylinder_rig([0, 50], up_m=[0, 0.1]), free_rig([0.1, -0.1])]
)
def test_moved_drivers_are_where_they_were_moved_to(rig_file):
    from spatial.rig.geometry import axes, places

    rig, step = rig_file.rig, 1e-4
    before = places(rig)
    for axis in range(3):
        after = moved_rig(rig, np.eye(3)[axis] * step * np.ones((2, 1)))
        away = np.linalg.norm(places(after) - before, axis=1)
        if rig.enclosure.shape == "free" or axis < 2:
            away[1] /= np.cos(np.deg2rad(20)) if rig.enclosure.shape == "sphere" and axis == 0 else 1.0
            assert np.allclose(away, step, rtol=1e-3)
        else:
            assert np.allclose(away, 0)
        if rig.enclosure.shape == "sphere":
            assert np.allclose(places(after), rig.enclosure.radius_m * axes(after))


def test_drivers_of_a_wall_stay_in_it():
    """Two millimetres in front of the wall they would be silent at 90 degrees on the listener's circle, and P10 said 7 for 9 dB."""
    rig_file = wall_rig([0.084, 0.028, -0.028, -0.084])
    moved = moved_rig(rig_file.rig, np.full((4, 3), 2e-3))
    assert [(d.position_m.front, round(d.position_m.up, 9)) for d in moved.drivers] == [(0.0, 0.002)] * 4
    figures = beam_figures(study_of(centre_bank(rig_file), rig_file))
    assert figures.p10_db > figures.side_db - 1.0


def test_power_that_errors_add_is_what_the_design_reckons_with():
    """Mean side power over the draws = nominal + sigma^2 sum |g|^2 |w|^2, sigma^2 = 0.0069 for +-1 dB and +-5 degrees; places add some."""
    rig_file, f = ball_rig(RING7, radius_m=0.071), third_octave_centres(300, 1500)
    w = weights(rig_file, f)
    draws = 10 ** (-side_draws_db(rig_file.rig, AIR, w, f, 1, around(beaming(rig_file), (0.0, *SIDE_DEG))) / 10)
    g = transfer_matrix(rig_file.rig, arc([0.0, *SIDES]), f)
    p = np.abs(np.einsum("fpn,fn->fp", g, w)) ** 2
    errors = NUMBERS.error_power * np.mean(np.einsum("fpn,fn->fp", np.abs(g[:, 1:]) ** 2, np.abs(w) ** 2), axis=1)
    ratio = draws.mean(axis=0) / ((p[:, 1:].mean(axis=1) + errors) / p[:, 0])
    assert np.all((ratio > 0.85) & (ratio < 1.35))


# --------------------------------------------------------------------------------------------------- spinorama


def test_averages_of_an_omni_and_of_a_cardioid():
    """Zones cover the sphere; an omni is flat in every average; a cardioid's sound power is a third of its axis (4.77 dB)."""
    assert np.isclose(zone_weights().sum() * 2, 1)
    points, _ = orbits()
    assert np.allclose(np.linalg.norm(points.directions, axis=1), 1)
    for directivity, index in (("omni", 0.0), ("cardioid", 4.77)):
        keys = {0: f'directivity = "{directivity}"\nfacing_deg = {{ azimuth = 0.0 }}'}
        rig_file = free_rig([0.0], driver_keys=keys, design='[design.beam]\npreset = "reference"\n')
        curves = spinorama(study_of(centre_bank(rig_file), rig_file), np.array([500.0, 2000.0]))
        assert np.allclose(curves.on_axis_db - curves.sound_power_db, index, atol=0.03)
        assert np.all(curves.listening_window_db <= curves.on_axis_db + 1e-9)


# ------------------------------------------------------------------------------------------------------- speed


def test_the_design_grid_is_fine_enough_and_small():
    f = design_frequencies()
    assert f[0] == NUMBERS.band_hz[0]
    assert f[-1] >= NUMBERS.band_hz[1]
    assert np.all(np.diff(f) <= NUMBERS.step[1] + 1e-9)
    assert len(f) < 300


def test_bounds_of_a_beam_are_those_of_its_wish():
    f = np.array([100.0, 1000.0])
    p = patterns(beaming(ball_rig(BALL3)), range(3), (0,), f, wish_of(BeamSpec(), NUMBERS))
    b = bounds_of(p, from_db(effort_cap_curve(f, 5.8)), np.full(p.front.shape, np.inf), NUMBERS)
    assert p.groups.shape == (3, 2)
    assert np.allclose(b.low, from_db(NUMBERS.low_db))
    assert np.isclose(b.caps[0].root[1], from_db(5.8))
    assert b.caps[0].root[0] < from_db(2.0)  # the cap falls towards the bass
