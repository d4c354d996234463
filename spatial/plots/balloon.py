"""Balloons: the level in every direction as the distance of a surface, seen from where the listener sits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.base.arrays import Directions, Levels
from spatial.plots.beam import colour_scale
from spatial.plots.style import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOOR_DB = -24.0  # levels below are drawn at the centre
VIEW_ELEVATION_DEG, VIEW_AZIMUTH_DEG = 24.0, -62.0  # a little above and to the right of the listener


def draw_balloon(axes: Any, directions: Directions, level_db: Levels, theme: Theme, ahead: str = "listener") -> Any:
    """A balloon of levels re on axis.

    Parameters
    ----------
    axes : Axes3D
        The page's right is the listener's right, its depth leads away from the listener.
    directions : (elevations, azimuths, 3)
        Unit vectors (ahead, left, up) on a grid that closes around the azimuths and ends at the poles.
    level_db : (elevations, azimuths)
    theme : Theme
    ahead : str
        What stands there.
    """
    colours, norm = colour_scale()
    radius = np.clip(1 - level_db / FLOOR_DB, 0, None)
    front, left, up = np.moveaxis(directions, -1, 0) * radius
    faces = colours(norm((level_db[:-1, :-1] + level_db[1:, 1:]) / 2))
    axes.plot_surface(-left, -front, up, facecolors=faces, rstride=1, cstride=1, linewidth=0.15, edgecolor=(0, 0, 0, 0.25), shade=False)
    reach = 1.15
    axes.plot([0, 0], [-0, -1.6], [0, 0], color=theme.ink, linewidth=1.2, zorder=10)
    axes.text(0, -1.75, 0, ahead, ha="center", va="top", fontsize=7.5, color=theme.ink)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
    axes.set_box_aspect((1, 1, 1), zoom=1.7)
    axes.set_proj_type("ortho")
    axes.view_init(VIEW_ELEVATION_DEG, VIEW_AZIMUTH_DEG)
    axes.set_axis_off()
    return axes


def balloon_scale(figure: Figure, axes: list[Any]) -> Any:
    """The scale of the colours.

    Parameters
    ----------
    figure : Figure
    axes : list of Axes
        Those of the balloons.
    """
    from matplotlib.cm import ScalarMappable

    colours, norm = colour_scale()
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, extend="both", spacing="proportional", pad=0.02, aspect=28, shrink=0.85)
    bar.set_ticks([-30, -24, -18, -12, -6, -3, -1, 1, 3])
    bar.set_label("level re on axis (dB)")
    bar.ax.grid(False)
    return bar.ax
