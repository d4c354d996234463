"""What the ears can tell: level and time differences of a virtual pair beside those of a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Freqs, Real
from spatial.plots.style import DASHES, Theme, decibel_axis, frequency_axis, level_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_HZ = (100.0, 12000.0)
TIME_TOP_HZ = 1500.0
SIDE_WIDTHS = (3.0, 1.3)  # left wide, right narrow: of two that coincide both are seen


def draw_ild(axes: Axes, centres_hz: Freqs, sides_db: tuple[Real, Real], real_db: tuple[Real, Real], theme: Theme) -> Axes:
    """Level of the near ear over the far one per band, (bands,) dB each: left and right input, and the real pair's.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    centres_hz : (bands,) Hz
        Band centres.
    sides_db : pair of (bands,) dB
        Left and right input.
    real_db : pair of (bands,) dB
        The real pair's.
    theme : Theme
        Colours.
    """
    _draw(axes, centres_hz, sides_db, real_db, theme)
    frequency_axis(axes, *SHOWN_HZ)
    axes.set_ylim(level_range(np.concatenate([*sides_db, *real_db]), 3.0, (0.0, 9.0)))
    decibel_axis(axes.yaxis, 3.0)
    axes.set_ylabel("level difference, ILD (dB)")
    return axes


def draw_itd(axes: Axes, centres_hz: Freqs, sides_us: tuple[Real, Real], real_us: tuple[Real, Real], theme: Theme) -> Axes:
    """Delay of the far ear after the near one per band, (bands,) microseconds each; nan where phase tells no time.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    centres_hz : (bands,) Hz
        Band centres.
    sides_us : pair of (bands,) us
        Left and right input.
    real_us : pair of (bands,) us
        The real pair's.
    theme : Theme
        Colours.
    """
    _draw(axes, centres_hz, sides_us, real_us, theme)
    frequency_axis(axes, SHOWN_HZ[0], TIME_TOP_HZ)
    axes.set_ylim(level_range(np.concatenate([*sides_us, *real_us]), 100.0, (0.0, 500.0)))
    axes.set_ylabel("time difference, ITD (µs)")
    return axes


def _draw(axes: Axes, centres_hz: Freqs, sides: tuple[Real, Real], real: tuple[Real, Real], theme: Theme) -> None:
    for name, values, colour, width in zip(("left", "right"), sides, (theme.left, theme.right), SIDE_WIDTHS, strict=True):
        axes.plot(centres_hz, values, color=colour, linewidth=width, label=f"{name} input")
    alike = np.allclose(real[0], real[1], equal_nan=True, atol=1e-6)
    for name, values, colour in zip(("left", "right"), real, (theme.ink, theme.soft), strict=True):
        if not alike or name == "left":
            label = "real pair" if alike else f"real {name}"
            axes.plot(centres_hz, values, color=colour, linewidth=1.2, linestyle=DASHES, marker="o", markersize=2.5, label=label)
