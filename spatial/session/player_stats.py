"""Figures of playback at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlayerStats:
    """Figures of playback now.

    Attributes
    ----------
    state : "ready", "playing", "stopping", "ended" or "lost"
    time_s : float
        Of the programme, at the loudspeakers.
    position : int
        Frames of the programme that the chain has taken.
    frames : int
        Given to the device since the start, silence and all.
    peaks_dbfs : dict, driver -> dB
        Largest sample since the last look; None for silence.
    limiter_db : float
        Gain of the limiter, <= 0.
    clipped : int
        Samples beyond full scale (without the limiter).
    dropouts : int
        Times that the programme came too late, or that the device says it had to invent samples.
    late : int
        Those of the first kind. Nothing of the programme is lost by them.
    discarded : int
        Samples that were not finite.
    load : float
        Share of the time that the callback takes, 0 to 1.
    latency_ms : float
        From a frame's entry to the loudspeaker: device, blocks, upmix, filters, limiter.
    swaps : int
        Filters that have taken the place of others.
    """

    state: str
    time_s: float
    position: int
    frames: int
    peaks_dbfs: dict[str, float | None]
    limiter_db: float
    clipped: int
    dropouts: int
    late: int
    discarded: int
    load: float
    latency_ms: float
    swaps: int
