"""``spatial rigs``: the shipped rigs."""

from __future__ import annotations

import argparse
from typing import Any

from spatial.cli.common import add_command, print_json, tell
from spatial.cli.rig_words import asked, asked_in_words, what_plays


def add_commands(commands: Any) -> None:
    """``rigs``."""
    add_command(commands, "rigs", "list the shipped rigs", run_rigs, json_output=True)


def run_rigs(args: argparse.Namespace) -> None:
    """A line a rig: name, title, body and drivers, and what its design asks for."""
    from spatial.rig.layouts import shipped_rigs
    from spatial.rig.load import load_rig

    rigs = {name: load_rig(name) for name in shipped_rigs()}
    if args.json:
        print_json([{"rig": name, "name": rig.rig.name, "description": rig.rig.description, **asked(rig)} for name, rig in rigs.items()])
        return
    rows = [("rig", "name", "what plays", "sides", "centre", "upmix")]
    rows += [(name, rig.rig.name, what_plays(rig), *asked_in_words(rig)) for name, rig in rigs.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        tell("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
