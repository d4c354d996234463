"""Playback: a programme through a bank's chain to a sound device, by a callback that knows nothing of Python.

Two threads help. One fills the ring; one looks every 50 ms whether the device still calls, whether the programme has ended, and gives
back what is no longer used. Whatever a callback may still touch is held by ``_PLAYING`` until its device is closed: a player that
nobody holds plays on to the end.
"""

from __future__ import annotations

import atexit
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import DeviceError, SpatialError, UsageError
from spatial.io.audio_in import StereoSource
from spatial.io.soundcard import CLOSE_S, Device, Stream
from spatial.session.ends import open_ends, require_core
from spatial.session.feeder import Feeder
from spatial.session.offline import Path
from spatial.session.options import RenderOptions, chain_plan
from spatial.session.player_stats import PlayerStats
from spatial.session.pulse import Pulse
from spatial.session.render_report import level_db
from spatial.session.switches import Switches

if TYPE_CHECKING:
    from spatial.dsp.core.live import LiveFigures

LOOK_S = 0.05
_PLAYING: set[Player] = set()
_LOST: list[Any] = []
"""What devices that never let go may still touch."""


class Player:
    """Plays a file, any source of the bank's programme, or a device's input.

    Parameters
    ----------
    source : path, StereoSource or None
        None: input_device is the programme.
    bank : FilterMatrix
    options : RenderOptions
        gain_db, limiter, block, the paths, bypass; strict, scrub and resample where source is a path.
    device : Device, int, str or None
        See ``find_device``; None: the default.
    host_block : int
        Frames of one callback; 0: the device's choice. It changes no bit, but where it is a multiple of the block nothing is added to
        the latency, else one block.
    latency : "low", "high" or float
        Of the device, s.
    input_device : Device, int, str or None
    n_channels : int
        Open the device with at least so many, for banks that come later.
    skip : int
        Frames of the source to leave out; then it fades in.
    first_frame : int
        Where frames and position start counting.

    Raises
    ------
    UsageError
        Options or a bank that do not fit; an ambiguous device.
    InputError
        The source cannot be read, or has another rate than the bank.
    DeviceError
        No such device, it has too few channels or another rate (WrongRateError), or the C core is missing.
    """

    def __init__(
        self,
        source: Path | StereoSource | None,
        bank: FilterMatrix,
        options: RenderOptions | None = None,
        *,
        device: Device | int | str | None = None,
        host_block: int = 0,
        latency: str | float = "high",
        input_device: Device | int | str | None = None,
        n_channels: int = 0,
        skip: int = 0,
        first_frame: int = 0,
    ) -> None:
        require_core()
        if not 0 <= host_block <= 1 << 20:
            raise UsageError(f"host block = {host_block}: 0 (the device's choice) to {1 << 20} frames")
        if source is None and input_device is None:
            raise UsageError("what is to be played? a file, or input_device")
        self._options = options or RenderOptions()
        self._plan = chain_plan(bank, self._options)
        self._host_block, self._latency, self._skip, self._first_frame = host_block, latency, skip, first_frame
        self._switches = Switches(self._options.solo, self._options.bypass)
        self._ends = open_ends(source, bank, self._options, device=device, input_device=input_device, n_channels=n_channels)
        self.device, self.input, self.n_channels = self._ends.device, self._ends.input, self._ends.n_channels
        self._lock = threading.RLock()
        self._started = False
        self._stopping, self._done = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._feeder: Feeder | None = None
        self._peaks: dict[str, float] = {}
        self._exchanged = 0
        self._last: LiveFigures | None = None

    # ------------------------------------------------------------------------------------------------------------ life

    def start(self) -> None:
        """Open the device and begin.

        Raises
        ------
        UsageError
            It has been started already.
        DeviceError
            The device cannot be opened, or not at the bank's rate (WrongRateError).
        """
        from spatial.dsp.core.chain import CoreChain

        with self._lock:
            if self._started:
                raise UsageError("this player has been started already")
            try:
                self._open(CoreChain(self._plan))
            except BaseException:
                self._ends.close()
                raise
            self._started = True
            atexit.unregister(_stop_all)
            atexit.register(_stop_all)  # once, and after sounddevice's own, so that it runs before
            _PLAYING.add(self)
            if self._ends.source is not None:
                self._feeder = Feeder(self._ends.source, self._live, self._stopping, skip=self._skip, rest_s=LOOK_S / 2)
            self._watcher = threading.Thread(target=self._watch, name="spatial: watching", daemon=True)
        if self._feeder is not None:
            self._feeder.start()
        try:
            self._stream.start()
        except DeviceError:
            self._stopping.set()
            self._close()
            raise
        self._watcher.start()

    def _open(self, chain: Any) -> None:
        """Chain, callback and device, ready to start."""
        from spatial.dsp.core.live import CoreLive

        self._chain = chain
        self._switches.set_on(chain, self._options)
        captured = min(self.input.inputs, self._plan.n_inputs) if self.input else 0
        self._live = CoreLive(
            chain, self.n_channels, self._host_block, n_captured=captured, fade_in=self._skip > 0, first_frame=self._first_frame
        )
        self._stream = Stream(
            self.device,
            self._plan.bank.fs,
            self.n_channels,
            self._live.callback,
            self._live.user,
            host_block=self._host_block,
            latency=self._latency,
            source=self.input,
            source_channels=captured,
        )

    def stop(self) -> None:
        """Fade to silence and close the device. Returns when that is done; may be called at any time, from any thread."""
        with self._lock:
            if not self._started:
                return
            self._stopping.set()
            self._live.stop()
        self._done.wait()
        if self._watcher.is_alive() and self._watcher is not threading.current_thread():
            self._watcher.join(2 * CLOSE_S)  # a device that was lost is told before it is closed

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the programme, so many seconds at most (None: as long as it takes); True when it has come.

        Raises
        ------
        InputError, DeviceError
            What ended playback before its time: the source cannot be read on, or the device is gone.
        """
        ended = self._done.wait(timeout)
        if self._error is not None:
            raise self._error
        return ended

    def __enter__(self) -> Player:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def lost(self) -> bool:
        """Whether the device never let go. Then PortAudio can be used no more in this process."""
        return self._started and self._stream.lost

    @property
    def stream(self) -> Stream:
        """The open device."""
        return self._stream

    @property
    def added_latency(self) -> int:
        """Frames between what is played and what ``render --keep-latency`` writes: 0 or the block."""
        return self._live.latency

    @property
    def remarks(self) -> list[str]:
        """What was odd about the source so far, one sentence each."""
        return self._ends.remarks

    # -------------------------------------------------------------------------------------------------------- controls

    @property
    def bank(self) -> FilterMatrix:
        """The bank in force."""
        return self._plan.bank

    @property
    def gain_db(self) -> float:
        """Gain of all drivers as the options and the bank have it."""
        return self._plan.gain_db

    def swap(self, bank: FilterMatrix) -> None:
        """Lead over to another bank without a click; the latest wins.

        Where only the filters' values differ they are exchanged inside the chain. Any other bank of the same rate gets a chain of its
        own, which listens until it is settled before it is heard.

        Raises
        ------
        UsageError
            Another rate, or more channels than the device was opened with. Nothing changes then.
        """
        from spatial.dsp.core.chain import CoreChain
        from spatial.dsp.core.live import exchange_filters

        plan = chain_plan(bank, self._options)
        with self._lock:
            if not self._started:
                self._plan = plan
                return
            if exchange_filters(self._chain, plan):
                self._exchanged += 1
                self._switches.set_on(self._chain, self._options)
            else:
                chain = CoreChain(plan)
                self._switches.set_on(chain, self._options)
                self._live.switch(chain)
                self._chain = chain
            self._plan = plan

    def set_bypass(self, bypass: bool, gain_db: float = 0.0) -> None:
        """Every channel straight to one driver, for comparison at equal loudness.

        Parameters
        ----------
        bypass : bool
        gain_db : float
            Gain of the bypass alone.
        """
        self._switch(bypass=bypass, bypass_gain_db=gain_db)

    def set_solo(self, *paths: str) -> None:
        """Only these paths ("left", "right", "center", "sides"); none: all.

        Raises
        ------
        UsageError
            The bank does not have one of them.
        """
        with self._lock:
            replace(self._options, solo=paths, bypass=False).path_gains(self._plan.paths)
            self._switch(solo=paths)

    def set_mute(self, mute: bool) -> None:
        """Silence, while the programme goes on."""
        self._switch(mute=mute)

    def set_gain_db(self, gain_db: float) -> None:
        """Gain beside the one of the options."""
        self._switch(gain_db=gain_db)

    def _switch(self, **changes: Any) -> None:
        with self._lock:
            self._switches = replace(self._switches, **changes)
            if self._started:
                self._switches.set_on(self._chain, self._options)

    # --------------------------------------------------------------------------------------------------------- figures

    def stats(self) -> PlayerStats:
        """Figures of now; peaks are those since the last call."""
        from spatial.dsp.core.live import limiter_gain_db

        with self._lock:
            figures = self._look() if self._started and not self._done.is_set() else self._last
            bank, fs = self._plan.bank, self._plan.bank.fs
            peaks, self._peaks = self._peaks, {}
            if figures is None:
                return PlayerStats("ready", 0.0, 0, 0, dict.fromkeys(bank.driver_names), 0.0, 0, 0, 0, 0, 0.0, 0.0, 0)
            chain, latency = self._chain, self._chain.latency
            inside_s = (latency.total + self._live.latency) / fs
            device_s = self._stream.latency_s
            done = self._done.is_set()
            return PlayerStats(
                state="lost" if self._stream.lost else "ended" if done else "stopping" if self._stopping.is_set() else "playing",
                time_s=max(
                    (figures.position - self._first_frame + self._skip) / fs - (0 if figures.finished else inside_s + device_s), 0.0
                ),
                position=figures.position + self._skip,
                frames=figures.frames,
                peaks_dbfs={name: level_db(peaks.get(name, 0.0)) for name in bank.driver_names},
                limiter_db=limiter_gain_db(chain),
                clipped=figures.clipped,
                dropouts=figures.dry + figures.device_dropouts,
                late=figures.dry,
                discarded=chain.discarded,
                load=self._stream.load,
                latency_ms=1e3 * (inside_s + device_s),
                swaps=figures.switches + self._exchanged,
            )

    def _look(self) -> LiveFigures:
        """Read the callback's figures, and free what it uses no more."""
        from spatial.dsp.core.live import free_filters

        with self._lock:
            figures = self._last = self._live.read()
            for name, peak in zip(self._plan.bank.driver_names, figures.peaks, strict=False):
                self._peaks[name] = max(self._peaks.get(name, 0.0), float(peak))
            self._live.collect()
            free_filters(self._chain)
            return figures

    # --------------------------------------------------------------------------------------------------------- threads

    def _watch(self) -> None:
        """Look after the device until it is closed, whatever happens."""
        try:
            self._look_after()
        except BaseException as error:
            self._error = self._error or error
            self._stopping.set()
            self._close()

    def _look_after(self) -> None:
        pulse = Pulse(self._plan.bank.fs, self._host_block, self._stream.latency_s)
        while True:
            time.sleep(LOOK_S)
            figures = self._look()
            beats = pulse.beats(figures)
            if self._feeder is not None and self._feeder.error is not None and self._error is None:
                self._error = self._feeder.error
                self._stopping.set()
                self._live.stop()
            if not beats or not self._stream.active:
                self._lose()
                return
            if pulse.drained(figures):
                self._close()
                return

    def _lose(self) -> None:
        """The device has stopped calling."""
        if self._error is None and not (self._stopping.is_set() and self._last and self._last.silent):
            self._error = DeviceError(f"{self.device} has stopped playing: it was unplugged, or its sound server has died")
        self._stopping.set()
        if "jack" in self.device.api.lower():  # closing would hang for minutes
            self._stream.give_up()
            self._done.set()
            self._close()
        else:
            self._done.set()  # the word first: closing may take its time
            self._close()

    def _close(self) -> None:
        """Let go of the device and of all that its callback could touch."""
        if not self._stream.close():
            _LOST.append(self._live)
        _PLAYING.discard(self)
        if self._feeder is not None and self._ends.reader is not None and self._feeder.join(CLOSE_S):
            self._ends.close()  # else it hangs in a read, and the file has to stay
        self._done.set()


def _stop_all() -> None:
    """When the interpreter ends: before sounddevice closes its side."""
    for player in list(_PLAYING):
        try:
            player.stop()
        except SpatialError:
            pass
