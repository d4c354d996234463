"""A rectangular piston on an infinite rigid cylinder: far away as a sum over orders, at finite range as a sum of cylindrical waves.

Convention e^{+j omega t}: outgoing waves are H_n = H_n^(2). As on the sphere, H_n itself overflows where n exceeds its argument, so only
ratios of neighbours are formed: rho_n = H_n/H_{n-1}, rho_{n+1} = 2n/x - 1/rho_n.

A piston of half-height h (h = sqrt(pi) diameter/4, the area of the round one) covers the angles +-h/a. With unit volume acceleration

    p = -1/(pi a) sum_n eps_n sinc(nh/a) cos n(phi - phi0) I_n,
    I_n = int sinc(kh sin t) H_n(kr cos t)/H_n'(ka cos t) e^{-jk (z - z0) sin t} dt,

t running over the angles, real and complex, under which waves leave the cylinder. Source: Skudrzyk 1971, "The Foundations of Acoustics",
ch. 21; Williams 1999, "Fourier Acoustics", eq. 4.67. Far away the saddle point t = 90 degrees - theta alone counts, which leaves

    p R e^{jkR} -> 2/(j pi x) sinc(kh cos theta) e^{jk z0 cos theta} sum_n eps_n j^n sinc(nh/a) cos n(phi - phi0)/H_n'(x), x = ka sin theta.

sinc x = sin(x)/x; theta is counted from the cylinder's axis; p -> e^{-jkr}/r low down.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import hankel2, hankel2e

from spatial.acoustics.spherical import phasor, wave_orders
from spatial.base.arrays import Complex, Directions, Real, Wavenumbers

SMALLEST_SINE = 1e-6
PATH_POINTS, PATH_END = 24, 18.0  # of the path of integration, which ends where waves have faded to e^-18
POLE_DISTANCE = 0.3  # imaginary part of ka cos t that the path may reach; the first zero of H_n'(z) lies at 0.50 + 0.64j
NODES, NODES_NEAR, NEAR_M = 4, 8, 1.0  # Chebyshev nodes in range and in height, and for points nearer than this
LATTICE_M = 1.0  # a lattice of so few nodes serves no more


def half_height(diameter_m: float) -> float:
    """Half-height and half-width of the square with the area of a round diaphragm, metres."""
    return float(np.sqrt(np.pi) * diameter_m / 4)


def orders_of(x: Real, order_max: int) -> Iterator[tuple[Real, Real]]:
    """(H_n/H_{n-1}, H_n'/H_n) at x, real or complex, for n = 0..order_max; the first ratio is 1.

    Parameters
    ----------
    x : any shape
        Argument, real or complex, not 0.
    order_max : int
        Highest order, >= 0.
    """
    ratio, inverse_x = hankel2e(1, x) / hankel2e(0, x), 1 / x
    yield np.ones_like(ratio), -ratio
    for n in range(1, order_max + 1):
        inverse = 1 / ratio
        yield ratio, inverse - n * inverse_x
        ratio = 2 * n * inverse_x - inverse


def multiple_cosines(cosine: Real) -> Iterator[Real]:
    """Cosines cos n(phi - phi0) for n = 0, 1, 2, ... from cos(phi - phi0), by the recurrence of Chebyshev polynomials.

    Parameters
    ----------
    cosine : any shape
        cos(phi - phi0), -1 to 1.
    """
    before, now = cosine, np.ones_like(cosine)
    while True:
        yield now
        before, now = now, 2 * cosine * now - before


def around_weights(order_max: int, radius_m: float, diameter_m: float) -> Real:
    """eps_n sinc(nh/a), how much each order is driven: (order_max + 1,).

    Parameters
    ----------
    order_max : int
        Highest order, >= 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    """
    n = np.arange(order_max + 1)
    return np.asarray(np.where(n == 0, 1.0, 2.0) * np.sinc(n * half_height(diameter_m) / radius_m / np.pi))


def piston_far_field(
    k: Wavenumbers, radius_m: float, diameter_m: float, directions: Directions, normals: Directions, up_m: Real
) -> Complex:
    """Far-field pattern (freqs, directions, drivers) of equal pistons at outward normals (drivers, 3) and heights, phase about the origin.

    directions (directions, 3): unit vectors. The sum over orders depends on a direction through sin(theta) alone and is done once for
    each that occurs.

    Parameters
    ----------
    k : (freqs,) rad/m
        Wavenumbers, > 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    directions : (directions, 3)
        Unit vectors (front, left, up).
    normals : (drivers, 3)
        Outward unit vectors, horizontal.
    up_m : (drivers,) m
        Heights of the pistons.
    """
    k = np.asarray(k, float)
    sines = np.maximum(np.sqrt(np.maximum(1 - directions[:, 2] ** 2, 0)), SMALLEST_SINE)
    distinct, which = np.unique(np.round(sines, 13), return_inverse=True)
    x = np.outer(k * radius_m, distinct)
    order_max = wave_orders(x.max())
    w = around_weights(order_max, radius_m, diameter_m)
    around = multiple_cosines(np.clip(directions[:, :2] @ normals[:, :2].T / sines[:, None], -1, 1))
    out = np.zeros((len(k), len(directions), len(normals)), complex)
    inverse = 1 / hankel2(0, x)
    for n, ((step, slope), turned) in enumerate(zip(orders_of(x, order_max), around, strict=False)):
        inverse = inverse / step  # 1/H_n, fades to 0 where H_n overflows
        order = w[n] * 1j ** (n % 4) * 2 / (1j * np.pi * x) * inverse / slope
        out += order[:, which, None] * turned
    along = np.outer(k, directions[:, 2])
    height = np.sinc(along * half_height(diameter_m) / np.pi)
    return out * height[:, :, None] * phasor(-along[:, :, None] * up_m)


def piston_waves(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real, z: Real) -> Complex:
    """What every order of a piston at height 0 brings to points at (r, z) outside the cylinder: (orders, freqs, points).

    The pressure is the sum over orders of these times cos n(phi - phi0). Every order is the wave at the saddle point times what the
    integral makes of it. That factor turns slowly: it is computed on a lattice of Chebyshev nodes around the points, in range and height,
    and interpolated; at the points themselves where these are fewer, or more than a metre apart. Error below 2e-4 over a head 1 m away and
    less beyond; at 0.5 m below 1e-4 at the drivers' height, but above 12 kHz not to be trusted where the head is a hand higher or lower.

    Taking the far field times e^{-jkR}/R from the driver's axis point instead would be off by 0.6 dB and 0.3 rad at 2 m, 4 kHz, a = 90 mm.

    Parameters
    ----------
    k : (freqs,) rad/m
        Wavenumbers, > 0.
    radius_m : float
        Of the body, m.
    diameter_m : float
        Of the diaphragm, m; 0 is a point.
    r : (points,) m
        Ranges beyond the radius.
    z : (points,) m
        Heights over the piston.
    """
    nodes = NODES if np.hypot(r, z).min() > NEAR_M else NODES_NEAR
    if len(r) <= nodes**2 or max(np.ptp(r), np.ptp(z)) > LATTICE_M:
        some = range(0, len(r), nodes**2)
        factors = np.concatenate([_factors(k, radius_m, diameter_m, r[i : i + nodes**2], z[i : i + nodes**2]) for i in some], axis=2)
    else:
        on_r, r_nodes = _chebyshev(r, nodes)
        on_z, z_nodes = _chebyshev(z, nodes)
        between = (on_r[:, :, None] * on_z[:, None, :]).reshape(len(r), -1)
        node_r, node_z = (x.ravel() for x in np.meshgrid(r_nodes, z_nodes, indexing="ij"))
        on_nodes = _factors(k, radius_m, diameter_m, node_r, node_z)
        factors = np.empty((*on_nodes.shape[:2], len(r)), complex)
        factors.real = np.ascontiguousarray(on_nodes.real) @ between.T
        factors.imag = np.ascontiguousarray(on_nodes.imag) @ between.T
    w = around_weights(len(factors) - 1, radius_m, diameter_m) / (-np.pi * radius_m)
    for n, wave in enumerate(_saddle(k, radius_m, diameter_m, r, z, len(factors) - 1)):
        factors[n] *= w[n] * wave
    return factors


def _saddle(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real, z: Real, order_max: int) -> Iterator[Complex]:
    """The integrand of every order at its saddle point t = elevation, (freqs, points) each."""
    away = np.hypot(r, z)
    x_r, x_a = np.outer(k, r * r / away), np.outer(k, radius_m * r / away)
    wave = phasor(np.outer(k, z * z / away)) * np.sinc(np.outer(k, half_height(diameter_m) * z / away) / np.pi)
    wave = wave * hankel2(0, x_r) / hankel2(0, x_a)
    for (step_r, _), (step_a, slope) in zip(orders_of(x_r, order_max), orders_of(x_a, order_max), strict=True):
        wave = wave * (step_r / step_a)
        yield wave / slope


def _factors(k: Wavenumbers, radius_m: float, diameter_m: float, r: Real, z: Real) -> Complex:
    """The integral of every order over its integrand at the saddle point: (orders, freqs, points).

    On the path t = beta + 2 arcsin(e^{ja} s/sqrt 2), beta the points' elevation, waves fade as e^{-kR s^2 sin 2a}, so that the trapezoidal
    rule converges exponentially. a = 45 degrees is the path of steepest descent, on which their phase stands still; seen from above the
    path is laid flatter, lest it pass on the wrong side of a zero of H_n'.
    """
    away, beta = np.hypot(r, z)[:, None], np.arctan2(z, r)[:, None]
    k = k[:, None, None]
    flat = np.arctan(np.minimum(1, 4 * POLE_DISTANCE / (k * radius_m * np.maximum(beta**2, 1e-12))))
    end = np.sqrt(PATH_END / (k * away * np.sin(2 * flat))) * np.exp(1j * flat) / np.sqrt(2)
    bent = np.linspace(-1, 1, PATH_POINTS) * end
    dt = 4 / (PATH_POINTS - 1) * end / np.sqrt(1 - bent**2)
    t = np.concatenate([beta + 2 * np.arcsin(bent), np.broadcast_to(beta, (*bent.shape[:2], 1))], axis=2)  # the last is the saddle
    cosine, sine = np.cos(t), np.sin(t)
    x_r, x_a = k * r[:, None] * cosine, k * radius_m * cosine
    high, ka_max = k * half_height(diameter_m) * sine, float(np.max(k)) * radius_m
    # phases are joined before they are raised
    exponent = 1j * (x_a - x_r - k * z[:, None] * sine)
    low = hankel2e(0, x_r) / hankel2e(0, x_a) * _sinc(high)
    carried = low[..., :-1] / low[..., -1:] * np.exp(exponent[..., :-1] - exponent[..., -1:]) * dt
    order_max = int(np.ceil(ka_max + 4 * np.cbrt(ka_max))) + 6
    out = np.empty((order_max + 1, *carried.shape[:2]), complex)
    for n, ((step_r, _), (step_a, slope)) in enumerate(zip(orders_of(x_r, order_max), orders_of(x_a, order_max), strict=True)):
        step = step_r / step_a
        carried = carried * (step[..., :-1] * (1 / step[..., -1:]))
        out[n] = (carried / slope[..., :-1]).sum(axis=2) * slope[..., -1]
    return out


def _sinc(x: Real) -> Complex:
    """sin(x)/x of complex x."""
    near = np.abs(x) < 1e-4
    safe = np.where(near, 1.0, x)
    return np.where(near, 1 - x * x / 6, np.sin(safe) / safe)


def _chebyshev(x: Real, nodes: int) -> tuple[Real, Real]:
    """Chebyshev nodes around values x, and the matrix (values, nodes) that interpolates between them."""
    middle, half = (x.max() + x.min()) / 2, max((x.max() - x.min()) / 2, 1e-3)
    angle = (np.arange(nodes) + 0.5) * np.pi / nodes
    j = np.arange(nodes)
    to_coefficients = np.cos(np.outer(j, angle)) * (2 / nodes)
    to_coefficients[0] /= 2
    values = np.cos(np.outer(np.arccos(np.clip((x - middle) / half, -1, 1)), j))
    return values @ to_coefficients, middle + half * np.cos(angle)
