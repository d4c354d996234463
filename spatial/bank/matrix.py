"""The filter matrix: the one thing that crosses from design to render.

Data only. ``taps[driver, input]`` is an impulse response; the render recipe (how stereo becomes the inputs) and the text of the
rig it was designed for travel in the same file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.base import checks
from spatial.base.errors import InputError, UsageError
from spatial.base.fir_response import fir_response
from spatial.base.whole_files import atomic_file

FORMAT = 1
PATHS = ("left", "right", "center")
UPMIXES = ("directional", "projection", "matrix", "off")
MAX_CHANNEL = 1024  # of a sound file
MAX_FS_HZ = 10**7
MAX_LATENCY_SAMPLES = 1 << 24
MAX_GAIN_DB = 400.0  # a gain that float32 samples stand
MAX_UNPACKED = 1 << 30
STEREO_HZ = (300.0, 4000.0)


@dataclass(frozen=True)
class RenderRecipe:
    """How stereo becomes the bank's inputs.

    upmix is "directional", "projection", "matrix" or "off"; latency_ms its window; strength scales the centre between nothing and all.

    Raises
    ------
    UsageError
        Values that are no text and no finite numbers.
    """

    upmix: str = "off"
    latency_ms: float = 21.0
    strength: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "upmix", checks.text(self.upmix, "upmix"))
        object.__setattr__(self, "latency_ms", checks.real_number(self.latency_ms, "upmix: latency_ms", -1e6, 1e6))
        object.__setattr__(self, "strength", checks.real_number(self.strength, "upmix: strength", -1e6, 1e6))


@dataclass(frozen=True, eq=False)
class FilterMatrix:
    """Filters from every input to every driver.

    Whole numbers are taken in any type and sequences as lists, tuples or arrays. What is kept is plain and the bank's own: a later
    write to an array or a dictionary that was given does not reach it.

    Parameters
    ----------
    taps : (drivers, inputs, n_taps) real
        Impulse responses; pressure per unit input at the level that the design aims at, headroom gain not included. Kept as a float64
        copy that cannot be written to.
    fs : int
        Sample rate, Hz.
    latency_samples : int
        Delay that is common to all paths and is taken out of an offline render.
    input_names : tuple of str
        "left", "right" and, for loudspeakers, "center" come first.
    driver_names, channels : tuples, one entry a driver
        Names that differ, and 1-based output channels (unique, at most 1024; gaps are silent).
    recipe : RenderRecipe
    headroom_gain_db : float
        Predicted gain that keeps music below full scale, <= 0.
    rig_text : str
        The rig file it was designed for.
    figures : dict
        What was asked and what was reached, JSON values.

    Raises
    ------
    UsageError
        Where shapes, names or values do not fit together, with the field and what it takes: taps that are complex or not finite, a rate
        that is no whole number above 0, names that are the same.
    """

    taps: NDArray[np.float64]
    fs: int
    latency_samples: int
    input_names: tuple[str, ...]
    driver_names: tuple[str, ...]
    channels: tuple[int, ...]
    recipe: RenderRecipe = RenderRecipe()
    headroom_gain_db: float = 0.0
    rig_text: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        taps = checks.own_array(self.taps, "taps")
        input_names, driver_names = checks.names(self.input_names, "input_names"), checks.names(self.driver_names, "driver_names")
        channels = tuple(
            checks.whole_number(channel, "channels: channel", 1, MAX_CHANNEL) for channel in checks.entries(self.channels, "channels")
        )
        if taps.ndim != 3 or 0 in taps.shape:
            raise UsageError(f"taps must be (drivers, inputs, n_taps), none of them 0, got shape {taps.shape}")
        if taps.shape[:2] != (len(driver_names), len(input_names)):
            raise UsageError(
                f"taps of {taps.shape[0]} drivers x {taps.shape[1]} inputs do not fit "
                f"{len(driver_names)} driver names and {len(input_names)} input names"
            )
        if len(channels) != taps.shape[0] or len(set(channels)) != taps.shape[0]:
            raise UsageError(f"channels must be unique, 1-based, one a driver; got {channels}")
        if not np.isfinite(taps).all():
            bad = driver_names[int(np.argwhere(~np.isfinite(taps))[0][0])]
            raise UsageError(f"driver '{bad}': a tap is not finite")
        recipe = checks.instance(self.recipe, RenderRecipe, "recipe", "RenderRecipe(upmix, latency_ms, strength) makes one")
        if recipe.upmix not in UPMIXES:
            raise UsageError(f"recipe: upmix is one of {', '.join(UPMIXES)}, got '{recipe.upmix}'")
        plain = {
            "taps": taps,
            "fs": checks.whole_number(self.fs, "fs", 1, MAX_FS_HZ),
            "latency_samples": checks.whole_number(self.latency_samples, "latency_samples", 0, MAX_LATENCY_SAMPLES),
            "input_names": input_names,
            "driver_names": driver_names,
            "channels": channels,
            "headroom_gain_db": checks.real_number(self.headroom_gain_db, "headroom_gain_db", -MAX_GAIN_DB, MAX_GAIN_DB),
            "rig_text": checks.text(self.rig_text, "rig_text"),
            "figures": _json_copy(self.figures),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    @property
    def n_taps(self) -> int:
        """Length of every filter."""
        return self.taps.shape[2]

    @property
    def n_channels(self) -> int:
        """Channels of an output file: the highest channel of a driver."""
        return max(self.channels)

    @checks.usual_float_errors
    def spectrum(self, freqs: NDArray[np.float64]) -> NDArray[np.complex128]:
        """W (freqs, drivers, inputs) at any frequencies in Hz, with the bank's own delay in it."""
        of_all = fir_response(self.taps.reshape(-1, self.n_taps).T, freqs, self.fs)
        return of_all.reshape(-1, *self.taps.shape[:2])

    @checks.usual_float_errors
    def stereo_drivers(self) -> tuple[int, int]:
        """Indices of the drivers that stand for left and right where stereo is played without filters.

        A box of many drivers has no stereo of its own; nearest to it are the two drivers that its filters make most of the left and
        of the right: those whose power (pink, 300 Hz to 4 kHz) differs most between the left and the right path.
        """
        power = np.abs(self.spectrum(np.geomspace(*STEREO_HZ, 100))) ** 2
        more_left = (power[:, :, self.input_index("left")] - power[:, :, self.input_index("right")]).mean(axis=0)
        return int(np.argmax(more_left)), int(np.argmin(more_left))

    def input_index(self, name: str) -> int:
        """Index of an input by name."""
        return self.input_names.index(name)

    def content_hash(self) -> str:
        """SHA-256 over the taps and everything said about them, hexadecimal."""
        return _sha256(self.taps, self._header().encode())

    def replace(self, **changes: Any) -> FilterMatrix:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _header(self) -> str:
        said = {
            "format": FORMAT,
            "fs": self.fs,
            "latency_samples": self.latency_samples,
            "input_names": self.input_names,
            "driver_names": self.driver_names,
            "channels": self.channels,
            "recipe": dataclasses.asdict(self.recipe),
            "headroom_gain_db": self.headroom_gain_db,
            "rig_text": self.rig_text,
            "figures": self.figures,
        }
        return json.dumps(said, sort_keys=True, allow_nan=False)

    def to_bytes(self) -> bytes:
        """The file's content: an .npz of plain arrays (no pickle), the same bytes for the same bank."""
        buffer = io.BytesIO()
        header = np.frombuffer(self._header().encode(), dtype=np.uint8)
        sha256 = np.frombuffer(self.content_hash().encode(), dtype=np.uint8)
        np.savez(buffer, taps=self.taps.astype("<f8", copy=False), header=header, sha256=sha256)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file, atomically: a file of that name is replaced only by a whole one, whoever else writes it.

        Raises
        ------
        UsageError
            No path was given.
        OutputError
            The folder is missing or not writable, or the disk is full.
        """
        path, content = checks.path(path, "bank"), self.to_bytes()
        with atomic_file(path) as file:
            file.write(content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FilterMatrix:
        """Read a file that ``save`` wrote.

        Raises
        ------
        UsageError
            No path was given.
        InputError
            Not a bank, a bank of another format, or one whose content does not match its hash.
        """
        name = checks.path(path, "bank")
        no_bank = f"{name}: not a filter bank of spatial"
        try:
            taps, header, sha256 = _stored_arrays(name)
            said = json.loads(header.decode())
            if said["format"] != FORMAT:
                raise InputError(f"{name}: bank format {checks.shown(said['format'])}, this version reads format {FORMAT}")
            bank = cls(
                taps=taps,
                fs=said["fs"],
                latency_samples=said["latency_samples"],
                input_names=said["input_names"],
                driver_names=said["driver_names"],
                channels=said["channels"],
                recipe=RenderRecipe(**said["recipe"]),
                headroom_gain_db=said["headroom_gain_db"],
                rig_text=said["rig_text"],
                figures=said["figures"],
            )
        except FileNotFoundError:
            raise InputError(f"{name}: no such file") from None
        except (PermissionError, IsADirectoryError) as error:
            raise InputError(f"{name}: cannot be read as a filter bank ({error.strerror})") from None
        except UsageError as error:
            raise InputError(f"{no_bank} ({error}); make one with: spatial design RIG -o BANK") from None
        except _NO_BANK as error:
            raise InputError(f"{no_bank} ({type(error).__name__}); make one with: spatial design RIG -o BANK") from None
        if _sha256(taps, header) != sha256:
            raise InputError(f"{name}: content does not match its hash, the file is damaged; design it again")
        return bank


_NO_BANK = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, MemoryError, RecursionError, NotImplementedError,
    RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file that is something else, or half of one, can end in: NumPy, zip and JSON each have their own errors."""


def _stored_arrays(path: str) -> tuple[NDArray[np.float64], bytes, str]:
    """Taps, header and hash as a file has them. ``save`` compresses nothing: what unpacks to more than a GB was made to fill a memory."""
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        found = []
        for entry in ("taps.npy", "header.npy", "sha256.npy"):
            info = archive.getinfo(entry)
            if info.compress_type != zipfile.ZIP_STORED and info.file_size > MAX_UNPACKED:
                raise ValueError("compressed, and far too large")
            with archive.open(entry) as stored:
                found.append(np.lib.format.read_array(stored, allow_pickle=False))
    taps, header, sha256 = found
    return taps, header.tobytes(), sha256.tobytes().decode()


def _sha256(taps: NDArray[np.float64], header: bytes) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(taps, dtype="<f8").data)
    digest.update(header)
    return digest.hexdigest()


def _json_copy(figures: Any) -> dict[str, Any]:
    """A dictionary of JSON values, numbers of NumPy as plain ones; UsageError for what JSON does not hold."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.generic | np.ndarray):
            return value.tolist()
        raise TypeError(f"{type(value).__name__} is none of them")

    if not isinstance(figures, dict):
        raise UsageError(f"figures = {checks.shown(figures)}: a dictionary of JSON values is wanted")
    try:
        copied = json.dumps(figures, allow_nan=False, default=plain, ensure_ascii=False)
        copied.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"figures: JSON values are wanted ({error})") from None
    kept: dict[str, Any] = json.loads(copied)
    return kept
