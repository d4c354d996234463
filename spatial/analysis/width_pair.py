"""Headphones: the width pair of a bank against the exact sphere, and the colour it gives to what is heard.

Bands are 4th-order gammatone powers, 1.019 ERB wide, centres 1 ERB apart, 100 Hz-16 kHz (Glasberg and Moore 1990; Patterson et al. 1987).
ITD is the interaural phase delay of a band, below 1.5 kHz. Colour is the spread over the bands of the power at one ear (|I|^2), of hard-
panned sound (|I|^2 + |C|^2) and of the phantom centre (|I + C|^2); centre less hard is 0 dB where the two have one colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.head import relative_response, sphere_series
from spatial.acoustics.hearing import band_average, erb_centres
from spatial.analysis.binaural_cues import rms
from spatial.analysis.study import Study
from spatial.base.arrays import Freqs, Levels, Real, Spectrum
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.fir_response import fir_response
from spatial.base.units import db, power_db
from spatial.rig.model import RigFile

BAND_HZ = (100.0, 16000.0)
HIGHEST_HZ, HIGHEST_SHARE = 20000.0, 0.49  # of the rate, where that is less
ITD_BELOW_HZ, LOW_HZ = 1500.0, 800.0
NFFT = 1 << 15


@dataclass(frozen=True, eq=False)
class WidthCurves:
    """The pair over frequency.

    Attributes
    ----------
    freqs : (freqs,) Hz
    ild_db, itd_us : (freqs,)
        Differences of the ears that the bank's left input makes.
    sphere_ild_db, sphere_itd_us : (freqs,)
        Those of the sphere.
    ipsi_db, contra_db : (freqs,)
        Levels of the filters.
    """

    freqs: Freqs
    ild_db: Levels
    itd_us: Real
    sphere_ild_db: Levels
    sphere_itd_us: Real
    ipsi_db: Levels
    contra_db: Levels


@dataclass(frozen=True)
class WidthFigures:
    """Errors against the sphere over ERB bands (itd_low_error_us: below 800 Hz), and colour: rms off flat, centre less hard in dB."""

    ild_error_db: float = figure("against the sphere, rms over ERB bands", LOWER)
    ild_worst_db: float = figure("the same in the worst band", LOWER)
    itd_error_us: float = figure("against the sphere, rms over ERB bands below 1.5 kHz", LOWER)
    itd_worst_us: float = figure("the same in the worst band", LOWER)
    itd_low_error_us: float = figure("the same below 800 Hz", LOWER)
    ipsi_flat_db: float = figure("near ear off flat, rms", LOWER)
    hard_flat_db: float = figure("hard-panned sound off flat, rms over ERB bands", LOWER)
    centre_flat_db: float = figure("phantom centre off flat, rms over ERB bands", LOWER)
    centre_less_hard_db: float = figure("colour between phantom centre and hard-panned sound, rms", LOWER)
    centre_least_db: float = figure("phantom centre less hard-panned sound in the band that loses most", HIGHER)


def width_curves(study: Study, freqs: Freqs) -> WidthCurves:
    """Curves of the bank's left input and of the sphere.

    Parameters
    ----------
    study : Study
    freqs : (freqs,) Hz
        Rising, above 0.
    """
    bank, rig_file = study.bank, study.rig_file
    ipsi, contra = fir_response(bank.taps[:2, 0].T, freqs, bank.fs).T
    pair, scene = rig_file.scene.virtual_pair, rig_file.scene
    sphere = relative_response(freqs, pair.angle_deg, pair.distance_m, scene.listener.head_radius_m, scene.medium.c)

    def itd_us(g: Spectrum) -> Real:
        return -np.unwrap(np.angle(g)) / (2 * np.pi * freqs) * 1e6

    return WidthCurves(freqs, -db(contra / ipsi), itd_us(contra / ipsi), -db(sphere), itd_us(sphere), db(ipsi), db(contra))


def width_figures(study: Study) -> WidthFigures:
    """The figures of this module's text, for the bank's left input."""
    bank, rig_file = study.bank, study.rig_file
    freqs = np.asarray(np.fft.rfftfreq(NFFT, 1 / bank.fs), float)
    keep = (freqs > 0) & (freqs < min(HIGHEST_HZ, HIGHEST_SHARE * bank.fs))
    freqs = freqs[keep]
    ipsi, contra = (np.fft.rfft(bank.taps[ear, 0], NFFT)[keep] for ear in (0, 1))
    near, far = _sphere_ears(rig_file, freqs)
    centres = erb_centres(*BAND_HZ)
    centres = centres[centres < freqs[-1]]
    weight = band_average(freqs, centres)

    def level_db(spectrum: Spectrum) -> Levels:
        return power_db(np.abs(spectrum) ** 2 @ weight)

    ild = level_db(ipsi) - level_db(contra) - level_db(near) + level_db(far)
    turned = ipsi * contra.conj() * np.exp(1j * np.angle(near.conj() * far))  # the sphere's own phase taken out: nothing wraps
    itd = np.angle(turned @ weight) / (2 * np.pi * centres) * 1e6
    itd_low = itd[centres < ITD_BELOW_HZ]
    hard, centre = power_db((np.abs(ipsi) ** 2 + np.abs(contra) ** 2) @ weight), level_db(ipsi + contra)
    return WidthFigures(
        ild_error_db=float(rms(ild)),
        ild_worst_db=float(np.abs(ild).max()),
        itd_error_us=float(rms(itd_low)),
        itd_worst_us=float(np.abs(itd_low).max()),
        itd_low_error_us=float(rms(itd[centres < LOW_HZ])),
        ipsi_flat_db=float(np.std(level_db(ipsi))),
        hard_flat_db=float(np.std(hard)),
        centre_flat_db=float(np.std(centre)),
        centre_less_hard_db=float(rms(centre - hard)),
        centre_least_db=float((centre - hard).min()),
    )


def _sphere_ears(rig_file: RigFile, freqs: Freqs) -> tuple[Spectrum, Spectrum]:
    """Ipsilateral and contralateral response (freqs,) of the sphere at the virtual pair's place."""
    scene = rig_file.scene
    pair, radius_m = scene.virtual_pair, scene.listener.head_radius_m
    sine = np.sin(np.deg2rad(pair.angle_deg))
    ears = sphere_series(2 * np.pi * freqs * radius_m / scene.medium.c, [pair.distance_m / radius_m], [[sine, -sine]])[:, 0]
    return ears[:, 0], ears[:, 1]
