"""Where a player's sound comes from and where it goes: source, input device and output device, held against the bank."""

from __future__ import annotations

import os
from dataclasses import dataclass

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import DeviceError, UsageError
from spatial.dsp.backends import CORE_MISSING, engine_name
from spatial.io.audio_in import AudioReader, StereoSource
from spatial.io.soundcard import Device, devices, find_device
from spatial.io.standard_input import open_audio
from spatial.session.offline import Path, at_rate
from spatial.session.options import RenderOptions


@dataclass(frozen=True)
class Ends:
    """Both ends of playback, none of them running.

    Attributes
    ----------
    device : Device
        The sound goes to.
    n_channels : int
        With which it is to be opened.
    source : StereoSource or None
        At the bank's rate; None: ``input`` is the programme.
    reader : AudioReader or None
        The file behind the source, where it was opened here.
    input : Device or None
    """

    device: Device
    n_channels: int
    source: StereoSource | None
    reader: AudioReader | None
    input: Device | None

    @property
    def remarks(self) -> list[str]:
        """What was odd about the source so far, one sentence each."""
        if self.reader is None:
            return []
        scrubbed = self.reader.scrubbed
        return [*self.reader.warnings, *([f"{scrubbed} samples not finite or above +120 dBFS, replaced by silence"] if scrubbed else [])]

    def close(self) -> None:
        """Close the file that was opened here."""
        if self.reader is not None:
            self.reader.close()


def open_ends(
    source: Path | StereoSource | None,
    bank: FilterMatrix,
    options: RenderOptions,
    *,
    device: Device | int | str | None,
    input_device: Device | int | str | None,
    n_channels: int,
) -> Ends:
    """Find the devices and open the source.

    Parameters
    ----------
    source : path, StereoSource or None
        None: input_device is the programme.
    bank : FilterMatrix
    options : RenderOptions
        strict, scrub and resample, where source is a path.
    device, input_device : Device, int, str or None
        See ``find_device``.
    n_channels : int
        Open the device with at least so many.

    Raises
    ------
    UsageError
        Input and output of different sound systems, an ambiguous device, or a source of another rate than the bank.
    InputError
        The file cannot be read, or has another rate than the bank.
    DeviceError
        No such device, or it has too few channels.
    """
    output = device if isinstance(device, Device) else find_device(devices(), device)
    captured: Device | None = None
    if source is None:
        captured = input_device if isinstance(input_device, Device) else find_device(devices(), input_device, "input")
    n_channels, channels = max(bank.n_channels, n_channels), len(bank.programme)
    if output.outputs < n_channels:
        raise DeviceError(f"{output} has {output.outputs} output channels, the bank needs {n_channels}")
    if captured and channels > 2 and captured.inputs < channels:
        raise DeviceError(f"{captured} has {captured.inputs} input channels, the bank's programme has {channels}")
    if captured and captured.api != output.api:
        raise UsageError(f"input {captured} and output {output} belong to different sound systems; take both from one")
    if isinstance(source, str | os.PathLike):
        reader = open_audio(source, strict=options.strict, scrub=options.scrub, channels=channels)
        return Ends(output, n_channels, at_rate(reader, bank.fs, options.resample, channels), reader, captured)
    if source is not None and source.fs != bank.fs:
        raise UsageError(f"the source is at {source.fs} Hz, the bank for {bank.fs} Hz")
    return Ends(output, n_channels, source, None, captured)


def require_core() -> None:
    """Nothing where live playback is possible.

    Raises
    ------
    DeviceError
        The engine in force is not the C core.
    """
    if engine_name() != "c":
        raise DeviceError(f"live playback needs the C core, the engine is {engine_name()}: {CORE_MISSING}")
