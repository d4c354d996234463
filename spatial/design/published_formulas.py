"""What others do, to compare with: published ways to keep a loudspeaker's sound from the far ear, as formulas on transfer matrices.

    tikhonov   W = H^H (H H^H + beta I)^-1 D: Kirkeby and Nelson, "Digital filter design for inversion problems in sound reproduction",
               JAES 47(7/8), 1999
    lcmv       least |h_c^T w|^2 + beta |w|^2 with h_i^T w = d: Frost, "An algorithm for linearly constrained adaptive array
               processing", Proc. IEEE 60(8), 1972
    choueiri   Tikhonov with the beta(f) that holds the filters' gain under a peak limit Gamma: Choueiri, "Optimal crosstalk
               cancellation for binaural audio with two loudspeakers", Princeton University, 2008; "Binaural audio through loudspeakers",
               in Immersive Sound, 2018
    race       each channel less the other's output, attenuated and delayed: Glasgal, "360 degrees localization via 4.x RACE
               processing", AES 123rd convention, 2007
    cascade    the virtual pair's relative responses in front of a canceller of finite gain, each designed without the other

H (freqs, 2 ears, drivers) is the transfer to the left and the right ear, D (freqs, 2, inputs) what the ears should receive. None of
them is a mode of the rig; `analysis.comparison` puts them beside a design.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import AtPoint, Complex, Drive, DriveMatrix, Freqs, Power, Real, Spectrum, Transfer
from spatial.design.crosstalk import ear_products

RACE_HZ, RACE_OCTAVES = (250.0, 5000.0), 0.5  # recursion inside, half an octave of transition outside
RACE_LARGEST = 10 ** (-2.5 / 20)  # gain of one turn: users of close pairs set 2 to 3 dB of attenuation, with less the recursion rings


def tikhonov(H: Transfer, D: Complex, beta: Real) -> DriveMatrix:
    """Regularised inverse: W = H^H (H H^H + beta I)^-1 D.

    beta = 0 is the inverse of least effort; as beta grows the ears' pressures fall, together, and cancellation with them.

    Parameters
    ----------
    H : (freqs, 2, drivers) complex
    D : (freqs, 2, inputs) complex
    beta : (freqs,) >= 0

    Returns
    -------
    (freqs, drivers, inputs) complex
    """
    adjoint = H.conj().swapaxes(1, 2)
    gram = H @ adjoint + beta[:, None, None] * np.eye(2)
    return adjoint @ np.linalg.solve(gram, D)


def tikhonov_beta_for_separation(h_ipsi: AtPoint, h_contra: AtPoint, t: Real) -> Real:
    """Loading beta that leaves an amplitude ratio t between the ears, for symmetric layouts.

    With a = |h_i + h_c|^2/2 and b = |h_i - h_c|^2/2: beta = 2ab/(t|a - b| - (a + b)).

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
    t : (freqs,) >= 1

    Returns
    -------
    (freqs,)
        nan where t|a - b| <= a + b: even the largest beta leaves more than t there.
    """
    a, b = (np.sum(np.abs(h_ipsi + sign * h_contra) ** 2, axis=1) / 2 for sign in (1, -1))
    below = t * np.abs(a - b) - (a + b)
    return np.where(below > 0, 2 * a * b / np.where(below > 0, below, 1.0), np.nan)


def peak_limit_beta(H: Transfer, gamma: Real) -> Real:
    """Smallest beta that holds the largest singular value of the inverse at gamma or below.

    A singular value s of H is inverted as s/(s^2 + beta), which is gamma for beta = s/gamma - s^2. For two loudspeakers with
    H = [[1, g e^{-j omega tau}], [g e^{-j omega tau}, 1]], s^2 = 1 +- 2 g cos(omega tau) + g^2: the two branches of the source.

    Parameters
    ----------
    H : (freqs, 2, drivers) complex
    gamma : (freqs,) > 0

    Returns
    -------
    (freqs,)
    """
    s = np.linalg.svd(H, compute_uv=False)
    return np.asarray(np.maximum(s / gamma[:, None] - s**2, 0.0).max(axis=1))


def lcmv(h_ipsi: AtPoint, h_contra: AtPoint, d: Spectrum, beta: Real) -> Drive:
    """Weights that make d at one ear with least |h_contra^T w|^2 + beta |w|^2.

    w = (beta I + h_c* h_c^T)^-1 h_i* d / (h_i^T (beta I + h_c* h_c^T)^-1 h_i*), by the matrix inversion lemma; beta = inf is the
    cheapest way to make d.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
    d : (freqs,) complex
    beta : (freqs,) >= 0

    Returns
    -------
    (freqs, drivers) complex
    """
    A, B, C, _ = ear_products(h_ipsi, h_contra)
    along = C / (beta + B)
    u = h_ipsi.conj() - h_contra.conj() * along[:, None]
    return u * (d / (A - (C.conj() * along).real))[:, None]


def lcmv_beta_for_separation(h_ipsi: AtPoint, h_contra: AtPoint, t: Real) -> Real:
    """Loading beta = (A B - |C|^2)/(t |C| - A) that leaves an amplitude ratio t between the ears.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
    t : (freqs,) >= 1

    Returns
    -------
    (freqs,)
        inf where any beta leaves more.
    """
    A, _, C, Delta = ear_products(h_ipsi, h_contra)
    below = t * np.abs(C) - A
    return np.where(below > 0, Delta / np.where(below > 0, below, 1.0), np.inf)


def lcmv_beta_for_effort(h_ipsi: AtPoint, h_contra: AtPoint, d: Spectrum, effort: Power) -> Real:
    """Smallest beta whose weights hold an effort.

    The leak falls from c0 = d C/A towards 0 on a line, c = c0 beta A/(beta A + Delta), and |w|^2 = |d|^2/A + (A/Delta) |c - c0|^2.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
    d : (freqs,) complex
    effort : (freqs,)
        Largest |w|^2.

    Returns
    -------
    (freqs,)
        inf where even the cheapest way to make d takes more.
    """
    A, _, C, Delta = ear_products(h_ipsi, h_contra)
    reach = np.sqrt(Delta / A * np.maximum(effort - np.abs(d) ** 2 / A, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(reach > 0, np.maximum(Delta / A * (np.abs(d * C / A) / reach - 1), 0.0), np.inf)


def race(freqs: Freqs, gain: float, delay_s: float, band_hz: tuple[float, float] = RACE_HZ) -> Complex:
    """Feeds of a side's own loudspeaker and of the far one.

    The recursion y_L(t) = x_L(t) - gain y_R(t - delay) and its mirror image give, with q = gain e^{-j omega delay},
    y_L = x_L/(1 - q^2), y_R = -q x_L/(1 - q^2).

    Parameters
    ----------
    freqs : (freqs,) Hz
    gain : float
        0 to 1.
    delay_s : float
    band_hz : (Hz, Hz)
        Nothing is subtracted outside.

    Returns
    -------
    (freqs, 2) complex
    """
    low, high = band_hz
    octaves = np.maximum(np.log2(low / np.maximum(freqs, 1e-3)), np.log2(np.maximum(freqs, 1e-3) / high))
    inside = np.clip(1 - octaves / RACE_OCTAVES, 0, 1)
    q = gain * inside * np.exp(-2j * np.pi * freqs * delay_s)
    return np.stack([1 / (1 - q**2), -q / (1 - q**2)], axis=1)


def race_parameters(freqs: Freqs, crosstalk: Spectrum) -> tuple[float, float]:
    """Gain and delay of the recursion that suit a layout: mean level and phase slope of its crosstalk in the band.

    One gain and one delay stand for all frequencies; a user sets them by ear or by the width of the pair.

    Parameters
    ----------
    freqs : (freqs,) Hz
    crosstalk : (freqs,) complex
        h_c/h_i.

    Returns
    -------
    gain, delay_s : float
    """
    inside = (freqs >= RACE_HZ[0]) & (freqs <= RACE_HZ[1])
    f, g = freqs[inside], crosstalk[inside]
    gain = float(np.exp(np.mean(np.log(np.abs(g)))))
    phase = np.unwrap(np.angle(g))
    delay_s = -float(np.sum(2 * np.pi * f * phase) / np.sum((2 * np.pi * f) ** 2))
    return min(gain, RACE_LARGEST), max(delay_s, 0.0)
