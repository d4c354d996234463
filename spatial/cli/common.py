"""What several commands share: common options, figures as JSON, pictures, words."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.checks import whole_characters
from spatial.base.errors import UsageError
from spatial.cli.streams import give_up, to_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spatial.plots.style import Theme


def add_command(
    commands: Any, name: str, help: str, run: Any, *, json_output: bool = False, writes: bool = False
) -> argparse.ArgumentParser:
    """A sub-command with the options that every command has.

    Parameters
    ----------
    commands : argparse's sub-parsers
    name : str
    help : str
        A line about it.
    run : callable
        Gets the arguments; returns the exit code, or None for 0.
    json_output, writes : bool
        Whether there is --json, and --force.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    if json_output:
        parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
    if writes:
        parser.add_argument("-f", "--force", action="store_true", help="overwrite what is there")
    parser.set_defaults(run=run, says_engine=False)
    return parser


def print_json(figures: Any) -> None:
    """One JSON document on standard output, the same bytes in every locale.

    Names of files that are not UTF-8 have replacement characters: JSON holds no halves of characters.
    """
    with to_output():
        json.dump(_whole(figures), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")


def _whole(value: Any) -> Any:
    match value:
        case str():
            return whole_characters(value)
        case dict():
            return {_whole(key): _whole(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_whole(entry) for entry in value]
    return value


def picture(figure: Figure, theme: Theme, file_format: str) -> bytes:
    """The file of a figure; signs that no font of the system has become boxes, said once.

    Parameters
    ----------
    figure : Figure
    theme : Theme
    file_format : str
        "png", "svg" or "pdf".
    """
    from spatial.plots.fonts import boxes_for_missing_signs, fit_fonts
    from spatial.plots.style import figure_bytes

    with boxes_for_missing_signs():
        missing = fit_fonts(figure)
    if missing:
        say(f"no font of this system has {missing[:20]}; the picture shows boxes instead")
    return figure_bytes(figure, theme, file_format)


def picture_format(path: Path) -> str:
    """The picture format, "png", "svg" or "pdf", from a file name's suffix.

    Raises
    ------
    UsageError
        Another suffix, or standard output.
    """
    from spatial.base.whole_files import refuse_standard_output
    from spatial.plots.style import FORMATS

    refuse_standard_output(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UsageError(f"{path}: no picture format; the name ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}")
    return suffix


def say_fallback() -> None:
    """One line where the C core is missing, so that nobody takes the fallback's speed for this program's."""
    from spatial.dsp.backends import fallback_note

    note = fallback_note()
    if note:
        say(f"spatial: {note}")


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
