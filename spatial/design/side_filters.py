"""Taps of the sides: least squares at the ears, and the effort cap held by the taps themselves."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Delays, Firs, Freqs, Levels, Real
from spatial.base.units import db
from spatial.design.realize import audible_to_hz, band_limit, fit_firs, transfer_on_grid
from spatial.design.sides import design_side
from spatial.rig.model import RigFile
from spatial.targets.effort import gain_bounds, smooth_step
from spatial.targets.solution import Side

FIT_FROM_HZ = 15.0  # from here to the end of the audible band the fit listens at the ears
FIT_FLAT_BELOW_HZ = 100.0  # weight 1/f above
LEAK_FLOOR = 0.05  # least leak that relative errors are taken of
LEAK_LOW_HZ, LEAK_LOW = (200.0, 320.0), 0.02  # a wished leak counts less where the cap falls: it frees taps for the ITD above
LOADING = 3e-4
MOST_COST, MOST_ROBUST_LOADING = 1000.0, 0.03  # outside its band a design is followed less closely, which keeps taps for the inside
NULL_IPSI = 20.0  # weight of the near ear, which has to be right, beside a null or the mean of many leaks
EDGE_LOADING, EDGE_LOW_HZ, EDGE_HIGH = (
    30.0,
    (20.0, 50.0),
    (0.92, 0.98),
)  # more loading where the fit stops listening
EFFORT_HZ = (20.0, 20000.0)
PHASE_ROUNDS = 8
MISS_DB, MOST_EMPHASIS, LEAK_TO_HZ = 0.1, 30.0, 10000.0
CAP_ROUNDS, CAP_TOLERANCE_DB, CAP_HEADROOM_DB = 14, 0.3, 0.15
BOUND_HEADROOM_DB = 0.05
LARGEST_STEP_DB, MOST_STIFF = 12.0, 1e6  # of a round; beyond, the equations are near to singular


def realize_side(rig_file: RigFile, side: Side, freqs: Freqs, fs: int, n_taps: int, delay: Delays) -> Firs:
    """Taps of one side.

    Effort is measured again on the taps, and the cap lowered where they exceed it, until it holds. A target leaves the leak's phase
    open: after each fit the phase that the taps took is asked for instead of the natural one (magnitude least squares), since the
    latter turns faster than taps can follow where a target comes within reach. Where the separation still misses by more than a tenth of a
    dB, the leak counts more.

    Parameters
    ----------
    rig_file : RigFile
    side : Side
    freqs : (freqs,) Hz
        The side's; the grid of an rfft, 0 Hz to half the rate.
    fs : int
    n_taps : int
    delay : (drivers,) samples
        Delay inside each filter.

    Returns
    -------
    (n_taps, drivers)
    """
    mode, robust = rig_file.design.crosstalk.mode, side.poses is not None
    phase_rounds = PHASE_ROUNDS if mode == "target" and not robust else 0
    order = list(side.order)
    inside = (freqs >= EFFORT_HZ[0]) & (freqs <= EFFORT_HZ[1])
    audible_leak = (freqs >= LEAK_LOW_HZ[1]) & (freqs <= LEAK_TO_HZ)
    bound_db = db(gain_bounds([rig_file.rig.drivers[i] for i in order]))
    lower_cap, lower_bound = np.zeros(len(freqs)), np.zeros(side.w.shape[1])
    stiffer, emphasis = np.ones(len(freqs)), np.ones(len(freqs))
    leak_phase: Real | None = None
    current, taps = side, np.zeros((n_taps, side.w.shape[1]))
    stated = side.cap_db.max()
    for rounds in range(CAP_ROUNDS):
        taps = _fit(current, mode, freqs, fs, n_taps, delay, stiffer, emphasis)
        made = transfer_on_grid(taps[:, order], len(freqs))
        of_all = np.zeros(side.w.shape, complex)
        of_all[:, order] = made
        excess = np.where(inside, side.effort_db(of_all) - stated, -np.inf)
        beyond = db(made).max(axis=0) - bound_db
        if excess.max() <= CAP_TOLERANCE_DB and beyond.max() <= 0 and rounds >= phase_rounds:
            break
        # where the design itself spends too much it is asked to spend less; where only the taps do, they are held to the design
        if excess.max() > CAP_TOLERANCE_DB:
            excess = _widened(np.where(excess > CAP_TOLERANCE_DB / 2, excess + CAP_HEADROOM_DB, 0.0), freqs)
            own = _widened(current.effort_db(current.w), freqs) > stated - 1.0
            lower_cap = lower_cap + np.where(own, excess, 0.0)
            stiffer = np.minimum(stiffer * np.where(own, 1.0, 10 ** (np.minimum(excess, LARGEST_STEP_DB) / 5)), MOST_STIFF)
        lower_bound[order] += np.where(beyond > 0, np.minimum(beyond + BOUND_HEADROOM_DB, LARGEST_STEP_DB), 0.0)
        if rounds < phase_rounds:
            turned = made * np.exp(2j * np.pi * freqs[:, None] / fs * delay[order])
            leak = side.with_others(np.sum(side.h_contra[:, order] * turned, axis=1))
            leak_phase = np.angle(leak)
            miss_db = np.abs(db(leak / np.sum(side.h_ipsi[:, order] * turned, axis=1)) - db(side.whole_leak / side.d))
            emphasis = np.minimum(emphasis * np.where(audible_leak, np.maximum(miss_db / MISS_DB, 1.0), 1.0), MOST_EMPHASIS)
        current = design_side(rig_file, side.ear, freqs, lower_cap, leak_phase, lower_bound, fs)
    return taps


def _widened(excess_db: Levels, freqs: Freqs) -> Real:
    """Largest excess within a tenth of an octave and 60 Hz: a short filter cannot turn faster."""
    out = np.empty_like(excess_db)
    reach = np.maximum(freqs * 0.07, 60.0)
    low, high = np.searchsorted(freqs, freqs - reach), np.searchsorted(freqs, freqs + reach, side="right")
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        out[i] = excess_db[a:b].max()
    return out


def _fit(side: Side, mode: str, freqs: Freqs, fs: int, n_taps: int, delay: Delays, stiffer: Real, emphasis: Real) -> Firs:
    """Least squares of a side's two ears, or of the ipsilateral ear and the leaks of all poses where the side is robust.

    stiffer (freqs,) multiplies the pull towards the design's own weights, emphasis (freqs,) the weight of the leak.
    """
    used = list(side.order)
    turn = np.exp(-2j * np.pi * freqs[:, None] / fs * (delay - delay.min()))[:, used]  # what differs between drivers
    common = (band_limit(freqs, fs) * np.exp(-2j * np.pi * freqs / fs * delay.min()))[:, None]
    audible = (freqs >= FIT_FROM_HZ) & (band_limit(freqs, fs) == 1)
    v = np.where(audible, 1 / np.maximum(freqs, FIT_FLAT_BELOW_HZ), 0.0)
    w, d2 = side.w[:, used], np.abs(side.d) ** 2
    top_hz = audible_to_hz(fs)
    edges = 1 + EDGE_LOADING * (1 - smooth_step(freqs, *EDGE_LOW_HZ) + smooth_step(freqs, *(share * top_hz for share in EDGE_HIGH)))
    loading = LOADING * stiffer * edges / np.maximum(freqs, FIT_FLAT_BELOW_HZ) * np.abs(side.target.h_ref) ** 2 / d2
    if side.poses is None:
        leaks = side.h_contra[:, None, used]
        leak2 = np.abs(side.c + side.leak_of_others) ** 2
        v_leak = v * (LEAK_LOW + (1 - LEAK_LOW) * smooth_step(freqs, *LEAK_LOW_HZ)) if mode != "null" else v
        v_leak = v_leak * emphasis
    else:
        leaks, v_leak = side.poses[:, :, used], v / side.poses.shape[1]
        leak2 = np.mean(np.abs(np.einsum("fpn,fn->fp", leaks, w)) ** 2, axis=1)
        most = MOST_ROBUST_LOADING * np.mean(np.abs(leaks) ** 2, axis=(1, 2))
        loading = loading + v * np.minimum(side.loading, most) / np.maximum(leak2, LEAK_FLOOR**2 * d2)
    points = np.concatenate([side.h_ipsi[:, None, used], leaks], axis=1)
    wanted = np.concatenate([side.d[:, None], np.einsum("fpn,fn->fp", leaks, w)], axis=1)
    leak_weight = v_leak / np.maximum(leak2, LEAK_FLOOR**2 * d2)
    ipsi = 1.0 if side.poses is None and mode != "null" else NULL_IPSI
    weight = np.concatenate([(ipsi * v / d2)[:, None], np.repeat(leak_weight[:, None], leaks.shape[1], axis=1)], axis=1)
    cost = np.minimum(side.cost / side.cost.min(axis=1, keepdims=True), MOST_COST)
    taps = np.zeros((n_taps, side.w.shape[1]))
    heard, near = np.asarray(wanted * common, complex), np.asarray(w * common * turn, complex)
    taps[:, used] = fit_firs(points / turn[:, None], heard, weight, near, loading[:, None] * cost, n_taps)
    return taps
