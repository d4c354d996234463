"""What the tables are fitted to: band levels and band delays of spheres and of measured heads, each error over what is tolerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from spatial.acoustics.head import relative_response
from spatial.acoustics.hearing import band_average, erb_centres, erb_rate, erb_rate_hz
from spatial.base.arrays import Angles, Complex, Flags, Levels, Real, Spectrum
from spatial.targets.width.sections import Layout, log_relative

C = 343.2
HEADS = ((0.070, 0.5), (0.0875, 0.25), (0.095, 0.4), (0.105, 1.0))  # radius in m, level error in dB that is tolerated
A_OVER_R = (0.0, 0.1, 0.3)
FAR_M, STILL_HZ = 1e4, 0.1
FREQS = erb_rate_hz(np.arange(float(erb_rate(30.0)), float(erb_rate(20000.0)), 1 / 8))
BAND_HZ = (100.0, 16000.0)
CENTRES = erb_centres(*BAND_HZ)
AVERAGE = band_average(FREQS, CENTRES)
DELAY_BELOW_HZ = 1500.0

DELAY_US = 4.5  # tolerated, as the level of HEADS, by sphere_order5
BALANCED_LEVEL_DB, BALANCED_DELAY_US = 0.24, 5.0
COLOUR_DB, COLOUR_FROM_DEG, COLOUR_POWER = 0.2, 30.0, 1.5
QUARTER_TURN = np.pi / 2
FAITHFUL, COLOURED = 1.45, 1.1  # times the frequency of the quarter turn: up to there the delay counts, from there on the colour
MEASURED_RADIUS_M = 0.0875
HUMAN_LEVEL_DB, HUMAN_DELAY_US = 0.5, 6.0
FEWEST_HEADS = 7  # other azimuths are means over other people


class Aim(Protocol):
    """One angle and range of a model that is fitted."""

    @property
    def angle_deg(self) -> float:
        """From the nose, 0 to 180."""
        ...

    @property
    def a_over_r(self) -> float:
        """Head radius over distance of the source."""
        ...

    def residuals(self, p: Real) -> tuple[Real, Real]:
        """Errors over their tolerance, and their derivative by the coordinates.

        Parameters
        ----------
        p : (coordinates,)

        Returns
        -------
        (errors,), (errors, coordinates)
        """
        ...


@dataclass(frozen=True, eq=False)
class SphereAim:
    """The exact series on HEADS, each with its source at radius / a_over_r; the range term g0 is taken from the series too."""

    layout: Layout
    angle_deg: float
    a_over_r: float

    @cached_property
    def wanted(self) -> list[Complex]:
        """Relative HRTF g of every head at FREQS."""
        return [relative_response(FREQS, self.angle_deg, self._range_m(a), a, C) for a, _ in HEADS]

    @cached_property
    def g0(self) -> float:
        """|g| at 0 Hz, the same for every head."""
        a = HEADS[0][0]
        return float(np.abs(relative_response([STILL_HZ], self.angle_deg, self._range_m(a), a, C)[0]))

    def _range_m(self, radius_m: float) -> float:
        return radius_m / self.a_over_r if self.a_over_r else FAR_M

    def residuals(self, p: Real) -> tuple[Real, Real]:
        """Errors over their tolerance on every head, and their derivative by the coordinates.

        Parameters
        ----------
        p : (coordinates,)

        Returns
        -------
        (errors,), (errors, coordinates)
        """
        errors: list[Real] = []
        slopes: list[Real] = []
        for (radius_m, level_db), wanted in zip(HEADS, self.wanted, strict=True):
            log_g, d = log_relative(self.layout, p, 2 * np.pi * FREQS * radius_m / C)
            g = np.asarray(self.g0 * np.exp(log_g), complex)
            for e, de in self._compare(g, d, wanted, level_db):
                errors.append(e)
                slopes.append(de)
        return np.concatenate(errors), np.concatenate(slopes)

    def _compare(self, g: Spectrum, d: Complex, wanted: Spectrum, level_db: float) -> Sequence[tuple[Real, Real]]:
        return level_errors(g, d, wanted, level_db), delay_errors(g, d, wanted, CENTRES < DELAY_BELOW_HZ, DELAY_US)


@dataclass(frozen=True, eq=False)
class BalancedAim(SphereAim):
    """The sphere's level; its delay up to a little above a quarter turn of phase; from there on no colour between centre and sides."""

    def _compare(self, g: Spectrum, d: Complex, wanted: Spectrum, _: float) -> Sequence[tuple[Real, Real]]:
        lag = -np.unwrap(np.angle(wanted))
        turn_hz = float(np.interp(QUARTER_TURN, lag, FREQS)) if lag.max() > QUARTER_TURN else FREQS[-1]
        colour_db = COLOUR_DB * max(1.0, (self.angle_deg / COLOUR_FROM_DEG) ** COLOUR_POWER)
        return (
            level_errors(g, d, wanted, BALANCED_LEVEL_DB),
            delay_errors(g, d, wanted, CENTRES < min(FAITHFUL * turn_hz, DELAY_BELOW_HZ), BALANCED_DELAY_US),
            colour_errors(g, d, CENTRES > COLOURED * turn_hz, colour_db),
        )


def level_errors(g: Spectrum, d: Complex, wanted: Spectrum, tolerance_db: float) -> tuple[Real, Real]:
    """Band powers of g over those wanted, each over its tolerance, and the derivative.

    Parameters
    ----------
    g : (freqs,) complex
        At FREQS.
    d : (freqs, coordinates) complex
        Derivative of ln g.
    wanted : (freqs,) complex
    tolerance_db : float

    Returns
    -------
    (bands,), (bands, coordinates)
    """
    power = np.abs(g) ** 2
    bands = power @ AVERAGE
    slopes = ((power[:, None] * d.real).T @ AVERAGE / bands).T
    scale = 10 / np.log(10) / tolerance_db
    return scale * np.log(bands / (np.abs(wanted) ** 2 @ AVERAGE)), 2 * scale * slopes


def delay_errors(g: Spectrum, d: Complex, wanted: Spectrum, bands: Flags, tolerance_us: float) -> tuple[Real, Real]:
    """Interaural phase delay of bands less that wanted, each over its tolerance, and the derivative.

    Parameters
    ----------
    g : (freqs,) complex
        At FREQS.
    d : (freqs, coordinates) complex
        Derivative of ln g.
    wanted : (freqs,) complex
    bands : (all bands,) bool
        Those that count.
    tolerance_us : float

    Returns
    -------
    (bands,), (bands, coordinates)
    """
    average = AVERAGE[:, bands]
    cross = g * wanted.conj()
    sums = cross @ average
    scale = 1e6 / (2 * np.pi * CENTRES[bands]) / tolerance_us
    return np.angle(sums) * scale, (((cross[:, None] * d).T @ average) / sums).imag.T * scale[:, None]


def colour_errors(g: Spectrum, d: Complex, bands: Flags, tolerance_db: float) -> tuple[Real, Real]:
    """Phantom centre over hard-panned power, |1 + g|^2 over 1 + |g|^2, in bands, each over its tolerance, and the derivative.

    Parameters
    ----------
    g : (freqs,) complex
        At FREQS.
    d : (freqs, coordinates) complex
        Derivative of ln g.
    bands : (all bands,) bool
        Those that count.
    tolerance_db : float

    Returns
    -------
    (bands,), (bands, coordinates)
    """
    average = AVERAGE[:, bands]
    both, apart = np.abs(1 + g) ** 2 @ average, (1 + np.abs(g) ** 2) @ average
    d_both = 2 * (((1 + g).conj() * g)[:, None] * d).real.T @ average
    d_apart = 2 * ((np.abs(g) ** 2)[:, None] * d.real).T @ average
    scale = 10 / np.log(10) / tolerance_db
    return scale * np.log(both / apart), scale * (d_both / both - d_apart / apart).T


@dataclass(frozen=True, eq=False)
class HumanAim:
    """Mean level and delay of measured heads at one azimuth; bands without a figure do not count."""

    layout: Layout
    angle_deg: float
    level_db: Levels
    delay_us: Real
    a_over_r: float = 0.0

    def residuals(self, p: Real) -> tuple[Real, Real]:
        """Errors over their tolerance against the mean of the heads, and their derivative by the coordinates.

        Parameters
        ----------
        p : (coordinates,)

        Returns
        -------
        (errors,), (errors, coordinates)
        """
        x = 2 * np.pi * FREQS * MEASURED_RADIUS_M / C
        log_g, d = log_relative(self.layout, p, x)
        g = np.exp(log_g)
        level, d_level = level_errors(g, d, np.ones_like(g), HUMAN_LEVEL_DB)
        low = CENTRES < DELAY_BELOW_HZ
        mean_us = float(np.mean(self.delay_us[low]))  # taken out before bands are averaged, so that no phase wraps
        delay, d_delay = delay_errors(g, d, np.exp(-2j * np.pi * FREQS * mean_us * 1e-6), low, HUMAN_DELAY_US)
        errors = [level + self.level_db / HUMAN_LEVEL_DB, delay + (self.delay_us[low] - mean_us) / HUMAN_DELAY_US]
        return np.concatenate(errors), np.concatenate([d_level, d_delay])


def sphere_aims(layout: Layout, angles: Angles) -> list[Aim]:
    """The sphere at every angle and A_OVER_R.

    Parameters
    ----------
    layout : Layout
    angles : (angles,) degrees
    """
    return [SphereAim(layout, float(angle), near) for angle in angles for near in A_OVER_R]


def balanced_aims(layout: Layout, angles: Angles) -> list[Aim]:
    """The balanced pair at every angle and A_OVER_R.

    Parameters
    ----------
    layout : Layout
    angles : (angles,) degrees
    """
    return [BalancedAim(layout, float(angle), near) for angle in angles for near in A_OVER_R]


def human_aims(layout: Layout, statistics: dict[str, Any]) -> list[Aim]:
    """Every azimuth that FEWEST_HEADS were measured at.

    Parameters
    ----------
    layout : Layout
    statistics : dict
        {"erb_centres_hz": [...], "az": {"30": {"n": 8, "ild_db": [...], "itd_us": [...]}}}, positive where the ipsilateral ear is the
        louder and the earlier one.

    Raises
    ------
    ValueError
        Other bands than those of `CENTRES`.
    """
    if not np.allclose(statistics["erb_centres_hz"], CENTRES, rtol=1e-2):
        raise ValueError("the statistics are in other bands than one ERB apart from 100 Hz on")
    return [
        HumanAim(layout, float(azimuth), np.array(entry["ild_db"]), np.array(entry["itd_us"]))
        for azimuth, entry in statistics["az"].items()
        if entry["n"] >= FEWEST_HEADS
    ]
