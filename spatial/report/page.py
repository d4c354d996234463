"""One self-contained page about a bank: asked beside reached, what it does around the rig and at the ears, and how it was made.

Nothing outside the file is needed to read it, and the same bank gives the same bytes. Pictures take their colours from the page, light or
dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any

from spatial import __version__
from spatial.analysis.study import Study
from spatial.bank.headroom import Headroom
from spatial.bank.matrix import FilterMatrix
from spatial.base.checks import whole_characters
from spatial.catalogue.design_table import Row, design_table
from spatial.catalogue.figures import headroom
from spatial.catalogue.pictures import pictures_of, plan_picture
from spatial.plots.style import DARK, LIGHT, decibels
from spatial.report.svg import inline_svg, variables
from spatial.rig.advice import warnings
from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROGRAMMES = {
    "music": "music, correlated 0.7",
    "mono": "mono",
    "one_side": "one side alone",
    "decorrelated": "left and right unrelated",
    "antiphase": "antiphase",
}


def report_page(study: Study, command: str) -> str:
    """The page, as HTML, with every picture that the bank can have.

    Parameters
    ----------
    study : Study
        The bank on the rig to judge it on; with the chain's parts where pictures of the whole chain are wanted.
    command : str
        The command that makes the page, shown on it.

    Raises
    ------
    UsageError
        The bank's drivers are not those of the rig.
    """
    bank, rig_file = study.bank, study.rig_file
    rig = rig_file.rig
    sections = [
        _section("Asked and reached", _design_table(rows_of(study)) + _warnings(warnings(rig_file))),
        _section("Layout", _picture(plan_picture(rig_file), "Plan view of rig, virtual pair and listener")),
    ]
    for picture in pictures_of(rig_file, whole_chain=study.parts is not None):
        sections.append(_section(picture.title, f"<p>{picture.question}</p>" + _picture(picture.drawn(study, LIGHT), picture.title)))
    sections.append(_section("Headroom", _headroom(bank, study.of(headroom))))
    sections.append(_section("How it was made", _origin(bank, rig_file, command)))
    page = PAGE.format(
        title=escape(rig.name),
        description=f"<p>{escape(rig.description)}</p>" if rig.description else "",
        facts=escape(_facts(bank)),
        light=variables(LIGHT),
        dark=variables(DARK),
        sections="\n".join(sections),
    )
    return whole_characters(page)


def rows_of(study: Study) -> Sequence[Row]:
    """What is asked beside what is reached; a bank that is judged on its own rig says it itself."""
    stated = study.bank.figures.get("asked_and_reached")
    if study.rig_file.text == study.bank.rig_text and _is_table(stated):
        return [Row(**row) for row in stated or ()]
    return design_table(study)


def _is_table(stated: Any) -> bool:
    """Whether a bank's figures hold rows as `spatial design` writes them: banks come from anywhere."""
    names = {field.name for field in fields(Row)}
    return (
        isinstance(stated, list)
        and len(stated) > 0
        and all(isinstance(row, dict) and row.keys() == names and all(isinstance(cell, str) for cell in row.values()) for row in stated)
    )


def _facts(bank: FilterMatrix) -> str:
    shape = f"{len(bank.driver_names)} drivers × {len(bank.input_names)} inputs × {bank.n_taps} taps at {bank.fs} Hz"
    latency = f"latency {bank.latency_samples} samples ({bank.latency_samples / bank.fs * 1e3:.1f} ms)"
    return f"{shape} · {latency} · headroom gain {decibels(bank.headroom_gain_db)} · upmix {bank.recipe.upmix}"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _picture(figure: Figure, words: str) -> str:
    return f'<div class="picture" role="img" aria-label="{escape(words)}">{inline_svg(figure)}</div>'


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


def _headroom(bank: FilterMatrix, predicted: Headroom) -> str:
    gain = bank.headroom_gain_db
    programmes = [
        (PROGRAMMES[name], decibels(level), decibels(level + gain), decibels(max(0.0, level + gain)))
        for name, level in predicted.programmes_db.items()
    ]
    bounds = [(name, decibels(level)) for name, level in predicted.l1_db.items()]
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
h2 {{ border-top: 1px solid var(--grid); font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-top: 1rem; }}
header p {{ margin: .2rem 0; }}
.facts, section > p {{ color: var(--soft); }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }}
th, td {{ border-bottom: 1px solid var(--grid); padding: .3rem 1.4rem .3rem 0; text-align: left; vertical-align: top; }}
th {{ color: var(--soft); font-weight: 500; }}
.warnings {{ border-left: 3px solid var(--right); margin: 1.2rem 0; padding: .1rem 0 .1rem 1rem; }}
.warnings h3, .warnings p {{ font-size: 1rem; margin: .2rem 0; }}
.picture svg {{ display: block; height: auto; max-width: 100%; }}
pre {{ border: 1px solid var(--grid); border-radius: 4px; font-size: .85rem; overflow-x: auto; padding: .7rem .9rem; }}
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
