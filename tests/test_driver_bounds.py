"""Bands, gain bounds and drivers left out, in the taps of the sides."""

from dataclasses import replace

import numpy as np
import pytest
from make_rigs import ball_rig, first_wave, free_rig

from spatial.analysis.cancellation import cancellation_curves, side_figures
from spatial.analysis.weights import effective_weights
from spatial.catalogue.figures import study_of
from spatial.design.filter_bank import compute_filters
from spatial.rig.load import load_rig, rig_from_text

ALONE = '[design.beam]\npreset = "reference"\n'
NULL = '[design.crosstalk]\nmode = "null"\nrobust = false\neffort_cap_db = 18.0\n' + ALONE
LEFTS = [0.12, 0.04, -0.04, -0.12]
F = np.geomspace(60, 18000, 200)


def filter_gain_db(bank, driver):
    """Largest gain of a driver's filters for the sides."""
    phase = np.exp(-2j * np.pi * np.outer(F, np.arange(bank.n_taps)) / bank.fs)
    return max(20 * np.log10(np.abs(phase @ bank.taps[driver, i]).max()) for i in (0, 1))


def test_max_gain_bounds_the_filter_and_others_take_over():
    free = compute_filters(free_rig(LEFTS, design=NULL))
    bounded_file = free_rig(LEFTS, design=NULL, driver_keys={1: "max_gain_db = 3.0", 2: "max_gain_db = 3.0"})
    bounded = compute_filters(bounded_file)
    assert filter_gain_db(free, 1) > 5.0
    assert filter_gain_db(bounded, 1) <= 3.0
    assert filter_gain_db(bounded, 2) <= 3.0
    figures = side_figures(study_of(bounded, bounded_file).sides)
    assert figures.timbre_db <= 0.2
    assert figures.sep_mean_db > 25


def test_a_bound_that_nobody_can_keep_makes_it_quieter():
    bounds = {i: "max_gain_db = -6.0" for i in range(2)}
    bank = compute_filters(free_rig([0.1, -0.1], design=NULL, driver_keys=bounds))
    assert max(filter_gain_db(bank, i) for i in (0, 1)) <= -5.9


def test_hardware_gain_counts_against_the_filter_not_the_air():
    loud = free_rig(LEFTS, design=NULL, driver_keys={1: "max_gain_db = 3.0\ngain_db = 6.0", 2: "max_gain_db = 3.0\ngain_db = 6.0"})
    assert filter_gain_db(compute_filters(loud), 1) <= 3.0


def test_a_driver_rests_outside_its_band():
    rig_file = free_rig(LEFTS, design=NULL, driver_keys={1: "band_hz = [1000.0, 4000.0]", 2: "band_hz = [1000.0, 4000.0]"})
    bank = compute_filters(rig_file)
    w = np.abs(effective_weights(bank, rig_file.rig, F, "left"))
    inside = (F > 1300) & (F < 3500)
    assert w[F < 300, 1].max() < 0.1 * w[inside, 1].max()
    assert w[F > 12000, 1].max() < 0.1 * w[inside, 1].max()
    assert side_figures(study_of(bank, rig_file).sides).timbre_db <= 0.2


@pytest.mark.parametrize(("rig", "cap_db", "worst_pose_db"), [("ball3", 12.0, 12.5), ("ball3_woofer", 12.0, 12.5), ("laptop", 12.0, 7.0)])
@pytest.mark.parametrize("mode", ["null", "virtual"])
def test_robust_sides_with_band_edges_keep_timbre_and_effort(rig, cap_db, worst_pose_db, mode):
    """Where the band ends a design would have the taps follow it at any price; what they then miss is inside the band."""
    edges = [f"driver.{name}.band_hz=[110, 20000]" for name in ("front", "left", "right")] if rig == "ball3" else []
    rig_file = load_rig(rig, [*edges, f"design.crosstalk.mode={mode}", "design.crosstalk.robust=true",
                              f"design.crosstalk.effort_cap_db={cap_db}", "design.beam.preset=reference"])  # fmt: skip
    figures = side_figures(study_of(compute_filters(rig_file), rig_file).sides)
    assert figures.timbre_db <= 0.2
    assert figures.effort_db <= cap_db + 0.5
    if mode == "null":
        assert figures.worst_pose_db >= worst_pose_db


def test_a_target_that_taps_follow_with_difficulty_is_still_reached():
    """Three drivers of unequal bands on a ball, the listener aside, little effort: what is missed counts more, but not without end."""
    places = [((168, 0.0), 10.35), ((174, 134.97), -10.63), ((129, -125.94), -0.55)]
    drivers = "".join(
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nband_hz = [{low}, 20000]\nazimuth_deg = {azimuth}\n'
        f"elevation_deg = {elevation}\ndiameter_m = 0.06\n"
        for i, ((low, azimuth), elevation) in enumerate(places)
    )
    rig_file = rig_from_text(
        'format = 1\nname = "aside"\n[listener]\ndistance_m = 3.102\nleft_m = -0.202\nyaw_deg = -1.64\n'
        f'[enclosure]\nshape = "sphere"\nradius_m = 0.1115\n{drivers}'
        f'[design.crosstalk]\nmode = "target"\neffort_cap_db = 3.8\n{ALONE}',
        "aside.toml",
    )
    bank = compute_filters(rig_file)
    figures = side_figures(study_of(bank, rig_file).sides)
    assert figures.timbre_db <= 0.1
    assert figures.effort_db <= 4.3
    for curves in cancellation_curves(study_of(bank, rig_file).sides, np.geomspace(300, 8000, 120)):
        wanted = np.maximum(curves.natural_db, np.minimum(curves.asked_db, curves.reachable_db))
        assert np.abs(curves.reached_db - wanted).max() <= 0.25


def test_a_bound_far_below_what_one_side_needs_still_ends_in_filters():
    """Two wide pistons that beam, a listener aside, and the driver on that side held down: costs rise without end."""
    drivers = "".join(
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ left = {left} }}\ndiameter_m = 0.234\nband_hz = [20, 7404]\n{bound}'
        for i, (left, bound) in enumerate([(-0.146, ""), (0.146, "max_gain_db = -16.1\n")])
    )
    rig_file = rig_from_text(
        'format = 1\nname = "held"\n[listener]\ndistance_m = 2.777\nhead_radius_m = 0.0621\nleft_m = -0.25\n'
        f'[enclosure]\nshape = "baffle"\n{drivers}[design]\ntone_boost_db = 30.0\n'
        f'[design.crosstalk]\nmode = "null"\neffort_cap_db = 12.0\nrobust = true\ntaps = 128\n{ALONE}',
        "held.toml",
    )
    bank = compute_filters(rig_file, 88200)
    assert np.isfinite(bank.taps).all()
    assert filter_gain_db(bank, 1) <= -16.0


@pytest.mark.parametrize("fs", [22050, 32000])
def test_at_low_rates_taps_are_held_where_the_fit_stops_listening(fs):
    """One of two drivers beams, the listener is close and aside, and the leak is fitted up to the end of what is heard."""
    rig_file = free_rig(
        [-0.058, 0.058],
        distance_m=0.456,
        listener="head_radius_m = 0.1053\nleft_m = -0.39",
        driver_keys={1: 'directivity = "cardioid"'},
        design=f'[design.crosstalk]\nmode = "target"\neffort_cap_db = 3.0\ntaps = 1024\n{ALONE}',
    )
    bank = compute_filters(rig_file, fs)
    assert side_figures(study_of(bank, rig_file).sides).effort_db <= 3.5
    assert max(filter_gain_db(bank, i) for i in (0, 1)) < 12.0


def banded_rig(layout, edge_hz, mode):
    """A box of two or a ball of three whose drivers all begin at edge_hz."""
    design = f'[design.crosstalk]\nmode = "{mode}"\neffort_cap_db = 18.0\n[design.width]\nmodel = "sphere_exact"\n{ALONE}'
    rig_file = layout([0.08, -0.08] if layout is free_rig else [0, 90, -90], design=design)
    drivers = tuple(replace(driver, band_hz=(float(edge_hz), 20000.0)) for driver in rig_file.rig.drivers)
    return replace(rig_file, rig=replace(rig_file.rig, drivers=drivers))


@pytest.mark.parametrize("layout", [free_rig, ball_rig])
@pytest.mark.parametrize("edge_hz", [150, 240, 300, 400])
def test_a_target_is_reached_from_the_edge_of_the_band_on(layout, edge_hz):
    rig_file = banded_rig(layout, edge_hz, "target")
    bank = compute_filters(rig_file)
    for curves in cancellation_curves(study_of(bank, rig_file).sides, np.geomspace(max(300, edge_hz), 8000, 120)):
        wanted = np.maximum(curves.natural_db, np.minimum(curves.asked_db, curves.reachable_db))
        assert np.abs(curves.reached_db - wanted).max() <= 0.25
        assert np.abs(curves.cap_db - 18.0).max() < 1e-9  # the stated one, from the edge on
    figures = side_figures(study_of(bank, rig_file).sides)
    assert figures.timbre_db <= 0.2
    assert figures.effort_db <= 18.5


@pytest.mark.parametrize(("layout", "edge_hz"), [(free_rig, 150), (free_rig, 240), (ball_rig, 150), (ball_rig, 240), (ball_rig, 300)])
def test_a_virtual_pair_is_heard_from_300_hz_on_where_bands_allow(layout, edge_hz):
    rig_file = first_wave(banded_rig(layout, edge_hz, "virtual"))
    figures = side_figures(study_of(compute_filters(rig_file), rig_file).sides)
    assert figures.itd_error_us <= 8.0
    assert figures.ild_error_db <= 0.1


def test_drivers_not_named_are_silent():
    design = '[design.crosstalk]\nmode = "target"\ndrivers = ["d0", "d3"]\n' + ALONE
    bank = compute_filters(free_rig(LEFTS, design=design))
    assert np.all(bank.taps[[1, 2]][:, :2] == 0)
    assert np.all(np.abs(bank.taps[[0, 3]][:, :2]).max(axis=2) > 0)
