"""Pictures of the centre path around the rig: heat maps, polars, balloons, curves per third octave, and CTA-2034-A averages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.acoustics.points import FarField, seat_azimuth_deg
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_bands import BandPlant, BeamBands, beam_bands
from spatial.analysis.beam_figures import BeamPattern, beam_pattern, pressure
from spatial.analysis.spans import in_hz
from spatial.analysis.spinorama import Spinorama, spinorama
from spatial.analysis.study import Study
from spatial.analysis.tone_match import ToneMatch, tone_match
from spatial.base.arrays import Angles, Freqs, Levels, Real
from spatial.base.units import db, inside_thirds, mean_of_each, power_db, third_octave_centres
from spatial.catalogue.picture import Look, Picture
from spatial.plots.balloon import balloon_scale, draw_balloon
from spatial.plots.beam import draw_beam_map, draw_level_scale
from spatial.plots.directivity import draw_beam_effort, draw_beamwidth, draw_index, draw_side_rejection, draw_spinorama, draw_tone
from spatial.plots.polar import draw_polar
from spatial.plots.style import MINUS, new_figure
from spatial.rig.geometry import direction
from spatial.rig.model import RigFile
from spatial.targets.beam_directions import around, effort_limit_db
from spatial.targets.solution import Weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEAM_HZ, BEAM_FREQS, BEAM_STEP_DEG = (150.0, 8000.0), 240, 1.5
POLAR_BANDS_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
POLAR_PER_BAND, POLAR_STEP_DEG = 9, 2.0
CURVE_BANDS_HZ = (125.0, 8000.0)
BALLOON_HZ, BALLOON_STEP_DEG = (500.0, 1000.0, 2000.0, 4000.0), 6.0
SPINORAMA_HZ, SPINORAMA_FREQS, NORMAL_HZ = (80.0, 16000.0), 240, (250.0, 4000.0)
MAP_WORDS = (
    "Level re 0° at every frequency, no smoothing. Colour steps of 3 dB and one of ±1 dB "
    f"around that; lines at {MINUS}3 dB (thin), {MINUS}6 dB (bold) and {MINUS}12 dB (dotted); dashed guides at ±45° and ±90°."
)
ABOVE_AXES: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "fontsize": 7, "borderaxespad": 0.2}


def where_words(rig_file: RigFile) -> str:
    """Where a picture of the horizontal plane is taken, and what its 0° is."""
    body = rig_file.rig.enclosure.shape in ("sphere", "cylinder")
    place = "Far field, horizontal plane" if body else "On the circle around the rig that runs through the listener's head"
    return f"{place}; 0° is {axis_words(rig_file)}."


def ahead(rig_file: RigFile) -> str:
    """What lies at 0° of a beam, in one word."""
    return "listener" if rig_file.design.beam.axis == "listener" else "front"


def axis_words(rig_file: RigFile) -> str:
    """What a beam calls 0°."""
    return "towards the listener" if rig_file.design.beam.axis == "listener" else "the rig's front"


def map_frequencies(study: Study) -> Freqs:
    """Frequencies of the heat maps: even over log frequency, 150 Hz-8 kHz."""
    return np.geomspace(BEAM_HZ[0], min(BEAM_HZ[1], study.top_hz), BEAM_FREQS)


def map_azimuths(rig_file: RigFile) -> Real:
    """Azimuths of the heat maps: all around, or the half that a wall leaves."""
    reach_deg = 90.0 if rig_file.rig.enclosure.shape == "baffle" else 180.0
    return np.arange(-reach_deg, reach_deg + 0.1, BEAM_STEP_DEG)


# ------------------------------------------------------------------------------------------------------------ heat maps


def beam(study: Study) -> BeamPattern:
    """The bank's beam over frequency and azimuth."""
    return beam_pattern(study, map_frequencies(study), map_azimuths(study.rig_file))


def draw_beam(data: BeamPattern, look: Look) -> Figure:
    """Draw the beam as a heat map.

    Parameters
    ----------
    data : BeamPattern
    look : Look
    """
    figure = new_figure(look.titled("Beam of the centre path"), look.captioned(f"{where_words(look.rig_file)} {MAP_WORDS}"))
    axes = draw_beam_map(figure.add_subplot(), data.freqs, data.azimuth_deg, data.level_db, ahead(look.rig_file))
    draw_level_scale(figure, [axes])
    return figure


@dataclass(frozen=True, eq=False)
class Panels:
    """What the same drivers can do.

    Attributes
    ----------
    freqs : (freqs,) Hz
    azimuth_deg : (azimuths,) degrees
    level_db : dict
        Name -> (freqs, azimuths) re on axis.
    """

    freqs: Freqs
    azimuth_deg: Angles
    level_db: dict[str, Levels]


def panels(study: Study) -> Panels:
    """Levels of all drivers equal, of the best static matrix, and of the beam."""
    found, simpler = study.of(beam), study.simple_beams
    level_db = {
        "all drivers equal": _level_db(study.rig_file, simpler["all_equal"], found),
        "best static matrix": _level_db(study.rig_file, simpler["static_matrix"], found),
        "beamformer": found.level_db,
    }
    return Panels(found.freqs, found.azimuth_deg, level_db)


def _level_db(rig_file: RigFile, weights: Weights, like: BeamPattern) -> Levels:
    """Level of weights that are 1 on axis, (freqs, azimuths)."""
    g = transfer_matrix(rig_file.rig, around(rig_file, like.azimuth_deg), like.freqs, rig_file.scene.medium)
    return db((g @ weights(like.freqs)[:, :, None])[:, :, 0])


def draw_panels(data: Panels, look: Look) -> Figure:
    """Draw heat maps side by side.

    Parameters
    ----------
    data : Panels
    look : Look
    """
    caption = look.captioned(
        f"{where_words(look.rig_file)} {MAP_WORDS} Static matrix: real gains, the same at all frequencies, chosen for side rejection under "
        "the beam's own bounds."
    )
    figure = new_figure(look.titled("What the same drivers can do"), caption, 12.0, 4.4)
    grid = figure.subplots(1, len(data.level_db), sharey=True)
    for axes, (name, level_db) in zip(grid, data.level_db.items(), strict=True):
        draw_beam_map(axes, data.freqs, data.azimuth_deg, level_db, ahead(look.rig_file))
        axes.set_title(name)
    for axes in grid[1:]:
        axes.set_ylabel("")
        axes.tick_params(labelleft=False)
    draw_level_scale(figure, list(grid))
    return figure


# ---------------------------------------------------------------------------------------------------- polars, balloons


@dataclass(frozen=True, eq=False)
class Polars:
    """Level re 0 degrees of third octaves around the rig, (bands, azimuths)."""

    bands_hz: Freqs
    azimuth_deg: Angles
    level_db: Levels


def polar(study: Study) -> Polars:
    """Levels around the rig in third octaves, powers averaged inside."""
    azimuth = np.arange(-180.0, 180.1, POLAR_STEP_DEG)
    bands = np.array([f for f in POLAR_BANDS_HZ if f * 2 ** (1 / 6) <= study.top_hz])
    pattern = beam_pattern(study, inside_thirds(bands, POLAR_PER_BAND), azimuth)
    power = mean_of_each(10 ** ((pattern.level_db + pattern.on_axis_db[:, None]) / 10), POLAR_PER_BAND)
    on_axis = mean_of_each(10 ** (pattern.on_axis_db / 10), POLAR_PER_BAND)
    return Polars(bands, azimuth, power_db(power / on_axis[:, None]))


def draw_polars(data: Polars, look: Look) -> Figure:
    """Draw a polar for each third octave, seen from above.

    Parameters
    ----------
    data : Polars
    look : Look
    """
    caption = look.captioned(f"{where_words(look.rig_file)} From above as in the plan view. Power averaged over each third octave, re 0°.")
    figure = new_figure(look.titled("Centre path around the rig"), caption, 8.0, 6.0)
    grid = figure.subplots(2, int(np.ceil(len(data.bands_hz) / 2)), subplot_kw={"projection": "polar"}, squeeze=False)
    for axes, band, row in zip(grid.flat, data.bands_hz, data.level_db, strict=False):
        draw_polar(axes, data.azimuth_deg, row, look.theme, ahead(look.rig_file))
        axes.set_title(in_hz(band))
    for axes in grid.flat[len(data.bands_hz) :]:
        axes.remove()
    return figure


@dataclass(frozen=True, eq=False)
class Balloons:
    """Level re 0 degrees in all directions far away, (freqs, elevations, azimuths)."""

    freqs: Freqs
    elevation_deg: Angles
    azimuth_deg: Angles
    level_db: Levels


def balloon(study: Study) -> Balloons:
    """Levels in all directions at four frequencies."""
    rig_file = study.rig_file
    elevation, azimuth = np.arange(-90.0, 90.1, BALLOON_STEP_DEG), np.arange(-180.0, 180.1, BALLOON_STEP_DEG)
    freqs = np.array([f for f in BALLOON_HZ if f <= study.top_hz])
    axis_deg = seat_azimuth_deg(rig_file.scene.listener, rig_file.design.beam.axis)
    everywhere = direction(azimuth + axis_deg, elevation[:, None]).reshape(-1, 3)
    p = np.abs(pressure(study, FarField(np.concatenate([everywhere, direction(axis_deg)[None]])), freqs))
    return Balloons(freqs, elevation, azimuth, db(p[:, :-1] / p[:, -1:]).reshape(len(freqs), len(elevation), len(azimuth)))


def draw_balloons(data: Balloons, look: Look) -> Figure:
    """Draw a balloon for each frequency.

    Parameters
    ----------
    data : Balloons
    look : Look
    """
    caption = look.captioned(
        f"Far field, all directions, re 0°, {axis_words(look.rig_file)}, at single frequencies, no smoothing; the surface shrinks to the "
        "centre at −24 dB. Seen from above the right shoulder of somebody at 0°, where the line leads: the page's right is their right."
    )
    figure = new_figure(look.titled("Balloons of the centre path"), caption, 11.0, 3.7)
    grid = figure.subplots(1, len(data.freqs), subplot_kw={"projection": "3d"}, squeeze=False)[0]
    directions = direction(data.azimuth_deg, data.elevation_deg[:, None])
    for axes, hz, levels in zip(grid, data.freqs, data.level_db, strict=True):
        draw_balloon(axes, directions, levels, look.theme, ahead(look.rig_file))
        axes.set_title(in_hz(hz))
    balloon_scale(figure, list(grid))
    return figure


# --------------------------------------------------------------------------------------------------------------- curves


@dataclass(frozen=True, eq=False)
class Directivity:
    """The beam per third octave.

    Attributes
    ----------
    ours : BeamBands
    simpler : dict
        Name -> BeamBands of two simpler beams.
    cap_db : (bands,)
        Effort cap.
    """

    ours: BeamBands
    simpler: dict[str, BeamBands]
    cap_db: Levels


def directivity(study: Study) -> Directivity:
    """Side rejection with its tolerance, directivity index, beamwidth and effort."""
    bands = third_octave_centres(*CURVE_BANDS_HZ)
    bands = bands[bands * 2 ** (1 / 6) <= study.top_hz]
    words = {"reference": "reference alone", "all_equal": "all drivers equal"}
    plant = BandPlant.of(study.rig_file, bands)
    simpler = {words[name]: beam_bands(plant, weights, tolerance=False) for name, weights in study.simple_beams.items() if name in words}
    return Directivity(beam_bands(plant, study.center), simpler, effort_limit_db(study.rig_file, bands))


def draw_directivity(data: Directivity, look: Look) -> Figure:
    """Draw four panels over frequency.

    Parameters
    ----------
    data : Directivity
    look : Look
    """
    ours, theme = data.ours, look.theme
    bands, p10 = ours.bands_hz, ours.p10_db
    assert p10 is not None
    caption = look.captioned(
        f"{where_words(look.rig_file)} Third octaves, powers averaged inside. Side rejection: on axis over the mean power at ±80°, ±90° "
        "and ±100°, shaded down to what nine of ten loudspeakers reach with ±1 dB, ±5° and ±2 mm in every driver. "
        "Directivity index: far field. Effort: drive power over the reference alone."
    )
    figure = new_figure(look.titled("Directivity of the centre path"), caption, 9.5, 6.0)
    grid = figure.subplots(2, 2)
    beside = {name: found.side_db for name, found in data.simpler.items()}
    draw_side_rejection(grid[0, 0], bands, ours.side_db, ours.side90_db, p10, beside, theme).legend(**ABOVE_AXES, ncols=3)
    others = {name: found.di_db for name, found in data.simpler.items()}
    draw_index(grid[0, 1], bands, ours.di_db, others, theme).legend(**ABOVE_AXES, ncols=3)
    draw_beamwidth(grid[1, 0], bands, ours.bw6_deg, theme)
    draw_beam_effort(grid[1, 1], bands, ours.effort_db, data.cap_db, theme).legend(**ABOVE_AXES, ncols=2)
    return figure


def averages(study: Study) -> Spinorama:
    """The averages of CTA-2034-A."""
    return spinorama(study, np.geomspace(SPINORAMA_HZ[0], min(SPINORAMA_HZ[1], study.top_hz), SPINORAMA_FREQS))


def draw_averages(data: Spinorama, look: Look) -> Figure:
    """Draw levels and indices over frequency.

    Parameters
    ----------
    data : Spinorama
    look : Look
    """
    inside = (data.freqs >= NORMAL_HZ[0]) & (data.freqs <= NORMAL_HZ[1])
    mean = float(power_db(np.mean(10 ** (data.on_axis_db[inside] / 10))))
    levels = {
        "on axis": data.on_axis_db - mean,
        "listening window": data.listening_window_db - mean,
        "early reflections": data.early_reflections_db - mean,
        "sound power": data.sound_power_db - mean,
    }
    indices = {"early reflections index": data.di_early_reflections_db, "sound power index": data.di_sound_power_db}
    caption = look.captioned(
        "The centre path in the averages of CTA-2034-A: 70 directions on a horizontal and a vertical orbit, far field, no smoothing. "
        f"The axis is the direction {axis_words(look.rig_file)}. Indices are against the listening window."
    )
    figure = new_figure(look.titled("Spinorama of the centre path"), caption, 8.5, 5.0)
    axes = draw_spinorama(figure.add_subplot(), data.freqs, levels, indices, look.theme)
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    return figure


def draw_one_tone(data: ToneMatch, look: Look) -> Figure:
    """Draw sides and centre against their tone targets per third octave, and what they differ by.

    Parameters
    ----------
    data : ToneMatch
    look : Look
    """
    caption = look.captioned(
        f"Tone '{look.rig_file.design.tone}'. Sides: level at the near ear over its target; centre: level at the seat over its target, "
        "centre gain taken out; levels averaged over third octaves. Difference: the side that is further from the centre, less the centre."
    )
    figure = new_figure(look.titled("One tone for left, right and centre"), caption, 8.0, 4.2)
    curves = {"left": np.array(data.left_db), "right": np.array(data.right_db), "center": np.array(data.center_db)}
    apart, bands = np.array(data.sides_minus_centre_db), np.array(data.third_octaves_hz)
    draw_tone(figure.add_subplot(), bands, curves, apart, look.theme).legend(ncols=4, loc="upper left")
    return figure


PICTURES: tuple[Picture[Any], ...] = (
    Picture("beam", "Beam", "Where the centre path goes, over frequency.", beam, draw_beam),
    Picture(
        "panels",
        "Beside simpler beams",
        "The same drivers all in phase, with the best gains that hold at all frequencies, and as a beam.",
        panels,
        draw_panels,
    ),
    Picture(
        "directivity",
        "Directivity",
        "Side rejection and what tolerances leave of it, directivity index, beamwidth, drive power.",
        directivity,
        draw_directivity,
    ),
    Picture("polar", "Around the rig", "The same in third octaves, seen from above.", polar, draw_polars),
    Picture("balloon", "In all directions", "The level far away as the distance of a surface.", balloon, draw_balloons),
    Picture("spinorama", "Spinorama", "The averages of CTA-2034-A, far away.", averages, draw_averages),
)
TONE = Picture(
    "tone",
    "One tone",
    "What left, right and centre make of their common tone: a source that moves across them keeps its colour.",
    tone_match,
    draw_one_tone,
)
