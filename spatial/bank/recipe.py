"""How a programme becomes the inputs of a filter matrix: its channels and their roles, and the upmix between them and the paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spatial.base import checks
from spatial.base.errors import UsageError

MOST_CHANNELS = 64
"""Of a programme; what the core's chain takes."""

PATHS = ("left", "right", "center")
"""What an upmix makes of stereo, and what a bank for stereo may have."""

STEREO = ("left", "right")
DEFAULT_BLOCK = 128
"""Frames of a partition of the convolution, where nobody says another number."""
UPMIXES = ("directional", "projection", "matrix", "off")


@dataclass(frozen=True)
class Role:
    """What a channel of a programme is. label: as standards print it; loudness: weight of its power in BS.1770-5, by where it stands."""

    label: str
    loudness: float


BESIDE = 1.41  # 60 to 120 degrees from the front, at the height of the ears

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "left": Role("L", 1.0),
        "right": Role("R", 1.0),
        "center": Role("C", 1.0),
        "lfe": Role("LFE", 0.0),
        "left_surround": Role("Ls", BESIDE),
        "right_surround": Role("Rs", BESIDE),
        "left_side": Role("Lss", BESIDE),
        "right_side": Role("Rss", BESIDE),
        "left_back": Role("Lrs", 1.0),
        "right_back": Role("Rrs", 1.0),
        "back": Role("Cs", 1.0),
        "left_top_front": Role("Ltf", 1.0),
        "right_top_front": Role("Rtf", 1.0),
        "left_top_back": Role("Ltr", 1.0),
        "right_top_back": Role("Rtr", 1.0),
    }
)
"""Of all channels that a programme may have; a programme lists its own in the order of the file's channels."""


@dataclass(frozen=True)
class RenderRecipe:
    """How the programme becomes the bank's inputs.

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


def checked_programme(programme: tuple[str, ...], recipe: RenderRecipe, input_names: tuple[str, ...]) -> tuple[str, ...]:
    """The programme itself, where recipe and filters can take it.

    Parameters
    ----------
    programme : tuple of str
        Roles of the channels, in the order of the file's channels.
    recipe : RenderRecipe
    input_names : tuple of str
        Of the filter matrix.

    Raises
    ------
    UsageError
        No such upmix; a channel that has no role, too many of them or none; an upmix of something else than stereo; without an upmix, a
        channel for which there are no filters.
    """
    if recipe.upmix not in UPMIXES:
        raise UsageError(f"recipe: upmix is one of {', '.join(UPMIXES)}, got '{recipe.upmix}'")
    if not 1 <= len(programme) <= MOST_CHANNELS:
        raise UsageError(f"programme: 1 to {MOST_CHANNELS} channels are possible, got {len(programme)}")
    for channel in programme:
        if channel not in ROLES:
            raise UsageError(f"programme: no channel is called '{channel}'; there are {', '.join(ROLES)}")
    if programme == STEREO:
        return programme
    if recipe.upmix != "off":
        raise UsageError(
            f"recipe: upmix '{recipe.upmix}' splits left and right, the programme is {', '.join(programme)}; 'off' takes it as it is"
        )
    missing = [channel for channel in programme if channel not in input_names]
    if missing:
        raise UsageError(f"programme: no filters for {', '.join(missing)}; the bank has {', '.join(input_names)}")
    return programme


def paths_of(programme: tuple[str, ...], input_names: tuple[str, ...]) -> tuple[str, ...]:
    """Inputs that are fed, in the order of the chain's paths: of stereo those that an upmix makes, else the programme's channels.

    Parameters
    ----------
    programme : tuple of str
        Roles of the channels, in the order of the file's channels.
    input_names : tuple of str
        Of the filter matrix.
    """
    return tuple(name for name in PATHS if name in input_names) if programme == STEREO else programme
