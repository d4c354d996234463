"""The sides of loudspeakers as they are built: drivers that differ by the rig file's ``[tolerance]``.

Gain and phase of every driver, uniform and independent, at 512 points of a scrambled Sobol sequence: the percentile is then within 2 %
of that of many thousand random draws, where 100 random ones would be off by 7 %. Per draw, against a real pair at the same head: rms of
the ILD error over third octaves, rms of the ITD error below 1.5 kHz, and the largest third octave by which the sound at the near ear is
off what matched drivers make; of the draws the 90th percentile, of two sides the worse one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.binaural_cues import SEPARATION_HZ, ild_errors_db, itd_errors_us, judged_frequencies, judged_thirds, rms
from spatial.analysis.weights import SideWeights
from spatial.base.units import from_db, power_db, third_octave_mean
from spatial.rig.mirror import driver_order
from spatial.rig.model import Rig, RigFile, Tolerance
from spatial.targets.virtual_pair import real_pair

DRAWS, SEED, PERCENTILE = 512, 0, 90  # a power of two, as the sequence needs


@dataclass(frozen=True)
class SpreadFigures:
    """What nine of ten loudspeakers keep within: errors against a real pair, and of the tone against matched drivers."""

    ild_p90_db: float
    itd_p90_us: float
    tone_p90_db: float


def driver_errors(tolerance: Tolerance, drivers: int, draws: int = DRAWS, seed: int = SEED) -> NDArray[np.complex128]:
    """What a driver does beside what it should, (draws, drivers)."""
    from scipy.stats import qmc  # here, for it takes a while to load

    gain, phase = np.split(2 * qmc.Sobol(2 * drivers, seed=seed).random(draws) - 1, 2, axis=1)
    return np.asarray(from_db(gain * tolerance.gain_db) * np.exp(1j * np.deg2rad(phase * tolerance.phase_deg)))


def errors_of_drivers(rig: Rig, tolerance: Tolerance | None = None) -> NDArray[np.complex128]:
    """The draws for the drivers of a rig, (draws, drivers), the same for the driver at a place in whatever order the file lists them."""
    order = driver_order(rig)
    errors = np.empty((DRAWS, len(order)), complex)
    errors[:, list(order)] = driver_errors(tolerance or rig.tolerance, len(order))
    return errors


def spread_figures(
    weights: SideWeights, rig_file: RigFile, top_hz: float = SEPARATION_HZ[1], tolerance: Tolerance | None = None
) -> SpreadFigures:
    """The figures of this module's text, up to top_hz; tolerance: default the rig file's."""
    rig, scene = rig_file.rig, rig_file.scene
    freqs, ears = judged_frequencies(top_hz=top_hz), Ears.of(scene.listener)
    h, real = transfer_matrix(rig, ears, freqs, scene.medium), real_pair(scene, freqs, ears)
    errors = errors_of_drivers(rig, tolerance)
    found = []
    for ear in (LEFT, RIGHT):
        w = weights(ear, freqs)
        ipsi, contra = ((h[:, side] * w) @ errors.T for side in (ear, 1 - ear))
        matched = np.abs(np.sum(h[:, ear] * w, axis=1)) ** 2
        of_pair = real[:, ear, ear][:, None], real[:, 1 - ear, ear][:, None]
        level = power_db(_thirds(np.abs(ipsi) ** 2, freqs)) - power_db(_thirds(matched[:, None], freqs))
        found.append(
            (
                rms(ild_errors_db(freqs, ipsi, contra, *of_pair)),
                rms(itd_errors_us(freqs, ipsi, contra, *of_pair)),
                np.abs(level).max(axis=0),
            )
        )
    ild, itd, tone = np.percentile(found, PERCENTILE, axis=2).max(axis=0)
    return SpreadFigures(float(ild), float(itd), float(tone))


def _thirds(power: NDArray, freqs: NDArray) -> NDArray[np.float64]:
    return third_octave_mean(power, freqs, judged_thirds(freqs[-1]))
