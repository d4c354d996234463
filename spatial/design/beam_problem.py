"""What a beam is designed from: directional responses of a rig's drivers, and the matrices of powers made of them.

Drivers that mirror each other, left and right or up and down, get one weight where the wish is as symmetric as they are: the best weights
of a symmetric problem are symmetric, and half as many unknowns are left. The weights of groups are v, those of drivers w = F S v, with F
the weights that make ideal sources arrive alike at the listener (`targets.beam_reference.towards_aim`): equal v point a row at any seat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.harmonics import Harmonics, harmonics_of
from spatial.acoustics.points import arc, seat_azimuth_deg, seat_circle, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import AtPoint, Complex, Drive, Freqs, Indices, PowerMatrices, Real, Transfer
from spatial.rig.geometry import axes, places
from spatial.rig.model import Medium, Rig, RigFile
from spatial.targets.beam_reference import towards_aim
from spatial.targets.beam_wishes import Wish
from spatial.targets.effort import band_weights

MIRROR_TOLERANCE = 1e-9
LEFT_AXIS, UP_AXIS = 1, 2


@dataclass(frozen=True, eq=False)
class Patterns:
    """Responses at some frequencies, of groups of drivers (m) that share a weight.

    "On axis" without more is on the seat circle.

    Attributes
    ----------
    freqs : (freqs,) Hz
    wish : Wish
    groups : (drivers, m)
        S: 1 where a driver belongs to a group.
    front, far_front : (freqs, m) complex
        On axis, on the seat circle and far away.
    bounded : (freqs, d, m) complex
        At the wish's bounded directions on the seat circle. For a body these rows stand twice, the second time far away, scaled so that the
        reference is as loud on axis there.
    stop : (freqs, s, m) complex
        At the wish's stop directions on the seat circle.
    sphere : (freqs, m, m) complex
        Mean of g* g^T over all directions that the rig radiates into, far away.
    loading : (freqs, m)
        Mean of |g|^2 over the stop directions times the cost.
    cost : (freqs, m)
        Cost of using a group: its drivers' drive power times their cost outside their band.
    count : (m,)
        Drive power of a group, about the number of its drivers.
    alone : (freqs, m) complex
        Weights of the reference alone, 1 on axis.
    reference : (freqs, d) complex
        Pressures of the reference at the bounded directions.
    reference_power : (freqs,)
        |sum g|^2/n of the reference on axis.
    nearer : (freqs,) or None
        What a body's far rows are multiplied with, to be as loud on axis as the near ones; None for rows and walls.
    """

    freqs: Freqs
    wish: Wish
    groups: Real
    front: AtPoint
    far_front: AtPoint
    bounded: Transfer
    stop: Transfer
    sphere: PowerMatrices
    loading: Real
    cost: Real
    count: Real
    alone: Drive
    reference: Complex
    reference_power: Real
    nearer: Real | None = None

    def as_loud_far_away(self, v: Drive) -> Patterns:
        """The same with the far rows as loud on axis as the near ones are for some weights; rows and walls have no far rows.

        Parameters
        ----------
        v : (freqs, m) complex
            Weights of the groups.
        """
        if self.nearer is None:
            return self
        near, far = (np.abs(np.sum(front * v, axis=1)) for front in (self.front, self.far_front))
        nearer = near / far
        half = self.bounded.shape[1] // 2
        bounded = np.concatenate([self.bounded[:, :half], self.bounded[:, half:] * (nearer / self.nearer)[:, None, None]], axis=1)
        return replace(self, bounded=bounded, nearer=nearer)

    def effort(self) -> Real:
        """Drive power over that of the reference alone, of weights that are 1 on axis, as a quadratic form: (freqs, m, m)."""
        return np.asarray(np.eye(len(self.count)) * (self.count * self.reference_power[:, None])[:, None], float)

    def stop_power(self) -> PowerMatrices:
        """Mean of g* g^T over the stop directions: (freqs, m, m)."""
        return mean_power(self.stop, self.wish.stop_weight)


def power_all_around(rig: Rig, used: Sequence[int], mixed: Complex, freqs: Freqs, medium: Medium) -> PowerMatrices:
    """Mean of g* g^T over all directions that a rig radiates into, far away, for mixtures of its drivers.

    Parameters
    ----------
    rig : Rig
    used : sequence of int
        Drivers that are mixed.
    mixed : (freqs, used drivers, m) complex
        Their weights in each mixture.
    freqs : (freqs,) Hz
    medium : Medium

    Returns
    -------
    (freqs, m, m) complex
    """
    if rig.enclosure.shape == "sphere":
        stored = harmonics_of(rig, freqs, medium=medium)
        return Harmonics(freqs, stored.coefficients[:, :, list(used)] @ mixed).sphere_power()
    points, weights = space_of(rig.enclosure.shape)
    return mean_power(transfer_matrix(rig, points, freqs, medium)[:, :, list(used)] @ mixed, weights)


def mean_power(g: Complex, weights: Real) -> PowerMatrices:
    """Weighted mean of g* g^T over directions.

    Parameters
    ----------
    g : (freqs, directions, m) complex
    weights : (directions,)
        They add up to 1.

    Returns
    -------
    (freqs, m, m) complex
    """
    return np.asarray((g.conj() * weights[:, None]).swapaxes(1, 2) @ g, complex)


def patterns(rig_file: RigFile, used: Sequence[int], reference: Sequence[int], freqs: Freqs, wish: Wish) -> Patterns:
    """Responses of the used drivers on the seat circle and far away, as a beam's search needs them.

    Parameters
    ----------
    rig_file : RigFile
    used, reference : sequence of int
        Drivers of the beam, and those of its reference among them; indices in the rig.
    freqs : (freqs,) Hz
    wish : Wish
    """
    rig, listener, medium, axis = rig_file.rig, rig_file.scene.listener, rig_file.scene.medium, rig_file.design.beam.axis
    used = list(used)
    aside = axis == "listener" and listener.left_m != 0
    halved = wish.symmetric and not aside and _symmetric_in_left(rig, used)
    wish = wish.left_half() if halved else wish
    mirrors = [*([LEFT_AXIS] if halved else []), *([UP_AXIS] if listener.up_m == 0 else [])]
    groups = mirror_groups(rig, used, mirrors)
    aimed = towards_aim(rig, listener, axis, freqs, medium.c)
    mixed = aimed[:, used, None] * groups

    def look(azimuth_deg: ArrayLike) -> Transfer:
        return transfer_matrix(rig, seat_circle(listener, azimuth_deg, axis), freqs, medium)

    bounded, stop, front = (look(azimuth) for azimuth in (wish.azimuth_deg, wish.stop_deg, 0.0))
    far_front, far = (
        transfer_matrix(rig, arc(azimuth + seat_azimuth_deg(listener, axis)), freqs, medium) for azimuth in (np.zeros(1), wish.azimuth_deg)
    )
    of_reference = np.zeros((len(freqs), len(rig.drivers), 1), complex)
    of_reference[:, list(reference), 0] = aimed[:, list(reference)]
    nearer = None
    if rig.enclosure.shape in ("sphere", "cylinder"):  # a body's window is to hold for people farther away as well
        nearer = (np.abs(front @ of_reference) / np.abs(far_front @ of_reference))[:, 0, 0]
        bounded, wish = np.concatenate([bounded, far * nearer[:, None, None]], axis=1), wish.near_and_far()
    heard, in_front = (bounded @ of_reference)[:, :, 0], (front @ of_reference)[:, 0]
    among = np.array([float(i in set(reference)) for i in used])
    cost = band_weights([rig.drivers[i] for i in used], freqs)
    size = np.abs(aimed[0, used]) ** 2  # (r_n/r_0)^2, the same at all frequencies
    own = np.einsum("fsn,s->fn", np.abs(stop[:, :, used]) ** 2, wish.stop_weight)
    return Patterns(
        freqs=freqs,
        wish=wish,
        groups=groups,
        front=(front[:, :, used] @ mixed)[:, 0],
        far_front=(far_front[:, :, used] @ mixed)[:, 0],
        bounded=bounded[:, :, used] @ mixed,
        stop=stop[:, :, used] @ mixed,
        sphere=power_all_around(rig, used, mixed, freqs, medium),
        loading=(own * size * cost) @ groups,
        cost=(size * cost) @ groups,
        count=size @ groups,
        alone=(among @ groups / groups.sum(axis=0)) / in_front,
        reference=heard / in_front,
        reference_power=np.abs(in_front[:, 0]) ** 2 / size[among > 0].sum(),
        nearer=nearer,
    )


def mirror_drivers(rig: Rig, used: Sequence[int], axis: int = LEFT_AXIS) -> Indices:
    """Where each used driver's mirror image in left or up stands among them.

    Parameters
    ----------
    rig : Rig
    used : sequence of int
        Indices in the rig.
    axis : LEFT_AXIS or UP_AXIS

    Returns
    -------
    (used drivers,) int
        Positions in `used`; 0, 1, 2, ... where any driver has no mirror image.
    """
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


def mirror_groups(rig: Rig, used: Sequence[int], over: Sequence[int]) -> Real:
    """Groups of mirror images in left, up or both.

    Parameters
    ----------
    rig : Rig
    used : sequence of int
        Indices in the rig.
    over : sequence of LEFT_AXIS, UP_AXIS
        Mirrors that count.

    Returns
    -------
    (drivers, groups)
        S: 1 where a driver belongs to a group.
    """
    label = np.arange(len(used))
    images = [mirror_drivers(rig, used, axis) for axis in over]
    for _ in used:
        for image in images:
            label = np.minimum(label, label[image])
    return np.asarray((label[:, None] == np.unique(label)).astype(float))
