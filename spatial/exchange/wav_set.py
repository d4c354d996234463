"""A bank as a folder of WAVs: one float32 WAV an input path, and ``bank.json`` that says what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from spatial.bank.matrix import MAX_CHANNEL, FilterMatrix
from spatial.bank.recipe import ROLES
from spatial.base import checks
from spatial.base.arrays import Real
from spatial.base.errors import InputError, OutputError, UsageError
from spatial.base.whole_files import atomic_content, atomic_file, atomic_folder, refuse_standard_output
from spatial.io.audio_out import AudioWriter
from spatial.io.responses_in import read_responses

FORMAT = 1
INDEX = "bank.json"


def export_wav(bank: FilterMatrix, folder: str | os.PathLike[str], *, force: bool = False) -> list[Path]:
    """Write ``<path>.wav`` for every input of a bank, and bank.json.

    Channel k of a WAV is the filter of the driver with channel k (channels between are zero), all of equal length. The filters
    hold everything linear, not the headroom gain.

    Parameters
    ----------
    bank : FilterMatrix
    folder : path
        Made where it is missing, in a folder that is there; then it appears whole or not at all.
    force : bool
        Go into a folder that holds something. Of that, an earlier export is replaced and the rest left alone; bank.json is taken
        away first and written last.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        An input whose name cannot be a file's; standard output.
    OutputError
        The folder holds something and force is not given, or cannot be written.
    """
    for name in bank.input_names:
        if not name.isidentifier():
            raise UsageError(f"bank: input {name!r} cannot be the name of a file")
    refuse_standard_output(folder)
    folder = Path(folder)
    try:
        there = folder.exists()
        if there and not folder.is_dir():
            raise OutputError(f"{folder}: is there and no folder")
        if there and any(folder.iterdir()) and not force:
            raise OutputError(f"{folder}: exists; -f overwrites what an export writes in it")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    earlier = tuple(f"{path}.wav" for path in ROLES)
    with atomic_content(folder, INDEX, earlier) if there else atomic_folder(folder) as made:
        _write(bank, made)
    return [folder / name for name in (*(f"{name}.wav" for name in bank.input_names), INDEX)]


def _write(bank: FilterMatrix, folder: Path) -> None:
    channels = tuple(channel - 1 for channel in bank.channels)
    for i, name in enumerate(bank.input_names):
        with AudioWriter(folder / f"{name}.wav", bank.fs, channels, bits="float", frames=bank.n_taps) as writer:
            writer.write(bank.taps[:, i].astype(np.float32))
    said = {
        "format": FORMAT,
        "fs": bank.fs,
        "latency_samples": bank.latency_samples,
        "inputs": list(bank.input_names),
        "drivers": [{"name": name, "channel": channel} for name, channel in zip(bank.driver_names, bank.channels, strict=True)],
        "headroom_gain_db": bank.headroom_gain_db,
        "figures": bank.figures,
    }
    with atomic_file(folder / INDEX) as file:
        file.write((json.dumps(said, indent=2, allow_nan=False) + "\n").encode())


def is_wav_set(folder: Path) -> bool:
    """Whether bank.json of this format lies in a folder."""
    try:
        return bool(_index(folder)["format"] == FORMAT)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def read_wav_set(folder: str | os.PathLike[str]) -> FilterMatrix:
    """The bank of a folder that ``export_wav`` wrote: its taps as float32 holds them, without the upmix and the rig.

    Parameters
    ----------
    folder : path

    Returns
    -------
    FilterMatrix

    Raises
    ------
    InputError
        No bank.json of this format in it; a WAV that is missing, of another rate or length, or that sounds on a channel without a driver.
    """
    folder = Path(folder)
    try:
        said = _index(folder)
        if said["format"] != FORMAT:
            raise InputError(f"{folder / INDEX}: format {said['format']}, this version reads format {FORMAT}")
        names, drivers = [checks.text(name, "inputs") for name in said["inputs"]], said["drivers"]
        channels = [checks.whole_number(driver["channel"], "channel", 1, MAX_CHANNEL) for driver in drivers]
        if bad := [name for name in names if not name.isidentifier()]:
            raise InputError(f"{folder / INDEX}: input {bad[0]!r} cannot be the name of a file")
        paths = [_taps(folder / f"{name}.wav", said["fs"], channels) for name in names]
        if len({path.shape for path in paths}) > 1:
            lengths = ", ".join(f"{name} {path.shape[1]}" for name, path in zip(names, paths, strict=True))
            raise InputError(f"{folder}: the WAVs differ in length: {lengths}; export the bank again")
        return FilterMatrix(
            taps=np.stack(paths, axis=1),
            fs=said["fs"],
            latency_samples=said["latency_samples"],
            input_names=tuple(names),
            driver_names=tuple(driver["name"] for driver in drivers),
            channels=tuple(channels),
            headroom_gain_db=said["headroom_gain_db"],
            figures=said["figures"],
        )
    except OSError as error:
        raise InputError(f"{folder / INDEX}: cannot be read ({error.strerror})") from None
    except (ValueError, LookupError, TypeError, UsageError) as error:
        raise InputError(f"{folder / INDEX}: says nothing of a bank ({error}); export the bank again") from None


def _index(folder: Path) -> Any:
    return json.loads((folder / INDEX).read_bytes())


def _taps(path: Path, fs: int, channels: list[int]) -> Real:
    """One input's filters, (drivers, n_taps)."""
    responses, rate = read_responses(path)
    if rate != fs:
        raise InputError(f"{path}: has {rate} Hz, {INDEX} says {fs} Hz; export the bank again")
    if len(responses) < max(channels):
        raise InputError(f"{path}: has {len(responses)} channels, {INDEX} names channel {max(channels)}; export the bank again")
    silent = np.delete(responses, [channel - 1 for channel in channels], axis=0)
    if silent.any():
        raise InputError(f"{path}: sounds on a channel to which {INDEX} gives no driver; export the bank again")
    return responses[[channel - 1 for channel in channels]]
