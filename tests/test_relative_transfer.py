"""Relative form of a side: the quadratic of two drivers against the target it was asked for, and equal sound from equaliser and ratios."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_rigs import ball_rig, free_rig

from spatial.analysis.cancellation import separation_db
from spatial.design.crosstalk import least_effort_weights
from spatial.design.filter_bank import compute_filters
from spatial.design.relative_transfer import relative_form, two_driver_share
from spatial.design.sides import design_side

TARGET = '[design.crosstalk]\nmode = "target"\neffort_cap_db = 60.0\n'
EXACT = "effort_cap_db = 18.0\n", "[tolerance]\ngain_db = 0.0\nphase_deg = 0.0\n"  # filters that no cap bends between 300 Hz and 8 kHz
VIRTUAL = f'[design.crosstalk]\nmode = "virtual"\n{EXACT[0]}[design.beam]\npreset = "reference"\n{EXACT[1]}'


@given(level_db=st.floats(0.5, 40), span_m=st.floats(0.05, 1.0))
def test_the_share_of_the_second_driver_makes_the_target(level_db, span_m):
    freqs = np.geomspace(200, 12000, 40)
    side = design_side(free_rig([span_m / 2, -span_m / 2], design=TARGET), 0, freqs)
    alpha = two_driver_share(side.h_ipsi, side.h_contra, np.full(40, level_db))
    w = np.stack([np.ones(40), -alpha * side.h_contra[:, 0] / side.h_contra[:, 1]], axis=1)
    natural = separation_db(side.h_ipsi, side.h_contra, np.stack([np.ones(40), np.zeros(40)], axis=1))
    wanted = np.maximum(natural, level_db)
    assert np.all((alpha >= 0) & (alpha <= 1))
    assert np.max(np.abs(separation_db(side.h_ipsi, side.h_contra, w) - wanted)) < 1e-6


def test_a_full_share_is_a_null():
    freqs = np.geomspace(300, 8000, 20)
    side = design_side(free_rig([0.1, -0.1], design=TARGET), 0, freqs)
    w = np.stack([np.ones(20), -side.h_contra[:, 0] / side.h_contra[:, 1]], axis=1)
    d = np.sum(side.h_ipsi * w, axis=1)
    assert np.allclose(w, least_effort_weights(side.h_ipsi, side.h_contra, d, np.zeros(20)), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "reference"), [(lambda d: free_rig([0.08, -0.08], design=d), 0), (lambda d: ball_rig([0, 90, -90], design=d), 1)]
)
def test_equaliser_and_ratios_sound_like_the_filters(make, reference):
    bank = compute_filters(make(VIRTUAL))
    taps = bank.taps[:, 0].T
    first = np.flatnonzero(np.abs(taps).max(axis=1))[0]
    taps = taps[first : first + 540]
    form = relative_form(taps, reference, 1024, 512)
    assert form.error_db < -55
    made = form.filters()
    assert np.allclose(made[512 : 512 + len(taps), reference], taps[:, reference])
    error = made[512 : 512 + len(taps)] - taps
    assert 10 * np.log10(np.sum(error**2) / np.sum(taps**2)) <= form.error_db + 1e-9


def test_longer_ratios_are_nearer():
    bank = compute_filters(free_rig([0.08, -0.08], design=VIRTUAL))
    taps = bank.taps[:, 0].T[250:800]
    errors = [relative_form(taps, 0, n, n // 2).error_db for n in (128, 256, 512)]
    assert errors[0] > errors[1] > errors[2]
