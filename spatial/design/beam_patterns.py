"""What a beam is designed from: directional responses of a rig's drivers, and the matrices of powers made of them.

Drivers that mirror each other, left and right or up and down, get one weight where the wish is as symmetric as they are: the best weights
of a symmetric problem are symmetric, and a half of the unknowns is left. The weights of groups are v, those of drivers w = S v.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.harmonics import Harmonics, harmonics_of
from spatial.acoustics.points import FarField, arc, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.design.beam_wishes import Wish
from spatial.design.regularization import band_weights
from spatial.rig.geometry import axes, places
from spatial.rig.model import Medium, Rig

MIRROR_TOLERANCE = 1e-9
LEFT_AXIS, UP_AXIS = 1, 2


@dataclass(frozen=True, eq=False)
class Patterns:
    """Responses at some frequencies, of groups of drivers (m) that share a weight.

    groups S (drivers, m); front (freqs, m); bounded (freqs, d, m), stop (freqs, s, m): at the wish's directions; sphere (freqs, m, m): mean
    of g* g^T over all directions that the rig radiates into; loading (freqs, m): mean of |g|^2 over the stop directions times the cost;
    cost (freqs, m): of using a group, its drivers' count times their cost outside their band; count (m,): drivers in each group;
    alone (freqs, m): weights of the reference alone, 1 on axis; reference (freqs, d): its pressures; reference_power (freqs,): |sum g|^2/n
    of the reference on axis.
    """

    freqs: NDArray[np.float64]
    wish: Wish
    groups: NDArray[np.float64]
    front: NDArray[np.complex128]
    bounded: NDArray[np.complex128]
    stop: NDArray[np.complex128]
    sphere: NDArray[np.complex128]
    loading: NDArray[np.float64]
    cost: NDArray[np.float64]
    count: NDArray[np.float64]
    alone: NDArray[np.complex128]
    reference: NDArray[np.complex128]
    reference_power: NDArray[np.float64]

    def stop_power(self) -> NDArray[np.complex128]:
        """Mean of g* g^T over the stop directions: (freqs, m, m)."""
        return mean_power(self.stop, self.wish.stop_weight)


def power_all_around(rig: Rig, used: Sequence[int], groups: NDArray, freqs: NDArray, medium: Medium) -> NDArray[np.complex128]:
    """Mean of g* g^T over all directions that a rig radiates into, for groups of its used drivers: (freqs, m, m)."""
    if rig.enclosure.shape == "sphere":
        stored = harmonics_of(rig, freqs, medium=medium)
        return Harmonics(freqs, stored.coefficients[:, :, list(used)] @ groups).sphere_power()
    points, weights = space_of(rig.enclosure.shape)
    return mean_power(transfer_matrix(rig, points, freqs, medium)[:, :, list(used)] @ groups, weights)


def mean_power(g: NDArray, weights: NDArray) -> NDArray[np.complex128]:
    """Weighted mean of g* g^T over directions, (freqs, directions, m) -> (freqs, m, m)."""
    return np.asarray((g.conj() * weights[:, None]).swapaxes(1, 2) @ g, complex)


def patterns(rig: Rig, used: Sequence[int], reference: Sequence[int], freqs: NDArray, medium: Medium, wish: Wish) -> Patterns:
    """Responses of the used drivers; used and reference are indices in the rig."""
    used = list(used)
    halved = wish.symmetric and _symmetric_in_left(rig, used)
    wish = wish.left_half() if halved else wish
    groups = mirror_groups(rig, used, (LEFT_AXIS, UP_AXIS) if halved else (UP_AXIS,))

    def look(points: FarField, groups: NDArray = groups) -> NDArray:
        return transfer_matrix(rig, points, freqs, medium)[:, :, used] @ groups

    heard = transfer_matrix(rig, arc(np.append(wish.azimuth_deg, 0.0)), freqs, medium)[:, :, list(reference)].sum(axis=2)
    among = np.array([float(i in set(reference)) for i in used])
    own = transfer_matrix(rig, arc(wish.stop_deg), freqs, medium)[:, :, used]
    cost = band_weights([rig.drivers[i] for i in used], freqs)
    return Patterns(
        freqs=freqs,
        wish=wish,
        groups=groups,
        front=look(arc(0.0))[:, 0],
        bounded=look(arc(wish.azimuth_deg)),
        stop=look(arc(wish.stop_deg)),
        sphere=power_all_around(rig, used, groups, freqs, medium),
        loading=(np.einsum("fsn,s->fn", np.abs(own) ** 2, wish.stop_weight) * cost) @ groups,
        cost=cost @ groups,
        count=groups.sum(axis=0),
        alone=(among @ groups / groups.sum(axis=0)) / heard[:, -1:],
        reference=heard[:, :-1] / heard[:, -1:],
        reference_power=np.abs(heard[:, -1]) ** 2 / len(reference),
    )


def mirror_drivers(rig: Rig, used: Sequence[int], axis: int = LEFT_AXIS) -> NDArray[np.intp]:
    """For each used driver the position, among them, of its mirror image in left or up; 0, 1, 2, ... where any has none."""
    flip = np.where(np.arange(3) == axis, -1.0, 1.0)
    place, facing = places(rig)[list(used)], axes(rig)[list(used)]
    kind = [(d.diameter_m, d.directivity, d.band_hz, d.max_gain_db, d.role) for d in (rig.drivers[i] for i in used)]
    found = []
    for i in range(len(place)):
        apart = np.abs(place - place[i] * flip).max(axis=1) + np.abs(facing - facing[i] * flip).max(axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] > MIRROR_TOLERANCE or kind[nearest] != kind[i]:
            return np.arange(len(place))
        found.append(nearest)
    return np.array(found)


def _symmetric_in_left(rig: Rig, used: Sequence[int]) -> bool:
    """Whether every driver has a mirror image in left, itself included."""
    off = np.abs(places(rig)[list(used), LEFT_AXIS]).max() + np.abs(axes(rig)[list(used), LEFT_AXIS]).max()
    return bool(off <= MIRROR_TOLERANCE) or not np.array_equal(mirror_drivers(rig, used), np.arange(len(used)))


def mirror_groups(rig: Rig, used: Sequence[int], over: Sequence[int]) -> NDArray[np.float64]:
    """S (drivers, groups): 1 where a driver belongs to a group of mirror images in left, up or both."""
    label = np.arange(len(used))
    images = [mirror_drivers(rig, used, axis) for axis in over]
    for _ in used:
        for image in images:
            label = np.minimum(label, label[image])
    return (label[:, None] == np.unique(label)).astype(float)
