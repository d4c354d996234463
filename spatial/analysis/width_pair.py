"""Headphones: the width pair of a bank against the exact sphere.

Bands are 4th-order gammatone powers, 1.019 ERB wide, centres 1 ERB apart, 100 Hz-16 kHz (Glasberg and Moore 1990; Patterson et al. 1987).
ITD is the interaural phase delay of a band, below 1.5 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.head import relative_response
from spatial.acoustics.hearing import band_average, erb_centres
from spatial.filters import FilterMatrix
from spatial.rig.model import RigFile
from spatial.units import db, power_db

BAND_HZ = (100.0, 16000.0)
ITD_BELOW_HZ = 1500.0
NFFT = 1 << 15


@dataclass(frozen=True, eq=False)
class WidthCurves:
    """Relative HRTF of the bank's left input over frequency and that of the sphere; ipsi_db, contra_db: the filters' levels."""

    freqs: NDArray[np.float64]
    ild_db: NDArray[np.float64]
    itd_us: NDArray[np.float64]
    sphere_ild_db: NDArray[np.float64]
    sphere_itd_us: NDArray[np.float64]
    ipsi_db: NDArray[np.float64]
    contra_db: NDArray[np.float64]


@dataclass(frozen=True)
class WidthFigures:
    """Errors against the sphere over ERB bands, and how flat the ipsilateral ear is (rms)."""

    ild_error_db: float
    ild_worst_db: float
    itd_error_us: float
    itd_worst_us: float
    ipsi_flat_db: float


def _sphere(rig_file: RigFile, freqs: NDArray) -> NDArray[np.complex128]:
    pair, scene = rig_file.scene.virtual_pair, rig_file.scene
    return relative_response(freqs, pair.angle_deg, pair.distance_m, scene.listener.head_radius_m, scene.medium.c)


def width_curves(bank: FilterMatrix, rig_file: RigFile, freqs: NDArray) -> WidthCurves:
    """Curves at freqs (Hz, rising, above 0)."""
    phase = np.exp(-2j * np.pi * np.outer(freqs, np.arange(bank.n_taps)) / bank.fs)
    ipsi, contra = phase @ bank.taps[0, 0], phase @ bank.taps[1, 0]
    sphere = _sphere(rig_file, freqs)

    def itd_us(g: NDArray) -> NDArray:
        return -np.unwrap(np.angle(g)) / (2 * np.pi * freqs) * 1e6

    return WidthCurves(freqs, -db(contra / ipsi), itd_us(contra / ipsi), -db(sphere), itd_us(sphere), db(ipsi), db(contra))


def width_figures(bank: FilterMatrix, rig_file: RigFile) -> WidthFigures:
    """The figures of this module's text."""
    freqs = np.fft.rfftfreq(NFFT, 1 / bank.fs)
    keep = (freqs > 0) & (freqs < min(20000, 0.45 * bank.fs))
    freqs = freqs[keep]
    ipsi, contra = (np.fft.rfft(bank.taps[ear, 0], NFFT)[keep] for ear in (0, 1))
    g, sphere = contra / ipsi, _sphere(rig_file, freqs)
    centres = erb_centres(*BAND_HZ)
    centres = centres[centres < freqs[-1]]
    weight = band_average(freqs, centres)
    ild = power_db(np.abs(sphere) ** 2 @ weight) - power_db(np.abs(g) ** 2 @ weight)
    low = centres < ITD_BELOW_HZ
    itd = np.angle((g * sphere.conj()) @ weight) / (2 * np.pi * centres) * 1e6
    level = power_db(np.abs(ipsi) ** 2 @ weight)
    return WidthFigures(
        ild_error_db=float(np.sqrt(np.mean(ild**2))),
        ild_worst_db=float(np.abs(ild).max()),
        itd_error_us=float(np.sqrt(np.mean(itd[low] ** 2))),
        itd_worst_us=float(np.abs(itd[low]).max()),
        ipsi_flat_db=float(np.std(level)),
    )
