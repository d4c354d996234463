"""The centre in a room: how much of what arrives is direct.

Figures are per third octave, 250 Hz-4 kHz, then means of dB: ``drr_db`` direct over everything else;
``early_to_direct_db`` what follows within 20 ms over the direct; ``c50_db`` the first 50 ms over the rest (reported, nothing is held to
it). ``critical_distance_m``: 0.057 sqrt(Q V / T60), where direct and reverberant power are equal, Q from the directivity index.
``iacc``: largest normalised cross-correlation of the two ears within +-1 ms, 0-80 ms after the direct sound, mean of the octaves 500 Hz,
1 and 2 kHz.

Paths are mirror images (`acoustics.room`). The first few hundred are added with their phases; unfolded, the receiver of a path of length
L that leaves the rig in direction u stands at L u, at finite range. Later ones count by their power and the far field in their direction.
The receiver is a point where the head's centre would be; for the coherence it is the rigid-sphere head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spatial.acoustics.bodies import body_of
from spatial.acoustics.head import sphere_series
from spatial.acoustics.points import FarField
from spatial.acoustics.room import Images, images, tail
from spatial.acoustics.spherical import phasor
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.beam_bands import PER_BAND, BandPlant, beam_bands, frequencies_of
from spatial.analysis.study import Study
from spatial.base.arrays import Complex, Freqs, Indices, Power, Real, Times, Transfer, Vector
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.units import mean_of_each, power_db, third_octave_centres, third_octave_mean, thirds_below
from spatial.rig.geometry import head_centre, left_of
from spatial.rig.model import RigFile, Room
from spatial.targets.solution import Weights

BANDS_HZ = (250.0, 4000.0)
EXACT_PATHS = 300  # the first of them one by one, the rest in cells of direction
STEP_SHARE = 0.4  # of the inverse of the time that these span: steps in frequency
EARLY_S, C50_S = 20e-3, 50e-3
IACC_S, IACC_LAG_S, IACC_OCTAVES_HZ = 80e-3, 1e-3, (500.0, 1000.0, 2000.0)
IACC_WINDOW_S, IACC_STEPS = 0.128, 720  # of the impulse responses, and directions of arrival that are told apart
FAR_HEADS = 100.0  # radii: sources this far away are plane waves for a head


@dataclass(frozen=True)
class RoomFigures:
    """One way of playing the centre in a room."""

    drr_db: float = figure("direct sound over all else in the room, third octaves 250 Hz-4 kHz", HIGHER)
    critical_distance_m: float = figure("where direct and reverberant power are equal", HIGHER)
    early_to_direct_db: float = figure("what follows within 20 ms over the direct sound", LOWER)
    iacc: float = figure("likeness of the ears, 0-80 ms, octaves 500 Hz-2 kHz")
    c50_db: float = figure("first 50 ms over the rest")


@dataclass(frozen=True)
class InRoom:
    """The centre in the rig file's room: the reference alone, all drivers in phase, and the bank's beam."""

    reference: RoomFigures
    all_equal: RoomFigures
    beam: RoomFigures


@dataclass(frozen=True, eq=False)
class RoomPlant:
    """What the drivers bring along every path of a room, for all ways of playing them.

    Attributes
    ----------
    rig_file : RigFile
    room : Room
    bands : BandPlant
        Of the third octaves that are judged.
    delay_s : (paths,) s
        After the direct sound; the first so many of them have their phases.
    freqs : (freqs,) Hz
        A grid that resolves the time that these span.
    exact : (freqs, exact paths, drivers) complex
        What every driver brings along these.
    scale : (exact paths,)
        Strength of each, re the pressure at its own length.
    late : dict
        Until so many seconds: far field (band frequencies, directions, drivers) and power (directions,) of the others; None without any.
    early : EarlyEars
        For the coherence of the ears.
    """

    rig_file: RigFile
    room: Room
    bands: BandPlant
    delay_s: Times
    freqs: Freqs
    exact: Transfer
    scale: Real
    late: dict[float, tuple[Transfer, Power] | None]
    early: EarlyEars

    @classmethod
    def of(cls, rig_file: RigFile, room: Room, listener_m: Vector, top_hz: float) -> RoomPlant:
        """Plant of a rig in a room, heard at a place.

        Parameters
        ----------
        rig_file : RigFile
        room : Room
        listener_m : (3,) m
            Rig coordinates.
        top_hz : float
            Third octaves that end above it are left out.
        """
        rig, medium = rig_file.rig, rig_file.scene.medium
        paths = images(room, np.zeros(3), listener_m, medium.c)
        bands_hz = thirds_below(third_octave_centres(*BANDS_HZ), top_hz)
        delay_s = (paths.length_m - paths.length_m[0]) / medium.c
        exact = paths.until(paths.length_m[min(EXACT_PATHS, len(paths.length_m) - 1)])
        n = len(exact.length_m)
        step_hz = min(STEP_SHARE / max(float(delay_s[n - 1]), 1e-3), bands_hz[0] / 12)
        freqs = np.arange(bands_hz[0] * 2 ** (-1 / 6), bands_hz[-1] * 2 ** (1 / 6), step_hz)
        sparse = frequencies_of(bands_hz)

        def late(until_s: float) -> tuple[Transfer, Power] | None:
            chosen = delay_s[n:] <= until_s
            if not chosen.any():
                return None
            cells = tail(Images(*(x[n:][chosen] for x in (paths.length_m, paths.strength, paths.leaving, paths.arriving))))
            return transfer_matrix(rig, cells.directions, sparse, medium), cells.power

        return cls(
            rig_file,
            room,
            BandPlant.of(rig_file, bands_hz),
            delay_s,
            freqs,
            _along(rig_file, freqs, exact),
            exact.strength * exact.length_m,
            {until_s: late(until_s) for until_s in (EARLY_S, C50_S, np.inf)},
            EarlyEars.of(rig_file, paths),
        )

    def figures(self, weights: Weights) -> RoomFigures:
        """Figures of one way of playing.

        Parameters
        ----------
        weights : callable
            freqs -> effective weights (freqs, drivers).
        """
        direct, rest, early, first_50 = self._powers(weights)
        di_db = float(beam_bands(self.bands, weights, tolerance=False).di_db.mean())
        volume = float(np.prod(self.room.size_m))
        return RoomFigures(
            drr_db=float(power_db(direct / rest).mean()),
            critical_distance_m=0.057 * float(np.sqrt(10 ** (di_db / 10) * volume / self.room.rt60_s)),
            early_to_direct_db=float(power_db(early / direct).mean()),
            iacc=self.early.iacc(weights),
            c50_db=float(power_db((direct + first_50) / np.maximum(rest - first_50, 1e-30)).mean()),
        )

    def _powers(self, weights: Weights) -> tuple[Power, Power, Power, Power]:
        """Power per band of the direct sound, of all that follows, and of the first 20 and 50 ms of what follows: (bands,) each."""
        bands_hz = self.bands.bands_hz
        at_once = (self.exact @ weights(self.freqs)[:, :, None])[:, :, 0] * self.scale
        w = weights(self.bands.freqs)

        def late_power(late: tuple[Transfer, Power] | None) -> Power:
            if late is None:
                return np.zeros(len(bands_hz))
            p = (late[0] @ w[:, :, None])[:, :, 0]
            return mean_of_each(np.abs(p) ** 2 @ late[1], PER_BAND)

        def power(first: int, until_s: float) -> Power:
            last = np.searchsorted(self.delay_s[: len(self.scale)], until_s, side="right")
            return third_octave_mean(np.abs(at_once[:, first:last].sum(axis=1)) ** 2, self.freqs, bands_hz)

        direct = third_octave_mean(np.abs(at_once[:, 0]) ** 2, self.freqs, bands_hz)
        rest, early, first_50 = (power(1, until_s) + late_power(self.late[until_s]) for until_s in (np.inf, EARLY_S, C50_S))
        return direct, rest, early, first_50


def room_figures(
    rig_file: RigFile, weights: Weights, room: Room | None = None, listener_m: Vector | None = None, top_hz: float = math.inf
) -> RoomFigures:
    """Figures of weights in a room.

    Parameters
    ----------
    rig_file : RigFile
    weights : callable
        freqs -> effective weights (freqs, drivers).
    room : Room
        Default: the rig file's.
    listener_m : (3,) m
        Rig coordinates; default: the head's centre.
    top_hz : float
        Third octaves that end above it are left out.
    """
    at = head_centre(rig_file.scene.listener) if listener_m is None else np.asarray(listener_m, float)
    return RoomPlant.of(rig_file, room or rig_file.scene.room or Room(), at, top_hz).figures(weights)


def in_room(study: Study) -> InRoom:
    """The bank and two simpler ways in the rig file's room, or in an ordinary one where it has none."""
    rig_file, simpler = study.rig_file, study.simple_beams
    plant = RoomPlant.of(rig_file, rig_file.scene.room or Room(), head_centre(rig_file.scene.listener), study.top_hz)
    return InRoom(*(plant.figures(weights) for weights in (simpler["reference"], simpler["all_equal"], study.center)))


def _along(rig_file: RigFile, freqs: Freqs, paths: Images) -> Transfer:
    """What every driver brings along every path, less the travel of the direct one and the path's strength: (freqs, paths, drivers)."""
    rig, medium = rig_file.rig, rig_file.scene.medium
    k = 2 * np.pi * freqs / medium.c
    places = paths.leaving * paths.length_m[:, None]
    if body_of(rig) is None:
        return pressure_at(rig, places, freqs, medium)
    # all paths of a body but the direct one are long: its far field serves
    wave = phasor(np.outer(k, paths.length_m))
    g = transfer_matrix(rig, FarField(paths.leaving), freqs, medium) * (wave / paths.length_m)[:, :, None]
    g[:, :1] = pressure_at(rig, places[:1], freqs, medium)
    return g


@dataclass(frozen=True, eq=False)
class EarlyEars:
    """The first 80 ms at the two ears of the rigid-sphere head.

    Attributes
    ----------
    freqs : (freqs,) Hz
    sent : (freqs, paths, drivers) complex
        Far field of every driver along every path.
    strength : (paths,)
    travel : (freqs, paths) complex
        Of each path after the direct one.
    ears : two of (freqs, paths) complex
        Left and right ear for a wave that arrives so, re the free field at the head's centre.
    """

    freqs: Freqs
    sent: Transfer
    strength: Real
    travel: Complex
    ears: tuple[Complex, Complex]

    @classmethod
    def of(cls, rig_file: RigFile, paths: Images) -> EarlyEars:
        """Early paths of a room and the head that they reach.

        Parameters
        ----------
        rig_file : RigFile
        paths : Images
            Of the room, to the head's centre.
        """
        scene, top_hz = rig_file.scene, IACC_OCTAVES_HZ[-1] * 2**0.5
        c, listener = scene.medium.c, scene.listener
        early = paths.until(paths.length_m[0] + c * IACC_S)
        freqs = np.arange(1, int(top_hz * IACC_WINDOW_S) + 1) / IACC_WINDOW_S
        k = 2 * np.pi * freqs / c
        sent = transfer_matrix(rig_file.rig, FarField(early.leaving), freqs, scene.medium)
        # ears by the angle between arrival and ear axis, looked up on a fine table
        cosine = early.arriving @ left_of(listener.yaw_deg)
        table = sphere_series(k * listener.head_radius_m, [FAR_HEADS], [np.linspace(-1, 1, IACC_STEPS)])[:, 0]
        place = (cosine + 1) / 2 * (IACC_STEPS - 1)
        low = np.minimum(np.floor(place).astype(int), IACC_STEPS - 2)
        share = place - low

        def looked_up(index: Indices, part: Real) -> Complex:
            return table[:, index] * (1 - part) + table[:, index + 1] * part

        travel = phasor(np.outer(k, early.length_m - early.length_m[0]))
        return cls(freqs, sent, early.strength, travel, (looked_up(low, share), looked_up(IACC_STEPS - 2 - low, 1 - share)))

    def iacc(self, weights: Weights) -> float:
        """Mean of the octaves' largest |cross-correlation| of the ears' impulse responses.

        Parameters
        ----------
        weights : callable
            freqs -> effective weights (freqs, drivers).
        """
        freqs = self.freqs
        p = (self.sent @ weights(freqs)[:, :, None])[:, :, 0] * self.strength * self.travel
        left, right = (np.asarray(np.sum(p * ear, axis=1)) for ear in self.ears)
        lag = np.linspace(-IACC_LAG_S, IACC_LAG_S, 201)
        found = []
        for centre in IACC_OCTAVES_HZ:
            band = (freqs >= centre / 2**0.5) & (freqs < centre * 2**0.5)
            cross = (left[band] * right[band].conj()) @ np.exp(2j * np.pi * np.outer(freqs[band], lag))
            energy = np.sqrt(np.sum(np.abs(left[band]) ** 2) * np.sum(np.abs(right[band]) ** 2))
            found.append(np.max(np.abs(cross.real)) / energy)
        return float(np.mean(found))
