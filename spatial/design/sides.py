"""The sides: filters of the left and right input, from what the ears should get to taps.

Weights here are *effective*: what reaches the air, the hardware's own gain, delay and polarity undone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.points import LEFT, POSES, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.units import from_db
from spatial.design.crossover import added_by_others
from spatial.design.crosstalk import (
    least_effort_weights,
    least_spread_weights,
    nearest_in_disc,
    reachable_leaks,
    targeted_leak,
    virtual_leak,
)
from spatial.design.head_cloud import pose_weights, robust_weights
from spatial.rig.geometry import left_of, nose
from spatial.rig.mirror import driver_order, in_order, mirrored_file, partners
from spatial.rig.model import CrosstalkSpec, Rig, RigFile
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import (
    REFERENCE_ALONE_OCTAVES,
    band_weights,
    cap_zero_hz,
    default_effort_cap_db,
    effort_cap_curve,
    gain_bounds,
    smooth_step,
)
from spatial.targets.solution import Side
from spatial.targets.tone import side_target, timbre_group
from spatial.targets.virtual_pair import virtual_pair_place, wished_pair
from spatial.targets.width.models import relative_hrtf

VIRTUAL_LEAK = 0.01  # of |d|^2: a robust virtual pair spends no more once its mean leak over poses is below
BOUND_ROUNDS = 12


def design_sides(rig_file: RigFile, freqs: NDArray, fs: float | None = None) -> tuple[Side, Side]:
    """Left and right side; where the rig is its own mirror image the right one is the left one with the drivers exchanged."""
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
    freqs: NDArray,
    lower_cap_db: NDArray | float = 0.0,
    leak_phase: NDArray | None = None,
    lower_bound_db: NDArray | None = None,
    fs: float | None = None,
) -> Side:
    """Closed-form weights of one side, (freqs,) Hz.

    ear is LEFT or RIGHT, the ipsilateral one. lower_cap_db is taken off the effort cap, frequency by frequency; leak_phase (freqs,)
    is preferred to the natural phase in mode "target"; lower_bound_db (drivers,) is taken off ``max_gain_db``; fs is the sample rate of
    the crossovers (None: analogue ones). The right side is designed as the left one of the mirrored rig.
    """
    seen = mirrored_file(rig_file) if ear == RIGHT else rig_file
    order = driver_order(seen.rig)
    lower_bound_db = np.zeros(len(order)) if lower_bound_db is None else lower_bound_db[list(order)]
    side = _left_side(in_order(seen, order), freqs, lower_cap_db, leak_phase, lower_bound_db, fs)
    return _exchanged(side, ear, [order.index(i) for i in range(len(order))])


def _left_side(
    rig_file: RigFile,
    freqs: NDArray,
    lower_cap_db: NDArray | float,
    leak_phase: NDArray | None,
    lower_bound_db: NDArray,
    fs: float | None,
) -> Side:
    rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
    spec = design.crosstalk
    chosen = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    used = sorted(chosen)
    h = transfer_matrix(rig, Ears.of(scene.listener), freqs, scene.medium)
    h_ipsi, h_contra = h[:, LEFT], h[:, RIGHT]
    group = timbre_group(rig, scene, spec, LEFT)
    target = side_target(rig_file, group, LEFT, h_ipsi, freqs)
    d = target.d

    drivers = [rig.drivers[i] for i in used]
    zero_hz = cap_zero_hz(drivers)
    cap_db = effort_cap_curve(freqs, default_effort_cap_db(rig, spec), zero_hz) - lower_cap_db
    effort = from_db(cap_db) ** 2 * np.abs(d / target.h_ref) ** 2
    cost = band_weights(drivers, freqs)
    alone = _reference_alone(h_ipsi, d, group, used, cost)
    blend = smooth_step(freqs, zero_hz, zero_hz * 2**REFERENCE_ALONE_OCTAVES)[:, None]
    natural = h_contra[:, list(group)].sum(axis=1) / h_ipsi[:, list(group)].sum(axis=1)
    share, leak_of_others = added_by_others(rig, group, freqs, h_ipsi, h_contra, fs)
    # drivers that differ: no more drive power than the least expected error takes (`crosstalk.virtual_leak`), a row a driver where robust
    error_power = rig.tolerance.error_power if spec.mode == "virtual" or is_robust(rig, spec) else 0.0
    poses, h_poses = leaks_over_poses(rig_file, freqs) if is_robust(rig, spec) else (None, None)
    wished = d * wished_pair(scene, design.width.model, freqs) if spec.mode == "virtual" else np.zeros_like(d)
    off = h_contra - (wished * (1 + share) / d - leak_of_others)[:, None] * h_ipsi  # what is wrong at the far ear, given the near one
    bound = gain_bounds(drivers) * from_db(-lower_bound_db[used])
    for _ in range(BOUND_ROUNDS if np.isfinite(bound).any() else 1):
        # drivers that cost more help less: solve for h_n/sqrt(Q_n), divide afterwards
        root_q = np.sqrt(cost)
        hi, hc = h_ipsi[:, used] / root_q, h_contra[:, used] / root_q
        c0, rho = reachable_leaks(hi, hc, d, effort)
        loading: NDArray[np.float64] | float = 0.0
        if poses is not None and h_poses is not None:
            least = np.zeros(len(freqs))
            if spec.mode == "target":
                least = np.abs(d) ** 2 * from_db(-2 * target_curve_db(freqs, spec.target_db))
            elif spec.mode == "virtual":
                least = VIRTUAL_LEAK * np.abs(d) ** 2
            v = poses[:, :, used] / root_q[:, None]
            spread = error_power * np.mean(np.abs(v) ** 2, axis=1)
            counts = np.sqrt(pose_weights(freqs, hi, h_poses[:, :, used] / root_q[:, None], v, d, effort, least, spread))[:, None]
            robust = robust_weights(hi, v * counts, d, effort, least, spread)
            chosen_w, loading = robust.w, robust.loading
        else:
            useful = rho
            if error_power > 0:
                v = off[:, used] / root_q
                least_error = robust_weights(hi, v[:, None], d, effort, np.zeros(len(freqs)), error_power * np.abs(v) ** 2)
                useful = np.minimum(rho, reachable_leaks(hi, hc, d, np.sum(np.abs(least_error.w) ** 2, axis=1))[1])
            if spec.mode == "target":
                c = targeted_leak(target_curve_db(freqs, spec.target_db), d, natural, c0, rho, leak_phase)
            elif spec.mode == "null":
                c = nearest_in_disc(np.zeros_like(d), c0, rho)
            else:
                c = virtual_leak(wished, c0, useful)
            c = nearest_in_disc(c * (1 + share) - leak_of_others * d, c0, useful)
            if error_power > 0 and len(used) > 2:
                chosen_w = least_spread_weights(hi, hc, d, c, effort, error_power, least_error.loading)
            else:
                chosen_w = least_effort_weights(hi, hc, d, c)
        w = np.zeros_like(alone)
        w[:, used] = chosen_w / root_q
        w = alone + blend * (w - alone)
        over = np.abs(w[:, used]) / bound
        if over.max() <= 1.0:
            break
        cost = cost * np.maximum(over, 1.0) ** 2
    if poses is not None:
        poses = poses * counts
    # what no mixture of drivers can make within their bounds is made quieter
    within = 1 / np.maximum(over.max(axis=1), 1.0)
    target, w = replace(target, d=d * within), w * within[:, None]
    c, others = np.sum(h_contra * w, axis=1), leak_of_others * target.d
    return Side(LEFT, h_ipsi, h_contra, target, c, share, others, c0, rho, w, cap_db, tuple(used), cost, poses, loading)


def _reference_alone(h_ipsi: NDArray, d: NDArray, group: Sequence[int], used: list[int], cost: NDArray) -> NDArray[np.complex128]:
    """Weights (freqs, drivers) of the reference group in phase making d; outside its band it hands over to those who cost least."""
    alone, cheapest = np.zeros(h_ipsi.shape, complex), np.zeros(h_ipsi.shape, complex)
    alone[:, list(group)] = (d / h_ipsi[:, list(group)].sum(axis=1))[:, None]
    toward = h_ipsi[:, used].conj() / cost
    cheapest[:, used] = toward * (d / np.sum(h_ipsi[:, used] * toward, axis=1))[:, None]
    own = [used.index(i) for i in group if i in used]
    share = cost.min(axis=1, keepdims=True) / cost[:, own].mean(axis=1, keepdims=True) if own else 1.0
    return share * alone + (1 - share) * cheapest


def single_point(rig_file: RigFile) -> RigFile:
    """The rig file with a design for the nominal pose alone: what the ears want and what effort allows there is the same, at once."""
    crosstalk = replace(rig_file.design.crosstalk, robust=False)
    return replace(rig_file, design=replace(rig_file.design, crosstalk=crosstalk))


def is_robust(rig: Rig, spec: CrosstalkSpec) -> bool:
    """As the rig file says; else only for a null with three drivers or more, which can afford it."""
    if spec.robust is not None:
        return spec.robust
    used = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    return spec.mode == "null" and len(used) >= 3


def leaks_over_poses(rig_file: RigFile, freqs: NDArray) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """What should stay silent at each head pose, and the ipsilateral ear there, for the left side: both (freqs, poses, drivers).

    Silent: the contralateral ear; in mode "virtual" what it receives beyond the wished pair's share of the ipsilateral ear.
    """
    rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
    ears = Ears.cloud(scene.listener, POSES)
    h = transfer_matrix(rig, ears, freqs, scene.medium)
    h_ipsi, h_contra = h[:, LEFT::2], h[:, RIGHT::2]
    if design.crosstalk.mode != "virtual":
        return h_contra, h_ipsi
    listener, c = scene.listener, scene.medium.c
    loudspeaker = virtual_pair_place(scene, LEFT)
    g = []
    for centre, yaw_deg in zip(ears.centres_m, ears.yaws_deg, strict=True):
        to_pair = loudspeaker - np.asarray(centre)
        distance_m = float(np.sqrt((to_pair**2).sum()))
        angle_deg = float(np.rad2deg(np.arctan2(to_pair @ left_of(yaw_deg), to_pair @ nose(yaw_deg))))
        towards = relative_hrtf(design.width.model, freqs, abs(angle_deg), distance_m, listener.head_radius_m, c, listener.head)
        g.append(towards if angle_deg >= 0 else 1 / towards)
    return h_contra - np.stack(g, axis=1)[:, :, None] * h_ipsi, h_ipsi
