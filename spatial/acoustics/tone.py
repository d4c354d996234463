"""The tone target: what a path should sound like, the same for left, right and centre.

``tone = "flat"``: the pressure d of an ideal omnidirectional source e^{-jkr}/r that stands in free space at the place of the path's
reference driver or group. ``"driver"``: the reference's own response. Where the reference would have to be pushed by more than
``tone_boost_db``, |d| is lowered with a soft knee.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, Ears, arc
from spatial.acoustics.transfer import transfer_matrix
from spatial.rig.geometry import axes, places
from spatial.rig.model import BeamSpec, CrosstalkSpec, DesignSpec, Rig, Scene
from spatial.units import db, from_db, power_db

KNEE_ORDER = 12  # 0.5 dB below the limit at the corner, 0.01 dB 3 dB before it
GROUP_HZ = (1000.0, 4000.0)  # where the loudest driver of a side is looked for
GROUP_TOLERANCE_DB = 0.01
AXIS_TOLERANCE_DEG, AXIS_TOLERANCE_M = 0.5, 1e-3


@dataclass(frozen=True, eq=False)
class ToneTarget:
    """What a path should deliver at one point.

    group: drivers of the reference; place_m (3,): their mean; flat (freqs,): the ideal, before the boost limit; d (freqs,): what is
    designed for; h_ref (freqs,): the reference's response, sum over sqrt(n), so that the group alone making d has effort 0 dB.
    """

    group: tuple[int, ...]
    place_m: NDArray[np.float64]
    flat: NDArray[np.complex128]
    d: NDArray[np.complex128]
    h_ref: NDArray[np.complex128]

    def holds(self, boost_db: float) -> NDArray[np.bool_]:
        """Where the boost limit leaves the tone alone, 3 dB before it begins: (freqs,) bool."""
        return np.asarray(db(self.h_ref / self.flat) >= -(boost_db - 3))


def boost_limited(flat: NDArray, h_ref: NDArray, boost_db: float) -> NDArray[np.complex128]:
    """|flat| lowered to |h_ref| 10^(boost_db/20) with a soft knee that never goes above either; the phase stays."""
    over = np.abs(flat) / np.maximum(np.abs(h_ref) * from_db(boost_db), 1e-30)
    return flat * (1 + over**KNEE_ORDER) ** (-1 / KNEE_ORDER)


def timbre_group(rig: Rig, scene: Scene, spec: CrosstalkSpec, ear: int) -> tuple[int, ...]:
    """Drivers whose timbre a side takes: those named, else the loudest at its ear among the drivers on that side.

    "Loudest" is power at the ear, 1-4 kHz; drivers within 0.01 dB of it belong to the group. Left of the rig's middle counts as the
    left side; where no driver stands there, all are candidates.
    """
    named = spec.timbre_drivers.left if ear == LEFT else spec.timbre_drivers.right
    if named:
        return rig.indices(named)
    used = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    sign = 1 if ear == LEFT else -1
    left = places(rig)[:, 1]
    candidates = [i for i in used if sign * left[i] > 1e-9] or list(used)
    h = transfer_matrix(rig, Ears.of(scene.listener), np.geomspace(*GROUP_HZ, 60), scene.medium)[:, ear, candidates]
    level = power_db((np.abs(h) ** 2).mean(axis=0))
    return tuple(i for i, v in zip(candidates, level, strict=True) if v >= level.max() - GROUP_TOLERANCE_DB)


def beam_group(rig: Rig, spec: BeamSpec) -> tuple[int, ...]:
    """Reference of the beam: the drivers named, else those nearest to the listening axis (ties of 0.5 degrees, 1 mm together)."""
    if spec.reference:
        return rig.indices(spec.reference)
    used, off, tie = _off_axis(rig, spec)
    return tuple(i for i, o in zip(used, off, strict=True) if o <= off.min() + tie)


def beam_reference_in_words(rig: Rig, spec: BeamSpec) -> str:
    """Who the reference of the beam is, and why: "front, nearest to the axis (0 deg)"."""
    names = " + ".join(rig.drivers[i].name for i in beam_group(rig, spec))
    if spec.reference:
        return f"{names}, as the rig file says"
    off = float(_off_axis(rig, spec)[1].min())
    away = f"{off:.3g} deg" if rig.enclosure.shape in ("sphere", "cylinder") else f"{1000 * off:.3g} mm"
    return f"{names}, nearest to the axis ({away})"


def _off_axis(rig: Rig, spec: BeamSpec) -> tuple[tuple[int, ...], NDArray[np.float64], float]:
    """The drivers of a beam, how far each is from the listening axis (degrees on a body, else metres), and what counts as a tie."""
    used = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    if rig.enclosure.shape in ("sphere", "cylinder"):
        return used, np.rad2deg(np.arccos(np.clip(axes(rig)[list(used), 0], -1, 1))), AXIS_TOLERANCE_DEG
    return used, np.linalg.norm(places(rig)[list(used), 1:], axis=1), AXIS_TOLERANCE_M


def target_at_ear(rig: Rig, scene: Scene, design: DesignSpec, group: Sequence[int], ear: int, h_ear: NDArray, freqs: NDArray) -> ToneTarget:
    """Tone target of a path at one ear of the nominal head. h_ear (freqs, drivers): the drivers' responses there."""
    group, place = tuple(group), places(rig)[list(group)].mean(axis=0)
    ears = Ears.of(scene.listener)
    c = scene.medium.c
    ideal = ear_responses(freqs, place, ears.centres_m, ears.ear_axes(), ears.radius_m, c)[:, ear, 0]
    return _target(design, group, place, ideal, h_ear[:, list(group)])


def target_in_front(rig: Rig, scene: Scene, design: DesignSpec, group: Sequence[int], freqs: NDArray) -> ToneTarget:
    """Tone target of the centre path far away on the listening axis; phase about the rig's origin."""
    group, place = tuple(group), places(rig)[list(group)].mean(axis=0)
    ideal = np.exp(2j * np.pi * freqs / scene.medium.c * place[0])
    return _target(design, group, place, ideal, transfer_matrix(rig, arc(0.0), freqs, scene.medium)[:, 0, list(group)])


def _target(design: DesignSpec, group: tuple[int, ...], place: NDArray, ideal: NDArray, own: NDArray) -> ToneTarget:
    h_ref = own.sum(axis=1) / np.sqrt(len(group))
    if design.tone == "driver":
        mean = own.mean(axis=1)
        return ToneTarget(group, place, mean, mean, h_ref)
    return ToneTarget(group, place, ideal, boost_limited(ideal, h_ref, design.tone_boost_db), h_ref)
