"""What the presets of a beam ask of its pattern, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatial.base.arrays import Angles, Levels, Real
from spatial.base.units import from_db
from spatial.rig.model import BeamSpec, Rig
from spatial.rig.validate import CUSTOM_WINDOW_DB

JUDGED_HZ, JUDGED_ROW_HZ = (250.0, 4000.0), (500.0, 3150.0)  # centres of the third octaves whose figures are compared

PAIRED = 0.5**0.5  # strictness of one of two bounds that together count as one


@dataclass(frozen=True)
class BeamNumbers:
    """Numbers of the design that a person may want to change."""

    window_deg: float = 45.0
    step_deg: float = 5.0
    wished_db: tuple[tuple[float, float], ...] = ((0, 0), (15, -0.2), (30, -0.8), (45, -2.2))  # azimuth, level: where starts aim
    low_db: float = -3.2  # of the window
    high_db: float = 0.4
    stop_deg: tuple[float, ...] = (80.0, 90.0, 100.0)
    gammas: tuple[tuple[float, ...], ...] = ((0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6), (1.0, 1.5, 2.5))  # tried, in rounds
    gamma_null: float = 0.15  # of the weights above, of the power all around beside that at the sides: the first that is tried
    gamma_room: float = 1.5
    most_step_db: float = 1.1  # of the sound power within a ninth of an octave
    saving: float = 0.3  # of drive power over the reference's, where the sides are quiet enough
    custom_strict: float = 0.1  # how strict the upper bounds of a custom shape are outside the window, beside those inside
    error_power: float = 0.0069  # sigma^2 of +-1 dB and +-5 degrees, uniform
    alpha: float = 1.0
    beta: float = 1e-3
    starts_m: tuple[float, ...] = (0.0, 0.06, -0.06, -0.12, -0.4)  # of a point source on the axis, from the reference
    jump_cost: float = 2.0  # of a path, per squared change of the weights from one frequency to the next, re the reference
    row_jump_cost: float = 10.0  # of a row's
    row_rounds: int = 3  # in which a row's frequencies start from what their neighbours found
    later_cost: float = 1e-5  # of a start over the one before: among equals the first is taken
    band_hz: tuple[float, float] = (90.0, 8500.0)
    step: tuple[float, float] = (0.035, 50.0)  # between design frequencies: a share of the frequency, at most so many Hz
    top_hz: tuple[float, float] = (5600.0, 8000.0)  # blend to the reference alone
    bottom_hz: tuple[float, float] = (90.0, 200.0)  # the same at the bottom; up to the lowest edge of drivers' bands where that is higher
    bottom_ratio: float = 1.4  # of its ends, at least


NUMBERS = BeamNumbers()


@dataclass(frozen=True, eq=False)
class Wish:
    """What is wanted of a pattern, re on axis.

    Attributes
    ----------
    azimuth_deg : (d,) degrees
        Directions that have bounds.
    low_db, high_db : (d,) dB
        The bounds; -inf and inf where there is none.
    strict : (d,)
        How strict they are; 1 for a mirrored pair in the window.
    wished_db : (d,) dB
        Level that starts aim at; nan outside the window.
    stop_deg : (s,) degrees
        Where power is unwanted.
    stop_weight : (s,)
        Weights of these directions; they add up to 1.
    gamma : float
        Least weight of the power over all directions beside that at the stop directions.
    enough_db : float or None
        The stop power need not be lower than minus this; from there on drive power is saved.
    """

    azimuth_deg: Angles
    low_db: Levels
    high_db: Levels
    strict: Real
    wished_db: Levels
    stop_deg: Angles
    stop_weight: Real
    gamma: float
    enough_db: float | None = None

    @property
    def symmetric(self) -> bool:
        """Whether left and right are asked alike."""
        bounds = (self.low_db, self.high_db, self.strict, self.wished_db)
        return all(
            np.allclose(_table(angle, *columns), _table(_mirrored_deg(angle), *columns), rtol=0, atol=1e-9, equal_nan=True)
            for angle, columns in ((self.azimuth_deg, bounds), (self.stop_deg, (self.stop_weight,)))
        )

    def left_half(self) -> Wish:
        """The directions with azimuth >= 0 alone; those that stand for two count twice."""
        bound, stop = self.azimuth_deg >= 0, self.stop_deg >= 0
        return replace(
            self,
            stop_deg=self.stop_deg[stop],
            stop_weight=(_stands_for(self.stop_deg) * self.stop_weight)[stop],
            strict=(np.sqrt(_stands_for(self.azimuth_deg)) * self.strict)[bound],
            **{name: getattr(self, name)[bound] for name in ("azimuth_deg", "low_db", "high_db", "wished_db")},
        )

    def near_and_far(self) -> Wish:
        """The bounds twice, each counting half: for the seat circle and for the same directions far away."""
        azimuth, low, high, wished = (np.tile(x, 2) for x in (self.azimuth_deg, self.low_db, self.high_db, self.wished_db))
        strict = np.tile(self.strict, 2) * PAIRED
        return replace(self, azimuth_deg=azimuth, low_db=low, high_db=high, wished_db=wished, strict=strict)


def wish_of(spec: BeamSpec, numbers: BeamNumbers) -> Wish:
    """What a preset asks for: "null", "room", "power_ratio" or "custom".

    Parameters
    ----------
    spec : BeamSpec
    numbers : BeamNumbers
        `NUMBERS`, unless a person wants others.
    """
    match spec.preset:
        case "room":
            return _sides_wish(numbers, numbers.gamma_room)
        case "power_ratio":
            return replace(_sides_wish(numbers, numbers.gamma_null), enough_db=spec.side_db)
        case "custom":
            return _custom_wish(numbers, spec.shape or ())
        case _:
            return _sides_wish(numbers, numbers.gamma_null)


def _sides_wish(numbers: BeamNumbers, gamma: float) -> Wish:
    """A window around the axis, and power unwanted at both sides."""
    azimuth = np.arange(-numbers.window_deg, numbers.window_deg + 1e-9, numbers.step_deg)
    stop = np.array([*(-x for x in reversed(numbers.stop_deg)), *numbers.stop_deg])
    return Wish(
        azimuth_deg=azimuth,
        low_db=np.full(len(azimuth), numbers.low_db),
        high_db=np.full(len(azimuth), numbers.high_db),
        strict=np.full(len(azimuth), PAIRED),
        wished_db=np.interp(np.abs(azimuth), *np.array(numbers.wished_db, float).T),
        stop_deg=stop,
        stop_weight=np.full(len(stop), 1 / len(stop)),
        gamma=gamma,
    )


def _custom_wish(numbers: BeamNumbers, shape: Sequence[tuple[float, float, float]]) -> Wish:
    """The user's bounds, straight lines between the rows and held beyond them.

    Rows with azimuths >= 0 alone stand for both sides. In the window the starts aim at the middle of the bounds; outside it power counts
    by how far down its upper bound is.
    """
    rows = np.array(sorted(shape), float)
    azimuth = np.arange(-180.0 + numbers.step_deg, 180.0 + 1e-9, numbers.step_deg)
    at = np.abs(azimuth) if rows[0, 0] >= 0 else azimuth
    low, high = (np.interp(at, rows[:, 0], rows[:, column]) for column in (1, 2))
    window = low > CUSTOM_WINDOW_DB
    weight = from_db(-high[~window]) ** 2
    return Wish(
        azimuth_deg=azimuth,
        low_db=np.where(window, low, -np.inf),
        high_db=high,
        strict=PAIRED * np.where(window, 1.0, numbers.custom_strict),
        wished_db=np.where(window, np.minimum((low + high) / 2, 0.0), np.nan),
        stop_deg=azimuth[~window],
        stop_weight=weight / weight.sum(),
        gamma=numbers.gamma_null,
    )


def _stands_for(azimuth_deg: Angles) -> Real:
    """How many directions each direction of the left half of a symmetric wish stands for."""
    return np.where((azimuth_deg == 0) | (azimuth_deg == 180), 1.0, 2.0)


def _table(angle: Angles, *columns: Real) -> Real:
    return np.stack([angle, *columns], axis=1)[np.argsort(angle)]


def _mirrored_deg(azimuth_deg: Angles) -> Angles:
    """The same directions in the mirror, 180 staying 180."""
    return np.where(np.abs(azimuth_deg) == 180, 180.0, -azimuth_deg) + 0.0


def judged_hz(rig: Rig) -> tuple[float, float]:
    """Range in which a beam's figures are compared; rows in free field and in a wall alias above it and do little below."""
    return JUDGED_HZ if rig.enclosure.shape in ("sphere", "cylinder") else JUDGED_ROW_HZ
