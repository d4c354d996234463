"""The listening zone: what nine seats hear of a rig's sides, of its centre, and of both together.

Seats stand 1.2, 2 and 3 m in front of the rig, each in the middle and 0.6 m to the left and right, the nose along the rig's axis. Three
sources: in the centre, hard left, hard right. Ways of playing them, as the weights of left, right and centre source:

    cancellation alone   w_L, w_R, w_L + w_R        both sides play everything, as without a centre path
    beam alone           w_C, w_C, w_C              the beam plays everything
    L/R/C chain          w_L, w_R, w_C              what an upmix that tells them apart makes of them
    plain stereo         the driver that carries most of each side, unfiltered; both for the centre
    real pair            two loudspeakers in free space at the virtual pair's places

``spread_db``: largest less smallest level of the centre source across the three seats of a row, at the worst distance; level is the power
at both ears, pink, 315 Hz-8 kHz. ``width_us``: interaural time difference of hard left less that of hard right, mean over the three middle
seats. The time difference is the lag within +-1 ms of the largest interaural cross-correlation, 300-1500 Hz, pink, + = left ear first.

In a room the first 150 mirror images are added with their phases, each through the head from where it arrives; the later ones
count by their power, as a diffuse field at the head.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spatial.acoustics.bodies import body_of
from spatial.acoustics.head import sphere_series
from spatial.acoustics.points import Ears, FarField
from spatial.acoustics.room import Images, images, tail
from spatial.acoustics.spherical import phasor
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.weights import effective_weights
from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Complex, Directions, Freqs, Real, Vector
from spatial.base.units import power_db
from spatial.rig.geometry import head_centre, left_of, places
from spatial.rig.model import Driver, Facing, Listener, Medium, Place, Rig, RigFile, Room
from spatial.targets.virtual_pair import real_pair_places

DISTANCES_M = (1.2, 2.0, 3.0)
ASIDE_M = (-0.6, 0.0, 0.6)
LEVEL_HZ = (315 * 2 ** (-1 / 6), 8000 * 2 ** (1 / 6))
ITD_HZ, LAG_S = (300.0, 1500.0), 1e-3
STEP_HZ = 12.5  # in free field
EXACT_PATHS = 150  # mirror images with their phases
STEP_SHARE = 0.4  # of the inverse of the time that these span: steps in frequency
COS_STEPS = 361  # directions of arrival that are told apart, by the cosine with the ear's axis
FAR_HEADS = 100.0  # radii: reflections come from this far

Spectra = Complex


@dataclass(frozen=True)
class Seat:
    """What one seat hears.

    Attributes
    ----------
    distance_m, left_m : float
    level_db : float
        Of the centre source, re one seat of reference drive.
    itd_centre_us, itd_left_us, itd_right_us : float
        Time differences of the three sources.
    """

    distance_m: float
    left_m: float
    level_db: float
    itd_centre_us: float
    itd_left_us: float
    itd_right_us: float

    @property
    def in_order(self) -> bool:
        """Whether hard left is heard further left than hard right."""
        return self.itd_left_us > self.itd_right_us


@dataclass(frozen=True)
class Zone:
    """One way of playing, at nine seats."""

    seats: tuple[Seat, ...]

    @property
    def spread_db(self) -> float:
        """Spread of the centre source's level across a row of seats, in the worst row."""
        rows = {seat.distance_m: [other.level_db for other in self.seats if other.distance_m == seat.distance_m] for seat in self.seats}
        return max(max(row) - min(row) for row in rows.values())

    @property
    def width_us(self) -> float:
        """Time difference of hard left less that of hard right, mean over the middle seats."""
        return float(np.mean([seat.itd_left_us - seat.itd_right_us for seat in self.seats if seat.left_m == 0]))

    @property
    def centre_off_us(self) -> float:
        """Largest magnitude of the centre source's time difference at the seats off the middle."""
        return max(abs(seat.itd_centre_us) for seat in self.seats if seat.left_m != 0)

    @property
    def seats_in_order(self) -> int:
        """Number of seats at which hard left is heard left of hard right."""
        return sum(seat.in_order for seat in self.seats)


@dataclass(frozen=True, eq=False)
class Playback:
    """What plays: a rig and ways of playing it.

    Attributes
    ----------
    rig : Rig
    ways : dict
        Name -> callable, freqs -> weights of left, right and centre source (freqs, drivers, 3).
    apart : bool
        The drivers stand so far from one another that each has mirror images of its own.
    """

    rig: Rig
    ways: dict[str, Callable[[Freqs], Spectra]]
    apart: bool = False

    def weights(self, freqs: Freqs) -> Spectra:
        """Weights of all ways, one after the other.

        Parameters
        ----------
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers, 3 ways) complex
        """
        return np.concatenate([way(freqs) for way in self.ways.values()], axis=2)

    def parts(self) -> list[tuple[Vector, Rig, slice]]:
        """What has mirror images of its own: its place, what stands there as a rig about its origin, and its drivers."""
        if not self.apart:
            return [(np.zeros(3), self.rig, slice(None))]
        alone = [dataclasses.replace(self.rig, drivers=(dataclasses.replace(d, position_m=Place()),)) for d in self.rig.drivers]
        return [(where, rig, slice(i, i + 1)) for i, (where, rig) in enumerate(zip(places(self.rig), alone, strict=True))]


def playbacks(bank: FilterMatrix, rig_file: RigFile) -> tuple[Playback, Playback]:
    """The rig in all its ways, and a real pair; names and order are those of the module's text.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
    """
    rig = rig_file.rig

    def of(*sources: tuple[str, ...]) -> Callable[[Freqs], Spectra]:
        """Weights of left, right and centre source, each the sum of some of the bank's paths."""

        def weights(freqs: Freqs) -> Spectra:
            paths = {path: effective_weights(bank, rig, freqs, path) for path in {path for source in sources for path in source}}
            return np.stack([np.sum([paths[path] for path in source], axis=0) for source in sources], axis=2)

        return weights

    names = [d.name for d in rig.drivers]
    left, right = (names.index(bank.driver_names[driver]) for driver in bank.bypass_drivers())
    ways = {
        "cancellation alone": of(("left",), ("right",), ("left", "right")),
        "beam alone": of(("center",), ("center",), ("center",)),
        "L/R/C chain": of(("left",), ("right",), ("center",)),
        "plain stereo": _unfiltered(left, right, len(names)),
    }
    pair = Rig("real pair", drivers=tuple(_loudspeaker(n, at) for n, at in zip("LR", real_pair_places(rig_file.scene), strict=True)))
    return Playback(rig, ways), Playback(pair, {"real pair": _unfiltered(0, 1, 2)}, apart=True)


def _loudspeaker(name: str, where: Vector) -> Driver:
    return Driver(name, 1, position_m=Place(*where.tolist()), facing_deg=Facing())


def _unfiltered(left: int, right: int, n_drivers: int) -> Callable[[Freqs], Spectra]:
    """Left and right source to one driver each, the centre to both."""
    gains = np.zeros((1, n_drivers, 3), complex)
    gains[0, left, [0, 2]] = gains[0, right, [1, 2]] = 1
    return lambda freqs: np.repeat(gains, len(freqs), axis=0)


def listening_zone(playback: Playback, rig_file: RigFile, room: Room | None = None) -> dict[str, Zone]:
    """Every way of playing at the nine seats of a rig file's listener, in free field or in a room.

    Parameters
    ----------
    playback : Playback
    rig_file : RigFile
    room : Room or None
        None: free field.
    """
    rows: dict[str, list[Seat]] = {name: [] for name in playback.ways}
    for distance in DISTANCES_M:
        for aside in ASIDE_M:
            listener = dataclasses.replace(rig_file.scene.listener, distance_m=distance, left_m=aside, up_m=0.0, yaw_deg=0.0)
            heard = _in_free_field(playback, listener, rig_file) if room is None else _in_room(playback, listener, rig_file, room)
            for i, seats in enumerate(rows.values()):
                seats.append(_seat(listener, heard, slice(3 * i, 3 * i + 3)))
    return {name: Zone(tuple(seats)) for name, seats in rows.items()}


@dataclass(frozen=True, eq=False)
class _Heard:
    """What reaches a head.

    Attributes
    ----------
    freqs : (freqs,) Hz
    ears : (freqs, 2, sources) complex
        Pressures at the ears.
    late_power, late_cross : (freqs, sources)
        Power at both ears, and cross power, of what is added by its power.
    """

    freqs: Freqs
    ears: Spectra
    late_power: Real
    late_cross: Real


def _seat(listener: Listener, heard: _Heard, sources: slice) -> Seat:
    freqs = heard.freqs
    left, right = heard.ears[:, 0, sources], heard.ears[:, 1, sources]
    judged = (freqs >= LEVEL_HZ[0]) & (freqs < LEVEL_HZ[1])
    power = np.abs(left[:, 2]) ** 2 + np.abs(right[:, 2]) ** 2 + heard.late_power[:, sources][:, 2]
    cross = left * right.conj() + heard.late_cross[:, sources]
    itd = [_itd_us(freqs, cross[:, i]) for i in range(3)]
    level = float(power_db(np.sum(power[judged] / freqs[judged]) / np.sum(1 / freqs[judged])))
    return Seat(listener.distance_m, listener.left_m, level, itd[2], itd[0], itd[1])


def _itd_us(freqs: Freqs, cross: Spectra) -> float:
    """Lag of the largest cross-correlation of left and right ear, pink, from their cross power spectrum (freqs,)."""
    band = (freqs >= ITD_HZ[0]) & (freqs <= ITD_HZ[1])
    lag = np.linspace(-LAG_S, LAG_S, 2001)
    correlation = np.real((cross[band] / freqs[band]) @ np.exp(-2j * np.pi * np.outer(freqs[band], lag)))
    return float(lag[np.argmax(correlation)] * 1e6)


def _in_free_field(playback: Playback, listener: Listener, rig_file: RigFile) -> _Heard:
    freqs = np.arange(ITD_HZ[0], LEVEL_HZ[1], STEP_HZ)
    heard = transfer_matrix(playback.rig, Ears.of(listener), freqs, rig_file.scene.medium) @ playback.weights(freqs)
    nothing = np.zeros((len(freqs), heard.shape[2]))
    return _Heard(freqs, heard, nothing, nothing)


def _in_room(playback: Playback, listener: Listener, rig_file: RigFile, room: Room) -> _Heard:
    """The sound of a room at a head.

    Direct sound is exact. An early image is what is sent along its path, as the head hears it from there; later ones are a diffuse field.
    """
    medium = rig_file.scene.medium
    parts = [(images(room, where, head_centre(listener), medium.c), rig, drivers) for where, rig, drivers in playback.parts()]
    spans_m = max(paths.length_m[min(EXACT_PATHS, len(paths.length_m) - 1)] - paths.length_m[0] for paths, _, _ in parts)
    freqs = np.arange(ITD_HZ[0], LEVEL_HZ[1], STEP_SHARE * medium.c / spans_m)
    weights = playback.weights(freqs)
    heard = transfer_matrix(playback.rig, Ears.of(listener), freqs, medium) @ weights
    power = np.zeros((len(freqs), weights.shape[2]))
    head = _Head.of(listener, freqs, medium.c)
    for paths, rig, drivers in parts:
        early, late = (_some(paths, chosen) for chosen in (slice(1, EXACT_PATHS), slice(EXACT_PATHS, None)))
        heard += head.ears(early.arriving) @ (_sent(rig, early, freqs, medium) @ weights[:, drivers])
        if len(late.length_m):
            cells = tail(late)
            sent = transfer_matrix(rig, cells.directions, freqs, medium) @ weights[:, drivers]
            power += np.einsum("fcs,c->fs", np.abs(sent) ** 2, cells.power)
    return _Heard(freqs, heard, power * head.diffuse_power[:, None], power * head.diffuse_cross[:, None])


def _some(paths: Images, chosen: slice) -> Images:
    return Images(paths.length_m[chosen], paths.strength[chosen], paths.leaving[chosen], paths.arriving[chosen])


def _sent(rig: Rig, paths: Images, freqs: Freqs, medium: Medium) -> Spectra:
    """What every driver brings along every path to its end, without a head: (freqs, paths, drivers)."""
    if body_of(rig) is None:
        return pressure_at(rig, paths.leaving * paths.length_m[:, None], freqs, medium) * (paths.strength * paths.length_m)[:, None]
    wave = phasor(np.outer(2 * np.pi * freqs / medium.c, paths.length_m)) * paths.strength
    return transfer_matrix(rig, FarField(paths.leaving), freqs, medium) * wave[:, :, None]


@dataclass(frozen=True, eq=False)
class _Head:
    """The rigid sphere for plane waves, re the free field at its centre.

    Attributes
    ----------
    left_ear : (3,)
        Its axis.
    table : (freqs, COS_STEPS) complex
        Over the cosine with an ear's axis.
    """

    left_ear: Vector
    table: Spectra

    @classmethod
    def of(cls, listener: Listener, freqs: Freqs, c: float) -> _Head:
        ka = 2 * np.pi * freqs / c * listener.head_radius_m
        return cls(left_of(listener.yaw_deg), sphere_series(ka, [FAR_HEADS], [np.linspace(-1, 1, COS_STEPS)])[:, 0])

    def ears(self, arriving: Directions) -> Spectra:
        """Left and right ear (freqs, 2, waves) for waves that come from these directions (waves, 3)."""
        cosine = arriving @ self.left_ear
        place = (np.stack([cosine, -cosine]) + 1) / 2 * (COS_STEPS - 1)
        low = np.clip(np.floor(place).astype(int), 0, COS_STEPS - 2)
        return np.asarray(self.table[:, low] * (low + 1 - place) + self.table[:, low + 1] * (place - low))

    @property
    def diffuse_power(self) -> Real:
        """Power at both ears in a diffuse field, re that of the field at one point: (freqs,)."""
        return np.asarray(2 * np.mean(np.abs(self.table) ** 2, axis=1))

    @property
    def diffuse_cross(self) -> Real:
        """Cross power of the ears in a diffuse field: real, because left and right are alike: (freqs,)."""
        return np.asarray(np.mean(self.table * self.table[:, ::-1].conj(), axis=1).real)
