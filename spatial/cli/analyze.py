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
from spatial.cli.common import add_command, print_json, tell
from spatial.cli.see import add_bank_and_rig, bank_and_rig
from spatial.cli.streams import to_output

if TYPE_CHECKING:
    from spatial.analysis.comparison import Compared
    from spatial.bank.matrix import FilterMatrix
    from spatial.rig.model import RigFile

PAIR_ERRORS = ("ild_error", "ild_worst", "itd_error")
UNITS = ("db", "hz", "us", "ms", "s", "deg", "m", "samples", "lufs", "dbtp")
PRINTED_UNITS = {"db": "dB", "hz": "Hz", "lufs": "LUFS", "dbtp": "dBTP"}
NOT_IN_TABLE = (
    "third_octaves", "against", "beam_baselines", "tone.third_octaves_hz", "tone.sides_minus_centre_db",
    "tone.left_db", "tone.right_db", "tone.center_db",
    "poses.at", "poses.sep_mean_db", "poses.sep_pink_db", "poses.ild_error_db", "poses.itd_error_us",
)  # fmt: skip
"""Long lists: JSON and CSV have them, and `design --bands` a table of its own."""
MEANINGS = {
    "sides.sep_mean_db": "near ear over far ear, mean of dB, 300 Hz-8 kHz",
    "sides.sep_pink_db": "the same as a ratio of mean powers",
    "sides.sep_third_min_db": "the same in the worst third octave",
    "sides.timbre_db": "near ear off its tone target, 60 Hz-18 kHz, at most",
    "sides.effort_db": "drive power over the reference driver alone, at most",
    "sides.drive_db": "largest gain of a filter",
    "sides.ild_error_db": "nominal head, matched drivers: level difference of the ears off, rms",
    "sides.ild_worst_db": "the same in the worst third octave",
    "sides.itd_error_us": "nominal head, matched drivers: time difference off, rms, 300-1500 Hz",
    "spread.ild_p90_db": "ild_error that nine of ten loudspeakers keep, drivers off by [tolerance]",
    "spread.itd_p90_us": "the same for itd_error",
    "spread.tone_p90_db": "near ear off matched drivers, worst third octave, in nine of ten",
    "sides.worst_pose_db": "sep_mean at the worst of 27 head poses",
    "distance.at_m": "head centre from the rig's origin",
    "poses.sep_mean_min_db": "27 head poses: +-5 cm sideways, +-10 cm in depth, +-6 deg",
    "head_radius.at_m": "radius of other spheres",
    "measured_head.file": "the same filters on a measured head",
    "measured_head.at": "how far the head is moved",
    "beam.side_db": "on axis over mean power at +-80, +-90, +-100 deg",
    "beam.side_min_db": "the same in the worst third octave",
    "beam.side90_db": "on axis over +-90 deg",
    "beam.droop45_db": "lowest level within +-45 deg",
    "beam.peak45_db": "highest level within +-45 deg",
    "beam.rear_db": "on axis over |azimuth| >= 135 deg",
    "beam.bw6_deg": "between the first -6 dB crossings",
    "beam.di_db": "directivity index",
    "beam.effort_db": "drive power over the reference alone, worst third octave",
    "beam.prering_db": "energy earlier than 1 ms before the peak",
    "beam.p10_db": "side_db that nine of ten reach with +-1 dB, +-5 deg, +-2 mm off",
    "seat.tone_db": "centre off its target at the head's place, worst third octave",
    "seat.tone_hz": "where that is",
    "seat.ears_db": "centre at the ears beside one ideal source, rms over third octaves",
    "seat.prering_db": "energy earlier than 1 ms before the peak, at the head's place",
    "seat.aside_prering_db": "the same 0.6 m to the side",
    "seat.side_db": "on axis over +-80, +-90, +-100 deg, on the circle through the head",
    "seat.alone_side_db": "the same of the reference alone",
    "seat.droop45_db": "lowest level within +-45 deg on that circle",
    "seat.peak45_db": "highest level within +-45 deg on that circle",
    "room.reference.drr_db": "direct sound over all else in the room, third octaves 250 Hz-4 kHz",
    "room.reference.iacc": "likeness of the ears, 0-80 ms, octaves 500 Hz-2 kHz",
    "arrival_samples.left": "arrival of a path at the head",
    "tone.largest_db": "sides at the near ear less centre at the seat, each over its target",
    "headroom.gain_db": "applied to music",
    "headroom.limiter_db": "what the limiter takes at worst",
    "audio.in_lufs": "loudness of the programme",
    "audio.out_lufs": "loudness of all feeds together",
    "audio.true_peak_dbtp": "of the loudest feed",
    "audio.limiter_share": "of the time that the limiter works",
    "audio.non_finite": "samples that were no numbers",
    "width.ild_error_db": "against the sphere, rms over ERB bands",
    "width.itd_error_us": "against the sphere, rms over ERB bands below 1.5 kHz",
    "width.itd_low_error_us": "the same below 800 Hz",
    "width.ipsi_flat_db": "near ear off flat, rms",
    "width.hard_flat_db": "hard-panned sound off flat, rms over ERB bands",
    "width.centre_flat_db": "phantom centre off flat, rms over ERB bands",
    "width.centre_less_hard_db": "colour between phantom centre and hard-panned sound, rms",
}


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
    from spatial.analysis.summary import analyze_bank
    from spatial.analysis.thresholds import flat, read_thresholds, require

    thresholds = read_thresholds(args.require) if args.require is not None else ()
    bank, rig_file = bank_and_rig(args)
    compared = _compared(args.against, bank, rig_file)
    figures = analyze_bank(bank, rig_file)
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


def _compared(names: str | None, bank: FilterMatrix, rig_file: RigFile) -> tuple[Compared, ...]:
    if names is None:
        return ()
    from spatial.analysis.comparison import compare

    if rig_file.rig.kind == "headphones":
        raise UsageError("--against: headphones cancel nothing, there is nothing to compare")
    chosen = None if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    return compare(bank, rig_file, chosen)


# ------------------------------------------------------------------------------------------------------------ table


def heading(bank: str, rig_file: RigFile) -> str:
    """One line: the file, the rig it is judged on, and what was asked of the sides."""
    rig, design = rig_file.rig, rig_file.design
    asked = "headphones" if rig.kind == "headphones" else f"sides mode {design.crosstalk.mode}, the worse of two"
    return f'{Path(bank).name}  on "{rig.name}"; {asked}'


def figure_lines(figures: dict[str, Any], virtual: bool) -> list[str]:
    """A line a figure, under the names that --require knows; lists on one line. Only a virtual pair has errors against a real one."""
    rows: list[tuple[str, str, str]] = []
    for name, value in _rows("", figures):
        if value is None or name.startswith(NOT_IN_TABLE) or (not virtual and any(error in name for error in PAIR_ERRORS)):
            continue
        rows.append((name, f"{_shown(name, value)} {_unit(name)}".rstrip(), MEANINGS.get(name, "")))
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


def _unit(name: str) -> str:
    for part in reversed(name.split(".")):
        unit = part.rpartition("_")[2]
        if unit in UNITS:
            return PRINTED_UNITS.get(unit, unit)
    return ""


# --------------------------------------------------------------------------------------------------------- baselines


def against_lines(compared: Sequence[Compared], rig_file: RigFile) -> list[str]:
    """The bank and the methods, one a line."""
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
