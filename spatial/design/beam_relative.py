"""The centre in relative form: one minimum-phase equaliser, and every driver relative to the reference driver.

    W_n(f) = E(f) R_n(f),  R_n = W_n / W_ref,  R_ref = a pure delay,  E minimum phase

|E| is |W_ref|, corrected by what the finite ratios change at the seat: equal to the absolute form in magnitude, all directions turned by
the same phase. It fits engines that store one equaliser and the ratios. It needs a reference
that is never much quieter than the others: the form is offered where min over f of |W_ref| / rms over drivers of |W| is at least -6 dB,
which compact bodies keep and broadside bars break. Pre-ringing is its price, about -25 dB against -50 of the absolute form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.arrival import delay_s, fit_frequencies
from spatial.acoustics.ear_grid import LOWEST_HZ
from spatial.acoustics.points import seat
from spatial.acoustics.transfer import transfer_matrix
from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Firs, Real
from spatial.base.errors import UsageError
from spatial.base.minimum_phase import minimum_phase_of_log
from spatial.base.units import db, from_db, power_of_two, scaled_samples
from spatial.design.realize import faded, rising, transfer
from spatial.rig.model import RigFile
from spatial.targets.beam_reference import beam_group

TAPS, DELAY = 1024, 384  # of equaliser and ratios, at 48 kHz: with half of them the ratios cannot follow the blend to the reference alone
LEAST_SHARE_DB = -6.0
JUDGED_HZ, POINTS = (150.0, 6500.0), 300
FLOOR_DB = -80.0  # of the equaliser's magnitude, below its largest
FFT_TIMES = 16  # of the taps: cepstra of deep spectra are long
FADE = 1 / 8


@dataclass(frozen=True, eq=False)
class RelativeBeam:
    """The centre as one equaliser and ratios.

    Attributes
    ----------
    reference : int
        Index of the reference driver in the rig.
    equaliser : (n_taps,)
    ratios : (n_taps, drivers)
        The reference's is a pure delay.
    share_db : float
        Least |W_ref| / rms |W| over frequency.
    """

    reference: int
    equaliser: Real
    ratios: Firs
    share_db: float

    def filters(self) -> Firs:
        """The drivers' filters, (taps, drivers)."""
        return np.stack([np.convolve(self.equaliser, ratio) for ratio in self.ratios.T], axis=1)


def share_db(bank: FilterMatrix, rig_file: RigFile) -> float:
    """How loud the reference driver is beside the rms of all, at the frequency where it is quietest, 150 Hz-6.5 kHz.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
    """
    freqs = np.geomspace(*JUDGED_HZ, POINTS)
    w = np.abs(transfer(_effective_taps(bank, rig_file), freqs, bank.fs))
    return float(db(w[:, _reference(rig_file)] / np.sqrt(np.mean(w**2, axis=1))).min())


def relative_beam(bank: FilterMatrix, rig_file: RigFile) -> RelativeBeam:
    """The centre of a bank in relative form.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile

    Raises
    ------
    UsageError
        The reference driver is too quiet for it somewhere.
    """
    share, reference, fs = share_db(bank, rig_file), _reference(rig_file), bank.fs
    if share < LEAST_SHARE_DB:
        name = rig_file.rig.drivers[reference].name
        raise UsageError(
            f"the centre has no relative form: its reference driver '{name}' falls {-share:.1f} dB below the rms of all, "
            f"at most {-LEAST_SHARE_DB:.0f} dB are allowed"
        )
    taps = _effective_taps(bank, rig_file)
    n_taps, delay = scaled_samples(TAPS, fs), scaled_samples(DELAY, fs)
    n_fft = power_of_two(FFT_TIMES * max(n_taps, len(taps)))
    spectrum = np.fft.rfft(taps, n_fft, axis=0)
    own = spectrum[:, reference]
    ratio = spectrum * own.conj()[:, None] / np.maximum(np.abs(own) ** 2, (np.abs(own).max() * from_db(FLOOR_DB)) ** 2)[:, None]
    ratio *= np.exp(-2j * np.pi * np.arange(len(own)) * delay / n_fft)[:, None]
    ratios = np.fft.irfft(ratio, n_fft, axis=0)[:n_taps] * _fades(n_taps)[:, None]
    ratios[:, reference] = 0.0
    ratios[delay, reference] = 1.0
    freqs = np.maximum(np.arange(len(own)) * fs / n_fft, LOWEST_HZ)
    at_seat = transfer_matrix(rig_file.rig, seat(rig_file.scene.listener), freqs, rig_file.scene.medium)[:, 0]
    wanted, made = (np.abs(np.sum(at_seat * w, axis=1)) for w in (spectrum, np.fft.rfft(ratios, n_fft, axis=0)))
    return RelativeBeam(reference, minimum_phase(wanted / np.maximum(made, from_db(FLOOR_DB)), n_taps), ratios, share)


def with_relative_centre(bank: FilterMatrix, rig_file: RigFile) -> FilterMatrix:
    """The bank with its centre in relative form, arriving when it did.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile

    Raises
    ------
    UsageError
        The reference driver is too quiet for it somewhere.
    """
    form, path = relative_beam(bank, rig_file), bank.input_index("center")
    made, freqs = form.filters(), fit_frequencies()
    hardware = _hardware(rig_file)
    before = transfer(_effective_taps(bank, rig_file), freqs, bank.fs)[:, form.reference]
    later = delay_s(freqs, transfer(made, freqs, bank.fs)[:, form.reference] / before) * bank.fs
    first = round(-later)
    taps = np.zeros((len(bank.driver_names), len(bank.input_names), max(bank.n_taps, len(made) + max(first, 0))))
    taps[:, :, : bank.n_taps] = bank.taps
    taps[:, path] = 0.0
    n = min(len(made) + min(first, 0), taps.shape[2] - max(first, 0))
    taps[:, path, max(first, 0) : max(first, 0) + n] = (made[max(-first, 0) : max(-first, 0) + n] / hardware).T
    return bank.replace(taps=taps)


def minimum_phase(magnitude: Real, n_taps: int) -> Real:
    """Minimum-phase taps with a magnitude.

    Parameters
    ----------
    magnitude : (freqs,)
        On the grid of an rfft, 0 Hz to half the rate; held at -80 dB of its largest value at least.
    n_taps : int

    Returns
    -------
    (n_taps,)
        The last eighth fades out.
    """
    n_fft = 2 * (len(magnitude) - 1)
    log_magnitude = np.log(np.maximum(magnitude, magnitude.max() * from_db(FLOOR_DB)))
    taps = np.fft.irfft(minimum_phase_of_log(log_magnitude), n_fft)[:n_taps]
    return np.asarray(faded(taps, 0, int(n_taps * FADE)), float)


def _fades(n_taps: int) -> Real:
    """A window that rises and, mirrored, falls."""
    edge = int(n_taps * FADE)
    rise = rising(edge)
    return np.concatenate([rise, np.ones(n_taps - 2 * edge), rise[::-1]])


def _reference(rig_file: RigFile) -> int:
    return beam_group(rig_file)[0]


def _hardware(rig_file: RigFile) -> Real:
    """Gain and polarity that the drivers' hardware adds; its delay stays in the ratios."""
    return np.array([(-1.0 if d.invert else 1.0) * float(from_db(d.gain_db)) for d in rig_file.rig.drivers])


def _effective_taps(bank: FilterMatrix, rig_file: RigFile) -> Firs:
    order = [bank.driver_names.index(d.name) for d in rig_file.rig.drivers]
    return np.asarray(bank.taps[order, bank.input_index("center")].T * _hardware(rig_file), float)
