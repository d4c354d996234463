"""Width: the relative HRTF of the two ears as an all-pass (ipsilateral) and a delayed low-pass (contralateral) filter.

On the rigid sphere each ear is a pure delay times minimum phase. Divided by the ipsilateral ear, the ipsilateral filter is a pure delay
and the contralateral one g = g0 e^{-j omega tau} times a minimum-phase low-pass. That the interaural delay grows towards low
frequency follows from the low-pass and is no parameter. Angles are from the nose, 0-180; the sphere's front and back are alike.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.acoustics.head import relative_response

# closed form: tau = 1.02 (a/c)(theta + sin theta); pole at 1.10 c/a; zero e^{1.72 theta} above it
DELAY_FACTOR, POLE_FACTOR, ZERO_EXPONENT = 1.02, 1.10, 1.72
RANGE_DB = 26.06  # 60/ln 10: ln g(0) = -3 (a/r) sin(theta)


def relative_hrtf(model: str, freqs: ArrayLike, angle_deg: float, distance_m: float, radius_m: float, c: float) -> NDArray[np.complex128]:
    """Contralateral over ipsilateral ear of a source at angle_deg from the nose: g (freqs,) complex.

    Parameters
    ----------
    model : "sphere_order5", "closed_form" or "sphere_exact"
        The fitted pair (two biquads, a shelf and a delay; <= 0.5 dB and 5 us of the sphere to 60 degrees), the pair by three
        constants (documentation and hand tests, 0-60 degrees), the exact series.
    freqs : (freqs,) Hz
    angle_deg : float
        0 to 180.
    distance_m : float
        From the head centre; sets the level difference that remains at 0 Hz.
    radius_m, c : float
        Head radius; speed of sound in m/s.

    Raises
    ------
    ValueError
        An unknown model or an angle outside 0-180.
    """
    if not 0 <= angle_deg <= 180:
        raise ValueError(f"angle_deg must lie in 0 to 180, got {angle_deg}")
    freqs = np.asarray(freqs, float)
    if model == "sphere_exact":
        return relative_response(np.maximum(freqs, 0.1), angle_deg, distance_m, radius_m, c)
    folded_deg = min(angle_deg, 180 - angle_deg)
    theta = np.deg2rad(folded_deg)
    g0 = 10 ** (-RANGE_DB * radius_m / distance_m * np.sin(theta) / 20)
    if model == "closed_form":
        tau = DELAY_FACTOR * radius_m / c * (theta + np.sin(theta))
        pole_hz = POLE_FACTOR * c / radius_m / (2 * np.pi)
        zero_hz = pole_hz * np.exp(ZERO_EXPONENT * theta)
        low_pass = (1 + 1j * freqs / zero_hz) / (1 + 1j * freqs / pole_hz)
    elif model == "sphere_order5":
        tau_unit, sections = _order5(folded_deg)
        tau = tau_unit * radius_m / c
        s = 1j * freqs / (c / (2 * np.pi * radius_m))
        fz1, qz1, fp1, qp1, fz2, qz2, fp2, qp2, fz, fp = sections
        low_pass = _biquad(s, fz1, qz1, fp1, qp1) * _biquad(s, fz2, qz2, fp2, qp2) * (1 + s / fz) / (1 + s / fp)
    else:
        raise ValueError(f"no width model '{model}'")
    return g0 * np.exp(-2j * np.pi * freqs * tau) * low_pass


def _biquad(s: NDArray[np.complex128], fz: float, qz: float, fp: float, qp: float) -> NDArray[np.complex128]:
    return (1 + s / (qz * fz) + (s / fz) ** 2) / (1 + s / (qp * fp) + (s / fp) ** 2)


def _order5(angle_deg: float) -> tuple[float, NDArray[np.float64]]:
    """Delay in a/c and the ten section parameters at an angle of 0-90: tau linear in angle, all else logarithmic."""
    table = _order5_table()
    tau = float(np.interp(angle_deg, table[:, 0], table[:, 1]))
    sections = [np.exp(np.interp(angle_deg, table[:, 0], np.log(column))) for column in table[:, 2:].T]
    return tau, np.array(sections)


@lru_cache(maxsize=1)
def _order5_table() -> NDArray[np.float64]:
    stored = json.loads(files("spatial.design").joinpath("sphere_order5.json").read_text(encoding="utf-8"))
    return np.array(stored["rows"])
