"""What a layout can do, told before filters are computed: from the ears' transfer matrix and the effort cap alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.cancellation import natural_db, own_separation_db
from spatial.analysis.spans import BANDS_HZ, in_hz, spans
from spatial.base.arrays import Flags, Freqs, Levels
from spatial.base.units import from_db, third_octave_centres
from spatial.design.sides import design_side, single_point, with_crosstalk
from spatial.feasibility.limits import Band, bands, limits_in_words
from spatial.rig.geometry import places
from spatial.rig.model import RigFile
from spatial.targets.effort import default_effort_cap_db, used_drivers
from spatial.targets.solution import Side

DEEP_DB = 18.0


@dataclass(frozen=True, eq=False)
class Feasibility:
    """What a layout can do per third octave, of two sides the worse one.

    Attributes
    ----------
    bands_hz : (bands,) Hz
    condition_db : (bands,)
        Ratio of the singular values of drivers-to-ears: how much more drive it takes to make the ears differ than to make them alike.
    natural_db : (bands,)
        Separation of the reference alone.
    reachable_db : (bands,)
        Largest separation that effort cap and ``band_hz`` leave at the centre of the band.
    pair_fits, deep : (bands,) bool
        Whether these let the virtual pair be made over the whole band, and 18 dB of separation.
    pair_limits, deep_limits : str
        What binds where they do not, in words; "nothing" where they do everywhere.
    cap_db : float
        Effort cap.
    null_limit_hz : float or None
        Where side nulls of the beam end, c/(2 pitch); None for one driver.
    """

    bands_hz: Freqs
    condition_db: Levels
    natural_db: Levels
    reachable_db: Levels
    pair_fits: Flags
    deep: Flags
    pair_limits: str
    deep_limits: str
    cap_db: float
    null_limit_hz: float | None


def feasibility(rig_file: RigFile) -> Feasibility:
    """What the loudspeakers of a rig can do at the nominal listener."""
    centres = third_octave_centres(*BANDS_HZ)
    sides = [design_side(single_point(rig_file), ear, centres) for ear in (LEFT, RIGHT)]
    cap_db = default_effort_cap_db(rig_file.rig, rig_file.design.crosstalk)
    for_pair, for_null = (with_crosstalk(rig_file, mode=mode, effort_cap_db=cap_db, robust=False) for mode in ("virtual", "null"))
    pair, silence = bands(for_pair), bands(for_null)
    silent = [design_side(for_null, ear, centres) for ear in (LEFT, RIGHT)]
    return Feasibility(
        bands_hz=centres,
        condition_db=_condition_db(sides[LEFT]),
        natural_db=np.stack([natural_db(side) for side in sides]).min(axis=0),
        reachable_db=np.stack([own_separation_db(side) for side in silent]).min(axis=0),
        pair_fits=np.array([band.limit == "none" for band in pair]),
        deep=np.array([band.reachable_db >= DEEP_DB for band in silence]),
        pair_limits=limits_in_words(pair),
        deep_limits=limits_in_words(_where_short(silence)),
        cap_db=cap_db,
        null_limit_hz=_null_limit_hz(rig_file),
    )


def _where_short(silence: tuple[Band, ...]) -> tuple[Band, ...]:
    """The bands, without a limit where they separate by DEEP_DB or more."""
    return tuple(band if band.reachable_db < DEEP_DB else replace(band, limit="none") for band in silence)


def _condition_db(side: Side) -> Levels:
    used = list(side.order)
    singular = np.linalg.svd(np.stack([side.h_ipsi[:, used], side.h_contra[:, used]], axis=1), compute_uv=False)
    return np.asarray(20 * np.log10(singular[:, 0] / np.maximum(singular[:, -1], from_db(-200) * singular[:, 0])))


def _null_limit_hz(rig_file: RigFile) -> float | None:
    where = places(rig_file.rig)[list(used_drivers(rig_file.rig, rig_file.design.beam))]
    if len(where) < 2:
        return None
    apart = np.linalg.norm(where[:, None] - where[None], axis=2)
    apart[np.diag_indices(len(where))] = np.inf
    # the pitch of a layout: the widest gap between neighbours
    return rig_file.scene.medium.c / (2 * float(apart.min(axis=1).max()))


def in_words(found: Feasibility, angle_deg: float) -> list[tuple[str, str, str]]:
    """Lines for a person: what, where it holds, what limits it.

    Parameters
    ----------
    found : Feasibility
    angle_deg : float
        Of the virtual pair.

    Returns
    -------
    list of (str, str, str)
    """
    worst = int(found.condition_db.argmax())
    lines = [
        (f"virtual pair at +-{angle_deg:g} deg", spans(found.bands_hz, found.pair_fits), _limits(found.pair_limits, found.cap_db)),
        (f"cancellation {DEEP_DB:g} dB", spans(found.bands_hz, found.deep), _limits(found.deep_limits, found.cap_db)),
        (
            "ears told apart",
            f"{found.condition_db[worst]:.0f} dB at {in_hz(found.bands_hz[worst])}",
            "condition number, worst third octave",
        ),
    ]
    if found.null_limit_hz is not None:
        lines.append(("side nulls of a beam", f"below {in_hz(found.null_limit_hz)}", "spacing of the drivers, c/(2 pitch)"))
    return lines


def _limits(limits: str, cap_db: float) -> str:
    """Limits as `check` tells them: with the cap's value, and the key that states a band."""
    named = limits if limits != "nothing" else "effort"
    return named.replace("effort", f"effort ({cap_db:g} dB cap)").replace("driver band", "driver band (band_hz)")
