"""The filters themselves: impulse responses and magnitudes of every driver for one input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Complex, Freqs, Taps
from spatial.base.units import db
from spatial.plots.labels import every_nth, short_names
from spatial.plots.style import Theme, decibel_axis, frequency_axis, level_range, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_HZ = (20.0, 20000.0)
RANGE_DB = 60.0  # below the loudest filter
SHOWN_SHARE, MARGIN_MS = 0.01, 0.3  # of the largest tap: the picture ends where nothing larger follows
MOST_NAMED = 48
APART = 1.3  # between two responses, in units of the largest tap
WIDTHS = (2.6, 1.0)  # first drawn wide, last narrow: of two that coincide both are seen


def draw_impulses(axes: Axes, taps: Taps, fs: float, latency_samples: int, names: Sequence[str], theme: Theme) -> Axes:
    """Impulse responses one above the other, named (of more than 48 every n-th), on one scale; time 0 is the bank's latency.

    Parameters
    ----------
    axes : Axes
    taps : (drivers, n_taps)
    fs : Hz
    latency_samples : int
    names : one a driver
    theme : Theme
    """
    time_ms = (np.arange(taps.shape[1]) - latency_samples) / fs * 1e3
    largest = np.abs(taps).max() or 1.0
    axes.axvline(0.0, color=theme.soft, linewidth=0.8)
    for i, response in enumerate(taps):
        axes.plot(time_ms, response / largest - APART * i, color=series_style(theme, i)["color"], linewidth=1.1)
    axes.set_ylim(-APART * (len(taps) - 1) - 1.1, 1.1)
    named = range(0, len(taps), every_nth(len(taps), MOST_NAMED))
    short = short_names(names)
    axes.set_yticks([-APART * i for i in named], [short[i] for i in named])
    for i, label in zip(named, axes.get_yticklabels(), strict=True):
        label.set_color(series_style(theme, i)["color"])
    axes.set_xlabel("time re latency (ms)")
    return axes


def loud_span_ms(taps: Taps, fs: float, latency_samples: int) -> tuple[float, float]:
    """From the first to the last tap (drivers, inputs, n_taps) above 1 % of the largest, with a margin; ms re latency.

    Parameters
    ----------
    taps : (drivers, inputs, n_taps)
    fs : float
        Sample rate, Hz.
    latency_samples : int
        Common to all paths.
    """
    level = np.abs(taps).max(axis=(0, 1))
    loud = np.flatnonzero(level > SHOWN_SHARE * level.max())
    first, last = (loud[0], loud[-1]) if loud.size else (0, len(level) - 1)
    return (first - latency_samples) / fs * 1e3 - MARGIN_MS, (last - latency_samples) / fs * 1e3 + MARGIN_MS


def draw_magnitudes(axes: Axes, freqs: Freqs, spectrum: Complex, names: Sequence[str], theme: Theme) -> Axes:
    """Gain of every driver's filter, (freqs, drivers) complex, in dB re 1; colours as in ``draw_impulses``.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    spectrum : (freqs, drivers) complex
    names : sequence of str
        Of the drivers.
    theme : Theme
        Colours.
    """
    level_db = db(spectrum)
    for i, (name, width) in enumerate(zip(names, np.linspace(*WIDTHS, len(names)), strict=True)):
        axes.plot(freqs, level_db[:, i], label=name, linewidth=width, **series_style(theme, i))
    frequency_axis(axes, *SHOWN_HZ)
    top = level_range(level_db, 6.0, (0.0, 0.0))[1]
    axes.set_ylim(top - RANGE_DB, top)
    decibel_axis(axes.yaxis, 12.0)
    axes.set_ylabel("filter gain (dB)")
    return axes
