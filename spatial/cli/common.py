"""What several commands share: common options, figures as JSON, refusing to overwrite."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from spatial.cli.streams import give_up, to_output
from spatial.errors import OutputError


def add_command(
    commands: Any, name: str, help: str, run: Any, *, json_output: bool = False, writes: bool = False
) -> argparse.ArgumentParser:
    """A sub-command with the options that every command has; json_output and writes add --json and --force."""
    parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    if json_output:
        parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
    if writes:
        parser.add_argument("-f", "--force", action="store_true", help="overwrite what is there")
    parser.set_defaults(run=run)
    return parser


def refuse_overwrite(path: Path, force: bool) -> None:
    """OutputError where path exists and force is not given."""
    if path.exists() and not force:
        raise OutputError(f"{path}: exists; -f overwrites it")


def print_json(figures: Any) -> None:
    """One JSON document on standard output, the same bytes in every locale."""
    with to_output():
        json.dump(figures, sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")


def say(text: str) -> None:
    """Words for a person, on standard error; characters the terminal lacks are replaced."""
    try:
        _print(text, sys.stderr)
    except OSError:
        give_up(sys.stderr)


def tell(text: str) -> None:
    """The answer of a command for a person, on standard output; characters the terminal lacks are replaced."""
    with to_output():
        _print(text, sys.stdout)


def _print(text: str, stream: Any) -> None:
    encoding = stream.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)
