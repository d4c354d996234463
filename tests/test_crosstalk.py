"""The closed form of cancellation against pseudo-inverses, bisection and the physics of extra drivers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_rigs import ball_rig, free_rig

from spatial.analysis.cancellation import natural_db, reachable_db, separation_db
from spatial.design.crosstalk import leak_of_magnitude, least_effort_weights, nearest_in_disc, reachable_leaks, virtual_leak
from spatial.design.sides import design_side
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import effort_cap_curve
from spatial.targets.width.models import relative_hrtf

SEEDS, DRIVERS = st.integers(0, 2**32 - 1), st.integers(2, 8)


def random_ears(seed, drivers, freqs=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((2, freqs, drivers)) + 1j * rng.standard_normal((2, freqs, drivers))


@given(seed=SEEDS, drivers=DRIVERS)
def test_least_effort_is_the_pseudo_inverse(seed, drivers):
    h_ipsi, h_contra = random_ears(seed, drivers, 3)
    rng = np.random.default_rng(seed + 1)
    d, c = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
    w = least_effort_weights(h_ipsi, h_contra, d, c)
    for f in range(3):
        truth = np.linalg.pinv(np.vstack([h_ipsi[f], h_contra[f]])) @ np.array([d[f], c[f]])
        assert np.allclose(w[f], truth, rtol=1e-6, atol=1e-9)


@given(seed=SEEDS, drivers=DRIVERS, spare_db=st.floats(0.1, 20), turn=st.floats(0, 6.28))
def test_every_leak_on_the_rim_costs_exactly_the_limit(seed, drivers, spare_db, turn):
    h_ipsi, h_contra = random_ears(seed, drivers)
    d = np.array([1.0 + 0.5j])
    effort = np.abs(d) ** 2 / np.sum(np.abs(h_ipsi) ** 2) * 10 ** (spare_db / 10)
    c0, rho = reachable_leaks(h_ipsi, h_contra, d, effort)
    c = c0 + rho * np.exp(1j * turn)
    w = np.linalg.pinv(np.vstack([h_ipsi, h_contra])) @ np.array([d[0], c[0]])
    assert np.isclose(np.sum(np.abs(w) ** 2), effort[0], rtol=1e-6)


def deepest_by_bisection(h_ipsi, h_contra, d, effort):
    """Largest |d/c| under an effort limit by another way: w = (b I + h_c* h_c^T)^-1 h_i*, scaled; least b that the limit allows."""
    n = len(h_ipsi)

    def weights(b):
        w = np.linalg.solve(b * np.eye(n) + np.outer(h_contra.conj(), h_contra), h_ipsi.conj())
        return w * d / (h_ipsi @ w)

    low, high = -12.0, 8.0
    for _ in range(80):
        middle = (low + high) / 2
        if np.sum(np.abs(weights(10**middle)) ** 2) <= effort:
            high = middle
        else:
            low = middle
    return 20 * np.log10(np.abs(d / (h_contra @ weights(10**high))))


@given(seed=SEEDS, drivers=DRIVERS, spare_db=st.floats(0.2, 6))
def test_the_reachable_separation_is_what_a_bisection_over_loading_finds(seed, drivers, spare_db):
    h_ipsi, h_contra = random_ears(seed, drivers)
    d = np.array([1.0 + 0j])
    effort = np.abs(d) ** 2 / np.sum(np.abs(h_ipsi) ** 2) * 10 ** (spare_db / 10)
    c0, rho = reachable_leaks(h_ipsi, h_contra, d, effort)
    if abs(c0[0]) - rho[0] > 1e-3:
        ours = 20 * np.log10(np.abs(d[0]) / (abs(c0[0]) - rho[0]))
        assert abs(ours - deepest_by_bisection(h_ipsi[0], h_contra[0], d[0], effort[0])) < 1e-3


@given(seed=SEEDS, magnitude=st.floats(0, 3), rho=st.floats(0, 2), phase=st.floats(-3.14, 3.14))
def test_a_leak_of_wished_magnitude_lies_in_the_disc_nearest_to_its_phase(seed, magnitude, rho, phase):
    rng = np.random.default_rng(seed)
    c0 = rng.standard_normal(1) + 1j * rng.standard_normal(1)
    c = leak_of_magnitude(np.array([magnitude]), np.array([phase]), c0, np.array([rho]))
    # the angle comes from an arc cosine, which near its ends has half the digits
    assert abs(c - c0)[0] <= rho * (1 + 1e-9) + 2e-8
    m = np.clip(magnitude, max(abs(c0[0]) - rho, 0), abs(c0[0]) + rho)
    assert np.isclose(abs(c[0]), m, atol=1e-9)
    # brute force over the circle |c| = m
    angles = np.linspace(-np.pi, np.pi, 20001)
    inside = np.abs(m * np.exp(1j * angles) - c0) <= rho + 1e-9
    if inside.any() and m > 1e-6:
        away = np.abs(np.angle(np.exp(1j * (angles[inside] - phase)))).min()
        assert abs(np.angle(c[0] * np.exp(-1j * phase))) <= away + 1e-3


@given(seed=SEEDS, drivers=DRIVERS)
def test_an_extra_driver_never_raises_the_least_effort(seed, drivers):
    h_ipsi, h_contra = random_ears(seed, drivers + 1, 4)
    d = np.ones(4, complex)
    c = 0.1 * d
    fewer = least_effort_weights(h_ipsi[:, :-1], h_contra[:, :-1], d, c)
    more = least_effort_weights(h_ipsi, h_contra, d, c)
    assert np.all(np.sum(np.abs(more) ** 2, axis=1) <= np.sum(np.abs(fewer) ** 2, axis=1) * (1 + 1e-9))


def test_a_wish_inside_the_disc_is_left_alone_and_one_outside_lands_on_the_rim():
    c0, rho = np.array([1.0 + 0j, 1.0 + 0j]), np.array([0.5, 0.5])
    c = nearest_in_disc(np.array([1.2 + 0.1j, 0.0 + 0j]), c0, rho)
    assert np.allclose(c, [1.2 + 0.1j, 0.5])


def test_target_curve_passes_its_points_rises_between_and_holds_at_the_ends():
    points = ((150.0, 0.0), (500.0, 8.0), (2000.0, 18.0))
    curve = target_curve_db(np.array([20.0, 150.0, 500.0, 2000.0, 19000.0]), points)
    assert np.allclose(curve, [0, 0, 8, 18, 18])
    fine = target_curve_db(np.geomspace(150, 2000, 200), points)
    assert np.all(np.diff(fine) >= 0)


def test_the_cap_is_full_from_250_hz_and_zero_at_80():
    assert np.allclose(effort_cap_curve(np.array([20.0, 80.0, 250.0, 8000.0]), 12.0), [0, 0, 12, 12])
    assert np.isclose(effort_cap_curve(np.array([np.sqrt(80 * 250)]), 12.0)[0], 6.0)


TARGET = '[design.crosstalk]\nmode = "target"\n'


@pytest.mark.parametrize("drivers", [2, 3, 5, 8])
@pytest.mark.parametrize("body", ["free", "ball"])
def test_every_bin_is_the_natural_the_target_or_the_reachable_gain(drivers, body):
    """max(natural, min(target, reachable)) within 1e-6 dB, from the weights and the ears alone."""
    if body == "free":
        rig_file = free_rig(np.linspace(0.2, -0.2, drivers), design=TARGET)
    else:
        rig_file = ball_rig(np.linspace(100, -100, drivers), design=TARGET)
    freqs = np.arange(140.0, 20000.0, 48000 / 4096)
    for ear in (0, 1):
        side = design_side(rig_file, ear, freqs)
        asked = target_curve_db(freqs, rig_file.design.crosstalk.target_db)
        wanted = np.maximum(natural_db(side), np.minimum(asked, reachable_db(side)))
        assert np.max(np.abs(separation_db(side.h_ipsi, side.h_contra, side.w) - wanted)) < 1e-6
        assert np.max(np.abs(np.sum(side.h_ipsi * side.w, axis=1) / side.d - 1)) < 1e-9
        assert np.all(side.effort_db(side.w) <= side.cap_db + 1e-6)


@given(seed=SEEDS, drivers=DRIVERS, spare_db=st.floats(0.1, 10), more_db=st.floats(0.1, 10))
def test_a_deeper_separation_never_costs_less_and_more_effort_never_reaches_less(seed, drivers, spare_db, more_db):
    h_ipsi, h_contra = random_ears(seed, drivers, 5)
    d = np.ones(5, complex)
    least = np.abs(d) ** 2 / np.sum(np.abs(h_ipsi) ** 2, axis=1)
    leaks = []
    for db in (spare_db, spare_db + more_db):
        c0, rho = reachable_leaks(h_ipsi, h_contra, d, least * 10 ** (db / 10))
        leaks.append(np.maximum(np.abs(c0) - rho, 0))
    assert np.all(leaks[1] <= leaks[0] + 1e-12)
    efforts = [np.sum(np.abs(least_effort_weights(h_ipsi, h_contra, d, leak * np.exp(1j * np.angle(c0)))) ** 2, axis=1) for leak in leaks]
    assert np.all(efforts[1] >= efforts[0] * (1 - 1e-9))


def test_mirrored_rig_gives_the_other_side():
    freqs = np.geomspace(100, 16000, 60)
    one = design_side(ball_rig([60, -90]), 0, freqs)
    other = design_side(ball_rig([90, -60]), 1, freqs)
    assert np.allclose(one.w, other.w[:, ::-1], atol=1e-9)


@given(seed=SEEDS, rho=st.floats(0.01, 2))
def test_a_virtual_leak_keeps_its_level_where_the_disc_has_it(seed, rho):
    rng = np.random.default_rng(seed)
    wish, c0 = rng.standard_normal((2, 1)) + 1j * rng.standard_normal((2, 1))
    c, radius = virtual_leak(wish, c0, np.array([rho])), np.array([rho])
    # the angle comes from an arc cosine, which near its ends has half the digits
    assert abs(c - c0)[0] <= rho * (1 + 1e-9) + 2e-8
    if abs(abs(wish[0]) - abs(c0[0])) <= rho:
        assert np.isclose(abs(c[0]), abs(wish[0]))
    # inside the disc it is the wish itself
    inside = c0 + 0.5 * radius * np.exp(1j * rng.uniform(0, 6.28))
    assert np.allclose(virtual_leak(inside, c0, radius), inside)


def test_under_a_cap_a_virtual_pair_keeps_its_ild():
    """Against the nearest point of the disc: the ITD within 30 us of it, the ILD error less than a third."""
    freqs = np.geomspace(315, 1500, 40)
    for cap_db in (12.0, 9.0, 6.0):
        side = design_side(free_rig([0.08, -0.08], design=f"[design.crosstalk]\neffort_cap_db = {cap_db}\n"), 0, freqs)
        scene = free_rig([0.08, -0.08]).scene
        wish = side.d * relative_hrtf("sphere_order5", freqs, 30.0, 2.0, scene.listener.head_radius_m, scene.medium.c)
        nearest = nearest_in_disc(wish, side.c0, side.rho)
        errors = []
        for c in (side.c, nearest):
            ratio = c / wish
            level, phase = 20 * np.log10(np.abs(ratio)), np.angle(ratio) / (2 * np.pi * freqs) * 1e6
            errors.append((np.sqrt(np.mean(level**2)), np.sqrt(np.mean(phase**2))))
        assert errors[0][0] < 0.3 * errors[1][0]
        assert errors[0][1] < errors[1][1] + 30
