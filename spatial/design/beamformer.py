"""Depth: a midrange beam with a window that the listener may move in and as little as possible to the sides.

It is designed on the seat circle, where the listener sits, and made to 1 there (`made_at_seat`); bodies keep the window far away as well.
Least power at the sides is sought, plus gamma times that over the sphere, far away, plus what errors of drivers add (`beam_search`).
gamma is the least that keeps the sound power free of steps (`beam_without_steps`); a beam that rejects less than its reference gives way
to it (`find_beam`). Errors of +-1 dB and +-5 degrees in every driver add sigma^2 |g|^2 |w|^2 to the mean power in any direction: nulls
are never deeper than drivers can hold.

``side_db`` / P10 in dB in the taps, bodies far away (in brackets ``side_db`` at the seat), the row at the seat; and what gamma = 0.15, with
steps where there are any, would give:

    ball of three (12.2) 11.2 / 10.1, gamma 0.4; 11.5 / 10.4         ring of seven (19.2) 18.8 / 16.8, gamma 0.15
    four on a cylinder (15.4) 15.4 / 14.1, gamma 0.15                two tiers of four (20.6) 20.0 / 17.4, gamma 0.25
    five on a ball, asymmetric (16.8) 16.3 / 14.7, gamma 0.15        bar of five in a wall, 80 mm apart 17.3 / 13.0, gamma 0.3

Before steps and the seat counted, the usual refinement of window least squares, taking the pattern's own phase and searching alpha and beta
on a grid (Setsompop et al., "Magnitude least squares optimization", Magn. Reson. Med. 59, 2008), got 0.9 to 5.9 dB less out of these rigs
far away than the bounds do, and took longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from spatial.base.arrays import Drive, Flags, Freqs, Levels, Real
from spatial.base.units import from_db, power_db
from spatial.design.beam_problem import Patterns, patterns
from spatial.design.beam_search import bounded_beam, bounds_of, within_cap
from spatial.design.constant_directivity import constant_directivity
from spatial.design.magnitude_bounds import PowerCap, refine
from spatial.rig.mirror import driver_order, in_order, rounded, upright_file
from spatial.rig.model import Rig, RigFile
from spatial.targets.beam_reference import beam_group, made_at_seat, reference_alone, towards_aim
from spatial.targets.beam_wishes import JUDGED_HZ, NUMBERS, BeamNumbers, Wish, judged_hz, wish_of
from spatial.targets.effort import CAP_ZERO_HZ, cap_zero_hz, effort_cap_curve, lowest_edge_hz, smooth_step, used_drivers

SLOPE_ROUNDS = 4
LEVEL_ROUNDS = 2  # of a body's beam: the second knows how loud it is far away


def design_frequencies(numbers: BeamNumbers = NUMBERS) -> Freqs:
    """Frequencies that beams are designed at.

    They are logarithmic low down, where drivers change slowly, and linear above, where filters of some milliseconds cannot turn faster.
    """
    low, high = numbers.band_hz
    share, most_hz = numbers.step
    corner = most_hz / share
    below = np.geomspace(low, corner, int(np.ceil(np.log(corner / low) / share)), endpoint=False)
    return np.concatenate([below, np.arange(corner, high + most_hz, most_hz)])


def beam_without_steps(p: Patterns, cap: Real, most: Real, c: float, numbers: BeamNumbers) -> tuple[Drive, float]:
    """Weights of the groups with the least weight gamma of the power all around at which that power has no steps.

    With little weight on it the best beams of neighbouring frequencies may be of two kinds, and the sound power steps from one to the other
    by 2 dB and more within a ninth of an octave. Where no weight of a round avoids that, the beam with the least steps is held to a slope
    (`_held_to_slope`) before more weights are tried. The power of rows steps above half a wavelength of spacing whatever they do: rows take
    the first weight.

    Parameters
    ----------
    p : Patterns
    cap : (freqs,)
        Effort cap, amplitude.
    most : (freqs, m)
        Largest weight of a driver of each group.
    c : float
        Speed of sound, m/s.
    numbers : BeamNumbers

    Returns
    -------
    v : (freqs, m) complex
    gamma : float
    """
    if p.nearer is None:
        return within_cap(bounded_beam(p, cap, most, c, numbers), p, cap), p.wish.gamma
    best: tuple[float, float, Drive] | None = None  # step, gamma, weights
    for round_of in numbers.gammas:
        for gamma in (g for g in round_of if g >= p.wish.gamma):
            p = replace(p, wish=replace(p.wish, gamma=gamma))
            for _ in range(LEVEL_ROUNDS if best is None else 1):
                v = within_cap(bounded_beam(p, cap, most, c, numbers), p, cap)
                p = p.as_loud_far_away(v)
            found = largest_step_db(p, v), gamma, v
            best = min(best or found, found, key=lambda one: one[0])
            if best[0] <= numbers.most_step_db:
                return v, gamma
        if best is not None:
            _, gamma, v = best
            p = replace(p, wish=replace(p.wish, gamma=gamma)).as_loud_far_away(v)
            v = _held_to_slope(p, v, cap, most, numbers)
            best = min(best, (largest_step_db(p, v), gamma, v), key=lambda one: one[0])
            if best[0] <= numbers.most_step_db:
                break
    assert best is not None
    return best[2], best[1]


def _held_to_slope(p: Patterns, v: Drive, cap: Real, most: Real, numbers: BeamNumbers) -> Drive:
    """Weights refined with the sound power under a cap: the highest curve below it that nowhere changes faster than it should."""
    octaves, bounds = np.log2(p.freqs), bounds_of(p, cap, most, numbers)
    apart_db = 9 * numbers.most_step_db * np.abs(octaves[:, None] - octaves)
    for _ in range(SLOPE_ROUNDS):
        ceiling_db = (_sound_power_db(p, v) + apart_db).min(axis=1)
        held = replace(bounds, caps=(*bounds.caps, PowerCap(p.sphere, from_db(ceiling_db))))
        v = within_cap(refine(v[None], held)[0][0], p, cap)
        if largest_step_db(p, v) <= numbers.most_step_db:
            break
    return v


def _sound_power_db(p: Patterns, v: Drive) -> Levels:
    return power_db(np.einsum("fm,fmn,fn->f", v.conj(), p.sphere, v).real)


def largest_step_db(p: Patterns, v: Drive) -> float:
    """Largest change of the sound power within a ninth of an octave, 220 Hz-4.5 kHz, for weights that are 1 on axis.

    Parameters
    ----------
    p : Patterns
    v : (freqs, m) complex
        Weights of the groups.
    """
    level = _sound_power_db(p, v)
    octaves = np.log2(p.freqs)
    low, high = np.log2(JUDGED_HZ[0]) - 1 / 6, np.log2(JUDGED_HZ[1]) + 1 / 6
    at = np.linspace(low, high, int(108 * (high - low)))
    return float(np.abs(np.interp(at + 1 / 9, octaves, level) - np.interp(at, octaves, level)).max())


def constant_beam(p: Patterns, di_db: float, cap: Real) -> Drive:
    """Weights of the groups with the same directivity index at all frequencies.

    The index is a figure of the far field, on-axis power there included; the weights are 1 on axis at the seat as all are.

    Parameters
    ----------
    p : Patterns
    di_db : float
        Directivity index.
    cap : (freqs,)
        Effort cap, amplitude.

    Returns
    -------
    (freqs, m) complex
    """
    alone = p.alone / np.sum(p.far_front * p.alone, axis=1)[:, None]
    most = cap**2 * np.sum(p.count * np.abs(alone) ** 2, axis=1)
    v = constant_directivity(p.far_front, p.sphere, p.cost, di_db, most, alone)
    return np.asarray(v / np.sum(p.front * v, axis=1)[:, None], complex)


def beam_weights(rig_file: RigFile, freqs: Freqs, most: Real | None = None, numbers: BeamNumbers = NUMBERS) -> Drive:
    """Weights of the rig file's preset; at the seat as loud as an ideal source at the origin.

    They are designed on `design_frequencies`, interpolated, and blended to the reference alone at both ends of the band.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
    most : (freqs, drivers)
        Largest weight of each driver; default: no bound. The reference alone may exceed it.
    numbers : BeamNumbers

    Returns
    -------
    (freqs, drivers) complex
        Zero for unused drivers.
    """
    return find_beam(rig_file, freqs, most, numbers).w


@dataclass(frozen=True, eq=False)
class Beam:
    """A beam that was found.

    Attributes
    ----------
    w : (freqs, drivers) complex
    gamma : float or None
        Weight of the power all around that keeps it free of steps; None where nothing was searched.
    alone : bool
        The reference alone was taken, because it keeps more from the sides.
    """

    w: Drive
    gamma: float | None = None
    alone: bool = False


def find_beam(rig_file: RigFile, freqs: Freqs, most: Real | None = None, numbers: BeamNumbers = NUMBERS) -> Beam:
    """The weights of `beam_weights`, and how they were found.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
    most : (freqs, drivers)
        Largest weight of each driver; default: no bound.
    numbers : BeamNumbers
    """
    wish = wish_of(rig_file.design.beam, numbers)
    seen, order = _looked_at(rig_file, wish)
    found = _find(seen, wish, freqs, None if most is None else most[:, order], numbers)
    w = np.empty_like(found.w)
    w[:, order] = found.w
    return replace(found, w=w)


def _looked_at(rig_file: RigFile, wish: Wish) -> tuple[RigFile, list[int]]:
    """The rig as it is designed on, and which driver of the rig file each of its drivers is.

    It is rounded and upright, with its drivers in one order: rigs that are alike but for their mirror image, a turn by one driver of a
    ring, or the order of the file are then the same rig to the last bit. Without that, searches that compare numbers step by step would
    drift apart.
    """
    seen = replace(rig_file, rig=rounded(rig_file.rig))
    seen = upright_file(seen) if wish.symmetric else seen
    order = driver_order(seen.rig)
    return in_order(seen, order), list(order)


def _find(rig_file: RigFile, wish: Wish, freqs: Freqs, most: Real | None, numbers: BeamNumbers) -> Beam:
    rig, spec, c = rig_file.rig, rig_file.design.beam, rig_file.scene.medium.c
    used = sorted(used_drivers(rig, spec))
    group, alone = beam_group(rig_file), reference_alone(rig_file, freqs)
    if spec.preset == "reference" or set(used) == set(group):
        return Beam(alone)
    p = patterns(rig_file, used, group, design_frequencies(numbers), wish)
    drivers = [rig.drivers[i] for i in used]
    zero_hz = cap_zero_hz(drivers)
    cap = from_db(effort_cap_curve(p.freqs, spec.effort_cap_db, zero_hz))
    gamma = None
    if spec.preset == "constant":
        v = constant_beam(p, spec.di_db, cap)
    else:
        v, gamma = beam_without_steps(p, cap, _most_of_groups(p, freqs, most, used), c, numbers)
    wider_is_asked = spec.preset == "constant" and _asked_wider(p, spec.di_db, rig)
    if _rejects_less(p, v, rig) and not (spec.preset == "custom" or wider_is_asked):
        return Beam(alone, gamma, alone=True)
    w = np.zeros_like(alone)
    w[:, used] = CubicSpline(np.log(p.freqs), v @ p.groups.T)(np.log(np.clip(freqs, p.freqs[0], p.freqs[-1])))
    w = made_at_seat(rig_file, w * towards_aim(rig, rig_file.scene.listener, spec.axis, freqs, c), freqs)
    to_hz = max(numbers.bottom_hz[1], lowest_edge_hz(drivers))
    from_hz = min(numbers.bottom_hz[0] * zero_hz / CAP_ZERO_HZ, to_hz / numbers.bottom_ratio)
    keep = smooth_step(freqs, from_hz, to_hz) * (1 - smooth_step(freqs, *numbers.top_hz))
    return Beam(alone + keep[:, None] * (w - alone), gamma)


def _judged(p: Patterns, rig: Rig) -> Flags:
    low_hz, high_hz = judged_hz(rig)
    return np.asarray((p.freqs >= low_hz) & (p.freqs <= high_hz))


def _rejects_less(p: Patterns, v: Drive, rig: Rig) -> bool:
    """Whether weights of the groups keep less from the sides than the reference alone, in the mean over log frequency."""
    judged, stop = _judged(p, rig), p.stop_power()

    def left_db(weights: Drive) -> Levels:
        return power_db(np.maximum(np.einsum("fm,fmn,fn->f", weights.conj(), stop, weights).real, 1e-30))

    weight = np.gradient(np.log(p.freqs))[judged]
    return bool(np.sum(weight * (left_db(v) - left_db(p.alone))[judged]) > 0)


def _asked_wider(p: Patterns, di_db: float, rig: Rig) -> bool:
    """Whether a directivity index below that of the reference alone is asked for."""
    around = np.einsum("fm,fmn,fn->f", p.alone.conj(), p.sphere, p.alone).real
    return bool(di_db < -power_db(around[_judged(p, rig)]).mean())


def _most_of_groups(p: Patterns, freqs: Freqs, most: Real | None, used: Sequence[int]) -> Real:
    """The drivers' bounds at the design frequencies: (freqs, m); drivers of a group are alike."""
    if most is None:
        return np.full(p.front.shape, np.inf)
    at = np.stack([np.interp(p.freqs, freqs, most[:, i]) if np.isfinite(most[:, i]).all() else np.full(len(p.freqs), np.inf) for i in used])
    return np.asarray(at.T[:, p.groups.argmax(axis=0)])
