"""Pictures of the sides at the nominal pose: cancellation and cues, beside what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.analysis.binaural_cues import ErbCues
from spatial.analysis.cancellation import CancellationCurves, cancellation_curves
from spatial.analysis.pair_cues import cues_of_the_pair
from spatial.analysis.study import Study
from spatial.base.arrays import Freqs, Real
from spatial.catalogue.picture import Look, Picture
from spatial.plots.cancellation import draw_effort, draw_separation, effort_range, separation_range
from spatial.plots.cues import draw_ild, draw_itd
from spatial.plots.style import new_figure
from spatial.targets.cancellation import asked_separation_db

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVE_HZ, CURVE_FREQS = (50.0, 20000.0), 400


def curve_frequencies(study: Study) -> Freqs:
    """Frequencies of the curves: even over log frequency, as far as the bank knows."""
    return np.geomspace(CURVE_HZ[0], min(CURVE_HZ[1], study.top_hz), CURVE_FREQS)


@dataclass(frozen=True, eq=False)
class Cancellation:
    """Curves of left and right.

    Attributes
    ----------
    curves : (CancellationCurves, CancellationCurves)
    asked_db : two of (freqs,), or None
        Separation asked of each; None where as much is asked as effort buys.
    """

    curves: tuple[CancellationCurves, CancellationCurves]
    asked_db: tuple[Real, Real] | None


def cancellation(study: Study) -> Cancellation:
    """Separation asked, reachable and reached, effort and timbre, per ear."""
    freqs = curve_frequencies(study)
    return Cancellation(cancellation_curves(study.sides, freqs), asked_separation_db(study.rig_file, freqs))


def draw_cancellation(data: Cancellation, look: Look) -> Figure:
    """Draw two columns, left and right.

    Parameters
    ----------
    data : Cancellation
    look : Look
    """
    theme, rig_file, asked = look.theme, look.rig_file, data.asked_db
    pair = rig_file.scene.virtual_pair
    in_words = {
        "virtual": f"Asked: the ears' levels from a real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m. ",
        "target": "Asked: the target cancellation gain. ",
        "null": "Asked: no leak, as far as effort allows. ",
    }[rig_file.design.crosstalk.mode]
    caption = look.captioned(
        f"{in_words}Separation = level at the near ear over the far ear, head at its nominal place; effort = drive power re the reference "
        "driver alone; timbre = level at the near ear re the tone target. No smoothing."
    )
    figure = new_figure(look.titled("Cancellation at the ears"), caption, 8.0, 5.6)
    grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(2, 1))
    for column, (name, c, colour) in enumerate((("left", data.curves[0], theme.left), ("right", data.curves[1], theme.right))):
        wanted = None if asked is None else asked[column]
        draw_separation(grid[0, column], c.freqs, c.reached_db, c.natural_db, c.reachable_db, theme, colour, wanted)
        draw_effort(grid[1, column], c.freqs, c.effort_db, c.cap_db, c.timbre_db, theme, colour)
        grid[0, column].set_title(f"{name} input at the listener's {name} ear")
    shown = [values for c in data.curves for values in (c.reached_db, c.natural_db)] + list(asked or ())
    grid[0, 0].set_ylim(separation_range(*shown))
    grid[1, 0].set_ylim(effort_range(*(values for c in data.curves for values in (c.effort_db, c.cap_db, c.timbre_db))))
    for row in grid:
        row[1].set_ylabel("")
    grid[0, 0].legend(loc="upper right", frameon=True, edgecolor="none", framealpha=0.8)
    grid[1, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    return figure


@dataclass(frozen=True, eq=False)
class Cues:
    """Cues of the left and the right input, and of the real pair's loudspeakers."""

    sides: tuple[ErbCues, ErbCues]
    real: tuple[ErbCues, ErbCues]


def cues(study: Study) -> Cues:
    """ILD and ITD per ERB band beside those of a real pair."""
    return Cues(*cues_of_the_pair(study.sides))


def draw_cues(data: Cues, look: Look) -> Figure:
    """Draw level differences and time differences side by side.

    Parameters
    ----------
    data : Cues
    look : Look
    """
    pair, theme = look.rig_file.scene.virtual_pair, look.theme
    caption = look.captioned(
        f"Real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m from the same head, at its nominal place. Power averaged over gammatone "
        "bands one ERB apart; ITD from the phase between the ears, below 1.5 kHz."
    )
    figure = new_figure(look.titled("Cues of the sides beside a real pair"), caption, 8.0, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    centres, (of_left, of_right), (real_left, real_right) = data.sides[0].centres_hz, data.sides, data.real
    draw_ild(left, centres, (of_left.ild_db, of_right.ild_db), (real_left.ild_db, real_right.ild_db), theme).legend(loc="upper left")
    draw_itd(right, centres, (of_left.itd_us, of_right.itd_us), (real_left.itd_us, real_right.itd_us), theme)
    return figure


PICTURES: tuple[Picture[Any], ...] = (
    Picture(
        "cancellation",
        "Cancellation",
        "What the left and the right input do at the ears, and what it costs in drive power.",
        cancellation,
        draw_cancellation,
    ),
    Picture(
        "cues",
        "Cues",
        "Level and time differences between the ears, beside those of a real pair at the same place.",
        cues,
        draw_cues,
    ),
)
