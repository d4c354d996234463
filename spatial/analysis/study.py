"""A bank on a rig, judged: what it radiates and what reaches the ears, and every figure computed once.

Figures are functions of a `Study` or of its `Sides`; `of` computes each of them once and keeps it. What only a design can tell, the limits
of an effort cap or a method to put beside the bank, is handed in as a `Solver`: nothing here solves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.weights import effective_weights, highest_hz, side_weights
from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Audio, Drive, Freqs, Spectrum, Transfer
from spatial.rig.model import RigFile, Scene
from spatial.targets.solution import Method, Side, SideWeights, Solver, Weights
from spatial.targets.virtual_pair import real_pair

Found = TypeVar("Found")
Kept = dict[Any, Any]


@dataclass(frozen=True, eq=False)
class Sides:
    """Left and right side on a rig: a bank's, or those of a method that is put beside it.

    Attributes
    ----------
    rig_file : RigFile
    weights : callable
        freqs -> effective weights of the left and of the right side, (freqs, drivers of the rig) each.
    solver : Solver
    top_hz : float
        Nothing is judged above.
    """

    rig_file: RigFile
    weights: SideWeights
    solver: Solver
    top_hz: float = np.inf
    _plant: Kept = field(default_factory=dict, repr=False)  # of the rig, whatever plays on it
    _found: Kept = field(default_factory=dict, repr=False)

    @property
    def scene(self) -> Scene:
        """Listener, medium, virtual pair."""
        return self.rig_file.scene

    def at(self, ear: int, freqs: Freqs) -> Drive:
        """Effective weights of a side.

        Parameters
        ----------
        ear : LEFT or RIGHT
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers) complex
        """
        return _kept(self._found, freqs.tobytes(), lambda: self.weights(freqs))[ear]

    def pressures(self, ear: int, freqs: Freqs) -> tuple[Spectrum, Spectrum]:
        """Pressures that a side makes at the ears of the nominal pose.

        Parameters
        ----------
        ear : LEFT or RIGHT
        freqs : (freqs,) Hz

        Returns
        -------
        p_ipsi, p_contra : (freqs,) complex
        """
        side, w = self.design(ear, freqs), self.at(ear, freqs)
        return np.sum(side.h_ipsi * w, axis=1), np.sum(side.h_contra * w, axis=1)

    def design(self, ear: int, freqs: Freqs) -> Side:
        """What a design for the nominal pose finds for a side of this rig: its tone, the plant, and what effort allows.

        Parameters
        ----------
        ear : LEFT or RIGHT
        freqs : (freqs,) Hz
        """
        return _kept(self._plant, ("design", ear, freqs.tobytes()), lambda: self.solver.nominal_side(self.rig_file, ear, freqs))

    def nominal(self, freqs: Freqs) -> tuple[Side, Side]:
        """What a design for the nominal pose finds for the left and the right side.

        Parameters
        ----------
        freqs : (freqs,) Hz
        """
        return self.design(LEFT, freqs), self.design(RIGHT, freqs)

    def methods(self, names: Sequence[str] | None = None) -> tuple[Method, ...]:
        """Published methods on this rig: those asked for, else all that it and its mode leave a place for."""
        return self.solver.methods(self.rig_file, self.nominal, names)

    def heard(self, ears: Ears, freqs: Freqs) -> Transfer:
        """The drivers at some ears.

        Parameters
        ----------
        ears : Ears
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, ears, drivers) complex
        """
        return _kept(
            self._plant,
            ("heard", ears, freqs.tobytes()),
            lambda: transfer_matrix(self.rig_file.rig, ears, freqs, self.scene.medium),
        )

    def real(self, ears: Ears, freqs: Freqs) -> Transfer:
        """A real pair where the virtual one should stand, at some ears.

        Parameters
        ----------
        ears : Ears
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, ears, 2) complex
        """
        return _kept(self._plant, ("real", ears, freqs.tobytes()), lambda: real_pair(self.scene, freqs, ears))

    @property
    def simple_beams(self) -> dict[str, Weights]:
        """Simpler things that the same drivers can do, 1 on axis."""
        return _kept(self._plant, "simple beams", lambda: self.solver.simple_beams(self.rig_file))

    @property
    def nominal_ears(self) -> Ears:
        """Ears of the listener in the pose of the rig file."""
        return Ears.of(self.scene.listener)

    def of(self, figures: Callable[[Sides], Found]) -> Found:
        """Figures of the sides, computed once."""
        return _kept(self._found, figures, lambda: figures(self))

    def beside(self, weights: SideWeights) -> Sides:
        """The sides of other weights on the same plant."""
        return replace(self, weights=weights, _found={})


@dataclass(frozen=True)
class ChainParts:
    """What belongs to the renderer and is handed in.

    Attributes
    ----------
    upmix : callable
        A new upmix's whole work, (2, frames) -> (3, frames).
    upmix_frames, limiter_frames : int
        Delays of the stages.
    """

    upmix: Callable[[Audio], Audio]
    upmix_frames: int
    limiter_frames: int


@dataclass(frozen=True, eq=False)
class Study:
    """A bank on a rig: its sides, its centre path, and figures of it, each computed once.

    Attributes
    ----------
    bank : FilterMatrix
    rig_file : RigFile
    sides : Sides
    parts : callable or None
        The chain around the filters, for figures of the whole of it.
    """

    bank: FilterMatrix
    rig_file: RigFile
    sides: Sides
    parts: Callable[[], ChainParts] | None = None
    _found: Kept = field(default_factory=dict, repr=False)

    @classmethod
    def begin(cls, bank: FilterMatrix, rig_file: RigFile, solver: Solver, parts: Callable[[], ChainParts] | None = None) -> Study:
        """A study in which nothing is computed yet.

        Parameters
        ----------
        bank : FilterMatrix
        rig_file : RigFile
        solver : Solver
            Asked for what only a design can tell.
        parts : callable or None
            The chain around the filters.
        """
        return cls(bank, rig_file, Sides(rig_file, side_weights(bank, rig_file.rig), solver, highest_hz(bank)), parts)

    @property
    def solver(self) -> Solver:
        """What answers questions that only a design can."""
        return self.sides.solver

    @property
    def top_hz(self) -> float:
        """Highest frequency that is judged, Hz."""
        return self.sides.top_hz

    def path(self, name: str, freqs: Freqs) -> Drive:
        """Effective weights of a path.

        Parameters
        ----------
        name : str
            An input of the bank.
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers) complex
        """
        return _kept(self._found, (name, freqs.tobytes()), lambda: effective_weights(self.bank, self.rig_file.rig, freqs, name))

    def center(self, freqs: Freqs) -> Drive:
        """Effective weights of the centre path.

        Parameters
        ----------
        freqs : (freqs,) Hz

        Returns
        -------
        (freqs, drivers) complex
        """
        return self.path("center", freqs)

    @property
    def simple_beams(self) -> dict[str, Weights]:
        """Simpler things that the same drivers can do, 1 on axis."""
        return self.sides.simple_beams

    def know(self, figures: Callable[[Study], Found], found: Found) -> None:
        """Keep figures that somebody else has computed.

        Parameters
        ----------
        figures : callable
            What would compute them.
        found
            What it would find.
        """
        self._found[figures] = found

    def of(self, figures: Callable[[Study], Found]) -> Found:
        """Figures of the bank, computed once."""
        return _kept(self._found, figures, lambda: figures(self))


def _kept(found: Kept, key: Any, compute: Callable[[], Found]) -> Found:
    if key not in found:
        found[key] = compute()
    kept: Found = found[key]
    return kept
