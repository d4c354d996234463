"""What all pictures share: themes for light and dark pages, the frequency axis, title and caption, and bytes that never change.

Figures are made through matplotlib's objects, not through pyplot, inside ``themed``: the reader's own matplotlib settings do not
reach them. Neither a date nor a version is written into a file, so the same data gives the same bytes.
"""

from __future__ import annotations

import io
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.base.errors import OutputError
from spatial.plots.fonts import FAMILY, boxes_for_missing_signs, fit_fonts
from spatial.plots.labels import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FREQUENCY_TICKS_HZ = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
FORMATS = ("png", "svg", "pdf")
DPI = 150
TITLE_CHARACTERS_PER_INCH = 9.0
CAPTION_SIZE, CAPTION_CHARACTERS_PER_INCH = 7.5, 17.5
MINUS = "\N{MINUS SIGN}"
DASHES = (0, (5, 2))  # of what is asked or allowed
LINE_STYLES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Theme:
    """Colours of a page. left, right and center are the listener's; series are for drivers, in the order of the rig."""

    page: str
    ink: str
    soft: str
    grid: str
    left: str
    right: str
    center: str
    series: tuple[str, ...]


LIGHT = Theme(
    page="#ffffff",
    ink="#1b1f24",
    soft="#59636e",
    grid="#d8dde3",
    left="#0067b1",
    right="#c2490c",
    center="#157a55",
    series=("#157a55", "#0067b1", "#c2490c", "#8a4fb0", "#8c6d00", "#3f9bd1", "#d2568b", "#59636e"),
)
DARK = Theme(
    page="#15181c",
    ink="#e9ecef",
    soft="#a3adb8",
    grid="#383f47",
    left="#62b5f5",
    right="#f59460",
    center="#52c79c",
    series=("#52c79c", "#62b5f5", "#f59460", "#c795ea", "#d9b84a", "#9ad3f7", "#f2a0c4", "#a3adb8"),
)
THEMES = {"light": LIGHT, "dark": DARK}


def load_matplotlib() -> None:
    """Import matplotlib, also where MPLBACKEND names a backend that is not there: a notebook hands its own to every program it starts.

    No backend is needed here; one that is there stays in force for the caller's own pictures.

    Raises
    ------
    OutputError
        Matplotlib finds no folder for its list of fonts.
    """
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
        import matplotlib.font_manager  # noqa: F401 it makes its list of fonts, or fails
    except OSError as error:
        raise OutputError(f"pictures need a folder for matplotlib's list of fonts: MPLCONFIGDIR or TMPDIR names one ({error})") from None
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


@contextmanager
def themed(theme: Theme) -> Iterator[None]:
    """Matplotlib's defaults plus a theme, for everything that is made inside."""
    load_matplotlib()
    from matplotlib import style

    settings = {
        "font.family": FAMILY,
        "font.size": 9,
        "text.color": theme.ink,
        "text.parse_math": False,
        "axes.edgecolor": theme.soft,
        "axes.labelcolor": theme.ink,
        "axes.facecolor": theme.page,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "figure.facecolor": theme.page,
        "figure.dpi": DPI,
        "savefig.facecolor": theme.page,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "lines.linewidth": 1.7,
        "xtick.color": theme.soft,
        "ytick.color": theme.soft,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "svg.hashsalt": "spatial",
        "svg.fonttype": "path",
        "path.simplify": True,
    }
    with style.context(["default", settings]):
        yield


def new_figure(title: str, caption: str, width_in: float = 8.0, height_in: float = 4.6) -> Figure:
    """An empty figure with its title above and its caption below (smoothing, normalisation, the command that made it).

    Parameters
    ----------
    title : str
    caption : str
    width_in : float
        Inches.
    height_in : float
        Inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.suptitle(shortened(title, int(width_in * TITLE_CHARACTERS_PER_INCH)), x=0.012, ha="left", fontsize=12, fontweight="bold")
    if caption:
        characters = int(width_in * CAPTION_CHARACTERS_PER_INCH)
        wrapped = "\n".join(textwrap.fill(line, characters) for line in caption.splitlines())
        figure.supxlabel(wrapped, x=0.012, ha="left", fontsize=CAPTION_SIZE, linespacing=1.4)
    return figure


def figure_bytes(figure: Figure, theme: Theme, file_format: str = "png", dpi: float = DPI) -> bytes:
    """The file of a figure: "png", "svg", "pdf" or (lossless, for pages) "webp", the same bytes for the same data.

    A sign that no font of the system has becomes a box.

    Parameters
    ----------
    figure : Figure
    theme : Theme
        Colours.
    file_format : str
    dpi : float
        Dots an inch, of pixels.
    """
    options: dict[str, dict[str, Any]] = {
        "png": {"metadata": {"Software": None}},
        "svg": {"metadata": {"Date": None, "Creator": None}},
        "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
        "webp": {"pil_kwargs": {"lossless": True, "quality": 50, "method": 2}},
    }
    buffer = io.BytesIO()
    with themed(theme), boxes_for_missing_signs():
        fit_fonts(figure)
        figure.savefig(buffer, format=file_format, dpi=dpi, **options[file_format])
    return buffer.getvalue()


def frequency_label(hz: float) -> str:
    """A frequency as an axis names it: 500, 1k, 2k, 12.5k."""
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


def decibels(level_db: float) -> str:
    """A level as a caption says it: −6.3 dB, and never −0.0 dB."""
    return f"{round(level_db, 1) + 0.0:.1f} dB".replace("-", MINUS)


def signed_degrees(angle_deg: float) -> str:
    """An angle as an axis names it: +45°, −90°, and 0° and 180° without a sign."""
    if abs(angle_deg) in (0, 180):
        return f"{abs(angle_deg):.0f}°"
    return f"{angle_deg:+.0f}°".replace("-", MINUS)


def decibel_axis(axis: Axis, step_db: float) -> None:
    """Ticks on whole multiples of a step.

    Parameters
    ----------
    axis : Axis
    step_db : float
        dB between ticks.
    """
    from matplotlib.ticker import MultipleLocator

    axis.set_major_locator(MultipleLocator(step_db))


def frequency_axis(axes: Axes, low_hz: float, high_hz: float, label: bool = True) -> Axes:
    """A logarithmic frequency axis with ticks at 20 50 100 200 500 1k ... and nothing between.

    Parameters
    ----------
    axes : Axes
        Drawn into.
    low_hz : float
        > 0.
    high_hz : float
    label : bool
        Write what it is.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    ticks = [f for f in FREQUENCY_TICKS_HZ if low_hz <= f <= high_hz]
    axes.set_xscale("log")
    axes.set_xlim(low_hz, high_hz)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([frequency_label(f) for f in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    if label:
        axes.set_xlabel("frequency (Hz)")
    else:
        axes.tick_params(labelbottom=False)
    return axes


def series_style(theme: Theme, index: int) -> dict[str, Any]:
    """Colour and dash of the index-th of many lines; no two of the first 32 are alike.

    Parameters
    ----------
    theme : Theme
        Colours.
    index : int
        From 0.
    """
    dash = LINE_STYLES[index // len(theme.series) % len(LINE_STYLES)]
    return {"color": theme.series[index % len(theme.series)], "linestyle": dash}


def level_range(values_db: np.ndarray, step_db: float, least: tuple[float, float]) -> tuple[float, float]:
    """Axis limits on whole steps around finite values, at least as wide as least.

    Parameters
    ----------
    values_db : any shape, dB
    step_db : float
        dB between ticks.
    least : pair of float
    """
    finite = values_db[np.isfinite(values_db)]
    low, high = (finite.min(), finite.max()) if finite.size else least
    low, high = min(low, least[0]), max(high, least[1])
    return float(np.floor(low / step_db) * step_db), float(np.ceil(high / step_db) * step_db)
