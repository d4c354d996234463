"""``spatial design``: from a rig file to a bank of filters, and a table of what was reached against what was asked."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.base.units import REFERENCE_FS
from spatial.base.whole_files import atomic_file, check_destination, refuse_standard_output
from spatial.cli.common import add_command, print_json, say, tell
from spatial.cli.progress import ProgressBar
from spatial.cli.rig_words import add_set_option
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.catalogue.design_table import Row
    from spatial.rig.model import RigFile

STAGES = ("sides", "beam", "filters left", "filters right", "filters center", "figures")
HEAD = ("", "asked", "reached", "worst")


def add_commands(commands: Any) -> None:
    """``design``."""
    design = add_command(
        commands, "design", "compute the filters of a rig, and say what they reach", run_design, json_output=True, writes=True
    )
    design.add_argument("rig", metavar="RIG", help="rig file, or name of a shipped rig")
    design.add_argument("-o", "--output", metavar="BANK", type=Path, help="bank to write: .npz")
    design.add_argument("--fs", metavar="HZ", type=int, default=REFERENCE_FS, help=f"sample rate ({REFERENCE_FS})")
    add_set_option(design)
    design.add_argument("--bands", action="store_true", help="also per third octave: asked, reachable, reached, and which limit bound")
    design.add_argument("--show", action="store_true", help="print every key in force with unit and range; without -o nothing else is done")


def run_design(args: argparse.Namespace) -> None:
    """Design, judge, save; then the table, or the same as JSON."""
    from spatial.rig.load import load_rig

    if args.output is None and not args.show:
        raise UsageError("where to? -o BANK (for example -o bank.npz); --show alone prints the keys in force")
    if args.output is not None:
        refuse_standard_output(args.output)
        if args.output.suffix != ".npz":
            raise UsageError(f"{args.output}: a bank's name ends in .npz")
        check_destination(args.output, force=args.force)
    rig_file = load_rig(args.rig, args.overrides)
    if args.show:
        from spatial.rig.show import show

        (say if args.json else tell)(show(rig_file))
    if args.output is None:
        return
    from spatial.acoustics.measured_head import head_notes
    from spatial.rig.advice import warnings

    with stop_cleanly():
        with ProgressBar(f"designing {Path(args.rig).stem} at {args.fs} Hz") as bar:
            bank, rows = designed(rig_file, args.fs, lambda stage: bar.show(share_done(stage, STAGES), stage))
        with atomic_file(args.output) as file:
            file.write(bank.to_bytes())
    found = [*warnings(rig_file), *head_notes(rig_file)]
    if args.json:
        print_json({"bank": str(args.output), **facts(bank), "figures": bank.figures, "warnings": found})
        return
    tell("\n".join([heading(args.output.name, bank), *table(rows)]))
    if args.bands and rig_file.rig.kind == "loudspeakers":
        from spatial.cli.feasible import band_lines
        from spatial.feasibility.limits import Band

        found_bands = [Band(**band) for band in bank.figures["third_octaves"]]
        tell("\n".join(["", *band_lines(found_bands, rig_file.design.crosstalk.mode)]))
    for text in found:
        say(f"  warning  {text}")
    say(f"next: spatial render song.flac out.wav --bank {args.output}")


def designed(rig_file: RigFile, fs: int, progress: Callable[[str], None]) -> tuple[FilterMatrix, list[Row]]:
    """A bank with its figures in it, and the table of what it reaches.

    Parameters
    ----------
    rig_file : RigFile
    fs : int
        Sample rate, Hz.
    progress : callable
        Told every stage of STAGES.
    """
    from spatial.catalogue.design_table import design_table
    from spatial.catalogue.figures import figures_of, headroom, study_of
    from spatial.design.filter_bank import design_bank

    bank, predicted = design_bank(rig_file, fs=fs, progress=progress)
    progress("figures")
    study = study_of(bank, rig_file)
    study.know(headroom, predicted)
    rows = design_table(study)
    figures = {"asked_and_reached": [asdict(row) for row in rows], **figures_of(study, elsewhere=False)}
    return bank.replace(figures=figures), rows


def share_done(stage: str, stages: Sequence[str]) -> float | None:
    """How far a run is when a stage begins; None for a stage that is not in the list.

    Parameters
    ----------
    stage : str
    stages : sequence of str
        Of the whole run, in order.
    """
    return stages.index(stage) / len(stages) if stage in stages else None


def facts(bank: FilterMatrix) -> dict[str, Any]:
    """What a bank is, as JSON values."""
    return {
        "fs": bank.fs,
        "drivers": list(bank.driver_names),
        "channels": list(bank.channels),
        "inputs": list(bank.input_names),
        "taps": bank.n_taps,
        "latency_samples": bank.latency_samples,
        "headroom_gain_db": bank.headroom_gain_db,
    }


def heading(name: str, bank: FilterMatrix) -> str:
    """One line: the file, its shape, its latency, its gain.

    Parameters
    ----------
    name : str
        Of the file.
    bank : FilterMatrix
    """
    shape = f"{len(bank.driver_names)} drivers x {len(bank.input_names)} inputs x {bank.n_taps} taps"
    latency = f"latency {bank.latency_samples} samples ({bank.latency_samples / bank.fs * 1e3:.1f} ms)"
    return f"{name}  {shape}, {latency}, gain {bank.headroom_gain_db:.1f} dB"


def table(rows: Sequence[Row]) -> list[str]:
    """Asked beside reached, in columns."""
    cells = [HEAD, *((row.figure, row.asked, row.reached, row.worst) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    return ["  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
