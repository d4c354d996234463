"""The reference of the beam: which drivers it is, how they are aimed, and what it alone does."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.points import aim, beam_axis, seat
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import Drive, Freqs, Real
from spatial.base.units import from_db
from spatial.rig.geometry import axes, places
from spatial.rig.model import Listener, Rig, RigFile
from spatial.targets.effort import used_drivers

MOST_RAISED_DB = 12.0

AXIS_TOLERANCE_DEG, AXIS_TOLERANCE_M = 0.5, 1e-3


def beam_group(rig_file: RigFile) -> tuple[int, ...]:
    """Reference of the beam: the drivers named, else those nearest to the listening axis (ties of 0.5 degrees, 1 mm together)."""
    rig, spec = rig_file.rig, rig_file.design.beam
    if spec.reference:
        return rig.indices(spec.reference)
    used, off, tie = _off_axis(rig_file)
    return tuple(i for i, o in zip(used, off, strict=True) if o <= off.min() + tie)


def beam_reference_in_words(rig_file: RigFile) -> str:
    """Who the reference of the beam is, and why: "front, nearest to the axis (0 deg)"."""
    rig, spec = rig_file.rig, rig_file.design.beam
    names = " + ".join(rig.drivers[i].name for i in beam_group(rig_file))
    if spec.reference:
        return f"{names}, as the rig file says"
    off = float(_off_axis(rig_file)[1].min())
    away = f"{off:.3g} deg" if rig.enclosure.shape in ("sphere", "cylinder") else f"{1000 * off:.3g} mm"
    return f"{names}, nearest to the axis ({away})"


def _off_axis(rig_file: RigFile) -> tuple[tuple[int, ...], Real, float]:
    """The drivers of a beam, how far each is from the listening axis (degrees on a body, else metres), and what counts as a tie."""
    rig, spec = rig_file.rig, rig_file.design.beam
    used = used_drivers(rig, spec)
    axis = beam_axis(rig_file.scene.listener, spec.axis)
    if rig.enclosure.shape in ("sphere", "cylinder"):
        return used, np.rad2deg(np.arccos(np.clip(axes(rig)[list(used)] @ axis, -1, 1))), AXIS_TOLERANCE_DEG
    where = places(rig)[list(used)]
    return used, np.linalg.norm(where - np.outer(where @ axis, axis), axis=1), AXIS_TOLERANCE_M


def towards_aim(rig: Rig, listener: Listener, axis: str, freqs: Freqs, c: float) -> Drive:
    """Weights that make ideal sources at the drivers' places arrive where a beam is aimed as if from the origin.

    (r_n/r_0) e^{jk(r_n - r_0)}: near to 1 for a rig that is small beside its distance.

    Parameters
    ----------
    rig : Rig
    listener : Listener
    axis : "listener" or "front"
        What the beam is aimed at.
    freqs : (freqs,) Hz
    c : float
        Speed of sound, m/s.

    Returns
    -------
    (freqs, drivers) complex
    """
    at = aim(listener, axis)
    r = np.linalg.norm(places(rig) - at.places_m()[0], axis=1)
    return np.asarray(r / at.distance_m * np.exp(2j * np.pi / c * np.outer(freqs, r - at.distance_m)))


def reference_alone(rig_file: RigFile, freqs: Freqs) -> Drive:
    """Weights of the reference alone, a driver or a group in phase; at the seat it is as loud as an ideal source at the origin.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs, drivers) complex
    """
    rig, scene = rig_file.rig, rig_file.scene
    group = list(beam_group(rig_file))
    w = np.zeros((len(freqs), len(rig.drivers)), complex)
    w[:, group] = towards_aim(rig, scene.listener, rig_file.design.beam.axis, freqs, scene.medium.c)[:, group]
    return made_at_seat(rig_file, w, freqs)


def made_at_seat(rig_file: RigFile, w: Drive, freqs: Freqs) -> Drive:
    """The weights times a factor that all drivers share, so that they make 1 at the seat; e^{-jkr}/r of its distance is left out.

    A beam that is aimed elsewhere (axis "front") is made louder by no more than 12 dB over what it is where it is aimed.

    Parameters
    ----------
    rig_file : RigFile
    w : (freqs, drivers) complex
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs, drivers) complex
    """
    listener, medium = rig_file.scene.listener, rig_file.scene.medium
    there = np.sum(transfer_matrix(rig_file.rig, seat(listener), freqs, medium)[:, 0] * w, axis=1)
    if rig_file.design.beam.axis != "listener":
        aimed = np.sum(transfer_matrix(rig_file.rig, aim(listener, "front"), freqs, medium)[:, 0] * w, axis=1)
        there = there / np.abs(there) * np.maximum(np.abs(there), from_db(-MOST_RAISED_DB) * np.abs(aimed))
    return np.asarray(w / there[:, None], complex)
