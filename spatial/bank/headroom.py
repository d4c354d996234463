"""Headroom of a bank from its filters alone: how loud a driver's feed can become, before anything plays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Complex, Spectrum
from spatial.base.units import REFERENCE_FS, db

SEED = 1770
DRAWS = 4  # noises whose figures are averaged
DRAW_FRAMES_AT_48K = 65536
PINK_HZ = (20.0, 20000.0)
MUSIC_CORRELATION = 0.7  # of left and right in a programme that is like music
OVERSAMPLING = 4  # of the true peak
CANDIDATES_DB = 3.0  # feeds whose sample peak is further below the largest cannot have the largest true peak


@dataclass(frozen=True)
class Headroom:
    """Levels of the loudest feed, in dB over the input.

    Attributes
    ----------
    l1_db : dict, driver -> dB
        L1 norm of a driver's filters: no input with |L'|, |R'|, |C| <= 1 drives it higher.
    programmes_db : dict, programme -> dB
        True peak of the loudest driver over the true peak of the input, for pink noise: "music" (left and right with correlation
        0.7, through the static upmix matrix), "mono" (centre only), "one_side" (the worse of left alone and right alone),
        "decorrelated", "antiphase". Without a centre input left and right go in as they are.
    """

    l1_db: dict[str, float]
    programmes_db: dict[str, float]

    @property
    def gain_db(self) -> float:
        """-max(0, music, mono); what other programmes need beyond that is left to the limiter."""
        return min(0.0, -self.programmes_db["music"], -self.programmes_db["mono"])

    @property
    def limiter_db(self) -> float:
        """What the limiter takes at that gain from the worst of the programmes, if their input reaches full scale."""
        return max(0.0, self.gain_db + max(self.programmes_db.values()))


def predict_headroom(bank: FilterMatrix) -> Headroom:
    """Predict how far a bank's feeds rise above its input; deterministic.

    Parameters
    ----------
    bank : FilterMatrix
        Inputs other than left, right and center are passed over.

    Returns
    -------
    Headroom
        Its ``gain_db`` is the gain that keeps music-like and mono programmes where they were.
    """
    frames = 2 ** round(np.log2(DRAW_FRAMES_AT_48K * bank.fs / REFERENCE_FS))
    filters = np.fft.rfft(bank.taps, max(frames, _power_of_two_from(bank.n_taps)), axis=2)
    n = 2 * (filters.shape[2] - 1)
    rng = np.random.default_rng(SEED)
    draws: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        for name, level_db in _one_draw(bank, filters, _pink(rng, n, bank.fs), _pink(rng, n, bank.fs)).items():
            draws.setdefault(name, []).append(level_db)
    mean = {name: float(np.mean(levels)) for name, levels in draws.items()}
    mean["one_side"] = max(mean.pop("left_alone"), mean.pop("right_alone"))
    l1 = db(np.abs(bank.taps).sum(axis=(1, 2)))
    return Headroom(dict(zip(bank.driver_names, l1.tolist(), strict=True)), mean)


def _one_draw(bank: FilterMatrix, filters: Complex, x: Spectrum, y: Spectrum) -> dict[str, float]:
    """Peak ratio in dB of every programme, from the spectra of two independent noises."""
    silence = np.zeros_like(x)
    second = MUSIC_CORRELATION * x + np.sqrt(1 - MUSIC_CORRELATION**2) * y
    programmes = {
        "music": _static_upmix(bank, x, second),
        "mono": _static_upmix(bank, x, x),
        "left_alone": {"left": x, "right": silence},
        "right_alone": {"left": silence, "right": x},
        "decorrelated": {"left": x, "right": y},
        "antiphase": {"left": x, "right": -x},
    }
    inputs = {"music": (x, second), "decorrelated": (x, y)}
    levels = {}
    for name, paths in programmes.items():
        feeds = sum(filters[:, bank.input_index(path)] * spectrum for path, spectrum in paths.items() if path in bank.input_names)
        levels[name] = float(db(true_peak(np.atleast_2d(feeds)) / true_peak(np.stack(inputs.get(name, (x,))))))
    return levels


def _static_upmix(bank: FilterMatrix, left: Spectrum, right: Spectrum) -> dict[str, Spectrum]:
    """C = (L + R)/2, L' = L - C, R' = R - C, where there is a centre."""
    if "center" not in bank.input_names:
        return {"left": left, "right": right}
    center = 0.5 * (left + right)
    return {"left": left - center, "right": right - center, "center": center}


def _pink(rng: np.random.Generator, n: int, fs: float) -> Spectrum:
    """Spectrum of periodic pink noise of n frames: 1/f in power over PINK_HZ, random phases."""
    freqs = np.fft.rfftfreq(n, 1 / fs)
    inside = (freqs >= PINK_HZ[0]) & (freqs <= PINK_HZ[1]) & (freqs < fs / 2)
    spectrum = np.zeros(len(freqs), complex)
    spectrum[inside] = np.exp(2j * np.pi * rng.random(int(inside.sum()))) / np.sqrt(freqs[inside])
    return spectrum


def true_peak(spectra: Complex) -> float:
    """Largest magnitude of periodic signals, between the samples as well.

    Parameters
    ----------
    spectra : (signals, bins) complex
        As ``np.fft.rfft`` gives them of an even number of frames.
    """
    n = 2 * (spectra.shape[1] - 1)
    peaks = np.abs(np.fft.irfft(spectra, n, axis=1)).max(axis=1)
    near = peaks >= peaks.max() * 10 ** (-CANDIDATES_DB / 20)
    return OVERSAMPLING * float(np.abs(np.fft.irfft(spectra[near], OVERSAMPLING * n, axis=1)).max())


def _power_of_two_from(n: int) -> int:
    return 1 << (n - 1).bit_length()
