"""The chain from stereo to the ears: when its paths arrive, and how loud a panned source is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Levels, Real
from spatial.plots.style import DASHES, FREQUENCY_TICKS_HZ, MINUS, Theme, decibel_axis, frequency_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

PAN_LIMITS_DB = (-3.0, 1.0)
BANDS_RANGE_DB = 12.0


def draw_latency(axes: Axes, names: Sequence[str], stages: Sequence[str], ms: Real, theme: Theme) -> Axes:
    """A bar for every path, made of its stages; ms is (paths, stages). The bars end where the sound arrives.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    names : sequence of str
        Paths.
    stages : sequence of str
    ms : (paths, stages) ms
    theme : Theme
        Colours.
    """
    colours = (theme.center, theme.left, theme.right, theme.soft, *theme.series)
    row = np.arange(len(names))[::-1]
    start = np.zeros(len(names))
    for i, stage in enumerate(stages):
        axes.barh(row, ms[:, i], left=start, height=0.5, color=colours[i], edgecolor=theme.page, linewidth=1.0, label=stage)
        for y, begin, length in zip(row, start, ms[:, i], strict=True):
            if length > 0.06 * ms.sum(axis=1).max():
                axes.text(begin + length / 2, y, f"{length:.2f}", ha="center", va="center", fontsize=8, color=theme.page)
        start = start + ms[:, i]
    for y, end in zip(row, start, strict=True):
        axes.annotate(f"{end:.3f} ms", (end, y), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.set_yticks(row, list(names))
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_xlim(0, 1.14 * start.max())
    axes.set_xlabel("time after the sample at the input (ms)")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(stages))
    return axes


def draw_pan_level(axes: Axes, pans: Real, level_db: Levels, theme: Theme) -> Axes:
    """Level at the ears over pan, dB re a real pair's, (pans,); dashed: the limits that are asked.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    pans : (pans,)
        -1 left to 1 right.
    level_db : (pans,) dB
    theme : Theme
        Colours.
    """
    for limit in PAN_LIMITS_DB:
        axes.axhline(limit, color=theme.soft, linestyle=DASHES, linewidth=1.0)
    axes.plot(pans, level_db, color=theme.center, marker="o", markersize=2.5)
    axes.set_ylim(-6, 3)
    decibel_axis(axes.yaxis, 1.0)
    axes.set_ylabel("level re a real pair (dB)")
    _pan_axis(axes)
    return axes


def draw_pan_bands(axes: Axes, pans: Real, bands_hz: Freqs, level_db: Levels, theme: Theme) -> QuadMesh:
    """The same band by band, (pans, bands): blue where it is softer than the pair, warm where it is louder.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    pans : (pans,)
        -1 left to 1 right.
    bands_hz : (bands,) Hz
        Band centres.
    level_db : (pans, bands) dB
    theme : Theme
        Colours.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_rgba
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    step = pans[1] - pans[0]
    edges = np.append(pans - step / 2, pans[-1] + step / 2)
    edges_hz = np.append(bands_hz * 2 ** (-1 / 6), bands_hz[-1] * 2 ** (1 / 6))
    stops = [(theme.left, 1.0), (theme.left, 0.0), (theme.right, 0.0), (theme.right, 1.0)]  # clear in the middle: the page shows through
    places = (0.0, 0.5, 0.5, 1.0)
    shades = [(at, to_rgba(colour, alpha)) for at, (colour, alpha) in zip(places, stops, strict=True)]
    colours = LinearSegmentedColormap.from_list("difference", shades)
    mesh = axes.pcolormesh(edges, edges_hz, level_db.T, cmap=colours, vmin=-BANDS_RANGE_DB, vmax=BANDS_RANGE_DB, rasterized=True)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([hz for hz in FREQUENCY_TICKS_HZ if edges_hz[0] <= hz <= edges_hz[-1]]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda hz, _: frequency_label(hz)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("frequency (Hz)")
    axes.grid(False)
    _pan_axis(axes)
    return mesh


def _pan_axis(axes: Axes) -> None:
    axes.set_xlim(-1.02, 1.02)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], [f"{MINUS}1\nlistener's left", f"{MINUS}0.5", "0\ncentre", "+0.5", "+1\nlistener's right"])
    axes.set_xlabel("pan")
