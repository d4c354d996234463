"""Export for other engines: one float32 WAV an input path, and ``bank.json`` that says what they are."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import ROLES
from spatial.base.errors import OutputError, UsageError
from spatial.base.whole_files import atomic_file, refuse_standard_output
from spatial.io.audio_out import AudioWriter

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
    names = [f"{name}.wav" for name in bank.input_names] + [INDEX]
    try:
        there = folder.exists()
        if there and not folder.is_dir():
            raise OutputError(f"{folder}: is there and no folder")
        if there and any(folder.iterdir()) and not force:
            raise OutputError(f"{folder}: exists; -f overwrites what an export writes in it")
        with _passing_folder(folder if there else folder.absolute().parent) as made:
            _write(bank, made)
            if not there:
                os.rename(made, folder)
            else:
                for stale in (INDEX, *(f"{path}.wav" for path in ROLES)):
                    (folder / stale).unlink(missing_ok=True)
                for name in names:
                    os.replace(made / name, folder / name)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    return [folder / name for name in names]


@contextmanager
def _passing_folder(place: Path) -> Iterator[Path]:
    """A new folder in ``place``; gone afterwards, unless it was renamed."""
    made = place / f".spatial-{secrets.token_hex(8)}.part"
    try:
        made.mkdir()
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


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
