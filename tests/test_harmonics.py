"""Spherical harmonics: against SciPy's, and patterns and powers against direct evaluation and quadrature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_rigs import ball_rig, cylinder_rig, free_rig
from scipy.special import sph_harm_y

from spatial.acoustics.harmonics import Harmonics, harmonics_of, real_harmonics
from spatial.acoustics.points import FarField, arc, sphere
from spatial.acoustics.spherical import cap_far_field, legendre
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.errors import InputError
from spatial.rig.geometry import axes
from spatial.rig.model import Medium

F = np.array([200.0, 1000.0, 4000.0])


@settings(deadline=None, max_examples=25)
@given(azimuth=st.floats(-np.pi, np.pi), polar=st.floats(0, np.pi))
def test_harmonics_are_those_of_scipy(azimuth, polar):
    """SciPy's complex ones, made real, times sqrt(4 pi): its integral over the sphere is 1, here the mean is."""
    u = np.array([[np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)]])
    ours = real_harmonics(8, u)[0]
    for degree in range(9):
        for m in range(-degree, degree + 1):
            y = sph_harm_y(degree, abs(m), polar, azimuth) * np.sqrt(4 * np.pi) * (-1.0) ** m
            expected = y.real if m == 0 else np.sqrt(2) * (y.real if m > 0 else y.imag)
            assert abs(ours[degree * degree + degree + m] - expected) < 1e-9


def test_harmonics_are_orthonormal():
    points, weights = sphere(20, 40)
    y = real_harmonics(18, points.directions)
    assert np.allclose((y * weights[:, None]).T @ y, np.eye(19**2), atol=1e-10)


@pytest.mark.parametrize(
    "rig_file",
    [ball_rig([0, 90, -70], elevations_deg=[0, 10, 30]), cylinder_rig([0, 60]), free_rig([0.1, -0.05])],
    ids=["ball", "cylinder", "free"],
)
def test_stored_patterns_are_the_patterns(rig_file):
    rig = rig_file.rig
    stored = harmonics_of(rig, F)
    rng = np.random.default_rng(0)
    u = rng.standard_normal((60, 3))
    points = FarField(u / np.linalg.norm(u, axis=1, keepdims=True))
    truth = transfer_matrix(rig, points, F)
    # the field of an endless cylinder is not smooth at its poles: what is lost there is little power
    error = np.linalg.norm(stored.at(points) - truth) / np.linalg.norm(truth)
    assert error < (2e-2 if rig.enclosure.shape == "cylinder" else 2e-4)


def test_power_over_the_sphere_is_a_sum_over_coefficients():
    """On a ball the closed form, sum |G_n|^2/(2n + 1) P_n(cos angle between the drivers), and quadrature."""
    rig = ball_rig([0, 90, -70], elevations_deg=[0, 10, 30]).rig
    power = harmonics_of(rig, F).sphere_power()
    points, weights = sphere(24, 48)
    g = transfer_matrix(rig, points, F)
    assert np.allclose(power, np.einsum("fpn,p,fpm->fnm", g.conj(), weights, g), atol=1e-6)
    coefficients = cap_far_field(2 * np.pi * F / Medium().c, 0.0875, 0.045)
    order = np.arange(len(coefficients))[:, None, None]
    p = legendre(len(coefficients) - 1, np.clip(axes(rig) @ axes(rig).T, -1, 1))
    for i in range(len(F)):
        closed = np.sum(np.abs(coefficients[:, i, None, None]) ** 2 / (2 * order + 1) * p, axis=0)
        assert np.allclose(power[i], closed, atol=1e-6)


def test_power_over_a_region_is_its_mean():
    rig = ball_rig([0, 90, -90]).rig
    points, weights = arc([80.0, 90.0, 100.0, -90.0], [0.0, 10.0, -5.0, 0.0]), np.array([0.3, 0.3, 0.2, 0.2])
    g = transfer_matrix(rig, points, F)
    direct = np.einsum("fpn,p,fpm->fnm", g.conj(), weights, g)
    assert np.allclose(harmonics_of(rig, F).region_power(points, weights), direct, atol=1e-4)


def test_patterns_are_kept_in_a_file(tmp_path):
    stored = harmonics_of(ball_rig([0, 90]).rig, F)
    stored.save(tmp_path / "ball.npz")
    again = Harmonics.load(tmp_path / "ball.npz")
    assert np.array_equal(again.coefficients, stored.coefficients) and np.array_equal(again.freqs, stored.freqs)
    assert again.order == stored.order
    (tmp_path / "other.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no file of patterns"):
        Harmonics.load(tmp_path / "other.npz")
    with pytest.raises(InputError, match="no file of patterns"):
        Harmonics.load(tmp_path / "missing.npz")
