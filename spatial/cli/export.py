"""``spatial export``: a bank for another engine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.cli.common import add_command, print_json, tell
from spatial.cli.stopping import stop_cleanly
from spatial.exchange.registry import lines, writers

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix


def add_commands(commands: Any) -> None:
    """``export``."""
    export = add_command(commands, "export", "write a bank's filters for another engine", run_export, json_output=True, writes=True)
    export.add_argument("bank", metavar="BANK", help="filters that `spatial design` made")
    export.add_argument("--to", choices=tuple(writers("bank")), required=True, help=lines("bank"))
    export.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder, made where it is missing")
    export.add_argument(
        "--center", choices=("absolute", "relative"), default="absolute",
        help="relative: one minimum-phase equaliser and drivers relative to the reference, equal in magnitude (absolute)",
    )  # fmt: skip


def run_export(args: argparse.Namespace) -> None:
    """Export a bank."""
    from spatial.bank.matrix import FilterMatrix
    from spatial.session.render_report import readable

    bank = FilterMatrix.load(args.bank)
    notes: list[str] = []
    if args.center == "relative":
        bank, notes = _relative_centre(bank)
    with stop_cleanly():
        written = writers("bank")[args.to](bank, args.output, force=args.force)
    if args.json:
        print_json({"files": [readable(os.fspath(path)) for path in written]})
    else:
        tell(f"{args.output}  {', '.join(path.name for path in written)}")
        tell(
            f"  {len(bank.driver_names)} drivers x {bank.n_taps} taps, {bank.fs} Hz, latency {bank.latency_samples} frames; "
            f"headroom gain {bank.headroom_gain_db:.1f} dB not included"
        )
        for note in notes:
            tell(f"  {note}")


def _relative_centre(bank: FilterMatrix) -> tuple[FilterMatrix, list[str]]:
    """The bank with its centre in relative form, and what that costs, in words."""
    from spatial.analysis.beam_figures import prering_db
    from spatial.catalogue.figures import study_of
    from spatial.design.beam_relative import share_db, with_relative_centre
    from spatial.rig.load import rig_from_text

    if not bank.rig_text:
        raise UsageError("the bank carries no rig, which the relative form of its centre needs")
    rig_file = rig_from_text(bank.rig_text, "the bank's own rig")
    if rig_file.rig.kind == "headphones":
        raise UsageError("headphones have no centre path")
    turned = with_relative_centre(bank, rig_file)
    before, after = (prering_db(study_of(of, rig_file)) for of in (bank, turned))
    return turned, [
        f"centre in relative form: reference at least {share_db(bank, rig_file):+.1f} dB re the rms of all drivers, "
        f"pre-ringing {after:.1f} dB (absolute form {before:.1f} dB)"
    ]
