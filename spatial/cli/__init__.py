"""The command line: ``spatial <command>``. Commands live in modules grouped by what a user does."""

from spatial.cli.main import main

__all__ = ["main"]
