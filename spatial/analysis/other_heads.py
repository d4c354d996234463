"""The sides on a head that was measured instead of the sphere that they were designed on.

Which head: the listener's own SOFA file where the rig names one, else MIT's KEMAR where the system has it (Debian: libmysofa1), else none.
Rigs in free field only: there each driver is one source of the measured responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spatial.acoustics.directivity import own_pattern
from spatial.acoustics.measured_head import MeasuredHead, head_of
from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.analysis.binaural_cues import judged_frequencies
from spatial.analysis.other_poses import Judged, at_ears, judged, side_groups
from spatial.analysis.study import Sides
from spatial.base.arrays import Freqs, Points, Real, Transfer
from spatial.base.errors import SpatialError
from spatial.rig.geometry import axes, left_of, nose, places
from spatial.rig.model import HeadFile, RigFile
from spatial.targets.virtual_pair import real_pair_places

SYSTEM_HEADS = (Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa"),)
MOVED_M = ((0.0, 0.05, 0.0), (0.0, 0.0, 0.0), (0.0, -0.05, 0.0))
PLACES = ("5 cm left", "0", "5 cm right")


@dataclass(frozen=True, eq=False)
class OnMeasuredHead:
    """Figures on a measured head and on the sphere.

    Attributes
    ----------
    file : str
        Name of the head's file.
    measured, sphere : Judged
        At PLACES, which say how far the head is moved.
    """

    file: str
    measured: Judged
    sphere: Judged


def measured_head(rig_file: RigFile) -> tuple[str, MeasuredHead] | None:
    """The head to judge on and its file's name; None where no head is at hand or it cannot be read."""
    head, c = rig_file.scene.listener.head, rig_file.scene.medium.c
    try:
        if isinstance(head, HeadFile):
            return head.file, head_of(head, c)
        for path in SYSTEM_HEADS:
            if path.exists():
                return path.name, MeasuredHead.load(path, c)
    except SpatialError:
        return None
    return None


def on_measured_head(sides: Sides) -> OnMeasuredHead | None:
    """Figures against the real pair on the same head; None where no head is at hand, or for a rig with a body."""
    rig_file = sides.rig_file
    if rig_file.rig.enclosure.shape != "free":
        return None
    found = measured_head(rig_file)
    if found is None:
        return None
    name, head = found
    freqs = judged_frequencies(top_hz=sides.top_hz)
    ears = Ears.cloud(rig_file.scene.listener, [(moved, 0.0) for moved in MOVED_M])
    h = _heard(head, freqs, ears, places(rig_file.rig)) * np.repeat(_patterns(rig_file, freqs, ears), 2, axis=1)
    real = _heard(head, freqs, ears, real_pair_places(rig_file.scene))
    w = [sides.at(ear, freqs) for ear in (LEFT, RIGHT)]
    return OnMeasuredHead(name, judged(freqs, h, real, w, side_groups(rig_file)), at_ears(sides, ears))


def _heard(head: MeasuredHead, freqs: Freqs, ears: Ears, sources_m: Points) -> Transfer:
    """Ears (freqs, points, sources) pose by pose."""
    heard = [
        head.ear_responses(freqs, sources_m, centre, nose(yaw), left_of(yaw))
        for centre, yaw in zip(ears.centres_m, ears.yaws_deg, strict=True)
    ]
    return np.concatenate(heard, axis=1)


def _patterns(rig_file: RigFile, freqs: Freqs, ears: Ears) -> Real:
    """The drivers' own directivity towards each head centre: (freqs, poses, drivers)."""
    rig = rig_file.rig
    towards = np.asarray(ears.centres_m)[:, None] - places(rig)
    towards /= np.linalg.norm(towards, axis=2)[:, :, None]
    cosine, k = np.sum(towards * axes(rig), axis=2), 2 * np.pi * freqs / rig_file.scene.medium.c
    return np.stack([own_pattern(rig, i, k, cosine[:, i]) for i in range(len(rig.drivers))], axis=2)
