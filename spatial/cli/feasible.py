"""Tables of what a layout can do: band by band, and what an effort cap buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatial.rig.model import RigFile

if TYPE_CHECKING:
    from spatial.feasibility.limits import Band


def band_lines(found: Sequence[Band], mode: str) -> list[str]:
    """A line a third octave: asked, reachable under the cap, reached by the filters, and which limit bound.

    Parameters
    ----------
    found : sequence of Band
        At least one.
    mode : str
        Of [crosstalk].
    """
    from spatial.analysis.spans import in_hz

    with_filters = found[0].reached_db is not None
    head = ["third octave", "asked", "reachable", *(["reached"] if with_filters else []), "effort for it", "cap", "bound by"]
    if mode != "virtual":
        head.insert(1, "natural")
    rows = [head]
    for band in found:
        asked = "silence" if band.asked_db is None else _cue(band.asked_db, band.asked_us)
        row = [in_hz(band.hz), asked, _cue(band.reachable_db, band.reachable_us)]
        if mode != "virtual":
            row.insert(1, _cue(band.natural_db, None))
        if band.reached_db is not None:
            row.append(_cue(band.reached_db, band.reached_us))
        rows.append([*row, f"{band.effort_db:.1f} dB", f"{band.cap_db:.1f} dB", "-" if band.limit == "none" else band.limit])
    sides = {band.side for band in found}
    words = "level of the near ear over the far one" + (", delay of the far ear below 1.5 kHz" if mode == "virtual" else "")
    return [*_columns(rows), f"  {words}; the side that finds it harder ({' or '.join(sorted(sides))}), nominal pose"]


def trade_lines(rig_file: RigFile) -> list[str]:
    """A line an effort cap: what it buys and the level it costs."""
    from spatial.analysis.pink_level import PINK_HZ
    from spatial.feasibility.effort_trade import trade

    rows = [["effort cap", "virtual pair: ITD off", "P90", "ILD off", "level", "far ear silenced: worst third octave", "level"]]
    for row in trade(rig_file):
        pair = [f"{row.itd_error_us:.0f} us", f"{row.itd_p90_us:.0f} us", f"{row.ild_error_db:.1f} dB", f"{row.level_db:+.1f} dB"]
        rows.append([f"{row.cap_db:g} dB", *pair, _cue(row.null_db, None).strip(), f"{row.null_level_db:+.1f} dB"])
    tolerance = rig_file.rig.tolerance
    return [
        *_columns(rows),
        f"  closed form at the nominal pose, before filters, drivers alike; P90: nine of ten loudspeakers, drivers off by "
        f"+-{tolerance.gain_db:g} dB, {tolerance.phase_deg:g} deg",
        f"  level: loudest driver's feed over the input, one side, pink noise {PINK_HZ[0]:.0f} Hz-{PINK_HZ[1] / 1000:.0f} kHz",
    ]


def _cue(level_db: float, late_us: float | None) -> str:
    from spatial.analysis.binaural_cues import DEEPEST_DB

    level = f"{level_db:5.1f} dB" if level_db < DEEPEST_DB else f"  {DEEPEST_DB:.0f}+ dB"
    return level if late_us is None else f"{level} {late_us:4.0f} us"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
