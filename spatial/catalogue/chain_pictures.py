"""Pictures of the whole chain: when its paths arrive, how loud a panned source is, and what the upmix did with a programme.

Upmix and limiter belong to the `dsp` room, which this one does not know: the study has them handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.analysis.chain_latency import PathLatency, chain_latency
from spatial.analysis.pan_sweep import PanSweep, pan_sweep
from spatial.analysis.study import ChainParts, Study
from spatial.analysis.upmix_activity import UpmixActivity
from spatial.base.errors import UsageError
from spatial.catalogue.picture import Look, Picture
from spatial.plots.chain import draw_latency, draw_pan_bands, draw_pan_level
from spatial.plots.style import MINUS, Theme, new_figure, themed
from spatial.plots.upmix import RANGE_DB, draw_activity, draw_correlation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STAGES = ("upmix", "filters", "limiter", "air")
PATH_WORDS = {"left": "left side L'", "right": "right side R'", "center": "centre C"}


def parts_of(study: Study) -> ChainParts:
    """The chain around the filters.

    Raises
    ------
    UsageError
        The study has none.
    """
    if study.parts is None:
        raise UsageError("a picture of the whole chain needs its upmix and its limiter")
    return study.parts()


@dataclass(frozen=True)
class Latency:
    """When each path arrives, and the stated delays in frames at fs."""

    paths: dict[str, PathLatency]
    fs: int
    upmix_frames: int
    filter_frames: int
    limiter_frames: int


def latency(study: Study) -> Latency:
    """The chain's delays, path by path."""
    parts = parts_of(study)
    found = chain_latency(study, parts.upmix_frames, parts.limiter_frames)
    return Latency(found, study.bank.fs, parts.upmix_frames, study.bank.latency_samples, parts.limiter_frames)


def draw_arrival(data: Latency, look: Look) -> Figure:
    """Draw a bar for each path.

    Parameters
    ----------
    data : Latency
    look : Look
    """
    ms = 1e3 * np.array([[path.upmix_s, path.filters_s, path.limiter_s, path.air_s] for path in data.paths.values()])
    apart = float(np.ptp([path.arrival_s for path in data.paths.values()]) * data.fs)
    total = data.upmix_frames + data.filter_frames + data.limiter_frames
    caption = look.captioned(
        f"Stated latency {total} samples ({total / data.fs * 1e3:.1f} ms): upmix {data.upmix_frames}, filters {data.filter_frames}, "
        f"limiter {data.limiter_frames}. Arrival = slope of the phase at the ears re the tone target, 300 Hz-4 kHz; air = from the path's "
        f"reference to the centre of the head. The arrivals are {apart:.2f} samples apart."
    )
    shown = [i for i in range(len(STAGES)) if ms[:, i].any()]
    figure = new_figure(look.titled("Arrival of the three paths"), caption, 8.0, 3.4)
    names, stages = [PATH_WORDS[path] for path in data.paths], [STAGES[i] for i in shown]
    draw_latency(figure.add_subplot(), names, stages, ms[:, shown], look.theme)
    return figure


@dataclass(frozen=True, eq=False)
class Pan:
    """A source panned from left to right, and the upmix it went through."""

    sweep: PanSweep
    upmix: str


def pan(study: Study) -> Pan:
    """Levels of a panned source at the ears, through upmix and filters."""
    return Pan(pan_sweep(study, parts_of(study).upmix), study.bank.recipe.upmix)


def draw_pan(data: Pan, look: Look) -> Figure:
    """Draw the sum above, band by band below.

    Parameters
    ----------
    data : Pan
    look : Look
    """
    sweep, pair = data.sweep, look.rig_file.scene.virtual_pair
    gain_db = float((sweep.as_loud_db - sweep.level_db)[0])
    caption = look.captioned(
        f"Steady pink noise through upmix ({data.upmix}) and filters; power at both ears in third octaves 315 Hz-8 kHz beside a "
        f"real pair at ±{pair.angle_deg:g}°, {pair.distance_m:g} m. Above: the sum, with {gain_db:+.1f} dB of playback level throughout; "
        f"dashed: +1 and {MINUS}3 dB. Below: band by band, as it is: the phantom of a real pair combs at the ears, a centre "
        "from one place does not, and one from drivers far apart does in its own way."
    )
    figure = new_figure(look.titled("A source panned across"), caption, 8.0, 6.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.3))
    draw_pan_level(upper, sweep.pans, sweep.as_loud_db, look.theme).set_xlabel("")
    mesh = draw_pan_bands(lower, sweep.pans, sweep.bands_hz, sweep.bands_db, look.theme)
    figure.colorbar(mesh, ax=lower, label="re a real pair (dB)", pad=0.02)
    return figure


PICTURES: tuple[Picture[Any], ...] = (
    Picture(
        "latency",
        "Arrival",
        "Upmix, filters, limiter and the way through the air: left, right and centre arrive together.",
        latency,
        draw_arrival,
        whole_chain=True,
    ),
    Picture(
        "pan",
        "Panned across",
        "A source that moves from left to right through upmix and filters, beside a real pair of loudspeakers.",
        pan,
        draw_pan,
        whole_chain=True,
    ),
)


def activity_figure(found: UpmixActivity, name: str, method: str, theme: Theme, command: str = "") -> Figure:
    """What an upmix did with a file. It needs no bank, so it is none of a bank's pictures.

    Parameters
    ----------
    found : UpmixActivity
    name : str
        Of the file.
    method : str
        Of the upmix.
    theme : Theme
    command : str
        The command that makes the picture, for the caption.
    """
    levels, (of_centre, of_static) = found.level_db, found.correlation
    mean = float(np.nanmean(of_centre)) if np.isfinite(of_centre).any() else float("nan")
    caption = (
        f"Upmix {method}. Levels in third octaves re a full-scale sine, Hann frames half overlapped; one scale for all three, {RANGE_DB:g} "
        f"dB. Correlation over the whole file; its mean over the bands is {mean:.2f}."
    )
    with themed(theme):
        figure = new_figure(f"Where the sound goes: {name}", f"{caption}\n{command}" if command else caption, 8.0, 8.4)
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
