"""Published methods beside a bank, on the same rig, at the same effort cap, judged by the same figures.

The figures of a method are the best that its formula gives; those of a bank include its FIRs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.binaural_cues import judged_frequencies, mean_separation_db
from spatial.analysis.cancellation import SideFigures, hardware_gain, side_figures
from spatial.analysis.pink_level import pink_frequencies, pink_level_db
from spatial.analysis.study import Sides
from spatial.targets.solution import Method

THIS_BANK = "this bank"


@dataclass(frozen=True)
class Compared:
    """One method's figures.

    Attributes
    ----------
    name, what : str
    figures : SideFigures
        Of its sides.
    level_db : float
        Pink level of one side: see `feasibility.effort_trade`.
    canceller_db : float or None
        What its canceller alone separates, in mode "virtual" only: behind the pair it is asked for less, and a joint design has none.
    """

    name: str
    what: str
    figures: SideFigures
    level_db: float
    canceller_db: float | None

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"what": self.what, **asdict(self.figures), "level_db": self.level_db, "canceller_db": self.canceller_db}


def compare(sides: Sides, methods: tuple[Method, ...]) -> tuple[Compared, ...]:
    """The bank's sides, then the methods, by the figures of `cancellation`.

    Parameters
    ----------
    sides : Sides
    methods : tuple of Method
    """
    mode = sides.rig_file.design.crosstalk.mode
    rows = [Compared(THIS_BANK, f"mode {mode}, FIRs", *_judged(sides), None)]
    for method in methods:
        alone = _separation_db(sides.beside(method.canceller)) if mode == "virtual" else None
        rows.append(Compared(method.name, method.what, *_judged(sides.beside(method.weights)), alone))
    return tuple(rows)


def _judged(sides: Sides) -> tuple[SideFigures, float]:
    pink = pink_frequencies()
    level_db = max(pink_level_db(sides.at(ear, pink) / hardware_gain(sides.rig_file)) for ear in (LEFT, RIGHT))
    return sides.of(side_figures), level_db


def _separation_db(sides: Sides) -> float:
    freqs = judged_frequencies(top_hz=sides.top_hz)
    return min(float(mean_separation_db(*sides.pressures(ear, freqs))) for ear in (LEFT, RIGHT))
