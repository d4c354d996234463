"""What a layout can do, told before filters are computed: from the ears' transfer matrix and the effort cap alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.cancellation import natural_db, reachable_db, single_point
from spatial.design.regularization import default_effort_cap_db
from spatial.design.sides import Side, design_side, wished_pair
from spatial.rig.geometry import places
from spatial.rig.model import RigFile
from spatial.units import from_db, third_octave_centres

BANDS_HZ = (100.0, 10000.0)
DEEP_DB = 18.0


@dataclass(frozen=True, eq=False)
class Feasibility:
    """Per third octave, of two sides the worse one.

    bands_hz; condition_db: ratio of the singular values of drivers-to-ears (how much more drive it takes to make the ears differ than
    to make them alike); natural_db: separation of the reference alone; reachable_db: largest under the cap; pair_fits: whether the
    virtual pair's leak lies within the cap; null_limit_hz: where side nulls of the beam end, c/(2 pitch), None for one driver.
    """

    bands_hz: NDArray[np.float64]
    condition_db: NDArray[np.float64]
    natural_db: NDArray[np.float64]
    reachable_db: NDArray[np.float64]
    pair_fits: NDArray[np.bool_]
    cap_db: float
    null_limit_hz: float | None


def feasibility(rig_file: RigFile) -> Feasibility:
    """What the loudspeakers of a rig can do at the nominal listener."""
    bands = third_octave_centres(*BANDS_HZ)
    sides = [design_side(single_point(rig_file), ear, bands) for ear in (LEFT, RIGHT)]
    wish = wished_pair(rig_file.scene, rig_file.design.width.model, bands)
    fits = np.all([np.abs(side.d * wish - side.c0) <= side.rho * (1 + 1e-9) for side in sides], axis=0)
    return Feasibility(
        bands_hz=bands,
        condition_db=_condition_db(sides[LEFT]),
        natural_db=np.min([natural_db(side) for side in sides], axis=0),
        reachable_db=np.min([reachable_db(side) for side in sides], axis=0),
        pair_fits=fits,
        cap_db=default_effort_cap_db(rig_file.rig, rig_file.design.crosstalk),
        null_limit_hz=_null_limit_hz(rig_file),
    )


def _condition_db(side: Side) -> NDArray[np.float64]:
    used = list(side.order)
    singular = np.linalg.svd(np.stack([side.h_ipsi[:, used], side.h_contra[:, used]], axis=1), compute_uv=False)
    return 20 * np.log10(singular[:, 0] / np.maximum(singular[:, -1], from_db(-200) * singular[:, 0]))


def _null_limit_hz(rig_file: RigFile) -> float | None:
    spec = rig_file.design.beam
    where = places(rig_file.rig)[list(rig_file.rig.indices(spec.drivers) if spec.drivers else rig_file.rig.spatial_drivers)]
    if len(where) < 2:
        return None
    apart = np.linalg.norm(where[:, None] - where[None], axis=2)
    apart[np.diag_indices(len(where))] = np.inf
    # the pitch of a layout: the widest gap between neighbours
    return rig_file.scene.medium.c / (2 * float(apart.min(axis=1).max()))


def spans(bands_hz: NDArray, holds: NDArray) -> str:
    """Where a condition holds, in words: "everywhere", "nowhere" or "800 Hz-6.3 kHz, ..."."""
    if holds.all():
        return "everywhere"
    if not holds.any():
        return "nowhere"
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return ", ".join(
        in_hz(bands_hz[a]) if b == a + 1 else f"{in_hz(bands_hz[a])}-{in_hz(bands_hz[b - 1])}" for a, b in edges.reshape(-1, 2)
    )


def in_hz(f: float) -> str:
    """A frequency to two digits: 790 Hz, 1.3 kHz."""
    return f"{float(f'{f:.2g}'):.0f} Hz" if f < 995 else f"{float(f'{f:.2g}') / 1000:g} kHz"


def in_words(found: Feasibility, angle_deg: float) -> list[tuple[str, str, str]]:
    """Lines for a person: (what, where it holds, what limits it)."""
    cap = f"effort ({found.cap_db:g} dB cap)"
    worst = int(found.condition_db.argmax())
    lines = [
        (f"virtual pair at +-{angle_deg:g} deg", spans(found.bands_hz, found.pair_fits), cap),
        (f"cancellation {DEEP_DB:g} dB", spans(found.bands_hz, found.reachable_db >= DEEP_DB), cap),
        (
            "ears told apart",
            f"{found.condition_db[worst]:.0f} dB at {in_hz(found.bands_hz[worst])}",
            "condition number, worst third octave",
        ),
    ]
    if found.null_limit_hz is not None:
        lines.append(("side nulls of a beam", f"below {in_hz(found.null_limit_hz)}", "spacing of the drivers, c/(2 pitch)"))
    return lines
