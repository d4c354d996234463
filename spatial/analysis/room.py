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
from spatial.base.arrays import Complex, Drive, Flags, Freqs, Indices, Power, Real, Spectrum, Vector
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
    critical_distance_m: float = figure("", HIGHER)
    early_to_direct_db: float = figure("", LOWER)
    iacc: float = figure("likeness of the ears, 0-80 ms, octaves 500 Hz-2 kHz")
    c50_db: float = figure("")


@dataclass(frozen=True)
class InRoom:
    """The centre in the rig file's room: the reference alone, all drivers in phase, and the bank's beam."""

    reference: RoomFigures
    all_equal: RoomFigures
    beam: RoomFigures


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
    room = room or rig_file.scene.room or Room()
    at = head_centre(rig_file.scene.listener) if listener_m is None else np.asarray(listener_m, float)
    paths = images(room, np.zeros(3), at, rig_file.scene.medium.c)
    bands = thirds_below(third_octave_centres(*BANDS_HZ), top_hz)
    direct, rest, early, first_50 = _powers(rig_file, weights, bands, paths)
    di_db = float(beam_bands(BandPlant.of(rig_file, bands), weights, tolerance=False).di_db.mean())
    volume = float(np.prod(room.size_m))
    return RoomFigures(
        drr_db=float(power_db(direct / rest).mean()),
        critical_distance_m=0.057 * float(np.sqrt(10 ** (di_db / 10) * volume / room.rt60_s)),
        early_to_direct_db=float(power_db(early / direct).mean()),
        iacc=_iacc(rig_file, weights, paths),
        c50_db=float(power_db((direct + first_50) / np.maximum(rest - first_50, 1e-30)).mean()),
    )


def in_room(study: Study) -> InRoom:
    """The bank and two simpler ways in the rig file's room, or in an ordinary one where it has none."""
    simpler = study.simple_beams
    ways = (simpler["reference"], simpler["all_equal"], study.center)
    return InRoom(*(room_figures(study.rig_file, weights, top_hz=study.top_hz) for weights in ways))


def _powers(rig_file: RigFile, weights: Weights, bands_hz: Freqs, paths: Images) -> tuple[Power, Power, Power, Power]:
    """Power per band of the direct sound, of all that follows, and of the first 20 and 50 ms of what follows: (bands,) each."""
    rig, medium = rig_file.rig, rig_file.scene.medium
    delay = (paths.length_m - paths.length_m[0]) / medium.c
    # the first paths one by one and with their phases, on a grid that resolves the time they span
    exact = paths.until(paths.length_m[min(EXACT_PATHS, len(paths.length_m) - 1)])
    n = len(exact.length_m)
    step_hz = min(STEP_SHARE / max(float(delay[n - 1]), 1e-3), bands_hz[0] / 12)
    freqs = np.arange(bands_hz[0] * 2 ** (-1 / 6), bands_hz[-1] * 2 ** (1 / 6), step_hz)
    at_once = _pressures(rig_file, weights(freqs), freqs, exact)
    # the rest by their powers alone
    sparse = frequencies_of(bands_hz)
    w = weights(sparse)

    def late_power(chosen: Flags) -> Power:
        if not chosen.any():
            return np.zeros(len(bands_hz))
        late = tail(Images(*(x[n:][chosen] for x in (paths.length_m, paths.strength, paths.leaving, paths.arriving))))
        p = (transfer_matrix(rig, late.directions, sparse, medium) @ w[:, :, None])[:, :, 0]
        return mean_of_each(np.abs(p) ** 2 @ late.power, PER_BAND)

    def power(first: int, until_s: float) -> Power:
        together = at_once[:, first : np.searchsorted(delay[:n], until_s, side="right")].sum(axis=1)
        return third_octave_mean(np.abs(together) ** 2, freqs, bands_hz)

    late = {until_s: late_power(delay[n:] <= until_s) for until_s in (EARLY_S, C50_S, np.inf)}
    direct = third_octave_mean(np.abs(at_once[:, 0]) ** 2, freqs, bands_hz)
    rest, early, first_50 = (power(1, until_s) + late[until_s] for until_s in (np.inf, EARLY_S, C50_S))
    return direct, rest, early, first_50


def _pressures(rig_file: RigFile, w: Drive, freqs: Freqs, paths: Images) -> Complex:
    """Pressure that every path brings, less the travel of the direct path: (freqs, paths)."""
    rig, medium = rig_file.rig, rig_file.scene.medium
    k = 2 * np.pi * freqs / medium.c
    wave = phasor(np.outer(k, paths.length_m))
    places = paths.leaving * paths.length_m[:, None]
    if body_of(rig) is None:
        g = pressure_at(rig, places, freqs, medium)
    else:
        # all paths of a body but the direct one are long: its far field serves
        g = transfer_matrix(rig, FarField(paths.leaving), freqs, medium) * (wave / paths.length_m)[:, :, None]
        g[:, :1] = pressure_at(rig, places[:1], freqs, medium)
    return (g @ w[:, :, None])[:, :, 0] * (paths.strength * paths.length_m)


def _iacc(rig_file: RigFile, weights: Weights, paths: Images) -> float:
    """Mean of the octaves' largest |cross-correlation| of the ears' impulse responses, 0-80 ms."""
    scene, top_hz = rig_file.scene, IACC_OCTAVES_HZ[-1] * 2**0.5
    c, listener = scene.medium.c, scene.listener
    early = paths.until(paths.length_m[0] + c * IACC_S)
    freqs = np.arange(1, int(top_hz * IACC_WINDOW_S) + 1) / IACC_WINDOW_S
    k = 2 * np.pi * freqs / c
    g = transfer_matrix(rig_file.rig, FarField(early.leaving), freqs, scene.medium)
    p = (g @ weights(freqs)[:, :, None])[:, :, 0] * early.strength * phasor(np.outer(k, early.length_m - early.length_m[0]))
    # ears by the angle between arrival and ear axis, re the free field at the head's centre, looked up on a fine table
    cosine = early.arriving @ left_of(listener.yaw_deg)
    ears = sphere_series(k * listener.head_radius_m, [FAR_HEADS], [np.linspace(-1, 1, IACC_STEPS)])[:, 0]
    place = (cosine + 1) / 2 * (IACC_STEPS - 1)
    low = np.minimum(np.floor(place).astype(int), IACC_STEPS - 2)
    share = place - low

    def heard(index: Indices, part: Real) -> Spectrum:
        at = ears[:, index] * (1 - part) + ears[:, index + 1] * part
        return np.asarray(np.sum(p * at, axis=1))

    mirrored = IACC_STEPS - 2 - low
    left, right = heard(low, share), heard(mirrored, 1 - share)
    lag = np.linspace(-IACC_LAG_S, IACC_LAG_S, 201)
    found = []
    for centre in IACC_OCTAVES_HZ:
        band = (freqs >= centre / 2**0.5) & (freqs < centre * 2**0.5)
        cross = (left[band] * right[band].conj()) @ np.exp(2j * np.pi * np.outer(freqs[band], lag))
        energy = np.sqrt(np.sum(np.abs(left[band]) ** 2) * np.sum(np.abs(right[band]) ** 2))
        found.append(np.max(np.abs(cross.real)) / energy)
    return float(np.mean(found))
