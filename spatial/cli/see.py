"""``spatial plot`` and ``spatial report``: what a bank does, as pictures and as one page."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.base.whole_files import atomic_file, check_destination, megabytes, refuse_standard_output
from spatial.cli.common import add_command, picture, tell
from spatial.cli.rigs import picture_format
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.report.side_figures import Drawing
    from spatial.rig.model import RigFile

KINDS = (
    "beam",
    "panels",
    "directivity",
    "polar",
    "balloon",
    "spinorama",
    "cancellation",
    "cues",
    "sweetspot",
    "distance",
    "robustness",
    "baselines",
    "trade",
    "tone",
    "filters",
    "width",
    "latency",
    "pan",
)
CHAIN_KINDS = ("latency", "pan")
"""Those that need upmix and limiter."""


def add_commands(commands: Any) -> None:
    """``plot`` and ``report``."""
    plot = add_command(commands, "plot", "draw what a bank does", run_plot, writes=True)
    add_bank_and_rig(plot)
    plot.add_argument("-k", "--kind", choices=KINDS, required=True, help="width: headphones; filters: any; the others: loudspeakers")
    plot.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="picture: .png, .svg or .pdf")
    plot.add_argument("--dark", action="store_true", help="light lines on a dark ground")
    report = add_command(commands, "report", "write one self-contained page about a bank", run_report, writes=True)
    add_bank_and_rig(report)
    report.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="page: .html")


def add_bank_and_rig(parser: argparse.ArgumentParser) -> None:
    """BANK and --rig."""
    parser.add_argument("bank", metavar="BANK", help="filters that `spatial design` made")
    parser.add_argument("-r", "--rig", metavar="RIG", help="judge the bank on this rig; default: the one it was designed for")


def bank_and_rig(args: argparse.Namespace) -> tuple[FilterMatrix, RigFile]:
    """The bank, and the rig to judge it on."""
    from spatial.bank.matrix import FilterMatrix
    from spatial.rig.load import load_rig, rig_from_text

    bank = FilterMatrix.load(args.bank)
    if args.rig is not None:
        return bank, load_rig(args.rig)
    if not bank.rig_text:
        raise UsageError(f"{args.bank}: the bank carries no rig; give one with --rig RIG")
    return bank, rig_from_text(bank.rig_text, f"the rig in {args.bank}")


def command_line(args: argparse.Namespace, *words: str) -> str:
    """The command as it would be typed in the folder of its files; captions and pages show it."""
    names = ["spatial", args.command, Path(args.bank).name, *words, "-o", args.output.name]
    return shlex.join(names + (["--rig", Path(args.rig).name] if args.rig is not None else []))


def run_plot(args: argparse.Namespace) -> None:
    """One picture."""
    file_format = picture_format(args.output)
    check_destination(args.output, force=args.force, inputs=(args.bank,))
    bank, rig_file = bank_and_rig(args)
    from spatial.plots.style import DARK, LIGHT
    from spatial.report.figures import bank_figure

    theme, command = DARK if args.dark else LIGHT, command_line(args, "--kind", args.kind)
    if args.kind in CHAIN_KINDS:
        figure = chain_drawing(args.kind, bank, rig_file, command)(theme)
    else:
        figure = bank_figure(args.kind, bank, rig_file, command, theme)
    content = picture(figure, theme, file_format)
    with stop_cleanly(), atomic_file(args.output) as file:
        file.write(content)
    tell(f"{args.output}  {args.kind} of {rig_file.rig.name}")


def chain_drawing(kind: str, bank: FilterMatrix, rig_file: RigFile, command: str = "") -> Drawing:
    """A picture of the whole chain, upmix and limiter as they render.

    Raises
    ------
    UsageError
        Headphones, whose bank has no centre.
    """
    from spatial.dsp.make import make_limiter, make_upmix
    from spatial.report import chain_figures

    if "center" not in bank.input_names:
        raise UsageError(f"'{rig_file.rig.name}' has no picture '{kind}': there is no centre path")
    if kind == "pan":
        return chain_figures.pan(bank, rig_file, lambda x: make_upmix(bank.recipe, bank.fs).process(x), command)
    upmix, limiter = make_upmix(bank.recipe, bank.fs), make_limiter(len(bank.driver_names), bank.fs)
    return chain_figures.latency(bank, rig_file, upmix.latency, limiter.latency, command)


def run_report(args: argparse.Namespace) -> None:
    """The page."""
    refuse_standard_output(args.output)
    if args.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{args.output}: a report is a page; the name ends in .html")
    check_destination(args.output, force=args.force, inputs=(args.bank,))
    bank, rig_file = bank_and_rig(args)
    page = page_of(bank, rig_file, command_line(args)).encode()
    with stop_cleanly(), atomic_file(args.output) as file:
        file.write(page)
    tell(f"{args.output}  report of {rig_file.rig.name}, one file of {megabytes(len(page))}")


def page_of(bank: FilterMatrix, rig_file: RigFile, command: str) -> str:
    """The page with every picture that the bank can have, those of the whole chain too."""
    from spatial.report.page import report_page

    whole_chain = {kind: chain_drawing(kind, bank, rig_file) for kind in CHAIN_KINDS} if "center" in bank.input_names else {}
    return report_page(bank, rig_file, command, whole_chain)
