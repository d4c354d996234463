"""Every kind of picture of a bank: what is computed for it, its title and its caption.

The pictures themselves are drawn by ``spatial.plots``, the numbers come from ``spatial.analysis``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spatial.analysis.width_pair import width_curves
from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import UsageError
from spatial.plots.filters import draw_impulses, draw_magnitudes, loud_span_ms
from spatial.plots.plan import plan_figure
from spatial.plots.style import LIGHT, Theme, decibels, new_figure, themed
from spatial.plots.width import draw_ear_levels, draw_level_difference, draw_time_difference
from spatial.report import beam_figures, side_figures
from spatial.report.side_figures import Drawing, captioned, curve_frequencies
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALLEST_IN = 14.0  # of the responses to one input
FILTER_HZ, FILTER_FREQS = (20.0, 20000.0), 400

Prepare = Callable[[FilterMatrix, RigFile, str], Drawing]


def bank_figure(kind: str, bank: FilterMatrix, rig_file: RigFile, command: str = "", theme: Theme = LIGHT) -> Figure:
    """One picture of a bank.

    Parameters
    ----------
    kind : str
        One of ``kinds_of(rig_file)``.
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
    return prepared(kind, bank, rig_file, command)(theme)


def prepared(kind: str, bank: FilterMatrix, rig_file: RigFile, command: str = "") -> Drawing:
    """One picture of a bank, computed and not yet drawn: the same numbers serve every theme. Arguments as for ``bank_figure``."""
    refuse_kind(kind, rig_file)
    draw = KINDS[kind](bank, rig_file, command)

    def themed_drawing(theme: Theme) -> Figure:
        with themed(theme):
            return draw(theme)

    return themed_drawing


def plan_picture(rig_file: RigFile, theme: Theme = LIGHT, command: str = "") -> Figure:
    """Rig, virtual pair and listener from above."""
    return plan_figure(rig_file.rig, rig_file.scene, command, theme)


def kinds_of(rig_file: RigFile) -> tuple[str, ...]:
    """The kinds of picture that a rig can have, in the order of a report."""
    return HEADPHONE_KINDS if rig_file.rig.kind == "headphones" else tuple(kind for kind in KINDS if kind not in ("width",))


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


# -------------------------------------------------------------------------------------------------------- either


def _filters(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    freqs = np.geomspace(FILTER_HZ[0], min(FILTER_HZ[1], bank.fs / 2), FILTER_FREQS)
    spectrum = bank.spectrum(freqs)
    caption = captioned(
        f"Headroom gain ({decibels(bank.headroom_gain_db)}) not included. Impulse responses of one input on one linear scale; "
        f"time 0 is the latency of {bank.latency_samples} samples. No smoothing.",
        command,
    )
    rows = len(bank.input_names)

    def draw(theme: Theme) -> Figure:
        figure = new_figure(
            f"Filters: {rig_file.rig.name}", caption, 8.0, 1.2 + rows * float(np.clip(0.28 * len(bank.driver_names), 1.7, TALLEST_IN))
        )
        grid = figure.subplots(rows, 2, sharex="col", squeeze=False)
        for i, name in enumerate(bank.input_names):
            draw_impulses(grid[i, 0], bank.taps[:, i], bank.fs, bank.latency_samples, bank.driver_names, theme)
            draw_magnitudes(grid[i, 1], freqs, spectrum[:, :, i], bank.driver_names, theme)
            grid[i, 0].set_title(f"input {name}")
        grid[0, 0].set_xlim(loud_span_ms(bank.taps, bank.fs, bank.latency_samples))
        for axes in grid[:-1].flat:
            axes.set_xlabel("")
        return figure

    return draw


def _width(bank: FilterMatrix, rig_file: RigFile, command: str) -> Drawing:
    freqs = curve_frequencies(bank)
    curves = width_curves(bank, rig_file, freqs)
    pair = rig_file.scene.virtual_pair
    caption = captioned(
        "Left input; the right one is its mirror image. Sphere: exact series of a rigid sphere of "
        f"{rig_file.scene.listener.head_radius_m * 1000:g} mm radius, source at {pair.angle_deg:g}°, {pair.distance_m:g} m. "
        "ITD from the phase between the ears. No smoothing.",
        command,
    )

    def draw(theme: Theme) -> Figure:
        figure = new_figure(f"Width pair: {rig_file.rig.name}", caption, 10.0, 3.8)
        grid = figure.subplots(1, 3)
        draw_level_difference(grid[0], freqs, curves.ild_db, curves.sphere_ild_db, theme).legend(loc="upper left")
        draw_time_difference(grid[1], freqs, curves.itd_us, curves.sphere_itd_us, theme).legend(loc="lower left")
        draw_ear_levels(grid[2], freqs, curves.ipsi_db, curves.contra_db, theme).legend(loc="lower left")
        return figure

    return draw


HEADPHONE_KINDS = ("width", "filters")
KINDS: dict[str, Prepare] = {
    "beam": beam_figures.beam,
    "panels": beam_figures.panels,
    "directivity": beam_figures.directivity,
    "polar": beam_figures.polar,
    "balloon": beam_figures.balloon,
    "spinorama": beam_figures.averages,
    "cancellation": side_figures.cancellation,
    "cues": side_figures.cues,
    "sweetspot": side_figures.sweet_spot_map,
    "distance": side_figures.distance,
    "robustness": side_figures.robustness,
    "baselines": side_figures.baselines,
    "trade": side_figures.trade_curves,
    "tone": beam_figures.tone,
    "filters": _filters,
    "width": _width,
}
