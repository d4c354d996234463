"""Ears at many frequencies from few: a grid that is as fine as heads and bodies ring, and splines between its points.

A rigid sphere or cylinder rings at poles of its series: their distance from the real axis is about 0.7 c/(2 pi a) low down and grows with
the cube root of ka, which is how waves that creep around a body lose strength. So may the grid's step. With the travel time taken out,
splines of seventh degree through such a grid are as good as cubic ones through one of three times the points.

Towards 0 Hz a grid of even steps goes on at negative frequencies, where a real impulse response has the conjugate: no end, no end
conditions. A body without ends is not smooth at 0 Hz: there the points lie ever closer, and the spline ends.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline

from spatial.base.arrays import Complex, Freqs, Real

DEGREE = 7
MARGIN = 4  # points past the highest frequency, so that the spline is never at its end
GROWS_FROM = 3.0  # times c/(2 pi radius), where the step begins to grow
LOWEST_HZ = 0.1  # stands for 0 Hz, where a wave has no phase left to lose
RATIO = 1.2  # of neighbours low down, for a body without ends; at 1.3 the equations of the spline lose half their digits


def ear_grid(top_hz: float, radius_m: float, steps: float, c: float, from_zero: bool) -> Real:
    """Frequencies (points,) up to a little above top_hz.

    Parameters
    ----------
    top_hz : float
    radius_m : float
        Of head and body together.
    steps : float
        How many of the grid's lowest steps make c/radius.
    c : float
        Speed of sound, m/s.
    from_zero : bool
        Ears are smooth at 0 Hz; else points lie ever closer towards it.
    """
    step, corner_hz = c / radius_m / steps, GROWS_FROM * c / (2 * np.pi * radius_m)
    points = [step / 2 if from_zero else LOWEST_HZ]
    beyond = 0
    while beyond < MARGIN:
        beyond += points[-1] >= top_hz
        grown = step * float(np.cbrt(1 + points[-1] / corner_hz))
        points.append(points[-1] + (grown if from_zero else min(grown, (RATIO - 1) * points[-1])))
    return np.array(points)


def between(grid: Freqs, on_grid: Complex, freqs: Freqs, from_zero: bool) -> Complex:
    """Values (freqs, ...) from those on a grid that `ear_grid` made (points, ...).

    Parameters
    ----------
    grid : (points,) Hz
        Made by `ear_grid`.
    on_grid : (points, ...)
        Values there.
    freqs : (freqs,) Hz
    from_zero : bool
        The grid goes down to 0 Hz, where values of real signals are symmetric.
    """
    if from_zero:
        grid, on_grid = np.concatenate([-grid[::-1], grid]), np.concatenate([on_grid[::-1].conj(), on_grid])
    return np.asarray(make_interp_spline(grid, on_grid, k=DEGREE)(freqs), complex)
