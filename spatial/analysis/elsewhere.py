"""The sides where nothing was designed for, as figures: distances, head poses, head radii and a measured head, lists side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.acoustics.points import POSES
from spatial.analysis.other_heads import PLACES, OnMeasuredHead, on_measured_head
from spatial.analysis.other_poses import HEAD_RADII_M, Judged, distance_factors, over_distance, over_head_radius, over_poses
from spatial.analysis.study import Sides
from spatial.base.figure import HIGHER, figure
from spatial.rig.geometry import head_centre


@dataclass(frozen=True)
class Place:
    """How far a head pose is from the nominal one."""

    front_m: float
    left_m: float
    yaw_deg: float


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Figures at some places, poses or heads, lists side by side, and the worst of each.

    Attributes
    ----------
    file : str or None
        The head's.
    at_m : tuple of float
        Distances or head radii.
    at : tuple
        Poses, or words for them.
    """

    file: str | None = None
    at_m: tuple[float, ...] | None = None
    at: tuple[Any, ...] | None = None
    sep_mean_db: list[float]
    sep_pink_db: list[float]
    ild_error_db: list[float]
    itd_error_us: list[float]
    sep_mean_min_db: float | None = None
    ild_error_max_db: float | None = None
    itd_error_max_us: float | None = None


@dataclass(frozen=True, kw_only=True)
class Distances(Elsewhere):
    """At 0.5 to 2 times the design's distance."""

    at_m: tuple[float, ...] = figure("head centre from the rig's origin")


@dataclass(frozen=True, kw_only=True)
class Poses(Elsewhere):
    """At the 27 head poses."""

    sep_mean_min_db: float = figure("27 head poses: +-5 cm sideways, +-10 cm in depth, +-6 deg", HIGHER)


@dataclass(frozen=True, kw_only=True)
class HeadRadii(Elsewhere):
    """On spheres of 70-105 mm."""

    at_m: tuple[float, ...] = figure("radius of other spheres")


@dataclass(frozen=True, kw_only=True)
class OnHead(Elsewhere):
    """On a measured head."""

    file: str = figure("the same filters on a measured head")
    at: tuple[str, ...] = figure("how far the head is moved")


def distances(sides: Sides) -> Distances:
    """Figures at 0.5 to 2 times the design's distance."""
    distance_m = float(np.linalg.norm(head_centre(sides.scene.listener)))
    at_m = tuple(round(factor * distance_m, 3) for factor in distance_factors(sides.rig_file))
    return Distances(at_m=at_m, **_with_worst(sides.of(over_distance)))


def poses(sides: Sides) -> Poses:
    """Figures at the 27 head poses."""
    return Poses(at=tuple(Place(front, left, yaw) for (front, left, _), yaw in POSES), **_with_worst(sides.of(over_poses)))


def head_radii(sides: Sides) -> HeadRadii:
    """Figures on spheres of 70-105 mm."""
    return HeadRadii(at_m=HEAD_RADII_M, **_with_worst(sides.of(over_head_radius)))


def measured_head(sides: Sides) -> OnHead | None:
    """Figures on a measured head in free field, where one is at hand."""
    found: OnMeasuredHead | None = sides.of(on_measured_head)
    if found is None:
        return None
    lists: dict[str, Any] = found.measured.as_lists()
    return OnHead(file=found.file, at=PLACES, **lists)


def _with_worst(found: Judged) -> dict[str, Any]:
    return {
        **found.as_lists(),
        "sep_mean_min_db": float(found.sep_mean_db.min()),
        "ild_error_max_db": float(found.ild_error_db.max()),
        "itd_error_max_us": float(found.itd_error_us.max()),
    }
