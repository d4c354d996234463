"""The filter matrix: the one thing that crosses from design to render.

Data only. ``taps[driver, input]`` is an impulse response; the programme's channels, the render recipe (how they become the inputs) and the
text of the rig it was designed for travel in the same file.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spatial.bank import file
from spatial.bank.recipe import STEREO, RenderRecipe, checked_programme, paths_of
from spatial.base import checks
from spatial.base.arrays import DriveMatrix, Freqs, Taps
from spatial.base.errors import UsageError
from spatial.base.fir_response import fir_response
from spatial.base.whole_files import atomic_file

MAX_CHANNEL = 1024  # of a sound file
MAX_FS_HZ = 10**7
MAX_LATENCY_SAMPLES = 1 << 24
MAX_GAIN_DB = 400.0  # a gain that float32 samples stand
BYPASS_HZ = (300.0, 4000.0)


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
    programme : tuple of str
        Roles of the channels that are played through it, in the order of a sound file's channels.

    Raises
    ------
    UsageError
        Where shapes, names or values do not fit together, with the field and what it takes: taps that are complex or not finite, a rate
        that is no whole number above 0, names that are the same.
    """

    taps: Taps
    fs: int
    latency_samples: int
    input_names: tuple[str, ...]
    driver_names: tuple[str, ...]
    channels: tuple[int, ...]
    recipe: RenderRecipe = RenderRecipe()
    headroom_gain_db: float = 0.0
    rig_text: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    programme: tuple[str, ...] = STEREO

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
        programme = checks.names(self.programme, "programme")
        checked_programme(programme, recipe, input_names)
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
            "programme": programme,
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    @property
    def n_taps(self) -> int:
        """Length of every filter."""
        return int(self.taps.shape[2])

    @property
    def n_channels(self) -> int:
        """Channels of an output file: the highest channel of a driver."""
        return max(self.channels)

    @checks.usual_float_errors
    def spectrum(self, freqs: Freqs) -> DriveMatrix:
        """W at any frequencies, with the bank's own delay in it.

        Parameters
        ----------
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers, inputs) complex
        """
        of_all = fir_response(self.taps.reshape(-1, self.n_taps).T, freqs, self.fs)
        return of_all.reshape(-1, *self.taps.shape[:2])

    @property
    def paths(self) -> tuple[str, ...]:
        """Inputs that are fed when something plays; others are passed over."""
        return paths_of(self.programme, self.input_names)

    @checks.usual_float_errors
    def bypass_drivers(self) -> tuple[int, ...]:
        """Indices of the drivers that stand for the programme's channels where it is played without filters.

        A box of many drivers has no stereo of its own; nearest to it are the drivers that its filters make most of each channel: those
        whose power (pink, 300 Hz to 4 kHz) differs most between the channel's own path and the mean of the other channels' paths.
        """
        power = np.abs(self.spectrum(np.geomspace(*BYPASS_HZ, 100))) ** 2
        of_channel = [power[:, :, self.input_index(channel)] for channel in self.programme]
        if len(of_channel) == 1:
            return (int(np.argmax(of_channel[0].mean(axis=0))),)
        others = [np.mean(of_channel[:k] + of_channel[k + 1 :], axis=0) for k in range(len(of_channel))]
        return tuple(int(np.argmax((own - other).mean(axis=0))) for own, other in zip(of_channel, others, strict=True))

    def input_index(self, name: str) -> int:
        """Index of an input by name."""
        return self.input_names.index(name)

    def content_hash(self) -> str:
        """SHA-256 over the taps and everything said about them, hexadecimal."""
        return file.sha256(self.taps, file.header_text(self._said()))

    def replace(self, **changes: Any) -> FilterMatrix:
        """A copy with some fields changed; other taps lose the figures, which are those of the taps before, unless they bring their own."""
        if "taps" in changes:
            changes = {"figures": {}, **changes}
        return dataclasses.replace(self, **changes)

    def _said(self) -> dict[str, Any]:
        """Everything but the taps, as a file says it."""
        said = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.name != "taps"}
        return {**said, "recipe": dataclasses.asdict(self.recipe)}

    def to_bytes(self) -> bytes:
        """The file's content: an .npz of plain arrays (no pickle), the same bytes for the same bank."""
        return file.to_bytes(self.taps, self._said())

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
        with atomic_file(path) as out:
            out.write(content)

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

        def bank(taps: Taps, said: dict[str, Any]) -> FilterMatrix:
            return cls(taps=taps, **{**said, "recipe": RenderRecipe(**said["recipe"])})

        return file.load(checks.path(path, "bank"), bank)


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
