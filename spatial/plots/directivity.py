"""A beam per third octave: side rejection, directivity, beamwidth and drive power, and the averages of CTA-2034-A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Angles, Freqs, Levels, Real
from spatial.plots.style import DASHES, Theme, decibel_axis, frequency_axis, level_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADE = 0.22
OTHER_DASHES = ((0, (1, 1.2)), (0, (4, 1.5)), (0, (6, 1, 1, 1)))


def draw_side_rejection(
    axes: Axes, bands_hz: Freqs, side_db: Levels, side90_db: Levels, p10_db: Levels, others: Mapping[str, Real], theme: Theme
) -> Axes:
    """On axis over +-80, 90, 100 degrees (bold) with what tolerances take shaded, and over +-90 degrees alone (thin); (bands,) each.

    The axis is made for the beam: what is simpler may leave it.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    side_db : (bands,) dB
        Over +-80, 90, 100 degrees.
    side90_db : (bands,) dB
        Over +-90 degrees.
    p10_db : (bands,) dB
        What one in ten within tolerances falls below.
    others : mapping of name to (bands,)
        Simpler beams.
    theme : Theme
        Colours.
    """
    axes.fill_between(bands_hz, p10_db, side_db, color=theme.center, alpha=SHADE, linewidth=0, label="P10 under tolerances")
    axes.plot(bands_hz, side_db, color=theme.center, label="±80°, ±90°, ±100°")
    axes.plot(bands_hz, side90_db, color=theme.center, linewidth=0.8, label="±90° alone")
    _others(axes, bands_hz, others, theme)
    shown = np.concatenate([side_db, p10_db, np.minimum(side90_db, side_db.max() + 12)])
    return _finish(axes, bands_hz, "side rejection (dB)", level_range(shown, 5, (0, 20)), 5)


def draw_index(axes: Axes, bands_hz: Freqs, di_db: Levels, others: Mapping[str, Real], theme: Theme) -> Axes:
    """Directivity index, (bands,) dB, beside that of simpler beams.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    di_db : (bands,) dB
    others : mapping of name to (bands,)
        Simpler beams.
    theme : Theme
        Colours.
    """
    axes.plot(bands_hz, di_db, color=theme.center, label="beam")
    _others(axes, bands_hz, others, theme)
    return _finish(axes, bands_hz, "directivity index (dB)", level_range(di_db, 2, (-2, 8)), 2)


def draw_beamwidth(axes: Axes, bands_hz: Freqs, bw6_deg: Angles, theme: Theme) -> Axes:
    """Degrees between the first -6 dB crossings, (bands,).

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    bw6_deg : (bands,) degrees
    theme : Theme
        Colours.
    """
    axes.plot(bands_hz, bw6_deg, color=theme.center)
    axes.axhline(90, color=theme.soft, linewidth=0.8, linestyle=DASHES)
    axes.set_yticks(range(0, 361, 90), [f"{x}°" for x in range(0, 361, 90)])
    axes.set_ylim(0, 370)
    frequency_axis(axes, float(bands_hz[0]), float(bands_hz[-1]))
    axes.set_ylabel("beamwidth at −6 dB")
    return axes


def draw_beam_effort(axes: Axes, bands_hz: Freqs, effort_db: Levels, cap_db: Levels, theme: Theme) -> Axes:
    """Drive power over the reference alone, and the cap, (bands,) dB.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    effort_db : (bands,) dB
    cap_db : (bands,) dB
    theme : Theme
        Colours.
    """
    axes.plot(bands_hz, effort_db, color=theme.center, label="effort")
    axes.plot(bands_hz, cap_db, color=theme.soft, linestyle=DASHES, linewidth=1.1, label="cap")
    return _finish(axes, bands_hz, "effort (dB)", level_range(np.concatenate([effort_db, cap_db]), 3, (-6, 9)), 3)


def draw_spinorama(axes: Axes, freqs: Freqs, levels_db: Mapping[str, Real], indices_db: Mapping[str, Real], theme: Theme) -> Axes:
    """Levels (freqs,) re the mean on axis, and directivity indices below them on the same scale, from a line of their own.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    freqs : (freqs,) Hz
    levels_db : mapping of name to (freqs,) dB
    indices_db : mapping of name to (freqs,) dB
    theme : Theme
        Colours.
    """
    for i, (name, level) in enumerate(levels_db.items()):
        axes.plot(freqs, level, color=theme.series[i], linewidth=2.0 if i == 0 else 1.4, label=name)
    for i, (name, index) in enumerate(indices_db.items()):
        axes.plot(freqs, index + INDEX_ZERO_DB, color=theme.series[len(levels_db) + i], linestyle=DASHES, linewidth=1.2, label=name)
    axes.axhline(INDEX_ZERO_DB, color=theme.soft, linewidth=0.6)
    axes.annotate("index 0 dB", (freqs[-1], INDEX_ZERO_DB), (-2, 3), textcoords="offset points", ha="right", fontsize=7, color=theme.soft)
    frequency_axis(axes, float(freqs[0]), float(freqs[-1]))
    axes.set_ylim(INDEX_ZERO_DB - 5, 10)
    decibel_axis(axes.yaxis, 5)
    axes.set_ylabel("level re the axis, mean 250 Hz-4 kHz (dB)")
    return axes


def draw_tone(axes: Axes, bands_hz: Freqs, levels_db: Mapping[str, Real], apart_db: Levels, theme: Theme) -> Axes:
    """Levels over their targets of left, right and center, (bands,) each, and as bars by how much sides and centre differ.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    bands_hz : (bands,) Hz
        Band centres.
    levels_db : mapping of path to (bands,) dB
    apart_db : (bands,) dB
    theme : Theme
        Colours.
    """
    axes.bar(bands_hz, apart_db, width=bands_hz * BAR_SHARE, color=theme.soft, alpha=SHADE, label="sides less centre")
    styles = {"left": (theme.left, "-"), "right": (theme.right, (0, (4, 2))), "center": (theme.center, "-")}
    for name, values in levels_db.items():
        colour, dash = styles[name]
        axes.plot(bands_hz, values, color=colour, linestyle=dash, label=name)
    axes.axhline(0, color=theme.soft, linewidth=0.6)
    frequency_axis(axes, float(bands_hz[0]) * 0.9, float(bands_hz[-1]) * 1.1)
    axes.set_ylim(*level_range(np.concatenate([apart_db, *levels_db.values()]) * 1.1, 0.5, (-1.5, 1.5)))
    decibel_axis(axes.yaxis, 0.5)
    axes.set_ylabel("level re the tone target (dB)")
    return axes


BAR_SHARE = 0.16  # of a frequency: the width of a bar
INDEX_ZERO_DB = -35.0


def _others(axes: Axes, bands_hz: Freqs, others: Mapping[str, Real], theme: Theme) -> None:
    for (name, values), dash in zip(others.items(), OTHER_DASHES, strict=False):
        axes.plot(bands_hz, values, color=theme.soft, linestyle=dash, linewidth=1.1, label=name)


def _finish(axes: Axes, bands_hz: Freqs, label: str, limits: tuple[float, float], step_db: float) -> Axes:
    frequency_axis(axes, float(bands_hz[0]), float(bands_hz[-1]))
    axes.set_ylim(*limits)
    decibel_axis(axes.yaxis, step_db)
    axes.set_ylabel(label)
    return axes
