"""Where a path radiates, band by band, seen from above."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.base.arrays import Angles, Levels
from spatial.plots.style import MINUS, Theme, signed_degrees

if TYPE_CHECKING:
    from matplotlib.projections.polar import PolarAxes

FLOOR_DB, TOP_DB = -30.0, 6.0


def draw_polar(axes: PolarAxes, azimuth_deg: Angles, level_db: Levels, theme: Theme, ahead: str = "listener") -> PolarAxes:
    """Level re on axis around the rig, from above, as in the plan view: the listener is below, the listener's left is left.

    Parameters
    ----------
    axes : PolarAxes
    azimuth_deg : (azimuths,)
        + is the listener's left.
    level_db : (azimuths,) dB
        Levels below -30 dB are drawn at -30 dB.
    theme : Theme
    ahead : str
        What 0 degrees is.
    """
    axes.set_theta_zero_location("S")
    axes.set_theta_direction(-1)
    axes.plot(np.radians(azimuth_deg), np.maximum(level_db, FLOOR_DB), color=theme.center)
    axes.fill(np.radians(azimuth_deg), np.maximum(level_db, FLOOR_DB), color=theme.center, alpha=0.15, linewidth=0)
    axes.set_ylim(FLOOR_DB, TOP_DB)
    axes.set_yticks([-24, -12, -6, 0], [f"{MINUS}24", f"{MINUS}12", f"{MINUS}6", "0 dB"], fontsize=6.5)
    for label in axes.get_yticklabels():
        label.set_bbox({"facecolor": theme.page, "alpha": 0.7, "linewidth": 0, "pad": 0.5})
    axes.set_rlabel_position(157.5)
    names = {0: f"{ahead} 0°", 90: "left\n+90°", 135: "", 225: "", 270: f"right\n{MINUS}90°", 315: f"{MINUS}45°"}
    axes.set_thetagrids(range(0, 360, 45), [names.get(t, signed_degrees(t)) for t in range(0, 360, 45)], fontsize=7)
    axes.tick_params(pad=0)
    axes.spines["polar"].set_color(theme.grid)
    return axes
