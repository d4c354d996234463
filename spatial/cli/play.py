"""``spatial play``: a file, a stream or a live input to a sound card, with filters that follow the rig file while it is edited."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

from spatial.base.errors import SpatialError, UsageError
from spatial.cli.common import add_command, print_json, say, say_fallback, tell
from spatial.cli.rig_words import add_set_option
from spatial.cli.sound_options import add_block_option, add_chain_options, add_input_options, render_options
from spatial.cli.stopping import stop_cleanly
from spatial.cli.streams import complain, output_failure
from spatial.cli.words import clock

if TYPE_CHECKING:
    from spatial.io.soundcard import Device
    from spatial.session.banks import BankSource
    from spatial.session.play_options import Place, PlayOptions
    from spatial.session.playback import Lost

RESUME = "SPATIAL_PLAY_RESUME"
"""Where playback was when its device was lost, for the process that goes on."""


def add_commands(commands: Any) -> None:
    """``play``."""
    play = add_command(commands, "play", "play a file, a stream or a live input through a sound card", run_play, json_output=True)
    play.add_argument("input", metavar="FILE", nargs="?", help="sound file, mono or stereo; - is standard input, a stream of any length")
    play.add_argument("-r", "--rig", metavar="RIG", action="append", default=[], help="rig file or shipped rig; more of them: key n")
    play.add_argument("-b", "--bank", metavar="BANK", action="append", default=[], help="filters of `spatial design`; more of them: key n")
    add_set_option(play)
    play.add_argument("-w", "--watch", action="store_true", help="follow the rig file (or the bank): design anew when it changes")
    add_input_options(play)
    play.add_argument("-R", "--resample", action="store_true", help="convert the input to the bank's, or the device's, rate")
    card = play.add_argument_group("sound card", 'DEVICE is an index, a name or a part of one, or "api:name", as in jack:system')
    card.add_argument("-l", "--list-devices", action="store_true", help="list the devices, and nothing else")
    card.add_argument("-d", "--device", metavar="DEVICE", help="where to play; default: the system's")
    card.add_argument("-i", "--input", dest="input_device", metavar="DEVICE", help="play what comes in there, live")
    card.add_argument("--host-block", type=int, default=0, metavar="N", help="frames of one callback; default: the device's choice")
    card.add_argument("--latency", type=latency, default="high", metavar="low|high|S", help="of the device; S in seconds (high)")
    card.add_argument("--wait", action="store_true", help="wait for the device, at the start and when it is lost, and go on")
    card.add_argument("--identify", action="store_true", help="pink noise at -30 dBFS from each driver in turn, with its name")
    add_chain_options(play)
    add_block_option(play)
    play.set_defaults(bits=None, keep_latency=False, says_engine=True)  # without the core it ends with that sentence


def latency(text: str) -> str | float:
    """Of the device, as it is typed: low, high, or seconds.

    Raises
    ------
    ArgumentTypeError
        Seconds that are not above 0 to 10.
    """
    if text in ("low", "high"):
        return text
    value = float(text)
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError(f"{text}: low, high, or above 0 to 10 seconds")
    return value


def run_play(args: argparse.Namespace) -> int:
    """List devices, identify drivers, or play; returns the exit code."""
    if args.list_devices:
        say_fallback()
        return list_devices(args.json)
    check_usage(args)
    from spatial.cli.keys import Keys
    from spatial.cli.main import INTERRUPTED
    from spatial.cli.play_banks import BankFile, RigSource
    from spatial.cli.play_screen import make_screen
    from spatial.cli.play_view import View, listen
    from spatial.session.ends import require_core
    from spatial.session.playback import Lost, Playback

    require_core()
    screen, options = make_screen(args.json), play_options(args)
    banks: list[BankSource] = [*(RigSource(name, args.overrides) for name in args.rig), *map(BankFile, args.bank)]
    view = View(screen, options, "redesigned" if args.rig else "read", len(banks))
    with stop_cleanly(), Keys() as keys:
        session = Playback(options, banks, view, place_of(os.environ.pop(RESUME, "")))
        view.controls = session.controls
        try:
            session.run(listen(keys, view, session.ask))
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Lost as lost:
            keys.restore()
            screen.clear()
            leave(lost)
        except SpatialError as error:  # told at once: closing a device that is lost may take its time
            if args.debug:
                raise
            view.clear_bar()
            screen.clear()
            say(f"spatial: {error}")
            if args.json:
                screen.tell("failed", str(error), exit_code=error.exit_code)
            code = error.exit_code
        else:
            code = INTERRUPTED if session.player is None else 0
        finally:
            view.clear_bar()
            session.close()
            screen.clear()
    if code in (0, INTERRUPTED):
        screen.tell("ended" if session.finished else "stopped", view.ended)
    if session.player is not None and session.player.lost:  # it did not let go when asked to
        end_at_once(code)
    return code


def play_options(args: argparse.Namespace) -> PlayOptions:
    """The options of the command line as the session takes them."""
    from spatial.session.play_options import PlayOptions

    return PlayOptions(
        render=render_options(args),
        input=args.input,
        input_device=args.input_device,
        device=args.device,
        host_block=args.host_block,
        latency=args.latency,
        wait=args.wait,
        watch=args.watch,
        identify=args.identify,
    )


def place_of(text: str) -> Place | None:
    """Where a process that lost its device was, as ``leave`` has written it; None for nothing."""
    from spatial.session.messages import Controls
    from spatial.session.play_options import Place

    if not text:
        return None
    said = json.loads(text)
    controls = {**said.pop("controls"), "paused": False}
    return Place(Controls(**{**controls, "solo": tuple(controls["solo"])}), **said)


def check_usage(args: argparse.Namespace) -> None:
    """Nothing where the options go together.

    Raises
    ------
    UsageError
        They do not.
    """
    if not args.rig and not args.bank:
        raise UsageError("through which filters? --rig RIG or --bank BANK")
    if args.rig and args.bank:
        raise UsageError("--rig and --bank exclude each other")
    if args.overrides and not args.rig:
        raise UsageError("--set varies a rig; a bank is designed already")
    asked = [what for what, there in (("FILE", args.input), ("--input", args.input_device), ("--identify", args.identify)) if there]
    if len(asked) != 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other" if asked else "what is to be played? FILE, -, --input or --identify")


def leave(lost: Lost) -> NoReturn:
    """The device is lost and may hang whatever touches it: go on in a fresh process, or end without looking back."""
    say(f"spatial: {lost.error}" + (f"; waiting for it to come back, to go on at {clock(lost.time_s)}" if lost.place else ""))
    if lost.place:
        output_failure()
        complain("", end="")
        os.environ[RESUME] = json.dumps(asdict(lost.place))
        os.execv(sys.executable, [sys.executable, "-P", "-m", "spatial", *sys.argv[1:]])
    end_at_once(lost.error.exit_code)


def end_at_once(code: int) -> NoReturn:
    """Without the farewells of an interpreter, which might wait for a dead sound server."""
    output_failure()
    complain("", end="")
    os._exit(code)


def list_devices(as_json: bool) -> int:
    """A table of what there is."""
    from spatial.io.soundcard import devices

    found = devices()
    if as_json:
        print_json([vars(device) for device in found])
    elif not found:
        tell("no sound devices")
    else:
        width = max(len(device.name) for device in found)
        tell(f"       {'device':{width}}   out    in    rate Hz   api")
        for d in found:
            tell(f"{_mark(d)} {d.index:3d}  {d.name:{width}}  {d.outputs:4d}  {d.inputs:4d} {d.default_fs:10g}   {d.api}")
        tell("> default output, < default input")
    return 0


def _mark(device: Device) -> str:
    return (">" if device.default_output else " ") + ("<" if device.default_input else " ")
