"""Where the virtual pair stands, what its real twin would send to the ears, and what a width model says of it."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.base.arrays import Complex, Freqs, Points, Spectrum, Transfer, Vector
from spatial.rig.geometry import head_centre, left_of, nose, sine_cosine
from spatial.rig.model import Scene
from spatial.targets.width.models import relative_hrtf


def virtual_pair_place(scene: Scene, ear: int) -> Vector:
    """Where the virtual pair's loudspeaker of one side stands.

    Parameters
    ----------
    scene : Scene
    ear : LEFT or RIGHT

    Returns
    -------
    (3,) m, rig coordinates
    """
    listener, pair = scene.listener, scene.virtual_pair
    sine, cosine = sine_cosine(pair.angle_deg)
    aside = left_of(listener.yaw_deg) * sine * (1.0 if ear == LEFT else -1.0)
    return head_centre(listener) + pair.distance_m * (nose(listener.yaw_deg) * cosine + aside)


def wished_pair(scene: Scene, model: str, freqs: Freqs) -> Spectrum:
    """Contralateral over ipsilateral ear of the virtual pair's loudspeaker on a side, by a width model.

    Parameters
    ----------
    scene : Scene
    model : str
        See `width.models.relative_hrtf`.
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs,) complex
    """
    pair, listener = scene.virtual_pair, scene.listener
    return relative_hrtf(model, freqs, pair.angle_deg, pair.distance_m, listener.head_radius_m, scene.medium.c, listener.head)


def wished_pair_at(scene: Scene, model: str, freqs: Freqs, ears: Ears) -> Complex:
    """Right over left ear of the left loudspeaker, which stays where it stands, for a head in other poses.

    Parameters
    ----------
    scene : Scene
    model : str
        See `width.models.relative_hrtf`.
    freqs : (freqs,) Hz
    ears : Ears
        The poses.

    Returns
    -------
    (freqs, poses) complex
    """
    listener, c = scene.listener, scene.medium.c
    loudspeaker = virtual_pair_place(scene, LEFT)
    g = []
    for centre, yaw_deg in zip(ears.centres_m, ears.yaws_deg, strict=True):
        to_pair = loudspeaker - np.asarray(centre)
        distance_m = float(np.sqrt((to_pair**2).sum()))
        angle_deg = float(np.rad2deg(np.arctan2(to_pair @ left_of(yaw_deg), to_pair @ nose(yaw_deg))))
        towards = relative_hrtf(model, freqs, abs(angle_deg), distance_m, listener.head_radius_m, c, listener.head)
        g.append(towards if angle_deg >= 0 else 1 / towards)
    return np.stack(g, axis=1)


def real_pair(scene: Scene, freqs: Freqs, ears: Ears) -> Transfer:
    """Ears' pressures from a real stereo pair where the virtual one should stand.

    The pair stands about the nose of the head in its nominal pose, whatever pose the ears are in.

    Parameters
    ----------
    scene : Scene
    freqs : (freqs,) Hz
    ears : Ears

    Returns
    -------
    (freqs, points, 2) complex
        Left and right loudspeaker.
    """
    return ear_responses(freqs, real_pair_places(scene), ears.centres_m, ears.ear_axes(), ears.radius_m, scene.medium.c)


def real_pair_places(scene: Scene) -> Points:
    """Where the left and the right loudspeaker of the real pair stand: (2, 3) metres."""
    return np.stack([virtual_pair_place(scene, ear) for ear in (LEFT, RIGHT)])
