"""The terminal's view of a playing session: its events as words on a screen, keys as its commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from spatial.cli.keys import Keys
from spatial.cli.play_screen import Screen
from spatial.cli.progress import ProgressBar
from spatial.cli.words import clock
from spatial.session.messages import (
    Changed,
    Closed,
    Command,
    Controls,
    DriverTurn,
    Event,
    Failed,
    Loading,
    Paused,
    Playing,
    Refused,
    Remark,
    SetBypass,
    SetGain,
    SetSolo,
    Status,
    Stop,
    Swap,
    Swapped,
    Waiting,
)  # fmt: skip
from spatial.session.play_options import PlayOptions

GAIN_STEP_DB = 1.0
SOLOS: tuple[tuple[str, ...], ...] = ((), ("sides",), ("center",))
KEYS_HELP = "q quit  b bypass  s solo  < > gain"


class View:
    """Draws what a session tells. ``ended`` holds how it closed, in a few words.

    Parameters
    ----------
    screen : Screen
    options : PlayOptions
    verb : str
        What is done to a bank that is loaded: "redesigned", "read".
    n_banks : int
    """

    def __init__(self, screen: Screen, options: PlayOptions, verb: str, n_banks: int) -> None:
        self.screen, self.options, self.verb, self.n_banks = screen, options, verb, n_banks
        self.controls = Controls()
        self.ended = "stopped"
        self._bar: ProgressBar | None = None
        self._turn = ""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if not isinstance(event, Loading):
            self.clear_bar()
        tell = self.screen.tell
        match event:
            case Status(stats, controls):
                self.controls = controls
                self.screen.show(stats, self._turn or note(controls))
            case Loading(name, fs, stage):
                self._bar = self._bar or ProgressBar(f"designing {Path(name).stem} at {fs} Hz")
                if stage:
                    self._bar.show(None, stage)
            case Waiting(reason):
                tell("waiting", f"{reason}; waiting for it")
            case Playing():
                self._headline(event)
            case Changed(name):
                tell("changed", f"{'rig' if self.verb == 'redesigned' else 'bank'} changed", name=name)
            case Swapped(name, reason, seconds, gain_db):
                text = f"{reason}: {self.verb} in {seconds:.1f} s, swapped without a gap"
                tell("swapped", text, name=name, seconds=seconds, gain_db=gain_db)
            case Failed(error):
                tell("error", f"{error}\n  the old filters play on")
            case Refused(error):
                tell("error", error)
            case Paused(time_s):
                tell("paused", f"paused at {clock(time_s)}", time_s=time_s)
            case DriverTurn(name, channel):
                self._turn = f"channel {channel}  {name}"
                tell("driver", self._turn, name=name, channel=channel)
            case Remark(sentence):
                tell("remark", f"{self.options.input}: {sentence}")
            case Closed(finished, time_s, dropouts):
                self.ended = f"{'ended' if finished else 'stopped'} at {clock(time_s)}, drop-outs {dropouts}"

    def _headline(self, event: Playing) -> None:
        options = self.options
        what = "each driver in turn" if options.identify else options.input_device or os.path.basename(options.input or "")
        host = f"host block {event.host_block}" if event.host_block else "host block free"
        keys = KEYS_HELP + ("  n next bank" if self.n_banks > 1 else "")
        again = "" if event.from_s is None else f" again, from {clock(event.from_s)} on"
        self.screen.tell(
            "playing",
            f"playing {what} on {event.device}{again}, {event.fs:g} Hz, {host}, latency {event.latency_ms:.0f} ms      {keys}",
            file=options.input,
            device=vars(event.device),
            fs=event.fs,
            host_block=event.host_block,
            added_latency=event.added_latency,
            latency_ms=event.latency_ms,
            gain_db=event.gain_db,
        )

    def clear_bar(self) -> None:
        """No progress bar stays behind."""
        if self._bar is not None:
            self._bar.clear()
            self._bar = None

    def press(self, key: str) -> Command | None:
        """The command that a key means now; None: none."""
        controls = self.controls
        if key == "q":
            return Stop()
        if key == "b":
            return SetBypass(not controls.bypass)
        if key == "s":
            place = SOLOS.index(controls.solo) if controls.solo in SOLOS else 0
            return SetSolo(SOLOS[(place + 1) % len(SOLOS)])
        if key in "<>,.-+":
            return SetGain(controls.gain_db + (GAIN_STEP_DB if key in ">.+" else -GAIN_STEP_DB))
        if key == "n" and self.n_banks > 1:
            return Swap((controls.which + 1) % self.n_banks)
        return None


def listen(keys: Keys, view: View, ask: Callable[[Command], None]) -> Callable[[float], None]:
    """Waits for so many seconds, or until a key is pressed, and asks for what it means.

    Parameters
    ----------
    keys : Keys
    view : View
        Tells what a key means.
    ask : callable
        Gets the commands.
    """

    def wait(seconds: float) -> None:
        for key in keys.wait(seconds):
            command = view.press(key)
            if command is not None:
                ask(command)

    return wait


def note(controls: Controls) -> str:
    """What is switched on, in a few words."""
    notes = []
    if controls.bypass:
        notes.append(f"bypass ({controls.bypass_gain_db:+.1f} dB, equally loud)")
    if controls.mute:
        notes.append("mute")
    if controls.solo:
        notes.append(f"solo {' '.join(controls.solo)}")
    if controls.gain_db:
        notes.append(f"gain {controls.gain_db:+.0f} dB")
    return ", ".join(notes)
