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

    Attributes
    ----------
    ear : LEFT or RIGHT
        The ipsilateral one.
    h_ipsi, h_contra : (freqs, drivers) complex
        The plant, all drivers of the rig.
    target : ToneTarget
        Tone at the ipsilateral ear.
    c : (freqs,) complex
        Leak of the spatial drivers.
    share_of_others, leak_of_others : (freqs,)
        What woofers and tweeters add at the ipsilateral ear, re d, and at the contralateral one.
    c0, rho : (freqs,)
        Centre and radius of the disc of leaks within reach.
    w : (freqs, drivers) complex
        Effective weights, zero for unused drivers.
    cap_db : (freqs,) dB
        Effort cap.
    order : tuple of int
        The used drivers, in the order that numerics run in.
    cost : (freqs, used drivers)
        Cost of using each, in that order.
    poses : (freqs, poses, drivers) complex or None
        Of a robust side: the transfers that should stay silent, weighted by how much each pose counts.
    loading : (freqs,)
        Of a robust side: what trades the poses' leak against effort.
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
        """Leak of the whole side, woofers and tweeters included, when all together make d."""
        return self.with_others(self.c)

    def with_others(self, leak: Spectrum) -> Spectrum:
        """Leak of the whole side, given that of its spatial drivers.

        Parameters
        ----------
        leak : (freqs,) complex
            Pressure of the spatial drivers at the contralateral ear.
        """
        return np.asarray((leak + self.leak_of_others) / (1 + self.share_of_others))

    def effort_db(self, w: Drive) -> Levels:
        """Drive power of the side's drivers over that of the reference alone making d.

        Parameters
        ----------
        w : (freqs, drivers) complex
            Effective weights.

        Returns
        -------
        (freqs,) dB
        """
        return power_db(np.sum(np.abs(w[:, list(self.order)]) ** 2, axis=1) * np.abs(self.target.h_ref / self.d) ** 2)


@dataclass(frozen=True, eq=False)
class Centre:
    """The centre path at some frequencies: its weights and the tone that it makes at the seat.

    Attributes
    ----------
    group : tuple of int
        The reference's drivers.
    w : (freqs, drivers) complex
        Effective weights, centre gain included.
    at_seat : (freqs, drivers) complex
        The drivers' responses at the seat, e^{-jkr}/r of its distance left out.
    target : ToneTarget
    wanted : (freqs,) complex
        The target with the centre's gain.
    freqs : (freqs,) Hz
    bounds : (drivers,)
        Largest |weight| that ``max_gain_db`` allows, inf where there is none.
    gamma : float or None
        Weight of the power all around that keeps the beam free of steps; None where nothing was searched.
    alone : bool
        The reference alone was taken, because it keeps more from the sides than any beam that was found.
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
        """Weights at other frequencies, interpolated.

        Parameters
        ----------
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers) complex
        """
        return np.stack([np.interp(freqs, self.freqs, column) for column in self.w.T], axis=1)


@dataclass(frozen=True, eq=False)
class Solution:
    """What a design found for a rig, before there are filters.

    Attributes
    ----------
    freqs : (freqs,) Hz
    sides : (Side, Side)
        Left and right, each with the effort cap and the disc of leaks that it leaves.
    centre : Centre
        With the reason why the beam is what it is.
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
    """What a judge of banks may ask of a design, without knowing how it solves."""

    def nominal_side(self, rig_file: RigFile, ear: int, freqs: Freqs) -> Side:
        """Closed form of one side for the nominal pose.

        Parameters
        ----------
        rig_file : RigFile
        ear : LEFT or RIGHT
        freqs : (freqs,) Hz
        """
        ...

    def methods(self, rig_file: RigFile, nominal: NominalSides, names: Sequence[str] | None) -> tuple[Method, ...]:
        """Published methods by name.

        Parameters
        ----------
        rig_file : RigFile
        nominal : callable
            The closed form's sides of that rig file.
        names : sequence of str or None
            None: all that the rig and its mode leave a place for.
        """
        ...

    def simple_beams(self, rig_file: RigFile) -> dict[str, Weights]:
        """Simpler beams of the same drivers: name -> weights (freqs, drivers) at any frequencies, 1 on axis."""
        ...
