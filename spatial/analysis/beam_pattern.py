"""The centre path of a bank around the rig, in the far field.

Definitions, p(f, direction) with the rig's front as 0 degrees: ``side_db`` on-axis power over mean power at +-80, 90, 100 degrees;
``side90_db`` at +-90 alone (shown up to 60); ``droop45_db``, ``peak45_db`` lowest and highest level within +-45 degrees in 5 degree
steps; ``rear_db`` over |azimuth| >= 135; ``bw6_deg`` between the first -6 dB crossings; ``di_db`` 10 log10 |p0|^2 over the mean over
the sphere (baffle: over the half-space); ``effort_db`` 10 log10 sum |W|^2 |g_ref|^2 / |p0|^2; ``prering_db`` energy before 1 ms ahead
of the peak of the on-axis impulse response. Summaries are means of dB over third octaves, 250 Hz-4 kHz (free field, baffle: 500 Hz-3150
Hz), powers averaged inside each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.acoustics.points import FarField, arc, space_of
from spatial.acoustics.tone import beam_group
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_tolerance import p10_db, side_draws_db
from spatial.analysis.effective import effective_weights
from spatial.filters import FilterMatrix
from spatial.rig.model import Rig, RigFile, Scene
from spatial.units import db, power_db, third_octave_centres

SIDE_DEG = (-100.0, -90.0, -80.0, 80.0, 90.0, 100.0)
DEEPEST_DB = 60.0
PER_BAND = 9
PRERING_S = 1e-3


@dataclass(frozen=True, eq=False)
class BeamPattern:
    """Level over frequency and azimuth, dB re on axis: level_db (freqs, azimuths); on_axis_db (freqs,) absolute."""

    freqs: NDArray[np.float64]
    azimuth_deg: NDArray[np.float64]
    level_db: NDArray[np.float64]
    on_axis_db: NDArray[np.float64]


@dataclass(frozen=True)
class BeamFigures:
    """The beam in numbers; *_min is the worst third octave and *_hz its centre; p10_db as in `beam_tolerance`."""

    side_db: float
    side_min_db: float
    side_min_hz: float
    side90_db: float
    droop45_db: float
    peak45_db: float
    rear_db: float | None  # None in a baffle, behind which it is silent
    bw6_deg: float
    di_db: float
    di_min_db: float
    effort_db: float
    ripple_db: float
    level_db: float
    prering_db: float
    p10_db: float


def pressure(bank: FilterMatrix, rig: Rig, scene: Scene, points: FarField, freqs: NDArray, path: str = "center") -> NDArray[np.complex128]:
    """Far-field pressure of one path, (freqs, points)."""
    h = transfer_matrix(rig, points, freqs, scene.medium)
    return np.einsum("fpn,fn->fp", h, effective_weights(bank, rig, freqs, path))


def beam_pattern(bank: FilterMatrix, rig_file: RigFile, freqs: ArrayLike, azimuth_deg: ArrayLike) -> BeamPattern:
    """Centre path over frequency (Hz) and azimuth (degrees, listener's left positive)."""
    freqs, azimuth_deg = np.asarray(freqs, float), np.asarray(azimuth_deg, float)
    level = db(pressure(bank, rig_file.rig, rig_file.scene, arc(azimuth_deg), freqs))
    on_axis = db(pressure(bank, rig_file.rig, rig_file.scene, arc(0.0), freqs))
    return BeamPattern(freqs, azimuth_deg, level - on_axis, on_axis[:, 0])


def directivity_index_db(p_front: NDArray, p_sphere: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """10 log10 of on-axis power (freqs,) over the mean over the sphere of p_sphere (freqs, points), weights adding up to 1."""
    return power_db(np.abs(p_front) ** 2 / (np.abs(p_sphere) ** 2 @ weights))


def judged_bands(rig: Rig) -> NDArray[np.float64]:
    """Third octaves that summaries run over: rows in free field alias above and lose their grip below."""
    return third_octave_centres(250, 4000) if rig.enclosure.shape in ("sphere", "cylinder") else third_octave_centres(500, 3150)


def beam_figures(bank: FilterMatrix, rig_file: RigFile) -> BeamFigures:
    """The figures of this module's text."""
    rig, scene = rig_file.rig, rig_file.scene
    bands = judged_bands(rig)
    within = (np.arange(PER_BAND) + 0.5) / PER_BAND - 0.5
    freqs = (bands[:, None] * 2 ** (within / 3)).ravel()

    def band_power(points: FarField) -> NDArray:
        return (np.abs(pressure(bank, rig, scene, points, freqs)) ** 2).reshape(len(bands), PER_BAND, len(points)).mean(axis=1)

    azimuth, silent_rear = np.arange(-180.0, 180.0, 5.0), rig.enclosure.shape == "baffle"
    power = band_power(arc(azimuth))
    front = power[:, azimuth == 0][:, 0]
    level = power_db(power / front[:, None])
    side = power_db(front / power[:, np.isin(azimuth, SIDE_DEG)].mean(axis=1))
    window = level[:, np.abs(azimuth) <= 45]
    around, weights = space_of(rig.enclosure.shape)
    di = power_db(front / (band_power(around) @ weights))
    w = effective_weights(bank, rig, freqs, "center")
    group = list(beam_group(rig, rig_file.design.beam))
    on_axis = transfer_matrix(rig, arc(0.0), freqs, scene.medium)[:, 0]
    g_ref = np.abs(on_axis[:, group].sum(axis=1)) ** 2 / len(group)
    effort = np.sum(np.abs(w) ** 2, axis=1) * g_ref / np.abs(np.sum(on_axis * w, axis=1)) ** 2
    return BeamFigures(
        side_db=float(side.mean()),
        side_min_db=float(side.min()),
        side_min_hz=float(bands[side.argmin()]),
        side90_db=float(np.minimum(power_db(front / power[:, np.abs(azimuth) == 90].mean(axis=1)), DEEPEST_DB).mean()),
        droop45_db=float(window.min()),
        peak45_db=float(window.max()),
        rear_db=None if silent_rear else float(power_db(front / power[:, np.abs(azimuth) >= 135].mean(axis=1)).mean()),
        bw6_deg=float(np.mean([beamwidth_deg(azimuth, row) for row in level])),
        di_db=float(di.mean()),
        di_min_db=float(di.min()),
        effort_db=float(power_db(effort.reshape(len(bands), PER_BAND).mean(axis=1)).max()),
        ripple_db=float(np.ptp(power_db(front))),
        level_db=float(power_db(front).mean()),
        prering_db=prering_db(bank, rig_file),
        p10_db=float(p10_db(side_draws_db(rig, scene.medium, w, freqs, PER_BAND, SIDE_DEG)).mean()),
    )


def beamwidth_deg(azimuth_deg: NDArray, level_db: NDArray, threshold_db: float = -6.0) -> float:
    """Degrees between the first crossings of the threshold on either side of 0; 360 where there is none."""
    total = 0.0
    for sign in (1, -1):
        # -180 stands for +180 on the left half
        angle = np.where(azimuth_deg == -180, 180.0, sign * azimuth_deg)
        half = np.argsort(angle[angle >= 0])
        out, row = angle[angle >= 0][half], level_db[angle >= 0][half]
        below = np.flatnonzero(row < threshold_db)
        if len(below) == 0:
            total += 180.0
            continue
        j = int(below[0])
        total += out[j - 1] + (out[j] - out[j - 1]) * (row[j - 1] - threshold_db) / (row[j - 1] - row[j]) if j else 0.0
    return total


def prering_db(bank: FilterMatrix, rig_file: RigFile) -> float:
    """Energy more than 1 ms before the peak of the on-axis impulse response, over all of it."""
    n = 1 << int(np.ceil(np.log2(2 * bank.n_taps + 0.05 * bank.fs)))
    freqs = np.arange(n // 2 + 1) * bank.fs / n
    response = np.fft.irfft(pressure(bank, rig_file.rig, rig_file.scene, arc(0.0), freqs)[:, 0], n)
    response = np.roll(response, n // 8)  # a driver ahead of the origin may be early
    peak = int(np.argmax(np.abs(response)))
    before = response[: max(peak - round(PRERING_S * bank.fs), 1)]
    return float(power_db(np.sum(before**2) / np.sum(response**2)))
