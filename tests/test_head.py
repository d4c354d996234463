"""The rigid-sphere head and the caps on a ball against other codings of the same physics."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from spatial.acoustics.head import ear_responses, relative_response, sphere_series
from spatial.acoustics.spherical import cap_far_field, cap_near_field, cap_weights, legendre

C = 343.0


def hankel(n, x, derivative=False):
    return spherical_jn(n, x, derivative) - 1j * spherical_yn(n, x, derivative)


def series_by_scipy(ka, rho, cos_gamma):
    """Duda and Martens' sum with SciPy's Bessel functions, term by term."""
    total = 0
    for m in range(90):
        term = hankel(m, ka * rho) / hankel(m, ka, True)
        if not np.isfinite(term):
            break
        total += (2 * m + 1) * eval_legendre(m, cos_gamma) * term
    return -(rho / ka) * np.exp(1j * ka * rho) * total


def series_by_mpmath(ka, rho, cos_gamma):
    """The same sum in 40-digit arithmetic."""
    with mpmath.workdps(40):
        ka, rho, x = mpmath.mpf(ka), mpmath.mpf(rho), mpmath.mpf(cos_gamma)

        def h(n, z):
            root = mpmath.sqrt(mpmath.pi / (2 * z))
            return root * (mpmath.besselj(n + mpmath.mpf("0.5"), z) - 1j * mpmath.bessely(n + mpmath.mpf("0.5"), z))

        total = mpmath.mpf(0)
        for m in range(120):
            slope = mpmath.mpf(m) / ka * h(m, ka) - h(m + 1, ka)
            total += (2 * m + 1) * mpmath.legendre(m, x) * h(m, ka * rho) / slope
        return complex(-(rho / ka) * mpmath.exp(1j * ka * rho) * total)


@settings(deadline=None, max_examples=60)
@given(f=st.floats(20, 16000), r=st.floats(0.3, 5), cos_gamma=st.floats(-1, 1), radius=st.floats(0.07, 0.105))
def test_head_series_is_the_sum_over_scipys_bessel_functions(f, r, cos_gamma, radius):
    ka = 2 * np.pi * f * radius / C
    ours = sphere_series([ka], [r / radius], [[cos_gamma]])[0, 0, 0]
    assert abs(ours - series_by_scipy(ka, r / radius, cos_gamma)) < 1e-9 * max(abs(ours), 0.1)


@pytest.mark.parametrize("f", [0.1, 30.0, 700.0, 5000.0, 20000.0])
@pytest.mark.parametrize(("r", "cos_gamma"), [(0.3, 0.5), (2.0, -0.5), (2.0, -1.0)])
def test_head_series_holds_twelve_digits_of_forty(f, r, cos_gamma):
    ka = 2 * np.pi * f * 0.0875 / C
    ours = sphere_series([ka], [r / 0.0875], [[cos_gamma]])[0, 0, 0]
    assert abs(ours - series_by_mpmath(ka, r / 0.0875, cos_gamma)) < 1e-12 * max(abs(ours), 0.1)


def test_ears_swap_when_the_source_is_mirrored():
    f = np.geomspace(50, 18000, 30)
    ears = ear_responses(f, [[0.1, 0.4, 0.2], [0.1, -0.4, 0.2]], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0], 0.0875, C)
    assert np.array_equal(ears[:, 0, 0], ears[:, 1, 1])
    assert np.array_equal(ears[:, 1, 0], ears[:, 0, 1])
    # a source on the listener's left is louder at the left ear
    assert np.all(np.abs(ears[f > 1000, 0, 0]) > np.abs(ears[f > 1000, 1, 0]))


@pytest.mark.parametrize("distance_m", [0.5, 1.0, 2.0])
def test_level_difference_at_zero_frequency_follows_the_range(distance_m):
    """ln g(0) = -3 (a/r) sin(theta), within 0.05 dB from 0.5 m on."""
    ild = -20 * np.log10(abs(relative_response([0.1], 30.0, distance_m, 0.0875, C)[0]))
    assert abs(ild - 26.06 * 0.0875 / distance_m * 0.5) < 0.05


def cap_by_scipy(ka, half_angle, cos_gamma):
    total = 0
    for n in range(120):
        if half_angle == 0:
            w = 2 * n + 1
        else:
            x = np.cos(half_angle)
            w = 1.0 if n == 0 else (eval_legendre(n - 1, x) - eval_legendre(n + 1, x)) / (1 - x)
        slope = hankel(n, ka, True)
        if not np.isfinite(slope):
            break
        total += w * 1j**n / (1j * ka**2 * slope) * eval_legendre(n, cos_gamma)
    return total


@settings(deadline=None, max_examples=40)
@given(f=st.floats(20, 20000), radius=st.floats(0.03, 0.2), cos_gamma=st.floats(-1, 1), share=st.floats(0.1, 0.9))
def test_far_field_of_a_cap_is_the_sum_over_scipys_bessel_functions(f, radius, cos_gamma, share):
    k, diameter = 2 * np.pi * f / C, 2 * radius * share
    coefficients = cap_far_field(np.array([k]), radius, diameter)
    ours = coefficients[:, 0] @ legendre(len(coefficients) - 1, cos_gamma)
    assert abs(ours - cap_by_scipy(k * radius, np.arcsin(share), cos_gamma)) < 1e-9


@pytest.mark.parametrize("f", [500.0, 4000.0, 12000.0])
def test_a_point_and_an_axial_cap_agree_with_beamshapes(f, monkeypatch):
    """Beranek and Mellow's directivities as coded elsewhere; that cap moves axially, so it gets the axial weights here."""
    beamshapes = pytest.importorskip("beamshapes")
    radius, alpha = 0.0875, mpmath.pi / 12
    k, angles = 2 * np.pi * f / C, np.array([0.0, 0.5, 1.2, 2.0, 3.0])

    def axial(order_max, half_angle):
        x = np.linspace(np.cos(half_angle), 1, 4001)
        p = legendre(order_max, x)
        w = (2 * np.arange(order_max + 1) + 1) * np.trapezoid(x * p, x, axis=1)
        return w / w[0]

    def level_db(diameter):
        g = cap_far_field(np.array([k]), radius, diameter)
        p = g[:, 0] @ legendre(len(g) - 1, np.cos(angles))
        return 20 * np.log10(np.abs(p / p[0]))

    _, point = beamshapes.point_source_on_a_sphere_directivity(angles, {"k": k, "R": radius})
    assert np.allclose(level_db(0.0), np.array(point, float), atol=1e-4)
    _, cap = beamshapes.cap_in_sphere_directivity(angles, {"k": mpmath.mpf(k), "R": mpmath.mpf(radius), "alpha": alpha})
    monkeypatch.setattr("spatial.acoustics.spherical.cap_weights", axial)
    assert np.allclose(level_db(2 * radius * float(mpmath.sin(alpha))), np.array(cap, float), atol=1e-4)


def test_near_field_tends_to_the_far_field():
    k, cos_gamma = np.array([2.0, 20.0, 150.0]), np.array([1.0, 0.3, -0.8])
    far = cap_far_field(k, 0.0875, 0.045)
    expected = far.T @ legendre(len(far) - 1, cos_gamma)
    r = np.full(3, 3000.0)
    near = cap_near_field(k, 0.0875, 0.045, r, cos_gamma) * r * np.exp(1j * k[:, None] * r)
    assert np.allclose(near, expected, atol=2e-3)


def test_low_down_every_cap_is_a_monopole_of_its_volume_acceleration():
    far = cap_far_field(np.array([1e-3]), 0.0875, 0.045)
    assert abs(far[0, 0] - 1) < 1e-3
    assert np.all(np.abs(far[1:, 0]) < 1e-3)
    assert cap_weights(5, 0.3)[0] == 1
