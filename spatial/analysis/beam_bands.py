"""A beam per third octave, from weights: what `beam_figures` sums up and the curves show.

Powers are averaged over nine log-spaced frequencies inside each base-two third octave, then over directions; definitions as in
`beam_figures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import arc, seat_azimuth_deg, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_tolerance import p10_db, side_draws_db
from spatial.analysis.study import Study
from spatial.base.arrays import Angles, Drive, Flags, Freqs, Levels, Power, Real, Transfer
from spatial.base.blas_threads import one_blas_thread
from spatial.base.units import inside_thirds, mean_of_each, power_db
from spatial.rig.model import RigFile
from spatial.targets.beam_directions import SIDE_DEG, around, judged_bands
from spatial.targets.beam_reference import beam_group
from spatial.targets.solution import Weights

DEEPEST_DB = 60.0
PER_BAND = 9
AZIMUTH_DEG = np.arange(-180.0, 180.0, 5.0)


@dataclass(frozen=True, eq=False)
class BeamBands:
    """Figures of a beam per third octave; definitions as in `beam_figures`.

    Attributes
    ----------
    bands_hz : (bands,) Hz
    level_db : (bands,)
        On axis.
    side_db, side90_db : (bands,)
        The latter 60 at most.
    droop45_db, peak45_db : (bands,)
    rear_db : (bands,) or None
        None in a baffle.
    bw6_deg : (bands,)
    di_db : (bands,)
    effort_db : (bands,)
        Of the spatial drivers.
    p10_db : (bands,) or None
        Where it was asked for.
    """

    bands_hz: Freqs
    level_db: Levels
    side_db: Levels
    side90_db: Levels
    droop45_db: Levels
    peak45_db: Levels
    rear_db: Levels | None
    bw6_deg: Angles
    di_db: Levels
    effort_db: Levels
    p10_db: Levels | None


def frequencies_of(bands_hz: Freqs) -> Freqs:
    """Nine frequencies inside every third octave, one band after the other.

    Parameters
    ----------
    bands_hz : (bands,) Hz
        Centres.

    Returns
    -------
    (9 bands,) Hz
    """
    return inside_thirds(bands_hz, PER_BAND)


@dataclass(frozen=True, eq=False)
class BandPlant:
    """What a rig's drivers send where beams are judged, PER_BAND frequencies in each third octave: computed once for all beams.

    Attributes
    ----------
    rig_file : RigFile
    bands_hz : (bands,) Hz
    freqs : (freqs,) Hz
    around : (freqs, points, drivers) complex
        At AZIMUTH_DEG about the axis.
    everywhere : (freqs, points, drivers) complex
        In all directions, far away.
    area : (points,)
        Share of all directions that each of those stands for.
    far_front : (freqs, 1, drivers) complex
        On axis far away.
    """

    rig_file: RigFile
    bands_hz: Freqs
    freqs: Freqs
    around: Transfer
    everywhere: Transfer
    area: Real
    far_front: Transfer

    @classmethod
    def of(cls, rig_file: RigFile, bands_hz: Freqs) -> BandPlant:
        """The plant of a rig in some third octaves.

        Parameters
        ----------
        rig_file : RigFile
        bands_hz : (bands,) Hz
            Centres.
        """
        rig, scene, freqs = rig_file.rig, rig_file.scene, frequencies_of(bands_hz)
        everywhere, area = space_of(rig.enclosure.shape)
        points = (around(rig_file, AZIMUTH_DEG), everywhere, arc(seat_azimuth_deg(scene.listener, rig_file.design.beam.axis)))
        h_around, h_everywhere, h_front = (transfer_matrix(rig, at, freqs, scene.medium) for at in points)
        return cls(rig_file, bands_hz, freqs, h_around, h_everywhere, area, h_front)


def judged_plant(study: Study) -> BandPlant:
    """The plant in the third octaves that summaries run over."""
    return BandPlant.of(study.rig_file, judged_bands(study.rig_file.rig, study.top_hz))


def beam_bands(plant: BandPlant, weights: Weights, tolerance: bool = True) -> BeamBands:
    """The figures of weights in the plant's third octaves.

    Parameters
    ----------
    plant : BandPlant
    weights : callable
        freqs -> effective weights (freqs, drivers).
    tolerance : bool
        P10 as well, which takes a hundred times as long.
    """
    rig_file, bands_hz, freqs = plant.rig_file, plant.bands_hz, plant.freqs
    rig, medium = rig_file.rig, rig_file.scene.medium
    w = weights(freqs)

    def band_power(h: Transfer) -> Power:
        with one_blas_thread():
            return mean_of_each(np.abs((h @ w[:, :, None])[:, :, 0]) ** 2, PER_BAND)

    power = band_power(plant.around)
    front = power[:, AZIMUTH_DEG == 0][:, 0]
    level = power_db(power / front[:, None])
    window = level[:, np.abs(AZIMUTH_DEG) <= 45]
    far_front = band_power(plant.far_front)[:, 0]

    def over(chosen: Flags) -> Levels:
        return power_db(front / power[:, chosen].mean(axis=1))

    return BeamBands(
        bands_hz=bands_hz,
        level_db=power_db(front),
        side_db=over(np.isin(AZIMUTH_DEG, SIDE_DEG)),
        side90_db=np.minimum(over(np.abs(AZIMUTH_DEG) == 90), DEEPEST_DB),
        droop45_db=window.min(axis=1),
        peak45_db=window.max(axis=1),
        rear_db=None if rig.enclosure.shape == "baffle" else over(np.abs(AZIMUTH_DEG) >= 135),
        bw6_deg=np.array([beamwidth_deg(AZIMUTH_DEG, row) for row in level]),
        di_db=power_db(far_front / (band_power(plant.everywhere) @ plant.area)),
        effort_db=power_db(mean_of_each(effort(rig_file, w, freqs), PER_BAND)),
        p10_db=p10_db(side_draws_db(rig, medium, w, freqs, PER_BAND, around(rig_file, (0.0, *SIDE_DEG)))) if tolerance else None,
    )


def effort(rig_file: RigFile, w: Drive, freqs: Freqs) -> Power:
    """Drive power of the spatial drivers over that of the reference alone making the same pressure on axis.

    Parameters
    ----------
    rig_file : RigFile
    w : (freqs, drivers) complex
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs,)
        A ratio of powers.
    """
    rig = rig_file.rig
    group, spatial = list(beam_group(rig_file)), list(rig.spatial_drivers)
    on_axis = transfer_matrix(rig, around(rig_file, 0.0), freqs, rig_file.scene.medium)[:, 0]
    reference = np.abs(on_axis[:, group].sum(axis=1)) ** 2 / len(group)
    used = np.sum(np.abs(w[:, spatial]) ** 2, axis=1)
    return np.asarray(used * reference / np.abs(np.sum(on_axis * w, axis=1)) ** 2, float)


def beamwidth_deg(azimuth_deg: Angles, level_db: Levels, threshold_db: float = -6.0) -> float:
    """Degrees between the first crossings of a threshold on either side of 0; 360 where there is none.

    Parameters
    ----------
    azimuth_deg : (angles,) degrees
        -180 stands for both sides.
    level_db : (angles,) dB
        Re 0 degrees.
    threshold_db : float
    """
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
