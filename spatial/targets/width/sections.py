"""The pair as a product of small sections, in units of the head: x = ka = f / (c/2 pi a), delays in a/c.

    g = g0 e^{-j x tau} prod A(D_contra) / prod A(D_ipsi) prod B(fz, qz)/B(fp, qp) prod S(fz)/S(fp),   s = jx

with all-passes A(D) = (1 - sD/2)/(1 + sD/2), biquads B(f, q) = 1 + s/(q f) + (s/f)^2 and shelves S(f) = 1 + s/f. The ipsilateral ear has
the all-passes A(D_ipsi) alone, the contralateral ear everything else. Whatever positive f and q are chosen, poles and zeros of the
low-pass lie in the left half plane: stability and minimum phase hold by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.base.arrays import Complex, Freqs, Real, Spectrum


@dataclass(frozen=True)
class Layout:
    """How many sections a model has, and which numbers stand where in a vector of its coordinates.

    Coordinates are what is interpolated over angle: tau, ln g0 and the all-pass delays as they are, every f and q as its logarithm:
    [tau, ln g0, D_ipsi ..., D_contra ..., (fz, qz, fp, qp) ..., (fz, fp) ...].
    """

    ipsi: int = 0
    contra: int = 0
    biquads: int = 2
    shelves: int = 1

    @property
    def linear(self) -> int:
        """Number of coordinates that are no logarithm; they come first."""
        return 2 + self.ipsi + self.contra

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return self.linear + 4 * self.biquads + 2 * self.shelves

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every coordinate, as the tables head their columns."""
        names = ["tau", "ln_g0", *(f"ipsi_delay{i + 1}" for i in range(self.ipsi)), *(f"contra_delay{i + 1}" for i in range(self.contra))]
        for i in range(self.biquads):
            names += [f"{kind}{i + 1}" for kind in ("fz", "qz", "fp", "qp")]
        for i in range(self.shelves):
            names += [f"shelf_fz{i + 1}", f"shelf_fp{i + 1}"]
        return tuple(names)


def log_relative(layout: Layout, p: Real, x: Real, x_delay: Real | None = None) -> tuple[Complex, Complex]:
    """Logarithm of g and its derivative by every coordinate.

    Parameters
    ----------
    layout : Layout
    p : (size,) float
        Coordinates.
    x : (freqs,) float
        ka; for digital sections tan(pi f/fs)/(pi f0/fs), which is what the bilinear transform makes of it.
    x_delay : (freqs,) float
        ka for the pure delay, where it is another than x.

    Returns
    -------
    (freqs,) complex, (freqs, size) complex
    """
    s = 1j * x
    turn = -1j * (x if x_delay is None else x_delay)
    total = turn * p[0] + p[1]
    slopes = [turn, np.ones_like(turn)]
    for i in range(layout.ipsi + layout.contra):
        sign = 1.0 if i < layout.ipsi else -1.0
        delay = p[2 + i]
        total = total + sign * 2j * np.arctan(x * delay / 2)
        slopes.append(sign * s / (1 + (x * delay / 2) ** 2))
    at = layout.linear
    for _ in range(layout.biquads):
        for sign in (1, -1):
            f, q = np.exp(p[at : at + 2])
            first, second = s / (q * f), (s / f) ** 2
            value = 1 + first + second
            total = total + sign * (np.log(np.abs(value)) + 1j * np.angle(value))  # from 0 at DC to pi: never wraps
            slopes += [sign * (-first - 2 * second) / value, -sign * first / value]
            at += 2
    for _ in range(layout.shelves):
        for sign in (1, -1):
            first = s / np.exp(p[at])
            total = total + sign * np.log(1 + first)
            slopes.append(-sign * first / (1 + first))
            at += 1
    return total, np.stack(slopes, axis=1)


@dataclass(frozen=True, eq=False)
class HeadSections:
    """A model made of sections and a delay, for one head, angle and range.

    coordinates (layout.size,) as ``Layout`` says; unit_hz is c/(2 pi a).
    """

    layout: Layout
    coordinates: Real
    unit_hz: float

    @property
    def delay_s(self) -> float:
        """Pure delay of the contralateral ear; 0 for a model that is rational as it stands."""
        return float(self.coordinates[0]) / (2 * np.pi * self.unit_hz)

    def relative(self, freqs: Freqs) -> Spectrum:
        """The relative HRTF g of the sections.

        Parameters
        ----------
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs,) complex
        """
        return np.exp(log_relative(self.layout, self.coordinates, freqs / self.unit_hz)[0])
