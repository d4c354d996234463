"""``spatial analyze``: every figure that bank and rig determine, published methods beside them, and thresholds to hold them to."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.base.figure import figures_in, unit_of
from spatial.cli.banks import add_bank_and_rig, study_of_arguments
from spatial.cli.common import add_command, print_json, tell
from spatial.cli.streams import to_output

if TYPE_CHECKING:
    from spatial.analysis.comparison import Compared
    from spatial.analysis.study import Study
    from spatial.rig.model import RigFile

PAIR_ERRORS = ("ild_error", "ild_worst", "itd_error")
LISTS = ("against", "tone.", "poses.at", "poses.sep_mean_db", "poses.sep_pink_db", "poses.ild_error_db", "poses.itd_error_us")
"""Long lists beside the groups that are listed: JSON and CSV have them, and `design --bands` a table of its own."""


def add_commands(commands: Any) -> None:
    """``analyze``."""
    analyze = add_command(commands, "analyze", "print every figure that a bank and its rig determine", run_analyze, json_output=True)
    add_bank_and_rig(analyze)
    analyze.add_argument("--csv", action="store_true", help="figures as CSV on standard output: figure,value")
    analyze.add_argument(
        "--against", metavar="METHODS", help="put published methods beside the sides: tikhonov,lcmv,choueiri,race,cascade, or all"
    )
    analyze.add_argument("--audio", metavar="FILE", help="a sound file: what becomes of it on the way through the bank, driver by driver")
    analyze.add_argument(
        "--require", metavar="FILE", type=Path, help='thresholds as JSON, {"sides.worst_pose_db": [">=", 14]}; a miss exits 6'
    )


def run_analyze(args: argparse.Namespace) -> None:
    """Figures to standard output; thresholds are held last."""
    if args.json and args.csv:
        raise UsageError("--json or --csv, not both")
    from spatial.catalogue.figures import figures_of
    from spatial.catalogue.thresholds import flat, read_thresholds, require

    thresholds = read_thresholds(args.require) if args.require is not None else ()
    study = study_of_arguments(args)
    bank, rig_file = study.bank, study.rig_file
    compared, figures = _compared(args.against, study), figures_of(study)
    if compared:
        figures["against"] = {row.name: row.as_dict() for row in compared[1:]}
    if args.audio is not None:
        from spatial.session.programme_levels import measure_programme

        figures["audio"] = asdict(measure_programme(args.audio, bank))
    flattened = flat(figures)
    if args.json:
        print_json(figures)
    elif args.csv:
        with to_output():
            table = csv.writer(sys.stdout, lineterminator="\n")
            table.writerows([("figure", "value"), *((name, "" if value is None else value) for name, value in flattened.items())])
    else:
        virtual = rig_file.rig.kind == "headphones" or rig_file.design.crosstalk.mode == "virtual"
        tell("\n".join([heading(args.bank, rig_file), *figure_lines(figures, virtual), *against_lines(compared, rig_file)]))
    require(flattened, thresholds, str(args.require))


def _compared(names: str | None, study: Study) -> tuple[Compared, ...]:
    if names is None:
        return ()
    from spatial.analysis.comparison import compare

    if study.rig_file.rig.kind == "headphones":
        raise UsageError("--against: headphones cancel nothing, there is nothing to compare")
    chosen = None if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    return compare(study.sides, study.sides.methods(chosen))


# ------------------------------------------------------------------------------------------------------------ table


def heading(bank: str, rig_file: RigFile) -> str:
    """One line: the file, the rig it is judged on, and what was asked of the sides.

    Parameters
    ----------
    bank : str
        Path of the file.
    rig_file : RigFile
    """
    rig, design = rig_file.rig, rig_file.design
    asked = "headphones" if rig.kind == "headphones" else f"sides mode {design.crosstalk.mode}, the worse of two"
    return f'{Path(bank).name}  on "{rig.name}"; {asked}'


def figure_lines(figures: dict[str, Any], virtual: bool) -> list[str]:
    """A line a figure, under the names that --require knows; lists on one line, what a figure means once.

    Only a virtual pair has errors against a real one.

    Parameters
    ----------
    figures : dict
        Of all groups, JSON values.
    virtual : bool
        Whether the sides stand for a virtual pair.
    """
    from spatial.catalogue.figures import GROUPS, meaning_of
    from spatial.session.programme_levels import ProgrammeFigures

    of_programme = {f"audio.{each.name}": each.meaning for each in figures_in(ProgrammeFigures)}
    hidden = tuple(group.name for group in GROUPS if group.listed)
    rows: list[tuple[str, str, str]] = []
    told: set[str] = set()
    for name, value in _rows("", figures):
        listed = name.startswith((*hidden, *LISTS)) and name != "tone.largest_db"
        if value is None or listed or (not virtual and any(error in name for error in PAIR_ERRORS)):
            continue
        figure, meaning = (name, of_programme[name]) if name in of_programme else meaning_of(name)
        rows.append((name, f"{_shown(name, value)} {unit_of(name)}".rstrip(), "" if figure in told else meaning))
        told.add(figure)
    names, values = (max(len(row[i]) for row in rows) for i in (0, 1))
    values = min(values, 24)
    return [f"  {name:<{names}}  {value:>{values}}  {meaning}".rstrip() for name, value, meaning in rows]


def _shown(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return _number(value, name.endswith("_m"))
    return " ".join(f"{_number(x, name.endswith('_m')):>5}" for x in value)


def _rows(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [row for key, part in value.items() for row in _rows(f"{name}.{key}" if name else key, part)]
    return [(name, value)]


def _number(value: Any, metres: bool = False) -> str:
    if not isinstance(value, float):
        return str(value)
    if metres:
        return f"{value:.4g}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.095 else 3
    return f"{round(value, digits) + 0.0:.{digits}f}"


# --------------------------------------------------------------------------------------------------------- baselines


def against_lines(compared: Sequence[Compared], rig_file: RigFile) -> list[str]:
    """The bank and the methods, one a line.

    Parameters
    ----------
    compared : sequence of Compared
        The bank first; none: no lines.
    rig_file : RigFile
    """
    if not compared:
        return []
    virtual = rig_file.design.crosstalk.mode == "virtual"
    head: tuple[str, ...]
    if virtual:
        head = ("against a real pair", "ILD off", "ITD off", "worst pose", "timbre", "effort", "level", "canceller alone")
    else:
        head = ("separation", "mean", "worst third", "worst pose", "timbre", "effort", "level")
    rows = [head]
    for row in compared:
        f = row.figures
        costs = (f"{f.timbre_db:.1f} dB", f"{f.effort_db:.1f} dB", f"{row.level_db:+.1f} dB")
        if virtual:
            alone = "joint" if row.canceller_db is None else f"{row.canceller_db:.1f} dB"
            rows.append((row.name, f"{f.ild_error_db:.2f} dB", f"{f.itd_error_us:.0f} us", f"{f.worst_pose_db:.1f} dB", *costs, alone))
        else:
            rows.append((row.name, f"{f.sep_mean_db:.1f} dB", f"{f.sep_third_min_db:.1f} dB", f"{f.worst_pose_db:.1f} dB", *costs))
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["", *("  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)]
    lines += [f"  {row.name}: {row.what}" for row in compared[1:]]
    return [*lines, "  the bank with its FIRs; the methods as formulas, without filters, at the same effort cap"]
