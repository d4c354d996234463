"""Everything that bank and rig determine, as one dictionary of numbers and as the table that a design prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spatial.acoustics.points import POSES, seat
from spatial.analysis.beam_baselines import baseline_figures, baseline_weights
from spatial.analysis.beam_figures import beam_figures, pressure
from spatial.analysis.binaural_cues import SEPARATION_HZ
from spatial.analysis.cancellation import arrivals, cancellation_curves, shared_band, side_figures
from spatial.analysis.other_heads import PLACES, on_measured_head
from spatial.analysis.other_poses import HEAD_RADII_M, Judged, distance_factors, over_distance, over_head_radius, over_poses
from spatial.analysis.room import room_figures
from spatial.analysis.seat import WINDOW_SLACK_DB, seat_figures
from spatial.analysis.spans import in_hz, spans
from spatial.analysis.spread import spread_figures
from spatial.analysis.weights import SideWeights, effective_weights, highest_hz, side_weights
from spatial.analysis.width_pair import width_figures
from spatial.bank.headroom import predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.base.checks import instance, usual_float_errors
from spatial.base.errors import UsageError
from spatial.base.units import db, third_octave_centres, third_octave_mean, thirds_below
from spatial.feasibility.limits import bands, limits_in_words
from spatial.rig.geometry import head_centre
from spatial.rig.load import rig_from_text
from spatial.rig.model import RigFile
from spatial.targets.beam_reference import beam_group, beam_reference_in_words
from spatial.targets.beam_wishes import NUMBERS
from spatial.targets.effort import default_effort_cap_db
from spatial.targets.tone import center_gain, seat_target

TONE_HZ = (200.0, 10000.0)


@dataclass(frozen=True)
class Row:
    """One line of the design table, ready to print."""

    figure: str
    asked: str
    reached: str
    worst: str = ""


@usual_float_errors
def analyze_bank(bank: FilterMatrix, rig_file: RigFile | None = None, elsewhere: bool = True) -> dict[str, Any]:
    """Figures of a bank on a rig (default: the one it was designed for), as JSON values.

    Keys: "sides", "spread", "third_octaves", "beam", "seat", "beam_baselines", "arrival_samples", "tone" (loudspeakers) or "width"
    (headphones), and "headroom"; "room" where the rig file has one. With elsewhere also where nothing was designed for, lists side by side:
    "distance" (0.5 to 2 times the design's), "poses" (the 27) and "head_radius" (70-105 mm), each with their least separation and largest
    errors; in free field "measured_head", where one is at hand.

    Raises
    ------
    UsageError
        Something else than a bank and a rig file, or a bank that carries no rig where none is given.
    """
    instance(bank, FilterMatrix, "analyze_bank", "compute_filters(rig_file) makes one, FilterMatrix.load(path) reads one")
    if rig_file is not None:
        instance(rig_file, RigFile, "analyze_bank", "load_rig(path) reads one")
    elif not bank.rig_text:
        raise UsageError("the bank carries no rig; give the rig file to judge it on")
    else:
        rig_file = rig_from_text(bank.rig_text, "the bank's own rig")
    headroom = asdict(predict_headroom(bank))
    if rig_file.rig.kind == "headphones":
        return {"width": asdict(width_figures(bank, rig_file)), "headroom": headroom}
    weights = side_weights(bank, rig_file.rig)
    return {
        "sides": asdict(side_figures(bank, rig_file)),
        "third_octaves": [asdict(band) for band in bands(rig_file, weights, highest_hz(bank))],
        **(figures_elsewhere(weights, rig_file, highest_hz(bank)) if elsewhere else {}),
        "spread": asdict(spread_figures(weights, rig_file, highest_hz(bank))),
        "beam": asdict(beam_figures(bank, rig_file)),
        "seat": asdict(seat_figures(bank, rig_file)),
        "beam_baselines": baseline_figures(rig_file, highest_hz(bank)),
        **({"room": figures_in_room(bank, rig_file)} if rig_file.scene.room is not None else {}),
        "arrival_samples": arrivals(bank, rig_file),
        "tone": tone_match(bank, rig_file),
        "headroom": headroom,
    }


def figures_in_room(bank: FilterMatrix, rig_file: RigFile) -> dict[str, dict[str, float]]:
    """The centre in the rig file's room: the reference alone, all drivers in phase, and the bank's beam."""
    simpler = baseline_weights(rig_file)
    ways = {
        "reference": simpler["reference"],
        "all_equal": simpler["all_equal"],
        "beam": lambda freqs: effective_weights(bank, rig_file.rig, freqs, "center"),
    }
    return {name: asdict(room_figures(rig_file, weights, top_hz=highest_hz(bank))) for name, weights in ways.items()}


def figures_elsewhere(weights: SideWeights, rig_file: RigFile, top_hz: float = SEPARATION_HZ[1]) -> dict[str, dict[str, Any]]:
    """The sides, up to top_hz, at other distances, poses and head radii; in free field also on a measured head, where one is at hand."""
    factors = distance_factors(rig_file)
    distance_m = float(np.linalg.norm(head_centre(rig_file.scene.listener)))
    places = [{"front_m": front, "left_m": left, "yaw_deg": yaw} for (front, left, _), yaw in POSES]
    found = {
        "distance": {
            "at_m": [round(factor * distance_m, 3) for factor in factors],
            **_with_worst(over_distance(weights, rig_file, factors, top_hz)),
        },
        "poses": {"at": places, **_with_worst(over_poses(weights, rig_file, top_hz))},
        "head_radius": {"at_m": list(HEAD_RADII_M), **_with_worst(over_head_radius(weights, rig_file, top_hz=top_hz))},
    }
    on_head = on_measured_head(weights, rig_file, top_hz)
    if on_head is not None:
        found["measured_head"] = {"file": on_head.file, "at": list(PLACES), **on_head.measured.as_lists()}
    return found


def _with_worst(found: Judged) -> dict[str, Any]:
    worst = {
        "sep_mean_min_db": float(found.sep_mean_db.min()),
        "ild_error_max_db": float(found.ild_error_db.max()),
        "itd_error_max_us": float(found.itd_error_us.max()),
    }
    return {**found.as_lists(), **worst}


def tone_match(bank: FilterMatrix, rig_file: RigFile) -> dict[str, Any]:
    """Sides against centre per third octave, 200 Hz-10 kHz: |p_ipsi/d| of the louder deviation less |p/d| on axis, centre gain out."""
    thirds = third_octave_centres(*TONE_HZ)
    thirds = thirds_below(thirds, bank.fs / 2)
    freqs = np.geomspace(thirds[0] * 2 ** (-1 / 6), thirds[-1] * 2 ** (1 / 6), 9 * len(thirds))
    target = seat_target(rig_file, beam_group(rig_file), freqs)
    at_seat = pressure(bank, rig_file.rig, rig_file.scene, seat(rig_file.scene.listener), freqs)[:, 0]
    centre = db(at_seat / target.d / center_gain(rig_file.design, freqs))
    sides = [curves.timbre_db for curves in cancellation_curves(bank, rig_file, freqs)]
    apart = np.stack([third_octave_mean(side - centre, freqs, thirds) for side in sides])
    worse = apart[np.abs(apart).argmax(axis=0), np.arange(len(thirds))]
    return {
        "third_octaves_hz": [round(float(f), 1) for f in thirds],
        **{
            f"{name}_db": [round(float(x), 3) for x in third_octave_mean(level, freqs, thirds)]
            for name, level in zip(("left", "right", "center"), (*sides, centre), strict=True)
        },
        "sides_minus_centre_db": [round(float(x), 3) for x in worse],
        "largest_db": float(np.abs(worse).max()),
    }


def design_table(bank: FilterMatrix, rig_file: RigFile) -> list[Row]:
    """Asked beside reached: the rows that ``spatial design`` and the report show."""
    if rig_file.rig.kind == "headphones":
        return _headphone_rows(bank, rig_file)
    return [*_side_rows(bank, rig_file), *_beam_rows(bank, rig_file), _level_row(bank)]


def _headphone_rows(bank: FilterMatrix, rig_file: RigFile) -> list[Row]:
    figures = width_figures(bank, rig_file)
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
    return [pair, near, hard, centre, _level_row(bank)]


def _flat(rho: float | None, where: float) -> str:
    """What a balance asks of hard-panned sound (where = 0) or the phantom centre (1)."""
    if rho is None or abs(rho - where) == 1:
        return "-"
    return "flat" if rho == where else f"balance {rho:g}"


def _side_rows(bank: FilterMatrix, rig_file: RigFile) -> list[Row]:
    spec, figures = rig_file.design.crosstalk, side_figures(bank, rig_file)
    cap = default_effort_cap_db(rig_file.rig, spec)
    rows = []
    if spec.mode == "virtual":
        reached = f"ILD {figures.ild_error_db:.1f} dB, ITD {figures.itd_error_us:.0f} us off"
        worst = f"{figures.ild_worst_db:.1f} dB at {in_hz(figures.ild_worst_hz)}"
        rows.append(Row("virtual pair, nominal", f"+-{rig_file.scene.virtual_pair.angle_deg:.1f} deg", reached, worst))
        rows.append(_spread_row(bank, rig_file))
    else:
        asked = "no leak"
        if spec.mode == "target":
            levels = [level for _, level in spec.target_db]
            asked = f"{min(levels):.0f} to {max(levels):.0f} dB"
        rows.append(Row("cancellation", asked, f"{figures.sep_mean_db:.1f} dB", f"{figures.sep_third_min_db:.1f} dB"))
        if spec.mode == "target":
            rows.append(_gain_error_row(bank, rig_file))
        rows.append(Row("worst of 27 poses", "-", f"{figures.worst_pose_db:.1f} dB"))
    rows.append(Row("effort, sides", f"<= {cap:.1f} dB", f"{figures.effort_db:.1f} dB", f"largest filter {figures.drive_db:+.1f} dB"))
    tone = tone_match(bank, rig_file)
    apart = np.array(tone["sides_minus_centre_db"])
    worst_at = in_hz(tone["third_octaves_hz"][int(np.abs(apart).argmax())])
    rows.append(Row("timbre at the ear", f"tone '{rig_file.design.tone}'", f"within {figures.timbre_db:.2f} dB"))
    rows.append(Row("sides less centre", "0 dB", f"within {tone['largest_db']:.2f} dB", worst_at))
    rows.append(_limits_row(bank, rig_file))
    return rows


def _spread_row(bank: FilterMatrix, rig_file: RigFile) -> Row:
    """What is left of the virtual pair where drivers differ as the rig file says: nine of ten loudspeakers."""
    found, tolerance = spread_figures(side_weights(bank, rig_file.rig), rig_file, highest_hz(bank)), rig_file.rig.tolerance
    return Row(
        "under driver spread",
        f"+-{tolerance.gain_db:g} dB, {tolerance.phase_deg:g} deg",
        f"ILD {found.ild_p90_db:.1f} dB, ITD {found.itd_p90_us:.0f} us off (P90)",
        f"tone {found.tone_p90_db:.1f} dB (P90)",
    )


def _limits_row(bank: FilterMatrix, rig_file: RigFile) -> Row:
    found = bands(rig_file, side_weights(bank, rig_file.rig), highest_hz(bank))
    free = np.array([band.limit == "none" for band in found])
    hz = np.array([band.hz for band in found])
    return Row(
        "in full", f"{in_hz(hz[0])}-{in_hz(hz[-1])}", spans(hz, free), f"bound by {limits_in_words(found)}" if not free.all() else ""
    )


def _gain_error_row(bank: FilterMatrix, rig_file: RigFile) -> Row:
    low_hz, high_hz = shared_band(rig_file)
    freqs = np.geomspace(max(300, low_hz), min(8000, high_hz, highest_hz(bank)), 300)
    errors = []
    for curves in cancellation_curves(bank, rig_file, freqs):
        assert curves.asked_db is not None
        wanted = np.maximum(curves.natural_db, np.minimum(curves.asked_db, curves.reachable_db))
        errors.append(curves.reached_db - wanted)
    error = max(errors, key=lambda e: np.abs(e).max())
    worst = int(np.abs(error).argmax())
    return Row(
        "gain against target", "+-0.25 dB", f"{np.sqrt(np.mean(error**2)):.2f} dB rms", f"{error[worst]:+.2f} dB at {in_hz(freqs[worst])}"
    )


def _beam_rows(bank: FilterMatrix, rig_file: RigFile) -> list[Row]:
    spec, figures = rig_file.design.beam, beam_figures(bank, rig_file)
    asked = {
        "null": "quiet sides",
        "room": "quiet room",
        "power_ratio": f"side {spec.side_db:.0f} dB",
        "constant": f"DI {spec.di_db:.1f} dB",
        "custom": "own shape",
    }.get(spec.preset, "-")
    worst = f"{figures.side_min_db:.1f} dB at {in_hz(figures.side_min_hz)}"
    beside = baseline_figures(rig_file, highest_hz(bank))
    shown = ", ".join(f"{beside[name]['side_db']:.1f}" for name in ("reference", "all_equal", "static_matrix"))
    windowed = spec.preset in ("null", "room", "power_ratio")
    at_seat = seat_figures(bank, rig_file)
    missed = windowed and at_seat.droop45_db < NUMBERS.low_db - WINDOW_SLACK_DB
    taken = f"beam '{spec.preset}'"
    if plays_reference_alone(bank, rig_file) and spec.preset != "reference":
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
    """Whether the centre path leaves every spatial driver but its reference silent."""
    group = {rig_file.rig.drivers[i].name for i in (*beam_group(rig_file), *_not_spatial(rig_file))}
    others = [i for i, name in enumerate(bank.driver_names) if name not in group]
    return not np.any(bank.taps[others, bank.input_index("center")])


def _not_spatial(rig_file: RigFile) -> list[int]:
    return [i for i, driver in enumerate(rig_file.rig.drivers) if driver.role != "spatial"]


def _level_row(bank: FilterMatrix) -> Row:
    headroom = predict_headroom(bank)
    return Row("level", "-", f"{bank.headroom_gain_db:.1f} dB for music", f"limiter takes {headroom.limiter_db:.1f} dB at worst")
