"""Where nothing was designed for: figures along distance, head radius and poses, and maps over the listener's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.base.arrays import Real
from spatial.plots.style import DASHES, MINUS, Theme, level_range, signed_degrees

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import BoundaryNorm, Colormap
    from matplotlib.figure import Figure

# Of errors: small is light, as the page would be; one hue that darkens. Of separation the other way round.
SHADES = ("#fbf8ee", "#dce7ee", "#b4cfe2", "#86b3d3", "#5a95c0", "#3876a6", "#225785", "#123a60")
TOO_MUCH = "#081c33"
LINES = "#06121e"


def draw_along(
    axes: Axes, x: Real, curves: Sequence[tuple[str, Real, str, str]], at: float, label: str, figure: str, step: float, theme: Theme
) -> Axes:
    """Figures along a quantity, with a mark at the design's.

    Parameters
    ----------
    axes : Axes
    x : (n,)
        Rising.
    curves : (name, values (n,), "reached" | "second" | "reference", "o" | "")
        Words, values, role (colour and dash) and marker of each line.
    at : float
        Where the design was made for.
    label, figure : str
        Of the two axes.
    step : float
        The vertical axis ends on whole steps.
    theme : Theme
    """
    styles: dict[str, dict[str, Any]] = {
        "reached": {"color": theme.left, "linewidth": 2.2},
        "second": {"color": theme.center, "linewidth": 1.6},
        "reference": {"color": theme.soft, "linewidth": 1.4, "linestyle": DASHES},
    }
    axes.axvline(at, color=theme.soft, linewidth=0.9, linestyle=":")
    for name, values, role, marker in curves:
        axes.plot(x, values, label=name, marker=marker or None, markersize=3.5, **styles[role])
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(level_range(np.concatenate([values for _, values, _, _ in curves]), step, (0.0, 2 * step)))
    axes.set_xlabel(label)
    axes.set_ylabel(figure)
    return axes


def draw_poses(axes: Axes, moved_m: Real, values: Real, nominal: float, figure: str, step: float, theme: Theme) -> Axes:
    """Figures at head poses as dots over how far the head is moved, (poses, 3): front, left in metres, yaw in degrees.

    The dots of one sideways place stand beside each other by depth, and are shaped by yaw; the line is the nominal pose.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    moved_m : (poses, 3)
        Front, left in metres, yaw in degrees.
    values : (poses,)
    nominal : float
        The nominal pose's value.
    figure : str
        Name of the figure of merit and its unit: the label of its axis.
    step : float
        Between ticks.
    theme : Theme
        Colours.
    """
    axes.axhline(nominal, color=theme.soft, linewidth=1.2, linestyle=DASHES, label="nominal pose")
    for yaw, marker in zip(sorted(set(moved_m[:, 2])), (">", "o", "<"), strict=True):
        chosen = moved_m[:, 2] == yaw
        x = 100 * (moved_m[chosen, 1] + 0.1 * moved_m[chosen, 0])
        name = "not turned" if yaw == 0 else f"turned {abs(yaw):g}° to the {'left' if yaw > 0 else 'right'}"
        axes.plot(x, values[chosen], marker, color=theme.left, markersize=5, alpha=0.85, linewidth=0, label=name)
    sideways = sorted(set(moved_m[:, 1]), reverse=True)
    # on the page the listener's left is on the left
    axes.set_xticks([100 * left for left in sideways], [_sideways(left) for left in sideways])
    axes.invert_xaxis()
    axes.set_ylim(level_range(np.append(values, nominal), step, (0.0, 2 * step)))
    axes.set_xlabel("head moved")
    axes.set_ylabel(figure)
    return axes


def draw_heads(axes: Axes, places: Sequence[str], heads: Sequence[tuple[str, Real]], figure: str, step: float, theme: Theme) -> Axes:
    """Figures (places,) of heads beside each other, a group a place, the worst of them all inside the axis.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    places : sequence of str
    heads : sequence of (name, (places,))
    figure : str
        Name of the figure of merit and its unit: the label of its axis.
    step : float
        Between ticks.
    theme : Theme
        Colours.
    """
    for i, ((name, values), colour) in enumerate(zip(heads, (theme.left, theme.center), strict=False)):
        x = np.arange(len(places)) + 0.18 * (i - (len(heads) - 1) / 2)
        axes.plot(x, values, "os"[i % 2], color=colour, markersize=6, label=name)
    axes.set_xticks(range(len(places)), list(places))
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(level_range(np.concatenate([values for _, values in heads]), step, (0.0, 2 * step)))
    axes.set_xlabel("head moved")
    axes.set_ylabel(figure)
    return axes


def _sideways(left_m: float) -> str:
    return "0" if left_m == 0 else f"{abs(100 * left_m):g} cm {'left' if left_m > 0 else 'right'}"


def draw_sweet_spot(axes: Axes, left_m: Real, front_m: Real, values: Real, steps: Sequence[float], more_is_better: bool) -> Axes:
    """Map of a figure over the listener's place, as seen from above: the rig is above, the listener's left on the left.

    Parameters
    ----------
    axes : Axes
    left_m, front_m : (lefts,), (fronts,)
        Moved from the design's place; front is away from the rig.
    values : (fronts, lefts)
    steps : rising
        Edges of the colours.
    more_is_better : bool
        Light is good.
    """
    colours, norm = map_colours(steps, more_is_better)
    axes.contourf(100 * left_m, 100 * front_m, values, levels=list(steps), cmap=colours, norm=norm, extend="both")
    axes.contour(100 * left_m, 100 * front_m, values, levels=list(steps), colors=LINES, linewidths=0.4)
    axes.plot(0, 0, "+", color="#c8501e", markersize=9, markeredgewidth=1.8)
    axes.invert_xaxis()
    axes.invert_yaxis()
    axes.set_xlabel("left (cm)")
    axes.set_ylabel("farther (cm)")
    axes.grid(False)
    return axes


def map_colours(steps: Sequence[float], more_is_better: bool) -> tuple[Colormap, BoundaryNorm]:
    """Colours and edges of a map.

    Parameters
    ----------
    steps : sequence of float
        Edges of the colours, rising.
    more_is_better : bool
        Light is good.
    """
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap

    shades = LinearSegmentedColormap.from_list("shades", [*SHADES, TOO_MUCH])(np.linspace(0, 1, len(steps) + 1))
    shades = shades[::-1] if more_is_better else shades
    return ListedColormap(shades[1:-1]).with_extremes(under=shades[0], over=shades[-1]), BoundaryNorm(steps, len(steps) - 1)


def draw_map_scale(figure: Figure, axes: Sequence[Axes], steps: Sequence[float], more_is_better: bool, label: str) -> Axes:
    """The scale of a map's colours.

    Parameters
    ----------
    figure : Figure
    axes : sequence of Axes
        Those of the maps.
    steps : sequence of float
        Edges of the colours, rising.
    more_is_better : bool
        Light is good.
    label : str
        Of the axis.
    """
    from matplotlib.cm import ScalarMappable

    colours, norm = map_colours(steps, more_is_better)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=list(axes), extend="both", pad=0.02, aspect=20)
    bar.set_ticks(list(steps), labels=[f"{step:g}".replace("-", MINUS) for step in steps])
    bar.set_label(label)
    bar.ax.grid(False)
    return bar.ax


def yaw_title(yaw_deg: float) -> str:
    """ "nose ahead", "nose +10°, to the left"."""
    if yaw_deg == 0:
        return "nose ahead"
    return f"nose {signed_degrees(yaw_deg)}, to the {'left' if yaw_deg > 0 else 'right'}"
