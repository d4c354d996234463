"""How far two ears are told apart: separation over frequency, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Levels
from spatial.plots.style import DASHES, Theme, decibel_axis, frequency_axis, level_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_HZ = (50.0, 20000.0)
TOP_DB = 40.0  # deeper separation is cut off
BOTTOM_DB = -12.0  # lower effort is cut off


def draw_separation(
    axes: Axes,
    freqs: Freqs,
    reached_db: Levels,
    natural_db: Levels,
    reachable_db: Levels,
    theme: Theme,
    colour: str,
    asked_db: Levels | None = None,
) -> Axes:
    """Separation of the ears, 20 log10 |p_ipsi / p_contra|, with what it is between.

    Parameters
    ----------
    axes : Axes
    freqs : (freqs,) Hz
    reached_db, natural_db, reachable_db : (freqs,) dB
        Of the filters; of the reference driver alone; the most that the effort cap allows.
    theme : Theme
    colour : str
        Of the line of what is reached.
    asked_db : (freqs,) dB
        Where there is a target curve.
    """
    axes.fill_between(freqs, natural_db, np.maximum(reachable_db, natural_db), color=theme.soft, alpha=0.14, linewidth=0)
    axes.plot(freqs, reachable_db, color=theme.soft, linewidth=1.0, label="reachable under the effort cap")
    axes.plot(freqs, reached_db, color=colour, linewidth=2.4, label="reached")
    if asked_db is not None:
        axes.plot(freqs, asked_db, color=theme.ink, linewidth=1.2, linestyle=DASHES, label="asked")
    axes.plot(freqs, natural_db, color=theme.soft, linewidth=1.4, linestyle=":", label="natural, reference driver alone")
    frequency_axis(axes, *SHOWN_HZ, label=False)
    decibel_axis(axes.yaxis, 5.0)
    axes.set_ylabel("separation of the ears (dB)")
    return axes


def draw_effort(
    axes: Axes,
    freqs: Freqs,
    effort_db: Levels,
    cap_db: Levels,
    timbre_db: Levels,
    theme: Theme,
    colour: str,
) -> Axes:
    """What separation costs: drive power over the reference driver alone beside its cap, and |p_ipsi / d|, (freqs,) dB each.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    effort_db : (freqs,) dB
    cap_db : (freqs,) dB
    timbre_db : (freqs,) dB
    theme : Theme
        Colours.
    colour : str
        Of the curve.
    """
    axes.fill_between(freqs, effort_db, 0, where=effort_db > 0, color=colour, alpha=0.15, linewidth=0)
    axes.plot(freqs, effort_db, color=colour, label="effort")
    axes.plot(freqs, cap_db, color=theme.ink, linewidth=1.2, linestyle=DASHES, label="effort cap")
    axes.plot(freqs, timbre_db, color=theme.ink, linewidth=1.2, label="timbre re target")
    frequency_axis(axes, *SHOWN_HZ)
    decibel_axis(axes.yaxis, 6.0)
    axes.set_ylabel("effort, timbre (dB)")
    return axes


def separation_range(*curves_db: Levels) -> tuple[float, float]:
    """Limits of a separation axis that shows these curves, with room for a legend above them."""
    low, high = level_range(np.concatenate(curves_db), 5.0, (-5.0, 15.0))
    return max(low, -20.0), min(high + 10.0, TOP_DB)


def effort_range(*curves_db: Levels) -> tuple[float, float]:
    """Limits of an effort axis that shows these curves."""
    low, high = level_range(np.concatenate(curves_db), 6.0, (-6.0, 6.0))
    return max(low, BOTTOM_DB), high + 1.0
