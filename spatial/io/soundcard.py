"""Sound devices through PortAudio: which there are, which one is meant, and streams whose callback is a C function.

Importing sounddevice asks every sound system of the machine for its devices, and where one of them is badly set up the process may be
aborted by its library. So a child process looks first, and only when that went well is sounddevice imported here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spatial.base.errors import DeviceError, UsageError

Kind = Literal["output", "input"]

LOOK_S = 30.0
CLOSE_S = 2.0
"""A device that has not stopped by then never will."""

LONGEST_LATENCY_S = 10.0
"""A sound server that tells more does not know."""

INVALID_RATE = -9997


@dataclass(frozen=True)
class Device:
    """One device of one sound system. default_output, default_input: the one that is taken where none is named."""

    index: int
    name: str
    api: str
    outputs: int
    inputs: int
    default_fs: float
    default_output: bool
    default_input: bool

    def channels(self, kind: Kind) -> int:
        """How many it has."""
        return self.outputs if kind == "output" else self.inputs

    def __str__(self) -> str:
        return f'"{self.name}" (device {self.index}, {self.api})'


class WrongRateError(DeviceError):
    """The device does not run at the rate that was asked. fs: the rate that it has.

    Parameters
    ----------
    device : Device
    asked_fs : float
        Hz.
    fs : float
        What the device runs at, Hz.
    """

    def __init__(self, device: Device, asked_fs: float, fs: float) -> None:
        super().__init__(f"{device} does not run at {asked_fs:g} Hz; its rate is {fs:g} Hz")
        self.fs = round(fs)


# --------------------------------------------------------------------------------------------------------------------- devices


def devices() -> list[Device]:
    """All devices, as a child process sees them.

    Raises
    ------
    DeviceError
        PortAudio is missing, or looking for devices ended or hung the process.
    """
    command = [sys.executable, "-P", "-m", "spatial.io.soundcard"]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=LOOK_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise DeviceError(f"looking for sound devices takes longer than {LOOK_S:g} s; is a sound server hanging?") from None
    if child.returncode < 0:
        raise DeviceError(f"looking for sound devices was ended by signal {-child.returncode}: {_last_line(child.stderr)}")
    if child.returncode:
        raise DeviceError(f"sound devices: {_last_line(child.stderr)}")
    return [Device(**found) for found in json.loads(_last_line(child.stdout))]  # sound systems may have said something before


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _devices_here() -> list[Device]:
    """All devices, as this process sees them."""
    sounddevice = _sounddevice()
    apis = sounddevice.query_hostapis()
    preferred = tuple(sounddevice.default.device)
    chosen = {
        kind: preferred[place] if preferred[place] >= 0 else next((a[f"default_{kind}_device"] for a in apis if a["devices"]), -1)
        for place, kind in enumerate(("input", "output"))
    }
    return [
        Device(
            index=index,
            name=found["name"],
            api=apis[found["hostapi"]]["name"],
            outputs=found["max_output_channels"],
            inputs=found["max_input_channels"],
            default_fs=found["default_samplerate"],
            default_output=index == chosen["output"],
            default_input=index == chosen["input"],
        )
        for index, found in enumerate(sounddevice.query_devices())
    ]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError:
        raise DeviceError("PortAudio is not installed (Debian: apt-get install libportaudio2)") from None
    return sounddevice


def find_device(found: list[Device], wanted: str | int | None, kind: Kind = "output") -> Device:
    """The device that is meant.

    Parameters
    ----------
    found : list of Device
    wanted : str, int or None
        Index; name, in full or a part that only one device has; "api:name", where the name may be left out; None: the default.
    kind : "output" or "input"

    Raises
    ------
    DeviceError
        There is no such device, or it has no channels of that kind.
    UsageError
        Several are meant; the message lists them.
    """
    able = [device for device in found if device.channels(kind)]
    if wanted is None:
        default = [device for device in able if (device.default_output if kind == "output" else device.default_input)]
        if not default and not able:
            raise DeviceError(f"there is no {kind} device")
        return (default or able)[0]
    if isinstance(wanted, int) or wanted.isdecimal():
        for device in found:
            if device.index == int(wanted):
                if device not in able:
                    raise DeviceError(f"{device} has no {kind} channels")
                return device
        raise DeviceError(f"there is no device {wanted}; --list-devices shows what there is")
    for those in _meant(able, wanted):
        if len(those) == 1:
            return those[0]
        if those:
            listed = "".join(f"\n  {device.index}  {device.name}, {device.api}" for device in those)
            raise UsageError(f"'{wanted}' may be any of these {kind} devices; say the index, or more of the name:{listed}")
    raise DeviceError(f"there is no {kind} device '{wanted}'; --list-devices shows what there is")


def _meant(able: list[Device], wanted: str) -> list[list[Device]]:
    """Groups of devices that fit a name, the best way to read it first."""
    name = wanted.lower()
    readings = [[d for d in able if d.name == wanted], [d for d in able if d.name.lower() == name]]
    api, colon, rest = name.partition(":")
    if colon:
        of_api = [d for d in able if api in d.api.lower()]
        readings += [[d for d in of_api if d.name.lower() == rest], [d for d in of_api if rest in d.name.lower()]]
        if not rest:
            readings.insert(0, [d for d in of_api if d.default_output] or of_api[:1])
    return [*readings, [d for d in able if name in d.name.lower()]]


def look_again() -> None:
    """Let sounddevice find devices that came since it was imported. No stream may be open."""
    sounddevice = _sounddevice()
    sounddevice._terminate()
    sounddevice._initialize()


# --------------------------------------------------------------------------------------------------------------------- streams


class Stream:
    """An open device that calls a C function for its samples, interleaved float32.

    Parameters
    ----------
    device : Device
    fs : float
    channels : int
    callback, user : int
        Addresses of a PaStreamCallback and of what it is handed. Whoever opens a stream keeps both alive until it is closed.
    host_block : int
        Frames of one callback; 0: the device's choice.
    latency : "low", "high" or float
        Of the device, s.
    source : Device or None
        An input device whose samples the callback gets, too, with source_channels.

    Attributes
    ----------
    fs : float
        As the open stream tells.
    lost : bool
        It never let go.

    Raises
    ------
    WrongRateError
        The device has another rate.
    DeviceError
        It cannot be opened.
    """

    def __init__(
        self,
        device: Device,
        fs: float,
        channels: int,
        callback: int,
        user: int,
        *,
        host_block: int = 0,
        latency: str | float = "high",
        source: Device | None = None,
        source_channels: int = 0,
    ) -> None:
        sounddevice = _sounddevice()
        ours = {d.index: (d.name, d.api) for d in _devices_here()}
        for one in (device, source):
            if one and ours.get(one.index) != (one.name, one.api):
                raise DeviceError(f"{one} is gone")
        self.device = device
        both = source is not None
        pair = {
            "device": (source.index, device.index) if source else device.index,
            "channels": (source_channels, channels) if both else channels,
            "latency": (latency, latency) if both else latency,
        }
        try:
            self._stream = sounddevice._StreamBase(
                kind="duplex" if both else "output",
                samplerate=fs,
                blocksize=host_block,
                dtype=("float32", "float32") if both else "float32",
                callback=sounddevice._ffi.cast("PaStreamCallback *", callback),
                userdata=sounddevice._ffi.cast("void *", user),
                clip_off=False,
                dither_off=True,
                **pair,
            )
        except sounddevice.PortAudioError as error:
            if len(error.args) > 1 and error.args[1] == INVALID_RATE:
                raise WrongRateError(device, fs, device.default_fs) from None
            raise DeviceError(f"{device} cannot be opened: {error.args[0]}") from None
        except ValueError as error:
            raise DeviceError(f"{device} cannot be opened: {error}") from None
        self.fs: float = self._stream.samplerate
        self.lost = self._closed = False
        self._typical_s = [0.0, 0.0]  # of input and output: for sound systems that do not tell (JACK)
        if source:
            self._typical_s[0] = sounddevice.query_devices(source.index)["default_low_input_latency"]
        self._typical_s[1] = sounddevice.query_devices(device.index)["default_low_output_latency"]
        self._latency_s = sum(self._typical_s)
        if abs(self.fs - fs) > 1e-3 * fs:
            self.close()
            raise WrongRateError(device, fs, self.fs)

    @property
    def latency_s(self) -> float:
        """From the callback to the loudspeaker, and from the microphone to the callback, where there is one."""
        sounddevice = _sounddevice()
        info = sounddevice._ffi.NULL if self.lost or self._closed else sounddevice._lib.Pa_GetStreamInfo(self._stream._ptr)
        if info == sounddevice._ffi.NULL:
            return self._latency_s
        told = (info.inputLatency or self._typical_s[0], info.outputLatency or self._typical_s[1])
        self._latency_s = sum(min(max(part, 0.0), LONGEST_LATENCY_S) for part in told)
        return self._latency_s

    @property
    def active(self) -> bool:
        """Whether the device still calls, by its own word."""
        return not self._closed and bool(self._stream.active)

    @property
    def load(self) -> float:
        """Share of the time that the callback takes, 0 to 1."""
        return 0.0 if self.lost or self._closed else float(self._stream.cpu_load)

    def start(self) -> None:
        """Begin to call.

        Raises
        ------
        DeviceError
            The device refuses.
        """
        sounddevice = _sounddevice()
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"{self.device} does not start: {error.args[0]}") from None

    def close(self) -> bool:
        """Stop calling and let go of the device. False where it hangs: then nothing that the callback uses may ever be freed.

        A sound server that has died may keep this waiting for minutes, so it is done beside, and not waited for without end. From then
        on PortAudio must not be touched: not even when the process ends.
        """
        if self.lost or self._closed:
            return not self.lost
        self._closed = True

        def end() -> None:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)

        closing = threading.Thread(target=end, name="spatial: closing a sound device", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            self.give_up()
        return not self.lost

    def give_up(self) -> None:
        """The device is lost: never close it, and keep sounddevice from trying to when the process ends."""
        import atexit

        self.lost = True
        atexit.unregister(_sounddevice()._exit_handler)


if __name__ == "__main__":
    try:
        print(json.dumps([asdict(device) for device in _devices_here()]))
    except DeviceError as error:
        sys.exit(str(error))
