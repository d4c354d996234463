"""``spatial upmix``: stereo to left, right and centre."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.bank.recipe import UPMIXES
from spatial.cli.common import add_command, picture, print_json, say, tell
from spatial.cli.progress import ProgressBar
from spatial.cli.sound_options import add_input_and_output, add_input_options, number
from spatial.cli.stopping import stop_cleanly
from spatial.cli.words import clock, plural

if TYPE_CHECKING:
    from spatial.analysis.upmix_activity import UpmixActivity
    from spatial.base.arrays import Audio


def add_commands(commands: Any) -> None:
    """``upmix``."""
    upmix = add_command(
        commands, "upmix", "split stereo into left, right and centre, three float channels", run_upmix, json_output=True, writes=True
    )
    add_input_and_output(upmix, "L', R', C: .wav, .rf64, .caf or .w64")
    add_input_options(upmix)
    upmix.add_argument("--method", choices=UPMIXES, default="directional", help="how the centre is found (directional)")
    upmix.add_argument(
        "--latency-ms", type=number, default=21.0, metavar="MS", help="of directional 0, 2.7, 21 or 85, of projection 2.7, 21 or 85 (21)"
    )
    upmix.add_argument("--plot", metavar="FILE", type=Path, help="draw where the sound goes over time and frequency: .png, .svg or .pdf")
    upmix.add_argument("--strength", type=number, default=1.0, metavar="X", help="0: nothing to the centre, 1: all (1)")


def run_upmix(args: argparse.Namespace) -> None:
    """Upmix a file, and draw what was done."""
    from spatial.bank.recipe import RenderRecipe
    from spatial.session.offline import upmix_file

    recipe = RenderRecipe(args.method, args.latency_ms, args.strength)
    activity: dict[int, UpmixActivity] = {}  # by sample rate, which is known when the input is open
    if args.plot:
        check_picture(args)
    with stop_cleanly(), ProgressBar(f"upmixing {Path(args.output).name}") as bar:
        report = upmix_file(
            args.input,
            args.output,
            recipe,
            strict=args.strict,
            scrub=args.scrub,
            force=args.force,
            progress=lambda done, whole: bar.show(done / whole if whole else None),
            heard=(lambda paths, fs: gather(activity, paths, fs)) if args.plot else None,
        )
    for found in activity.values():
        draw_activity(args, found)
    for sentence in report.warnings:
        say(f"{args.input}: {sentence}")
    if report.scrubbed:
        say(f"{args.input}: {plural(report.scrubbed, 'sample')} not finite or above +120 dBFS, replaced by silence")
    if args.json:
        print_json(report.as_dict())
    else:
        tell(
            f"{os.path.basename(args.output)}  3 channels (left, right, center)  {report.output_format}  {report.fs} Hz  "
            f"{clock(report.frames / report.fs)}   {report.method}, latency {report.latency_samples} frames taken out"
        )


def check_picture(args: argparse.Namespace) -> None:
    """Refuse a picture that cannot be before anything is computed."""
    from spatial.base.whole_files import check_destination
    from spatial.cli.common import picture_format

    picture_format(args.plot)
    check_destination(args.plot, force=args.force, inputs=(args.input, args.output))


def gather(activity: dict[int, UpmixActivity], paths: Audio, fs: int) -> None:
    """Figures for the picture.

    Parameters
    ----------
    activity : dict, Hz -> UpmixActivity
        Written to.
    paths : (3, frames) float32
        L', R', C.
    fs : int
        Sample rate, Hz.
    """
    from spatial.analysis.upmix_activity import UpmixActivity

    if fs not in activity:
        activity[fs] = UpmixActivity(fs)
    activity[fs].add(paths)


def draw_activity(args: argparse.Namespace, activity: UpmixActivity) -> None:
    """The picture of an upmix.

    Parameters
    ----------
    args : Namespace
        plot: the picture's path.
    activity : UpmixActivity
    """
    import shlex

    from spatial.base.whole_files import atomic_file
    from spatial.catalogue.chain_pictures import activity_figure
    from spatial.cli.common import picture_format
    from spatial.plots.style import LIGHT

    source = Path(args.input).name
    delay = "" if args.method in ("matrix", "off") else f", {args.latency_ms:g} ms"
    command = shlex.join(["spatial", "upmix", source, Path(args.output).name, "--method", args.method, "--plot", args.plot.name])
    figure = activity_figure(activity, source, args.method + delay, LIGHT, command)
    content = picture(figure, LIGHT, picture_format(args.plot))
    with stop_cleanly(), atomic_file(args.plot) as file:
        file.write(content)
