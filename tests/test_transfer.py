"""The transfer matrix: ears near a ball against a projection on the head, geometry, symmetry."""

import numpy as np
import pytest
from make_rigs import ball_rig, free_rig
from scipy.special import spherical_jn, spherical_yn

from spatial.acoustics.points import Ears, arc, sphere
from spatial.acoustics.spherical import cap_near_field, legendre
from spatial.acoustics.transfer import transfer_matrix
from spatial.rig.geometry import axes, left_of
from spatial.rig.model import Medium

C = Medium().c


def ears_by_projection(rig, centre, yaw_deg, head_radius, f):
    """Slow twin without equivalent sources: the ball's field is projected on spherical waves about the head.

    Inside the head's place the incident field is sum a_n j_n(kr) P_n (azimuthal order 0 about the ear axis is all that the ears feel);
    a_n is read from two shells, the one where j_n is larger, and a rigid sphere answers a_n with -j / ((ka)^2 h_n').
    """
    x, weight = np.polynomial.legendre.leggauss(60)
    axis = left_of(yaw_deg)
    e1 = np.array([axis[1], -axis[0], 0.0])
    e2 = np.array([0.0, 0.0, 1.0])
    phi = 2 * np.pi * np.arange(64) / 64
    around = np.cos(phi)[:, None] * e1 + np.sin(phi)[:, None] * e2
    normals = x[:, None, None] * axis + np.sqrt(1 - x**2)[:, None, None] * around
    out = np.empty((len(f), 2, len(rig.drivers)), complex)
    for i, fi in enumerate(f):
        k = 2 * np.pi * fi / C
        orders = np.arange(int(k * head_radius) + 14)
        p_n = legendre(orders[-1], x)
        j = [spherical_jn(orders, k * b) for b in (head_radius, 0.8 * head_radius)]
        for d, driver in enumerate(rig.drivers):
            a_n = []
            for shell in (head_radius, 0.8 * head_radius):
                points = np.asarray(centre) + shell * normals
                r = np.linalg.norm(points, axis=-1).ravel()
                cos_gamma = np.clip(points.reshape(-1, 3) @ axes(rig)[d] / r, -1, 1)
                p = cap_near_field(np.array([k]), rig.enclosure.radius_m, driver.diameter_m, r, cos_gamma)[0]
                p = p.reshape(len(x), -1).mean(axis=1)
                a_n.append((2 * orders + 1) / 2 * (p_n @ (weight * p)))
            a = np.where(np.abs(j[0]) > np.abs(j[1]), a_n[0] / j[0], a_n[1] / j[1])
            slope = spherical_jn(orders, k * head_radius, True) - 1j * spherical_yn(orders, k * head_radius, True)
            answer = a * -1j / (k * head_radius) ** 2 / slope
            out[i, :, d] = answer.sum(), (answer * (-1.0) ** orders).sum()
    return out


@pytest.mark.parametrize(("radius", "distance"), [(0.0875, 2.0), (0.142, 1.2), (0.06, 0.6)])
def test_ears_near_a_ball_agree_with_a_projection_on_the_head(radius, distance):
    rig = ball_rig([0, 90, -70], radius_m=radius, elevations_deg=[0, 10, -20]).rig
    f = np.array([100.0, 700.0, 2100.0, 6500.0, 12000.0])
    centre = (distance, 0.1, 0.05)
    ours = transfer_matrix(rig, Ears((centre,), (8.0,), 0.0875), f)
    truth = ears_by_projection(rig, centre, 8.0, 0.0875, f)
    assert np.max(np.abs(ours / truth - 1)) < 2e-3


def test_a_mirrored_rig_and_head_exchange_the_ears():
    f = np.geomspace(50, 18000, 40)
    one = transfer_matrix(ball_rig([60, -90]).rig, Ears(((2.0, 0.2, 0.0),), (4.0,), 0.0875), f)
    other = transfer_matrix(ball_rig([-60, 90]).rig, Ears(((2.0, -0.2, 0.0),), (-4.0,), 0.0875), f)
    assert np.allclose(one, other[:, ::-1], rtol=1e-9, atol=0)


def test_a_pose_in_a_cloud_hears_what_it_hears_alone():
    rig, f = ball_rig([0, 90, -90]).rig, np.geomspace(100, 15000, 30)
    near, far = ((1.9, 0.05, 0.0), 3.0), ((2.1, -0.05, 0.0), -6.0)
    both = transfer_matrix(rig, Ears((near[0], far[0]), (near[1], far[1]), 0.0875), f)
    alone = transfer_matrix(rig, Ears((far[0],), (far[1],), 0.0875), f)
    assert np.allclose(both[:, 2:], alone, rtol=2e-3)


def test_free_field_far_away_is_distance_phase_and_pattern():
    rig = free_rig([0.3, -0.3], driver_keys={0: 'directivity = "cardioid"\nfacing_deg = { azimuth = 90.0, elevation = 0.0 }'}).rig
    f = np.array([200.0, 3000.0])
    h = transfer_matrix(rig, arc([0.0, 90.0, -90.0]), f)
    k = 2 * np.pi * f / C
    assert np.allclose(h[:, 0], np.stack([np.full(2, 0.5), np.ones(2)], axis=1))
    assert np.allclose(h[:, 1, 0], np.exp(0.3j * k))
    assert np.allclose(h[:, 2, 0], 0)
    assert np.allclose(h[:, 2, 1], np.exp(0.3j * k))


def test_power_on_the_sphere_is_that_of_the_series():
    """Parseval: the mean of |sum G_n P_n|^2 over the sphere is sum |G_n|^2 / (2n + 1)."""
    from spatial.acoustics.spherical import cap_far_field

    rig, f = ball_rig([20], elevations_deg=[35]).rig, np.array([300.0, 1500.0, 4000.0])
    points, weights = sphere(32, 64)
    mean = np.abs(transfer_matrix(rig, points, f)[:, :, 0]) ** 2 @ weights
    coefficients = cap_far_field(2 * np.pi * f / C, 0.0875, 0.045)
    assert np.allclose(mean, (np.abs(coefficients) ** 2 / (2 * np.arange(len(coefficients))[:, None] + 1)).sum(axis=0))


def test_larger_is_lower():
    """Everything k times larger, the head included, is the same k times lower in frequency, less 1/k of spreading."""
    f, k = np.geomspace(200, 4000, 20), 1.25
    small = transfer_matrix(ball_rig([0, 90]).rig, Ears(((1.6, 0.0, 0.0),), (0.0,), 0.08), f * k)
    large = transfer_matrix(ball_rig([0, 90], radius_m=0.0875 * k, diameter_m=0.045 * k).rig, Ears(((2.0, 0.0, 0.0),), (0.0,), 0.1), f)
    assert np.allclose(small, large * k, rtol=2e-3)
