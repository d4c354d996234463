"""``spatial report``: what a bank does, as one page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spatial.base.errors import UsageError
from spatial.base.whole_files import atomic_file, check_destination, megabytes, refuse_standard_output
from spatial.cli.banks import add_bank_and_rig, command_line, study_of_arguments
from spatial.cli.common import add_command, tell
from spatial.cli.stopping import stop_cleanly


def add_commands(commands: Any) -> None:
    """``report``."""
    report = add_command(commands, "report", "write one self-contained page about a bank", run_report, writes=True)
    add_bank_and_rig(report)
    report.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="page: .html")


def run_report(args: argparse.Namespace) -> None:
    """The page."""
    refuse_standard_output(args.output)
    if args.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{args.output}: a report is a page; the name ends in .html")
    check_destination(args.output, force=args.force, inputs=(args.bank,))
    study = study_of_arguments(args)
    from spatial.report.page import report_page

    page = report_page(study, command_line(args)).encode()
    with stop_cleanly(), atomic_file(args.output) as file:
        file.write(page)
    tell(f"{args.output}  report of {study.rig_file.rig.name}, one file of {megabytes(len(page))}")
