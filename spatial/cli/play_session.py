"""One evening of ``spatial play``: opens, listens to keys, follows the rig file, and tells what happens."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import DeviceError, InputError, SpatialError, UsageError
from spatial.base.units import REFERENCE_FS
from spatial.cli.keys import Keys
from spatial.cli.play_screen import Screen
from spatial.cli.progress import ProgressBar
from spatial.cli.render import clock, render_options
from spatial.cli.watch import FileWatch
from spatial.io.soundcard import Device, WrongRateError, devices, find_device, look_again
from spatial.io.standard_input import STANDARD_INPUT, open_audio
from spatial.session.live import Player

LOOK_S = 0.05
RETRY_S = 0.5
GAIN_STEP_DB = 1.0
SOLOS = ((), ("sides",), ("center",))
IDENTIFY_S = 2.0
KEYS_HELP = "q quit  b bypass  s solo  < > gain"


class Lost(Exception):
    """The device is gone and cannot be closed. state: what a process that goes on has to know; empty: none shall."""

    def __init__(self, error: SpatialError, state: dict[str, Any], where: str) -> None:
        super().__init__(str(error))
        self.error, self.state, self.where = error, state, where


@dataclass(frozen=True)
class Loaded:
    """A bank that was designed or read in the background, or what went wrong."""

    which: int
    why: str
    seconds: float
    bank: FilterMatrix | None = None
    bypass_gain_db: float = 0.0
    error: str = ""


class Session:
    """Everything between the options and the exit code.

    Parameters
    ----------
    args : Namespace
        Of ``spatial play``.
    screen : Screen
    keys : Keys
    resumed : dict
        State of a process that lost its device; empty: a new start.
    """

    def __init__(self, args: argparse.Namespace, screen: Screen, keys: Keys, resumed: dict[str, Any]) -> None:
        self.args, self.screen, self.keys = args, screen, keys
        self.names: list[str] = args.rig or args.bank
        self.which = resumed.get("which", 0)
        self.bypass = resumed.get("bypass", args.bypass)
        self.solo = tuple(resumed.get("solo", args.solo))
        self.gain_db = resumed.get("gain_db", 0.0)
        self.skip = resumed.get("skip", 0)
        self.device_wanted = resumed.get("device", args.device)
        self.resumed = bool(resumed)
        self.finished = False
        self.player: Player | None = None
        self.bypass_gain_db = 0.0
        self.fs = REFERENCE_FS
        self._busy = False
        self._next_job: tuple[int, str] | None = None
        self._loaded: list[Loaded] = []
        self._ended_at = ""

    # ------------------------------------------------------------------------------------------------------------ life

    def run(self) -> None:
        """Play to the end, or until a key says so."""
        self.player = self._open()
        try:
            self.finished = self._identify(self.player) if self.args.identify else self._play(self.player)
        except DeviceError as error:
            raise self._lost(self.player, error) from None

    def _play(self, player: Player) -> bool:
        """Whether the programme came to its end."""
        watch = FileWatch(self._file(self.which)) if self.args.watch else None
        while not player.wait(0):
            pressed = self.keys.wait(LOOK_S)
            if "q" in pressed:
                return False
            for key in pressed:
                self._key(player, key)
            if watch and watch.path != self._file(self.which):
                watch = FileWatch(self._file(self.which))
            if watch and (found := watch.poll()):
                self._file_changed(found)
            while self._loaded:
                self._take(player, self._loaded.pop(0))
            self.screen.show(player.stats(), self._note())
        return True

    def close(self) -> None:
        """Fade out and let go of the device."""
        if self.player is not None and not self.player.lost:
            self.player.stop()
            stats = self.player.stats()
            self._ended_at = f"{'ended' if self.finished else 'stopped'} at {clock(stats.time_s)}, drop-outs {stats.dropouts}"
            for sentence in self.player.remarks:
                self.screen.tell("remark", f"{self.args.input}: {sentence}")

    def ended_at(self) -> str:
        """How it ended, in a few words."""
        return self._ended_at or "stopped"

    def _lost(self, player: Player, error: DeviceError) -> Exception:
        """The error, or Lost where the device cannot be closed, or another process shall go on."""
        state = self._state(player) if self.args.wait else {}
        if state and self.args.input == STANDARD_INPUT:
            state, error = {}, DeviceError(f"{error}; standard input cannot be taken up again")
        if state or player.lost:
            return Lost(error, state, clock(player.stats().time_s))
        return error

    def _state(self, player: Player) -> dict[str, Any]:
        api = player.device.api.partition(" ")[0].lower()
        return {
            "which": self.which,
            "bypass": self.bypass,
            "solo": self.solo,
            "gain_db": self.gain_db,
            "skip": 0 if self.args.input_device else round(player.stats().time_s * self.fs),
            "device": f"{api}:{player.device.name}",
        }

    # ------------------------------------------------------------------------------------------------------------ open

    def _open(self) -> Player:
        """A player that plays; with --wait, as soon as there is a device."""
        if self.args.input and self.args.input != STANDARD_INPUT:  # what cannot be read is told before a device is looked for
            open_audio(self.args.input, strict=self.args.strict, scrub=self.args.scrub).close()
        told = False
        while True:
            try:
                device = find_device(devices(), self.device_wanted)
                player = self._started(device)
            except WrongRateError:
                raise
            except DeviceError as error:
                if not self.args.wait:
                    raise
                if not told:
                    self.screen.tell("waiting", f"{error}; waiting for it")
                    told = True
                if "q" in self.keys.wait(RETRY_S):
                    raise KeyboardInterrupt from None
                look_again()
                continue
            self._headline(player)
            return player

    def _started(self, device: Device) -> Player:
        """A running player at the input's rate, or at the device's where that is allowed."""
        args = self.args
        source_device = find_device(devices(), args.input_device, "input") if args.input_device else None
        self.fs = self._input_fs(source_device)
        try:
            return self._start(device, source_device)
        except WrongRateError as error:
            if args.rig and (args.resample or not args.input):
                self.fs = error.fs
                return self._start(device, source_device)
            hint = "--resample converts the input to it" if args.rig else f"design with --fs {error.fs}, and --resample"
            raise InputError(f"{args.input or args.input_device or 'bank'}: {self.fs} Hz; {error}; {hint}") from None

    def _input_fs(self, source_device: Device | None) -> int:
        """The rate to design for."""
        if self.args.bank:
            return FilterMatrix.load(self.names[self.which]).fs
        if source_device:
            return round(source_device.default_fs)
        if self.args.input:
            with open_audio(self.args.input, strict=self.args.strict, scrub=self.args.scrub) as reader:
                return reader.fs
        return REFERENCE_FS

    def _start(self, device: Device, source_device: Device | None) -> Player:
        args = self.args
        options = replace(render_options(args), solo=self.solo, bypass=self.bypass)
        if args.identify:
            from spatial.session.identify import PinkNoise, identifying_banks

            self.banks = identifying_banks(*self._drivers(self.which), self.fs)
            source: Any = PinkNoise(self.fs)
            bank, options = self.banks[0], replace(options, gain_db=0.0, bypass=False, solo=(), mute=(), path_gain_db={})
        else:
            source = args.input
            bank = self._first_bank()
        player = Player(
            source,
            bank,
            options,
            device=device,
            host_block=args.host_block,
            latency=args.latency,
            input_device=source_device,
            n_channels=self._most_channels(),
            skip=self.skip,
        )
        player.set_gain_db(self.gain_db)
        player.start()
        return player

    def _headline(self, player: Player) -> None:
        args = self.args
        what = "each driver in turn" if args.identify else args.input_device if args.input_device else os.path.basename(args.input)
        host = f"host block {args.host_block}" if args.host_block else "host block free"
        milliseconds = player.stats().latency_ms
        keys = KEYS_HELP + ("  n next bank" if len(self.names) > 1 else "")
        again = f" again, from {clock(self.skip / self.fs)} on" if self.resumed else ""
        self.screen.tell(
            "playing",
            f"playing {what} on {player.device}{again}, {player.stream.fs:g} Hz, {host}, latency {milliseconds:.0f} ms      {keys}",
            file=args.input,
            device=vars(player.device),
            fs=player.stream.fs,
            host_block=args.host_block,
            added_latency=player.added_latency,
            latency_ms=milliseconds,
            gain_db=player.gain_db,
        )

    # ----------------------------------------------------------------------------------------------------------- banks

    def _file(self, which: int) -> Path:
        """The file that a rig or a bank comes from."""
        from spatial.rig.layouts import shipped_rigs

        name = self.names[which]
        return (shipped_rigs().get(name) if self.args.rig else None) or Path(name)

    def _drivers(self, which: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names and channels."""
        if self.args.bank:
            bank = FilterMatrix.load(self.names[which])
            return bank.driver_names, bank.channels
        from spatial.rig.load import load_rig

        rig = load_rig(self.names[which], self.args.overrides).rig
        if rig.kind == "headphones":
            return ("left", "right"), (1, 2)
        return tuple(d.name for d in rig.drivers), tuple(d.channel for d in rig.drivers)

    def _most_channels(self) -> int:
        """Of all that may be played, so that key n needs no other device."""
        return max(max(self._drivers(which)[1]) for which in range(len(self.names)))

    def _first_bank(self) -> FilterMatrix:
        """The bank to begin with."""
        with ProgressBar(f"designing {Path(self.names[self.which]).stem} at {self.fs} Hz") as bar:
            bank, self.bypass_gain_db = self._load(self.which, lambda stage: bar.show(None, stage))
        return bank

    def _load(self, which: int, progress: Any = None) -> tuple[FilterMatrix, float]:
        """Design a rig, or read a bank; and the gain that makes its bypass as loud."""
        from spatial.analysis.loudness import bypass_gain_db

        if self.args.bank:
            bank = FilterMatrix.load(self.names[which])
        else:
            from spatial.design.filter_bank import compute_filters
            from spatial.rig.load import load_rig

            bank = compute_filters(load_rig(self.names[which], self.args.overrides), fs=self.fs, progress=progress)
        return bank, bypass_gain_db(bank)

    def _begin(self, which: int, why: str) -> None:
        """Load in the background; what is asked meanwhile comes next, the latest only."""
        if self._busy:
            self._next_job = which, why
            return
        self._busy = True

        def work() -> None:
            give_way()
            started = time.perf_counter()
            try:
                bank, gain_db = self._load(which)
                loaded = Loaded(which, why, time.perf_counter() - started, bank, gain_db)
            except SpatialError as error:
                loaded = Loaded(which, why, 0.0, error=str(error))
            except Exception as error:  # a bug in the design must not end the music
                loaded = Loaded(which, why, 0.0, error=f"this is a bug: {type(error).__name__}: {error}")
            self._loaded.append(loaded)

        threading.Thread(target=work, name="spatial: designing", daemon=True).start()

    def _take(self, player: Player, loaded: Loaded) -> None:
        """Swap to what was loaded, or say why not."""
        self._busy = False
        error = loaded.error
        if loaded.bank is not None:
            try:
                player.swap(loaded.bank)
            except SpatialError as refused:
                error = str(refused)
        if error:
            self.screen.tell("error", f"{error}\n  the old filters play on")
        else:
            self.which, self.bypass_gain_db = loaded.which, loaded.bypass_gain_db
            if self.bypass:
                player.set_bypass(True, self.bypass_gain_db)
            verb = "redesigned" if self.args.rig else "read"
            text = f"{loaded.why}: {verb} in {loaded.seconds:.1f} s, swapped without a gap"
            self.screen.tell("swapped", text, name=self.names[loaded.which], seconds=loaded.seconds, gain_db=player.gain_db)
        if self._next_job:
            job, self._next_job = self._next_job, None
            self._begin(*job)

    def _file_changed(self, found: str) -> None:
        what = "rig" if self.args.rig else "bank"
        if found == "missing":
            self.screen.tell("error", f"{self._file(self.which)}: the {what} file is missing\n  the old filters play on")
            return
        self.screen.tell("changed", f"{what} changed", name=self.names[self.which])
        self._begin(self.which, f"{what} changed")

    # ------------------------------------------------------------------------------------------------------------ keys

    def _key(self, player: Player, key: str) -> None:
        try:
            if key == "b":
                player.set_bypass(not self.bypass, self.bypass_gain_db)
                self.bypass = not self.bypass
            elif key == "s":
                place = SOLOS.index(self.solo) if self.solo in SOLOS else 0
                solo = SOLOS[(place + 1) % len(SOLOS)]
                player.set_solo(*solo)
                self.solo = solo
            elif key in "<>,.-+":
                self.gain_db += GAIN_STEP_DB if key in ">.+" else -GAIN_STEP_DB
                player.set_gain_db(self.gain_db)
            elif key == "n" and len(self.names) > 1:
                which = (self.which + 1) % len(self.names)
                self._begin(which, f"next: {Path(self.names[which]).name}")
        except UsageError as error:
            self.screen.tell("error", str(error))

    def _note(self) -> str:
        notes = []
        if self.bypass:
            notes.append(f"bypass ({self.bypass_gain_db:+.1f} dB, equally loud)")
        if self.solo:
            notes.append(f"solo {' '.join(self.solo)}")
        if self.gain_db:
            notes.append(f"gain {self.gain_db:+.0f} dB")
        return ", ".join(notes)

    # -------------------------------------------------------------------------------------------------------- identify

    def _identify(self, player: Player) -> bool:
        """Each driver in turn; whether all had their turn."""
        for bank, name, channel in zip(self.banks, player.bank.driver_names, player.bank.channels, strict=True):
            if bank is not player.bank:
                player.swap(bank)
            self.screen.tell("driver", f"channel {channel}  {name}", name=name, channel=channel)
            until = time.monotonic() + IDENTIFY_S
            while time.monotonic() < until and not player.wait(0):
                if "q" in self.keys.wait(LOOK_S):
                    return False
                self.screen.show(player.stats(), f"channel {channel}  {name}")
        return True


def give_way() -> None:
    """This thread computes for seconds; where threads have a priority of their own it leaves the processor to the music."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
