"""What this room answers to those who judge a bank: see `targets.solution.Solver`."""

from __future__ import annotations

from collections.abc import Sequence

from spatial.base.arrays import Freqs
from spatial.design.published_methods import methods_for
from spatial.design.sides import design_side, single_point
from spatial.design.simple_beams import simple_beams
from spatial.rig.model import RigFile
from spatial.targets.solution import Method, NominalSides, Side, Weights


class ClosedForms:
    """The closed forms of `sides`, and the simpler beams of `simple_beams`."""

    def nominal_side(self, rig_file: RigFile, ear: int, freqs: Freqs) -> Side:
        """One side for the nominal pose alone: what the ears want and what effort allows there is the same for robust designs."""
        return design_side(single_point(rig_file), ear, freqs)

    def methods(self, rig_file: RigFile, nominal: NominalSides, names: Sequence[str] | None) -> tuple[Method, ...]:
        """Published methods by name; None: all that fit."""
        return methods_for(rig_file, nominal, names)

    def simple_beams(self, rig_file: RigFile) -> dict[str, Weights]:
        """By name, 1 on axis."""
        return simple_beams(rig_file)
