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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import InputError, UsageError
from spatial.fir_response import fir_response

FORMAT = 1
PATHS = ("left", "right", "center")
STEREO_HZ = (300.0, 4000.0)


@dataclass(frozen=True)
class RenderRecipe:
    """How stereo becomes the bank's inputs.

    upmix is "directional", "projection", "matrix" or "off"; latency_ms its window; strength scales the centre between nothing and all.
    """

    upmix: str = "off"
    latency_ms: float = 21.0
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class FilterMatrix:
    """Filters from every input to every driver.

    Parameters
    ----------
    taps : (drivers, inputs, n_taps) float
        Impulse responses; pressure per unit input at the level that the design aims at, headroom gain not included.
    fs : int
        Sample rate, Hz.
    latency_samples : int
        Delay that is common to all paths and is taken out of an offline render.
    input_names : tuple of str
        "left", "right" and, for loudspeakers, "center" come first.
    driver_names, channels : tuples, one entry a driver
        Names, and 1-based output channels (unique; gaps are silent).
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
        Where shapes, names or values do not fit together; a tap that is not finite is refused.
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
        taps = np.ascontiguousarray(self.taps, dtype=np.float64)
        if taps.ndim != 3 or taps.shape[2] == 0:
            raise UsageError(f"taps must be (drivers, inputs, n_taps), got shape {taps.shape}")
        if taps.shape[:2] != (len(self.driver_names), len(self.input_names)):
            raise UsageError(
                f"taps of {taps.shape[0]} drivers x {taps.shape[1]} inputs do not fit "
                f"{len(self.driver_names)} driver names and {len(self.input_names)} input names"
            )
        if len(self.channels) != taps.shape[0] or len(set(self.channels)) != taps.shape[0] or min(self.channels) < 1:
            raise UsageError(f"channels must be unique, 1-based, one a driver; got {self.channels}")
        if not np.isfinite(taps).all():
            bad = self.driver_names[int(np.argwhere(~np.isfinite(taps))[0][0])]
            raise UsageError(f"driver '{bad}': a tap is not finite")
        taps.flags.writeable = False
        object.__setattr__(self, "taps", taps)

    @property
    def n_taps(self) -> int:
        """Length of every filter."""
        return self.taps.shape[2]

    @property
    def n_channels(self) -> int:
        """Channels of an output file: the highest channel of a driver."""
        return max(self.channels)

    def spectrum(self, freqs: NDArray[np.float64]) -> NDArray[np.complex128]:
        """W (freqs, drivers, inputs) at any frequencies in Hz, with the bank's own delay in it."""
        of_all = fir_response(self.taps.reshape(-1, self.n_taps).T, freqs, self.fs)
        return of_all.reshape(-1, *self.taps.shape[:2])

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
        digest = hashlib.sha256(self.taps.astype("<f8").tobytes())
        digest.update(self._header().encode())
        return digest.hexdigest()

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
        np.savez(buffer, taps=self.taps.astype("<f8"), header=header, sha256=sha256)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file, atomically: a file of that name is replaced only by a whole one."""
        path = Path(path)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with open(beside, "wb") as file:
                file.write(self.to_bytes())
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FilterMatrix:
        """Read a file that ``save`` wrote.

        Raises
        ------
        InputError
            Not a bank, a bank of another format, or one whose content does not match its hash.
        """
        name = os.fspath(path)
        try:
            with np.load(name, allow_pickle=False) as stored:
                taps = stored["taps"]
                header = json.loads(stored["header"].tobytes().decode())
                sha256 = stored["sha256"].tobytes().decode()
        except FileNotFoundError:
            raise InputError(f"{name}: no such file") from None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise InputError(
                f"{name}: not a filter bank of spatial ({type(error).__name__}); make one with: spatial design RIG -o BANK"
            ) from None
        if header.get("format") != FORMAT:
            raise InputError(f"{name}: bank format {header.get('format')}, this version reads format {FORMAT}")
        bank = cls(
            taps=taps,
            fs=header["fs"],
            latency_samples=header["latency_samples"],
            input_names=tuple(header["input_names"]),
            driver_names=tuple(header["driver_names"]),
            channels=tuple(header["channels"]),
            recipe=RenderRecipe(**header["recipe"]),
            headroom_gain_db=header["headroom_gain_db"],
            rig_text=header["rig_text"],
            figures=header["figures"],
        )
        if bank.content_hash() != sha256:
            raise InputError(f"{name}: content does not match its hash, the file is damaged; design it again")
        return bank
