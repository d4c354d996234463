"""The centre path of a bank around the rig: in the far field of a body, on the seat circle of a row or a wall.

Definitions, p(f, direction) with the beam's axis, the listener unless the rig file says otherwise, as 0 degrees: ``side_db`` on-axis power
over mean power at +-80, 90, 100 degrees; ``side90_db`` at +-90 alone (shown up to 60); ``droop45_db``, ``peak45_db`` lowest and highest
level within +-45 degrees in 5 degree steps; ``rear_db`` over |azimuth| >= 135; ``bw6_deg`` between the first -6 dB crossings; ``di_db``
10 log10 |p0|^2 over the mean over the sphere, far away (baffle: half-space); ``effort_db`` 10 log10 sum |W|^2 |g_ref|^2 / |p0|^2;
``level_db``, ``ripple_db`` mean and range of the level on axis over what is asked there; ``prering_db`` energy before 1 ms ahead of the
peak of the on-axis impulse response. Summaries are means of dB over third octaves, 250 Hz-4 kHz (free field, baffle: 500 Hz-3150 Hz),
powers averaged inside each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.points import AtRange, FarField
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_bands import BeamBands, beam_bands, judged_plant
from spatial.analysis.study import Study
from spatial.base.arrays import Angles, Complex, Drive, Freqs, Levels, Real, Spectrum
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.units import db, power_db, power_of_two
from spatial.targets.beam_directions import around
from spatial.targets.tone import center_gain

PRERING_S = 1e-3


@dataclass(frozen=True, eq=False)
class BeamPattern:
    """Level over frequency and azimuth.

    Attributes
    ----------
    freqs : (freqs,) Hz
    azimuth_deg : (azimuths,) degrees
    level_db : (freqs, azimuths)
        Re on axis.
    on_axis_db : (freqs,)
        Absolute.
    """

    freqs: Freqs
    azimuth_deg: Angles
    level_db: Levels
    on_axis_db: Levels


@dataclass(frozen=True)
class BeamFigures:
    """The beam in numbers; *_min is the worst third octave and *_hz its centre; p10_db as in `beam_tolerance`."""

    side_db: float = figure("on axis over mean power at +-80, +-90, +-100 deg", HIGHER)
    side_min_db: float = figure("the same in the worst third octave", HIGHER)
    side_min_hz: float = figure("where that is")
    side90_db: float = figure("on axis over +-90 deg", HIGHER)
    droop45_db: float = figure("lowest level within +-45 deg", HIGHER)
    peak45_db: float = figure("highest level within +-45 deg", LOWER)
    rear_db: float | None = figure("on axis over |azimuth| >= 135 deg", HIGHER)  # None in a baffle, behind which it is silent
    bw6_deg: float = figure("between the first -6 dB crossings")
    di_db: float = figure("directivity index", HIGHER)
    di_min_db: float = figure("the same in the worst third octave", HIGHER)
    effort_db: float = figure("drive power over the reference alone, worst third octave", LOWER)
    ripple_db: float = figure("range of the level on axis over what is asked there, third octaves", LOWER)
    level_db: float = figure("mean of that level")
    prering_db: float = figure("energy earlier than 1 ms before the peak", LOWER)
    p10_db: float = figure("side_db that nine of ten reach with +-1 dB, +-5 deg, +-2 mm off", HIGHER)


@dataclass(frozen=True)
class SimpleBeamFigures:
    """A simpler beam that the same drivers can do, in numbers."""

    side_db: float
    side90_db: float
    droop45_db: float
    peak45_db: float
    rear_db: float | None
    di_db: float
    effort_db: float


def pressure(study: Study, points: FarField | AtRange, freqs: Freqs, path: str = "center") -> Complex:
    """Pressure of one path, e^{-jkr}/r left out.

    Parameters
    ----------
    study : Study
    points : FarField or AtRange
    freqs : (freqs,) Hz
    path : str
        An input of the bank.

    Returns
    -------
    (freqs, points) complex
    """
    h = transfer_matrix(study.rig_file.rig, points, freqs, study.rig_file.scene.medium)
    return np.asarray(np.einsum("fpn,fn->fp", h, study.path(path, freqs)))


def beam_pattern(study: Study, freqs: ArrayLike, azimuth_deg: ArrayLike) -> BeamPattern:
    """Centre path over frequency and azimuth.

    Parameters
    ----------
    study : Study
    freqs : (freqs,) Hz
    azimuth_deg : (azimuths,) degrees
        Re the beam's axis, left positive.
    """
    freqs, azimuth_deg = np.asarray(freqs, float), np.asarray(azimuth_deg, float)
    level = db(pressure(study, around(study.rig_file, azimuth_deg), freqs))
    on_axis = db(pressure(study, around(study.rig_file, 0.0), freqs))
    return BeamPattern(freqs, azimuth_deg, level - on_axis, on_axis[:, 0])


def directivity_index_db(p_front: Spectrum, p_sphere: Complex, weights: Real) -> Levels:
    """10 log10 of on-axis power over the mean over the sphere.

    Parameters
    ----------
    p_front : (freqs,) complex
    p_sphere : (freqs, points) complex
    weights : (points,)
        They add up to 1.

    Returns
    -------
    (freqs,) dB
    """
    return power_db(np.abs(p_front) ** 2 / (np.abs(p_sphere) ** 2 @ weights))


def beam_figures(study: Study) -> BeamFigures:
    """The figures of this module's text for the centre path of a bank."""
    rig_file = study.rig_file

    def over_asked(freqs: Freqs) -> Drive:
        return study.center(freqs) / center_gain(rig_file.design, freqs)[:, None]

    bands = beam_bands(study.of(judged_plant), over_asked)
    assert bands.p10_db is not None
    return BeamFigures(**summary(bands), prering_db=study.of(prering_db), p10_db=float(bands.p10_db.mean()))


def summary(bands: BeamBands) -> dict[str, Any]:
    """What `BeamFigures` says of bands: means of dB, worst bands, range of the level. What only a bank has is left out."""
    return {
        "side_db": float(bands.side_db.mean()),
        "side_min_db": float(bands.side_db.min()),
        "side_min_hz": float(bands.bands_hz[bands.side_db.argmin()]),
        "side90_db": float(bands.side90_db.mean()),
        "droop45_db": float(bands.droop45_db.min()),
        "peak45_db": float(bands.peak45_db.max()),
        "rear_db": None if bands.rear_db is None else float(bands.rear_db.mean()),
        "bw6_deg": float(bands.bw6_deg.mean()),
        "di_db": float(bands.di_db.mean()),
        "di_min_db": float(bands.di_db.min()),
        "effort_db": float(bands.effort_db.max()),
        "ripple_db": float(np.ptp(bands.level_db)),
        "level_db": float(bands.level_db.mean()),
    }


def simple_beam_figures(study: Study) -> dict[str, SimpleBeamFigures]:
    """Figures of simpler beams of the same drivers, by name."""
    plant, shown = study.of(judged_plant), [field.name for field in fields(SimpleBeamFigures)]
    found = {name: summary(beam_bands(plant, weights, tolerance=False)) for name, weights in study.simple_beams.items()}
    return {name: SimpleBeamFigures(**{key: figures[key] for key in shown}) for name, figures in found.items()}


def prering_db(study: Study) -> float:
    """Energy of the on-axis impulse response up to 1 ms before its peak, over all of its energy."""
    bank = study.bank
    n = power_of_two(2 * bank.n_taps + 0.05 * bank.fs)
    freqs = np.arange(n // 2 + 1) * bank.fs / n
    response = np.fft.irfft(pressure(study, around(study.rig_file, 0.0), freqs)[:, 0], n)
    response = np.roll(response, n // 8)  # a driver ahead of the origin may be early
    peak = int(np.argmax(np.abs(response)))
    before = response[: max(peak - round(PRERING_S * bank.fs), 1)]
    return float(power_db(np.sum(before**2) / np.sum(response**2)))
