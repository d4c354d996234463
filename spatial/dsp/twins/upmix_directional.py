"""Upmix by directional variances: which of a few pan directions holds how much power, bin by bin.

The smoothed covariance of M = (L + R)/2 and S = (L - R)/2 is modelled as a sum of variances v_k >= 0 of sources in seven pan
directions (0 = centre, -45 = hard right, +45 = hard left, every 15 degrees in the M/S plane), in the two quadrature directions M +- jS,
and of one diffuse source. C is the Wiener estimate of what comes from the centre direction. The local Gaussian model is that of Duong,
Vincent & Gribonval (2010), here with fixed directions.

A Hermitian 2 x 2 matrix is written by its Stokes parameters, trace t and vector s in three dimensions::

    [[<MM>, <MS*>], [<SM*>, <SS>]] = 1/2 (t + s . sigma),   t = <MM> + <SS>,   s = (<MM> - <SS>, 2 Re<MS*>, -2 Im<MS*>)

A pan direction of phi degrees is t = 1, s = u = (cos 2 phi, sin 2 phi, 0), quadrature u = (0, 0, -+1), diffuse u = 0. With the model
(t, s) = sum of v_k (1, u_k), regularised, and the measured (p, f), the multiplicative update of maximum likelihood::

    v_k *= (d_k^H Q d_k) / (d_k^H Sigma^-1 d_k),   Q = Sigma^-1 Phi Sigma^-1

becomes, by multiplying it out, a few scalar products::

    v_k *= 2 (t p - s . f)/(t t - s . s) - (p - u_k . f)/(t - u_k . s)

and the Wiener estimate C = 2 v_0/(t t - s . s) ((t - s_x) M - (s_y - j s_z) S).

The model also says how wrong it expects to be: the variance that the Wiener estimate leaves is v_0 (1 - g), g what it takes of M. Music in
which everything sounds everywhere leaves so much that C would gurgle. There a balance of L and R, which cannot, takes a share of C
(``Guard``). csrc/upmix_model.c and csrc/upmix_lanes.h compute the same.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Complex, Indices, Real
from spatial.dsp.constants import real, whole
from spatial.dsp.twins.upmix_frames import FrameUpmix, power, recursive_means, smooth, smoothing_bands

PAN_DEG = np.arange(-45.0, 46.0, 15.0)
DIRECTIONS = np.concatenate(
    [
        np.stack([np.cos(np.radians(2 * PAN_DEG)), np.sin(np.radians(2 * PAN_DEG)), 0 * PAN_DEG], axis=1),
        [[0, 0, 1], [0, 0, -1], [0, 0, 0]],
    ]
)
"""u_k, (10, 3)."""

CENTRE = int(np.argmin(np.abs(PAN_DEG)))
"""Which of them is the centre."""

MEAN_S = real("SP_DIRECTIONAL_MEAN_S")
"""Time constant of the covariance."""

SMOOTHING_ERB = real("SP_DIRECTIONAL_SMOOTHING_ERB")
"""Half-width of its mean over frequency, in equivalent rectangular bandwidths."""

VARIANCES_S = real("SP_DIRECTIONAL_VARIANCES_S")
"""Time constant with which the variances of the last frame fade into the prior."""

UPDATES = whole("SP_DIRECTIONAL_UPDATES")
"""Of the variances in a frame. A third separates a little more and adds artefacts."""

REGULARISATION = real("SP_DIRECTIONAL_REGULARISATION")
"""Of a bin's power, added to both diagonal elements of the model."""

SHARES_S = real("SP_DIRECTIONAL_SHARES_S")
"""Time constant of the shares that the directions have in an ERB band."""

GLOBAL_WEIGHT = real("SP_DIRECTIONAL_GLOBAL_WEIGHT")
"""Exponent of the mean share of all bands in the prior; 1 minus it is that of the band's own."""

SHARPENING = real("SP_DIRECTIONAL_SHARPENING")
"""Exponent of both."""

CENTRE_AT_START, CENTRE_AT_LEAST = real("SP_DIRECTIONAL_CENTRE_AT_START"), real("SP_DIRECTIONAL_CENTRE_AT_LEAST")
SHARE_AT_LEAST = real("SP_DIRECTIONAL_SHARE_AT_LEAST")

DEAD_ZONE = real("SP_DIRECTIONAL_DEAD_ZONE")
"""Share of S in a bin's power below which C is M; up to ten times as much the two estimates are blended."""

GUARD_DB = {2.7: real("SP_GUARD_SHORT_DB"), 21.0: real("SP_GUARD_DB"), 85.0: real("SP_GUARD_LONG_DB")}
"""Latency in ms -> how far below C the expected error is kept."""

GUARD_S = real("SP_GUARD_S")
"""Time constant of the expected error."""


class DirectionalUpmix(FrameUpmix):
    """See the module.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    latency_ms : float
        2.7, 21 or 85.
    strength : float
        Scales C, 0 to 1.
    """

    def __init__(self, fs: int, latency_ms: float = 21.0, strength: float = 1.0) -> None:
        super().__init__(fs, latency_ms, strength)
        f_hz = (np.arange(self.n // 2) + 0.5) * fs / self.n
        self._smoothing = smoothing_bands(f_hz, SMOOTHING_ERB)
        self._model = DirectionalModel(*erb_bands(f_hz), self.hop / fs, self.floor)
        self._guard = Guard(GUARD_DB[latency_ms], self.hop / fs)
        self._keep_means = float(np.exp(-self.hop / fs / MEAN_S))
        self.reset()

    def reset_estimate(self) -> None:
        """Forget all frames."""
        self._means = np.zeros((4, self.n // 2))  # Stokes parameters: t, s
        self._model.reset()
        self._guard.reset()

    def centre_frames(self, mid: Real, side: Real) -> Real:
        """As ``FrameUpmix.centre_frames``."""
        mid_bins, side_bins = self.odd_spectra(mid), self.odd_spectra(side)
        stokes = np.empty((len(mid), 4, self.n // 2))
        stokes[:, 0] = power(mid_bins) + power(side_bins)
        stokes[:, 1] = power(mid_bins) - power(side_bins)
        stokes[:, 2] = 2 * (mid_bins.real * side_bins.real + mid_bins.imag * side_bins.imag)
        stokes[:, 3] = 2 * (mid_bins.real * side_bins.imag - mid_bins.imag * side_bins.real)
        self._means = recursive_means(self._means, stokes, self._keep_means)
        centre = np.stack([self._centre(*frame) for frame in zip(smooth(stokes, *self._smoothing), mid_bins, side_bins, strict=True)])
        return self.odd_frames(centre)

    def _centre(self, stokes: Real, mid: Complex, side: Complex) -> Complex:
        """C in one frame (bins,) of M and S with their mean Stokes parameters (4, bins)."""
        gains = self._model.gains(stokes)
        steadied = self._guard.steadied(gains)
        self._guard.learn(self._model.centre_variances, gains[0], stokes)
        of_mid, of_side_re, of_side_im = with_dead_zone(steadied, power(mid), power(side))
        centre = np.empty_like(mid)
        centre.real = of_mid * mid.real - (of_side_re * side.real + of_side_im * side.imag)
        centre.imag = of_mid * mid.imag - (of_side_re * side.imag - of_side_im * side.real)
        return centre


class DirectionalModel:
    """The variances of all directions in all bins, carried from step to step, and the gains of the Wiener estimate.

    Parameters
    ----------
    band_start : (bands,) int
        First bin of each band.
    band : (bins,) int
        Each bin's band.
    step_s : float
        Time from one call of ``gains`` to the next.
    floor : float
        Power below which a bin is silent.
    prior_steps : int
        Calls after which the prior follows the shares.
    """

    def __init__(self, band_start: Indices, band: Indices, step_s: float, floor: float, prior_steps: int = 1) -> None:
        self._band_start, self._band, self._floor, self._prior_steps = band_start, band, floor, prior_steps
        self._keep_variances, self._keep_shares = np.exp(-step_s / np.array([VARIANCES_S, SHARES_S]))
        self.reset()

    def reset(self) -> None:
        """Forget all steps."""
        self._variances = np.zeros((len(DIRECTIONS), len(self._band)))
        self._shares = np.full((len(DIRECTIONS), len(self._band_start)), (1 - CENTRE_AT_START) / (len(DIRECTIONS) - 1))
        self._shares[CENTRE] = CENTRE_AT_START
        self._step = 0

    @property
    def centre_variances(self) -> Real:
        """Of the last step, (bins,)."""
        variances: Real = self._variances[CENTRE]
        return variances

    def gains(self, stokes: Real) -> tuple[Real, Real, Real]:
        """What C takes of M, of -S and of jS; 0 where there is silence.

        Parameters
        ----------
        stokes : (4, bins) float
            Mean Stokes parameters t and s of the step.
        """
        p = stokes[0]
        sounding = p > self._floor
        p_inverse = np.where(sounding, 1 / np.maximum(p, self._floor), 0)
        f = stokes[1:] * p_inverse  # in units of the bin's power from here on
        if self._step % self._prior_steps == 0:
            self._prior = self._expected()[:, self._band]
        self._step += 1
        v = (self._keep_variances * p_inverse) * self._variances + (1 - self._keep_variances) * self._prior
        for _ in range(UPDATES):
            t, s, determinant = model(v)
            likeness = 2 * (t - dot(s, f)) / determinant
            for k, u in enumerate(DIRECTIONS):
                v[k] *= np.maximum(likeness - (1 - dot(u, f)) / (t - dot(u, s)), 0)
        t, s, determinant = model(v)
        gain = np.where(sounding, 2 * v[CENTRE] / determinant, 0)
        self._variances = np.where(sounding, v * p, 0)
        self._learn(v, np.where(sounding, np.sqrt(p), 0))
        return gain * (t - s[0]), gain * s[1], gain * s[2]

    def _expected(self) -> Real:
        """Shares that the directions are expected to have in each band, (directions, bands)."""
        everywhere = self._shares.mean(axis=1, keepdims=True)
        prior = (self._shares ** (1 - GLOBAL_WEIGHT) * everywhere**GLOBAL_WEIGHT) ** SHARPENING
        expected: Real = prior / prior.sum(axis=0)
        return expected

    def _learn(self, v: Real, amplitude: Real) -> None:
        """The bands' shares from the variances of a step, weighted by amplitude."""
        shares = np.add.reduceat(v * (amplitude / v.sum(axis=0)), self._band_start, axis=1)
        total = shares.sum(axis=0)
        sounding = total > 0
        new = self._keep_shares * self._shares + (1 - self._keep_shares) * shares / np.where(sounding, total, 1)
        new[CENTRE] = np.maximum(new[CENTRE], CENTRE_AT_LEAST)
        new = np.maximum(new / new.sum(axis=0), SHARE_AT_LEAST)
        self._shares = np.where(sounding, new, self._shares)


class Guard:
    """Holds the expected error of C, its artefacts, below C and below the input: how much of C has to be steady.

    With the error's variance e, that of the centre v_0 and the input's power p, summed over all bins and averaged over a second, the
    estimate's share of C is lowered to the larger of sqrt(v_0/(e G)), which leaves the error G times below the centre, and (p/(e G))^2:
    an error that far below the input is left alone, since nobody hears it, however little there is in the centre.

    The rest is M - w S, with w = <MS>/<SS> over the whole spectrum, within +-1: a balance of L and R that is not correlated with S.

    Parameters
    ----------
    guard_db : float
        10 log10 G.
    step_s : float
        Time from one call of ``learn`` to the next.
    """

    def __init__(self, guard_db: float, step_s: float) -> None:
        self._guard = 10 ** (guard_db / 10)
        self._keep = float(np.exp(-step_s / GUARD_S))
        self.reset()

    def reset(self) -> None:
        """Nothing is expected."""
        self._centre = self._error = self._input = self._side = self._cross = 0.0

    @property
    def steady(self) -> float:
        """Share of C that is not the estimate: 0 where errors are small, less than 1."""
        unit = self._guard * self._error
        if not unit > 0:
            return 0.0
        return float(max(1 - max((self._centre / unit) ** 0.5, (self._input / unit) ** 2), 0.0))

    def steadied(self, gains: tuple[Real, Real, Real]) -> tuple[Real, Real, Real]:
        """What C takes of M, of -S and of jS.

        Parameters
        ----------
        gains : three of (bins,) float
            What the estimate takes of them.
        """
        steady, (of_mid, of_side_re, of_side_im) = self.steady, gains
        w = float(np.clip(self._cross / self._side, -1, 1)) if self._side > 0 else float(np.sign(self._cross))
        return steady + (1 - steady) * of_mid, steady * w + (1 - steady) * of_side_re, (1 - steady) * of_side_im

    def learn(self, centre: Real, of_mid: Real, stokes: Real) -> None:
        """Take in one step; silence teaches nothing.

        Parameters
        ----------
        centre : (bins,) power
            Variances of the centre.
        of_mid : (bins,) float
            Gains of M.
        stokes : (4, bins) float
            Mean Stokes parameters t and s.
        """
        if not centre.any():
            return
        self._centre = self._mean(self._centre, centre)
        self._error = self._mean(self._error, centre * (1 - of_mid))
        self._input = self._mean(self._input, stokes[0])
        self._side = self._mean(self._side, stokes[0] - stokes[1])
        self._cross = self._mean(self._cross, stokes[2])

    def _mean(self, mean: float, now: Real) -> float:
        return self._keep * mean + (1 - self._keep) * float(now.sum())


def with_dead_zone(gains: tuple[Real, Real, Real], mid_power: Real, side_power: Real) -> tuple[Real, Real, Real]:
    """Gains that become C = M where S has less than ``DEAD_ZONE`` of the power.

    Parameters
    ----------
    gains : three of (bins,) float
        What C takes of M, of -S and of jS.
    mid_power, side_power : (bins,) power
        Of M and S.
    """
    edge = DEAD_ZONE * (mid_power + side_power)
    dead = np.clip((10 * edge - side_power) / (9 * edge + 1e-300), 0, 1)
    of_mid, of_side_re, of_side_im = gains
    return of_mid + dead * (1 - of_mid), of_side_re * (1 - dead), of_side_im * (1 - dead)


def dot(a: Real, b: Real) -> Real:
    """Scalar product over the first axis, which is three.

    Parameters
    ----------
    a, b : (3, ...) float
    """
    product: Real = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def model(v: Real) -> tuple[Real, Real, Real]:
    """t, s and t t - s . s of variances.

    Parameters
    ----------
    v : (directions, bins) float
        In units of the bin's power.
    """
    t = np.full(v.shape[1], 2 * REGULARISATION)
    s = np.zeros((3, v.shape[1]))
    for u, v_k in zip(DIRECTIONS, v, strict=True):
        t += v_k
        s += u[:, None] * v_k
    return t, s, t * t - dot(s, s)


def erb_bands(f_hz: Real) -> tuple[Indices, Indices]:
    """First bin of each band, and each bin's band: bands one ERB wide on the scale of Glasberg & Moore (1990).

    Parameters
    ----------
    f_hz : (bins,) Hz
        Rising.
    """
    number = np.floor(21.4 * np.log10(1 + 4.37e-3 * f_hz)).astype(np.intp)
    _, start, band = np.unique(number, return_index=True, return_inverse=True)
    return start, band
