"""What a playing session is asked to play, and the place at which another one goes on."""

from __future__ import annotations

from dataclasses import dataclass

from spatial.session.messages import Controls
from spatial.session.options import RenderOptions


@dataclass(frozen=True)
class PlayOptions:
    """What is played where.

    Attributes
    ----------
    render : RenderOptions
    input : path or None
        A file, or "-"; None: input_device, or noise with identify.
    input_device, device : str or None
        See ``find_device``.
    host_block : int
        Frames of one callback; 0: the device's choice.
    latency : "low", "high" or float
        Of the device, s.
    wait : bool
        For the device, at the beginning and when it is lost.
    watch : bool
        Follow the file of the bank that plays.
    identify : bool
        Pink noise from each driver in turn.
    """

    render: RenderOptions
    input: str | None = None
    input_device: str | None = None
    device: str | None = None
    host_block: int = 0
    latency: str | float = "high"
    wait: bool = False
    watch: bool = False
    identify: bool = False


@dataclass(frozen=True)
class Place:
    """Where a session is, for one that goes on in its place: bank, controls, frames of the programme, device."""

    controls: Controls
    frame: int
    device: str
