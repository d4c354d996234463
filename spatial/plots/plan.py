"""Plan view: rig, virtual pair and listener from above, as the listener sees them (listener's left on the left, rig at the top)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spatial.plots.fonts import boxes_for_missing_signs
from spatial.plots.labels import CROWD, ordinal, short_names, show_every_nth
from spatial.plots.style import LIGHT, Theme, new_figure, themed

CLOSE_UP_BELOW = 0.35
"""A rig smaller than this part of the scene is drawn a second time, larger."""
DRIVER_LABEL, TITLE = "driver label", "title"
MAX_SHARED = 4  # names in a label of drivers that stand above each other


def plan_figure(rig: Any, scene: Any, caption: str = "", theme: Theme = LIGHT) -> Any:
    """A figure of the scene, and of the rig alone beside it where it would be small in the scene.

    Parameters
    ----------
    rig, scene : Rig, Scene
        With every driver's position_m and facing_deg, as the loader fills them.
    caption : str
        A line below, for example the command that made the picture.
    theme : Theme
    """
    low, high = _scene_limits(rig, scene)
    small = bool(rig.drivers) and _rig_reach(rig) < CLOSE_UP_BELOW * float(np.max(high - low)) / 2
    with themed(theme):
        figure: Any = new_figure(f"Plan view: {rig.name}", caption, 10.5 if small else 6.5, 5.8)
        figure.get_layout_engine().set(h_pad=0.1)
        panels = figure.subplots(1, 2 if small else 1, squeeze=False)[0]
        plan_view(rig, scene, panels[0], theme, named=not small)
        if small:
            rig_view(rig, panels[1], theme)
        with boxes_for_missing_signs():
            _make_room(figure, panels[-1])
    return figure


def plan_view(rig: Any, scene: Any, axes: Any, theme: Theme = LIGHT, named: bool = True) -> Any:
    """Draw rig, virtual pair and listener to scale, in metres.

    Parameters
    ----------
    rig, scene : Rig, Scene
    axes : matplotlib Axes
        The horizontal axis is left (positive to the listener's left), the vertical one front (downwards, towards the listener).
    theme : Theme
    named : bool
        Write names and channels beside the drivers.

    Returns
    -------
    matplotlib Axes
    """
    low, high = _scene_limits(rig, scene)
    _frame(axes, low, high)
    listener, pair = scene.listener, scene.virtual_pair
    head = np.array([listener.distance_m, listener.left_m])
    if rig.drivers:
        axes.plot([0, head[1]], [0, head[0]], linestyle=":", color=theme.soft, linewidth=1)
        axes.text(head[1] / 2, head[0] / 2, f" {np.hypot(*head):.2f} m", fontsize=8, color=theme.soft, va="center")
    yaw = math.radians(listener.yaw_deg)
    nose, left_ear = np.array([-math.cos(yaw), math.sin(yaw)]), np.array([math.sin(yaw), math.cos(yaw)])
    angle = math.radians(pair.angle_deg)
    for sign, name, colour in ((1, "left", theme.left), (-1, "right", theme.right)):
        place = head + pair.distance_m * (math.cos(angle) * nose + sign * math.sin(angle) * left_ear)
        axes.plot([head[1], place[1]], [head[0], place[0]], linestyle="--", color=colour, linewidth=0.8)
        axes.plot(place[1], place[0], marker="s", markersize=11, color="none", markeredgecolor=colour, markeredgewidth=1.4)
        halfway = (head + place) / 2
        outward = "right" if halfway[1] > head[1] else "left"  # on the page the listener's left is on the left
        axes.annotate(
            f"virtual {name}",
            halfway[::-1],
            (-6 if outward == "right" else 6, 0),
            textcoords="offset points",
            fontsize=8,
            color=colour,
            ha=outward,
            va="center",
        )
    _draw_head(axes, head, listener.head_radius_m, nose, left_ear, theme)
    _draw_rig(axes, rig, float(np.max(high - low)), named, theme)
    axes.set_title("scene", gid=TITLE)
    return axes


def rig_view(rig: Any, axes: Any, theme: Theme = LIGHT) -> Any:
    """Draw the rig alone, filling the axes: outline, diaphragms, where they fire, names and channels. Returns the axes.

    Parameters
    ----------
    rig : Rig
    axes : Axes
        Drawn into.
    theme : Theme
        Colours.
    """
    reach = 1.75 * max(_rig_reach(rig), 0.02)
    middle = _places(rig).mean(axis=0) if not rig.enclosure.radius_m else np.zeros(2)
    _frame(axes, middle - reach, middle + reach)
    _draw_rig(axes, rig, 2 * reach, named=True, theme=theme)
    axes.set_title("rig, enlarged", gid=TITLE)
    return axes


def _make_room(figure: Any, axes: Any) -> None:
    """Of many drivers as many are named as there is room for; a title that labels lie on goes."""
    labels = axes.findobj(lambda artist: artist.get_gid() == DRIVER_LABEL)
    step = show_every_nth(figure, labels)
    if step > 1:
        axes.set_xlabel(f"{axes.get_xlabel()}\nevery {ordinal(step)} place is named")
    for title in axes.findobj(lambda artist: artist.get_gid() == TITLE):
        place = title.get_window_extent()
        if len(labels) > CROWD and any(label.get_visible() and label.get_window_extent().overlaps(place) for label in labels):
            title.set_text("")


def _places(rig: Any) -> np.ndarray:
    """(front, left) of the diaphragms, (drivers, 2)."""
    return np.array([(d.position_m.front, d.position_m.left) for d in rig.drivers]).reshape(-1, 2)


def _rig_reach(rig: Any) -> float:
    """Half the larger side of the rig, metres."""
    where = _places(rig)
    if not len(where):
        return 0.0
    return max(float(np.max(where.max(axis=0) - where.min(axis=0))) / 2, rig.enclosure.radius_m or 0.0)


def _scene_limits(rig: Any, scene: Any) -> tuple[np.ndarray, np.ndarray]:
    """Corners (front, left) of a box around everything, with a margin; the narrower side is widened to two thirds."""
    listener, pair = scene.listener, scene.virtual_pair
    head = np.array([listener.distance_m, listener.left_m])
    bearing = math.radians(listener.yaw_deg) + np.radians([pair.angle_deg, -pair.angle_deg])
    pair_places = head + pair.distance_m * np.stack([-np.cos(bearing), np.sin(bearing)], axis=1)
    around_head = head + listener.head_radius_m * np.array([[-1, -1], [1, 1]])
    radius = rig.enclosure.radius_m or 0.0
    body = [[-radius, -radius], [radius, radius]] if rig.drivers else np.empty((0, 2))
    points = np.vstack([pair_places, around_head, _places(rig), body])
    low, high = points.min(axis=0), points.max(axis=0)
    side = 1.16 * float(np.max(high - low))
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 + 0.08 * side, side / 3)
    return middle - half, middle + half


def _frame(axes: Any, low: np.ndarray, high: np.ndarray) -> None:
    axes.set_xlim(high[1], low[1])
    axes.set_ylim(high[0], low[0])
    axes.set_aspect("equal")
    axes.set_xlabel("left, m     (listener's left  ←  →  listener's right)")
    axes.set_ylabel("front, m     (towards the listener: down)")


def _draw_head(axes: Any, centre: np.ndarray, radius: float, nose: np.ndarray, left_ear: np.ndarray, theme: Theme) -> None:
    """Circle, nose, ears and their names."""
    from matplotlib.patches import Circle, Polygon

    def at(ahead: float, aside: float) -> tuple[float, float]:
        front, left = centre + radius * (ahead * nose + aside * left_ear)
        return left, front

    axes.add_patch(Polygon([at(0.95, 0.25), at(1.35, 0), at(0.95, -0.25)], facecolor=theme.page, edgecolor=theme.ink, linewidth=1.2))
    axes.add_patch(Circle((centre[1], centre[0]), radius, facecolor=theme.page, edgecolor=theme.ink, linewidth=1.4))
    for sign, name, colour in ((1, "L", theme.left), (-1, "R", theme.right)):
        ear = at(0, sign)
        axes.plot(*ear, marker="o", markersize=4, color=colour)
        axes.annotate(
            name,
            ear,
            xytext=_offset(at(0, 2 * sign), at(0, 0), 9),
            textcoords="offset points",
            fontsize=8,
            color=colour,
            ha="center",
            va="center",
        )


def _offset(towards: tuple[float, float], origin: tuple[float, float], points: float) -> tuple[float, float]:
    """A text offset in points along a direction given in (left, front), both of which run against the page."""
    step = np.array([origin[0] - towards[0], origin[1] - towards[1]])
    x, y = points * step / np.linalg.norm(step)
    return float(x), float(y)


def _draw_rig(axes: Any, rig: Any, scale_m: float, named: bool, theme: Theme) -> None:
    """Outline, diaphragms with an arrow where they fire; drivers at one place of the plan share a label."""
    from matplotlib.patches import Circle

    if rig.enclosure.radius_m:
        axes.add_patch(Circle((0, 0), rig.enclosure.radius_m, facecolor=theme.grid, edgecolor=theme.ink, linewidth=1.2))
    if rig.enclosure.shape == "baffle":
        axes.axhspan(-0.06 * scale_m, 0, facecolor=theme.grid, zorder=0)  # the wall, behind its plane
        axes.axhline(0, color=theme.ink, linewidth=1.2, zorder=0)
    labels: dict[tuple[float, float], list[str]] = {}
    where = _places(rig)
    names = short_names([driver.name for driver in rig.drivers])
    for driver, name, (front, left) in zip(rig.drivers, names, where, strict=True):
        azimuth, elevation = math.radians(driver.facing_deg.azimuth), math.radians(driver.facing_deg.elevation)
        ahead, aside = math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth)
        arrow = 0.09 * scale_m
        axes.annotate(
            "", (left + arrow * aside, front + arrow * ahead), (left, front),
            arrowprops={"arrowstyle": "->", "color": theme.center, "linewidth": 0.9},
        )  # fmt: skip
        half = (driver.diameter_m or 0.0) / 2
        axes.plot(
            [left + half * math.cos(azimuth), left - half * math.cos(azimuth)],
            [front - half * math.sin(azimuth), front + half * math.sin(azimuth)],
            color=theme.center, linewidth=3, solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(left, front, marker="o", markersize=4.5, color=theme.center)
        labels.setdefault((round(front, 3), round(left, 3)), []).append(f"{name}  ch {driver.channel}")
    if rig.drivers and not rig.enclosure.radius_m:
        axes.plot(0, 0, marker="+", markersize=7, color=theme.soft)
    if named:
        _label_drivers(axes, labels, on_body=bool(rig.enclosure.radius_m), theme=theme)


def _label_drivers(axes: Any, labels: dict[tuple[float, float], list[str]], on_body: bool, theme: Theme) -> None:
    """On a body inside it, else behind the driver; upright where many stand in a row."""
    crowded = len(labels) > 4 and not on_body
    for (front, left), names in labels.items():
        inward = _offset((0.0, 0.0), (left, front), 13) if on_body and (front, left) != (0.0, 0.0) else (0.0, 9.0)
        side = "center" if abs(inward[0]) < 5 else "left" if inward[0] > 0 else "right"
        axes.annotate(
            _stacked(names), (left, front), inward, textcoords="offset points", fontsize=8, color=theme.ink, gid=DRIVER_LABEL,
            ha="center" if crowded else side, va="bottom" if crowded or inward == (0.0, 9.0) else "center",
            rotation=90 if crowded else 0,
        )  # fmt: skip


def _stacked(names: list[str]) -> str:
    """A line a driver, and how many more there are."""
    more = len(names) - MAX_SHARED
    return "\n".join(names if more <= 0 else [*names[:MAX_SHARED], f"and {more} more"])
