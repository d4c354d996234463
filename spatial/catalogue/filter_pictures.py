"""Pictures of the filters themselves, and of the width pair of headphones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.analysis.study import Study
from spatial.analysis.width_pair import WidthCurves, width_curves
from spatial.base.arrays import Firs, Freqs, Real
from spatial.catalogue.picture import HEADPHONES, LOUDSPEAKERS, Look, Picture
from spatial.catalogue.side_pictures import curve_frequencies
from spatial.plots.filters import draw_impulses, draw_magnitudes, loud_span_ms
from spatial.plots.style import decibels, new_figure
from spatial.plots.width import draw_ear_levels, draw_level_difference, draw_time_difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALLEST_IN = 14.0  # of the responses to one input
FILTER_HZ, FILTER_FREQS = (20.0, 20000.0), 400


@dataclass(frozen=True, eq=False)
class Filters:
    """Every filter of a bank; the headroom gain is not in them.

    Attributes
    ----------
    taps : (drivers, inputs, n_taps)
    fs, latency_samples : int
    input_names, driver_names : tuple of str
    headroom_gain_db : float
    freqs : (freqs,) Hz
    gain : (freqs, drivers, inputs)
        Linear.
    """

    taps: Firs
    fs: int
    latency_samples: int
    input_names: tuple[str, ...]
    driver_names: tuple[str, ...]
    headroom_gain_db: float
    freqs: Freqs
    gain: Real


def filters(study: Study) -> Filters:
    """Every filter of a bank."""
    bank = study.bank
    freqs = np.geomspace(FILTER_HZ[0], min(FILTER_HZ[1], bank.fs / 2), FILTER_FREQS)
    named = bank.input_names, bank.driver_names
    return Filters(bank.taps, bank.fs, bank.latency_samples, *named, bank.headroom_gain_db, freqs, np.abs(bank.spectrum(freqs)))


def draw_filters(data: Filters, look: Look) -> Figure:
    """Draw impulse responses and magnitudes, a row for each input.

    Parameters
    ----------
    data : Filters
    look : Look
    """
    caption = look.captioned(
        f"Headroom gain ({decibels(data.headroom_gain_db)}) not included. Impulse responses of one input on one linear scale; "
        f"time 0 is the latency of {data.latency_samples} samples. No smoothing."
    )
    rows, drivers = len(data.input_names), data.driver_names
    height_in = 1.2 + rows * float(np.clip(0.28 * len(drivers), 1.7, TALLEST_IN))
    figure = new_figure(look.titled("Filters"), caption, 8.0, height_in)
    grid = figure.subplots(rows, 2, sharex="col", squeeze=False)
    for i, name in enumerate(data.input_names):
        draw_impulses(grid[i, 0], data.taps[:, i], data.fs, data.latency_samples, drivers, look.theme)
        draw_magnitudes(grid[i, 1], data.freqs, data.gain[:, :, i].astype(complex), drivers, look.theme)
        grid[i, 0].set_title(f"input {name}")
    grid[0, 0].set_xlim(loud_span_ms(data.taps, data.fs, data.latency_samples))
    for axes in grid[:-1].flat:
        axes.set_xlabel("")
    return figure


def width(study: Study) -> WidthCurves:
    """The width pair beside the sphere."""
    return width_curves(study, curve_frequencies(study))


def draw_width(data: WidthCurves, look: Look) -> Figure:
    """Draw level difference, time difference, and the filters' levels.

    Parameters
    ----------
    data : WidthCurves
    look : Look
    """
    scene, theme, freqs = look.rig_file.scene, look.theme, data.freqs
    pair = scene.virtual_pair
    caption = look.captioned(
        "Left input; the right one is its mirror image. Sphere: exact series of a rigid sphere of "
        f"{scene.listener.head_radius_m * 1000:g} mm radius, source at {pair.angle_deg:g}°, {pair.distance_m:g} m. "
        "ITD from the phase between the ears. No smoothing."
    )
    figure = new_figure(look.titled("Width pair"), caption, 10.0, 3.8)
    grid = figure.subplots(1, 3)
    draw_level_difference(grid[0], freqs, data.ild_db, data.sphere_ild_db, theme).legend(loc="upper left")
    draw_time_difference(grid[1], freqs, data.itd_us, data.sphere_itd_us, theme).legend(loc="lower left")
    draw_ear_levels(grid[2], freqs, data.ipsi_db, data.contra_db, theme).legend(loc="lower left")
    return figure


FILTERS = Picture("filters", "Filters", "From every input to every driver.", filters, draw_filters, kinds=(LOUDSPEAKERS, HEADPHONES))
WIDTH = Picture(
    "width",
    "Width",
    "The pair of filters between the ears, beside a rigid sphere with the source where the virtual loudspeaker stands.",
    width,
    draw_width,
    kinds=(HEADPHONES,),
)
