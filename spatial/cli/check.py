"""``spatial check``: what a rig file says, what its layout can do, and what is odd about it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.cli.common import add_command, picture, picture_format, print_json, tell
from spatial.cli.rig_words import add_set_option, asked, asked_in_words, what_plays
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.rig.model import RigFile


def add_commands(commands: Any) -> None:
    """``check``."""
    check = add_command(commands, "check", "validate a rig file and draw its plan view", run_check, json_output=True, writes=True)
    check.add_argument("rig", metavar="RIG", help="rig file, or name of a shipped rig")
    check.add_argument("-o", "--output", metavar="PLAN", type=Path, help="draw the plan view to a .png, .svg or .pdf file")
    check.add_argument("--bands", action="store_true", help="per third octave: asked, reachable, and which limit binds")
    check.add_argument("--trade", action="store_true", help="what an effort cap of 3 to 18 dB buys, and the level it costs")
    add_set_option(check)


def run_check(args: argparse.Namespace) -> None:
    """Validate; then plan view, drivers and warnings, or the same as JSON."""
    from spatial.acoustics.measured_head import head_notes
    from spatial.rig.advice import warnings
    from spatial.rig.load import load_rig

    if args.output is not None:
        from spatial.base.whole_files import check_destination

        picture_format(args.output)
        check_destination(args.output, force=args.force, inputs=(args.rig,))
    rig_file = load_rig(args.rig, args.overrides)
    found = [*warnings(rig_file), *head_notes(rig_file)]
    if args.output is not None:
        _draw(args, rig_file)
    if (args.bands or args.trade) and rig_file.rig.kind == "headphones":
        raise UsageError(f"{args.rig}: headphones spend no effort on cancellation; --bands and --trade are for loudspeakers")
    if args.json:
        print_json(_figures(args.rig, rig_file, found) | (_trade_figures(rig_file) if args.trade else {}))
        return
    if args.bands or args.trade:
        from spatial.cli.feasible import band_lines, trade_lines
        from spatial.feasibility.limits import bands

        tables = [band_lines(bands(rig_file), rig_file.design.crosstalk.mode)] if args.bands else []
        tables += [trade_lines(rig_file)] if args.trade else []
        tell("\n".join([*_heading(args.rig, rig_file), *(line for lines in tables for line in ["", *lines])]))
        return
    tell("\n".join([*_heading(args.rig, rig_file), "", *_plan(rig_file), "", *_feasible(rig_file), *_verdict(found)]))
    if args.output is not None:
        tell(f"  plan view  {args.output}")


def _draw(args: argparse.Namespace, rig_file: RigFile) -> None:
    from spatial.base.whole_files import atomic_file
    from spatial.plots.plan import plan_figure
    from spatial.plots.style import LIGHT

    figure = plan_figure(rig_file.rig, rig_file.scene, caption=f"spatial check {Path(args.rig).name}")
    content = picture(figure, LIGHT, picture_format(args.output))
    with stop_cleanly(), atomic_file(args.output) as file:
        file.write(content)


def _feasible(rig_file: RigFile) -> list[str]:
    """What the layout can do, where, and what limits it; nothing for headphones."""
    from spatial.feasibility.layout import feasibility, in_words

    if rig_file.rig.kind == "headphones":
        return []
    lines = [("what this layout can do", "where", "limited by")]
    lines += in_words(feasibility(rig_file), rig_file.scene.virtual_pair.angle_deg)
    first, second = (max(len(line[i]) for line in lines) for i in (0, 1))
    return [f"  {what:<{first}}  {where:<{second}}  {limit}".rstrip() for what, where, limit in lines]


def _heading(name: str, rig_file: RigFile) -> list[str]:
    from spatial.rig.sketch import listener_in_words

    rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
    pair = f"virtual pair at +-{scene.virtual_pair.angle_deg:g} deg, {scene.virtual_pair.distance_m:.2f} m from the head"
    lines = [f'{Path(name).stem}  "{rig.name}"' + (f"    {name}" if name != Path(name).stem else "")]
    if rig.kind == "headphones":
        return [*lines, "  headphones: channel 1 = left ear, channel 2 = right ear", f"  asked: {pair}, width {design.width.model}"]
    lines.append(f"  {what_plays(rig_file)}; listener {listener_in_words(scene)}")
    sides, centre, upmix = asked_in_words(rig_file)
    return [*lines, f"  asked: {pair}; sides {sides}, centre {centre}, upmix {upmix}"]


def _plan(rig_file: RigFile) -> list[str]:
    """The sketch, and a table of the drivers."""
    from spatial.rig.sketch import sketch

    rig = rig_file.rig
    if rig.kind == "headphones":
        return ["  nothing to draw: the ears are where they are"]
    width = max(len("driver"), *(len(driver.name) for driver in rig.drivers))
    lines = [f"  {line}".rstrip() for line in sketch(rig, rig_file.scene)]
    lines += ["", f"  ch  {'driver':<{width}}    front     left       up m   fires at azimuth, elevation deg   diameter mm"]
    for driver in rig.drivers:
        place, facing = driver.position_m, driver.facing_deg
        assert place is not None and facing is not None, "the loader fills both"
        diameter = "-" if driver.diameter_m is None else f"{1000 * driver.diameter_m:.4g}"
        where = f"{place.front:8.4f} {place.left:8.4f} {place.up:8.4f}  "
        lines.append(
            f"  {driver.channel:>2}  {driver.name:<{width}} {where}   {facing.azimuth:>16.1f}, {facing.elevation:.1f}{diameter:>24}"
        )
    return lines


def _verdict(found: list[str]) -> list[str]:
    count = "no warnings" if not found else f"{len(found)} warning{'s' if len(found) > 1 else ''}"
    return [f"  ok: no errors, {count}", *(f"  warning  {text}" for text in found)]


def _figures(name: str, rig_file: RigFile, found: list[str]) -> dict[str, Any]:
    from dataclasses import asdict

    rig, scene = rig_file.rig, rig_file.scene
    return {
        "rig": Path(name).stem,
        "name": rig.name,
        **asked(rig_file),
        "listener": asdict(scene.listener),
        "virtual_pair": asdict(scene.virtual_pair),
        "placed_drivers": [
            {key: value for key, value in asdict(driver).items() if key in ("name", "channel", "position_m", "facing_deg", "diameter_m")}
            for driver in rig.drivers
        ],
        **_feasible_figures(rig_file),
        "errors": 0,
        "warnings": found,
    }


def _feasible_figures(rig_file: RigFile) -> dict[str, Any]:
    from dataclasses import asdict

    from spatial.feasibility.layout import feasibility
    from spatial.feasibility.limits import bands

    if rig_file.rig.kind == "headphones":
        return {}
    found = feasibility(rig_file)
    per_band = {
        "third_octaves_hz": found.bands_hz.round(1).tolist(),
        "condition_db": found.condition_db.round(2).tolist(),
        "natural_db": found.natural_db.round(3).tolist(),
        "reachable_db": found.reachable_db.round(3).tolist(),
        "virtual_pair_fits": found.pair_fits.tolist(),
    }
    return {
        "feasible": {**per_band, "effort_cap_db": found.cap_db, "null_limit_hz": found.null_limit_hz},
        "third_octaves": [asdict(band) for band in bands(rig_file)],
    }


def _trade_figures(rig_file: RigFile) -> dict[str, Any]:
    from dataclasses import asdict

    from spatial.feasibility.effort_trade import trade

    return {"trade": [asdict(row) for row in trade(rig_file)]}
