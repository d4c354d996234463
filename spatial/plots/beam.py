"""Where a beam goes: level over azimuth and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Angles, Freqs, Levels
from spatial.plots.style import MINUS, frequency_axis, signed_degrees

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import BoundaryNorm, Colormap
    from matplotlib.figure import Figure

STEPS_DB = (*range(-30, -2, 3), -1, 1, 3)  # steps of 3 dB, and a band of +-1 dB around the level on axis
CONTOURS_DB = (-12, -6, -3)
GUIDES_DEG = (-90, -45, 45, 90)
# Quieter is darker, in one hue; the level on axis is almost white; louder than on axis is warm, so that a lobe is seen at once.
COLOURS = (
    "#102a43", "#17395a", "#1e4971", "#275b8a", "#346ea2", "#4682b5", "#5f98c4", "#7eaed1", "#a3c6de", "#cbdeea", "#fbf8ee", "#f2b36f",
)  # fmt: skip
UNDER, OVER = "#0a1b2c", "#c8501e"
LINES = "#06121e"
LABEL_HZ = (600.0, 1000.0, 1500.0, 2500.0, 4000.0)


def draw_beam_map(axes: Axes, freqs: Freqs, azimuth_deg: Angles, level_db: Levels, ahead: str = "listener") -> Axes:
    """Heat map of level re on axis, in steps of 3 dB, with lines at -3 (thin), -6 (bold, labelled) and -12 dB (dotted).

    Parameters
    ----------
    axes : Axes
    freqs : (freqs,) Hz
        Rising, evenly spaced on a logarithmic scale.
    azimuth_deg : (azimuths,)
        Rising; + is the listener's left.
    level_db : (freqs, azimuths) dB
        0 on axis at every frequency.
    ahead : str
        What 0 degrees is.
    """
    colours, norm = colour_scale()
    frequency_axis(axes, float(freqs[0]), float(freqs[-1]))  # before the contours: their labels are placed on the page
    azimuth_axis(axes, round(azimuth_deg[-1]), ahead)
    axes.contourf(freqs, azimuth_deg, level_db.T, levels=STEPS_DB, cmap=colours, norm=norm, extend="both")
    lines = axes.contour(
        freqs, azimuth_deg, level_db.T, levels=CONTOURS_DB, colors=LINES, linewidths=(0.7, 1.4, 0.7), linestyles=(":", "-", "-")
    )
    places = _label_places(freqs, azimuth_deg, level_db)
    if places:  # on the line at -6 dB, so that no other is nearest
        axes.clabel(lines, fmt=f"{MINUS}6 dB", fontsize=7, inline_spacing=8, manual=places)
    for guide in GUIDES_DEG:
        axes.axhline(guide, color=LINES, linewidth=0.7, linestyle=(0, (6, 4)), alpha=0.75)
    axes.grid(False)
    return axes


def _label_places(freqs: Freqs, azimuth_deg: Angles, level_db: Levels) -> list[tuple[float, float]]:
    """One place on either side: where the level first falls below -6 dB, at the first of some frequencies where it does."""
    places = []
    for sign in (1, -1):
        outward = np.argsort(sign * azimuth_deg)[np.searchsorted(np.sort(sign * azimuth_deg), 0) :]
        for hz in LABEL_HZ:
            at = int(np.abs(freqs - hz).argmin())
            below = np.flatnonzero(level_db[at, outward] < -6)
            if len(below):
                places.append((float(freqs[at]), float(azimuth_deg[outward[below[0]]])))
                break
    return places


def colour_scale() -> tuple[Colormap, BoundaryNorm]:
    """Colours and steps of a level re on axis."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    return ListedColormap(list(COLOURS)).with_extremes(under=UNDER, over=OVER), BoundaryNorm(STEPS_DB, len(COLOURS))


def draw_level_scale(figure: Figure, axes: list[Axes]) -> Axes:
    """The scale of the colours, beside the heat maps that it belongs to.

    Parameters
    ----------
    figure : Figure
    axes : list of Axes
        Those of the heat maps.
    """
    from matplotlib.cm import ScalarMappable

    colours, norm = colour_scale()
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, extend="both", spacing="proportional", pad=0.02, aspect=28)
    bar.set_ticks([-30, -24, -18, -12, -6, -3, -1, 1, 3])
    bar.set_label("level re on axis (dB)")
    bar.ax.grid(False)
    return bar.ax


def azimuth_axis(axes: Axes, reach_deg: int, ahead: str = "listener") -> Axes:
    """A vertical axis of azimuths, all around or so far to either side, with the listener's sides named.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    reach_deg : int
        How far to either side; 180 is all around.
    ahead : str
        What stands at 0 degrees.
    """
    ticks = range(-reach_deg, reach_deg + 1, 45)
    names = {90: "listener's left  ", 0: f"to the {ahead}  ", -90: "listener's right  "}
    axes.set_ylim(-reach_deg, reach_deg)
    axes.set_yticks(ticks, [names.get(t, "") + signed_degrees(t) for t in ticks])
    axes.set_ylabel("azimuth")
    return axes
