"""What a rig file says, as small frozen dataclasses.

``Rig`` is the hardware, ``Scene`` what stands around it, ``DesignSpec`` what is asked of the filters. Every key of the file is
a field of exactly one class; its ``Key`` carries type, range, unit and meaning, from which the loader, the range check,
``spatial design --show`` and the documentation of the file derive. Directions: front is towards the listener, left is the
listener's left, up is up; metres and degrees; left is positive.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Key:
    """How one key of the rig file is read.

    kind is "number", "integer", "boolean", "text", "choice", "names" (list of driver names), "pair" (two rising numbers),
    "table" (a sub-table, read into the dataclass ``table``), "points" (rows of numbers, ``columns`` wide), or "special",
    which the loader reads by a rule of its own.
    """

    kind: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    not_built: tuple[str, ...] = ()  # allowed by format 1, refused until the design behind it exists
    table: type | None = None
    columns: int = 0


REQUIRED = dataclasses.MISSING


def key(default: Any, kind: str, help: str, **limits: Any) -> Any:
    """A dataclass field that is a key of the rig file.

    Parameters
    ----------
    default : anything
        What holds where the file is silent.
    kind : str
        How it is read: "number", "text", "choice", ... (``rig/read.py`` has a reader for each).
    help : str
        A few words for ``--show`` and errors.
    **limits
        Other fields of ``Key``: unit, low, high, choices, ...
    """
    return dataclasses.field(default=default, metadata={"key": Key(kind, help, **limits)})


def keys(cls: type) -> dict[str, Key]:
    """Name -> Key of every key that a dataclass holds, in the order of the file."""
    return {f.name: f.metadata["key"] for f in dataclasses.fields(cls) if "key" in f.metadata}


# ---------------------------------------------------------------------------------------------------- hardware


@dataclass(frozen=True)
class Place:
    """``position_m``: where a diaphragm's centre is."""

    front: float = key(0.0, "number", "towards the listener", unit="m", low=-1e4, high=1e4)
    left: float = key(0.0, "number", "to the listener's left", unit="m", low=-1e4, high=1e4)
    up: float = key(0.0, "number", "up", unit="m", low=-1e4, high=1e4)


@dataclass(frozen=True)
class Facing:
    """``facing_deg``: where a driver in free space points."""

    azimuth: float = key(0.0, "number", "0 = front, +90 = listener's left", unit="deg", low=-360.0, high=360.0)
    elevation: float = key(0.0, "number", "up is positive", unit="deg", low=-90.0, high=90.0)


@dataclass(frozen=True)
class Driver:
    """``[[driver]]``. The loader fills ``position_m`` and ``facing_deg``, so that they are always there."""

    name: str = key(REQUIRED, "text", "unique name")
    channel: int = key(REQUIRED, "integer", "output channel, 1-based, unique", low=1, high=64)
    azimuth_deg: float | None = key(None, "number", "where it sits on a sphere or cylinder", unit="deg", low=-360.0, high=360.0)
    elevation_deg: float = key(0.0, "number", "where it sits on a sphere", unit="deg", low=-90.0, high=90.0)
    up_m: float = key(0.0, "number", "height on a cylinder", unit="m", low=-100.0, high=100.0)
    position_m: Place | None = key(None, "table", "diaphragm centre in free space or in a baffle", unit="m", table=Place)
    facing_deg: Facing | None = key(None, "table", "axis in free space; default: towards the listener", unit="deg", table=Facing)
    diameter_m: float | None = key(None, "number", "diaphragm diameter", unit="m", low=0.001, high=1.0)
    directivity: str = key("omni", "choice", "pattern in free space", choices=("omni", "cardioid", "piston"))
    gain_db: float = key(0.0, "number", "what the hardware adds; compensated", unit="dB", low=-60.0, high=60.0)
    delay_ms: float = key(0.0, "number", "what the hardware delays; compensated", unit="ms", low=0.0, high=100.0)
    invert: bool = key(False, "boolean", "the hardware inverts; compensated")
    role: str = key(
        "spatial", "choice", "spatial: cancels and beams; woofer, tweeter: plays what lies below, above all spatial bands",
        choices=("spatial", "woofer", "tweeter"),
    )  # fmt: skip
    band_hz: tuple[float, float] | None = key(
        None, "pair", "where it may help to cancel or beam; default the whole range", unit="Hz", low=1.0, high=200e3
    )
    max_gain_db: float | None = key(None, "number", "hard bound on its filter", unit="dB", low=-60.0, high=60.0)


@dataclass(frozen=True)
class Enclosure:
    """``[enclosure]``: the body that carries the drivers, centred on the origin."""

    shape: str = key("free", "choice", "body", choices=("free", "baffle", "sphere", "cylinder"))
    radius_m: float | None = key(None, "number", "of a sphere or cylinder", unit="m", low=0.01, high=5.0)


@dataclass(frozen=True)
class Tolerance:
    """``[tolerance]``: how far a driver may be from what it should be, uniform and independent; designs and figures of spread take it."""

    gain_db: float = key(0.5, "number", "of a driver's sensitivity, +-", unit="dB", low=0.0, high=6.0)
    phase_deg: float = key(2.5, "number", "of a driver's phase, +-", unit="deg", low=0.0, high=60.0)

    @property
    def error_power(self) -> float:
        """sigma^2, the mean power of a driver's relative error: (gain_db ln 10/20)^2/3 + phase^2/3 (phase in radians)."""
        return ((self.gain_db * math.log(10) / 20) ** 2 + math.radians(self.phase_deg) ** 2) / 3


@dataclass(frozen=True)
class Rig:
    """The hardware: name, body, drivers in the order of the file."""

    name: str = key(REQUIRED, "text", "one line, shown in tables and titles")
    description: str = key("", "text", "free text")
    kind: str = key("loudspeakers", "choice", "what plays", choices=("loudspeakers", "headphones"))
    enclosure: Enclosure = key(Enclosure(), "table", "the body that carries the drivers", table=Enclosure)
    tolerance: Tolerance = key(Tolerance(), "table", "how much drivers differ", table=Tolerance)
    drivers: tuple[Driver, ...] = ()

    @property
    def spatial_drivers(self) -> tuple[int, ...]:
        """Indices of the drivers that cancel and beam (role "spatial")."""
        return tuple(i for i, d in enumerate(self.drivers) if d.role == "spatial")

    def indices(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Indices of drivers by name; the loader has checked that the names exist."""
        where = {d.name: i for i, d in enumerate(self.drivers)}
        return tuple(where[name] for name in names)


# ------------------------------------------------------------------------------------------------------- scene


@dataclass(frozen=True)
class HeadFile:
    """``head = { file = "head.sofa" }``: a measured head. folder is the rig file's; None where the rig is a bare text."""

    file: str
    folder: Path | None = None

    def __str__(self) -> str:
        return f"{{ file = {json.dumps(self.file, ensure_ascii=False)} }}"


@dataclass(frozen=True)
class Listener:
    """``[listener]``: head centre, and the head that listens."""

    distance_m: float = key(2.0, "number", "front coordinate of the head centre (required for loudspeakers)", unit="m", low=0.2, high=1e4)
    left_m: float = key(0.0, "number", "to the listener's left", unit="m", low=-1e4, high=1e4)
    up_m: float = key(0.0, "number", "up", unit="m", low=-1e4, high=1e4)
    yaw_deg: float = key(0.0, "number", "+ = nose towards the listener's left", unit="deg", low=-180.0, high=180.0)
    head: str | HeadFile = key("sphere", "special", '"sphere", or { file = "head.sofa" } for model = "measured"')
    head_radius_m: float = key(0.0875, "number", "of the sphere", unit="m", low=0.05, high=0.15)


@dataclass(frozen=True)
class VirtualPair:
    """``[virtual_pair]``: the stereo pair the listener should hear, at +-angle about the nose."""

    angle_deg: float = key(30.0, "number", "half the opening", unit="deg", low=0.0, high=180.0)
    distance_m: float = key(2.0, "number", "from the head centre", unit="m", low=0.2, high=1e4)


@dataclass(frozen=True)
class Medium:
    """``[medium]``: air."""

    temperature_c: float = key(20.0, "number", "air temperature", unit="degC", low=-40.0, high=60.0)

    @property
    def c(self) -> float:
        """Speed of sound, m/s: 331.3 sqrt(1 + T/273.15)."""
        return float(331.3 * (1 + self.temperature_c / 273.15) ** 0.5)


@dataclass(frozen=True)
class Room:
    """``[room]``: a shoebox, for analysis and audition only."""

    size_m: tuple[float, float, float] = key((5.2, 4.1, 2.5), "special", "depth, width, height", unit="m", low=1.0, high=1000.0)
    rt60_s: float = key(0.45, "number", "reverberation time", unit="s", low=0.05, high=20.0)
    rig_m: tuple[float, float, float] = key(
        (0.4, 2.05, 0.9), "special", "the rig, from the floor corner behind it on the listener's right", unit="m", low=0.0, high=1000.0
    )
    rig_yaw_deg: float = key(0.0, "number", "+ = turned to the listener's left", unit="deg", low=-180.0, high=180.0)


@dataclass(frozen=True)
class Scene:
    """What stands around the rig."""

    listener: Listener = key(Listener(), "table", "the head that listens", table=Listener)
    virtual_pair: VirtualPair = key(VirtualPair(), "table", "the stereo pair to be heard", table=VirtualPair)
    medium: Medium = key(Medium(), "table", "air", table=Medium)
    room: Room | None = key(None, "table", "a shoebox room, for analysis", table=Room)


# ------------------------------------------------------------------------------------------------------ design

TARGET_DB = (
    (150.0, 0.0), (300.0, 3.0), (500.0, 8.0), (1000.0, 15.0), (2000.0, 18.0), (8000.0, 18.0), (12000.0, 12.0), (16000.0, 3.0),
)  # fmt: skip


@dataclass(frozen=True)
class WidthSpec:
    """``[design.width]``: the pair of filters that stands for the two ears' relative HRTFs."""

    model: str = key(
        "sphere_order5", "choice", "all-pass / delayed low-pass pair",
        choices=("sphere_order5", "human_order4", "balanced", "closed_form", "sphere_exact", "measured"),
    )  # fmt: skip

    @classmethod
    def usual(cls, kind: str) -> WidthSpec:
        """What is in force where the file says nothing, by the rig's kind: on headphones the phantom centre should not comb."""
        return cls(model="balanced") if kind == "headphones" else cls()


@dataclass(frozen=True)
class TimbreDrivers:
    """``timbre_drivers``: whose timbre a side takes."""

    left: tuple[str, ...] | None = key(None, "names", "for the left input")
    right: tuple[str, ...] | None = key(None, "names", "for the right input")


@dataclass(frozen=True)
class CrosstalkSpec:
    """``[design.crosstalk]``: cancellation and null-steering of the sides."""

    mode: str = key("virtual", "choice", "what the contralateral ear is to get", choices=("virtual", "target", "null"))
    target_db: tuple[tuple[float, float], ...] = key(TARGET_DB, "points", "Hz, ipsi/contra power ratio in dB; rising in Hz", columns=2)
    drivers: tuple[str, ...] | None = key(None, "names", "default: all spatial drivers")
    effort_cap_db: float | None = key(
        None, "number", "drive power over the reference alone; default by mode and span", unit="dB", low=0.0, high=60.0
    )
    robust: bool | None = key(None, "boolean", "steer the null over head poses")
    timbre_drivers: TimbreDrivers = key(TimbreDrivers(), "table", "default: loudest on that side", table=TimbreDrivers)
    taps: int = key(512, "integer", "at 48 kHz", unit="samples", low=16, high=16384)
    delay_samples: int | None = key(None, "integer", "modelling delay at 48 kHz; default taps/4", unit="samples", low=0, high=16384)


@dataclass(frozen=True)
class BeamSpec:
    """``[design.beam]``: what the centre path sends where."""

    preset: str = key("null", "choice", "kind of beam", choices=("null", "room", "custom", "power_ratio", "constant", "reference"))
    axis: str = key("listener", "choice", "azimuth 0 of the beam: the listener, or the rig's front", choices=("listener", "front"))
    shape: tuple[tuple[float, float, float], ...] | None = key(
        None, "points", 'preset "custom": bounds in rows of azimuth_deg, lower_db, upper_db re on axis', columns=3
    )
    side_db: float = key(12.0, "number", 'preset "power_ratio": no deeper than this', unit="dB", low=0.0, high=60.0)
    di_db: float = key(6.0, "number", 'preset "constant": directivity index', unit="dB", low=0.0, high=20.0)
    drivers: tuple[str, ...] | None = key(None, "names", "default: all spatial drivers")
    reference: tuple[str, ...] | None = key(None, "names", '"auto" (nearest to the axis), or the driver or group')
    effort_cap_db: float = key(5.8, "number", "drive power over the reference alone", unit="dB", low=0.0, high=60.0)
    taps: int = key(1024, "integer", "at 48 kHz", unit="samples", low=16, high=16384)
    delay_samples: int | None = key(None, "integer", "modelling delay at 48 kHz; default 3/8 of taps", unit="samples", low=0, high=16384)

    @classmethod
    def usual(cls, drivers: int) -> BeamSpec:
        """What is in force where the file says nothing, by the number of drivers to beam with: two cannot beam forward."""
        return cls(preset="reference") if drivers <= 2 else cls()


@dataclass(frozen=True)
class UpmixSpec:
    """``[design.upmix]``: stereo to left, right and centre."""

    method: str = key(
        "directional", "choice", "how the centre is found", choices=("directional", "projection", "matrix", "off")
    )  # fmt: skip
    latency_ms: float = key(21.0, "special", "0, 2.7, 21 or 85", unit="ms")
    strength: float = key(1.0, "number", "0 = nothing to the centre, 1 = all", low=0.0, high=1.0)


@dataclass(frozen=True)
class HeadphonesSpec:
    """``[headphones]``."""

    balance: float | None = key(
        None, "number", "rho: common equaliser, flat for hard-panned sound (0) or the phantom centre (1); default none, 0.5 with balanced",
        low=0.0, high=1.0,
    )  # fmt: skip

    @classmethod
    def usual(cls, width: WidthSpec) -> HeadphonesSpec:
        """What is in force where the file says nothing, by the width model."""
        return cls(balance=0.5) if width.model == "balanced" else cls()


@dataclass(frozen=True)
class DesignSpec:
    """``[design]`` (and ``[headphones]``): what is asked of the filters."""

    tone: str = key(
        "pair", "choice", "what a path sounds like: pair: the virtual pair's own loudspeaker; flat: an ideal source; driver: its reference",
        choices=("pair", "flat", "driver"),
    )  # fmt: skip
    tone_boost_db: float = key(12.0, "number", "flat is given up where it needs more", unit="dB", low=0.0, high=40.0)
    center_gain_db: float = key(3.0, "number", "the centre path replaces two loudspeakers", unit="dB", low=-60.0, high=20.0)
    center_bass_db: float = key(3.0, "number", "and this much more in the bass, where they add up", unit="dB", low=-20.0, high=20.0)
    width: WidthSpec = key(WidthSpec(), "table", "relative HRTF pair", table=WidthSpec)
    crosstalk: CrosstalkSpec = key(CrosstalkSpec(), "table", "the sides", table=CrosstalkSpec)
    beam: BeamSpec = key(BeamSpec(), "table", "the centre", table=BeamSpec)
    upmix: UpmixSpec = key(UpmixSpec(), "table", "left, right, centre", table=UpmixSpec)
    headphones: HeadphonesSpec = HeadphonesSpec()

    @classmethod
    def usual(cls, mode: str) -> DesignSpec:
        """What is in force where the file says nothing, by the mode of the sides: a pair's tone where there is a virtual pair."""
        return cls(tone="pair" if mode == "virtual" else "flat")


@dataclass(frozen=True)
class RigFile:
    """A rig file as read: hardware, scene, design, and the text it came from."""

    rig: Rig
    scene: Scene
    design: DesignSpec
    text: str = ""
    path: Path | None = None
