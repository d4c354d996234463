"""Figures by name, flat, and the thresholds that a caller holds them to.

``{"sides": {"effort_db": 17.9}, "poses": {"sep_mean_db": [1, 2]}}`` becomes ``sides.effort_db``, ``poses.sep_mean_db.0``, ... A file of
thresholds is JSON: ``{"sides.worst_pose_db": [">=", 14], "sides.effort_db": ["<=", 18.5]}``.
"""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatial.base.errors import InputError, ThresholdError, UsageError
from spatial.rig.problems import did_you_mean

RELATIONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
LISTED = " `spatial analyze BANK --csv` lists all."
FORM = '{"sides.worst_pose_db": [">=", 14], ...}'


@dataclass(frozen=True)
class Threshold:
    """figure relation value, for example sides.worst_pose_db >= 14."""

    figure: str
    relation: str
    value: float

    def met_by(self, reached: float) -> bool:
        """Whether a figure is good enough; nan never is."""
        return bool(RELATIONS[self.relation](reached, self.value))


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Nested figures as name -> number, text, bool or None; names are joined by dots, lists by index.

    Parameters
    ----------
    figures : mapping
        As `figures.analyze_bank` returns them.
    """
    return dict(_leaves("", figures))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else None
    if inside is None:
        yield name, value
        return
    for key, part in inside:
        yield from _leaves(f"{name}.{key}" if name else str(key), part)


def read_thresholds(path: str | os.PathLike[str]) -> tuple[Threshold, ...]:
    """Thresholds of a JSON file.

    Raises
    ------
    InputError
        No such file, or not JSON.
    UsageError
        JSON of another form than figure -> [relation, number].
    """
    name = os.fspath(path)
    try:
        stated = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{name}: not JSON: {error}") from None
    if not isinstance(stated, dict):
        raise UsageError(f"{name}: thresholds are {FORM}")
    return tuple(_threshold(name, figure, asked) for figure, asked in stated.items())


def _threshold(name: str, figure: str, asked: Any) -> Threshold:
    if (
        not isinstance(asked, list)
        or len(asked) != 2
        or asked[0] not in RELATIONS
        or isinstance(asked[1], bool)
        or not isinstance(asked[1], int | float)
    ):
        raise UsageError(f'{name}: "{figure}": {json.dumps(asked)} is no threshold; one of {", ".join(RELATIONS)} and a number: {FORM}')
    return Threshold(figure, asked[0], float(asked[1]))


def require(figures: Mapping[str, Any], thresholds: tuple[Threshold, ...], name: str) -> None:
    """Hold flat figures to thresholds.

    Parameters
    ----------
    figures : mapping
        As `flat` returns them.
    thresholds : tuple of Threshold
    name : str
        The file that states them.

    Raises
    ------
    UsageError
        A threshold for something that is no figure here.
    ThresholdError
        Misses, all of them: figure, asked, reached.
    """
    missed = []
    for threshold in thresholds:
        reached = figures.get(threshold.figure)
        if isinstance(reached, bool) or not isinstance(reached, int | float):
            raise UsageError(f'{name}: no figure "{threshold.figure}" here.{did_you_mean(threshold.figure, figures) or LISTED}')
        if not threshold.met_by(reached):
            missed.append(f"{threshold.figure}: asked {threshold.relation} {threshold.value:g}, reached {reached:.6g}")
    if missed:
        count = f"{len(missed)} of {len(thresholds)} thresholds missed" if len(thresholds) > 1 else "threshold missed"
        raise ThresholdError(f"{name}: {count}\n  " + "\n  ".join(missed))
