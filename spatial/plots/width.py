"""Headphones: level and time difference of the ears beside those of a sphere at the virtual pair's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Levels, Real
from spatial.plots.style import DASHES, Theme, frequency_axis, level_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SHOWN_HZ = (50.0, 20000.0)
TIME_TOP_HZ = 1500.0  # above, the phase between the ears says nothing about time


def draw_level_difference(axes: Axes, freqs: Freqs, ild_db: Levels, sphere_ild_db: Levels, theme: Theme) -> Axes:
    """Level of the near ear over the far ear: (freqs,) dB.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    ild_db : (freqs,) dB
    sphere_ild_db : (freqs,) dB
        The rigid sphere's at the virtual angle.
    theme : Theme
        Colours.
    """
    axes.plot(freqs, ild_db, color=theme.left, linewidth=2.2, label="reached")
    axes.plot(freqs, sphere_ild_db, color=theme.ink, linewidth=1.2, linestyle=DASHES, label="sphere")
    frequency_axis(axes, *SHOWN_HZ)
    axes.set_ylim(level_range(np.concatenate([ild_db, sphere_ild_db]), 3.0, (0.0, 6.0)))
    axes.set_ylabel("level difference, ILD (dB)")
    return axes


def draw_time_difference(axes: Axes, freqs: Freqs, itd_us: Real, sphere_itd_us: Real, theme: Theme) -> Axes:
    """Delay of the far ear after the near ear, from the phase between them: (freqs,) microseconds.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    itd_us : (freqs,) us
    sphere_itd_us : (freqs,) us
        The rigid sphere's at the virtual angle.
    theme : Theme
        Colours.
    """
    told = freqs <= TIME_TOP_HZ
    axes.plot(freqs[told], itd_us[told], color=theme.left, linewidth=2.2, label="reached")
    axes.plot(freqs[told], sphere_itd_us[told], color=theme.ink, linewidth=1.2, linestyle=DASHES, label="sphere")
    frequency_axis(axes, SHOWN_HZ[0], TIME_TOP_HZ)
    axes.set_ylim(level_range(np.concatenate([itd_us[told], sphere_itd_us[told]]), 100.0, (0.0, 400.0)))
    axes.set_ylabel("time difference, ITD (µs)")
    return axes


def draw_ear_levels(axes: Axes, freqs: Freqs, ipsi_db: Levels, contra_db: Levels, theme: Theme) -> Axes:
    """Gain of the filters to the near and the far ear: (freqs,) dB.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    ipsi_db : (freqs,) dB
    contra_db : (freqs,) dB
    theme : Theme
        Colours.
    """
    axes.plot(freqs, ipsi_db, color=theme.left, label="near ear")
    axes.plot(freqs, contra_db, color=theme.right, label="far ear")
    frequency_axis(axes, *SHOWN_HZ)
    axes.set_ylim(level_range(np.concatenate([ipsi_db, contra_db]), 6.0, (-18.0, 3.0)))
    axes.set_ylabel("filter gain (dB)")
    return axes
