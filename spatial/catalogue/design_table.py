"""The table that a design prints: asked beside reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.analysis.beam_figures import beam_figures, simple_beam_figures
from spatial.analysis.cancellation import cancellation_curves, shared_band, side_figures
from spatial.analysis.seat import WINDOW_SLACK_DB, seat_figures
from spatial.analysis.spans import in_hz, spans
from spatial.analysis.spread import spread_figures
from spatial.analysis.study import Study
from spatial.analysis.tone_match import tone_match
from spatial.analysis.width_pair import width_figures
from spatial.bank.matrix import FilterMatrix
from spatial.base.checks import usual_float_errors
from spatial.catalogue.figures import headroom, third_octaves
from spatial.feasibility.limits import limits_in_words
from spatial.rig.model import RigFile
from spatial.targets.beam_reference import beam_group, beam_reference_in_words
from spatial.targets.beam_wishes import NUMBERS
from spatial.targets.effort import default_effort_cap_db


@dataclass(frozen=True)
class Row:
    """One line of the design table, ready to print."""

    figure: str
    asked: str
    reached: str
    worst: str = ""


@usual_float_errors
def design_table(study: Study) -> list[Row]:
    """Asked beside reached: the rows that ``spatial design`` and the report show."""
    if study.rig_file.rig.kind == "headphones":
        return _headphone_rows(study)
    return [*_side_rows(study), *_beam_rows(study), _level_row(study)]


def _headphone_rows(study: Study) -> list[Row]:
    rig_file, figures = study.rig_file, study.of(width_figures)
    angle, rho = rig_file.scene.virtual_pair.angle_deg, rig_file.design.headphones.balance
    pair = Row(
        f"width pair, {rig_file.design.width.model}",
        f"+-{angle:.1f} deg",
        f"ILD {figures.ild_error_db:.2f} dB, ITD {figures.itd_low_error_us:.1f} us rms (< 800 Hz)",
        f"ILD {figures.ild_worst_db:.2f} dB",
    )
    near = Row("near ear", "all-pass" if rho is None else "-", f"flat within {figures.ipsi_flat_db:.3f} dB rms")
    hard = Row("hard-panned sound", _flat(rho, 0.0), f"flat within {figures.hard_flat_db:.3f} dB rms")
    below = f"{figures.centre_least_db:+.1f} dB re hard-panned"
    centre = Row("phantom centre", _flat(rho, 1.0), f"flat within {figures.centre_flat_db:.3f} dB rms", below)
    return [pair, near, hard, centre, _level_row(study)]


def _flat(rho: float | None, where: float) -> str:
    """What a balance asks of hard-panned sound (where = 0) or of the phantom centre (where = 1)."""
    if rho is None or abs(rho - where) == 1:
        return "-"
    return "flat" if rho == where else f"balance {rho:g}"


def _side_rows(study: Study) -> list[Row]:
    rig_file, figures = study.rig_file, study.sides.of(side_figures)
    spec = rig_file.design.crosstalk
    cap = default_effort_cap_db(rig_file.rig, spec)
    rows = []
    if spec.mode == "virtual":
        reached = f"ILD {figures.ild_error_db:.1f} dB, ITD {figures.itd_error_us:.0f} us off"
        worst = f"{figures.ild_worst_db:.1f} dB at {in_hz(figures.ild_worst_hz)}"
        rows.append(Row("virtual pair, nominal", f"+-{rig_file.scene.virtual_pair.angle_deg:.1f} deg", reached, worst))
        rows.append(_spread_row(study))
    else:
        asked = "no leak"
        if spec.mode == "target":
            levels = [level for _, level in spec.target_db]
            asked = f"{min(levels):.0f} to {max(levels):.0f} dB"
        rows.append(Row("cancellation", asked, f"{figures.sep_mean_db:.1f} dB", f"{figures.sep_third_min_db:.1f} dB"))
        if spec.mode == "target":
            rows.append(_gain_error_row(study))
        rows.append(Row("worst of 27 poses", "-", f"{figures.worst_pose_db:.1f} dB"))
    rows.append(Row("effort, sides", f"<= {cap:.1f} dB", f"{figures.effort_db:.1f} dB", f"largest filter {figures.drive_db:+.1f} dB"))
    tone = study.of(tone_match)
    worst_at = in_hz(tone.third_octaves_hz[int(np.abs(tone.sides_minus_centre_db).argmax())])
    rows.append(Row("timbre at the ear", f"tone '{rig_file.design.tone}'", f"within {figures.timbre_db:.2f} dB"))
    rows.append(Row("sides less centre", "0 dB", f"within {tone.largest_db:.2f} dB", worst_at))
    rows.append(_limits_row(study))
    return rows


def _spread_row(study: Study) -> Row:
    """What nine of ten loudspeakers keep of the virtual pair, drivers off as the rig file says."""
    found, tolerance = study.sides.of(spread_figures), study.rig_file.rig.tolerance
    return Row(
        "under driver spread",
        f"+-{tolerance.gain_db:g} dB, {tolerance.phase_deg:g} deg",
        f"ILD {found.ild_p90_db:.1f} dB, ITD {found.itd_p90_us:.0f} us off (P90)",
        f"tone {found.tone_p90_db:.1f} dB (P90)",
    )


def _limits_row(study: Study) -> Row:
    found = study.of(third_octaves)
    free = np.array([band.limit == "none" for band in found])
    hz = np.array([band.hz for band in found])
    return Row(
        "in full", f"{in_hz(hz[0])}-{in_hz(hz[-1])}", spans(hz, free), f"bound by {limits_in_words(found)}" if not free.all() else ""
    )


def _gain_error_row(study: Study) -> Row:
    low_hz, high_hz = shared_band(study.rig_file)
    freqs = np.geomspace(max(300, low_hz), min(8000, high_hz, study.top_hz), 300)
    errors = []
    for curves in cancellation_curves(study.sides, freqs):
        assert curves.asked_db is not None
        wanted = np.maximum(curves.natural_db, np.minimum(curves.asked_db, curves.reachable_db))
        errors.append(curves.reached_db - wanted)
    error = max(errors, key=lambda e: np.abs(e).max())
    worst = int(np.abs(error).argmax())
    return Row(
        "gain against target", "+-0.25 dB", f"{np.sqrt(np.mean(error**2)):.2f} dB rms", f"{error[worst]:+.2f} dB at {in_hz(freqs[worst])}"
    )


def _beam_rows(study: Study) -> list[Row]:
    rig_file, figures = study.rig_file, study.of(beam_figures)
    spec = rig_file.design.beam
    asked = {
        "null": "quiet sides",
        "room": "quiet room",
        "power_ratio": f"side {spec.side_db:.0f} dB",
        "constant": f"DI {spec.di_db:.1f} dB",
        "custom": "own shape",
    }.get(spec.preset, "-")
    worst = f"{figures.side_min_db:.1f} dB at {in_hz(figures.side_min_hz)}"
    beside = study.of(simple_beam_figures)
    shown = ", ".join(f"{beside[name].side_db:.1f}" for name in ("reference", "all_equal", "static_matrix"))
    windowed = spec.preset in ("null", "room", "power_ratio")
    at_seat = study.of(seat_figures)
    missed = windowed and at_seat.droop45_db < NUMBERS.low_db - WINDOW_SLACK_DB
    taken = f"beam '{spec.preset}'"
    if plays_reference_alone(study.bank, rig_file) and spec.preset != "reference":
        asked, taken = f"{asked}: not better than its reference", f"beam 'reference' for '{spec.preset}'"
    return [
        Row(taken, asked, f"side {figures.side_db:.1f} dB, DI {figures.di_db:.1f} dB", worst),
        Row("under tolerances", "+-1 dB, 5 deg, 2 mm", f"side {figures.p10_db:.1f} dB (P10)"),
        Row("one, all, matrix", "-", f"side {shown} dB"),
        Row("centre at the seat", "0 dB", f"within {at_seat.tone_db:.2f} dB", in_hz(at_seat.tone_hz)),
        Row("before it sounds", "-", f"pre-echo {at_seat.prering_db:.0f} dB", f"{at_seat.aside_prering_db:.0f} dB 0.6 m aside"),
        Row(
            "window +-45 deg",
            f">= {NUMBERS.low_db:.1f} dB" if windowed else "-",
            f"{at_seat.droop45_db:.1f} to {at_seat.peak45_db:+.1f} dB",
            "missed" if missed else "",
        ),
        Row("effort, centre", f"<= {spec.effort_cap_db:.1f} dB", f"{figures.effort_db:.1f} dB"),
        Row("reference, centre", "auto" if spec.reference is None else "named", beam_reference_in_words(rig_file)),
    ]


def plays_reference_alone(bank: FilterMatrix, rig_file: RigFile) -> bool:
    """Whether the centre path leaves every spatial driver but its reference silent.

    Parameters
    ----------
    bank : FilterMatrix
    rig_file : RigFile
    """
    group = {rig_file.rig.drivers[i].name for i in (*beam_group(rig_file), *_not_spatial(rig_file))}
    others = [i for i, name in enumerate(bank.driver_names) if name not in group]
    return not np.any(bank.taps[others, bank.input_index("center")])


def _not_spatial(rig_file: RigFile) -> list[int]:
    return [i for i, driver in enumerate(rig_file.rig.drivers) if driver.role != "spatial"]


def _level_row(study: Study) -> Row:
    at_worst_db = study.of(headroom).limiter_db
    return Row("level", "-", f"{study.bank.headroom_gain_db:.1f} dB for music", f"limiter takes {at_worst_db:.1f} dB at worst")
