"""Every kind of picture of a bank: what is computed for it, its title and its caption.

The pictures themselves are drawn by ``spatial.plots``, the numbers come from ``spatial.analysis``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spatial.analysis.asked import asked_separation_db
from spatial.analysis.beam_pattern import beam_pattern
from spatial.analysis.cancellation import cancellation_curves
from spatial.analysis.width_pair import width_curves
from spatial.errors import UsageError
from spatial.filters import FilterMatrix
from spatial.plots.beam import draw_beam_map, draw_level_scale
from spatial.plots.cancellation import draw_effort, draw_separation, effort_range, separation_range
from spatial.plots.filters import draw_impulses, draw_magnitudes, loud_span_ms
from spatial.plots.plan import plan_figure
from spatial.plots.polar import draw_polar
from spatial.plots.style import LIGHT, MINUS, Theme, decibels, new_figure, themed
from spatial.plots.width import draw_ear_levels, draw_level_difference, draw_time_difference
from spatial.rig.model import RigFile
from spatial.units import power_db

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEAM_HZ, BEAM_FREQS, BEAM_STEP_DEG = (150.0, 8000.0), 240, 1.5
POLAR_BANDS_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
POLAR_PER_BAND, POLAR_STEP_DEG = 9, 2.0
CURVE_HZ, CURVE_FREQS = (50.0, 20000.0), 400
HIGHEST_SHARE_OF_FS = 0.45  # pictures end before the filters' band limit does

Draw = Callable[[FilterMatrix, RigFile, str, Theme], "Figure"]


def bank_figure(kind: str, bank: FilterMatrix, rig_file: RigFile, command: str = "", theme: Theme = LIGHT) -> Figure:
    """One picture of a bank.

    Parameters
    ----------
    kind : str
        "beam", "polar", "cancellation" (loudspeakers), "width" (headphones), or "filters".
    bank : FilterMatrix
    rig_file : RigFile
        The rig to judge it on.
    command : str
        The command that makes the picture, for the caption.
    theme : Theme

    Raises
    ------
    UsageError
        A kind that is not there, or that this rig cannot have.
    """
    refuse_kind(kind, rig_file)
    with themed(theme):
        return KINDS[kind](bank, rig_file, command, theme)


def plan_picture(rig_file: RigFile, theme: Theme = LIGHT, command: str = "") -> Figure:
    """Rig, virtual pair and listener from above."""
    return plan_figure(rig_file.rig, rig_file.scene, command, theme)


def kinds_of(rig_file: RigFile) -> tuple[str, ...]:
    """The kinds of picture that a rig can have, in the order of a report."""
    return ("width", "filters") if rig_file.rig.kind == "headphones" else ("beam", "polar", "cancellation", "filters")


def refuse_kind(kind: str, rig_file: RigFile) -> None:
    """UsageError where a rig cannot have this kind of picture."""
    if kind not in KINDS:
        raise UsageError(f"no picture '{kind}'; there are {', '.join(KINDS)}")
    if kind not in kinds_of(rig_file):
        reason = {
            "headphones": "headphones radiate nothing and cancel nothing",
            "loudspeakers": "the width pair alone is heard on headphones only",
        }[rig_file.rig.kind]
        raise UsageError(f"'{rig_file.rig.name}' has no picture '{kind}': {reason}; it has {', '.join(kinds_of(rig_file))}")


# ------------------------------------------------------------------------------------------------- loudspeakers


def _beam(bank: FilterMatrix, rig_file: RigFile, command: str, theme: Theme) -> Figure:
    freqs = np.geomspace(BEAM_HZ[0], min(BEAM_HZ[1], HIGHEST_SHARE_OF_FS * bank.fs), BEAM_FREQS)
    pattern = beam_pattern(bank, rig_file, freqs, np.arange(-180.0, 180.1, BEAM_STEP_DEG))
    caption = _caption(
        "Far field, horizontal plane. Level re the listening axis at every frequency, no smoothing. Colour steps of 3 dB and one of ±1 dB "
        f"around the axis; lines at {MINUS}3 dB (thin), {MINUS}6 dB (bold) and {MINUS}12 dB (dotted); dashed guides at ±45° and ±90°.",
        command,
    )
    figure = new_figure(f"Beam of the centre path: {rig_file.rig.name}", caption)
    axes = draw_beam_map(figure.add_subplot(), pattern.freqs, pattern.azimuth_deg, pattern.level_db)
    draw_level_scale(figure, [axes])
    return figure


def _polar(bank: FilterMatrix, rig_file: RigFile, command: str, theme: Theme) -> Figure:
    azimuth = np.arange(-180.0, 180.1, POLAR_STEP_DEG)
    bands = [f for f in POLAR_BANDS_HZ if f * 2 ** (1 / 6) <= HIGHEST_SHARE_OF_FS * bank.fs]
    within = 2 ** (((np.arange(POLAR_PER_BAND) + 0.5) / POLAR_PER_BAND - 0.5) / 3)
    pattern = beam_pattern(bank, rig_file, np.outer(bands, within).ravel(), azimuth)
    power = 10 ** ((pattern.level_db + pattern.on_axis_db[:, None]) / 10)
    power = power.reshape(len(bands), POLAR_PER_BAND, len(azimuth)).mean(axis=1)
    on_axis = (10 ** (pattern.on_axis_db / 10)).reshape(len(bands), POLAR_PER_BAND).mean(axis=1)
    caption = _caption(
        "Far field, horizontal plane, from above as in the plan view. Power averaged over each third octave, re the listening axis.",
        command,
    )
    figure = new_figure(f"Centre path around the rig: {rig_file.rig.name}", caption, 8.0, 6.0)
    grid = figure.subplots(2, int(np.ceil(len(bands) / 2)), subplot_kw={"projection": "polar"}, squeeze=False)
    for axes, band, row in zip(grid.flat, bands, power_db(power / on_axis[:, None]), strict=False):
        draw_polar(axes, azimuth, row, theme)
        axes.set_title(f"{band / 1000:g} kHz" if band >= 1000 else f"{band:g} Hz")
    for axes in grid.flat[len(bands) :]:
        axes.remove()
    return figure


def _cancellation(bank: FilterMatrix, rig_file: RigFile, command: str, theme: Theme) -> Figure:
    freqs = np.geomspace(CURVE_HZ[0], min(CURVE_HZ[1], HIGHEST_SHARE_OF_FS * bank.fs), CURVE_FREQS)
    pair, mode = rig_file.scene.virtual_pair, rig_file.design.crosstalk.mode
    in_words = {
        "virtual": f"Asked: the ears' levels from a real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m. ",
        "target": "Asked: the target cancellation gain. ",
        "null": "Asked: no leak, as far as effort allows. ",
    }[mode]
    caption = _caption(
        f"{in_words}Separation = level at the near ear over the far ear, head at its nominal place; effort = drive power re the reference "
        "driver alone; timbre = level at the near ear re the tone target. No smoothing.",
        command,
    )
    figure = new_figure(f"Cancellation at the ears: {rig_file.rig.name}", caption, 8.0, 5.6)
    grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(2, 1))
    curves, asked = cancellation_curves(bank, rig_file, freqs), asked_separation_db(rig_file, freqs)
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


# -------------------------------------------------------------------------------------------------------- either


def _filters(bank: FilterMatrix, rig_file: RigFile, command: str, theme: Theme) -> Figure:
    freqs = np.geomspace(20.0, min(20000.0, bank.fs / 2), CURVE_FREQS)
    spectrum = bank.spectrum(freqs)
    caption = _caption(
        f"Headroom gain ({decibels(bank.headroom_gain_db)}) not included. Impulse responses of one input on one linear scale; "
        f"time 0 is the latency of {bank.latency_samples} samples. No smoothing.",
        command,
    )
    rows = len(bank.input_names)
    figure = new_figure(f"Filters: {rig_file.rig.name}", caption, 8.0, 1.2 + rows * max(1.7, 0.28 * len(bank.driver_names)))
    grid = figure.subplots(rows, 2, sharex="col", squeeze=False)
    for i, name in enumerate(bank.input_names):
        draw_impulses(grid[i, 0], bank.taps[:, i], bank.fs, bank.latency_samples, bank.driver_names, theme)
        draw_magnitudes(grid[i, 1], freqs, spectrum[:, :, i], bank.driver_names, theme)
        grid[i, 0].set_title(f"input {name}")
    grid[0, 0].set_xlim(loud_span_ms(bank.taps, bank.fs, bank.latency_samples))
    for axes in grid[:-1].flat:
        axes.set_xlabel("")
    return figure


def _width(bank: FilterMatrix, rig_file: RigFile, command: str, theme: Theme) -> Figure:
    freqs = np.geomspace(CURVE_HZ[0], min(CURVE_HZ[1], HIGHEST_SHARE_OF_FS * bank.fs), CURVE_FREQS)
    curves = width_curves(bank, rig_file, freqs)
    pair = rig_file.scene.virtual_pair
    caption = _caption(
        "Left input; the right one is its mirror image. Sphere: exact series of a rigid sphere of "
        f"{rig_file.scene.listener.head_radius_m * 1000:g} mm radius, source at {pair.angle_deg:g}°, {pair.distance_m:g} m. "
        "ITD from the phase between the ears. No smoothing.",
        command,
    )
    figure = new_figure(f"Width pair: {rig_file.rig.name}", caption, 10.0, 3.8)
    grid = figure.subplots(1, 3)
    draw_level_difference(grid[0], freqs, curves.ild_db, curves.sphere_ild_db, theme).legend(loc="upper left")
    draw_time_difference(grid[1], freqs, curves.itd_us, curves.sphere_itd_us, theme).legend(loc="lower left")
    draw_ear_levels(grid[2], freqs, curves.ipsi_db, curves.contra_db, theme).legend(loc="lower left")
    return figure


def _caption(text: str, command: str) -> str:
    return f"{text}\n{command}" if command else text


KINDS: dict[str, Draw] = {"beam": _beam, "polar": _polar, "cancellation": _cancellation, "filters": _filters, "width": _width}
