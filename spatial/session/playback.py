"""A playing session: opens a device, plays through the banks that it was given, follows their files, does as it is told and tells of it."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import DeviceError, InputError, SpatialError, UsageError
from spatial.base.units import REFERENCE_FS
from spatial.io.audio_in import AudioReader, StereoSource
from spatial.io.soundcard import Device, WrongRateError, devices, find_device, look_again
from spatial.io.standard_input import STANDARD_INPUT, open_audio
from spatial.session.banks import BankSource
from spatial.session.identify import PinkNoise, identifying_banks
from spatial.session.live import Player
from spatial.session.loading import Loaded, Loader
from spatial.session.messages import (
    Changed,
    Closed,
    Command,
    Controls,
    DriverTurn,
    Failed,
    Listener,
    Loading,
    Pause,
    Paused,
    Playing,
    Refused,
    Remark,
    Resume,
    Seek,
    SetBypass,
    SetGain,
    SetMute,
    SetSolo,
    Status,
    Stop,
    Swap,
    Swapped,
    Waiting,
)  # fmt: skip
from spatial.session.play_options import Place, PlayOptions
from spatial.session.watch import FileWatch

LOOK_S = 0.05
RETRY_S = 0.5
IDENTIFY_S = 2.0

Wait = Callable[[float], object]
"""Waits for so many seconds; whoever looks after keys or sockets does it meanwhile, in the session's own thread."""


class Lost(Exception):
    """The device is gone and cannot be closed.

    Parameters
    ----------
    error : SpatialError
        What to say.
    place : Place or None
        Where a process that goes on has to begin; None: none shall.
    time_s : float
        Of the programme, where it broke off.
    """

    def __init__(self, error: SpatialError, place: Place | None, time_s: float) -> None:
        super().__init__(str(error))
        self.error, self.place, self.time_s = error, place, time_s


class Playback:
    """One session of playback. ``run`` plays in the thread that calls it; ``ask`` may be called from any.

    Parameters
    ----------
    options : PlayOptions
    banks : sequence of BankSource
        The first one plays first.
    tell : callable
        Gets every event, in the thread of ``run``.
    place : Place or None
        Of a session that lost its device and is taken up here.

    Attributes
    ----------
    controls : Controls
    player : Player or None
        None before there is a device.
    finished : bool
        The programme came to its end.
    """

    def __init__(self, options: PlayOptions, banks: Sequence[BankSource], tell: Listener, place: Place | None = None) -> None:
        self.options, self.banks, self.tell = options, banks, tell
        self.controls = place.controls if place else Controls(bypass=options.render.bypass, solo=options.render.solo)
        self._device_wanted = place.device if place else options.device
        self._frame = place.frame if place else 0
        self._goes_on = place is not None
        self.finished = False
        self.player: Player | None = None
        self.fs = REFERENCE_FS
        self._bank: FilterMatrix | None = None
        self._asked: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._loader = Loader(banks)

    def ask(self, command: Command) -> None:
        """Have something done, soon; what cannot be done is told as an event ``Refused``. From any thread."""
        self._asked.put(command)

    # ------------------------------------------------------------------------------------------------------------ life

    def run(self, wait: Wait = time.sleep) -> None:
        """Play to the end, or until told to stop.

        Raises
        ------
        Lost
            The device is gone and cannot be closed, or another process shall go on.
        SpatialError
            What ended it before its time.
        """
        player = self._open(wait)
        if player is None:
            return
        try:
            self.finished = self._identify(player, wait) if self.options.identify else self._play(wait)
        except DeviceError as error:
            raise self._lost(error) from None

    def _play(self, wait: Wait) -> bool:
        """Whether the programme came to its end."""
        watch: FileWatch | None = None
        while self.controls.paused or not self._playing.wait(0):
            wait(LOOK_S)
            while not self._asked.empty():
                command = self._asked.get()
                if isinstance(command, Stop):
                    return False
                self._follow(command)
            file = self.banks[self.controls.which].file
            if self.options.watch and (watch is None or watch.path != file):
                watch = FileWatch(file)
            if watch and (found := watch.poll()):
                self._file_changed(found)
            if loaded := self._loader.ready():
                self._take(loaded)
            if not self.controls.paused:
                self.tell(Status(self._playing.stats(), self.controls))
        return True

    @property
    def _playing(self) -> Player:
        assert self.player is not None
        return self.player

    def close(self) -> None:
        """Fade out and let go of the device."""
        if self.player is not None and not self.player.lost:
            if not self.controls.paused:
                self._rest()
            stats = self.player.stats()
            self.tell(Closed(self.finished, self._frame / self.fs if self.controls.paused else stats.time_s, stats.dropouts))

    def _rest(self) -> None:
        """Let go of the device, and tell what was odd."""
        player = self._playing
        player.stop()
        for sentence in player.remarks:
            self.tell(Remark(sentence))

    def _lost(self, error: DeviceError) -> Exception:
        """The error, or Lost where the device cannot be closed, or another process shall go on."""
        player, place = self._playing, None
        if self.options.wait and self.options.input == STANDARD_INPUT:
            error = DeviceError(f"{error}; standard input cannot be taken up again")
        elif self.options.wait:
            place = self._place()
        return Lost(error, place, player.stats().time_s) if place or player.lost else error

    def _place(self) -> Place:
        player = self._playing
        api = player.device.api.partition(" ")[0].lower()
        frame = 0 if self.options.input_device else round(player.stats().time_s * self.fs)
        return Place(self.controls, frame, f"{api}:{player.device.name}")

    # ------------------------------------------------------------------------------------------------------------ open

    def _open(self, wait: Wait) -> Player | None:
        """A player that plays; with the option to wait, as soon as there is a device. None: told to stop before."""
        options = self.options
        if options.input and options.input != STANDARD_INPUT:  # what cannot be read is told before a device is looked for
            self._open_input(options.input).close()
        told = False
        while True:
            try:
                return self._started(find_device(devices(), self._device_wanted))
            except WrongRateError:
                raise
            except DeviceError as error:
                if not options.wait:
                    raise
                if not told:
                    self.tell(Waiting(str(error)))
                    told = True
                wait(RETRY_S)
                if self._told_to_stop("nothing plays yet"):
                    return None
                look_again()

    def _told_to_stop(self, otherwise: str) -> bool:
        """Whether that was asked; other commands are refused with a reason."""
        while not self._asked.empty():
            command = self._asked.get()
            if isinstance(command, Stop):
                return True
            self.tell(Refused(otherwise))
        return False

    def _started(self, device: Device) -> Player:
        """A running player at the input's rate, or at the device's where that is allowed."""
        options = self.options
        source_device = find_device(devices(), options.input_device, "input") if options.input_device else None
        self.fs = self._input_fs(source_device)
        any_rate = self.banks[self.controls.which].fs() is None
        try:
            return self._start(device, source_device)
        except WrongRateError as error:
            if any_rate and (options.render.resample or not options.input):
                self.fs, self._bank = error.fs, None
                return self._start(device, source_device)
            hint = "--resample converts the input to it" if any_rate else f"design with --fs {error.fs}, and --resample"
            raise InputError(f"{options.input or options.input_device or 'bank'}: {self.fs} Hz; {error}; {hint}") from None

    def _input_fs(self, source_device: Device | None) -> int:
        """The rate to load banks for."""
        fs = self.banks[self.controls.which].fs()
        if fs is not None:
            return fs
        if source_device:
            return round(source_device.default_fs)
        if self.options.input:
            with self._open_input(self.options.input) as reader:
                return reader.fs
        return REFERENCE_FS

    def _open_input(self, name: str) -> AudioReader:
        """The input as the bank in force takes it."""
        render = self.options.render
        channels = len(self.banks[self.controls.which].programme())
        return open_audio(name, strict=render.strict, scrub=render.scrub, channels=channels)

    def _start(self, device: Device, source_device: Device | None) -> Player:
        """A player that runs, at ``fs`` and from ``_frame`` on."""
        options, controls = self.options, self.controls
        render = replace(options.render, solo=controls.solo, bypass=controls.bypass)
        source: str | StereoSource | None = options.input
        if options.identify:
            self._turns = identifying_banks(*self.banks[controls.which].drivers(), self.fs)
            source = PinkNoise(self.fs)
            self._bank, render = self._turns[0], replace(render, gain_db=0.0, bypass=False, solo=(), mute=(), path_gain_db={})
        elif self._bank is None:
            name = self.banks[controls.which].name
            self.tell(Loading(name, self.fs, ""))
            self._bank, gain_db = self.banks[controls.which].load(self.fs, lambda stage: self.tell(Loading(name, self.fs, stage)))
            self.controls = controls = replace(controls, bypass_gain_db=gain_db)
        player = Player(
            source,
            self._bank,
            render,
            device=device,
            host_block=options.host_block,
            latency=options.latency,
            input_device=source_device,
            n_channels=max(max(bank.drivers()[1]) for bank in self.banks),  # so that another bank needs no other device
            skip=self._frame,
        )
        player.set_gain_db(controls.gain_db)
        player.set_mute(controls.mute)
        player.start()
        self.player = player
        self.tell(
            Playing(
                device=player.device,
                fs=player.stream.fs,
                host_block=options.host_block,
                added_latency=player.added_latency,
                latency_ms=player.stats().latency_ms,
                gain_db=player.gain_db,
                from_s=self._frame / self.fs if self._goes_on else None,
            )
        )
        return player

    # -------------------------------------------------------------------------------------------------------- commands

    def _follow(self, command: Command) -> None:
        """Do what was asked, or tell why not."""
        try:
            self._do(command)
        except UsageError as error:
            self.tell(Refused(str(error)))

    def _do(self, command: Command) -> None:
        player, controls = self._playing, self.controls
        match command:
            case SetBypass(on):
                player.set_bypass(on, controls.bypass_gain_db)
                self.controls = replace(controls, bypass=on)
            case SetSolo(paths):
                player.set_solo(*paths)
                self.controls = replace(controls, solo=paths)
            case SetMute(on):
                player.set_mute(on)
                self.controls = replace(controls, mute=on)
            case SetGain(gain_db):
                player.set_gain_db(gain_db)
                self.controls = replace(controls, gain_db=gain_db)
            case Swap(which):
                if not 0 <= which < len(self.banks):
                    raise UsageError(f"bank {which}: there are 0 to {len(self.banks) - 1}")
                self._loader.begin(which, self.fs, f"next: {os.path.basename(self.banks[which].name)}")
            case Pause() if not controls.paused:
                self._pause()
            case Resume() if controls.paused:
                self._go_on()
            case Seek(time_s):
                self._seek(time_s)

    def _pause(self) -> None:
        if self.options.input == STANDARD_INPUT:
            raise UsageError("standard input cannot be taken up again; mute it")
        self._frame = self._place().frame
        self._goes_on = True
        self._rest()
        self.controls = replace(self.controls, paused=True)
        self.tell(Paused(self._frame / self.fs))

    def _go_on(self) -> None:
        self._started(self._playing.device)
        self.controls = replace(self.controls, paused=False)

    def _seek(self, time_s: float) -> None:
        if self.options.input is None or self.options.input == STANDARD_INPUT:
            raise UsageError("only in a file is there another place to go to")
        if not 0 <= time_s < 1e9:
            raise UsageError(f"place {time_s:g} s: 0 s or later is possible")
        self._frame, self._goes_on = round(time_s * self.fs), True
        if not self.controls.paused:
            self._rest()
            self._go_on()

    # ----------------------------------------------------------------------------------------------------------- banks

    def _take(self, loaded: Loaded) -> None:
        """Swap to what was loaded, or say why not."""
        player, error = self._playing, loaded.error
        if loaded.bank is not None:
            try:
                player.swap(loaded.bank)
            except SpatialError as refused:
                error = str(refused)
        if error:
            self.tell(Failed(error))
        else:
            self._bank = loaded.bank
            self.controls = replace(self.controls, which=loaded.which, bypass_gain_db=loaded.bypass_gain_db)
            if self.controls.bypass:
                player.set_bypass(True, loaded.bypass_gain_db)
            self.tell(Swapped(self.banks[loaded.which].name, loaded.reason, loaded.seconds, player.gain_db))

    def _file_changed(self, found: str) -> None:
        bank = self.banks[self.controls.which]
        if found == "missing":
            self.tell(Failed(f"{bank.file}: the {bank.kind} file is missing"))
            return
        self.tell(Changed(bank.name))
        self._loader.begin(self.controls.which, self.fs, f"{bank.kind} changed")

    # -------------------------------------------------------------------------------------------------------- identify

    def _identify(self, player: Player, wait: Wait) -> bool:
        """Each driver in turn; whether all had their turn."""
        for bank, name, channel in zip(self._turns, player.bank.driver_names, player.bank.channels, strict=True):
            if bank is not player.bank:
                player.swap(bank)
            self.tell(DriverTurn(name, channel))
            until = time.monotonic() + IDENTIFY_S
            while time.monotonic() < until and not player.wait(0):
                wait(LOOK_S)
                if self._told_to_stop("each driver has its turn; only stop is possible"):
                    return False
                self.tell(Status(player.stats(), self.controls))
        return True
