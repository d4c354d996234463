"""The relative HRTF g of each model: contralateral over ipsilateral ear of a source at an angle from the nose.

On the rigid sphere each ear is a pure delay times minimum phase. Divided by the ipsilateral ear, the ipsilateral filter is a pure delay
and the contralateral one g = g0 e^{-j omega tau} times a minimum-phase low-pass. That the interaural delay grows towards low
frequency follows from the low-pass and is no parameter. Angles are from the nose, 0-180; the sphere's front and back are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.head import relative_response
from spatial.acoustics.measured_head import head_of
from spatial.base.arrays import Spectrum
from spatial.rig.model import HeadFile
from spatial.targets.width.measured import measured_relative
from spatial.targets.width.sections import HeadSections, Layout
from spatial.targets.width.tables import table

SPHERE_TABLES = ("sphere_order5", "balanced")
SECTIONED = (*SPHERE_TABLES, "human_order4", "closed_form")
"""Models that are made of sections; "sphere_exact" and "measured" are curves."""
# closed form: tau = 1.02 (a/c)(theta + sin theta); pole at 1.10 c/a; zero e^{1.72 theta} above it
DELAY_FACTOR, POLE_FACTOR, ZERO_EXPONENT = 1.02, 1.10, 1.72
RANGE_DB = 26.06  # 60/ln 10: ln g(0) = -3 (a/r) sin(theta)
MEASURED_A_OVER_R = 0.0875 / 1.7  # of the heads behind human_order4, in the mean
LOWEST_HZ = 0.1  # where the series stands for 0 Hz


def head_sections(model: str, angle_deg: float, distance_m: float, radius_m: float, c: float) -> HeadSections:
    """The sections of a model that has them.

    Parameters
    ----------
    model : str
        "sphere_order5", "human_order4", "balanced" or "closed_form".
    angle_deg : float
        0 to 180.
    distance_m : float
        Of the source from the head centre.
    radius_m : float
        Of the head.
    c : float
        Speed of sound, m/s.

    Raises
    ------
    ValueError
        A model without sections, or an angle outside 0-180.
    """
    _check_angle(angle_deg)
    folded_deg = min(angle_deg, 180 - angle_deg)
    near = radius_m / distance_m
    unit_hz = c / (2 * np.pi * radius_m)
    if model == "closed_form":
        theta = np.deg2rad(folded_deg)
        ln_g0 = -RANGE_DB * near * np.sin(theta) * np.log(10) / 20
        ln_pole = np.log(POLE_FACTOR)
        p = np.array([DELAY_FACTOR * (theta + np.sin(theta)), ln_g0, ln_pole + ZERO_EXPONENT * theta, ln_pole])
        return HeadSections(Layout(biquads=0, shelves=1), p, unit_hz)
    if model in SPHERE_TABLES:
        fitted = table(model)
        p = fitted.at(folded_deg, near)
        p[1] = np.log(np.abs(relative_response([LOWEST_HZ], folded_deg, distance_m, radius_m, c)[0]))
        return HeadSections(fitted.layout, p, unit_hz)
    if model == "human_order4":
        fitted = table(model)
        p = fitted.at(angle_deg, near)
        p[1] *= near / MEASURED_A_OVER_R  # what remains at 0 Hz goes with a/r, as on the sphere
        return HeadSections(fitted.layout, p, unit_hz)
    raise ValueError(f"no width model '{model}' that is made of sections")


def relative_hrtf(
    model: str, freqs: ArrayLike, angle_deg: float, distance_m: float, radius_m: float, c: float, head: str | HeadFile = "sphere"
) -> Spectrum:
    """Contralateral over ipsilateral ear of a source at an angle from the nose.

    Parameters
    ----------
    model : str
        "sphere_order5": fitted to the rigid sphere (two biquads, a shelf and a delay; within 0.5 dB and 3 us of it to 60 degrees).
        "human_order4": fitted to the mean of eight measured heads. "balanced": the sphere's level difference, its phase held near
        90 degrees where the sphere's goes on, so that the phantom centre does not comb. "closed_form": the pair by three constants
        (documentation and hand tests, 0-60 degrees). "sphere_exact": the series itself. "measured": the listener's own head.
    freqs : (freqs,) Hz
    angle_deg : float
        0 to 180.
    distance_m : float
        From the head centre.
    radius_m : float
        Of the head.
    c : float
        Speed of sound, m/s.
    head : "sphere" or HeadFile
        The listener's, for "measured".

    Returns
    -------
    (freqs,) complex

    Raises
    ------
    ValueError
        An unknown model or an angle outside 0-180.
    InputError, UsageError
        "measured" without a head that can be read.
    """
    freqs = np.asarray(freqs, float)
    _check_angle(angle_deg)
    if model == "measured":
        return measured_relative(head_of(head, c), freqs, angle_deg, distance_m, radius_m, c)
    if model == "sphere_exact":
        return relative_response(np.maximum(freqs, LOWEST_HZ), angle_deg, distance_m, radius_m, c)
    return head_sections(model, angle_deg, distance_m, radius_m, c).relative(freqs)


def _check_angle(angle_deg: float) -> None:
    if not 0 <= angle_deg <= 180:
        raise ValueError(f"angle_deg must lie in 0 to 180, got {angle_deg}")
