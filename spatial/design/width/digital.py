"""The pair as digital filters: second-order sections that are stable and of minimum phase by construction.

The bilinear transform maps s to the unit circle and stability with it, but bends frequency: zeros above half the rate have no place. So
the sections are fitted anew in the bent coordinate, to the logarithm of the analog response up to 20 kHz, with ln f and ln q as
coordinates; whatever the fit ends at is stable. What phase an infinite band would add is taken up by a few microseconds of delay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spatial.acoustics.hearing import erb_rate, erb_rate_hz
from spatial.base.arrays import Complex, Freqs, Real, Spectrum
from spatial.base.blas_threads import one_blas_thread
from spatial.design.width.levenberg import levenberg
from spatial.targets.width.sections import HeadSections, log_relative

FIT_HZ, FIT_SHARE, FIT_FREQS = (20.0, 20000.0), 0.45, 220  # share of the rate, where that is less
TOLERATED_DB, TOLERATED_US = 0.1, 1.0
F_RANGE, Q_RANGE = (0.02, 3000.0), (0.02, 50.0)
DELAY_MOVES = 0.3  # a/c
ROUNDS = 300
SMALLEST_DELAY = 1e-6  # samples; an all-pass of less is left out

POWERS = (
    np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    np.array([[1, 1, 0], [1, -1, 0], [0, 0, 0]]),
    np.array([[1, 2, 1], [1, 0, -1], [1, -2, 1]]),
)
"""By order: rows are (1 - z^-1)^k (1 + z^-1)^(order - k), what s^k becomes."""

Section = tuple[Real, Real]
"""Numerator and denominator in rising powers of s, three coefficients each."""


@dataclass(frozen=True, eq=False)
class DigitalPair:
    """Ipsilateral and contralateral filter at one rate, as sections in s = (1/kappa) (z - 1)/(z + 1) with kappa = pi unit_hz/fs.

    Attributes
    ----------
    ipsi, contra : tuple of Section
    gain : float
        Of the contralateral ear at 0 Hz.
    delay_samples : float
        What it is later by, beside its sections.
    kappa : float
    fs : float
    """

    ipsi: tuple[Section, ...]
    contra: tuple[Section, ...]
    gain: float
    delay_samples: float
    kappa: float
    fs: float

    def sos(self, ear: str) -> Real:
        """Second-order sections of an ear, as scipy.signal.sosfilt takes them; without the delay.

        Parameters
        ----------
        ear : "ipsi" or "contra"

        Returns
        -------
        (n, 6)
        """
        sections = self.ipsi if ear == "ipsi" else self.contra
        rows = np.array([np.concatenate(_bilinear(b, a, self.kappa)) for b, a in sections]).reshape(-1, 6)
        rows = rows / rows[:, 3:4] if len(rows) else np.array([[1.0, 0, 0, 1.0, 0, 0]])
        rows[0, :3] *= 1.0 if ear == "ipsi" else self.gain
        return rows

    def response(self, ear: str, freqs: Freqs) -> Spectrum:
        """Spectrum of an ear's filter, with its delay.

        Parameters
        ----------
        ear : "ipsi" or "contra"
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs,) complex
        """
        back = np.exp(-2j * np.pi * freqs / self.fs)
        powers = np.stack([np.ones_like(back), back, back**2])
        rows = self.sos(ear)
        value = np.prod((rows[:, :3] @ powers) / (rows[:, 3:] @ powers), axis=0)
        return np.asarray(value * (1 if ear == "ipsi" else np.exp(-2j * np.pi * freqs / self.fs * self.delay_samples)))

    def poles(self) -> Complex:
        """Every pole of both ears in the z plane."""
        rows = np.concatenate([self.sos("ipsi"), self.sos("contra")])
        return np.concatenate([np.roots(row[3:]) for row in rows])


def digital_pair(head: HeadSections, fs: float) -> DigitalPair:
    """Digital sections for a head's pair.

    Parameters
    ----------
    head : HeadSections
    fs : float
        Sample rate, Hz.
    """
    fitted = _refit(head, fs)
    layout, p = fitted.layout, fitted.coordinates
    kappa = np.pi * head.unit_hz / fs
    smallest = SMALLEST_DELAY * 2 * kappa  # a/c
    delays = p[2 : layout.linear]
    ipsi = [_all_pass(d) for d in delays[: layout.ipsi] if d > smallest]
    contra = [_all_pass(d) for d in delays[layout.ipsi :] if d > smallest]
    shape = np.exp(p[layout.linear :])
    split = 4 * layout.biquads
    contra += [(_quadratic(fz, qz), _quadratic(fp, qp)) for fz, qz, fp, qp in shape[:split].reshape(-1, 4)]
    contra += [(np.array([1, 1 / fz, 0]), np.array([1, 1 / fp, 0])) for fz, fp in shape[split:].reshape(-1, 2)]
    return DigitalPair(tuple(ipsi), tuple(contra), float(np.exp(p[1])), fitted.delay_s * fs, kappa, fs)


def _quadratic(f: float, q: float) -> Real:
    return np.array([1, 1 / (q * f), f**-2])


def _all_pass(delay: float) -> Section:
    return np.array([1, -delay / 2, 0]), np.array([1, delay / 2, 0])


def _bilinear(b: Real, a: Real, kappa: float) -> Section:
    """Numerator and denominator in z^0, z^-1, z^-2 of a section in s, both times (1 + z^-1)^order."""
    order = int(np.flatnonzero((b != 0) | (a != 0))[-1])
    powers = POWERS[order] / kappa ** np.arange(3)[:, None]
    return b @ powers, a @ powers


def _refit(head: HeadSections, fs: float) -> HeadSections:
    """The head's sections with coordinates for the bent frequency axis."""
    layout = head.layout
    top = min(FIT_HZ[1], FIT_SHARE * fs)
    freqs = erb_rate_hz(np.linspace(erb_rate(FIT_HZ[0]), erb_rate(top), FIT_FREQS))
    kappa = np.pi * head.unit_hz / fs
    x, bent = freqs / head.unit_hz, np.tan(np.pi * freqs / fs) / kappa
    wanted = log_relative(layout, head.coordinates, x)[0]
    to_us = 1e6 / (2 * np.pi * freqs) / TOLERATED_US
    to_db = 20 / np.log(10) / TOLERATED_DB
    low, high = head.coordinates.copy(), head.coordinates.copy()  # the gain stays
    delays = slice(2, layout.linear) if layout.ipsi else slice(0, 1)
    low[delays], high[delays] = np.maximum(low[delays] - DELAY_MOVES, 0.0), high[delays] + DELAY_MOVES
    limits = np.log([F_RANGE, Q_RANGE, F_RANGE, Q_RANGE] * layout.biquads + [F_RANGE, F_RANGE] * layout.shelves)
    low[layout.linear :], high[layout.linear :] = limits.T

    def evaluate(p: Real) -> tuple[float, Real, Real]:
        found, slopes = log_relative(layout, p, bent, x)
        error = found - wanted
        r = np.concatenate([error.real * to_db, error.imag * to_us])
        j = np.concatenate([slopes.real * to_db, slopes.imag * to_us[:, None]])
        return float(r @ r), j.T @ j, j.T @ r

    start = np.clip(_prewarped(head, kappa), low, high)
    with one_blas_thread():
        return replace(head, coordinates=levenberg(evaluate, start, low, high, ROUNDS))


def _prewarped(head: HeadSections, kappa: float) -> Real:
    """Coordinates at which every frequency below half the rate is where it was; those above stay as they are."""
    p = head.coordinates.copy()
    layout = head.layout
    kinds = ["f", "q", "f", "q"] * layout.biquads + ["f", "f"] * layout.shelves
    for i, kind in enumerate(kinds, start=layout.linear):
        if kind == "f" and kappa * np.exp(p[i]) < 0.45 * np.pi:
            p[i] = np.log(np.tan(kappa * np.exp(p[i])) / kappa)
    return p
