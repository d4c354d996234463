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
        """One side for the nominal pose alone: what the ears want and what effort allows there is the same for robust designs.

        Parameters
        ----------
        rig_file : RigFile
        ear : LEFT or RIGHT
        freqs : (freqs,) Hz
        """
        return design_side(single_point(rig_file), ear, freqs)

    def methods(self, rig_file: RigFile, nominal: NominalSides, names: Sequence[str] | None) -> tuple[Method, ...]:
        """Published methods by name.

        Parameters
        ----------
        rig_file : RigFile
        nominal : callable
            The closed form's sides of that rig file.
        names : sequence of str or None
            None: all that fit.
        """
        return methods_for(rig_file, nominal, names)

    def simple_beams(self, rig_file: RigFile) -> dict[str, Weights]:
        """Simpler beams of the same drivers by name, 1 on axis."""
        return simple_beams(rig_file)
