"""The fitted models: tables of section coordinates over angle, read from JSON and interpolated.

A table holds one row an angle, in units of the head (frequencies in c/2 pi a, delays in a/c), so that it serves every head radius. tau,
ln g0 and the all-pass delays are interpolated linearly over angle, all f and q logarithmically. A second set of rows holds what a near
source adds to the coordinates, in proportion to a/r: the shadow of a source at finite range is another function of ka, not only
another level at 0 Hz.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from spatial.base.arrays import Angles, Real
from spatial.targets.width.sections import Layout

DIGITS = 6  # significant, in the files


@dataclass(frozen=True, eq=False)
class Table:
    """angles (rows,) rising, degrees; values, slopes (rows, layout.size): coordinates in the far field, and their change by a/r."""

    name: str
    about: str
    layout: Layout
    angles: Angles
    values: Real
    slopes: Real

    def at(self, angle_deg: float, a_over_r: float) -> Real:
        """Coordinates at an angle and a range; beyond the table's ends those of its end.

        Parameters
        ----------
        angle_deg : float
            From the nose.
        a_over_r : float
            Head radius over distance of the source; 0 far away.

        Returns
        -------
        (layout.size,)
        """
        rows = self.values + a_over_r * self.slopes
        rows[:, 2 : self.layout.linear] = np.maximum(rows[:, 2 : self.layout.linear], 0.0)  # an all-pass of negative delay is not stable
        return np.array([np.interp(angle_deg, self.angles, column) for column in rows.T])

    def to_json(self) -> dict[str, Any]:
        """The table as its file holds it: f and q as numbers, columns that are zero throughout left out."""
        used = np.flatnonzero(np.any(self.values != 0, axis=0) | np.any(self.slopes != 0, axis=0))
        plain = self.values.copy()
        plain[:, self.layout.linear :] = np.exp(plain[:, self.layout.linear :])
        ranged = bool(np.any(self.slopes))
        return {
            "about": self.about,
            "units": "frequencies c/(2 pi a), delays a/c; near: change of tau, delays, ln f and ln q for each a/r",
            "sections": {
                "ipsi": self.layout.ipsi,
                "contra": self.layout.contra,
                "biquads": self.layout.biquads,
                "shelves": self.layout.shelves,
            },
            "columns": ["angle_deg", *(self.layout.names[i] for i in used)],
            "far": [[angle, *_rounded(row[used])] for angle, row in zip(self.angles.tolist(), plain, strict=True)],
            "near": [[angle, *_rounded(row[used])] for angle, row in zip(self.angles.tolist(), self.slopes, strict=True)] if ranged else [],
        }

    @classmethod
    def from_json(cls, name: str, stored: dict[str, Any]) -> Table:
        """The inverse of ``to_json``.

        Parameters
        ----------
        name : str
        stored : dict
            As a table's file holds it.
        """
        layout = Layout(**stored["sections"])
        used = [layout.names.index(column) for column in stored["columns"][1:]]
        far = np.array(stored["far"])
        values = np.zeros((len(far), layout.size))
        slopes = np.zeros_like(values)
        values[:, used] = far[:, 1:]
        values[:, layout.linear :] = np.log(values[:, layout.linear :])
        if stored["near"]:
            slopes[:, used] = np.array(stored["near"])[:, 1:]
        return cls(name, stored["about"], layout, far[:, 0], values, slopes)


def _rounded(row: Real) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in row]


@cache
def table(name: str) -> Table:
    """The shipped table of a model: "sphere_order5", "balanced" or "human_order4"."""
    text = files("spatial.targets.width").joinpath(f"{name}.json").read_text(encoding="utf-8")
    return Table.from_json(name, json.loads(text))
