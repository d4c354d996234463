"""``spatial render``: a sound file to one channel a driver."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.cli.common import add_command, print_json, say, tell
from spatial.cli.progress import ProgressBar
from spatial.cli.rig_words import add_set_option
from spatial.cli.sound_options import add_block_option, add_chain_options, add_input_and_output, add_input_options, render_options
from spatial.cli.stopping import stop_cleanly
from spatial.cli.words import clock, level, plural

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.session.render_report import RenderReport


def add_commands(commands: Any) -> None:
    """``render``."""
    render = add_command(commands, "render", "render a sound file to one channel a driver", run_render, json_output=True, writes=True)
    add_input_and_output(render, "one channel a driver: .wav, .rf64, .flac, .caf or .w64")
    source = render.add_mutually_exclusive_group(required=True)
    source.add_argument("-r", "--rig", metavar="RIG", help="rig file or shipped rig; it is designed at the input's rate")
    source.add_argument("-b", "--bank", metavar="BANK", help="filters that `spatial design` made")
    add_set_option(render)
    add_input_options(render)
    render.add_argument("-R", "--resample", action="store_true", help="convert the input to the bank's rate")
    levels = add_chain_options(render)
    levels.add_argument("--bits", choices=("16", "24", "float"), help="samples of the output, integers with dither; default float, FLAC 24")
    timing = render.add_argument_group("time")
    add_block_option(timing)
    timing.add_argument("-k", "--keep-latency", action="store_true", help="leave the delays in: the frames that playback has")


def run_render(args: argparse.Namespace) -> None:
    """Design if a rig is given, render, print what came out."""
    from spatial.bank.matrix import FilterMatrix
    from spatial.base.whole_files import check_destination
    from spatial.io.audio_out import SampleFormat
    from spatial.session.offline import render_file

    options = render_options(args)
    if args.overrides and not args.rig:
        raise UsageError("--set varies a rig; a bank is designed already")
    with stop_cleanly():
        SampleFormat(args.output, channels=1, bits=args.bits)  # what is wrong without a look at the rig is said before it is designed
        check_destination(args.output, force=args.force, inputs=(args.input,))
        bank = designed_for(args) if args.rig else FilterMatrix.load(args.bank)
        with ProgressBar(f"rendering {Path(args.output).name}") as bar:
            report = render_file(
                args.input, args.output, bank, options, force=args.force, progress=lambda done, whole: show_time(bar, bank.fs, done, whole)
            )
    for sentence in render_remarks(report):
        say(f"{args.input}: {sentence}")
    if args.json:
        print_json(report.as_dict())
    else:
        tell("\n".join(summary(report, args.gain_db is None)))


def designed_for(args: argparse.Namespace) -> FilterMatrix:
    """The bank of args.rig, at the rate of args.input."""
    from spatial.io.standard_input import open_audio
    from spatial.rig.load import load_rig

    rig_file = load_rig(args.rig, args.overrides)
    with open_audio(args.input, strict=args.strict) as reader:
        fs = reader.fs
    from spatial.design.filter_bank import compute_filters

    with ProgressBar(f"designing {Path(args.rig).stem} at {fs} Hz") as bar:
        return compute_filters(rig_file, fs=fs, progress=lambda stage: bar.show(None, stage))


def show_time(bar: ProgressBar, fs: int, done: int, whole: int | None) -> None:
    """How much of the output is written.

    Parameters
    ----------
    bar : ProgressBar
    fs : int
        Sample rate, Hz.
    done : int
        Frames.
    whole : int or None
        Frames; None: not known.
    """
    bar.show(done / whole if whole else None, clock(done / fs))


def render_remarks(report: RenderReport) -> list[str]:
    """What a person should know beyond the figures."""
    remarks = list(report.warnings)
    if report.scrubbed:
        remarks.append(f"{plural(report.scrubbed, 'sample')} not finite or above +120 dBFS, replaced by silence")
    if report.discarded:
        remarks.append(f"{plural(report.discarded, 'sample')} inside the chain not finite or above +120 dBFS, replaced by silence")
    return remarks


def summary(report: RenderReport, gain_predicted: bool) -> list[str]:
    """Three lines: the file, its levels, its timing.

    Parameters
    ----------
    report : RenderReport
    gain_predicted : bool
        Whether the gain is the bank's predicted headroom.
    """
    latency = report.latency
    limiter = "off" if report.limiter_share is None else f"{100 * report.limiter_share:.1f} % of the time"
    if report.limiter_lowest_db:
        limiter += f", {report.limiter_lowest_db:.1f} dB at most"
    origin = "predicted headroom" if gain_predicted else "given"
    done = "kept" if report.latency_kept else "taken out"
    return [
        f"{os.path.basename(report.output)}  {plural(report.channels, 'channel')} ({driver_names(report)})  {report.output_format}  "
        f"{report.fs} Hz  {clock(report.frames / report.fs)}   {report.times_real_time:.0f} x real time, {report.seconds:.1f} s",
        f"  level    in {level(report.input_lufs, 'LUFS')}   out {level(report.output_lufs, 'LUFS')}   "
        f"true peak {level(report.true_peak_dbtp, 'dBTP')}   limiter {limiter}",
        f"  gain     {report.gain_db:.1f} dB ({origin})   latency {latency.total} frames {done} "
        f"(bank {latency.bank}, upmix {latency.upmix}, limiter {latency.limiter})",
    ]


def driver_names(report: RenderReport) -> str:
    """ "front, left, right"; with channels where they are not simply 1, 2, 3."""
    drivers = sorted(report.drivers, key=lambda driver: driver.channel)
    if [driver.channel for driver in drivers] == list(range(1, report.channels + 1)):
        return ", ".join(driver.name for driver in drivers)
    return ", ".join(f"{driver.channel} {driver.name}" for driver in drivers)
