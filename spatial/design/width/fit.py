"""Fits the tables: ``python -m spatial.design.width.fit sphere_order5 > spatial/design/width/sphere_order5.json``.

What is minimised is what pairs are judged by: level and time differences of gammatone bands between the pair and its aim, on heads
of several radii and at several ranges, every 1.25 degrees. Angles are fitted by continuation, each
from its neighbour, then all together, with the interpolation over angle and a/r inside the cost; so the table is good in between too.
The method is Levenberg-Marquardt with exact derivatives; nothing is random.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from spatial.base.arrays import Angles, Flags, Real
from spatial.base.blas_threads import one_blas_thread
from spatial.design.width.aims import Aim, balanced_aims, human_aims, sphere_aims
from spatial.design.width.levenberg import Evaluate, levenberg
from spatial.targets.width.sections import Layout
from spatial.targets.width.tables import Table, table

SPHERE = Layout(biquads=2, shelves=1)
BALANCED = Layout(ipsi=1, contra=2, biquads=2, shelves=1)
HUMAN = Layout(biquads=2, shelves=0)

ANGLES = np.concatenate([np.arange(0, 45, 2.5), np.arange(45, 57.4, 1.25), np.arange(57.5, 75, 2.5), np.arange(75, 90.1, 1.25)])
"""Of the sphere's tables: closer where sections exchange their parts, and where the interference of the far side moves quickly."""
AIMED = np.arange(1.25, 90.1, 1.25)
F_RANGE, F_RANGE_SHELF, Q_RANGE = (0.3, 60.0), (0.3, 600.0), (0.2, 15.0)
NEAR_LIMIT = 3.0  # of the change by a/r
STAY = 0.5  # in the continuation: cost of a coordinate's distance, squared, from where its neighbours point
STAY_SHAPE = 10.0  # the same for the sections of rows to stay near to
BEND, BEND_NEAR, SMALL_NEAR = 1.5, 0.5, 0.05  # in the joint fit: second difference over angle; size of the change by a/r


def bounds(layout: Layout, free: Flags) -> tuple[Real, Real]:
    """Lowest and highest coordinates; those that are not free are held at 0.

    Parameters
    ----------
    layout : Layout
    free : (layout.size,) bool

    Returns
    -------
    (layout.size,), (layout.size,)
    """
    low, high = np.full(layout.linear, -2.0), np.full(layout.linear, 6.0)
    low[2:] = 0.0
    biquad = np.log([F_RANGE, Q_RANGE, F_RANGE, Q_RANGE] * layout.biquads)
    shelf = np.log([F_RANGE_SHELF] * (2 * layout.shelves)).reshape(-1, 2)
    limits = np.concatenate([np.stack([low, high], axis=1), biquad, shelf])
    limits[~free] = 0.0
    return limits[:, 0], limits[:, 1]


def free_coordinates(layout: Layout, held: Sequence[str]) -> Flags:
    """Which coordinates are fitted.

    Parameters
    ----------
    layout : Layout
    held : sequence of str
        Names of those that are not.

    Returns
    -------
    (layout.size,) bool
    """
    return np.array([name not in held for name in layout.names])


# --------------------------------------------------------------------------------------------------- continuation


def continue_from(
    layout: Layout, start_deg: float, start: Real, angles: Angles, free: Flags, aims: Sequence[Aim], stay_near: Real | None = None
) -> Real:
    """Coordinates fitted one angle after the other, outwards from start_deg.

    Each angle starts where the two before it point; with stay_near it starts where its neighbour is, moved as those rows move, and is drawn
    to them.

    Parameters
    ----------
    layout : Layout
    start_deg : float
        One of the angles.
    start : (size,)
        Coordinates to start from there.
    angles : (angles,) degrees
    free : (size,) bool
    aims : sequence of Aim
    stay_near : (angles, size)
        Rows to stay near to.

    Returns
    -------
    (angles, size)
    """
    low, high = bounds(layout, free)
    far = {aim.angle_deg: aim for aim in aims if aim.a_over_r == 0}
    rows = np.zeros((len(angles), layout.size))
    first = int(np.flatnonzero(angles == start_deg)[0])
    stay = np.full(layout.size, STAY)
    if stay_near is not None:
        stay[layout.linear :] = STAY_SHAPE
    rows[first] = levenberg(_one(far[start_deg], start, stay if stay_near is not None else 0 * stay), start, low, high, 300)
    for step in (-1, 1):
        for i in range(first + step, len(angles) if step > 0 else -1, step):
            before, earlier = rows[i - step], rows[i - 2 * step]
            if stay_near is not None:
                guess = before + (stay_near[i] - stay_near[i - step])
                pull = np.concatenate([guess[: layout.linear], stay_near[i, layout.linear :]])
            else:
                guess = pull = before if i == first + step else before + 0.7 * (before - earlier)
            guess, pull = np.clip(guess, low, high), np.clip(pull, low, high)
            rows[i] = in_order(layout, levenberg(_one(far[angles[i]], pull, stay), guess, low, high, 80), before)
    return rows


def in_order(layout: Layout, p: Real, like: Real) -> Real:
    """The same response with its zeros and its poles in the order of biquads that is nearest to that of like.

    Parameters
    ----------
    layout : Layout
    p, like : (size,)
        Coordinates.

    Returns
    -------
    (size,)
    """
    shape = slice(layout.linear, layout.linear + 4 * layout.biquads)
    biquads, near = p[shape].reshape(-1, 4).copy(), like[shape].reshape(-1, 4)
    for half in (slice(0, 2), slice(2, 4)):
        orders = [biquads[list(order), half] for order in permutations(range(layout.biquads))]
        biquads[:, half] = min(orders, key=lambda order: float(np.sum((order - near[:, half]) ** 2)))
    return np.concatenate([p[: shape.start], biquads.reshape(-1), p[shape.stop :]])


def _one(aim: Aim, pull: Real, stay: Real) -> Evaluate:
    """Cost of one aim alone, and of the distance from pull."""

    def evaluate(p: Real) -> tuple[float, Real, Real]:
        r, slopes = aim.residuals(p)
        away = stay * (p - pull)
        return float(r @ r + away @ (p - pull)), slopes.T @ slopes + np.diag(stay), slopes.T @ r + away

    return evaluate


# ------------------------------------------------------------------------------------------------------ joint fit


@dataclass(frozen=True, eq=False)
class Mesh:
    """All rows of a table as one vector of unknowns.

    At a neutral row the pair is 1: its zeros lie on its poles, so that it has fewer unknowns.

    Attributes
    ----------
    layout : Layout
    angles : (rows,) degrees
    ties : (rows * 2 * size, unknowns)
        Coordinates and their change by a/r, row by row, from the unknowns.
    """

    layout: Layout
    angles: Angles
    ties: Real

    def rows(self, v: Real) -> Real:
        """Coordinates and their change by a/r, row by row.

        Parameters
        ----------
        v : (unknowns,)

        Returns
        -------
        (rows, 2 * size)
        """
        return (self.ties @ v).reshape(len(self.angles), -1)

    def unknowns(self, rows: Real) -> Real:
        """The unknowns of rows; tied coordinates are averaged.

        Parameters
        ----------
        rows : (rows, 2 * size)

        Returns
        -------
        (unknowns,)
        """
        return np.asarray(self.ties.T @ rows.reshape(-1) / np.sum(self.ties, axis=0))

    def evaluate(self, aims: Sequence[Aim]) -> Evaluate:
        """Cost of all aims at the interpolated coordinates, of bends over angle, and of the size of the change by a/r."""
        size, n = self.layout.size, len(self.angles)
        bend = np.tile(np.repeat([BEND, BEND_NEAR], size), n - 2)
        bend[np.tile(np.arange(2 * size) % size < 2, n - 2)] = 0.0  # tau and g0 are as the aims want them
        second = np.diff(np.eye(n), 2, axis=0)
        smooth = np.kron(second, np.eye(2 * size)) * bend[:, None]
        small = np.tile(np.repeat([0.0, SMALL_NEAR], size), n)
        prior = self.ties.T @ (smooth.T @ smooth + np.diag(small)) @ self.ties

        def evaluate(v: Real) -> tuple[float, Real, Real]:
            rows = self.rows(v)
            matrix, gradient = np.zeros((rows.size, rows.size)), np.zeros(rows.size)
            cost = float(v @ prior @ v)
            for aim in aims:
                i = min(int(np.searchsorted(self.angles, aim.angle_deg, side="right")) - 1, n - 2)
                t = (aim.angle_deg - self.angles[i]) / (self.angles[i + 1] - self.angles[i])
                share = np.array([1 - t, t])
                p = share @ rows[i : i + 2]
                r, slopes = aim.residuals(p[:size] + aim.a_over_r * p[size:])
                both = np.hstack([slopes, aim.a_over_r * slopes])
                here = slice(2 * size * i, 2 * size * (i + 2))
                matrix[here, here] += np.kron(np.outer(share, share), both.T @ both)
                gradient[here] += np.kron(share, both.T @ r)
                cost += float(r @ r)
            return cost, self.ties.T @ matrix @ self.ties + prior, self.ties.T @ gradient + prior @ v

        return evaluate


def mesh(layout: Layout, angles: Angles, free: Flags, ranged: bool, neutral: Sequence[int]) -> Mesh:
    """The unknowns of a table.

    Parameters
    ----------
    layout : Layout
    angles : (rows,) degrees
    free : (size,) bool
        Coordinates that are fitted.
    ranged : bool
        Whether their change by a/r is fitted too.
    neutral : sequence of int
        Rows at which the pair is 1: there the zeros of each biquad lie on the poles of the other.
    """
    size = layout.size
    used = np.concatenate([free, free & ranged])
    blocks = []
    for i in range(len(angles)):
        block = np.diag(used.astype(float))
        if i in neutral:
            block[:, np.concatenate([np.arange(layout.linear), size + np.arange(layout.linear)])] = 0.0
            for offset in (0, size):
                for zero, pole in _cancelling(layout):
                    block[offset + pole, offset + zero] = block[offset + zero, offset + zero]
                    block[offset + pole, offset + pole] = 0.0
        blocks.append(block[:, np.any(block != 0, axis=0)])
    ties = np.zeros((2 * size * len(angles), sum(block.shape[1] for block in blocks)))
    column = 0
    for i, block in enumerate(blocks):
        ties[2 * size * i : 2 * size * (i + 1), column : column + block.shape[1]] = block
        column += block.shape[1]
    return Mesh(layout, angles, ties)


def _cancelling(layout: Layout) -> list[tuple[int, int]]:
    """Index of every zero's f or q, and of the pole's that it cancels."""
    pairs = []
    for i in range(layout.biquads):
        other = layout.biquads - 1 - i
        pairs += [(layout.linear + 4 * i + k, layout.linear + 4 * other + 2 + k) for k in (0, 1)]
    at = layout.linear + 4 * layout.biquads
    return pairs + [(at + 2 * i, at + 2 * i + 1) for i in range(layout.shelves)]


def fit_jointly(m: Mesh, start: Real, free: Flags, aims: Sequence[Aim], rounds: int) -> Real:
    """Rows at the least cost of all aims.

    Parameters
    ----------
    m : Mesh
    start : (rows, 2 * size)
    free : (size,) bool
    aims : sequence of Aim
    rounds : int

    Returns
    -------
    (rows, 2 * size)
    """
    low, high = bounds(m.layout, free)
    near = np.full(len(low), NEAR_LIMIT)
    lowest = m.unknowns(np.tile(np.concatenate([low, -near]), (len(m.angles), 1)))
    highest = m.unknowns(np.tile(np.concatenate([high, near]), (len(m.angles), 1)))
    v = levenberg(m.evaluate(aims), np.clip(m.unknowns(start), lowest, highest), lowest, highest, rounds, tolerance=1e-5)
    return m.rows(v)


# --------------------------------------------------------------------------------------------------------- models


def sphere_order5(rounds: int = 60) -> Table:
    """The rigid sphere to 90 degrees; continuation starts at 60 degrees.

    There the shelf takes the general fall, the first biquad the ripple at ka = 0.8, the second the first interference dip at ka = 4.
    """
    angles = ANGLES
    free = free_coordinates(SPHERE, held=("ln_g0",))
    aims = sphere_aims(SPHERE, AIMED)
    start = np.concatenate([[1.9, 0.0], np.log([0.8, 0.9, 4.6, 1.5, 4.1, 2.2, 0.75, 0.9, 18.0, 2.0])])
    rows = continue_from(SPHERE, 60.0, start, angles[1:], free, aims)
    m = mesh(SPHERE, angles, free, ranged=True, neutral=[0])
    fitted = fit_jointly(m, _with_ends(rows, first=True), free, aims, rounds)
    return _table("sphere_order5", "relative HRTF of a rigid sphere, 0-90 degrees, ears at +-90 degrees", SPHERE, angles, fitted)


def balanced(rounds: int = 60) -> Table:
    """The sphere's level difference, its interaural phase held near 90 degrees where the sphere's goes on; continued from 30 degrees."""
    angles = ANGLES
    free = free_coordinates(BALANCED, held=("tau", "ln_g0"))
    aims = balanced_aims(BALANCED, AIMED)
    plain = np.zeros((len(angles), BALANCED.size))
    plain[:, BALANCED.linear :] = table("sphere_order5").values[:, SPHERE.linear :]
    plain[:, 2:5] = np.outer(angles / 30, [0.42, 1.55, 0.046])
    at_30 = int(np.flatnonzero(angles == 30.0)[0])
    rows = continue_from(BALANCED, 30.0, plain[at_30], angles[1:], free, aims, stay_near=plain[1:])
    m = mesh(BALANCED, angles, free, ranged=True, neutral=[0])
    fitted = fit_jointly(m, _with_ends(rows, first=True), free, aims, rounds)
    return _table("balanced", "sphere_order5 with its phase held near 90 degrees, 0-90 degrees", BALANCED, angles, fitted)


def human_order4(statistics: Path, rounds: int = 60) -> Table:
    """Mean of measured heads, 15-165 degrees, fading to no difference at 0 and 180.

    Continuation starts at 120 degrees, where the far ear's shadow is deepest and has one dip only.

    Parameters
    ----------
    statistics : Path
        File of band means: see `aims.human_aims`.
    rounds : int
    """
    angles = np.arange(0, 180.1, 15)
    free = free_coordinates(HUMAN, held=())
    aims = human_aims(HUMAN, json.loads(statistics.read_text(encoding="utf-8")))
    start = np.concatenate([[1.8, -0.1], np.log([3.4, 1.0, 6.0, 2.0, 12.0, 1.0, 2.0, 0.35])])
    rows = continue_from(HUMAN, 120.0, start, angles[1:-1], free, aims)
    m = mesh(HUMAN, angles, free, ranged=False, neutral=[0, len(angles) - 1])
    fitted = fit_jointly(m, _with_ends(rows, first=True, last=True), free, aims, rounds)
    return _table("human_order4", "relative HRTF, mean of eight measured heads, 15-165 degrees", HUMAN, angles, fitted)


def _with_ends(rows: Real, first: bool, last: bool = False) -> Real:
    """Rows with a copy of the outermost one where a neutral row is to be, and no change by a/r: (rows, 2 * size)."""
    rows = np.concatenate([rows[:1]] * first + [rows] + [rows[-1:]] * last)
    return np.hstack([rows, np.zeros_like(rows)])


def _table(name: str, about: str, layout: Layout, angles: Angles, rows: Real) -> Table:
    return Table(name, about, layout, angles, rows[:, : layout.size], rows[:, layout.size :])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table as JSON, one row a line."""
    parser = argparse.ArgumentParser(description="fit a table of the width models", prog="python -m spatial.design.width.fit")
    parser.add_argument("model", choices=("sphere_order5", "balanced", "human_order4"))
    parser.add_argument("--statistics", type=Path, help="band means of measured heads (human_order4)")
    args = parser.parse_args(arguments)
    if args.model == "human_order4" and args.statistics is None:
        parser.error("human_order4 needs --statistics FILE")
    with one_blas_thread():
        if args.model == "human_order4":
            fitted = human_order4(args.statistics)
        else:
            fitted = {"sphere_order5": sphere_order5, "balanced": balanced}[args.model]()
    stored = fitted.to_json()
    entries = [f"  {json.dumps(key)}: {_lines(value)}" for key, value in stored.items()]
    sys.stdout.write("{\n" + ",\n".join(entries) + "\n}\n")


def _lines(value: object) -> str:
    """JSON with every row of a list of rows on its own line."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join(f"    {json.dumps(row)}" for row in value) + "\n  ]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
