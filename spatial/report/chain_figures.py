"""Pictures of the whole chain: when its paths arrive, how loud a panned source is, and what the upmix did with a programme.

Upmix and limiter belong to the render side, which this one does not know: their delays, and the upmix itself, are handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.analysis.chain_latency import chain_latency
from spatial.analysis.pan_sweep import PANS, Upmix, pan_sweep
from spatial.analysis.upmix_activity import UpmixActivity
from spatial.bank.matrix import FilterMatrix
from spatial.plots.chain import draw_latency, draw_pan_bands, draw_pan_level
from spatial.plots.style import MINUS, Theme, new_figure, themed
from spatial.plots.upmix import RANGE_DB, draw_activity, draw_correlation
from spatial.report.side_figures import Drawing, captioned
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STAGES = ("upmix", "filters", "limiter", "air")
PATH_WORDS = {"left": "left side L'", "right": "right side R'", "center": "centre C"}


def in_theme(draw: Drawing) -> Drawing:
    """The drawing with the theme's settings in force."""

    def themed_drawing(theme: Theme) -> Figure:
        with themed(theme):
            return draw(theme)

    return themed_drawing


def latency(bank: FilterMatrix, rig_file: RigFile, upmix_frames: int, limiter_frames: int, command: str = "") -> Drawing:
    """The chain's delays, path by path."""
    found = chain_latency(bank, rig_file, upmix_frames, limiter_frames)
    ms = 1e3 * np.array([[path.upmix_s, path.filters_s, path.limiter_s, path.air_s] for path in found.values()])
    apart = float(np.ptp([path.arrival_s for path in found.values()]) * bank.fs)
    total = upmix_frames + bank.latency_samples + limiter_frames
    caption = captioned(
        f"Stated latency {total} samples ({total / bank.fs * 1e3:.1f} ms): upmix {upmix_frames}, filters {bank.latency_samples}, limiter "
        f"{limiter_frames}. Arrival = slope of the phase at the ears re the tone target, 300 Hz-4 kHz; air = from the path's reference to "
        f"the centre of the head. The arrivals are {apart:.2f} samples apart.",
        command,
    )
    shown = [i for i in range(len(STAGES)) if ms[:, i].any()]

    @in_theme
    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Arrival of the three paths: {rig_file.rig.name}", caption, 8.0, 3.4)
        draw_latency(figure.add_subplot(), [PATH_WORDS[path] for path in found], [STAGES[i] for i in shown], ms[:, shown], theme)
        return figure

    return draw


def pan(bank: FilterMatrix, rig_file: RigFile, upmix: Upmix, command: str = "") -> Drawing:
    """A source panned from left to right, at the ears."""
    sweep = pan_sweep(bank, rig_file, upmix, PANS)
    gain_db = float((sweep.as_loud_db - sweep.level_db)[0])
    pair = rig_file.scene.virtual_pair
    caption = captioned(
        f"Steady pink noise through upmix ({bank.recipe.upmix}) and filters; power at both ears in third octaves 315 Hz-8 kHz beside a "
        f"real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m. Above: the sum, with {gain_db:+.1f} dB of playback level throughout; "
        f"dashed: +1 and {MINUS}3 dB. Below: band by band, as it is: the phantom of a real pair combs at the ears, a centre "
        "from one place does not, and one from drivers far apart does in its own way.",
        command,
    )

    @in_theme
    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"A source panned across: {rig_file.rig.name}", caption, 8.0, 6.2)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.3))
        draw_pan_level(upper, sweep.pans, sweep.as_loud_db, theme).set_xlabel("")
        mesh = draw_pan_bands(lower, sweep.pans, sweep.bands_hz, sweep.bands_db, theme)
        figure.colorbar(mesh, ax=lower, label="re a real pair (dB)", pad=0.02)
        return figure

    return draw


def activity(found: UpmixActivity, name: str, method: str, command: str = "") -> Drawing:
    """What an upmix did with a file."""
    levels, (of_centre, of_static) = found.level_db, found.correlation
    mean = float(np.nanmean(of_centre)) if np.isfinite(of_centre).any() else float("nan")
    caption = captioned(
        f"Upmix {method}. Levels in third octaves re a full-scale sine, Hann frames half overlapped; one scale for all three, {RANGE_DB:g} "
        f"dB. Correlation over the whole file; its mean over the bands is {mean:.2f}.",
        command,
    )

    @in_theme
    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Where the sound goes: {name}", caption, 8.0, 8.4)
        grid = figure.subplots(4, 1, height_ratios=(1, 1, 1, 0.9))
        top_db = float(levels.max(initial=-100.0))
        rows = (("left L'", 0, theme.left), ("centre C", 2, theme.center), ("right R'", 1, theme.right))
        for axes, (title, path, colour) in zip(grid, rows, strict=False):
            if levels.shape[1]:
                mesh = draw_activity(axes, found.times_s, found.bands_hz, levels[path], top_db, colour, theme)
                figure.colorbar(mesh, ax=axes, label="dBFS", pad=0.01)
            axes.set_title(title)
        grid[2].set_xlabel("time (s)")
        draw_correlation(grid[3], found.bands_hz, of_centre, of_static, theme)
        grid[3].set_title("What the centre shares with left minus right")
        return figure

    return draw
