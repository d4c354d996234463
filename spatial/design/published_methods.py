"""Published methods to put beside a design, on the same rig, at the same effort cap.

Every method is a canceller: it is asked for silence at the far ear, in mode "target" for the target's gain. In mode "virtual" the virtual
pair's relative responses stand in front of it, as they do in practice; "cascade" does so with this package's own canceller of finite
gain. Regularisation is chosen per frequency, as little as the cap (and the target) allows. Nothing is realised as a filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.base.arrays import AtPoint, Complex, Drive, DriveMatrix, Flags, Freqs, Power, Real, Transfer
from spatial.base.errors import UsageError
from spatial.base.units import from_db
from spatial.design.bisection import bisected
from spatial.design.published_formulas import (
    RACE_HZ,
    lcmv,
    lcmv_beta_for_effort,
    lcmv_beta_for_separation,
    peak_limit_beta,
    race,
    race_parameters,
    tikhonov,
    tikhonov_beta_for_separation,
)
from spatial.design.sides import design_side, with_crosstalk
from spatial.rig.model import RigFile
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import band_weights
from spatial.targets.solution import Method, NominalSides, Side, SideWeights
from spatial.targets.virtual_pair import wished_pair

METHODS = {
    "tikhonov": "regularised inverse, beta by the cap (Kirkeby and Nelson 1999)",
    "lcmv": "near ear exact, least leak under the cap (Frost 1972)",
    "choueiri": "inverse with limited peak gain (Choueiri 2008, 2018)",
    "race": "recursion of one gain and one delay (Glasgal 2007)",
    "cascade": "virtual pair in front of a canceller of finite gain",
}
SYMMETRIC = 1e-6  # relative difference of a transfer matrix from its mirror image
BISECTIONS, BETA_RANGE = 60, (1e-12, 1e9)  # of the mean eigenvalue of H H^H
SEARCHED_HZ = np.geomspace(*RACE_HZ, 120)


@dataclass(frozen=True, eq=False)
class Plant:
    """What a canceller works on: both sides of a rig at some frequencies, each driver divided by the root of its cost outside its band.

    Attributes
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
    sides : (Side, Side)
    H : (freqs, 2, drivers in use) complex
        Transfer to the ears.
    d : (freqs, 2) complex
        Pressures wanted there.
    effort : (freqs, 2)
        Largest |w|^2 of each side.
    t : (freqs,)
        Amplitude ratio that the target asks for, inf without one.
    root_q : (freqs, drivers in use)
        Root of the cost.
    """

    rig_file: RigFile
    freqs: Freqs
    sides: tuple[Side, Side]
    H: Transfer
    d: Complex
    effort: Power
    t: Real
    root_q: Real

    @classmethod
    def of(cls, rig_file: RigFile, freqs: Freqs, nominal: NominalSides) -> Plant:
        """The plant in the nominal pose.

        Parameters
        ----------
        rig_file : RigFile
        freqs : (freqs,) Hz
        nominal : callable
            The closed form's sides of that rig file.
        """
        left, right = nominal(freqs)
        used, spec = list(left.order), rig_file.design.crosstalk
        root_q = np.sqrt(band_weights([rig_file.rig.drivers[i] for i in used], freqs))
        d = np.stack([left.d, right.d], axis=1)
        h_ref = np.stack([left.target.h_ref, right.target.h_ref], axis=1)
        t = from_db(target_curve_db(freqs, spec.target_db)) if spec.mode == "target" else np.full(len(freqs), np.inf)
        return cls(
            rig_file=rig_file,
            freqs=freqs,
            sides=(left, right),
            H=np.stack([left.h_ipsi, left.h_contra], axis=1)[:, :, used] / root_q[:, None],
            d=d,
            effort=(from_db(left.cap_db) ** 2)[:, None] * np.abs(d / h_ref) ** 2,
            t=t,
            root_q=root_q,
        )

    def ears(self, ear: int) -> tuple[AtPoint, AtPoint]:
        """h_i and h_c of a side, (freqs, drivers) each."""
        return self.H[:, ear], self.H[:, 1 - ear]

    def everywhere(self, w: Drive) -> Drive:
        """Weights of the drivers in use as effective weights of all drivers of the rig.

        Parameters
        ----------
        w : (freqs, drivers in use) complex

        Returns
        -------
        (freqs, drivers) complex
        """
        out = np.zeros((len(self.freqs), len(self.rig_file.rig.drivers)), complex)
        out[:, list(self.sides[LEFT].order)] = w / self.root_q
        return out


# ------------------------------------------------------------------------------------------------------- cancellers


def _tikhonov(plant: Plant) -> tuple[Drive, Drive]:
    relative = plant.H / plant.d[:, :, None]
    beta = np.maximum(_beta_for_effort(relative, plant.effort), _beta_for_target(relative, plant.d, plant.t))
    return _both(tikhonov(relative, np.broadcast_to(np.eye(2), (len(beta), 2, 2)), beta))


def _choueiri(plant: Plant) -> tuple[Drive, Drive]:
    # in units of the reference alone; of a symmetric pair one side spends half of what the louder of sum and difference does
    reference = np.sqrt((plant.effort / from_db(plant.sides[LEFT].cap_db)[:, None] ** 2).mean(axis=1))
    relative = plant.H / plant.d[:, :, None] * reference[:, None, None]
    beta = peak_limit_beta(relative, np.sqrt(2) * from_db(plant.sides[LEFT].cap_db))
    return _both(tikhonov(relative, np.broadcast_to(np.eye(2), (len(beta), 2, 2)), beta) * reference[:, None, None])


def _lcmv(plant: Plant) -> tuple[Drive, Drive]:
    def side(ear: int) -> Drive:
        h_ipsi, h_contra = plant.ears(ear)
        beta = lcmv_beta_for_effort(h_ipsi, h_contra, plant.d[:, ear], plant.effort[:, ear])
        if np.isfinite(plant.t).all():
            beta = np.maximum(beta, lcmv_beta_for_separation(h_ipsi, h_contra, plant.t))
        return lcmv(h_ipsi, h_contra, plant.d[:, ear], beta)

    return side(LEFT), side(RIGHT)


def _both(W: DriveMatrix) -> tuple[Drive, Drive]:
    return W[:, :, LEFT], W[:, :, RIGHT]


def _beta_for_effort(H: Transfer, effort: Power) -> Real:
    """Smallest beta (freqs,) with which neither column of the regularised inverse of H spends more than effort (freqs, 2)."""
    eigenvalues, basis = np.linalg.eigh(H @ H.conj().swapaxes(1, 2))
    eigenvalues = np.maximum(eigenvalues, 0.0)
    share = eigenvalues[:, None] * np.abs(basis) ** 2  # (freqs, side, eigenvalue)

    def spends_too_much(beta: Real) -> Flags:
        spent = np.sum(share / (eigenvalues + beta[:, None])[:, None] ** 2, axis=2)
        return np.asarray((spent > effort).any(axis=1))

    scale = eigenvalues.mean(axis=1)
    _, high = bisected(lambda log: spends_too_much(scale * np.exp(log)), *_log_range(len(H)), BISECTIONS)
    return np.asarray(scale * np.exp(high))


def _beta_for_target(H: Transfer, d: Complex, t: Real) -> Real:
    """The beta that leaves the target's ratio: closed form on a symmetric layout, else bisection of the worse side; 0 without target."""
    if not np.isfinite(t).all():
        return np.zeros(len(t))
    gram = H @ H.conj().swapaxes(1, 2)
    if np.all(np.abs(gram[:, 0, 0] - gram[:, 1, 1]) + np.abs(gram[:, 0, 1].imag) <= SYMMETRIC * np.abs(gram[:, 0, 0])):
        return np.nan_to_num(tikhonov_beta_for_separation(H[:, LEFT], H[:, RIGHT], t))
    eigenvalues, basis = np.linalg.eigh(gram)
    scale, louder = eigenvalues.mean(axis=1), np.abs(d / d[:, ::-1])

    def separates(beta: Real) -> Flags:
        heard = np.einsum("fek,fk,fik->fei", basis, eigenvalues / (eigenvalues + beta[:, None]), basis.conj())
        ratio = np.abs(heard[:, [0, 1], [0, 1]] / heard[:, [1, 0], [0, 1]]) * louder
        return np.asarray(ratio.min(axis=1) >= t)

    lowest, highest = _log_range(len(H))
    low, _ = bisected(lambda log: separates(scale * np.exp(log)), lowest, highest, BISECTIONS)
    return np.where(separates(scale * np.exp(highest)), 0.0, scale * np.exp(low))


def _log_range(n_freqs: int) -> tuple[Real, Real]:
    """Ends of the search for beta, as logarithms: (freqs,) each."""
    lowest, highest = (np.full(n_freqs, np.log(limit)) for limit in BETA_RANGE)
    return lowest, highest


# ---------------------------------------------------------------------------------------------------- as side weights


def published(name: str, rig_file: RigFile, nominal: NominalSides) -> Method:
    """A method by name: its canceller, and in mode "virtual" the pair in front of it.

    Parameters
    ----------
    name : str
        One of METHODS.
    rig_file : RigFile
    nominal : callable
        The closed form's sides of that rig file, which say what is wanted at the ears and what effort allows.

    Raises
    ------
    UsageError
        No such method, or one that this rig or mode leaves no place for.
    """
    if name not in METHODS:
        raise UsageError(f"no method '{name}' to compare with; there are {', '.join(METHODS)}")
    mode = rig_file.design.crosstalk.mode
    if name == "cascade" and mode != "virtual":
        raise UsageError(f'"cascade" puts a virtual pair in front of a canceller; mode "{mode}" asks for none')
    alone = canceller(name, rig_file, nominal)

    def behind_the_pair(freqs: Freqs) -> tuple[Drive, Drive]:
        (left, right), d = alone(freqs), np.stack([side.d for side in nominal(freqs)], axis=1)
        g = wished_pair(rig_file.scene, rig_file.design.width.model, freqs)
        return left + (g * d[:, LEFT] / d[:, RIGHT])[:, None] * right, right + (g * d[:, RIGHT] / d[:, LEFT])[:, None] * left

    return Method(name, METHODS[name], behind_the_pair if mode == "virtual" else alone, alone)


def canceller(name: str, rig_file: RigFile, nominal: NominalSides) -> SideWeights:
    """A method without the virtual pair in front of it.

    Parameters
    ----------
    name : str
        One of METHODS.
    rig_file : RigFile
    nominal : callable
        The closed form's sides of that rig file.

    Raises
    ------
    UsageError
        This rig leaves no place for the method.
    """
    if name == "race":
        return _race(rig_file, nominal)
    if name == "cascade":
        finite = with_crosstalk(rig_file, mode="target", robust=False)
        return lambda freqs: (design_side(finite, LEFT, freqs).w, design_side(finite, RIGHT, freqs).w)
    solve = {"tikhonov": _tikhonov, "lcmv": _lcmv, "choueiri": _choueiri}[name]

    def both(freqs: Freqs) -> tuple[Drive, Drive]:
        plant = Plant.of(rig_file, freqs, nominal)
        left, right = solve(plant)
        return plant.everywhere(left), plant.everywhere(right)

    return both


def _race(rig_file: RigFile, nominal: NominalSides) -> SideWeights:
    """Two channels: the reference drivers of the left and of the right side, each made to its side's tone."""
    sides = nominal(SEARCHED_HZ)
    groups = [list(side.target.group) for side in sides]
    if set(groups[LEFT]) & set(groups[RIGHT]):
        raise UsageError(f"'{rig_file.rig.name}': both sides have the same reference driver; \"race\" needs a left and a right one")
    natural = [side.h_contra[:, group].sum(axis=1) / side.h_ipsi[:, group].sum(axis=1) for side, group in zip(sides, groups, strict=True)]
    gain, delay_s = np.mean([race_parameters(SEARCHED_HZ, g) for g in natural], axis=0)

    def both(freqs: Freqs) -> tuple[Drive, Drive]:
        feeds = race(freqs, gain, delay_s)
        out = np.zeros((2, len(freqs), len(rig_file.rig.drivers)), complex)
        for channel, side in enumerate(nominal(freqs)):
            alone = side.d / side.h_ipsi[:, groups[channel]].sum(axis=1)
            for ear in (LEFT, RIGHT):
                out[ear][:, groups[channel]] = (feeds[:, abs(ear - channel)] * alone)[:, None]
        return out[LEFT], out[RIGHT]

    return both


def methods_for(rig_file: RigFile, nominal: NominalSides, names: Sequence[str] | None = None) -> tuple[Method, ...]:
    """Methods by name: those asked for, else all that this rig and mode leave a place for.

    Parameters
    ----------
    rig_file : RigFile
    nominal : callable
        The closed form's sides of that rig file.
    names : sequence of str or None
        Of METHODS.

    Raises
    ------
    UsageError
        A name that is none, or a method that this rig or mode leaves no place for.
    """
    if names is not None:
        return tuple(published(name, rig_file, nominal) for name in names)
    found = []
    for name in METHODS:
        try:
            found.append(published(name, rig_file, nominal))
        except UsageError:
            continue
    return tuple(found)
