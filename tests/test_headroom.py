"""Headroom: bounds and levels that follow from the filters in closed form, and a square wave that the bound must hold."""

import numpy as np
import pytest
from scipy import signal
from sounds import FS, bank, straight_through

from spatial.bank.headroom import predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import PATHS


def single(taps):
    """One driver, from (3, n_taps)."""
    return FilterMatrix(np.asarray(taps, float)[None], FS, 0, PATHS, ("only",), (1,))


def test_a_wire_needs_no_headroom():
    """Left and right to a driver each, centre to both: what comes out is what went in, for every programme."""
    headroom = predict_headroom(straight_through())
    assert all(abs(level) < 1e-9 for level in headroom.programmes_db.values())
    assert headroom.gain_db == 0 and headroom.limiter_db < 1e-9
    assert headroom.l1_db == pytest.approx({"left": 20 * np.log10(2), "right": 20 * np.log10(2)})


def test_a_gain_is_what_it_says():
    wire = straight_through()
    louder = predict_headroom(wire.replace(taps=2 * wire.taps))
    assert all(level == pytest.approx(20 * np.log10(2)) for level in louder.programmes_db.values())
    assert louder.gain_db == pytest.approx(-20 * np.log10(2)) and louder.limiter_db == pytest.approx(0, abs=1e-9)
    assert predict_headroom(wire.replace(taps=0.5 * wire.taps)).gain_db == 0  # never a boost


def test_each_programme_goes_where_it_should():
    taps = np.zeros((3, 4))
    taps[2, 1] = 4  # the centre alone is loud
    levels = predict_headroom(single(taps)).programmes_db
    assert levels["mono"] == pytest.approx(20 * np.log10(4))
    assert max(levels["one_side"], levels["decorrelated"], levels["antiphase"]) < -300
    assert 20 * np.log10(4) - 3 < levels["music"] < 20 * np.log10(4)
    taps = np.zeros((3, 4))
    taps[0, 1], taps[1, 1] = 1, -1  # left minus right
    headroom = predict_headroom(single(taps))
    levels = headroom.programmes_db
    assert levels["mono"] < -300 and levels["one_side"] == pytest.approx(0) and levels["antiphase"] == pytest.approx(20 * np.log10(2))
    assert headroom.limiter_db == pytest.approx(20 * np.log10(2) + headroom.gain_db)


def test_one_side_is_the_worse_one():
    taps = np.zeros((3, 4))
    taps[0, 0], taps[1, 0] = 0.5, 3
    assert predict_headroom(single(taps)).programmes_db["one_side"] == pytest.approx(20 * np.log10(3))


def test_the_levels_are_those_of_a_slow_rendering():
    """Pink noise in time, convolved, true peaks by polyphase resampling: within the chance of two seconds of noise."""
    filters = bank(3, n_taps=300, seed=5)
    rng = np.random.default_rng(9)
    spectrum = np.fft.rfft(rng.standard_normal((2, 2**18)))
    spectrum[:, 1:] /= np.sqrt(np.arange(1, spectrum.shape[1]))
    spectrum[:, 0] = 0
    left, other = np.fft.irfft(spectrum, 2**18)
    right = 0.7 * left + np.sqrt(1 - 0.7**2) * other
    centre = 0.5 * (left + right)
    feeds = [
        sum(signal.fftconvolve(x, h) for x, h in zip((left - centre, right - centre, centre), rows, strict=True)) for rows in filters.taps
    ]

    def peak(x):
        return np.abs(signal.resample_poly(x, 4, 1)).max()

    slow = 20 * np.log10(max(map(peak, feeds)) / max(peak(left), peak(right)))
    assert predict_headroom(filters).programmes_db["music"] == pytest.approx(slow, abs=0.7)


def test_headphones_get_left_and_right_as_they_are():
    taps = np.zeros((2, 2, 8))
    taps[0, 0, 0] = taps[1, 1, 0] = 1
    taps[0, 1, 3] = taps[1, 0, 3] = 0.5
    ears = FilterMatrix(taps, FS, 0, ("left", "right"), ("left ear", "right ear"), (1, 2))
    levels = predict_headroom(ears).programmes_db
    assert levels["one_side"] == pytest.approx(0)
    assert 0 < levels["music"] <= levels["mono"] + 0.5 <= 20 * np.log10(1.5) + 0.5


def test_names_of_inputs_that_nobody_knows_are_passed_over():
    wire = straight_through()
    more = wire.replace(taps=np.concatenate([wire.taps, 100 * wire.taps[:, :1]], axis=1), input_names=(*PATHS, "height"))
    assert predict_headroom(more).programmes_db == predict_headroom(wire).programmes_db


def test_it_is_deterministic_and_long_filters_are_taken_whole():
    long = single(np.eye(3, 100_000)[:, ::-1])
    assert predict_headroom(long) == predict_headroom(long)
    assert predict_headroom(long).programmes_db["mono"] == pytest.approx(0, abs=1e-9)


def test_the_l1_norm_bounds_a_square_wave_that_is_only_turned_in_phase():
    """A first-order all-pass at 50 Hz lifts the peak of a 50 Hz square by 9 dB; the bound knows, whatever the pink figures say."""
    n = 8000
    c = (np.tan(np.pi * 50 / FS) - 1) / (np.tan(np.pi * 50 / FS) + 1)
    allpass = signal.lfilter([c, 1], [1, c], np.eye(1, n)[0])
    square = np.where(np.arange(2 * FS) % 960 < 480, 1.0, -1.0)
    peak_db = 20 * np.log10(np.abs(signal.fftconvolve(square, allpass)).max())
    headroom = predict_headroom(single(np.stack([np.zeros(n), np.zeros(n), allpass])))
    assert 8.5 < peak_db <= headroom.l1_db["only"] + 1e-9
    assert headroom.programmes_db["mono"] < 6
