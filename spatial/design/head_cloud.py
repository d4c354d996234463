"""Null-steering that survives a moving head: the leak's energy over head poses in place of one ear's pressure.

With v_p the drivers' transfer to what should stay silent at pose p,

    R = sum_p pi_p v_p* v_p^T,     w(b) = (R + b I)^-1 h_i* d / (h_i^T (R + b I)^-1 h_i*)

is the least mean leak for a given effort, one loading b for each trade between them. Effort falls and leak rises with b. For a null v_p
is the contralateral ear, h_c,p. For a virtual pair it is the *virtual leak* h_c,p - g_p h_i,p, what is wrong with the contralateral ear
given the ipsilateral one, g_p the wished pair's relative response at that pose. The nominal pose keeps h_i^T w = d, so the timbre is
untouched. Drivers that are not what they should be leak as well: independent relative errors of power sigma^2 add
sigma^2 diag(mean_p |v_p,n|^2) to R (Doclo and Moonen, "Design of far-field and near-field broadband beamformers using eigenfilters",
Signal Processing 83, 2003), at one pose as over many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.base.arrays import AtPoint, Drive, Flags, Freqs, Power, Real, Spectrum, Transfer
from spatial.base.units import db
from spatial.design.bisection import bisected

BISECTIONS = 50
POSE_ROUNDS, POSE_STEP = 3, 0.7  # of the reweighting towards the worst pose: gains about 1 dB there, costs 0.2 dB in the mean
POSE_LEAST = 1e-3
POSE_HZ, POSE_POINTS = (300.0, 8000.0), 60
DEEPEST_DB = 80.0
LOADING_RANGE = (1e-12, 1e6)  # of the mean eigenvalue of R


@dataclass(frozen=True, eq=False)
class RobustWeights:
    """Weights for many head poses.

    Attributes
    ----------
    w : (freqs, drivers) complex
    loading : (freqs,)
        b.
    leak : (freqs,)
        Mean of |v_p^T w|^2 over the poses.
    """

    w: Drive
    loading: Real
    leak: Power


def pose_weights(
    freqs: Freqs,
    h_ipsi: AtPoint,
    h_poses: Transfer,
    v: Transfer,
    d: Spectrum,
    effort: Power,
    wanted_leak: Power,
    spread: Real,
) -> Real:
    """How much each pose should count so that the worst one is as good as can be.

    Each of a few rounds designs with the weights and then raises those of the poses where the ipsilateral ear stands least above the leak
    (mean of dB over log frequency, 300 Hz-8 kHz).

    Parameters
    ----------
    freqs : (freqs,) Hz
    h_ipsi : (freqs, drivers) complex
        Nominal pose.
    h_poses : (freqs, poses, drivers) complex
        The ipsilateral ear at each pose.
    v, d, effort, wanted_leak, spread
        As for `robust_weights`.

    Returns
    -------
    (poses,)
        Mean 1.
    """
    weights = np.ones(v.shape[1])
    inside = np.flatnonzero((freqs >= POSE_HZ[0]) & (freqs <= POSE_HZ[1]))
    if len(inside) == 0:
        return weights
    even = np.geomspace(freqs[inside[0]], freqs[inside[-1]], POSE_POINTS)
    some = np.unique(inside[np.abs(freqs[inside][:, None] - even).argmin(axis=0)])
    h_ipsi, h_poses, v, d = h_ipsi[some], h_poses[some], v[some], d[some]
    effort, wanted_leak, spread = effort[some], wanted_leak[some], spread[some]
    for _ in range(POSE_ROUNDS):
        w = robust_weights(h_ipsi, v * np.sqrt(weights)[:, None], d, effort, wanted_leak, spread).w
        leak, ipsi = (np.einsum("fpn,fn->fp", h, w) for h in (v, h_poses))
        above_db = np.minimum(db(ipsi) - db(leak), DEEPEST_DB).mean(axis=0)
        weights = weights * 10 ** (-POSE_STEP * (above_db - above_db.min()) / 10)
        weights = np.maximum(weights / weights.max(), POSE_LEAST)
    return np.asarray(weights / weights.mean())


def robust_weights(
    h_ipsi: AtPoint, v: Transfer, d: Spectrum, effort: Power, wanted_leak: Power, spread: Real | float = 0.0
) -> RobustWeights:
    """Weights whose mean leak over poses and over drivers' errors is as small as an effort limit allows, and no smaller than wanted.

    Parameters
    ----------
    h_ipsi : (freqs, drivers) complex
        Nominal pose.
    v : (freqs, poses, drivers) complex
        What should stay silent, poses equally likely.
    d : (freqs,) complex
        Ipsilateral pressure at the nominal pose, made exactly.
    effort : (freqs,) float
        Largest allowed sum of |w|^2; where even the cheapest way to make d costs more, that way is taken.
    wanted_leak : (freqs,) float
        Mean of |v_p^T w|^2 at which to stop spending; 0: as little as can be.
    spread : (freqs, drivers) float
        What a driver's error adds to the mean leak per |w_n|^2: its mean power times the mean of |v_pn|^2.
    """
    n = np.arange(v.shape[2])
    R = (v.conj().swapaxes(1, 2) @ v) / v.shape[1]
    R[:, n, n] += spread
    eigenvalues, basis = np.linalg.eigh(R)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    x = np.einsum("fnm,fn->fm", basis.conj(), h_ipsi.conj())
    power = np.abs(x) ** 2
    scale = np.maximum(eigenvalues.mean(axis=1), 1e-300)

    def costs(b: Real) -> tuple[Power, Power]:
        gain = 1 / (eigenvalues + b[:, None])
        share = np.sum(power * gain, axis=1)
        spent = np.abs(d) ** 2 * np.sum(power * gain**2, axis=1) / share**2
        leak = np.abs(d) ** 2 * np.sum(power * eigenvalues * gain**2, axis=1) / share**2
        return spent, leak

    def too_deep(log: Real) -> Flags:
        spent, leak = costs(scale * np.exp(log))
        return np.asarray((spent > effort) | (leak < wanted_leak))

    lowest, highest = (np.full(len(d), np.log(limit)) for limit in LOADING_RANGE)
    _, log = bisected(too_deep, lowest, highest, BISECTIONS)
    b = scale * np.exp(log)
    gain = 1 / (eigenvalues + b[:, None])
    w = np.einsum("fnm,fm->fn", basis, x * gain) * (d / np.sum(power * gain, axis=1))[:, None]
    return RobustWeights(w, b, costs(b)[1])
