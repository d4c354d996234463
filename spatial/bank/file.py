"""The file of a filter matrix: an .npz of plain arrays, a JSON header and a hash over both.

Format 1 is that of a programme in stereo and is written for ever; format 2 says the programme's channels besides.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from spatial.bank.recipe import STEREO
from spatial.base import checks
from spatial.base.arrays import Taps
from spatial.base.errors import InputError, UsageError

FORMATS = (1, 2)
MAX_UNPACKED = 1 << 30

SAID = (
    "fs", "latency_samples", "input_names", "driver_names", "channels", "recipe", "headroom_gain_db", "rig_text", "figures",
)  # fmt: skip
"""What a header of either format says, beside the format."""

Bank = TypeVar("Bank")

_NO_BANK = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, MemoryError, RecursionError, NotImplementedError,
    RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file that is something else, or half of one, can end in: NumPy, zip and JSON each have their own errors."""


def header_text(said: dict[str, Any]) -> bytes:
    """The header of what is said of the taps: JSON, keys sorted, in the lowest format that can say it."""
    kept = {name: said[name] for name in SAID}
    if said["programme"] == STEREO:
        kept["format"] = 1
    else:
        kept |= {"format": 2, "programme": said["programme"]}
    return json.dumps(kept, sort_keys=True, allow_nan=False).encode()


def to_bytes(taps: Taps, said: dict[str, Any]) -> bytes:
    """The file's content: the same bytes for the same bank.

    Parameters
    ----------
    taps : (drivers, inputs, n_taps) float
    said : dict
        ``SAID`` and "programme", as JSON values.
    """
    buffer, header = io.BytesIO(), header_text(said)
    np.savez(
        buffer,
        taps=taps.astype("<f8", copy=False),
        header=np.frombuffer(header, dtype=np.uint8),
        sha256=np.frombuffer(sha256(taps, header).encode(), dtype=np.uint8),
    )
    return buffer.getvalue()


def sha256(taps: Taps, header: bytes) -> str:
    """Hexadecimal hash of taps and header.

    Parameters
    ----------
    taps : (drivers, inputs, n_taps) float
    header : bytes
        As ``header_text`` writes it.
    """
    digest = hashlib.sha256(np.ascontiguousarray(taps, dtype="<f8").data)
    digest.update(header)
    return digest.hexdigest()


def load(name: str, bank: Callable[[Taps, dict[str, Any]], Bank]) -> Bank:
    """What a function makes of a file's taps and header.

    Parameters
    ----------
    name : str
        Path of the file.
    bank : callable
        Gets the taps, (drivers, inputs, n_taps), and a dictionary of ``SAID`` and "programme".

    Raises
    ------
    InputError
        Not a bank, a bank of another format, or one whose content does not match its hash.
    """
    no_bank = f"{name}: not a filter bank of spatial"
    try:
        taps, header, written = _stored_arrays(name)
        said = json.loads(header.decode())
        if said["format"] not in FORMATS:
            raise InputError(f"{name}: bank format {checks.shown(said['format'])}, this version reads format {FORMATS[0]} and {FORMATS[1]}")
        programme = said["programme"] if said["format"] == 2 else STEREO
        made = bank(taps, {**{entry: said[entry] for entry in SAID}, "programme": programme})
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except (PermissionError, IsADirectoryError) as error:
        raise InputError(f"{name}: cannot be read as a filter bank ({error.strerror})") from None
    except UsageError as error:
        raise InputError(f"{no_bank} ({error}); make one with: spatial design RIG -o BANK") from None
    except _NO_BANK as error:
        raise InputError(f"{no_bank} ({type(error).__name__}); make one with: spatial design RIG -o BANK") from None
    if sha256(taps, header) != written:
        raise InputError(f"{name}: content does not match its hash, the file is damaged; design it again")
    return made


def _stored_arrays(path: str) -> tuple[Taps, bytes, str]:
    """Taps, header and hash as a file has them. Nothing is compressed: what unpacks to more than a GB was made to fill a memory."""
    with open(path, "rb") as stream, zipfile.ZipFile(stream) as archive:
        found = []
        for entry in ("taps.npy", "header.npy", "sha256.npy"):
            info = archive.getinfo(entry)
            if info.compress_type != zipfile.ZIP_STORED and info.file_size > MAX_UNPACKED:
                raise ValueError("compressed, and far too large")
            with archive.open(entry) as stored:
                found.append(np.lib.format.read_array(stored, allow_pickle=False))
    taps, header, written = found
    return taps, header.tobytes(), written.tobytes().decode()
