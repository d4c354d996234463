"""``spatial render``, ``upmix`` and ``export``: what a bank does to sound, and a bank for other engines."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.bank.matrix import UPMIXES
from spatial.base.errors import UsageError
from spatial.cli.common import add_command, picture, print_json, say, tell
from spatial.cli.progress import ProgressBar
from spatial.cli.rig_words import add_set_option
from spatial.cli.stopping import stop_cleanly
from spatial.exchange.registry import lines, writers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatial.analysis.upmix_activity import UpmixActivity
    from spatial.bank.matrix import FilterMatrix
    from spatial.session.options import RenderOptions
    from spatial.session.render_report import RenderReport

BYPASS_HELP = (
    "no filters: left and right go, each unchanged, to the driver that carries most of its side, as late and with the same gain "
    "and limiter as the filtered render, so that the two can be compared"
)


def add_commands(commands: Any) -> None:
    """``render``, ``upmix`` and ``export``."""
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

    export = add_command(commands, "export", "write a bank's filters for another engine", run_export, json_output=True, writes=True)
    export.add_argument("bank", metavar="BANK", help="filters that `spatial design` made")
    export.add_argument("--to", choices=tuple(writers("bank")), required=True, help=lines("bank"))
    export.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder, made where it is missing")
    export.add_argument(
        "--center", choices=("absolute", "relative"), default="absolute",
        help="relative: one minimum-phase equaliser and drivers relative to the reference, equal in magnitude (absolute)",
    )  # fmt: skip


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
    parser.add_argument("-B", "--block", type=int, default=128, metavar="N", help="plan block of the convolution, a power of two (128)")


def number(text: str) -> float:
    """A finite number, with a decimal point; a typeset minus sign is one."""
    value = float(text.replace("\N{MINUS SIGN}", "-"))
    if not -1e6 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number that makes sense here")
    return value


def path_gain(text: str) -> tuple[str, float]:
    """ "center=-3" """
    name, equals, gain = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not PATH=X, for example center=-3")
    return name, number(gain)


# ------------------------------------------------------------------------------------------------------------ render


def run_render(args: argparse.Namespace) -> None:
    """Design if a rig is given, render, print what came out."""
    from spatial.base.whole_files import check_destination
    from spatial.io.audio_out import SampleFormat
    from spatial.session.offline import render_file

    options = render_options(args)
    if args.overrides and not args.rig:
        raise UsageError("--set varies a rig; a bank is designed already")
    with stop_cleanly():
        SampleFormat(args.output, channels=1, bits=args.bits)  # what is wrong without a look at the rig is said before it is designed
        check_destination(args.output, force=args.force, inputs=(args.input,))
        bank = designed_for(args) if args.rig else loaded(args.bank)
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


def loaded(path: str) -> FilterMatrix:
    """The bank of a file."""
    from spatial.bank.matrix import FilterMatrix

    return FilterMatrix.load(path)


def show_time(bar: ProgressBar, fs: int, done: int, whole: int | None) -> None:
    """How much of the output is written."""
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
    """Three lines: the file, its levels, its timing."""
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


def clock(seconds: float) -> str:
    """ "3:12.4" """
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def level(value: float | None, unit: str) -> str:
    """A level with its unit; "-" where there is none."""
    return "-" if value is None else f"{value:.1f} {unit}"


def plural(count: int, what: str) -> str:
    """ "1 sample", "2 samples" """
    return f"{count} {what}" + ("" if count == 1 else "s")


# ------------------------------------------------------------------------------------------------------------- upmix


def run_upmix(args: argparse.Namespace) -> None:
    """Upmix a file, and draw what was done."""
    from spatial.bank.matrix import RenderRecipe
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


def gather(activity: dict[int, UpmixActivity], paths: NDArray[np.float32], fs: int) -> None:
    """Figures for the picture."""
    from spatial.analysis.upmix_activity import UpmixActivity

    if fs not in activity:
        activity[fs] = UpmixActivity(fs)
    activity[fs].add(paths)


def draw_activity(args: argparse.Namespace, activity: UpmixActivity) -> None:
    """The picture of an upmix."""
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


# ------------------------------------------------------------------------------------------------------------ export


def run_export(args: argparse.Namespace) -> None:
    """Export a bank."""
    from spatial.session.render_report import readable

    bank = loaded(args.bank)
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
