"""A path in the averages of CTA-2034-A: listening window, early reflections, sound power, and their directivity indices.

70 directions, every 10 degrees on a horizontal and a vertical orbit. Listening window: axis, +-10 degrees vertical, +-10, 20, 30
horizontal. Early reflections: mean of floor (20, 30, 40 degrees down), ceiling (40, 50, 60 up), front wall (0, +-10, 20, 30), side walls
(+-40 to 80) and rear wall (+-90 to 180). Sound power: the orbits' powers weighted by the share of the sphere that each direction stands
for. All levels are of mean powers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import FarField, seat_azimuth_deg
from spatial.analysis.beam_figures import pressure
from spatial.analysis.study import Study
from spatial.base.arrays import Angles, Freqs, Levels, Power, Real
from spatial.base.units import power_db
from spatial.rig.geometry import direction

STEP_DEG = 10


@dataclass(frozen=True, eq=False)
class Spinorama:
    """Levels over frequency, dB; di_* are against the listening window."""

    freqs: Freqs
    on_axis_db: Levels
    listening_window_db: Levels
    early_reflections_db: Levels
    sound_power_db: Levels
    di_early_reflections_db: Levels
    di_sound_power_db: Levels


def orbits(front_deg: float = 0.0) -> tuple[FarField, Angles]:
    """The 72 points of both orbits, horizontal first, 0 to 350 degrees each, and their angles; front_deg: azimuth of the axis."""
    angle = np.arange(0, 360, STEP_DEG).astype(float)
    upward = direction(front_deg) * np.cos(np.deg2rad(angle))[:, None] + np.array([0.0, 0.0, 1.0]) * np.sin(np.deg2rad(angle))[:, None]
    return FarField(np.concatenate([direction(angle + front_deg), upward])), angle


def zone_weights() -> Real:
    """Share of the sphere around the axis that each angle of an orbit stands for; those of both orbits add up to 1.

    Four points share a zone of 10 degrees; the poles, counted on both orbits, are shared by two.

    Returns
    -------
    (36,)
    """
    angle = np.arange(0, 360, STEP_DEG)
    off = np.minimum(angle, 360 - angle)
    edge = np.deg2rad(np.clip([off - STEP_DEG / 2, off + STEP_DEG / 2], 0, 180))
    zone = (np.cos(edge[0]) - np.cos(edge[1])) / 2
    return np.asarray(zone / np.where((off == 0) | (off == 180), 2, 4))


def spinorama(study: Study, freqs: Freqs, path: str = "center") -> Spinorama:
    """The averages of one path of a bank.

    Parameters
    ----------
    study : Study
    freqs : (freqs,) Hz
    path : str
        An input of the bank.
    """
    rig_file = study.rig_file
    points, angle = orbits(seat_azimuth_deg(rig_file.scene.listener, rig_file.design.beam.axis))
    power = np.abs(pressure(study, points, freqs, path)) ** 2
    horizontal, vertical = power[:, : len(angle)], power[:, len(angle) :]

    def mean(orbit: Power, *degrees: float) -> Power:
        return np.asarray(orbit[:, [int(d % 360) // STEP_DEG for d in degrees]].mean(axis=1))

    def both(orbit: Power, *degrees: float) -> Power:
        return mean(orbit, *degrees, *(-d for d in degrees))

    window = (3 * mean(vertical, 0, 10, -10) + 6 * both(horizontal, 10, 20, 30)) / 9
    reflections = np.mean(
        [
            mean(vertical, -20, -30, -40),
            mean(vertical, 40, 50, 60),
            mean(horizontal, 0, 10, 20, 30, -10, -20, -30),
            both(horizontal, 40, 50, 60, 70, 80),
            both(horizontal, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180),
        ],
        axis=0,
    )
    total = (horizontal + vertical) @ zone_weights()
    return Spinorama(
        freqs,
        power_db(horizontal[:, 0]),
        power_db(window),
        power_db(reflections),
        power_db(total),
        power_db(window / reflections),
        power_db(window / total),
    )
