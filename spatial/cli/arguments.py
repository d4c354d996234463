"""What is typed, before argparse reads it: options that do not exist are named first, negative numbers are taken in every spelling.

Argparse complains of what is missing before it looks at what is there and wrong, and before Python 3.14 it takes ``-1e1`` for an option.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Mapping, Sequence

NEGATIVE = re.compile(r"-(\.?\d.*|inf(inity)?|nan)", re.IGNORECASE)

Options = Mapping[str, argparse.Action]


def parse_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line, as ``parser.parse_args`` does; it ends with exit code 2 where that does.

    Parameters
    ----------
    parser : ArgumentParser
        With a sub-parser for each command.
    argv : sequence of str
        Without the program's name.
    """
    commands = next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    chosen = next((i for i, token in enumerate(argv) if not token.startswith("-")), len(argv))
    before, unknown = _read(argv[:chosen], parser._option_string_actions)
    if unknown or chosen == len(argv) or argv[chosen] not in commands:
        _refuse(parser, unknown)
        return parser.parse_args(argv)
    command = commands[argv[chosen]]
    after, unknown = _read(argv[chosen + 1 :], command._option_string_actions)
    _refuse(command, unknown)
    return parser.parse_args([*before, argv[chosen], *after])


def _read(tokens: Sequence[str], options: Options) -> tuple[list[str], list[str]]:
    """The tokens with every negative number joined to its option, and those that look like options and are none."""
    joined: list[str] = []
    unknown: list[str] = []
    waiting: argparse.Action | None = None
    for i, token in enumerate(tokens):
        if token == "--":
            return [*joined, *tokens[i:]], unknown
        if waiting is not None and NEGATIVE.fullmatch(token):
            joined[-1] += f"={token}" if joined[-1].startswith("--") else token
            waiting = None
            continue
        joined.append(token)
        waiting = None
        if token.startswith("-") and token != "-" and not NEGATIVE.fullmatch(token):
            try:
                waiting = _waiting(token, options)
            except LookupError:
                if " " not in token:  # with a space argparse takes it for a name
                    unknown.append(token)
    return joined, unknown


def _waiting(token: str, options: Options) -> argparse.Action | None:
    """The option that takes its value from the next token, if the token ends in one; LookupError where it names none that there is."""
    if token.startswith("--"):
        name, equals, _ = token.partition("=")
        meant = [options[name]] if name in options else [action for option, action in options.items() if option.startswith(name)]
        return meant[0] if not equals and meant[0].nargs != 0 else None
    for place, letter in enumerate(token[1:], 1):
        action = options[f"-{letter}"]
        if action.nargs != 0:
            return action if place == len(token) - 1 else None
    return None


def _refuse(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> None:
    if unknown:
        near = difflib.get_close_matches(unknown[0].partition("=")[0], parser._option_string_actions, n=1, cutoff=0.7)
        parser.error(f"unrecognized arguments: {' '.join(unknown)}" + (f" (did you mean {near[0]}?)" if near else ""))
