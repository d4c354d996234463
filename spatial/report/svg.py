"""A picture for a page: one SVG that takes its colours from the page, so that it is drawn once for light and dark."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from spatial.plots.style import LIGHT, Theme, figure_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150  # of what is not lines and text
PROLOGUE = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>", re.DOTALL)
COLOUR = re.compile(r"#[0-9a-f]{6}")


def variable_names() -> dict[str, str]:
    """The light theme's colours and the names of the variables that stand for them."""
    return {colour: f"--{name}" for name, colour in reversed(_colours(LIGHT).items())}


def variables(theme: Theme) -> str:
    """A theme's colours as declarations of a style sheet."""
    names = variable_names().values()
    return " ".join(f"--{name}: {colour};" for name, colour in _colours(theme).items() if f"--{name}" in names)


def _colours(theme: Theme) -> dict[str, str]:
    """Role -> colour; of two roles with one colour the first gives the name."""
    single = {field.name: getattr(theme, field.name) for field in fields(theme) if field.name != "series"}
    return single | {f"series-{i}": colour for i, colour in enumerate(theme.series)}


def inline_svg(figure: Figure) -> str:
    """A figure drawn in the light theme as an SVG element whose colours are the page's variables.

    Surfaces of many facets, maps and balloons, become images inside it: their colours are their own, the page shows through where they are
    clear.
    """
    for axes in figure.axes:
        for surface in axes.collections:
            if surface.get_array() is not None or hasattr(surface, "do_3d_projection"):
                surface.set_rasterized(True)
    text = PROLOGUE.sub("", figure_bytes(figure, LIGHT, "svg", DPI).decode())
    names = variable_names()
    return COLOUR.sub(lambda match: f"var({names[match[0]]})" if match[0] in names else match[0], text).strip()
