"""A side in relative form: one equaliser for the reference driver, and every other driver relative to it.

The form of relative transfer functions: the listener's tone sits in the equaliser alone, the ratios only steer. For two drivers
the ratio of a target cancellation is w_2/w_1 = -alpha h_c1/h_c2, with alpha in [0, 1] from a quadratic; for more, the ratios of any
design. Equal in sound to the filters they are made from, up to a stated error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.base.arrays import AtPoint, Firs, Levels, Real
from spatial.base.units import power_db, power_of_two
from spatial.design.realize import fit_firs

RATIO_LOADING = 1e-7  # of the equaliser's mean power: what keeps ratios finite where the reference is nearly silent


@dataclass(frozen=True, eq=False)
class RelativeForm:
    """Filters of a side as one equaliser and ratios.

    Attributes
    ----------
    reference : int
        Index of the reference driver.
    equaliser : (n_taps,)
        The reference driver's filter.
    ratios : (ratio taps, drivers)
        Convolved with the equaliser they give the drivers' filters, delay samples later; the reference's ratio is that delay alone.
    delay : int
        Samples.
    error_db : float
        Energy of what is different, over all of it.
    """

    reference: int
    equaliser: Real
    ratios: Firs
    delay: int
    error_db: float

    def filters(self) -> Firs:
        """The drivers' filters again, delay samples later: (taps, drivers)."""
        return np.stack([np.convolve(self.equaliser, ratio) for ratio in self.ratios.T], axis=1)


def two_driver_share(h_ipsi: AtPoint, h_contra: AtPoint, target_db: Levels) -> Real:
    """Share alpha of w_2/w_1 = -alpha h_c1/h_c2 that makes a separation with two drivers, driver 1 the reference.

    With K = t^2 |g|^2, g = h_c1/h_i1 and q = h_c1 h_i2/(h_c2 h_i1), the separation t asks for |1 - alpha q|^2 = K (1 - alpha)^2.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, 2) complex
    target_db : (freqs,) float
        20 log10 t.

    Returns
    -------
    (freqs,)
        0 to 1; 0 where the reference alone separates as much.
    """
    g, q = h_contra[:, 0] / h_ipsi[:, 0], h_contra[:, 0] * h_ipsi[:, 1] / (h_contra[:, 1] * h_ipsi[:, 0])
    K = 10 ** (target_db / 10) * np.abs(g) ** 2
    a, b, c = np.abs(q) ** 2 - K, -2 * (q.real - K), 1 - K
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    # both roots without cancellation; the smaller one inside [0, 1] steers least
    stable = -0.5 * (b + np.where(b >= 0, 1, -1) * root)
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.stack([stable / a, c / stable])
    roots = np.where((roots >= -1e-9) & (roots <= 1 + 1e-9), roots, np.inf)
    alpha = roots.min(axis=0)
    return np.where((K <= 1) | ~np.isfinite(alpha), 0.0, np.clip(alpha, 0, 1))


def relative_form(taps: Firs, reference: int, n_ratio_taps: int, delay: int) -> RelativeForm:
    """Relative form of filters.

    Parameters
    ----------
    taps : (n_taps, drivers)
    reference : int
        Index of the reference driver.
    n_ratio_taps : int
    delay : int
        Modelling delay of the ratios, samples, below n_ratio_taps.
    """
    n_fft = power_of_two(2 * (len(taps) + n_ratio_taps))
    spectrum = np.fft.rfft(taps, n_fft, axis=0)
    equaliser = spectrum[:, reference]
    late = np.exp(-2j * np.pi * np.arange(len(spectrum)) * delay / n_fft)
    power = float(np.mean(np.abs(equaliser) ** 2))
    ones, nothing = np.ones((len(spectrum), 1)), np.zeros((len(spectrum), 1))
    ratios = np.zeros((n_ratio_taps, taps.shape[1]))
    ratios[delay, reference] = 1.0
    for n in range(taps.shape[1]):
        if n != reference:
            wanted = (spectrum[:, n] * late)[:, None]
            ratios[:, n] = fit_firs(equaliser[:, None, None], wanted, ones, nothing, RATIO_LOADING * power * ones, n_ratio_taps)[:, 0]
    form = RelativeForm(reference, taps[:, reference].copy(), ratios, delay, 0.0)
    made = form.filters()
    late_taps = np.zeros_like(made)
    late_taps[delay : delay + len(taps)] = taps
    error = float(power_db(np.sum((made - late_taps) ** 2) / np.sum(taps**2)))
    return RelativeForm(reference, form.equaliser, ratios, delay, error)
