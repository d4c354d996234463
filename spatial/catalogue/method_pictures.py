"""Pictures beside others: published methods on the same rig, and what an effort cap buys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.acoustics.points import LEFT
from spatial.analysis.binaural_cues import DEEPEST_DB
from spatial.analysis.cancellation import CancellationCurves, curves_of
from spatial.analysis.comparison import THIS_BANK
from spatial.analysis.other_poses import over_poses
from spatial.analysis.pair_cues import cues_of_the_pair
from spatial.analysis.pink_level import PINK_HZ
from spatial.analysis.study import Sides, Study
from spatial.base.arrays import Freqs, Levels, Real
from spatial.catalogue.elsewhere_pictures import AGAINST, ILD_OFF, ITD_OFF, NOMINAL_POSE, is_virtual
from spatial.catalogue.picture import Look, Picture
from spatial.catalogue.side_pictures import CURVE_FREQS
from spatial.feasibility.effort_trade import CAPS_DB, Trade, cap_in_force_db, trade
from spatial.plots.methods import decibels_every, draw_methods, draw_spread, draw_trade, methods_range
from spatial.plots.style import new_figure
from spatial.targets.cancellation import asked_separation_db

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS_HZ = (100.0, 16000.0)
ITD_HZ = (100.0, 1500.0)


@dataclass(frozen=True, eq=False)
class Methods:
    """The left side by method, this bank first.

    Attributes
    ----------
    freqs : (freqs,) Hz
    curves : dict
        Name -> timbre, effort and separation.
    level_db : dict
        Name -> (freqs,) level difference off a real pair in mode "virtual", else separation.
    late_hz : (bands,) Hz
    late_us : dict
        Mode "virtual": name -> (bands,) time difference off a real pair.
    poses_db : dict
        Other modes: name -> (27,) separation at head poses.
    """

    freqs: Freqs
    curves: dict[str, CancellationCurves]
    level_db: dict[str, Levels]
    late_hz: Freqs
    late_us: dict[str, Real]
    poses_db: dict[str, Levels]


def methods(study: Study) -> Methods:
    """Published methods beside the bank, over frequency."""
    freqs = np.geomspace(METHODS_HZ[0], min(METHODS_HZ[1], study.top_hz), CURVE_FREQS)
    everyone = {THIS_BANK: study.sides, **{method.name: study.sides.beside(method.weights) for method in study.sides.methods()}}
    curves = {name: curves_of(sides, LEFT, freqs) for name, sides in everyone.items()}
    virtual, asked = is_virtual(study.rig_file), asked_separation_db(study.rig_file, freqs)
    level = {name: np.minimum(c.reached_db, DEEPEST_DB) for name, c in curves.items()}
    if virtual and asked is not None:
        level = {name: values - asked[LEFT] for name, values in level.items()}
    late_hz, late_us = _late_us(everyone) if virtual else (np.empty(0), {})
    poses = {} if virtual else {name: sides.of(over_poses).sep_mean_db for name, sides in everyone.items()}
    return Methods(freqs, curves, level, late_hz, late_us, poses)


def _late_us(everyone: dict[str, Sides]) -> tuple[Real, dict[str, Real]]:
    """Time difference less that of a real pair, (bands,) microseconds of every method."""
    out, centres = {}, np.empty(0)
    for name, sides in everyone.items():
        found, real = cues_of_the_pair(sides, top_hz=2 * ITD_HZ[1])
        told = ~np.isnan(real[LEFT].itd_us)
        centres = real[LEFT].centres_hz[told]
        out[name] = (found[LEFT].itd_us - real[LEFT].itd_us)[told]
    return centres, out


def draw_baselines(data: Methods, look: Look) -> Figure:
    """Draw level, time or poses, timbre and effort.

    Parameters
    ----------
    data : Methods
    look : Look
    """
    virtual, theme, freqs = is_virtual(look.rig_file), look.theme, data.freqs
    caption = look.captioned(
        f"Left input. {'Off: against a real pair; the pair stands in front of every method. ' if virtual else ''}The bank with its FIRs, "
        "the methods as formulas without filters, at the same effort cap; effort = drive power re the reference driver alone"
        f"{'' if virtual else '; at poses: mean of dB, 300 Hz-8 kHz, the worse side'}. No smoothing."
    )
    figure = new_figure(look.titled("Beside other methods"), caption, 9.0, 5.8)
    (top, aside), (timbre, effort) = figure.subplots(2, 2)
    level, late = list(data.level_db.items()), list(data.late_us.items())
    draw_methods(top, freqs, level, "level difference off (dB)" if virtual else "separation of the ears (dB)", METHODS_HZ, theme)
    top.set_ylim(methods_range(level, 5.0, (-5.0, 5.0), (-15.0, 15.0)) if virtual else (-5.0, 45.0))
    if virtual:
        draw_methods(aside, data.late_hz, late, "time difference off (µs)", ITD_HZ, theme)
        aside.set_ylim(methods_range(late, 100.0, (-100.0, 100.0), (-500.0, 500.0)))
        aside.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.8)
    else:
        draw_spread(aside, data.poses_db, NOMINAL_POSE, "separation at 27 head poses (dB)", theme)
    timbres = [(name, c.timbre_db) for name, c in data.curves.items()]
    draw_methods(timbre, freqs, timbres, "timbre re target (dB)", METHODS_HZ, theme)
    if not virtual:
        timbre.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.8)
    timbre.set_ylim(methods_range(timbres, 3.0, (-6.0, 6.0), (-21.0, 12.0)))
    decibels_every(timbre, 3.0)
    efforts = [(name, c.effort_db) for name, c in data.curves.items()]
    draw_methods(effort, freqs, efforts, "effort (dB)", METHODS_HZ, theme)
    effort.set_ylim(methods_range(efforts, 6.0, (-6.0, 6.0), (-18.0, 30.0)))
    decibels_every(effort, 6.0)
    return figure


@dataclass(frozen=True)
class EffortTrade:
    """What each effort cap buys, and the cap in force."""

    rows: tuple[Trade, ...]
    cap_db: float


def effort_trade(study: Study) -> EffortTrade:
    """What each cap buys on the rig; the bank does not count."""
    return EffortTrade(trade(study.rig_file), cap_in_force_db(study.rig_file))


def draw_effort_trade(data: EffortTrade, look: Look) -> Figure:
    """Draw errors of a virtual pair, a null, and the level they cost, over the cap.

    Parameters
    ----------
    data : EffortTrade
    look : Look
    """
    theme, cap_db, caps, spread = look.theme, data.cap_db, np.array(CAPS_DB), look.rig_file.rig.tolerance
    column = {name: np.array([getattr(row, name) for row in data.rows]) for name in vars(data.rows[0])}
    caption = look.captioned(
        f"Closed form at the nominal pose, before filters; dotted: the cap in force. {AGAINST}Level: loudest driver's feed over the "
        f"input, one side, pink noise {PINK_HZ[0]:.0f} Hz-{PINK_HZ[1] / 1000:.0f} kHz. Null: far ear silenced as far as effort allows, "
        "worst third octave 315 Hz-6.3 kHz, shown up to 40 dB. "
        f"Nine of ten: loudspeakers whose drivers differ by ±{spread.gain_db:g} dB and ±{spread.phase_deg:g}°."
    )
    figure = new_figure(look.titled("What effort buys"), caption, 8.0, 5.4)
    (itd, ild), (null, level) = figure.subplots(2, 2, sharex=True)
    times = [("drivers alike", column["itd_error_us"]), ("nine of ten", column["itd_p90_us"])]
    draw_trade(itd, caps, times, cap_db, ITD_OFF, 100.0, theme).legend()
    draw_trade(ild, caps, [("", column["ild_error_db"])], cap_db, ILD_OFF, 1.0, theme)
    draw_trade(null, caps, [("", np.minimum(column["null_db"], 40.0))], cap_db, "separation of a null (dB)", 10.0, theme)
    levels = [("virtual pair", column["level_db"]), ("null", column["null_level_db"])]
    draw_trade(level, caps, levels, cap_db, "level of one side (dB)", 3.0, theme).legend()
    decibels_every(level, 3.0)
    for axes in (itd, ild):
        axes.set_xlabel("")
    return figure


PICTURES: tuple[Picture[Any], ...] = (
    Picture("baselines", "Beside other methods", "Published methods on the same rig, at the same effort cap.", methods, draw_baselines),
    Picture(
        "trade", "What effort buys", "The trade between drive power, cues and level, for this layout.", effort_trade, draw_effort_trade
    ),
)
