"""The tone target: what a path should sound like at the listener, the same for left, right and centre.

``tone = "flat"``: the pressure d of an ideal omnidirectional source e^{-jkr}/r that stands in free space at the place of the path's
reference driver or group. ``"pair"``: for a side what the virtual pair's own loudspeaker sends to the near ear; the centre stays flat.
Both have the level of a source at the rig's origin: a source at distance r is scaled by r/r_0, r_0 the way from the origin to the head's
centre, so that left, right and centre are alike for a listener at any place. ``"driver"``: the reference's own response. Where the
reference would have to be pushed by more than ``tone_boost_db``, |d| is lowered with a soft knee.

The phase of d is that of a source as far away as the reference's place; what is missing to r_0 is a plain delay (`ToneTarget.travel_s`),
which the filters get as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, Ears, seat
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import AtPoint, Flags, Freqs, Real, Spectrum, Vector
from spatial.base.units import db, from_db, power_db
from spatial.rig.geometry import head_centre, places
from spatial.rig.model import CrosstalkSpec, DesignSpec, Rig, RigFile, Scene
from spatial.targets.beam_reference import towards_aim
from spatial.targets.effort import used_drivers
from spatial.targets.virtual_pair import virtual_pair_place

KNEE_ORDER = 12  # 0.5 dB below the limit at the corner, 0.01 dB 3 dB before it
GROUP_HZ = (1000.0, 4000.0)  # where the loudest driver of a side is looked for
GROUP_TOLERANCE_DB = 0.01
AWAY_TOLERANCE_M = 1e-3  # a sixteenth of a wave at 20 kHz
BASS_CORNER_HZ = 450.0  # below, the two loudspeakers of a phantom in the middle add up at the ears


@dataclass(frozen=True, eq=False)
class ToneTarget:
    """What a path should deliver at one point.

    Attributes
    ----------
    group : tuple of int
        Drivers of the reference.
    place_m : (3,) m
        Their mean place.
    travel_s : float
        Travel time from there to the head's centre, which is in the phase of d.
    flat : (freqs,) complex
        The ideal, before the boost limit.
    d : (freqs,) complex
        What is designed for.
    h_ref : (freqs,) complex
        The reference's response, sum over sqrt(n), so that the group alone making d has effort 0 dB.
    """

    group: tuple[int, ...]
    place_m: Vector
    travel_s: float
    flat: Spectrum
    d: Spectrum
    h_ref: Spectrum

    def holds(self, boost_db: float) -> Flags:
        """Where the boost limit leaves the tone alone, 3 dB before it begins: (freqs,) bool."""
        return np.asarray(db(self.h_ref / self.flat) >= -(boost_db - 3))


def boost_limited(flat: Spectrum, h_ref: Spectrum, boost_db: float) -> Spectrum:
    """Target whose magnitude is lowered to |h_ref| 10^(boost_db/20) with a soft knee that never goes above either; the phase stays.

    Parameters
    ----------
    flat : (freqs,) complex
        The ideal.
    h_ref : (freqs,)
        Response of what has to make it, or its magnitude.
    boost_db : float
        By how much it may be pushed.

    Returns
    -------
    (freqs,) complex
    """
    over = np.abs(flat) / np.maximum(np.abs(h_ref) * from_db(boost_db), 1e-30)
    return flat * (1 + over**KNEE_ORDER) ** (-1 / KNEE_ORDER)


def timbre_group(rig: Rig, scene: Scene, spec: CrosstalkSpec, ear: int) -> tuple[int, ...]:
    """Drivers whose timbre a side takes: those named, else the loudest at its ear among the drivers on that side.

    "Loudest" is power at the ear, 1-4 kHz; drivers within 0.01 dB of it and as far from the head belong to the group. (A listener aside
    of a row may hear two alike that stand apart: their sum combs, and the side's tone would.) Left of the rig's middle counts as the left
    side; where no driver stands there, all are candidates.

    Parameters
    ----------
    rig : Rig
    scene : Scene
    spec : CrosstalkSpec
        Its ``drivers`` and ``timbre_drivers`` count.
    ear : LEFT or RIGHT

    Returns
    -------
    tuple of int
        Indices in the rig.
    """
    named = spec.timbre_drivers.left if ear == LEFT else spec.timbre_drivers.right
    if named:
        return rig.indices(named)
    used = used_drivers(rig, spec)
    sign = 1 if ear == LEFT else -1
    left = places(rig)[:, 1]
    candidates = [i for i in used if sign * left[i] > 1e-9] or list(used)
    h = transfer_matrix(rig, Ears.of(scene.listener), np.geomspace(*GROUP_HZ, 60), scene.medium)[:, ear, candidates]
    level = power_db((np.abs(h) ** 2).mean(axis=0))
    away = np.linalg.norm(places(rig)[candidates] - head_centre(scene.listener), axis=1)
    alike = (level >= level.max() - GROUP_TOLERANCE_DB) & (np.abs(away - away[level.argmax()]) < AWAY_TOLERANCE_M)
    return tuple(i for i, belongs in zip(candidates, alike, strict=True) if belongs)


def center_gain(design: DesignSpec, freqs: Freqs) -> Real:
    """How much louder the centre is than one source, linear.

    A phantom in the middle is 6 dB louder than one of its loudspeakers in the bass, where the ears receive both alike, and 3 dB in the
    mean above: ``center_gain_db`` + ``center_bass_db`` / (1 + (f / 450 Hz)^4).

    Parameters
    ----------
    design : DesignSpec
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs,)
    """
    bass_db = design.center_bass_db / (1 + (np.asarray(freqs, float) / BASS_CORNER_HZ) ** 4)
    return np.asarray(from_db(design.center_gain_db + bass_db))


def side_target(rig_file: RigFile, group: Sequence[int], ear: int, h_ear: AtPoint, freqs: Freqs) -> ToneTarget:
    """Tone target of a side at its ipsilateral ear, the head in its nominal pose.

    Parameters
    ----------
    rig_file : RigFile
    group : sequence of int
        Reference drivers of the side.
    ear : LEFT or RIGHT
    h_ear : (freqs, drivers) complex
        The drivers' responses at that ear.
    freqs : (freqs,) Hz
    """
    if rig_file.design.tone != "pair":
        return ear_target(rig_file, group, ear, h_ear, freqs)
    return _target(rig_file, group, freqs, virtual_pair_place(rig_file.scene, ear), ear, h_ear[:, list(group)])


def ear_target(rig_file: RigFile, group: Sequence[int], ear: int, h_ear: AtPoint, freqs: Freqs) -> ToneTarget:
    """Tone target at one ear of a source at the reference's place: of the centre, and of a side whose tone is not the pair's.

    Parameters
    ----------
    rig_file : RigFile
    group : sequence of int
        Reference drivers.
    ear : LEFT or RIGHT
    h_ear : (freqs, drivers) complex
        The drivers' responses at that ear.
    freqs : (freqs,) Hz
    """
    return _target(rig_file, group, freqs, places(rig_file.rig)[list(group)].mean(axis=0), ear, h_ear[:, list(group)])


def seat_target(rig_file: RigFile, group: Sequence[int], freqs: Freqs) -> ToneTarget:
    """Tone target of the centre path at the head's centre, no head there; e^{-jkr}/r of the seat's distance is left out.

    Parameters
    ----------
    rig_file : RigFile
    group : sequence of int
        Reference drivers of the centre.
    freqs : (freqs,) Hz
    """
    rig, listener, c = rig_file.rig, rig_file.scene.listener, rig_file.scene.medium.c
    own = transfer_matrix(rig, seat(listener), freqs, rig_file.scene.medium)[:, 0, list(group)]
    aligned = own * towards_aim(rig, listener, rig_file.design.beam.axis, freqs, c)[:, list(group)]
    place = places(rig)[list(group)].mean(axis=0)
    away = float(np.linalg.norm(head_centre(listener) - place))
    later = np.exp(-2j * np.pi * freqs * (away - seat(listener).distance_m) / c)
    h_ref = aligned.sum(axis=1) / np.sqrt(len(group))
    if rig_file.design.tone == "driver":
        mean = own.mean(axis=1)
        return ToneTarget(tuple(group), place, away / c, mean, mean, h_ref)
    return ToneTarget(tuple(group), place, away / c, later, boost_limited(later, h_ref, rig_file.design.tone_boost_db), h_ref)


def _target(rig_file: RigFile, group: Sequence[int], freqs: Freqs, source_m: Vector, ear: int, own: AtPoint) -> ToneTarget:
    """The target at an ear for an ideal source somewhere; own (freqs, group): what the reference's drivers make there."""
    listener, c = rig_file.scene.listener, rig_file.scene.medium.c
    head, place = head_centre(listener), places(rig_file.rig)[list(group)].mean(axis=0)
    away, r = float(np.linalg.norm(head - place)), float(np.linalg.norm(head - source_m))
    h_ref = own.sum(axis=1) / np.sqrt(len(group))
    if rig_file.design.tone == "driver":
        mean = own.mean(axis=1)
        return ToneTarget(tuple(group), place, away / c, mean, mean, h_ref)
    ears = Ears.of(listener)
    heard = ear_responses(freqs, source_m, ears.centres_m, ears.ear_axes(), ears.radius_m, c)[:, ear, 0]
    ideal = heard * (r / float(np.linalg.norm(head))) * np.exp(-2j * np.pi * freqs * (away - r) / c)
    return ToneTarget(tuple(group), place, away / c, ideal, boost_limited(ideal, h_ref, rig_file.design.tone_boost_db), h_ref)
