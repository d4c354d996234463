"""What a beam is compared with: simpler things that the same drivers can do, as weights that are 1 on axis.

    reference      the reference driver or group alone
    all_equal      every driver of the beam in phase
    static_matrix  the best set of real gains, the same at all frequencies
    lcmv           least drive power with nulls at +-90 degrees: Frost, "An algorithm for linearly constrained adaptive array processing",
                   Proc. IEEE 60(8), 1972. Perfect nulls of perfect drivers, bought with directivity and lobes inside the window

None of them is a preset of the rig file.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.optimize import minimize

from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import Drive, Freqs, Real
from spatial.base.units import power_db
from spatial.design.beam_problem import LEFT_AXIS, UP_AXIS, mirror_groups
from spatial.rig.model import Rig, RigFile
from spatial.targets.beam_directions import SIDE_DEG, around, judged_bands
from spatial.targets.beam_reference import beam_group, reference_alone
from spatial.targets.beam_wishes import BeamNumbers
from spatial.targets.effort import used_drivers
from spatial.targets.solution import Weights

NULLS_DEG = (90.0, -90.0)
LCMV_LOADING = 1e-6  # of the mean on-axis power: keeps the two null constraints apart where drivers hardly tell them apart
MATRIX_STARTS, MISS_COST = 6, 2.0


def simple_beams(rig_file: RigFile) -> dict[str, Weights]:
    """Weights at any frequencies, 1 on axis, by name."""
    rig, spec = rig_file.rig, rig_file.design.beam
    used = list(used_drivers(rig, spec))

    def fixed(gains: Real) -> Weights:
        return lambda freqs: _one_on_axis(rig_file, np.tile(gains, (len(freqs), 1)), freqs)

    equal = np.zeros(len(rig.drivers))
    equal[used] = 1.0
    gains = np.zeros(len(rig.drivers))
    gains[used] = static_matrix(rig_file, used)
    return {
        "reference": lambda freqs: _one_on_axis(rig_file, reference_alone(rig_file, freqs), freqs),
        "all_equal": fixed(equal),
        "static_matrix": fixed(gains),
        "lcmv": partial(_lcmv, rig_file, used),
    }


def _one_on_axis(rig_file: RigFile, w: Drive, freqs: Freqs) -> Drive:
    """The weights with a common factor a frequency, so that they are 1 where the figures of a beam take its axis."""
    front = transfer_matrix(rig_file.rig, around(rig_file, 0.0), freqs, rig_file.scene.medium)[:, 0]
    return np.asarray(w / np.sum(front * w, axis=1)[:, None])


def static_matrix(rig_file: RigFile, used: list[int]) -> Real:
    """The best real gains, the same at all frequencies.

    Best is the mean of side rejection over the judged third octaves less 2 dB for every dB that the window droops, peaks, or the effort
    costs beyond what a beam may. The search starts from the reference alone, all equal and random gains, and climbs by Powell's method.

    Parameters
    ----------
    rig_file : RigFile
    used : list of int
        Drivers of the beam.

    Returns
    -------
    (used drivers,)
        The largest is +-1.
    """
    rig, freqs, spec, bounds = rig_file.rig, judged_bands(rig_file.rig), rig_file.design.beam, BeamNumbers()
    window = np.arange(-bounds.window_deg, bounds.window_deg + 1e-9, bounds.step_deg)
    g = transfer_matrix(rig, around(rig_file, np.concatenate([[0.0], SIDE_DEG, window])), freqs, rig_file.scene.medium)[:, :, used]
    listener = rig_file.scene.listener
    mirrors = [axis for axis, off_m in ((LEFT_AXIS, listener.left_m), (UP_AXIS, listener.up_m)) if off_m == 0]
    groups = mirror_groups(rig, used, mirrors)
    among = [used.index(i) for i in beam_group(rig_file)]
    reference = np.abs(g[:, 0, among].sum(axis=1)) ** 2 / len(among)

    def worth(gains: Real) -> float:
        w = groups @ gains
        power = np.abs(g @ w) ** 2
        level = power_db(power / np.maximum(power[:, :1], 1e-12))
        inside, cost_db = level[:, 1 + len(SIDE_DEG) :], power_db(w @ w * reference / np.maximum(power[:, 0], 1e-12))
        misses = np.maximum(bounds.low_db - inside.min(axis=1), 0) + np.maximum(inside.max(axis=1) - bounds.high_db, 0)
        misses += np.maximum(cost_db - spec.effort_cap_db, 0)
        side = -power_db((10 ** (level[:, 1 : 1 + len(SIDE_DEG)] / 10)).mean(axis=1))
        return float(np.mean(side - MISS_COST * misses))

    rng, m = np.random.default_rng(0), groups.shape[1]
    alone = groups[among].max(axis=0)
    starts = [alone, np.ones(m), *(alone + rng.standard_normal((MATRIX_STARTS, m)))]
    best = max((minimize(lambda x: -worth(x), start, method="Powell").x for start in starts), key=worth)
    w = groups @ best
    return np.asarray(w / w[np.abs(w).argmax()], float)


def _lcmv(rig_file: RigFile, used: list[int], freqs: Freqs) -> Drive:
    """(freqs, drivers): min |w|^2 with 1 on axis and 0 at +-90 degrees, as far as the drivers tell these directions apart."""
    rig: Rig = rig_file.rig
    g = transfer_matrix(rig, around(rig_file, (0.0, *NULLS_DEG)), freqs, rig_file.scene.medium)[:, :, used]
    adjoint = g.conj().swapaxes(1, 2)
    gram = g @ adjoint
    gram = gram + LCMV_LOADING * np.abs(gram[:, :1, :1]) * np.eye(1 + len(NULLS_DEG))
    wanted = np.array([1.0, *(0.0 for _ in NULLS_DEG)])
    w = np.zeros((len(freqs), len(rig.drivers)), complex)
    w[:, used] = (adjoint @ np.linalg.solve(gram, np.broadcast_to(wanted[:, None], (len(freqs), len(wanted), 1))))[:, :, 0]
    return np.asarray(_one_on_axis(rig_file, w, freqs), complex)
