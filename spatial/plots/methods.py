"""Methods beside each other, and what an effort cap buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Levels, Real
from spatial.plots.style import DASHES, Theme, decibel_axis, frequency_axis, level_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS = ("-", "--", ":", "-.", (0, (1, 1)))  # dashes of the methods, so that grey print tells them apart
COLOUR_ORDER = (2, 3, 4, 6, 0)  # of a theme's series: none near the first method's blue


def draw_methods(
    axes: Axes, freqs: Freqs, curves: Sequence[tuple[str, Real]], figure: str, shown_hz: tuple[float, float], theme: Theme
) -> Axes:
    """A curve a method over frequency, (freqs,) each, the first of them bold: it is what the others are compared with.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    curves : sequence of (name, (freqs,))
        The first is what the others are compared with.
    figure : str
        Name of the figure of merit and its unit: the label of its axis.
    shown_hz : pair of float
        Limits of the frequency axis, Hz.
    theme : Theme
        Colours.
    """
    for i, (name, values) in enumerate(curves):
        ours = i == 0
        dash, width = ("-", 2.6) if ours else (OTHERS[(i - 1) % len(OTHERS)], 1.2)
        axes.plot(
            freqs,
            values,
            color=method_colour(theme, i),
            linestyle=dash,
            linewidth=2.6 if ours else 1.2,
            label=name,
            zorder=3 if ours else 2,
        )
    frequency_axis(axes, *shown_hz)
    axes.set_ylabel(figure)
    return axes


def draw_spread(axes: Axes, values: Mapping[str, Real], nominal: int, figure: str, theme: Theme) -> Axes:
    """A row a method: the values (poses,) as ticks on a line, the nominal pose's as a dot, the worst one written.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    values : mapping of name to (poses,)
    nominal : int
        Index of the nominal pose.
    figure : str
        Name of the figure of merit and its unit: the label of its axis.
    theme : Theme
        Colours.
    """
    for row, spread in enumerate(values.values()):
        colour = method_colour(theme, row)
        axes.plot([spread.min(), spread.max()], [-row, -row], color=colour, linewidth=1.2)
        axes.plot(spread, np.full(len(spread), -row), "|", color=colour, markersize=9)
        axes.plot(spread[nominal], -row, "o", color=colour, markersize=6)
        axes.annotate(f"{spread.min():.1f}", (spread.min(), -row), (-4, 5), textcoords="offset points", ha="right", fontsize=7.5)
    axes.set_yticks([-row for row in range(len(values))], list(values))
    axes.set_ylim(-len(values) + 0.4, 0.6)
    axes.set_xlim(left=min(0.0, *(float(spread.min()) for spread in values.values())) - 4.0)
    axes.set_xlabel(figure)
    return axes


def method_colour(theme: Theme, index: int) -> str:
    """Colour of the index-th method; the first is what the others are compared with.

    Parameters
    ----------
    theme : Theme
        Colours.
    index : int
        From 0.
    """
    return theme.left if index == 0 else theme.series[COLOUR_ORDER[(index - 1) % len(COLOUR_ORDER)]]


def methods_range(
    curves: Sequence[tuple[str, Real]], step: float, least: tuple[float, float], most: tuple[float, float]
) -> tuple[float, float]:
    """Limits that show the curves, inside most.

    Parameters
    ----------
    curves : sequence of (name, values)
    step : float
        Limits are multiples of it.
    least : pair of float
        What is shown at least.
    most : pair of float
        What is shown at most.
    """
    low, high = level_range(np.concatenate([values for _, values in curves]), step, least)
    return max(low, most[0]), min(high, most[1])


def draw_trade(
    axes: Axes, caps_db: Levels, curves: Sequence[tuple[str, Real]], in_force_db: float, figure: str, step: float, theme: Theme
) -> Axes:
    """Figures over the effort cap, (caps,) each, with a mark at the cap in force.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    caps_db : (caps,) dB
    curves : sequence of (name, (caps,))
    in_force_db : float
        The cap in force.
    figure : str
        Name of the figure of merit and its unit: the label of its axis.
    step : float
        Between ticks.
    theme : Theme
        Colours.
    """
    for (name, values), colour, dash in zip(curves, (theme.left, theme.center), ("-", DASHES), strict=False):
        axes.plot(caps_db, values, color=colour, linestyle=dash, marker="o", markersize=4, label=name, clip_on=False)
    axes.axvline(in_force_db, color=theme.soft, linewidth=0.9, linestyle=":")
    axes.set_xticks(caps_db)
    axes.set_ylim(level_range(np.concatenate([values for _, values in curves]), step, (0.0, step)))
    axes.set_xlabel("effort cap (dB)")
    axes.set_ylabel(figure)
    return axes


def decibels_every(axes: Axes, step_db: float) -> None:
    """Ticks of a vertical axis in dB.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    step_db : float
        dB between ticks.
    """
    decibel_axis(axes.yaxis, step_db)
