"""What an upmix does with a programme: where its energy goes over time, and what the centre still shares with left minus right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Levels, Real, Times
from spatial.plots.style import DASHES, FREQUENCY_TICKS_HZ, Theme, frequency_axis, frequency_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

RANGE_DB = 60.0  # below the loudest band of all paths
MOST_COLUMNS = 1200  # of a picture; more frames are joined, the loudest of each is shown


def draw_activity(axes: Axes, times_s: Times, bands_hz: Freqs, level_db: Levels, top_db: float, colour: str, theme: Theme) -> QuadMesh:
    """Level of one path, (frames, bands) dB, from the page's colour (RANGE_DB below top_db and less) to its own.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    times_s : (frames,) s
    bands_hz : (bands,) Hz
        Band centres.
    level_db : (frames, bands) dB
    top_db : float
        Full colour.
    colour : str
    theme : Theme
        Colours.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    step = -(-len(times_s) // MOST_COLUMNS)
    level_db = np.maximum.reduceat(level_db, np.arange(0, len(level_db), step), axis=0)
    edges_s = np.append(np.arange(len(level_db)) * step, len(times_s)) * (times_s[1] - times_s[0] if len(times_s) > 1 else 1.0)
    edges_hz = np.append(bands_hz * 2 ** (-1 / 6), bands_hz[-1] * 2 ** (1 / 6))
    colours = LinearSegmentedColormap.from_list("level", [theme.page, colour, theme.ink])
    mesh = axes.pcolormesh(edges_s, edges_hz, level_db.T, cmap=colours, vmin=top_db - RANGE_DB, vmax=top_db, rasterized=True)
    axes.set_yscale("log")
    ticks = [hz for hz in FREQUENCY_TICKS_HZ if edges_hz[0] <= hz <= edges_hz[-1]]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda hz, _: frequency_label(hz)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("frequency (Hz)")
    axes.grid(False)
    return mesh


def draw_correlation(axes: Axes, bands_hz: Freqs, of_centre: Real, of_static: Real, theme: Theme) -> Axes:
    """Magnitude of the correlation with L - R in every band, (bands,): of C, and of the static centre (L + R)/2.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    of_centre : (bands,)
        0 to 1.
    of_static : (bands,)
        0 to 1.
    theme : Theme
        Colours.
    """
    axes.plot(bands_hz, of_static, color=theme.soft, linestyle=DASHES, linewidth=1.3, label="static centre (L + R)/2")
    axes.plot(bands_hz, of_centre, color=theme.center, marker="o", markersize=2.5, label="centre C")
    frequency_axis(axes, float(bands_hz[0]), float(bands_hz[-1]))
    axes.set_ylim(0, 1)
    axes.set_ylabel("|correlation with L − R|")
    axes.legend(loc="upper right", ncols=2)
    return axes
