"""Pictures of the sides: cues of the virtual pair, what becomes of them elsewhere, other methods, and what effort buys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.points import LEFT, POSES
from spatial.analysis.binaural_cues import DEEPEST_DB
from spatial.analysis.cancellation import cancellation_curves, curves_of
from spatial.analysis.comparison import THIS_BANK, methods_for
from spatial.analysis.other_heads import PLACES, on_measured_head
from spatial.analysis.other_poses import (
    HEAD_RADII_M,
    Judged,
    distance_factors,
    ears_at,
    over_distance,
    over_head_radius,
    over_poses,
    real_separation_db,
    reference_alone,
    sweet_spot,
)
from spatial.analysis.virtual_pair import cues_of_the_pair
from spatial.analysis.weights import SideWeights, highest_hz, side_weights
from spatial.bank.matrix import FilterMatrix
from spatial.feasibility.effort_trade import CAPS_DB, PINK_HZ, cap_in_force_db, trade
from spatial.plots.cancellation import draw_effort, draw_separation, effort_range, separation_range
from spatial.plots.cues import draw_ild, draw_itd
from spatial.plots.methods import decibels_every, draw_methods, draw_spread, draw_trade, methods_range
from spatial.plots.style import Theme, new_figure
from spatial.plots.sweet_spot import draw_along, draw_heads, draw_map_scale, draw_poses, draw_sweet_spot, yaw_title
from spatial.rig.geometry import head_centre
from spatial.rig.model import RigFile
from spatial.targets.cancellation import asked_separation_db

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawing = Callable[[Theme], "Figure"]
"""A picture whose numbers are there, to be drawn in any theme."""

CURVE_HZ, CURVE_FREQS = (50.0, 20000.0), 400
METHODS_HZ = (100.0, 16000.0)
ITD_HZ = (100.0, 1500.0)
SEPARATION_STEPS = (0, 3, 6, 9, 12, 15, 20, 25, 30)
ILD_STEPS, ITD_STEPS = (0.5, 1, 2, 3, 4, 6, 8, 10), (10, 20, 40, 60, 100, 150, 200, 300)
NOMINAL_POSE = POSES.index(((0.0, 0.0, 0.0), 0.0))
SEPARATION, ILD_OFF, ITD_OFF = "separation (dB)", "level difference off, rms (dB)", "time difference off, rms (µs)"
JUDGED = "Separation: level of the near ear over the far one, dB averaged over log frequency, 300 Hz-8 kHz. "
AGAINST = (
    "Off: against a real pair that stays where it stands; level differences of powers averaged over third octaves 315 Hz-6.3 kHz, "
    "time differences from phase 300-1500 Hz. "
)


def captioned(text: str, command: str) -> str:
    """A caption, and the command that made the picture on a line of its own."""
    return f"{text}\n{command}" if command else text


def is_virtual(rig_file: RigFile) -> bool:
    """Whether the sides are to sound like a pair; else separation is what counts."""
    return rig_file.design.crosstalk.mode == "virtual"


def curve_frequencies(bank: FilterMatrix) -> NDArray[np.float64]:
    """Even over log frequency, as far as the bank knows."""
    return np.geomspace(CURVE_HZ[0], min(CURVE_HZ[1], highest_hz(bank)), CURVE_FREQS)


# ---------------------------------------------------------------------------------------------------- at the nominal pose


def cancellation(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Separation asked, reachable and reached, effort and timbre, per ear."""
    freqs = curve_frequencies(bank)
    curves, asked = cancellation_curves(bank, rig_file, freqs), asked_separation_db(rig_file, freqs)
    pair, mode = rig_file.scene.virtual_pair, rig_file.design.crosstalk.mode
    in_words = {
        "virtual": f"Asked: the ears' levels from a real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m. ",
        "target": "Asked: the target cancellation gain. ",
        "null": "Asked: no leak, as far as effort allows. ",
    }[mode]
    caption = captioned(
        f"{in_words}Separation = level at the near ear over the far ear, head at its nominal place; effort = drive power re the reference "
        "driver alone; timbre = level at the near ear re the tone target. No smoothing.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Cancellation at the ears: {rig_file.rig.name}", caption, 8.0, 5.6)
        grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(2, 1))
        for column, (name, c, colour) in enumerate((("left", curves[0], theme.left), ("right", curves[1], theme.right))):
            wanted = None if asked is None else asked[column]
            draw_separation(grid[0, column], freqs, c.reached_db, c.natural_db, c.reachable_db, theme, colour, wanted)
            draw_effort(grid[1, column], freqs, c.effort_db, c.cap_db, c.timbre_db, theme, colour)
            grid[0, column].set_title(f"{name} input at the listener's {name} ear")
        shown = [values for c in curves for values in (c.reached_db, c.natural_db)] + list(asked or ())
        grid[0, 0].set_ylim(separation_range(*shown))
        grid[1, 0].set_ylim(effort_range(*(values for c in curves for values in (c.effort_db, c.cap_db, c.timbre_db))))
        for row in grid:
            row[1].set_ylabel("")
        grid[0, 0].legend(loc="upper right", frameon=True, edgecolor="none", framealpha=0.8)
        grid[1, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
        return figure

    return draw


def cues(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """ILD and ITD per ERB band beside those of a real pair."""
    sides, real = cues_of_the_pair(side_weights(bank, rig_file.rig), rig_file, top_hz=highest_hz(bank))
    pair = rig_file.scene.virtual_pair
    caption = captioned(
        f"Real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m from the same head, at its nominal place. Power averaged over gammatone "
        "bands one ERB apart; ITD from the phase between the ears, below 1.5 kHz.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Cues of the sides beside a real pair: {rig_file.rig.name}", caption, 8.0, 4.0)
        left, right = figure.subplots(1, 2, width_ratios=(5, 4))
        centres = sides[0].centres_hz
        draw_ild(left, centres, (sides[0].ild_db, sides[1].ild_db), (real[0].ild_db, real[1].ild_db), theme).legend(loc="upper left")
        draw_itd(right, centres, (sides[0].itd_us, sides[1].itd_us), (real[0].itd_us, real[1].itd_us), theme)
        return figure

    return draw


# -------------------------------------------------------------------------------------------------------------- elsewhere


def distance(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Separation, and in mode "virtual" the pair's errors, at 0.5 to 2 times the design distance."""
    factors = distance_factors(rig_file)
    found = over_distance(side_weights(bank, rig_file.rig), rig_file, factors, highest_hz(bank))
    alone = over_distance(reference_alone(rig_file), rig_file, factors, highest_hz(bank))
    real_db = np.concatenate([real_separation_db(rig_file, ears_at(rig_file, factor), highest_hz(bank)) for factor in factors])
    at_m = float(np.linalg.norm(head_centre(rig_file.scene.listener)))
    metres = at_m * np.array(factors)
    virtual = is_virtual(rig_file)
    caption = captioned(
        f"The head on the line from the rig through its nominal place, {at_m:g} m away (dotted). {JUDGED}"
        f"Mean power: the same as a ratio of mean powers. {AGAINST if virtual else ''}Of two sides the worse one.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Nearer and farther: {rig_file.rig.name}", caption, 9.5 if virtual else 6.0, 3.8)
        panels = figure.subplots(1, 3 if virtual else 1, squeeze=False)[0]
        curves = [("mean of dB", found.sep_mean_db, "reached", "o"), ("mean power", found.sep_pink_db, "second", "o")]
        curves.append(
            ("real pair", real_db, "reference", "") if virtual else ("reference driver alone", alone.sep_mean_db, "reference", "")
        )
        label = "distance from the rig (m)"
        draw_along(panels[0], metres, curves, at_m, label, SEPARATION, 5.0, theme).legend()
        if virtual:
            draw_along(panels[1], metres, [("", found.ild_error_db, "reached", "o")], at_m, label, ILD_OFF, 2.0, theme)
            draw_along(panels[2], metres, [("", found.itd_error_us, "reached", "o")], at_m, label, ITD_OFF, 50.0, theme)
        return figure

    return draw


def sweet_spot_map(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Where the listener may be: separation, or in mode "virtual" the pair's errors, over place and yaw."""
    found = sweet_spot(side_weights(bank, rig_file.rig), rig_file, top_hz=highest_hz(bank))
    virtual = is_virtual(rig_file)
    maps: list[tuple[NDArray, tuple[float, ...], str]] = [
        (found.ild_error_db, ILD_STEPS, ILD_OFF),
        (found.itd_error_us, ITD_STEPS, ITD_OFF),
    ]
    if not virtual:
        maps = [(found.sep_mean_db, SEPARATION_STEPS, SEPARATION)]
    caption = captioned(
        "From above, the rig beyond the upper edge; the cross is the place of the design. "
        f"{AGAINST if virtual else JUDGED}Of two sides the worse one. Computed on {len(found.front_m)} x {len(found.left_m)} places, "
        "closer together where the design's is.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Sweet spot: {rig_file.rig.name}", caption, 9.0, 0.9 + 2.6 * len(maps))
        grid = figure.subplots(len(maps), len(found.yaws_deg), sharex=True, sharey=True, squeeze=False)
        for row, (values, steps, label) in zip(grid, maps, strict=True):
            for axes, yaw_values in zip(row, values, strict=True):
                draw_sweet_spot(axes, found.left_m, found.front_m, yaw_values, steps, not virtual)
            draw_map_scale(figure, list(row), steps, not virtual, label)
        for axes, yaw in zip(grid[0], found.yaws_deg, strict=True):
            axes.set_title(yaw_title(yaw))
        # shared axes are turned by every panel that is drawn into them
        grid[0, 0].set_xlim(100 * found.left_m[-1], 100 * found.left_m[0])
        grid[0, 0].set_ylim(100 * found.front_m[-1], 100 * found.front_m[0])
        for axes in grid[:-1].flat:
            axes.set_xlabel("")
        for axes in grid[:, 1:].flat:
            axes.set_ylabel("")
        return figure

    return draw


def robustness(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Head poses, head radii and a measured head: separation, or in mode "virtual" the pair's errors."""
    weights = side_weights(bank, rig_file.rig)
    top_hz = highest_hz(bank)
    poses, radii = over_poses(weights, rig_file, top_hz), over_head_radius(weights, rig_file, top_hz=top_hz)
    on_head = on_measured_head(weights, rig_file, top_hz)
    moved = np.array([(front, left, yaw) for (front, left, _), yaw in POSES])
    virtual = is_virtual(rig_file)
    figures: list[tuple[Callable[[Judged], NDArray], str, float]] = [
        (lambda found: found.ild_error_db, ILD_OFF, 2.0),
        (lambda found: found.itd_error_us, ITD_OFF, 20.0),
    ]
    if not virtual:
        figures = [(lambda found: found.sep_mean_db, SEPARATION, 5.0)]
    same = ", the real pair on the same head" if virtual else ""
    on_another = "" if on_head is None else f" Measured: {on_head.file}{same}."
    caption = captioned(
        f"{AGAINST if virtual else JUDGED}Of two sides the worse one. Poses: 5 cm sideways, 10 cm in depth (nearer ones to the right "
        "within a group), 6° of yaw. Radius: rigid spheres, the same filters (dotted: the radius they were made for)." + on_another,
        command,
    )
    radius_m = rig_file.scene.listener.head_radius_m

    def draw(theme: Theme) -> Figure:
        panels = 2 if on_head is None else 3
        figure = new_figure(
            f"Other poses, other heads: {rig_file.rig.name}", caption, 8.5 if panels == 2 else 11.0, 0.9 + 2.9 * len(figures)
        )
        grid = figure.subplots(len(figures), panels, squeeze=False, width_ratios=(3, 2, 2)[:panels])
        for row, (pick, label, step) in zip(grid, figures, strict=True):
            draw_poses(row[0], moved, pick(poses), float(pick(poses)[NOMINAL_POSE]), label, step, theme)
            curve = [("", pick(radii), "reached", "o")]
            draw_along(row[1], 1000 * np.array(HEAD_RADII_M), curve, 1000 * radius_m, "head radius (mm)", label, step, theme)
            if on_head is not None:
                heads = [("sphere", pick(on_head.sphere)), ("measured head", pick(on_head.measured))]
                draw_heads(row[2], PLACES, heads, label, step, theme)
        grid[0, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
        if on_head is not None:
            grid[0, 2].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)
        return figure

    return draw


# ----------------------------------------------------------------------------------------------------------------- others


def baselines(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Published methods beside the bank, over frequency."""
    freqs = np.geomspace(METHODS_HZ[0], min(METHODS_HZ[1], highest_hz(bank)), CURVE_FREQS)
    all_weights: dict[str, SideWeights] = {THIS_BANK: side_weights(bank, rig_file.rig), **methods_for(rig_file)}
    curves = {name: curves_of(weights, rig_file, LEFT, freqs) for name, weights in all_weights.items()}
    virtual, asked = is_virtual(rig_file), asked_separation_db(rig_file, freqs)
    level: list[tuple[str, NDArray]] = [(name, np.minimum(c.reached_db, DEEPEST_DB)) for name, c in curves.items()]
    if virtual and asked is not None:
        level = [(name, values - asked[LEFT]) for name, values in level]
    late = _late_us(all_weights, rig_file) if virtual else (np.empty(0), [])
    poses = {} if virtual else {name: over_poses(weights, rig_file, highest_hz(bank)).sep_mean_db for name, weights in all_weights.items()}
    caption = captioned(
        f"Left input. {'Off: against a real pair; the pair stands in front of every method. ' if virtual else ''}The bank with its FIRs, "
        "the methods as formulas without filters, at the same effort cap; effort = drive power re the reference driver alone"
        f"{'' if virtual else '; at poses: mean of dB, 300 Hz-8 kHz, the worse side'}. No smoothing.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Beside other methods: {rig_file.rig.name}", caption, 9.0, 5.8)
        (top, aside), (timbre, effort) = figure.subplots(2, 2)
        draw_methods(top, freqs, level, "level difference off (dB)" if virtual else "separation of the ears (dB)", METHODS_HZ, theme)
        top.set_ylim(methods_range(level, 5.0, (-5.0, 5.0), (-15.0, 15.0)) if virtual else (-5.0, 45.0))
        if virtual:
            draw_methods(aside, late[0], late[1], "time difference off (µs)", ITD_HZ, theme)
            aside.set_ylim(methods_range(late[1], 100.0, (-100.0, 100.0), (-500.0, 500.0)))
            aside.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.8)
        else:
            draw_spread(aside, poses, NOMINAL_POSE, "separation at 27 head poses (dB)", theme)
        timbres = [(name, c.timbre_db) for name, c in curves.items()]
        draw_methods(timbre, freqs, timbres, "timbre re target (dB)", METHODS_HZ, theme)
        if not virtual:
            timbre.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.8)
        timbre.set_ylim(methods_range(timbres, 3.0, (-6.0, 6.0), (-21.0, 12.0)))
        decibels_every(timbre, 3.0)
        efforts = [(name, c.effort_db) for name, c in curves.items()]
        draw_methods(effort, freqs, efforts, "effort (dB)", METHODS_HZ, theme)
        effort.set_ylim(methods_range(efforts, 6.0, (-6.0, 6.0), (-18.0, 30.0)))
        decibels_every(effort, 6.0)
        return figure

    return draw


def _late_us(all_weights: dict[str, SideWeights], rig_file: RigFile) -> tuple[NDArray, list[tuple[str, NDArray]]]:
    """Time difference less that of a real pair, (freqs,) microseconds of every method."""
    out, centres = [], np.empty(0)
    for name, weights in all_weights.items():
        sides, real = cues_of_the_pair(weights, rig_file, top_hz=2 * ITD_HZ[1])
        told = ~np.isnan(real[LEFT].itd_us)
        centres = real[LEFT].centres_hz[told]
        out.append((name, (sides[LEFT].itd_us - real[LEFT].itd_us)[told]))
    return centres, out


def trade_curves(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """What an effort cap buys, and the level it costs; of the rig alone, whatever bank there is."""
    rows = trade(rig_file)
    caps = np.array(CAPS_DB)
    cap_db = cap_in_force_db(rig_file)
    column = {name: np.array([getattr(row, name) for row in rows]) for name in vars(rows[0])}
    spread = rig_file.rig.tolerance
    caption = captioned(
        f"Closed form at the nominal pose, before filters; dotted: the cap in force. {AGAINST}Level: loudest driver's feed over the "
        f"input, one side, pink noise {PINK_HZ[0]:.0f} Hz-{PINK_HZ[1] / 1000:.0f} kHz. Null: far ear silenced as far as effort allows, "
        "worst third octave 315 Hz-6.3 kHz, shown up to 40 dB. "
        f"Nine of ten: loudspeakers whose drivers differ by ±{spread.gain_db:g} dB and ±{spread.phase_deg:g}°.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"What effort buys: {rig_file.rig.name}", caption, 8.0, 5.4)
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

    return draw
