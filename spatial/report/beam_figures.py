"""Pictures of the centre path around the rig: heat maps, polars, curves per third octave, balloons, and CTA-2034-A averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.points import FarField, seat_azimuth_deg
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_bands import Weights, around, beam_bands, effort_limit_db
from spatial.analysis.beam_baselines import baseline_weights
from spatial.analysis.beam_figures import beam_pattern, pressure
from spatial.analysis.spinorama import spinorama
from spatial.analysis.summary import tone_match
from spatial.analysis.weights import effective_weights, highest_hz
from spatial.bank.matrix import FilterMatrix
from spatial.base.units import db, power_db, third_octave_centres
from spatial.plots.balloon import balloon_scale, draw_balloon
from spatial.plots.beam import draw_beam_map, draw_level_scale
from spatial.plots.directivity import draw_beam_effort, draw_beamwidth, draw_index, draw_side_rejection, draw_spinorama, draw_tone
from spatial.plots.polar import draw_polar
from spatial.plots.style import MINUS, Theme, new_figure
from spatial.report.side_figures import Drawing, captioned
from spatial.rig.geometry import direction
from spatial.rig.model import RigFile

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


def map_frequencies(bank: FilterMatrix) -> NDArray[np.float64]:
    """Of the heat maps: even over log frequency, 150 Hz-8 kHz."""
    return np.geomspace(BEAM_HZ[0], min(BEAM_HZ[1], highest_hz(bank)), BEAM_FREQS)


def map_azimuths(rig_file: RigFile) -> NDArray[np.float64]:
    """Of the heat maps: all around, or the half that a wall leaves."""
    reach_deg = 90.0 if rig_file.rig.enclosure.shape == "baffle" else 180.0
    return np.arange(-reach_deg, reach_deg + 0.1, BEAM_STEP_DEG)


def beam(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """The bank's beam as a heat map."""
    pattern = beam_pattern(bank, rig_file, map_frequencies(bank), map_azimuths(rig_file))
    caption = captioned(f"{where_words(rig_file)} {MAP_WORDS}", command)

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Beam of the centre path: {rig_file.rig.name}", caption)
        axes = draw_beam_map(figure.add_subplot(), pattern.freqs, pattern.azimuth_deg, pattern.level_db, ahead(rig_file))
        draw_level_scale(figure, [axes])
        return figure

    return draw


def panels(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Three heat maps: all drivers equal, the best static matrix, and the beam."""
    freqs, azimuth = map_frequencies(bank), map_azimuths(rig_file)
    simpler = baseline_weights(rig_file)
    levels = {
        "all drivers equal": _level_db(rig_file, simpler["all_equal"], freqs, azimuth),
        "best static matrix": _level_db(rig_file, simpler["static_matrix"], freqs, azimuth),
        "beamformer": beam_pattern(bank, rig_file, freqs, azimuth).level_db,
    }
    caption = captioned(
        f"{where_words(rig_file)} {MAP_WORDS} Static matrix: real gains, the same at all frequencies, chosen for side rejection under the "
        "beam's own bounds.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"What the same drivers can do: {rig_file.rig.name}", caption, 12.0, 4.4)
        grid = figure.subplots(1, len(levels), sharey=True)
        for axes, (name, level_db) in zip(grid, levels.items(), strict=True):
            draw_beam_map(axes, freqs, azimuth, level_db, ahead(rig_file))
            axes.set_title(name)
        for axes in grid[1:]:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        draw_level_scale(figure, list(grid))
        return figure

    return draw


def _level_db(rig_file: RigFile, weights: Weights, freqs: NDArray, azimuth: NDArray) -> NDArray[np.float64]:
    """Level of weights that are 1 on axis, (freqs, azimuths)."""
    g = transfer_matrix(rig_file.rig, around(rig_file, azimuth), freqs, rig_file.scene.medium)
    return db((g @ weights(freqs)[:, :, None])[:, :, 0])


def polar(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Third octaves from above."""
    azimuth = np.arange(-180.0, 180.1, POLAR_STEP_DEG)
    bands = [f for f in POLAR_BANDS_HZ if f * 2 ** (1 / 6) <= highest_hz(bank)]
    within = 2 ** (((np.arange(POLAR_PER_BAND) + 0.5) / POLAR_PER_BAND - 0.5) / 3)
    pattern = beam_pattern(bank, rig_file, np.outer(bands, within).ravel(), azimuth)
    power = 10 ** ((pattern.level_db + pattern.on_axis_db[:, None]) / 10)
    power = power.reshape(len(bands), POLAR_PER_BAND, len(azimuth)).mean(axis=1)
    on_axis = (10 ** (pattern.on_axis_db / 10)).reshape(len(bands), POLAR_PER_BAND).mean(axis=1)
    caption = captioned(
        f"{where_words(rig_file)} From above as in the plan view. Power averaged over each third octave, re 0°.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Centre path around the rig: {rig_file.rig.name}", caption, 8.0, 6.0)
        grid = figure.subplots(2, int(np.ceil(len(bands) / 2)), subplot_kw={"projection": "polar"}, squeeze=False)
        for axes, band, row in zip(grid.flat, bands, power_db(power / on_axis[:, None]), strict=False):
            draw_polar(axes, azimuth, row, theme, ahead(rig_file))
            axes.set_title(_hz(band))
        for axes in grid.flat[len(bands) :]:
            axes.remove()
        return figure

    return draw


def directivity(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Side rejection with its tolerance, directivity index, beamwidth and effort per third octave."""
    rig = rig_file.rig
    bands = third_octave_centres(*CURVE_BANDS_HZ)
    bands = bands[bands * 2 ** (1 / 6) <= highest_hz(bank)]
    ours = beam_bands(rig_file, lambda freqs: effective_weights(bank, rig, freqs, "center"), bands)
    simpler = {
        name: beam_bands(rig_file, weights, bands, tolerance=False)
        for name, weights in baseline_weights(rig_file).items()
        if name in ("reference", "all_equal")
    }
    cap = effort_limit_db(rig_file, bands)
    assert ours.p10_db is not None
    p10 = ours.p10_db
    caption = captioned(
        f"{where_words(rig_file)} Third octaves, powers averaged inside. Side rejection: on axis over the mean power at ±80°, ±90° and "
        "±100°, shaded down to what nine of ten loudspeakers reach with ±1 dB, ±5° and ±2 mm in every driver. "
        "Directivity index: far field. Effort: drive power over the reference alone.",
        command,
    )
    words = {"reference": "reference alone", "all_equal": "all drivers equal"}

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Directivity of the centre path: {rig.name}", caption, 9.5, 6.0)
        grid = figure.subplots(2, 2)
        beside = {words[name]: found.side_db for name, found in simpler.items()}
        above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "fontsize": 7, "borderaxespad": 0.2}
        draw_side_rejection(grid[0, 0], bands, ours.side_db, ours.side90_db, p10, beside, theme).legend(**above, ncols=3)
        others = {words[name]: found.di_db for name, found in simpler.items()}
        draw_index(grid[0, 1], bands, ours.di_db, others, theme).legend(**above, ncols=3)
        draw_beamwidth(grid[1, 0], bands, ours.bw6_deg, theme)
        draw_beam_effort(grid[1, 1], bands, ours.effort_db, cap, theme).legend(**above, ncols=2)
        return figure

    return draw


def balloon(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Levels in all directions at four frequencies."""
    elevation, azimuth = np.arange(-90.0, 90.1, BALLOON_STEP_DEG), np.arange(-180.0, 180.1, BALLOON_STEP_DEG)
    directions = direction(azimuth, elevation[:, None])
    freqs = np.array([f for f in BALLOON_HZ if f <= highest_hz(bank)])
    axis_deg = seat_azimuth_deg(rig_file.scene.listener, rig_file.design.beam.axis)
    around = direction(azimuth + axis_deg, elevation[:, None]).reshape(-1, 3)
    points = FarField(np.concatenate([around, direction(axis_deg)[None]]))
    p = np.abs(pressure(bank, rig_file.rig, rig_file.scene, points, freqs))
    level = db(p[:, :-1] / p[:, -1:]).reshape(len(freqs), len(elevation), len(azimuth))
    caption = captioned(
        f"Far field, all directions, re 0°, {axis_words(rig_file)}, at single frequencies, no smoothing; the surface shrinks to the centre "
        "at −24 dB. Seen from above the right shoulder of somebody at 0°, where the line leads: the page's right is their right.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Balloons of the centre path: {rig_file.rig.name}", caption, 11.0, 3.7)
        grid = figure.subplots(1, len(freqs), subplot_kw={"projection": "3d"}, squeeze=False)[0]
        for axes, hz, levels in zip(grid, freqs, level, strict=True):
            draw_balloon(axes, directions, levels, theme, ahead(rig_file))
            axes.set_title(_hz(hz))
        balloon_scale(figure, list(grid))
        return figure

    return draw


def averages(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """The averages of CTA-2034-A."""
    freqs = np.geomspace(SPINORAMA_HZ[0], min(SPINORAMA_HZ[1], highest_hz(bank)), SPINORAMA_FREQS)
    found = spinorama(bank, rig_file, freqs)
    inside = (freqs >= NORMAL_HZ[0]) & (freqs <= NORMAL_HZ[1])
    mean = float(power_db(np.mean(10 ** (found.on_axis_db[inside] / 10))))
    levels = {
        "on axis": found.on_axis_db - mean,
        "listening window": found.listening_window_db - mean,
        "early reflections": found.early_reflections_db - mean,
        "sound power": found.sound_power_db - mean,
    }
    indices = {"early reflections index": found.di_early_reflections_db, "sound power index": found.di_sound_power_db}
    caption = captioned(
        "The centre path in the averages of CTA-2034-A: 70 directions on a horizontal and a vertical orbit, far field, no smoothing. "
        f"The axis is the direction {axis_words(rig_file)}. Indices are against the listening window.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Spinorama of the centre path: {rig_file.rig.name}", caption, 8.5, 5.0)
        draw_spinorama(figure.add_subplot(), freqs, levels, indices, theme).legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
        return figure

    return draw


def tone(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    """Sides and centre against their tone targets per third octave, and what they differ by."""
    found = tone_match(bank, rig_file)
    bands = np.array(found["third_octaves_hz"])
    caption = captioned(
        f"Tone '{rig_file.design.tone}'. Sides: level at the near ear over its target; centre: level at the seat over its target, "
        "centre gain taken out; levels averaged over third octaves. Difference: the side that is further from the centre, less the centre.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"One tone for left, right and centre: {rig_file.rig.name}", caption, 8.0, 4.2)
        curves = {name: np.array(found[f"{name}_db"]) for name in ("left", "right", "center")}
        draw_tone(figure.add_subplot(), bands, curves, np.array(found["sides_minus_centre_db"]), theme).legend(ncols=4, loc="upper left")
        return figure

    return draw


def _hz(hz: float) -> str:
    return f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz:g} Hz"
