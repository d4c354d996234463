"""Where a beam is judged: the directions about its axis, the third octaves, and the effort it may take."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.points import AtRange, FarField, arc, seat_azimuth_deg, seat_circle
from spatial.base.arrays import Freqs, Levels
from spatial.base.units import third_octave_centres, thirds_below
from spatial.rig.model import Rig, RigFile
from spatial.targets.beam_wishes import judged_hz
from spatial.targets.effort import cap_zero_hz, effort_cap_curve, used_drivers

SIDE_DEG = (-100.0, -90.0, -80.0, 80.0, 90.0, 100.0)


def judged_bands(rig: Rig, top_hz: float = math.inf) -> Freqs:
    """Third octaves that a beam's summaries run over.

    Parameters
    ----------
    rig : Rig
        Its enclosure says which: 250 Hz-4 kHz on a body, 500 Hz-3150 Hz in free field and in a baffle.
    top_hz : float
        Bands that end above it are left out.

    Returns
    -------
    (bands,) Hz
        Centres.
    """
    return thirds_below(third_octave_centres(*judged_hz(rig)), top_hz)


def around(rig_file: RigFile, azimuth_deg: ArrayLike) -> FarField | AtRange:
    """Directions at azimuths re the beam's axis in which its figures are taken.

    For bodies they lie far away at the rig's height; the far field of rows and walls begins behind the listener, so theirs lie on the seat
    circle.

    Parameters
    ----------
    rig_file : RigFile
    azimuth_deg : float or (angles,)
        Degrees, left positive.
    """
    listener, axis = rig_file.scene.listener, rig_file.design.beam.axis
    if rig_file.rig.enclosure.shape in ("sphere", "cylinder"):
        return arc(np.asarray(azimuth_deg, float) + seat_azimuth_deg(listener, axis))
    return seat_circle(listener, azimuth_deg, axis)


def effort_limit_db(rig_file: RigFile, freqs: Freqs) -> Levels:
    """The effort cap of the beam over frequency.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs,) dB
    """
    rig, spec = rig_file.rig, rig_file.design.beam
    used = used_drivers(rig, spec)
    return effort_cap_curve(freqs, spec.effort_cap_db, cap_zero_hz([rig.drivers[i] for i in used]))
