"""Entry point: parse, run, and turn every error into one line and an exit code."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module

import spatial
from spatial.base.errors import SpatialError, UsageError
from spatial.cli.arguments import parse_arguments
from spatial.cli.common import say_fallback, tell
from spatial.cli.stopping import interrupted
from spatial.cli.streams import complain, open_closed_streams, output_failure

COMMAND_MODULES = ("rigs", "check", "design", "render", "upmix", "export", "play", "analyze", "plot", "report", "bench", "demo")
INTERRUPTED = 130


class VersionAction(argparse.Action):
    """``--version``: version, engine and instruction set (the engine is looked for only when asked)."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        """Print and end."""
        from spatial.dsp.backends import describe_engine

        try:
            tell(f"spatial {spatial.__version__}  engine {describe_engine()}")
        except SpatialError as error:
            parser.exit(error.exit_code, f"spatial: {error}\n")
        parser.exit(0)


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="spatial",
        description="Filters for compact loudspeakers that sound wide: design them, look at them, render music through them.",
    )
    parser.add_argument("--version", action=VersionAction, nargs=0, help="print version, engine and instruction set")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMAND_MODULES:
        import_module(f"spatial.cli.{module}").add_commands(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0 ok, 1 bug, 2 usage, 3 input, 4 output, 5 device, 6 threshold missed, 130 interrupted.

    Raises
    ------
    SystemExit
        What was typed is no command, or the process was told to end.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its caches are nobody's business: without them it is slower, no more
    open_closed_streams()
    try:
        code = _run(argv)
    except SystemExit as end:  # argparse's, or a signal's
        code = _delivered(end.code if isinstance(end.code, int) else 0)
        raise SystemExit(code) from None
    return _delivered(code)


def _delivered(code: int) -> int:
    """The exit code, unless all went well and standard output did not take it."""
    failure = output_failure()
    if failure is not None and code == 0:
        complain(f"spatial: {failure}")
        return failure.exit_code
    return code


def _run(argv: list[str] | None) -> int:
    args = parse_arguments(build_parser(), sys.argv[1:] if argv is None else argv)
    try:
        if not args.says_engine:
            say_fallback()
        return args.run(args) or 0
    except SpatialError as error:
        if args.debug:
            raise
        complain(f"spatial: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        complain("spatial: interrupted, nothing was written")
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except MemoryError as error:
        complain(f"spatial: not enough memory{f' ({error})' if str(error) else ''}; ask for less: shorter filters, a lower rate")
        return UsageError.exit_code
    except Exception as error:
        if interrupted():  # while a module was loading, which may make another error of it
            complain("spatial: interrupted, nothing was written")
            return INTERRUPTED
        if isinstance(error, OSError) and (failure := output_failure()) is not None:
            complain(f"spatial: {failure}")
            return failure.exit_code
        if args.debug:
            raise
        complain(f"spatial: this is a bug: {type(error).__name__}: {error}; run again with --debug for the traceback")
        return 1
