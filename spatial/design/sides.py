"""The sides: filters of the left and right input, from what the ears should get to taps.

Weights here are *effective*: what reaches the air, the hardware's own gain, delay and polarity undone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.base.arrays import AtPoint, Drive, Freqs, Levels, Real, Spectrum
from spatial.base.units import from_db
from spatial.design.crosstalk import (
    least_effort_weights,
    least_spread_weights,
    nearest_in_disc,
    reachable_leaks,
)
from spatial.design.head_cloud import pose_weights, robust_weights
from spatial.design.side_problem import SideProblem
from spatial.rig.mirror import driver_order, in_order, mirrored_file, partners
from spatial.rig.model import RigFile
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import (
    REFERENCE_ALONE_OCTAVES,
    band_weights,
    cap_zero_hz,
    gain_bounds,
    smooth_step,
)
from spatial.targets.solution import Side

VIRTUAL_LEAK = 0.01  # of |d|^2: a robust virtual pair spends no more once its mean leak over poses is below
BOUND_ROUNDS = 12


def design_sides(rig_file: RigFile, freqs: Freqs, fs: float | None = None) -> tuple[Side, Side]:
    """Left and right side; where the rig is its own mirror image the right one is the left one with the drivers exchanged.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
    fs : float or None
        Sample rate of the crossovers; None: analogue ones.
    """
    left = design_side(rig_file, LEFT, freqs, fs=fs)
    partner = partners(rig_file)
    return left, design_side(rig_file, RIGHT, freqs, fs=fs) if partner is None else _exchanged(left, RIGHT, partner)


def _exchanged(side: Side, ear: int, index: Sequence[int]) -> Side:
    """The side seen with other numbers for the drivers: driver index[i] becomes driver i."""
    index = list(index)
    return replace(
        side,
        ear=ear,
        h_ipsi=side.h_ipsi[:, index],
        h_contra=side.h_contra[:, index],
        w=side.w[:, index],
        poses=None if side.poses is None else side.poses[:, :, index],
        target=replace(side.target, group=tuple(index.index(i) for i in side.target.group)),
        order=tuple(index.index(i) for i in side.order),
    )


def design_side(
    rig_file: RigFile,
    ear: int,
    freqs: Freqs,
    lower_cap_db: Levels | float = 0.0,
    leak_phase: Real | None = None,
    lower_bound_db: Levels | None = None,
    fs: float | None = None,
) -> Side:
    """Closed-form weights of one side.

    The right side is designed as the left one of the mirrored rig.

    Parameters
    ----------
    rig_file : RigFile
    ear : LEFT or RIGHT
        The ipsilateral one.
    freqs : (freqs,) Hz
    lower_cap_db : float or (freqs,)
        Taken off the effort cap.
    leak_phase : (freqs,) rad or None
        Preferred to the natural phase in mode "target".
    lower_bound_db : (drivers,) dB or None
        Taken off ``max_gain_db``.
    fs : float or None
        Sample rate of the crossovers; None: analogue ones.
    """
    seen = mirrored_file(rig_file) if ear == RIGHT else rig_file
    order = driver_order(seen.rig)
    lower_bound_db = np.zeros(len(order)) if lower_bound_db is None else lower_bound_db[list(order)]
    side = _left_side(in_order(seen, order), freqs, lower_cap_db, leak_phase, lower_bound_db, fs)
    return _exchanged(side, ear, [order.index(i) for i in range(len(order))])


@dataclass(frozen=True, eq=False)
class _Found:
    """Weights (freqs, used drivers) for drivers of some cost, and what they came with: see `Side`."""

    w: Drive
    c0: Spectrum
    rho: Real
    loading: Real | float = 0.0
    counts: Real | None = None  # (poses, 1): roots of how much each counts


def _solved(problem: SideProblem, cost: Real) -> _Found:
    """Weights for drivers of some cost: solved for h_n/sqrt(Q_n) and divided afterwards, so that those that cost more help less."""
    root_q = np.sqrt(cost)
    hi, hc = problem.h_ipsi[:, problem.used] / root_q, problem.h_contra[:, problem.used] / root_q
    c0, rho = reachable_leaks(hi, hc, problem.d, problem.effort)
    found = _for_one_pose(problem, hi, hc, c0, rho, root_q) if problem.poses is None else _for_many_poses(problem, hi, c0, rho, root_q)
    return replace(found, w=found.w / root_q)


def _for_one_pose(problem: SideProblem, hi: AtPoint, hc: AtPoint, c0: Spectrum, rho: Real, root_q: Real) -> _Found:
    d, useful, loading = problem.d, rho, None
    if problem.error_power > 0:
        v = problem.wrong[:, problem.used] / root_q
        nothing, spread = np.zeros(len(d)), problem.error_power * np.abs(v) ** 2
        least_error = robust_weights(hi, v[:, None], d, problem.effort, nothing, spread)
        useful = np.minimum(rho, reachable_leaks(hi, hc, d, np.sum(np.abs(least_error.w) ** 2, axis=1))[1])
        loading = least_error.loading
    c = problem.wish(c0, rho, useful)
    c = nearest_in_disc(c * (1 + problem.share) - problem.leak * d, c0, useful)
    if loading is not None and len(problem.used) > 2:
        return _Found(least_spread_weights(hi, hc, d, c, problem.effort, problem.error_power, loading), c0, rho)
    return _Found(least_effort_weights(hi, hc, d, c), c0, rho)


def _for_many_poses(problem: SideProblem, hi: AtPoint, c0: Spectrum, rho: Real, root_q: Real) -> _Found:
    assert problem.poses is not None and problem.h_poses is not None
    d, freqs, used = problem.d, problem.freqs, problem.used
    least = np.zeros(len(freqs))
    if problem.spec.mode == "target":
        least = np.abs(d) ** 2 * from_db(-2 * target_curve_db(freqs, problem.spec.target_db))
    elif problem.spec.mode == "virtual":
        least = VIRTUAL_LEAK * np.abs(d) ** 2
    v = problem.poses[:, :, used] / root_q[:, None]
    spread = problem.error_power * np.mean(np.abs(v) ** 2, axis=1)
    near = problem.h_poses[:, :, used] / root_q[:, None]
    counts = np.sqrt(pose_weights(freqs, hi, near, v, d, problem.effort, least, spread))[:, None]
    robust = robust_weights(hi, v * counts, d, problem.effort, least, spread)
    return _Found(robust.w, c0, rho, robust.loading, counts)


def _left_side(
    rig_file: RigFile,
    freqs: Freqs,
    lower_cap_db: Levels | float,
    leak_phase: Real | None,
    lower_bound_db: Levels,
    fs: float | None,
) -> Side:
    problem = SideProblem.of(rig_file, freqs, lower_cap_db, leak_phase, fs)
    used, d, drivers = problem.used, problem.d, [rig_file.rig.drivers[i] for i in problem.used]
    zero_hz, cost = cap_zero_hz(drivers), band_weights(drivers, freqs)
    alone = _reference_alone(problem.h_ipsi, d, problem.target.group, used, cost)
    blend = smooth_step(freqs, zero_hz, zero_hz * 2**REFERENCE_ALONE_OCTAVES)[:, None]
    bound = gain_bounds(drivers) * from_db(-lower_bound_db[used])
    for _ in range(BOUND_ROUNDS if np.isfinite(bound).any() else 1):
        found = _solved(problem, cost)
        w = np.zeros_like(alone)
        w[:, used] = found.w
        w = alone + blend * (w - alone)
        over = np.abs(w[:, used]) / bound
        if over.max() <= 1.0:
            break
        cost = cost * np.maximum(over, 1.0) ** 2
    # what no mixture of drivers can make within their bounds is made quieter
    within = 1 / np.maximum(over.max(axis=1), 1.0)
    target, w = replace(problem.target, d=d * within), w * within[:, None]
    return Side(
        ear=LEFT,
        h_ipsi=problem.h_ipsi,
        h_contra=problem.h_contra,
        target=target,
        c=np.sum(problem.h_contra * w, axis=1),
        share_of_others=problem.share,
        leak_of_others=problem.leak * target.d,
        c0=found.c0,
        rho=found.rho,
        w=w,
        cap_db=problem.cap_db,
        order=tuple(used),
        cost=cost,
        poses=None if problem.poses is None or found.counts is None else problem.poses * found.counts,
        loading=found.loading,
    )


def _reference_alone(h_ipsi: AtPoint, d: Spectrum, group: Sequence[int], used: list[int], cost: Real) -> Drive:
    """Weights (freqs, drivers) of the reference group in phase making d; outside its band it hands over to the drivers that cost least."""
    alone, cheapest = np.zeros(h_ipsi.shape, complex), np.zeros(h_ipsi.shape, complex)
    alone[:, list(group)] = (d / h_ipsi[:, list(group)].sum(axis=1))[:, None]
    toward = h_ipsi[:, used].conj() / cost
    cheapest[:, used] = toward * (d / np.sum(h_ipsi[:, used] * toward, axis=1))[:, None]
    own = [used.index(i) for i in group if i in used]
    share = cost.min(axis=1, keepdims=True) / cost[:, own].mean(axis=1, keepdims=True) if own else 1.0
    return np.asarray(share * alone + (1 - share) * cheapest, complex)


def with_crosstalk(rig_file: RigFile, **changes: Any) -> RigFile:
    """The rig file with other values of ``[crosstalk]``.

    Parameters
    ----------
    rig_file : RigFile
    **changes
        Fields of `CrosstalkSpec`.
    """
    return replace(rig_file, design=replace(rig_file.design, crosstalk=replace(rig_file.design.crosstalk, **changes)))


def single_point(rig_file: RigFile) -> RigFile:
    """The rig file with a design for the nominal pose alone; what the ears want there and what effort allows stay the same."""
    return with_crosstalk(rig_file, robust=False)
