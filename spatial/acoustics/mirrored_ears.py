"""Ears and drivers folded to one half of space: a head on the right is the mirror image of one on the left, seen by mirrored drivers.

Poses that are mirror images of each other are computed once, and the right ear of a head that faces the rig from its middle plane is taken
from the left one. So a mirrored rig gets mirrored numbers to the last bit, and a symmetric rig is done in half the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.base.arrays import Complex, Indices


class Mirrored(Protocol):
    """A driver, or the place of one: sortable, and with a mirror image."""

    def mirrored(self) -> Any:
        """Its image, left for right."""

    def __lt__(self, other: Any, /) -> bool: ...


Source = TypeVar("Source", bound=Mirrored)


@dataclass(frozen=True, order=True)
class Omni:
    """A point source at (front, left, up) metres."""

    place_m: tuple[float, float, float]

    def mirrored(self) -> Omni:
        """Its mirror image."""
        front, left, up = self.place_m
        return Omni((front, 0.0 - left, up))


@dataclass(frozen=True, eq=False)
class Folded(Generic[Source]):
    """What has to be computed: ears in poses on the left, for drivers that may be mirror images of those asked for.

    ears: the poses, sorted; sources: the drivers, sorted; ear, source (points, drivers): which ear (counted as in ears) and which of
    the sources stand for each point and driver of the request.
    """

    ears: Ears
    sources: tuple[Source, ...]
    ear: Indices
    source: Indices

    @classmethod
    def of(cls, ears: Ears, drivers: Sequence[Source]) -> Folded[Source]:
        """Fold a request.

        Parameters
        ----------
        ears : Ears
            Poses, the same on both sides or not.
        drivers : sequence
            Drivers, or places of them.
        """
        poses = [_left_half(centre, yaw) for centre, yaw in zip(ears.centres_m, ears.yaws_deg, strict=True)]
        images = [driver.mirrored() for driver in drivers]
        # (pose, ear of it, whether drivers are mirrored) of every point
        points = [
            (pose, ear if not swapped else 1 - ear, swapped) if not _faces_middle(pose) else (pose, LEFT, ear == RIGHT)
            for pose, swapped in poses
            for ear in (LEFT, RIGHT)
        ]
        distinct = sorted({pose for pose, _, _ in points})
        sources = sorted({s for _, _, swapped in points for s in (images if swapped else drivers)})
        row, column = {pose: 2 * i for i, pose in enumerate(distinct)}, {source: i for i, source in enumerate(sources)}
        own, other = ([column.get(s, -1) for s in which] for which in (drivers, images))
        return cls(
            Ears(tuple(centre for centre, _ in distinct), tuple(yaw for _, yaw in distinct), ears.radius_m),
            tuple(sources),
            np.array([row[pose] + ear for pose, ear, _ in points])[:, None],
            np.array([other if swapped else own for _, _, swapped in points]),
        )

    def unfolded(self, heard: Complex) -> Complex:
        """From (freqs, points of ears, sources) to (freqs, points, drivers) of the request.

        Parameters
        ----------
        heard : (freqs, points, sources) complex
            Of the folded request.
        """
        return np.asarray(heard[:, self.ear, self.source])


def _left_half(centre: tuple[float, float, float], yaw: float) -> tuple[tuple[tuple[float, float, float], float], bool]:
    """The pose or its mirror image, whichever is on the left, and whether it is the image."""
    front, left, up = centre
    if (left, yaw) < (0.0, 0.0):
        return ((front, 0.0 - left, up), 0.0 - yaw), True
    return ((front, left + 0.0, up), yaw + 0.0), False


def _faces_middle(pose: tuple[tuple[float, float, float], float]) -> bool:
    (_, left, _), yaw = pose
    return left == 0.0 and yaw == 0.0
