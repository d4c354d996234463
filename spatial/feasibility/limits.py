"""Third octave by third octave: what is asked of the sides, what the effort cap lets them reach, what filters reach, and what binds.

Before there are filters "reached" is left out. Reachable is what the closed form finds at the nominal pose, under the cap and the drivers'
bands: the leak nearest to the virtual pair's, or the largest separation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.binaural_cues import DEEPEST_DB, ITD_BELOW_HZ
from spatial.analysis.cancellation import natural_db
from spatial.analysis.spans import BANDS_HZ, spans
from spatial.analysis.study import Sides
from spatial.analysis.weights import SIDE_NAMES
from spatial.base.arrays import Freqs, Real, Spectrum
from spatial.base.units import from_db, inside_thirds, power_db, third_octave_centres, third_octave_mean, thirds_below
from spatial.design.crossover import Crossovers
from spatial.design.crosstalk import least_effort_weights
from spatial.design.side_problem import is_robust
from spatial.design.sides import design_side, single_point, with_crosstalk
from spatial.rig.model import Driver, RigFile
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import CAP_ZERO_HZ, REFERENCE_ALONE_OCTAVES, band_weights, cap_zero_hz, default_effort_cap_db
from spatial.targets.solution import Side
from spatial.targets.virtual_pair import wished_pair

PER_BAND = 8
TOLERANCE_DB = 0.5
"""Mismatch of real drivers. Where a wish takes more effort than 1/tolerance, one driver that is off by this much fills the leak."""
CONDITIONING_DB = -20 * float(np.log10(10 ** (TOLERANCE_DB / 20) - 1))  # 24.5 dB
CAP_SLACK_DB, SMALL_LEAK = 0.05, 0.02
MISSED_DB, MISSED_US = 1.0, 15.0  # filters that come this near have reached what the closed form can
LIMITS = ("none", "effort", "driver band", "conditioning", "head poses", "filters")


@dataclass(frozen=True)
class Band:
    """One third octave of the side that finds it harder.

    Attributes
    ----------
    hz : float
        Centre.
    side : str
        "left" or "right".
    asked_db, reachable_db, reached_db : float or None
        Level of the near ear over the far one that is asked, that the cap allows, and that the filters make. None where silence is asked,
        and without filters.
    asked_us, reachable_us, reached_us : float or None
        Delay of the far ear, in mode "virtual" below 1.5 kHz only.
    natural_db : float
        The reference driver alone.
    effort_db, cap_db : float
        What the wish would take and what is allowed, where the one exceeds the other most inside the band.
    limit : str
        One of LIMITS.
    """

    hz: float
    side: str
    asked_db: float | None
    asked_us: float | None
    natural_db: float
    reachable_db: float
    reachable_us: float | None
    reached_db: float | None
    reached_us: float | None
    effort_db: float
    cap_db: float
    limit: str


def bands(rig_file: RigFile, sides: Sides | None = None) -> tuple[Band, ...]:
    """What is asked, reachable and reached per third octave, 100 Hz-10 kHz, and which limit binds.

    Parameters
    ----------
    rig_file : RigFile
    sides : Sides
        The filters' sides; without them nothing is reached yet. Bands above what they know are left out.
    """
    centres = third_octave_centres(*BANDS_HZ)
    centres = centres if sides is None or sides.top_hz >= BANDS_HZ[1] else thirds_below(centres, sides.top_hz)
    freqs = inside_thirds(centres, PER_BAND)
    both = [_side_bands(rig_file, ear, freqs, centres, sides) for ear in (LEFT, RIGHT)]
    return tuple(max(pair, key=lambda band: (band.limit != "none", band.effort_db - band.cap_db)) for pair in zip(*both, strict=True))


def _side_bands(rig_file: RigFile, ear: int, freqs: Freqs, centres: Freqs, sides: Sides | None) -> list[Band]:
    spec = rig_file.design.crosstalk
    virtual = spec.mode == "virtual"
    side = design_side(single_point(rig_file), ear, freqs) if sides is None else sides.design(ear, freqs)
    drivers = [rig_file.rig.drivers[i] for i in side.order]
    wish = wished_leak(rig_file, side, freqs)
    effort, free_effort = (effort_for(side, wish, np.sqrt(q)) for q in (band_weights(drivers, freqs), np.ones((len(freqs), len(drivers)))))
    # where the reference fades into the cancellation, a side may leave effort unused
    leak = side.whole_leak
    missed = np.abs(leak - wish) if virtual else np.abs(leak) - np.abs(wish)
    unused = (freqs < cap_zero_hz(drivers) * 2**REFERENCE_ALONE_OCTAVES) & (missed > SMALL_LEAK * np.abs(side.d))

    def level_and_delay(p_ipsi: Spectrum, p_contra: Spectrum) -> tuple[list[float], list[float | None]]:
        ipsi, contra = (third_octave_mean(np.abs(p) ** 2, freqs, centres) for p in (p_ipsi, p_contra))
        level = np.minimum(power_db(ipsi) - power_db(contra), DEEPEST_DB)
        late = -np.unwrap(np.angle(p_contra / p_ipsi)) / (2 * np.pi * freqs) * 1e6
        told = third_octave_mean(late, freqs, centres)
        return [float(x) for x in level], [float(x) if virtual and hz < ITD_BELOW_HZ else None for x, hz in zip(told, centres, strict=True)]

    nothing = [None] * len(centres)
    asked: Sequence[float | None] = nothing
    asked_us: Sequence[float | None] = nothing
    if spec.mode == "target":
        asked = [float(x) for x in third_octave_mean(target_curve_db(freqs, spec.target_db), freqs, centres)]
    if virtual:
        asked, asked_us = level_and_delay(side.d, wish)
    group = list(side.target.group)
    natural, _ = level_and_delay(side.h_ipsi[:, group].sum(axis=1), side.h_contra[:, group].sum(axis=1))
    deepest = leak if virtual else _deepest_leak(rig_file, ear, freqs)
    reachable, reachable_us = level_and_delay(side.d, np.where(deepest == 0, 1e-9 * side.d, deepest))
    reached: Sequence[float | None] = nothing
    reached_us: Sequence[float | None] = nothing
    if sides is not None:
        reached, reached_us = level_and_delay(*sides.pressures(ear, freqs))
    tweeters_hz = Crossovers.of(rig_file.rig).high_hz or np.inf
    out = []
    for i, hz in enumerate(centres):
        inside = slice(i * PER_BAND, (i + 1) * PER_BAND)
        worst = int(np.argmax((effort - side.cap_db)[inside])) + inside.start
        band = Band(
            hz=float(hz),
            side=SIDE_NAMES[ear],
            asked_db=asked[i],
            asked_us=asked_us[i],
            natural_db=natural[i],
            reachable_db=reachable[i],
            reachable_us=reachable_us[i],
            reached_db=reached[i],
            reached_us=reached_us[i],
            effort_db=float(effort[worst]),
            cap_db=float(side.cap_db[worst]),
            limit=_limit(effort[worst], free_effort[worst], side.cap_db[worst], bool(unused[inside].any()), drivers),
        )
        out.append(replace(band, limit=_limit_of_filters(band, is_robust(rig_file.rig, spec), hz > tweeters_hz)))
    return out


def _deepest_leak(rig_file: RigFile, ear: int, freqs: Freqs) -> Spectrum:
    """Least leak of a side under the cap in force, faded into the reference alone at the edge as filters are: (freqs,)."""
    cap_db = default_effort_cap_db(rig_file.rig, rig_file.design.crosstalk)
    return design_side(with_crosstalk(rig_file, mode="null", robust=False, effort_cap_db=cap_db), ear, freqs).whole_leak


def wished_leak(rig_file: RigFile, side: Side, freqs: Freqs) -> Spectrum:
    """Contralateral pressure that the mode asks for at the nominal pose.

    In mode "target" the phase is free; the leak nearest to the cheapest one is meant, so that a leak that is small enough already costs
    nothing.

    Parameters
    ----------
    rig_file : RigFile
    side : Side
    freqs : (freqs,) Hz
        The side's.

    Returns
    -------
    (freqs,) complex
    """
    spec = rig_file.design.crosstalk
    if spec.mode == "virtual":
        return side.d * wished_pair(rig_file.scene, rig_file.design.width.model, freqs)
    if spec.mode == "null":
        return np.zeros(len(freqs), complex)
    wanted = np.abs(side.d) * np.minimum(from_db(-target_curve_db(freqs, spec.target_db)), from_db(-natural_db(side)))
    return side.c0 * np.minimum(1.0, wanted / np.maximum(np.abs(side.c0), 1e-300))


def effort_for(side: Side, leak: Spectrum, root_q: Real) -> Real:
    """Least effort that makes a leak with drivers of some cost.

    Parameters
    ----------
    side : Side
    leak : (freqs,) complex
        Wanted contralateral pressure.
    root_q : (freqs, used drivers)
        Root of the cost of each.

    Returns
    -------
    (freqs,) dB
        Over the reference alone.
    """
    used = list(side.order)
    w = np.zeros(side.w.shape, complex)
    w[:, used] = least_effort_weights(side.h_ipsi[:, used] / root_q, side.h_contra[:, used] / root_q, side.d, leak)
    return side.effort_db(w)


def _limit(effort_db: float, free_effort_db: float, cap_db: float, reference_alone: bool, drivers: list[Driver]) -> str:
    if effort_db <= cap_db + CAP_SLACK_DB and not reference_alone:
        return "none"
    if effort_db > cap_db + CAP_SLACK_DB and free_effort_db > max(cap_db, CONDITIONING_DB):
        return "conditioning"
    if reference_alone and cap_zero_hz(drivers) > CAP_ZERO_HZ:
        return "driver band"
    return "driver band" if free_effort_db <= cap_db + CAP_SLACK_DB < effort_db else "effort"


def _limit_of_filters(band: Band, robust: bool, tweeters_play: bool) -> str:
    """What binds where effort allows what is asked and it is still missed: tweeters that play, the other head poses, or the filters."""
    if band.limit != "none" or band.reached_db is None or band.asked_db is None:
        return band.limit
    short = max(min(band.asked_db, band.reachable_db), band.natural_db) - band.reached_db
    late = abs(band.reached_us - band.asked_us) if band.reached_us is not None and band.asked_us is not None else 0.0
    off = abs(short) if band.asked_us is not None else short
    if off <= MISSED_DB and late <= MISSED_US:
        return "none"
    if tweeters_play:
        return "driver band"
    return "head poses" if robust else "filters"


def limits_in_words(found: tuple[Band, ...]) -> str:
    """Which limit binds where: "effort 100 Hz-160 Hz, filters 2 kHz", or "nothing"."""
    hz = np.array([band.hz for band in found])
    bound = [(limit, np.array([band.limit == limit for band in found])) for limit in LIMITS[1:]]
    return "; ".join(f"{limit} {spans(hz, where)}" for limit, where in bound if where.any()) or "nothing"
