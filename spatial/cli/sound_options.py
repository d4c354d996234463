"""Options that the commands for sound share: what comes in, levels and paths, the block."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spatial.bank.recipe import DEFAULT_BLOCK

if TYPE_CHECKING:
    from spatial.session.options import RenderOptions

BYPASS_HELP = (
    "no filters: left and right go, each unchanged, to the driver that carries most of its side, as late and with the same gain "
    "and limiter as the filtered render, so that the two can be compared"
)


def add_input_and_output(parser: argparse.ArgumentParser, output: str) -> None:
    """IN and OUT."""
    parser.add_argument("input", metavar="IN", help="sound file, mono (feeds both sides) or stereo; - is standard input")
    parser.add_argument("output", metavar="OUT", help=output)


def add_input_options(parser: argparse.ArgumentParser) -> None:
    """What is done about odd input files."""
    parser.add_argument("--strict", action="store_true", help="refuse a file whose header disagrees with its content, do not only warn")
    parser.add_argument("--scrub", action="store_true", help="replace samples that are not finite by silence and count them")


def add_chain_options(parser: argparse.ArgumentParser) -> Any:
    """Levels and paths of the chain; returns the group of the levels."""
    levels = parser.add_argument_group("levels")
    levels.add_argument(
        "-g", "--gain-db", type=number, metavar="X", help="gain of all drivers; default: the bank's predicted headroom gain; 0 turns it off"
    )
    levels.add_argument("-L", "--no-limiter", action="store_true", help="do not keep the drivers below -1 dBFS")
    paths = parser.add_argument_group("paths", "PATH is left, right, center or sides")
    paths.add_argument("-s", "--solo", action="append", default=[], metavar="PATH", help="let only this path (these paths) be heard")
    paths.add_argument("-m", "--mute", action="append", default=[], metavar="PATH", help="leave this path out")
    paths.add_argument("-p", "--path-gain-db", action="append", default=[], type=path_gain, metavar="PATH=X", help="gain of one path")
    paths.add_argument("--bypass", action="store_true", help=BYPASS_HELP)
    return levels


def add_block_option(parser: Any) -> None:
    """``--block``."""
    said = f"plan block of the convolution, a power of two ({DEFAULT_BLOCK})"
    parser.add_argument("-B", "--block", type=int, default=DEFAULT_BLOCK, metavar="N", help=said)


def number(text: str) -> float:
    """A finite number, with a decimal point; a typeset minus sign is one.

    Raises
    ------
    ArgumentTypeError
        No number that makes sense.
    """
    value = float(text.replace("\N{MINUS SIGN}", "-"))
    if not -1e6 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number that makes sense here")
    return value


def path_gain(text: str) -> tuple[str, float]:
    """A path and its gain, dB, from PATH=X.

    Raises
    ------
    ArgumentTypeError
        Another form, or no number that makes sense.
    """
    name, equals, gain = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not PATH=X, for example center=-3")
    return name, number(gain)


def render_options(args: argparse.Namespace) -> RenderOptions:
    """The options of the command line as the renderer takes them."""
    from spatial.session.options import RenderOptions

    return RenderOptions(
        gain_db=args.gain_db,
        limiter=not args.no_limiter,
        bits=args.bits,
        block=args.block,
        keep_latency=args.keep_latency,
        solo=tuple(args.solo),
        mute=tuple(args.mute),
        path_gain_db=dict(args.path_gain_db),
        bypass=args.bypass,
        strict=args.strict,
        scrub=args.scrub,
        resample=args.resample,
    )
