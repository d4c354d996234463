"""What a render was: the figures that are printed and those that ``--json`` gives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from spatial.base.units import db
from spatial.dsp.chain import Latency


@dataclass(frozen=True)
class DriverReport:
    """One feed: its largest sample, and what its filters' L1 norm and the gain allow."""

    name: str
    channel: int
    peak_dbfs: float | None
    l1_bound_dbfs: float


@dataclass(frozen=True)
class RenderReport:
    """Figures of a finished render. Levels are None where there is only silence; times are left out of ``as_dict``."""

    input: str
    input_format: str
    input_fs: int
    input_channels: int
    input_frames: int
    input_lufs: float | None
    output: str
    output_format: str
    fs: int
    channels: int
    frames: int
    output_lufs: float | None
    true_peak_dbtp: float | None
    drivers: tuple[DriverReport, ...]
    gain_db: float
    limiter_share: float | None
    limiter_lowest_db: float | None
    latency: Latency
    latency_kept: bool
    scrubbed: int
    discarded: int
    warnings: tuple[str, ...]
    seconds: float

    @property
    def times_real_time(self) -> float:
        """Duration of the output over the time it took."""
        return self.frames / self.fs / max(self.seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the same for the same render."""
        limiter = None if self.limiter_share is None else {"share": self.limiter_share, "lowest_gain_db": self.limiter_lowest_db}
        return {
            "input": {
                "file": readable(self.input), "format": self.input_format, "fs": self.input_fs, "channels": self.input_channels,
                "frames": self.input_frames, "loudness_lufs": self.input_lufs, "scrubbed": self.scrubbed,
            },
            "output": {
                "file": readable(self.output), "format": self.output_format, "fs": self.fs, "channels": self.channels,
                "frames": self.frames, "loudness_lufs": self.output_lufs, "true_peak_dbtp": self.true_peak_dbtp,
            },
            "drivers": [vars(driver) for driver in self.drivers],
            "gain_db": self.gain_db,
            "limiter": limiter,
            "latency_samples": {**vars(self.latency), "total": self.latency.total, "taken_out": not self.latency_kept},
            "discarded": self.discarded,
            "warnings": list(self.warnings),
        }  # fmt: skip


@dataclass(frozen=True)
class UpmixReport:
    """Figures of a finished upmix."""

    input: str
    output: str
    output_format: str
    fs: int
    frames: int
    method: str
    latency_samples: int
    scrubbed: int
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the same for the same upmix."""
        return {**vars(self), "input": readable(self.input), "output": readable(self.output)}


def readable(name: str) -> str:
    """A file's name as UTF-8 reads its bytes, whatever the locale; bytes that are none stay surrogates."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def level_db(peak: float) -> float | None:
    """Level of a magnitude; None for silence, which JSON has no number for."""
    return float(db(peak)) if peak > 0 else None
