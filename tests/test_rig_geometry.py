"""Directions: exact symmetry, and sines against forty-digit arithmetic."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.rig.geometry import azimuth_elevation, direction, left_of, normalised_deg, nose, sine_cosine

angles = st.floats(-360, 360)


@given(angles)
def test_sine_and_cosine_against_mpmath(angle):
    with mpmath.workdps(40):
        exact = mpmath.radians(mpmath.mpf(angle))
        sine, cosine = sine_cosine(angle)
        assert abs(float(sine) - float(mpmath.sin(exact))) <= 2.3e-16
        assert abs(float(cosine) - float(mpmath.cos(exact))) <= 2.3e-16


@given(angles)
def test_sine_is_odd_and_cosine_even_to_the_last_bit(angle):
    sine, cosine = sine_cosine([angle, -angle])
    assert sine[0] == -sine[1]
    assert cosine[0] == cosine[1]


@pytest.mark.parametrize("turns", range(-4, 5))
def test_multiples_of_ninety_are_exact(turns):
    sine, cosine = sine_cosine(90.0 * turns)
    assert (float(sine), float(cosine)) == (round(math.sin(turns * math.pi / 2)), round(math.cos(turns * math.pi / 2)))
    assert not (sine == 0 and np.signbit(sine)) and not (cosine == 0 and np.signbit(cosine))


@given(st.integers(-359, 359))
def test_a_full_turn_changes_no_bit(degrees):
    assert direction(degrees).tobytes() == direction(degrees - math.copysign(360, degrees)).tobytes()


@given(st.decimals(-360, 360, places=4))
def test_a_turn_written_in_decimals_becomes_the_angle_one_would_write(written):
    """269.9 becomes the float that "-90.1" is read as; decimal arithmetic is the truth."""
    wrapped = (written + 180) % 360 - 180
    wrapped = wrapped + 360 if wrapped <= -180 else wrapped
    assert normalised_deg(float(written)) == float(wrapped)


def test_directions_are_said_as_the_listener_sees_them():
    assert direction(0).tolist() == [1, 0, 0]
    assert direction(90).tolist() == [0, 1, 0]
    assert direction(0, 90).tolist() == [0, 0, 1]
    assert nose(0).tolist() == [-1, 0, 0]
    assert left_of(0).tolist() == [0, 1, 0]
    assert nose(90).tolist() == [0, 1, 0], "yaw turns the nose to the listener's left"
    assert left_of(90).tolist() == [1, 0, 0]


@given(angles, st.floats(-89, 89))
def test_azimuth_and_elevation_come_back(azimuth, elevation):
    back = azimuth_elevation(2.5 * direction(azimuth, elevation))
    assert np.allclose(direction(*back), direction(azimuth, elevation), atol=1e-14)
