"""Bodies against closed forms and slower methods: cylinder, baffle, pistons in free space."""

import numpy as np
import pytest
from make_rigs import cylinder_rig, free_rig, wall_rig
from scipy.integrate import quad
from scipy.special import h2vp, hankel2, j1

from spatial.acoustics.bodies import Cylinder, Diaphragm, body_of
from spatial.acoustics.cylindrical import half_height
from spatial.acoustics.equivalent_sources import fit, listening_region
from spatial.acoustics.points import Ears, arc, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_figures import directivity_index_db
from spatial.rig.geometry import direction
from spatial.rig.model import Medium

C = Medium().c


def waves_by_quadrature(k, radius, diameter, point, azimuth, up):
    """The orders' integrals over real angles and the waves that fade, by adaptive quadrature: no saddle, no ratios, no lattice."""
    r, z, turn = np.hypot(*point[:2]), point[2] - up, np.arctan2(point[1], point[0]) - azimuth
    half, total = half_height(diameter), 0.0
    for n in range(int(k * radius) + 8):

        def wave(cosine, sine, n=n):
            height = np.sinc(k * half * sine / np.pi)
            return height * hankel2(n, k * r * cosine) / h2vp(n, k * radius * cosine) * np.exp(-1j * k * z * sine)

        def integral(f, low, high):
            return quad(lambda t: f(t).real, low, high, limit=400)[0] + 1j * quad(lambda t: f(t).imag, low, high, limit=400)[0]

        end = np.arcsinh(40 / (k * (r - radius)))
        order = integral(lambda t, w=wave: w(np.cos(t), np.sin(t)), -np.pi / 2 + 1e-12, np.pi / 2 - 1e-12)
        for sign in (1, -1):
            order += integral(lambda y, w=wave, s=sign: 1j * w(-1j * np.sinh(y), s * np.cosh(y)), 1e-12, end)
        total += (1 if n == 0 else 2) * np.sinc(n * half / radius / np.pi) * np.cos(n * turn) * order
    return -total / (np.pi * radius)


@pytest.mark.parametrize(("point", "f"), [((2.0, 0.1, 0.05), 700.0), ((0.5, -0.1, 0.2), 100.0), ((0.6, 0.0, -0.2), 3000.0)])
def test_waves_of_a_cylinder_near_by_agree_with_quadrature(point, f):
    k, point = 2 * np.pi * f / C, np.array(point)
    body = Cylinder(0.09, (Diaphragm(tuple(direction(np.degrees(0.7)).tolist()), -0.03, 0.045),))
    ours = body.near_field(np.array([k]), point[None])[0, 0, 0]
    assert abs(ours / waves_by_quadrature(k, 0.09, 0.045, point, 0.7, -0.03) - 1) < 2e-5


def test_waves_of_a_cylinder_become_its_far_field():
    body = body_of(cylinder_rig([0, 40, -150], up_m=[0.0, 0.05, -0.1]).rig)
    k = 2 * np.pi * np.array([100.0, 1000.0, 6000.0]) / C
    directions = arc([0, 30, 77, -120, 180], [0, 10, -20, 5, 0]).directions
    error = []
    for far in (50.0, 500.0):
        near = np.concatenate([body.near_field(k, far * d[None]) for d in directions], axis=1)
        away = np.exp(-1j * k * far)[:, None, None] / far
        error.append(np.abs(near / (away * body.far_field(k, directions)) - 1).max())
    assert error[1] < 5e-3
    assert abs(error[0] / error[1] - 10) < 0.5  # what is left falls as 1/R


def test_far_field_of_a_cylinder_is_the_sum_of_the_textbook():
    rig, f = cylinder_rig([25, -90], up_m=[0.02, 0.0]).rig, np.array([60.0, 900.0, 5000.0])
    points = arc([0, 50, 140, -75], [0, 30, -45, 80])
    ours = transfer_matrix(rig, points, f)
    a, half = 0.09, half_height(0.045)
    for i, fi in enumerate(f):
        k = 2 * np.pi * fi / C
        for p, d in enumerate(points.directions):
            x, phi = k * a * np.hypot(d[0], d[1]), np.arctan2(d[1], d[0])
            n = np.arange(int(k * a) + 20)
            terms = np.where(n == 0, 1, 2) * 1j**n * np.sinc(n * half / a / np.pi) / h2vp(n, x)
            for driver, (azimuth, up) in enumerate(((25, 0.02), (-90, 0.0))):
                height = np.sinc(k * half * d[2] / np.pi) * np.exp(1j * k * up * d[2])
                there = 2 / (1j * np.pi * x) * height * np.sum(np.nan_to_num(terms) * np.cos(n * (phi - np.radians(azimuth))))
                assert abs(ours[i, p, driver] - there) < 1e-9


def test_a_cylinder_tends_to_a_point_source_and_sees_a_mirrored_rig_mirrored():
    rig = cylinder_rig([10, 90]).rig
    assert np.allclose(np.abs(transfer_matrix(rig, arc([0, 90, 180], [0, 20, 89]), [5.0])), 1, atol=0.02)
    f = np.geomspace(100, 10000, 20)
    one = transfer_matrix(rig, arc([20, -70, 180]), f)
    other = transfer_matrix(cylinder_rig([-10, -90]).rig, arc([-20, 70, 180]), f)
    assert np.array_equal(one, other)


@pytest.mark.parametrize("distance", [1.0, 2.0])
def test_equivalent_sources_make_the_field_of_a_cylinder(distance):
    body = body_of(cylinder_rig([0, 60, 150], up_m=[0.0, 0.1, -0.1]).rig)
    k = 2 * np.pi * np.array([50.0, 500.0, 3000.0, 10000.0, 16000.0]) / C
    region = listening_region(np.array([[distance, 0.1, 0.05]]), 0.0875)
    assert fit(k, body.inside(), region, body.near_field(k, region)).residual.max() < 1e-3


def test_a_head_that_hardly_scatters_hears_the_field_of_a_cylinder():
    rig, f, centre = cylinder_rig([0, 90, -150]).rig, np.array([100.0, 1000.0, 4000.0]), (1.5, 0.2, -0.1)
    heard = transfer_matrix(rig, Ears((centre,), (0.0,), 1e-3), f)
    field = body_of(rig).near_field(2 * np.pi * f / C, np.array([centre]))
    assert np.max(np.abs(heard.mean(axis=1) / field[:, 0] - 1)) < 3e-3


@pytest.mark.parametrize("f", [300.0, 3000.0, 9000.0])
def test_directivity_of_pistons(f):
    """Closed form of a piston: (ka)^2 / (1 - J1(2ka)/ka) over the sphere where it is silent behind, half of it over what it plays to."""
    ka = 2 * np.pi * f / C * 0.05
    truth = 10 * np.log10(ka**2 / (1 - j1(2 * ka) / ka) / 2)
    wall = wall_rig([0.0], diameter_m=0.1).rig
    points, weights = space_of("baffle")
    assert np.isclose(weights.sum(), 1)
    p = transfer_matrix(wall, points, [f])[:, :, 0]
    assert abs(directivity_index_db(np.ones(1), p, weights)[0] - truth) < 0.02
    free = free_rig([0.0], driver_keys={0: 'directivity = "piston"\ndiameter_m = 0.1'}).rig
    points, weights = space_of("free")
    p = transfer_matrix(free, points, [f])[:, :, 0]
    assert abs(directivity_index_db(np.ones(1), p, weights)[0] - truth) < 0.02


def test_a_baffle_is_silent_behind_and_a_driver_has_its_place_in_front():
    rig, f = wall_rig([0.3, -0.1]).rig, np.array([500.0, 4000.0])
    h = transfer_matrix(rig, arc([30.0, 89.0, 91.0, 180.0]), f)
    assert np.all(h[:, 2:] == 0)
    assert np.allclose(np.angle(h[:, 0, 0] / h[:, 0, 1] * np.exp(-1j * 2 * np.pi * f / C * 0.4 * np.sin(np.radians(30)))), 0)


def test_ears_hear_a_piston_through_its_pattern_towards_the_head():
    f = np.array([1000.0, 8000.0])
    omni, piston = free_rig([0.5]).rig, free_rig([0.5], driver_keys={0: 'directivity = "piston"\ndiameter_m = 0.1'}).rig
    wall = wall_rig([0.5], diameter_m=0.1).rig
    ears = Ears(((2.0, 0.0, 0.0),), (0.0,), 0.0875)
    h = [transfer_matrix(rig, ears, f) for rig in (omni, piston, wall)]
    assert np.allclose(h[1], h[0])  # it faces the listener
    x = 2 * np.pi * f / C * 0.05 * 0.5 / np.hypot(2, 0.5)
    assert np.allclose(h[2] / h[0], (2 * j1(x) / x)[:, None, None])
