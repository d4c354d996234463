"""The sides of a bank at the two ears: cancellation, timbre and effort, as curves and as the figures that are pinned.

Definitions. Separation: 20 log10 |p_ipsi/p_contra|; ``sep_mean_db`` is the mean of min(dB, 80) over log frequency, 300 Hz-8 kHz;
``sep_pink_db`` the ratio of mean powers re the reference driver alone; ``sep_third_min_db`` the worst third octave. ``timbre_db``: largest
deviation of |p_ipsi/d|, 60 Hz-18 kHz, where the boost limit lets the tone hold. ``effort_db``: largest drive power re the reference alone,
20 Hz-20 kHz. ``worst_pose_db``: least ``sep_mean_db`` of 27 head poses. Of two sides the worse figure counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.arrival import delay_s, fit_frequencies
from spatial.acoustics.points import LEFT, POSES, RIGHT, Ears
from spatial.analysis.binaural_cues import (
    DEEPEST_DB,
    POINTS,
    ild_errors_db,
    itd_errors_us,
    judged_frequencies,
    judged_thirds,
    mean_separation_db,
    pink_separation_db,
    rms,
    third_octave_separation_db,
)
from spatial.analysis.study import Sides, Study
from spatial.analysis.weights import SIDE_NAMES
from spatial.base.arrays import AtPoint, Drive, Freqs, Levels, Real
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.units import db
from spatial.rig.model import RigFile
from spatial.targets.beam_reference import beam_group
from spatial.targets.cancellation import target_curve_db
from spatial.targets.solution import Side
from spatial.targets.tone import ear_target, side_target, timbre_group

TIMBRE_HZ = (60.0, 18000.0)
EFFORT_HZ = (20.0, 20000.0)


@dataclass(frozen=True, eq=False)
class CancellationCurves:
    """One side over frequency.

    Attributes
    ----------
    freqs : (freqs,) Hz
    asked_db : (freqs,) or None
        The target cancellation gain; None in other modes.
    natural_db : (freqs,)
        Separation of the reference alone.
    reachable_db : (freqs,)
        Most that the effort cap allows.
    reached_db, timbre_db, effort_db : (freqs,)
        The bank's: separation, |p_ipsi/d|, drive power over the reference alone.
    cap_db : (freqs,)
        The effort cap.
    """

    freqs: Freqs
    asked_db: Levels | None
    natural_db: Levels
    reachable_db: Levels
    reached_db: Levels
    timbre_db: Levels
    effort_db: Levels
    cap_db: Levels


@dataclass(frozen=True)
class SideFigures:
    """The sides in numbers, the worse side of the two; ILD and ITD errors against a real pair at the same head."""

    sep_mean_db: float = figure("near ear over far ear, mean of dB, 300 Hz-8 kHz", HIGHER)
    sep_pink_db: float = figure("the same as a ratio of mean powers", HIGHER)
    sep_third_min_db: float = figure("the same in the worst third octave", HIGHER)
    timbre_db: float = figure("near ear off its tone target, 60 Hz-18 kHz, at most", LOWER)
    effort_db: float = figure("drive power over the reference driver alone, at most", LOWER)
    drive_db: float = figure("largest gain of a filter", LOWER)
    ild_error_db: float = figure("nominal head, matched drivers: level difference of the ears off, rms", LOWER)
    ild_worst_db: float = figure("the same in the worst third octave", LOWER)
    ild_worst_hz: float = figure("where that is")
    itd_error_us: float = figure("nominal head, matched drivers: time difference off, rms, 300-1500 Hz", LOWER)
    worst_pose_db: float = figure("sep_mean at the worst of 27 head poses", HIGHER)


def cancellation_curves(sides: Sides, freqs: Freqs) -> tuple[CancellationCurves, CancellationCurves]:
    """Curves of the left and the right side.

    Parameters
    ----------
    sides : Sides
    freqs : (freqs,) Hz
    """
    left, right = (curves_of(sides, ear, np.asarray(freqs, float)) for ear in (LEFT, RIGHT))
    return left, right


def curves_of(sides: Sides, ear: int, freqs: Freqs) -> CancellationCurves:
    """Curves of one side.

    Parameters
    ----------
    sides : Sides
    ear : LEFT or RIGHT
    freqs : (freqs,) Hz
    """
    spec, side, w = sides.rig_file.design.crosstalk, sides.design(ear, freqs), sides.at(ear, freqs)
    p_ipsi = np.sum(side.h_ipsi * w, axis=1)
    return CancellationCurves(
        freqs=freqs,
        asked_db=target_curve_db(freqs, spec.target_db) if spec.mode == "target" else None,
        natural_db=natural_db(side),
        reachable_db=reachable_db(side),
        reached_db=separation_db(side.h_ipsi, side.h_contra, w),
        timbre_db=db(p_ipsi / side.d),
        effort_db=side.effort_db(w),
        cap_db=side.cap_db,
    )


def natural_db(side: Side) -> Levels:
    """Separation of the side's reference alone."""
    group = list(side.target.group)
    return db(side.h_ipsi[:, group].sum(axis=1) / side.h_contra[:, group].sum(axis=1))


def reachable_db(side: Side) -> Levels:
    """Largest separation inside the effort cap, 80 dB at most."""
    least = np.maximum(np.abs(side.c0) - side.rho, 1e-20 * np.abs(side.d))
    return np.minimum(db(side.d / least), DEEPEST_DB)


def own_separation_db(side: Side) -> Levels:
    """Separation that a side's own weights make, 80 dB at most; woofers, tweeters and the reference alone at the edge count."""
    return np.minimum(db(side.d / np.maximum(np.abs(side.whole_leak), 1e-20 * np.abs(side.d))), DEEPEST_DB)


def side_figures(sides: Sides) -> SideFigures:
    """The figures of this module's text; of both sides the worse one of each."""
    per_side = [_figures(sides, ear) for ear in (LEFT, RIGHT)]
    worst: dict[str, float] = {}
    for name in ("sep_mean_db", "sep_pink_db", "sep_third_min_db", "worst_pose_db"):
        worst[name] = min(f[name] for f in per_side)
    for name in ("timbre_db", "effort_db", "drive_db", "ild_error_db", "itd_error_us"):
        worst[name] = max(f[name] for f in per_side)
    worse_ild = max(per_side, key=lambda f: f["ild_worst_db"])
    return SideFigures(**worst, ild_worst_db=worse_ild["ild_worst_db"], ild_worst_hz=worse_ild["ild_worst_hz"])


def _figures(sides: Sides, ear: int) -> dict[str, float]:
    freqs = judged_frequencies(top_hz=sides.top_hz)
    p_ipsi, p_contra = sides.pressures(ear, freqs)
    real = sides.real(sides.nominal_ears, freqs)
    pressures = p_ipsi, p_contra, real[:, ear, ear], real[:, 1 - ear, ear]
    ild_error = ild_errors_db(freqs, *pressures)
    out = dict(
        sep_mean_db=float(mean_separation_db(p_ipsi, p_contra)),
        sep_pink_db=float(pink_separation_db(p_ipsi, p_contra, sides.design(ear, freqs).target.h_ref)),
        sep_third_min_db=float(third_octave_separation_db(freqs, p_ipsi, p_contra).min()),
        ild_error_db=float(rms(ild_error)),
        ild_worst_db=float(np.abs(ild_error).max()),
        ild_worst_hz=float(judged_thirds(freqs[-1])[np.abs(ild_error).argmax()]),
        itd_error_us=float(rms(itd_errors_us(freqs, *pressures))),
        worst_pose_db=float(min(pose_separations(sides, ear))),
    )
    return out | _timbre_and_effort(sides, ear)


def pose_separations(sides: Sides, ear: int) -> Real:
    """Mean separation of one side at each of the 27 head poses of `acoustics.points.POSES`.

    Parameters
    ----------
    sides : Sides
    ear : LEFT or RIGHT

    Returns
    -------
    (27,) dB
    """
    freqs = judged_frequencies(top_hz=sides.top_hz)
    p = np.einsum("fpn,fn->fp", sides.heard(Ears.cloud(sides.scene.listener, POSES), freqs), sides.at(ear, freqs))
    return mean_separation_db(p[:, ear::2], p[:, 1 - ear :: 2])


def _timbre_and_effort(sides: Sides, ear: int) -> dict[str, float]:
    rig_file, freqs = sides.rig_file, np.geomspace(EFFORT_HZ[0], min(EFFORT_HZ[1], sides.top_hz), POINTS)
    side, w = sides.design(ear, freqs), sides.at(ear, freqs)
    off = np.abs(db(np.sum(side.h_ipsi * w, axis=1) / side.d))
    low_hz, high_hz = shared_band(rig_file)
    counts = side.target.holds(rig_file.design.tone_boost_db)
    counts &= (freqs >= max(TIMBRE_HZ[0], low_hz)) & (freqs <= min(TIMBRE_HZ[1], high_hz))
    return dict(
        timbre_db=float(off[counts].max()) if counts.any() else 0.0,
        effort_db=float(side.effort_db(w).max()),
        drive_db=float(db(w / hardware_gain(rig_file)).max()),
    )


def hardware_gain(rig_file: RigFile) -> Real:
    """Linear gain of each driver's hardware, (drivers,)."""
    return 10 ** (np.array([d.gain_db for d in rig_file.rig.drivers]) / 20)


def shared_band(rig_file: RigFile, named: tuple[str, ...] | None = None) -> tuple[float, float]:
    """Hz in which every driver of the sides may help.

    Parameters
    ----------
    rig_file : RigFile
    named : tuple of str or None
        Of these drivers instead.
    """
    rig = rig_file.rig
    names = named or rig_file.design.crosstalk.drivers
    used = rig.indices(names) if names else rig.spatial_drivers
    bands = [rig.drivers[i].band_hz or (0.0, np.inf) for i in used]
    return max(b[0] for b in bands), min(b[1] for b in bands)


def arrivals(study: Study) -> dict[str, float]:
    """Arrival of every path at the head centre, samples after the first tap.

    It is the slope of the phase of p/d, 300 Hz-4 kHz: of a side at its ipsilateral ear, of the centre the mean of both ears. d carries the
    travel time from the place of the path's reference to the head centre, which is added back.
    """
    bank, rig_file = study.bank, study.rig_file
    rig, scene = rig_file.rig, rig_file.scene
    freqs = fit_frequencies(study.top_hz)
    h = study.sides.heard(study.sides.nominal_ears, freqs)
    out = {}
    for path in bank.input_names:
        ears = (LEFT, RIGHT) if path == "center" else (SIDE_NAMES.index(path),)
        w = study.path(path, freqs)
        found = []
        for ear in ears:
            if path == "center":
                target = ear_target(rig_file, beam_group(rig_file), ear, h[:, ear], freqs)
            else:
                target = side_target(rig_file, timbre_group(rig, scene, rig_file.design.crosstalk, ear), ear, h[:, ear], freqs)
            stated = np.exp(-2j * np.pi * freqs * bank.latency_samples / bank.fs)
            late = delay_s(freqs, np.sum(h[:, ear] * w, axis=1) / (target.d * stated))
            found.append(bank.latency_samples + (late + target.travel_s) * bank.fs)
        out[path] = float(np.mean(found))
    return out


def separation_db(h_ipsi: AtPoint, h_contra: AtPoint, w: Drive) -> Levels:
    """20 log10 |p_ipsi / p_contra| that weights make.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
        Driver-to-ear transfer.
    w : (freqs, drivers) complex

    Returns
    -------
    (freqs,) dB
    """
    p_ipsi, p_contra = np.sum(h_ipsi * w, axis=1), np.sum(h_contra * w, axis=1)
    return np.asarray(20 * np.log10(np.abs(p_ipsi) / np.maximum(np.abs(p_contra), 1e-20 * np.abs(p_ipsi))))
