"""The sides where nothing was designed for: nearer and farther, at other poses, on other heads.

At every pose of the listener the filters stay as they are, and so does the real pair that a virtual one is compared with: it stands
about the listener that the design knows. Of two sides the worse one counts, figure by figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatial.acoustics.points import LEFT, POSES, RIGHT, Ears
from spatial.analysis.binaural_cues import (
    POINTS,
    ild_errors_db,
    itd_errors_us,
    judged_frequencies,
    mean_separation_db,
    pink_separation_db,
    rms,
)
from spatial.analysis.study import Sides
from spatial.base.arrays import Drive, Freqs, Levels, Real, Transfer
from spatial.rig.geometry import head_centre
from spatial.rig.model import RigFile
from spatial.targets.solution import SideWeights
from spatial.targets.tone import timbre_group

DISTANCE_FACTORS = tuple(2.0 ** (step / 4) for step in range(-4, 5))  # of the design distance, 0.5 to 2
HEAD_RADII_M = (0.070, 0.075, 0.080, 0.085, 0.0875, 0.090, 0.095, 0.100, 0.105)
CLEARANCE_M = 0.01  # between head and enclosure
MAP_FRONT_M, MAP_LEFT_M, MAP_YAWS_DEG = 0.4, 0.24, (-10.0, 0.0, 10.0)
MAP_STEPS, MAP_POINTS = (7, 21), 40  # front and left; frequencies
MAP_CLOSER = 1.5  # a sweet spot is narrow sideways: places lie closer in the middle


@dataclass(frozen=True, eq=False)
class Judged:
    """Figures of the sides at n poses or heads.

    Attributes
    ----------
    sep_mean_db, sep_pink_db : (n,)
        Separation.
    ild_error_db, itd_error_us : (n,)
        Against the real pair there.
    """

    sep_mean_db: Levels
    sep_pink_db: Levels
    ild_error_db: Levels
    itd_error_us: Real

    def as_lists(self) -> dict[str, list[float]]:
        """JSON values."""
        return {name: [round(float(x), 3) for x in values] for name, values in vars(self).items()}


def judged(freqs: Freqs, h: Transfer, real: Transfer, w: Sequence[Drive], groups: Sequence[tuple[int, ...]]) -> Judged:
    """Figures from ears' transfers alone, whatever head they belong to.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Even over log frequency.
    h : (freqs, 2 n, drivers) complex
        Left ear, right ear of n poses or heads.
    real : (freqs, 2 n, 2) complex
        The same ears from the left and the right loudspeaker of the real pair.
    w : two of (freqs, drivers) complex
        Effective weights of the left and of the right side.
    groups : two tuples of int
        Reference drivers of the sides.
    """
    sides = []
    for ear in (LEFT, RIGHT):
        p = np.einsum("fpn,fn->fp", h, w[ear])
        h_ref = h[:, ear::2, list(groups[ear])].sum(axis=2) / np.sqrt(len(groups[ear]))
        pressures = p[:, ear::2], p[:, 1 - ear :: 2], real[:, ear::2, ear], real[:, 1 - ear :: 2, ear]
        sides.append(
            (
                mean_separation_db(*pressures[:2]),
                pink_separation_db(*pressures[:2], h_ref),
                rms(ild_errors_db(freqs, *pressures)),
                rms(itd_errors_us(freqs, *pressures)),
            )
        )
    left, right = sides
    return Judged(
        np.minimum(left[0], right[0]), np.minimum(left[1], right[1]), np.maximum(left[2], right[2]), np.maximum(left[3], right[3])
    )


def at_ears(sides: Sides, ears: Ears, points: int = POINTS) -> Judged:
    """Figures at some poses of a sphere head.

    Parameters
    ----------
    sides : Sides
    ears : Ears
        Their head may be another than the listener's.
    points : int
        Number of frequencies.
    """
    freqs = judged_frequencies(points, sides.top_hz)
    w = [sides.at(ear, freqs) for ear in (LEFT, RIGHT)]
    return judged(freqs, sides.heard(ears, freqs), sides.real(ears, freqs), w, side_groups(sides.rig_file))


def real_separation_db(sides: Sides, ears: Ears) -> Levels:
    """Mean separation that the real pair itself gives at some poses; of its two loudspeakers the worse one counts.

    Parameters
    ----------
    sides : Sides
    ears : Ears

    Returns
    -------
    (poses,) dB
    """
    real = sides.real(ears, judged_frequencies(top_hz=sides.top_hz))
    left, right = (mean_separation_db(real[:, ear::2, ear], real[:, 1 - ear :: 2, ear]) for ear in (LEFT, RIGHT))
    return np.minimum(left, right)


def reference_alone(rig_file: RigFile) -> SideWeights:
    """Sides without any cancellation: each is its reference drivers, in phase and alike."""
    groups = side_groups(rig_file)

    def weights(freqs: Freqs) -> tuple[Drive, Drive]:
        w = np.zeros((2, len(freqs), len(rig_file.rig.drivers)), complex)
        for ear, group in enumerate(groups):
            w[ear][:, list(group)] = 1 / np.sqrt(len(group))
        return w[LEFT], w[RIGHT]

    return weights


def side_groups(rig_file: RigFile) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Reference drivers of the left and of the right side."""
    left, right = (timbre_group(rig_file.rig, rig_file.scene, rig_file.design.crosstalk, ear) for ear in (LEFT, RIGHT))
    return left, right


# ----------------------------------------------------------------------------------------------------------- along


def distance_factors(rig_file: RigFile) -> tuple[float, ...]:
    """Multiples of the design distance, 0.5 to 2, at which the head does not touch the enclosure."""
    listener, radius_m = rig_file.scene.listener, rig_file.rig.enclosure.radius_m or 0.0
    least_m = radius_m + listener.head_radius_m + CLEARANCE_M
    distance_m = float(np.linalg.norm(head_centre(listener)))
    return tuple(factor for factor in DISTANCE_FACTORS if factor * distance_m >= least_m)


def ears_at(rig_file: RigFile, factor: float) -> Ears:
    """The head moved along the line from the rig's origin, to a multiple of its distance.

    Parameters
    ----------
    rig_file : RigFile
    factor : float
        > 0.
    """
    listener = rig_file.scene.listener
    return Ears.of(listener, (factor - 1) * head_centre(listener))


def over_distance(sides: Sides) -> Judged:
    """Figures at multiples of the design distance, `distance_factors`."""
    return _joined([at_ears(sides, ears_at(sides.rig_file, factor)) for factor in distance_factors(sides.rig_file)])


def over_poses(sides: Sides) -> Judged:
    """Figures at the 27 head poses of `acoustics.points.POSES`."""
    return at_ears(sides, Ears.cloud(sides.scene.listener, POSES))


def over_head_radius(sides: Sides, radii_m: Sequence[float] = HEAD_RADII_M) -> Judged:
    """Figures on spheres of other radii, against the real pair on the same sphere.

    Parameters
    ----------
    sides : Sides
    radii_m : sequence of float
    """
    heads = [replace(sides.scene.listener, head_radius_m=radius_m) for radius_m in radii_m]
    return _joined([at_ears(sides, Ears.of(head)) for head in heads])


def _joined(parts: Sequence[Judged]) -> Judged:
    return Judged(*(np.concatenate(values) for values in zip(*(vars(part).values() for part in parts), strict=True)))


# ------------------------------------------------------------------------------------------------------ sweet spot


@dataclass(frozen=True, eq=False)
class SweetSpot:
    """Figures over listener positions, moved from the design's.

    Attributes
    ----------
    front_m : (fronts,) m
    left_m : (lefts,) m
    yaws_deg : (yaws,) degrees
    sep_mean_db, ild_error_db, itd_error_us : (yaws, fronts, lefts)
    """

    front_m: Real
    left_m: Real
    yaws_deg: tuple[float, ...]
    sep_mean_db: Levels
    ild_error_db: Levels
    itd_error_us: Real


def sweet_spot(sides: Sides, steps: tuple[int, int] = MAP_STEPS) -> SweetSpot:
    """Map of the figures around the design's listener, +-0.4 m in depth (less where the rig is near) and +-0.24 m sideways.

    Parameters
    ----------
    sides : Sides
    steps : (int, int)
        Places in depth and sideways.
    """
    listener = sides.scene.listener
    depth_m = min(MAP_FRONT_M, 0.4 * float(np.linalg.norm(head_centre(listener))))
    front_m, left_m = np.linspace(-depth_m, depth_m, steps[0]), np.linspace(-1, 1, steps[1])
    left_m = MAP_LEFT_M * np.sign(left_m) * np.abs(left_m) ** MAP_CLOSER
    poses = [((float(front), float(left), 0.0), yaw) for yaw in MAP_YAWS_DEG for front in front_m for left in left_m]
    found = at_ears(sides, Ears.cloud(listener, poses), MAP_POINTS)
    shape = len(MAP_YAWS_DEG), *steps
    maps = (x.reshape(shape) for x in (found.sep_mean_db, found.ild_error_db, found.itd_error_us))
    return SweetSpot(front_m, left_m, MAP_YAWS_DEG, *maps)
