"""Pictures of the sides where nothing was designed for: sweet spot, distance, other poses and heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.acoustics.points import POSES
from spatial.analysis.other_heads import PLACES, OnMeasuredHead, on_measured_head
from spatial.analysis.other_poses import (
    HEAD_RADII_M,
    Judged,
    SweetSpot,
    distance_factors,
    ears_at,
    over_distance,
    over_head_radius,
    over_poses,
    real_separation_db,
    reference_alone,
    sweet_spot,
)
from spatial.analysis.study import Study
from spatial.base.arrays import Levels, Real
from spatial.catalogue.picture import Look, Picture
from spatial.plots.style import new_figure
from spatial.plots.sweet_spot import draw_along, draw_heads, draw_map_scale, draw_poses, draw_sweet_spot, yaw_title
from spatial.rig.geometry import head_centre
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEPARATION_STEPS = (0, 3, 6, 9, 12, 15, 20, 25, 30)
ILD_STEPS, ITD_STEPS = (0.5, 1, 2, 3, 4, 6, 8, 10), (10, 20, 40, 60, 100, 150, 200, 300)
NOMINAL_POSE = POSES.index(((0.0, 0.0, 0.0), 0.0))
SEPARATION, ILD_OFF, ITD_OFF = "separation (dB)", "level difference off, rms (dB)", "time difference off, rms (µs)"
JUDGED = "Separation: level of the near ear over the far one, dB averaged over log frequency, 300 Hz-8 kHz. "
AGAINST = (
    "Off: against a real pair that stays where it stands; level differences of powers averaged over third octaves 315 Hz-6.3 kHz, "
    "time differences from phase 300-1500 Hz. "
)


def is_virtual(rig_file: RigFile) -> bool:
    """Whether the sides are to sound like a pair; else separation is what counts."""
    return rig_file.design.crosstalk.mode == "virtual"


# ---------------------------------------------------------------------------------------------------------- sweet spot


def sweet_spot_map(study: Study) -> SweetSpot:
    """Figures over listener positions."""
    return study.sides.of(sweet_spot)


def draw_sweet_spot_map(data: SweetSpot, look: Look) -> Figure:
    """Draw a map for each figure and yaw.

    Parameters
    ----------
    data : SweetSpot
    look : Look
    """
    virtual = is_virtual(look.rig_file)
    maps: list[tuple[Real, tuple[float, ...], str]] = [
        (data.ild_error_db, ILD_STEPS, ILD_OFF),
        (data.itd_error_us, ITD_STEPS, ITD_OFF),
    ]
    if not virtual:
        maps = [(data.sep_mean_db, SEPARATION_STEPS, SEPARATION)]
    caption = look.captioned(
        "From above, the rig beyond the upper edge; the cross is the place of the design. "
        f"{AGAINST if virtual else JUDGED}Of two sides the worse one. Computed on {len(data.front_m)} x {len(data.left_m)} places, "
        "closer together where the design's is."
    )
    figure = new_figure(look.titled("Sweet spot"), caption, 9.0, 0.9 + 2.6 * len(maps))
    grid = figure.subplots(len(maps), len(data.yaws_deg), sharex=True, sharey=True, squeeze=False)
    for row, (values, steps, label) in zip(grid, maps, strict=True):
        for axes, yaw_values in zip(row, values, strict=True):
            draw_sweet_spot(axes, data.left_m, data.front_m, yaw_values, steps, not virtual)
        draw_map_scale(figure, list(row), steps, not virtual, label)
    for axes, yaw in zip(grid[0], data.yaws_deg, strict=True):
        axes.set_title(yaw_title(yaw))
    # every panel that is drawn into shared axes turns them
    grid[0, 0].set_xlim(100 * data.left_m[-1], 100 * data.left_m[0])
    grid[0, 0].set_ylim(100 * data.front_m[-1], 100 * data.front_m[0])
    for axes in grid[:-1].flat:
        axes.set_xlabel("")
    for axes in grid[:, 1:].flat:
        axes.set_ylabel("")
    return figure


# ------------------------------------------------------------------------------------------------------------ distance


@dataclass(frozen=True, eq=False)
class Distance:
    """Figures at distances.

    Attributes
    ----------
    distances_m : (n,) m
    at_m : float
        The design's.
    found : Judged
        The bank's, (n,) each.
    alone_db, real_db : (n,)
        Separation of the reference alone, and of a real pair.
    """

    distances_m: Real
    at_m: float
    found: Judged
    alone_db: Levels
    real_db: Levels


def distance(study: Study) -> Distance:
    """Separation and the pair's errors at 0.5 to 2 times the design distance."""
    rig_file, sides = study.rig_file, study.sides
    factors = distance_factors(rig_file)
    at_m = float(np.linalg.norm(head_centre(rig_file.scene.listener)))
    return Distance(
        at_m * np.array(factors),
        at_m,
        sides.of(over_distance),
        over_distance(sides.beside(reference_alone(rig_file))).sep_mean_db,
        np.concatenate([real_separation_db(sides, ears_at(rig_file, factor)) for factor in factors]),
    )


def draw_distance(data: Distance, look: Look) -> Figure:
    """Draw one panel, in mode "virtual" three.

    Parameters
    ----------
    data : Distance
    look : Look
    """
    virtual, theme, found = is_virtual(look.rig_file), look.theme, data.found
    caption = look.captioned(
        f"The head on the line from the rig through its nominal place, {data.at_m:g} m away (dotted). {JUDGED}"
        f"Mean power: the same as a ratio of mean powers. {AGAINST if virtual else ''}Of two sides the worse one."
    )
    figure = new_figure(look.titled("Nearer and farther"), caption, 9.5 if virtual else 6.0, 3.8)
    panels = figure.subplots(1, 3 if virtual else 1, squeeze=False)[0]
    curves = [("mean of dB", found.sep_mean_db, "reached", "o"), ("mean power", found.sep_pink_db, "second", "o")]
    curves.append(("real pair", data.real_db, "reference", "") if virtual else ("reference driver alone", data.alone_db, "reference", ""))
    metres, label = data.distances_m, "distance from the rig (m)"
    draw_along(panels[0], metres, curves, data.at_m, label, SEPARATION, 5.0, theme).legend()
    if virtual:
        draw_along(panels[1], metres, [("", found.ild_error_db, "reached", "o")], data.at_m, label, ILD_OFF, 2.0, theme)
        draw_along(panels[2], metres, [("", found.itd_error_us, "reached", "o")], data.at_m, label, ITD_OFF, 50.0, theme)
    return figure


# ------------------------------------------------------------------------------------------------------- poses and heads


@dataclass(frozen=True, eq=False)
class Robustness:
    """Figures at the 27 poses, on spheres of radii_m, and on a measured head where one is at hand."""

    poses: Judged
    radii_m: tuple[float, ...]
    radii: Judged
    on_head: OnMeasuredHead | None


def robustness(study: Study) -> Robustness:
    """Head poses, head radii and a measured head."""
    sides = study.sides
    return Robustness(sides.of(over_poses), HEAD_RADII_M, sides.of(over_head_radius), sides.of(on_measured_head))


def draw_robustness(data: Robustness, look: Look) -> Figure:
    """Draw a row for each figure: poses, radii, the measured head.

    Parameters
    ----------
    data : Robustness
    look : Look
    """
    virtual, theme, on_head = is_virtual(look.rig_file), look.theme, data.on_head
    moved = np.array([(front, left, yaw) for (front, left, _), yaw in POSES])
    figures: list[tuple[Callable[[Judged], Real], str, float]] = [
        (lambda found: found.ild_error_db, ILD_OFF, 2.0),
        (lambda found: found.itd_error_us, ITD_OFF, 20.0),
    ]
    if not virtual:
        figures = [(lambda found: found.sep_mean_db, SEPARATION, 5.0)]
    same = ", the real pair on the same head" if virtual else ""
    on_another = "" if on_head is None else f" Measured: {on_head.file}{same}."
    caption = look.captioned(
        f"{AGAINST if virtual else JUDGED}Of two sides the worse one. Poses: 5 cm sideways, 10 cm in depth (nearer ones to the right "
        "within a group), 6° of yaw. Radius: rigid spheres, the same filters (dotted: the radius they were made for)." + on_another
    )
    radius_m = look.rig_file.scene.listener.head_radius_m
    panels = 2 if on_head is None else 3
    figure = new_figure(look.titled("Other poses, other heads"), caption, 8.5 if panels == 2 else 11.0, 0.9 + 2.9 * len(figures))
    grid = figure.subplots(len(figures), panels, squeeze=False, width_ratios=(3, 2, 2)[:panels])
    for row, (pick, label, step) in zip(grid, figures, strict=True):
        draw_poses(row[0], moved, pick(data.poses), float(pick(data.poses)[NOMINAL_POSE]), label, step, theme)
        curve = [("", pick(data.radii), "reached", "o")]
        draw_along(row[1], 1000 * np.array(data.radii_m), curve, 1000 * radius_m, "head radius (mm)", label, step, theme)
        if on_head is not None:
            heads = [("sphere", pick(on_head.sphere)), ("measured head", pick(on_head.measured))]
            draw_heads(row[2], PLACES, heads, label, step, theme)
    grid[0, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    if on_head is not None:
        grid[0, 2].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)
    return figure


PICTURES: tuple[Picture[Any], ...] = (
    Picture("sweetspot", "Sweet spot", "The same filters, with the listener elsewhere.", sweet_spot_map, draw_sweet_spot_map),
    Picture("distance", "Nearer and farther", "The same filters, 0.5 to 2 times as far away.", distance, draw_distance),
    Picture(
        "robustness",
        "Other poses, other heads",
        "The same filters; the head moved, turned, smaller and larger.",
        robustness,
        draw_robustness,
    ),
)
