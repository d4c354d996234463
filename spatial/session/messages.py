"""What a playing session is told and what it tells: commands in, events out. A terminal, a log and a browser are views of the same.

Commands and events are plain values, so that they cross threads and wires as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spatial.io.soundcard import Device
from spatial.session.player_stats import PlayerStats

# ------------------------------------------------------------------------------------------------------------------ commands


@dataclass(frozen=True)
class Stop:
    """Fade out and end."""


@dataclass(frozen=True)
class Pause:
    """Fade out, let go of the device and remember the place."""


@dataclass(frozen=True)
class Resume:
    """Go on where it was paused."""


@dataclass(frozen=True)
class Seek:
    """Go on at another place of the programme, seconds from its beginning."""

    time_s: float


@dataclass(frozen=True)
class SetGain:
    """Gain beside the one of the options, dB."""

    gain_db: float


@dataclass(frozen=True)
class SetMute:
    """Silence, while the programme goes on."""

    on: bool


@dataclass(frozen=True)
class SetBypass:
    """Programme channels straight to one driver each, as loud as the filters."""

    on: bool


@dataclass(frozen=True)
class SetSolo:
    """Only these paths; none: all."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Swap:
    """Lead over to another of the session's banks, by its place among them."""

    which: int


Command = Stop | Pause | Resume | Seek | SetGain | SetMute | SetBypass | SetSolo | Swap

# -------------------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True)
class Controls:
    """What is switched on. bypass_gain_db: what makes the bypass as loud as the filters."""

    which: int = 0
    bypass: bool = False
    bypass_gain_db: float = 0.0
    mute: bool = False
    solo: tuple[str, ...] = ()
    gain_db: float = 0.0
    paused: bool = False


@dataclass(frozen=True)
class Loading:
    """A bank is being designed or read for the beginning, at a sample rate in Hz; stage: how far, in words."""

    name: str
    fs: int
    stage: str


@dataclass(frozen=True)
class Waiting:
    """There is no device; it is waited for. reason: why, in words."""

    reason: str


@dataclass(frozen=True)
class Playing:
    """Sound has begun.

    Attributes
    ----------
    device : Device
    fs : float
        Of the device, Hz.
    host_block, added_latency : int
        Frames; 0: the device's choice, nothing added.
    latency_ms : float
        From a frame's entry to the loudspeaker.
    gain_db : float
        Of all drivers, as options and bank have it.
    from_s : float or None
        Where it goes on; None: from the beginning.
    """

    device: Device
    fs: float
    host_block: int
    added_latency: int
    latency_ms: float
    gain_db: float
    from_s: float | None


@dataclass(frozen=True)
class Status:
    """Figures of now, every 50 ms while it plays."""

    stats: PlayerStats
    controls: Controls


@dataclass(frozen=True)
class Changed:
    """The file behind the bank that plays has a new content, which is loaded."""

    name: str


@dataclass(frozen=True)
class Swapped:
    """Other filters have taken over. seconds: that loading them took."""

    name: str
    reason: str
    seconds: float
    gain_db: float


@dataclass(frozen=True)
class Failed:
    """Filters could not be loaded or do not fit; the old ones play on."""

    error: str


@dataclass(frozen=True)
class Refused:
    """A command that cannot be followed; all stays as it is."""

    error: str


@dataclass(frozen=True)
class Paused:
    """It rests at this place of the programme, seconds."""

    time_s: float


@dataclass(frozen=True)
class DriverTurn:
    """Noise comes from this driver now."""

    name: str
    channel: int


@dataclass(frozen=True)
class Remark:
    """What was odd about the programme, a sentence."""

    sentence: str


@dataclass(frozen=True)
class Closed:
    """The device is let go. time_s: place of the programme."""

    finished: bool
    time_s: float
    dropouts: int


Event = (
    Loading | Waiting | Playing | Status | Changed | Swapped | Failed | Refused | Paused | DriverTurn | Remark | Closed
)  # fmt: skip
Listener = Callable[[Event], None]
