"""How well an upmix finds the centre of a mixture whose sources are known.

Instantaneous BSS eval (Vincent, Gribonval & Fevotte 2006): the estimate is split by least squares, with gains only, into its share of
the true centre, of each channel of each other source, and a rest. All figures are scale-free but the leaks, which are gains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.base.arrays import Real, Samples

Floats = Real

TRIM_S = 0.1
"""At both ends, not counted."""

FRAME = 4096
SILENT = 1e-10
"""Power of a source's channel, or of a band, re the loudest below which it does not count."""


@dataclass(frozen=True)
class Mixture:
    """A true centre, which is the same in both channels, and other sources as stereo images.

    Attributes
    ----------
    name : str
    centre : (frames,)
    images : (sources, 2, frames)
    hard : tuple of bool
        Which sources are in one channel only.
    """

    name: str
    centre: Floats
    images: Floats
    hard: tuple[bool, ...]

    @property
    def stereo(self) -> Floats:
        """(2, frames)."""
        return np.asarray(self.centre + self.images.sum(axis=0))


@dataclass(frozen=True)
class Separation:
    """Figures of one upmix of one mixture."""

    sdr_db: float  # true centre over all else in C
    sir_db: float  # true centre over other sources in C
    sar_db: float  # sources over what is none of them in C
    hard_leak_db: float  # gain of the hard-panned source that C holds most of; nan where there is none
    centre_leak_db: float  # gain of the true centre in L', R'
    correlation: float  # of C with L - R, mean magnitude over third octaves
    reconstruction_db: float  # of L' + C - L and R' + C - R, re L and R


def separation(mixture: Mixture, upmixed: Floats, fs: int) -> Separation:
    """Figures of one upmix of a mixture.

    Parameters
    ----------
    mixture : Mixture
    upmixed : (3, frames)
        L', R', C, delay taken out.
    fs : int
    """
    trim = round(TRIM_S * fs)
    keep = slice(trim, mixture.centre.size - trim)
    left_right, sides, centre = mixture.stereo[:, keep], upmixed[:2, keep], upmixed[2, keep]
    sources, owner = [mixture.centre[keep]], [-1]
    for j, image in enumerate(mixture.images[:, :, keep]):
        for channel in image:
            if power(channel) > SILENT * power(image):
                sources.append(channel)
                owner.append(j)
    basis = np.array(sources)
    gains = decompose(basis, centre)
    explained = gains @ basis
    target = (basis[0] @ centre) / (basis[0] @ basis[0]) * basis[0]
    hard = [abs(gain) for gain, j in zip(gains, owner, strict=True) if j >= 0 and mixture.hard[j]]
    in_sides = np.array([decompose(basis, side)[0] for side in sides])
    error = max(power(after + centre - before) for after, before in zip(sides, left_right, strict=True))
    return Separation(
        sdr_db=ratio_db(power(target), power(centre - target)),
        sir_db=ratio_db(power(target), power(explained - target)),
        sar_db=ratio_db(power(explained), power(centre - explained)),
        hard_leak_db=ratio_db(max(hard) ** 2, 1.0) if hard else float("nan"),
        centre_leak_db=ratio_db(float(np.mean(in_sides**2)), 1.0),
        correlation=band_correlation(centre, left_right[0] - left_right[1], fs),
        reconstruction_db=ratio_db(error, max(power(channel) for channel in left_right)),
    )


def decompose(basis: Floats, x: Floats) -> Floats:
    """Gains of rows in a signal, by least squares; 1e-9 of their mean power keeps equal rows apart.

    Parameters
    ----------
    basis : (sources, frames)
    x : (frames,)

    Returns
    -------
    (sources,)
    """
    gram = basis @ basis.T
    return np.linalg.solve(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)), basis @ x)


def band_correlation(x: Floats, y: Floats, fs: int) -> float:
    """Mean over third octaves from 125 Hz to 16 kHz of the magnitude of the correlation coefficient; silent bands are left out.

    Parameters
    ----------
    x, y : (frames,)
    fs : int
    """
    f = np.fft.rfftfreq(FRAME, 1 / fs)
    a, b = (np.fft.rfft(np.lib.stride_tricks.sliding_window_view(s, FRAME)[:: FRAME // 2] * np.hanning(FRAME)) for s in (x, y))
    all_a, all_b = power(a), power(b)
    found = []
    for centre_hz in 1000 * 2 ** (np.arange(-9, 13) / 3):
        band = (f >= centre_hz * 2 ** (-1 / 6)) & (f < centre_hz * 2 ** (1 / 6))
        if not band.any():
            continue
        of_a, of_b = (float((np.abs(spectra[:, band]) ** 2).sum()) for spectra in (a, b))
        if of_a > SILENT * all_a * a.size and of_b > SILENT * all_b * b.size:
            found.append(abs(float((a[:, band] * b[:, band].conj()).real.sum())) / np.sqrt(of_a * of_b))
    return float(np.mean(found)) if found else 0.0


def power(x: Samples) -> float:
    """Mean square magnitude.

    Parameters
    ----------
    x : array of any shape
    """
    return float(np.mean(np.abs(x) ** 2))


def ratio_db(a: float, b: float) -> float:
    """10 log10 a/b, within +-300 dB.

    Parameters
    ----------
    a, b : float
        >= 0.
    """
    return float(10 * np.log10((a + 1e-30) / (b + 1e-30)))
