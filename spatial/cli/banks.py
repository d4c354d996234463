"""What commands share that take a bank and judge it: BANK and --rig, the study of both, and the command as a caption shows it."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.base.errors import UsageError

if TYPE_CHECKING:
    from spatial.analysis.study import ChainParts, Study
    from spatial.bank.matrix import FilterMatrix
    from spatial.rig.model import RigFile


def add_bank_and_rig(parser: argparse.ArgumentParser) -> None:
    """BANK and --rig."""
    parser.add_argument("bank", metavar="BANK", help="filters that `spatial design` made")
    parser.add_argument("-r", "--rig", metavar="RIG", help="judge the bank on this rig; default: the one it was designed for")


def study_of_arguments(args: argparse.Namespace) -> Study:
    """The bank, on the rig to judge it on.

    Raises
    ------
    UsageError
        The bank carries no rig, and none was given.
    """
    from spatial.bank.matrix import FilterMatrix
    from spatial.rig.load import load_rig, rig_from_text

    bank = FilterMatrix.load(args.bank)
    if args.rig is not None:
        return study_with_chain(bank, load_rig(args.rig))
    if not bank.rig_text:
        raise UsageError(f"{args.bank}: the bank carries no rig; give one with --rig RIG")
    return study_with_chain(bank, rig_from_text(bank.rig_text, f"the rig in {args.bank}"))


def study_with_chain(bank: FilterMatrix, rig_file: RigFile) -> Study:
    """A bank on a rig, with the chain that renders it; headphones, whose bank has no centre, have none.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
        To judge it on.
    """
    from spatial.catalogue.figures import study_of

    return study_of(bank, rig_file, (lambda: chain_parts(bank)) if "center" in bank.input_names else None)


def chain_parts(bank: FilterMatrix) -> ChainParts:
    """Upmix and limiter as they render a bank."""
    from spatial.analysis.study import ChainParts
    from spatial.dsp.make import make_limiter, make_upmix

    delay, limiter = make_upmix(bank.recipe, bank.fs).latency, make_limiter(len(bank.driver_names), bank.fs)
    return ChainParts(lambda x: make_upmix(bank.recipe, bank.fs).process(x), delay, limiter.latency)


def command_line(args: argparse.Namespace, *words: str) -> str:
    """The command as it would be typed in the folder of its files; captions and pages show it."""
    names = ["spatial", args.command, Path(args.bank).name, *words, "-o", args.output.name]
    return shlex.join(names + (["--rig", Path(args.rig).name] if args.rig is not None else []))
