"""Ears by operators, mirrored poses and a grid: against the slow way, pose by pose and frequency by frequency, and against symmetry."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from make_rigs import ball_rig, cylinder_rig, free_rig
from scipy.special import spherical_jn, spherical_yn

from spatial.acoustics.bodies import Ball, Diaphragm, body_of
from spatial.acoustics.ear_grid import between, ear_grid
from spatial.acoustics.ear_operator import HEARD_KEPT, OPERATORS_KEPT, ear_operator, heard_near_body
from spatial.acoustics.equivalent_sources import fit, listening_region
from spatial.acoustics.head import ear_responses, ear_responses_turned, sphere_series
from spatial.acoustics.points import POSES, Ears
from spatial.acoustics.spherical import cap_near_field, cap_weights, legendre
from spatial.acoustics.transfer import forget_ears, pressure_at, transfer_matrix
from spatial.rig.geometry import left_of, places
from spatial.rig.model import Medium

C = Medium().c
MANY = np.linspace(0, 12000, 1201)
FEW = np.array([1, 4, 11, 37, 150, 600, 1150])  # of MANY
AS_DRAWN = {"deadline": None, "derandomize": True, "phases": (Phase.explicit, Phase.generate)}  # a failure is told, not shrunk
FEW_CASES = settings(max_examples=4, **AS_DRAWN)


def slowly(rig, ears, freqs):
    """Pose by pose and frequency by frequency: monopoles fitted to each pose's own region, the head's series for each of them."""
    body, out = body_of(rig), []
    for centre, axis in zip(ears.centres_m, ears.ear_axes(), strict=True):
        if body is None:
            out.append(ear_responses(freqs, places(rig), centre, axis, ears.radius_m, C))
            continue
        k, region = 2 * np.pi * freqs / C, listening_region(np.array([centre]), ears.radius_m)
        sources = fit(k, body.inside(), region, body.near_field(k, region))
        out.append(ear_responses(freqs, sources.places_m, centre, axis, ears.radius_m, C) @ sources.strengths)
    return np.concatenate(out, axis=1)


def worst(found, truth):
    """Largest error, relative to the loudest driver at any ear."""
    return np.max(np.abs(found - truth) / np.abs(truth).max(axis=(1, 2), keepdims=True))


def mirrored(ears):
    return Ears(tuple((x, -y, z) for x, y, z in ears.centres_m), tuple(-yaw for yaw in ears.yaws_deg), ears.radius_m)


def swapped(h):
    """Left and right ear of every pose exchanged."""
    return h.reshape(len(h), -1, 2, h.shape[2])[:, :, ::-1].reshape(h.shape)


poses = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.1, 0.1), st.floats(-20, 20))


# ---------------------------------------------------------------------------------------------------- the slow way


@FEW_CASES
@given(st.floats(0.05, 0.2), st.floats(0.07, 0.1), st.floats(0.5, 3.0), poses)
def test_ears_near_a_ball_are_those_of_the_slow_way(radius, head, distance, pose):
    aside, up, yaw = pose
    rig = ball_rig([0, 70, -110, 180], radius_m=radius, elevations_deg=[0, 20, -10, 0]).rig
    ears = Ears(((distance + radius, aside, up),), (yaw,), head)
    assert worst(transfer_matrix(rig, ears, MANY)[FEW], slowly(rig, ears, MANY[FEW])) < 1e-5


@FEW_CASES
@given(st.floats(0.06, 0.12), st.floats(1.2, 8.0), poses)
def test_ears_near_a_cylinder_are_those_of_the_slow_way(radius, distance, pose):
    """Down to 10 Hz: the field of a cylinder without ends is not smooth at 0 Hz, splines over even steps were 3 % off there."""
    aside, up, yaw = pose
    rig = cylinder_rig([0, 70, -110, 180], radius_m=radius, up_m=[0.0, 0.05, 0.05, 0.0]).rig
    ears = Ears(((distance, aside, up),), (yaw,), 0.0875)
    assert worst(transfer_matrix(rig, ears, MANY)[FEW], slowly(rig, ears, MANY[FEW])) < 2e-5


@FEW_CASES
@given(st.floats(0.06, 0.12), st.floats(0.4, 3.0), poses)
def test_ears_in_free_field_are_those_of_the_slow_way(head, distance, pose):
    aside, up, yaw = pose
    rig, ears = free_rig([0.2, 0.0, -0.15]).rig, Ears(((distance, aside, up),), (yaw,), head)
    assert worst(transfer_matrix(rig, ears, MANY)[FEW], slowly(rig, ears, MANY[FEW])) < 1e-5


def test_a_head_that_all_but_touches_a_large_ball_still_rings_between_the_points_of_the_grid():
    rig, ears = ball_rig([0, 180], radius_m=0.4).rig, Ears(((0.52, 0.0, 0.0),), (0.0,), 0.0875)
    assert worst(transfer_matrix(rig, ears, MANY)[FEW], slowly(rig, ears, MANY[FEW])) < 1e-4


@pytest.mark.parametrize("make", [ball_rig, cylinder_rig])
def test_few_frequencies_are_computed_at_themselves(make):
    rig = make([0, 90, -90]).rig
    ears = Ears.cloud(make([0]).scene.listener, POSES[:7])
    assert worst(transfer_matrix(rig, ears, MANY[FEW]), slowly(rig, ears, MANY[FEW])) < 1e-9


def test_a_head_that_turns_hears_what_single_heads_hear():
    f, sources = np.array([50.0, 900.0, 12000.0]), np.array([[0.0, 0.3, 0.1], [0.1, -0.2, 0.0]])
    centre, axes = np.array([0.6, 0.05, 0.0]), np.array([left_of(yaw) for yaw in (-6.0, 0.0, 90.0)])
    one_by_one = np.concatenate([ear_responses(f, sources, centre, axis, 0.0875, C) for axis in axes], axis=1)
    assert np.allclose(ear_responses_turned(f, sources, centre, axes, 0.0875, C), one_by_one, rtol=1e-12, atol=0)


# ------------------------------------------------------------------------------------------------------- near field


def test_waves_of_a_cap_are_the_sum_over_scipys_bessel_functions():
    k, a, diameter = np.array([2.0, 30.0]), 0.1, 0.05
    points = np.array([[0.4, 0.1, 0.0], [0.0, 0.0, 0.3], [0.3, -0.1, 0.1]])
    ball = Ball(a, (Diaphragm((1.0, 0.0, 0.0), 0.0, diameter), Diaphragm((0.6, 0.8, 0.0), 0.0, diameter)))
    found, n = ball.near_field(k, points), np.arange(20)
    r = np.linalg.norm(points, axis=1)
    w = cap_weights(19, np.arcsin(diameter / 2 / a))
    for i, ki in enumerate(k):
        wave = [spherical_jn(n, ki * ri) - 1j * spherical_yn(n, ki * ri) for ri in r]
        slope = spherical_jn(n, ki * a, True) - 1j * spherical_yn(n, ki * a, True)
        for d, driver in enumerate(ball.drivers):
            p = legendre(19, points @ np.array(driver.axis) / r)
            truth = [-np.sum(w * wave[j] / slope * p[:, j]) / (ki * a * a) for j in range(3)]
            assert np.allclose(found[i, :, d], truth, rtol=1e-5, atol=0)


@FEW_CASES
@given(st.floats(0.02, 1.0), st.floats(0.11, 2.0), st.floats(0, 180))
def test_source_and_receiver_may_be_exchanged_near_a_ball(share, distance, angle):
    """A point on the ball heard at a place, and the place heard on the ball: the same number, by two different series."""
    a, f = 0.1, np.array([60.0, 800.0, 20000.0 * share])
    k, turn = 2 * np.pi * f / C, np.radians(angle)
    point = np.array([[0.0, distance * np.sin(turn), distance * np.cos(turn)]])
    sent = Ball(a, (Diaphragm((0.0, 0.0, 1.0), 0.0, 0.0),)).near_field(k, point)[:, 0, 0]
    received = sphere_series(k * a, [distance / a], [[np.cos(turn)]])[:, 0, 0] * np.exp(-1j * k * distance) / distance
    assert np.allclose(sent, received, rtol=1e-8, atol=1e-8 * np.abs(received).min())


@pytest.mark.parametrize("make", [ball_rig, cylinder_rig])
def test_points_around_a_body_at_one_distance_are_what_they_are_alone(make):
    rig, f = make([0, 60, -120]).rig, np.array([0.0, 100.0, 3000.0, 12000.0])
    turn = np.linspace(-np.pi, np.pi, 20, endpoint=False)
    circle = np.stack([1.7 * np.cos(turn), 1.7 * np.sin(turn), np.full(20, 0.1)], axis=1)
    alone = np.concatenate([pressure_at(rig, point[None], f) for point in circle], axis=1)
    assert np.allclose(pressure_at(rig, circle, f), alone, rtol=1e-8, atol=1e-10)


def test_places_all_over_a_room_are_what_they_are_alone_near_a_cylinder():
    """A lattice of a few nodes serves a head, not a room."""
    rig, f = cylinder_rig([0, 100]).rig, np.array([200.0, 4000.0])
    scattered = np.random.default_rng(2).uniform([1, -3, -1], [6, 3, 1.5], (80, 3))
    alone = np.concatenate([pressure_at(rig, point[None], f) for point in scattered[:5]], axis=1)
    assert np.allclose(pressure_at(rig, scattered, f)[:, :5], alone, rtol=1e-9, atol=1e-12)


def test_caps_of_two_sizes_keep_their_places():
    drivers = tuple(Diaphragm(axis, 0.0, d) for axis, d in (((1.0, 0.0, 0.0), 0.04), ((0.0, 1.0, 0.0), 0.06), ((-1.0, 0.0, 0.0), 0.04)))
    k, points = np.array([5.0, 60.0]), np.array([[0.5, 0.2, 0.1], [1.0, -0.3, 0.0], [0.5, 0.2, 0.1]])
    found, r = Ball(0.09, drivers).near_field(k, points), np.linalg.norm(points, axis=1)
    for i, driver in enumerate(drivers):
        truth = cap_near_field(k, 0.09, driver.diameter_m, r, points @ np.array(driver.axis) / r)
        assert np.allclose(found[:, :, i], truth, rtol=1e-10, atol=0)


# --------------------------------------------------------------------------------------------------------- symmetry


RIGS = {
    "ball": lambda a: ball_rig([a[0], a[1], 180], elevations_deg=[10, -20, 0]).rig,
    "cylinder": lambda a: cylinder_rig([a[0], a[1], 180], up_m=[0.0, 0.05, 0.0]).rig,
    "free": lambda a: free_rig([a[0] / 300, a[1] / 300, 0.0]).rig,
}


@pytest.mark.parametrize("kind", RIGS)
@pytest.mark.parametrize("freqs", [MANY[::2], MANY[FEW]], ids=["many", "few"])
@settings(max_examples=2, **AS_DRAWN)
@given(angles=st.tuples(st.floats(10, 170), st.floats(-170, -10)), pose=poses)
def test_a_mirrored_rig_hears_mirrored_numbers_to_the_last_bit(kind, freqs, angles, pose):
    aside, up, yaw = pose
    ears = Ears(((1.9, aside, up), (1.9, 0.0, 0.0), (1.9, 0.0, 0.0)), (yaw, 0.0, yaw), 0.0875)
    one = transfer_matrix(RIGS[kind](angles), ears, freqs)
    forget_ears()
    other = transfer_matrix(RIGS[kind]((-angles[0], -angles[1])), mirrored(ears), freqs)
    assert np.array_equal(one, swapped(other))


@pytest.mark.parametrize("rig_file", [ball_rig([0, 90, -90, 180]), cylinder_rig([30, -30]), free_rig([0.1, -0.1])])
def test_a_head_in_the_middle_of_a_symmetric_rig_hears_the_same_with_both_ears(rig_file):
    h = transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), MANY)
    partner = [0, 2, 1, 3] if h.shape[2] == 4 else [1, 0]
    assert np.array_equal(h[:, 0], h[:, 1][:, partner])


def test_turning_a_ball_and_its_listener_together_changes_nothing():
    turn_deg, f = 25.0, MANY[::3]
    turn = np.radians(turn_deg)
    one = transfer_matrix(ball_rig([10, 80, -100]).rig, Ears(((2.0, 0.0, 0.1),), (4.0,), 0.0875), f)
    centre = (float(2 * np.cos(turn)), float(2 * np.sin(turn)), 0.1)
    # a listener to the rig's left who looks back to it has turned to the right
    other = transfer_matrix(ball_rig([35, 105, -75]).rig, Ears((centre,), (4.0 - turn_deg,), 0.0875), f)
    assert worst(one, other) < 2e-4


def test_moving_omnis_and_their_listener_together_changes_nothing():
    here = transfer_matrix(free_rig([0.2, -0.1]).rig, Ears(((2.0, 0.1, 0.0),), (5.0,), 0.0875), MANY)
    there = transfer_matrix(free_rig([0.35, 0.05]).rig, Ears(((2.0, 0.25, 0.0),), (5.0,), 0.0875), MANY)
    assert worst(here, there) < 1e-9


def test_a_pose_hears_the_same_in_any_cloud():
    rig_file = ball_rig([20, 90, -130])
    listener = rig_file.scene.listener
    cloud = transfer_matrix(rig_file.rig, Ears.cloud(listener, POSES), MANY)
    for i in (0, 4, 13, 26):
        alone = transfer_matrix(rig_file.rig, Ears.cloud(listener, [POSES[i]]), MANY)
        assert worst(alone, cloud[:, 2 * i : 2 * i + 2]) < 1e-10


# ---------------------------------------------------------------------------------------------------- what is kept


def test_a_driver_that_moves_leaves_the_head_as_it_is():
    ears, f = Ears(((1.5, 0.1, 0.0),), (3.0,), 0.0875), np.geomspace(100, 8000, 20)
    forget_ears()
    transfer_matrix(ball_rig([0, 90]).rig, ears, f)
    computed = ear_operator.cache_info().misses
    found = transfer_matrix(ball_rig([0, 75]).rig, ears, f)
    assert ear_operator.cache_info().misses == computed
    assert worst(found, slowly(ball_rig([0, 75]).rig, ears, f)) < 1e-9


def test_what_is_kept_has_a_limit_and_can_be_forgotten():
    assert (ear_operator.cache_info().maxsize, heard_near_body.cache_info().maxsize) == (OPERATORS_KEPT, HEARD_KEPT)
    transfer_matrix(ball_rig([0]).rig, Ears(((1.5, 0.1, 0.0),), (3.0,), 0.0875), [100.0])
    forget_ears()
    assert ear_operator.cache_info().currsize == heard_near_body.cache_info().currsize == 0


def test_a_high_rate_takes_no_more_memory_than_it_needs():
    ears, f = Ears(((2.0, 0.1, 0.0),), (3.0,), 0.0875), np.linspace(0, 48000, 1025)
    rig = ball_rig([0, 90, -90, 180]).rig
    forget_ears()
    tracemalloc.start()
    try:
        transfer_matrix(rig, ears, f)
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


# --------------------------------------------------------------------------------------------------------- the grid


@pytest.mark.parametrize("from_zero", [True, False])
def test_the_grid_reaches_past_the_top_and_carries_an_impulse_response(from_zero):
    """A pole of the sphere's series low down: 1/(1 + jf/a) with a = 430 Hz, early by 0.25 ms."""
    grid = ear_grid(10000.0, 0.1775, 24.0, C, from_zero)
    assert np.all(np.diff(grid) > 0) and np.sum(grid > 10000.0) >= 4
    f = np.linspace(0.1, 10000.0, 777)

    def response(x):
        return np.exp(2j * np.pi * x * 0.25e-3) / (1 + 1j * x / 430.0) ** 2

    assert np.max(np.abs(between(grid, response(grid), f, from_zero) - response(f))) < 1e-5
