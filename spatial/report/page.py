"""One self-contained page about a bank: asked beside reached, what it does around the rig and at the ears, and how it was made.

Nothing outside the file is needed to read it, and the same bank gives the same bytes. Every picture is in it twice, for light and for
dark pages.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from spatial import __version__
from spatial.analysis.summary import Row, design_table
from spatial.bank.headroom import predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.base.checks import whole_characters
from spatial.plots.style import DARK, LIGHT, Theme, decibels, figure_bytes
from spatial.report.figures import kinds_of, plan_picture, prepared
from spatial.report.side_figures import Drawing
from spatial.rig.advice import warnings
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECTIONS = {
    "beam": ("Beam", "Where the centre path goes, over frequency."),
    "panels": ("Beside simpler beams", "The same drivers all in phase, with the best gains that hold at all frequencies, and as a beam."),
    "directivity": ("Directivity", "Side rejection and what tolerances leave of it, directivity index, beamwidth, drive power."),
    "balloon": ("In all directions", "The level far away as the distance of a surface."),
    "spinorama": ("Spinorama", "The averages of CTA-2034-A, far away."),
    "polar": ("Around the rig", "The same in third octaves, seen from above."),
    "cancellation": ("Cancellation", "What the left and the right input do at the ears, and what it costs in drive power."),
    "cues": ("Cues", "Level and time differences between the ears, beside those of a real pair at the same place."),
    "sweetspot": ("Sweet spot", "The same filters, with the listener elsewhere."),
    "distance": ("Nearer and farther", "The same filters, 0.5 to 2 times as far away."),
    "robustness": ("Other poses, other heads", "The same filters; the head moved, turned, smaller and larger."),
    "baselines": ("Beside other methods", "Published methods on the same rig, at the same effort cap."),
    "trade": ("What effort buys", "The trade between drive power, cues and level, for this layout."),
    "width": ("Width", "The pair of filters between the ears, beside a rigid sphere with the source where the virtual loudspeaker stands."),
    "tone": ("One tone", "What left, right and centre make of their common tone: a source that moves across them keeps its colour."),
    "filters": ("Filters", "From every input to every driver."),
    "latency": ("Arrival", "Upmix, filters, limiter and the way through the air: left, right and centre arrive together."),
    "pan": ("Panned across", "A source that moves from left to right through upmix and filters, beside a real pair of loudspeakers."),
}
PROGRAMMES = {
    "music": "music, correlated 0.7",
    "mono": "mono",
    "one_side": "one side alone",
    "decorrelated": "left and right unrelated",
    "antiphase": "antiphase",
}


def report_page(bank: FilterMatrix, rig_file: RigFile, command: str, whole_chain: Mapping[str, Drawing] | None = None) -> str:
    """The page, as HTML.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
        The rig to judge it on.
    command : str
        The command that makes the page, shown on it.
    whole_chain : mapping, "latency" or "pan" -> Drawing
        Pictures that need upmix and limiter, as ``chain_figures`` computes them.

    Raises
    ------
    UsageError
        The bank's drivers are not those of the rig.
    """
    rig = rig_file.rig
    sections = [
        _section("Asked and reached", _design_table(design_table(bank, rig_file)) + _warnings(warnings(rig_file))),
        _section("Layout", _picture(lambda theme: plan_picture(rig_file, theme), "Plan view of rig, virtual pair and listener")),
    ]
    drawings = {kind: _drawing(kind, bank, rig_file) for kind in kinds_of(rig_file)} | dict(whole_chain or {})
    for kind, drawing in drawings.items():
        title, what = SECTIONS[kind]
        sections.append(_section(title, f"<p>{what}</p>" + _picture(drawing, title)))
    sections.append(_section("Headroom", _headroom(bank)))
    sections.append(_section("How it was made", _origin(bank, rig_file, command)))
    page = PAGE.format(
        title=escape(rig.name),
        description=f"<p>{escape(rig.description)}</p>" if rig.description else "",
        facts=escape(_facts(bank)),
        light=_variables(LIGHT),
        dark=_variables(DARK),
        sections="\n".join(sections),
    )
    return whole_characters(page)


def _drawing(kind: str, bank: FilterMatrix, rig_file: RigFile) -> Callable[[Theme], Figure]:
    return prepared(kind, bank, rig_file)


def _facts(bank: FilterMatrix) -> str:
    shape = f"{len(bank.driver_names)} drivers × {len(bank.input_names)} inputs × {bank.n_taps} taps at {bank.fs} Hz"
    latency = f"latency {bank.latency_samples} samples ({bank.latency_samples / bank.fs * 1e3:.1f} ms)"
    return f"{shape} · {latency} · headroom gain {decibels(bank.headroom_gain_db)} · upmix {bank.recipe.upmix}"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _picture(draw: Callable[[Theme], Figure], words: str) -> str:
    light, dark = (base64.b64encode(figure_bytes(draw(theme), theme, "webp")).decode() for theme in (LIGHT, DARK))
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="data:image/webp;base64,{dark}">'
        f'<img alt="{escape(words)}" src="data:image/webp;base64,{light}"></picture>'
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(typeset(cell))}</{tag}>" for cell in cells) + "</tr>"

    return '<div class="wide"><table>\n' + "\n".join([line("th", head), *(line("td", row) for row in rows)]) + "\n</table></div>"


def typeset(text: str) -> str:
    """The signs that a terminal spells out: +-30 deg, <= 18 dB, -6 dB, 2 us, and - for nothing."""
    if text == "-":
        return "–"
    for plain, sign in (("+-", "±"), ("<=", "≤"), (">=", "≥")):
        text = text.replace(plain, sign)
    text = re.sub(r"(?<=\d) deg\b", "°", text)
    text = re.sub(r"(?<=\d) us\b", " µs", text)
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def _design_table(rows: Sequence[Row]) -> str:
    return _table(("figure", "asked", "reached", "worst"), [(row.figure, row.asked, row.reached, row.worst) for row in rows])


def _warnings(found: Sequence[str]) -> str:
    if not found:
        return ""
    lines = "\n".join(f"<p>{escape(text)}</p>" for text in found)
    return f'<div class="warnings">\n<h3>Warnings</h3>\n{lines}\n</div>'


def _headroom(bank: FilterMatrix) -> str:
    headroom = predict_headroom(bank)
    gain = bank.headroom_gain_db
    programmes = [
        (PROGRAMMES[name], decibels(level), decibels(level + gain), decibels(max(0.0, level + gain)))
        for name, level in headroom.programmes_db.items()
    ]
    bounds = [(name, decibels(level)) for name, level in headroom.l1_db.items()]
    return (
        f"<p>Pink noise, peak of the loudest driver over the peak of the input. {decibels(gain)} is applied by default; "
        "the limiter takes what is above 0 dB then, if the input reaches full scale.</p>"
        + _table(("programme", "filters alone", "with the gain", "for the limiter"), programmes)
        + "<p>No input of full scale drives a driver higher than this, filters alone:</p>"
        + _table(("driver", "L1 bound"), bounds)
    )


def _origin(bank: FilterMatrix, rig_file: RigFile, command: str) -> str:
    other = f"<p>Judged on another rig than it was designed for: {escape(rig_file.rig.name)}.</p>"
    judged = "" if rig_file.text == bank.rig_text else other
    return (
        f"<pre>{escape(command)}</pre>{judged}"
        f"<p>spatial {__version__} · bank {bank.content_hash()[:16]}</p>"
        f"<details><summary>Rig file that the bank was designed for</summary><pre>{escape(bank.rig_text)}</pre></details>"
    )


def _variables(theme: Theme) -> str:
    return f"--page: {theme.page}; --ink: {theme.ink}; --soft: {theme.soft}; --line: {theme.grid}; --mark: {theme.right};"


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: design report</title>
<style>
:root {{ {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
body {{ background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 2rem 1.2rem 4rem; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }}
h2 {{ border-top: 1px solid var(--line); font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-top: 1rem; }}
header p {{ margin: .2rem 0; }}
.facts, section > p {{ color: var(--soft); }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .3rem 1.4rem .3rem 0; text-align: left; vertical-align: top; }}
th {{ color: var(--soft); font-weight: 500; }}
.warnings {{ border-left: 3px solid var(--mark); margin: 1.2rem 0; padding: .1rem 0 .1rem 1rem; }}
.warnings h3, .warnings p {{ font-size: 1rem; margin: .2rem 0; }}
img {{ display: block; height: auto; max-width: 100%; }}
pre {{ border: 1px solid var(--line); border-radius: 4px; font-size: .85rem; overflow-x: auto; padding: .7rem .9rem; }}
summary {{ cursor: pointer; }}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
{description}
<p class="facts">{facts}</p>
</header>
{sections}
</body>
</html>
"""
