"""What a design found: weights over frequency, and the limits that bind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spatial.base.arrays import AtPoint, Drive, Freqs, Levels, Real, Spectrum, Transfer
from spatial.base.units import power_db
from spatial.rig.model import RigFile
from spatial.targets.tone import ToneTarget

Weights = Callable[[Freqs], Drive]
"""Effective weights (freqs, drivers of the rig) of one path at any frequencies in Hz."""
SideWeights = Callable[[Freqs], tuple[Drive, Drive]]
"""The same of the left and of the right side."""


@dataclass(frozen=True, eq=False)
class Side:
    """One side at some frequencies: what is wanted at the ears and the weights that make it.

    h_ipsi, h_contra (freqs, drivers): all drivers of the rig; target: tone at the ipsilateral ear; c (freqs,): the leak of the spatial
    drivers; share_of_others, leak_of_others (freqs,): what woofers and tweeters add at the two ears, the former re d; c0, rho (freqs,):
    the disc of leaks within reach; w (freqs, drivers): effective weights, zero for unused drivers; cap_db (freqs,); order: the used
    drivers, in the order that numerics run in; cost (freqs, used drivers in that order): of using each. A robust side has poses
    (freqs, poses, drivers), the transfers that should stay silent weighted by how much each pose counts, and the loading (freqs,)
    that trades their leak against effort.
    """

    ear: int
    h_ipsi: AtPoint
    h_contra: AtPoint
    target: ToneTarget
    c: Spectrum
    share_of_others: Real
    leak_of_others: Spectrum
    c0: Spectrum
    rho: Real
    w: Drive
    cap_db: Levels
    order: tuple[int, ...]
    cost: Real
    poses: Transfer | None = None
    loading: Real | float = 0.0

    @property
    def d(self) -> Spectrum:
        """Wanted ipsilateral pressure."""
        return self.target.d

    @property
    def whole_leak(self) -> Spectrum:
        """Leak of the whole side, woofers and tweeters too, where all together make d."""
        return self.with_others(self.c)

    def with_others(self, leak: Spectrum) -> Spectrum:
        """Leak of the whole side, where the spatial drivers leak (freqs,) so much."""
        return np.asarray((leak + self.leak_of_others) / (1 + self.share_of_others))

    def effort_db(self, w: Drive) -> Levels:
        """Drive power of the side's drivers, weights (freqs, drivers), over the reference alone making d: (freqs,) dB."""
        return power_db(np.sum(np.abs(w[:, list(self.order)]) ** 2, axis=1) * np.abs(self.target.h_ref / self.d) ** 2)


@dataclass(frozen=True, eq=False)
class Centre:
    """The centre path at some frequencies: effective weights (freqs, drivers), centre gain included, and the tone it makes at the seat.

    at_seat (freqs, drivers): the drivers' responses there, e^{-jkr}/r of its distance left out; wanted (freqs,): the target with the
    centre's gain; bounds (drivers,): largest |weight| that ``max_gain_db`` allows, inf where there is none. gamma: the weight of the power
    all around that keeps the beam free of steps, None where nothing was searched; alone: whether the reference alone was taken because it
    keeps more from the sides than any beam that was found.
    """

    group: tuple[int, ...]
    w: Drive
    at_seat: AtPoint
    target: ToneTarget
    wanted: Spectrum
    freqs: Freqs
    bounds: Real
    gamma: float | None = None
    alone: bool = False

    def at(self, freqs: Freqs) -> Drive:
        """Weights at other frequencies, interpolated."""
        return np.stack([np.interp(freqs, self.freqs, column) for column in self.w.T], axis=1)


@dataclass(frozen=True, eq=False)
class Solution:
    """What a design found for a rig, before there are filters.

    freqs (freqs,); sides: left and right, with the effort cap and the disc of leaks it leaves, see `Side`; centre, with why the beam is
    what it is, see `Centre`.
    """

    freqs: Freqs
    sides: tuple[Side, Side]
    centre: Centre


NominalSides = Callable[[Freqs], tuple[Side, Side]]
"""Left and right side of a rig in closed form for the nominal pose, at any frequencies in Hz."""


@dataclass(frozen=True)
class Method:
    """A published method to put beside a design: what it is, its sides, and its canceller alone (mode "virtual": without the pair)."""

    name: str
    what: str
    weights: SideWeights
    canceller: SideWeights


class Solver(Protocol):
    """What a design can be asked for by those who judge, so that they need not know how it solves."""

    def nominal_side(self, rig_file: RigFile, ear: int, freqs: Freqs) -> Side:
        """Closed form of one side (LEFT or RIGHT) for the nominal pose at freqs, Hz."""
        ...

    def methods(self, rig_file: RigFile, nominal: NominalSides, names: Sequence[str] | None) -> tuple[Method, ...]:
        """Published methods by name; None: all that the rig and its mode leave a place for."""
        ...

    def simple_beams(self, rig_file: RigFile) -> dict[str, Weights]:
        """Simpler beams of the same drivers: name -> weights (freqs, drivers) at any frequencies, 1 on axis."""
        ...
