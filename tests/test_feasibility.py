"""What a layout can do, against what a design then reaches and against closed forms."""

import numpy as np
from make_rigs import ball_rig, free_rig

from spatial.analysis.cancellation import cancellation_curves
from spatial.analysis.feasibility import feasibility, in_words, spans
from spatial.design.virtualizer import compute_filters

NULL = '[design.crosstalk]\nmode = "null"\n[design.beam]\npreset = "reference"\n'


def test_reachable_is_what_a_null_then_reaches():
    rig_file = free_rig([0.15, -0.15], design=NULL)
    found = feasibility(rig_file)
    bands = found.bands_hz[(found.bands_hz > 300) & (found.reachable_db < 20)]
    curves = cancellation_curves(compute_filters(rig_file), rig_file, bands)
    told = found.reachable_db[np.isin(found.bands_hz, bands)]
    assert len(bands) >= 1
    for side in curves:
        assert np.all(np.abs(side.reached_db - told) < 1.0)


def test_the_ears_are_told_apart_the_worse_the_lower_and_the_narrower():
    narrow, wide = feasibility(free_rig([0.05, -0.05])), feasibility(free_rig([0.5, -0.5]))
    low = narrow.bands_hz < 1000
    assert np.all(narrow.condition_db[low] > wide.condition_db[low] + 6)
    assert np.all(np.diff(narrow.condition_db[low]) < 0)


def test_a_larger_cap_never_makes_the_pair_fit_less():
    caps = [feasibility(free_rig([0.08, -0.08], design=f"[design.crosstalk]\neffort_cap_db = {cap}\n")) for cap in (3.0, 9.0, 18.0)]
    for less, more in zip(caps, caps[1:], strict=False):
        assert np.all(more.pair_fits >= less.pair_fits)
        assert np.all(more.reachable_db >= less.reachable_db - 1e-9)
    assert caps[0].pair_fits.sum() < caps[-1].pair_fits.sum()


def test_nulls_end_at_half_a_wave_between_neighbours():
    c = free_rig([0.1]).scene.medium.c
    assert np.isclose(feasibility(free_rig([0.1, -0.1])).null_limit_hz, c / 0.4)
    ball = feasibility(ball_rig([0, 90, -90])).null_limit_hz
    assert np.isclose(ball, c / (2 * np.sqrt(2) * 0.0875))


def test_words_say_where():
    bands = np.array([100.0, 125.0, 160.0, 200.0])
    assert spans(bands, np.array([True] * 4)) == "everywhere"
    assert spans(bands, np.array([False] * 4)) == "nowhere"
    assert spans(bands, np.array([True, False, True, True])) == "100 Hz, 160 Hz-200 Hz"
    lines = in_words(feasibility(free_rig([0.1, -0.1])), 30.0)
    assert lines[0][0] == "virtual pair at +-30 deg"
    assert all(len(line) == 3 for line in lines)
