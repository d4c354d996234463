"""``spatial rigs`` lists the shipped rigs; ``spatial check`` tells what a rig file says and what is odd about it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.cli.common import add_command, picture, print_json, tell
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.rig.model import RigFile


def add_commands(commands: Any) -> None:
    """``rigs`` and ``check``."""
    add_command(commands, "rigs", "list the shipped rigs", run_rigs, json_output=True)
    check = add_command(commands, "check", "validate a rig file and draw its plan view", run_check, json_output=True, writes=True)
    check.add_argument("rig", metavar="RIG", help="rig file, or name of a shipped rig")
    check.add_argument("-o", "--output", metavar="PLAN", type=Path, help="draw the plan view to a .png, .svg or .pdf file")
    check.add_argument("--bands", action="store_true", help="per third octave: asked, reachable, and which limit binds")
    check.add_argument("--trade", action="store_true", help="what an effort cap of 3 to 18 dB buys, and the level it costs")
    add_set_option(check)


def add_set_option(parser: argparse.ArgumentParser) -> None:
    """``--set KEY=VALUE``, any number of times."""
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="vary the rig: design.crosstalk.mode=null, driver.left.channel=4 (drivers by name)",
    )


# ------------------------------------------------------------------------------------------------------------- rigs


def run_rigs(args: argparse.Namespace) -> None:
    """A line a rig: name, title, body and drivers, and what its design asks for."""
    from spatial.rig.layouts import shipped_rigs
    from spatial.rig.load import load_rig

    rigs = {name: load_rig(name) for name in shipped_rigs()}
    if args.json:
        print_json([{"rig": name, "name": rig.rig.name, "description": rig.rig.description, **_asked(rig)} for name, rig in rigs.items()])
        return
    rows = [("rig", "name", "what plays", "sides", "centre", "upmix")]
    rows += [(name, rig.rig.name, _what_plays(rig), *_asked_in_words(rig)) for name, rig in rigs.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        tell("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _asked(rig_file: RigFile) -> dict[str, Any]:
    rig, design = rig_file.rig, rig_file.design
    asked: dict[str, Any] = {"kind": rig.kind, "width": design.width.model}
    if rig.kind == "loudspeakers":
        asked |= {
            "enclosure": rig.enclosure.shape,
            "drivers": len(rig.drivers),
            "channels": max(driver.channel for driver in rig.drivers),
            "mode": design.crosstalk.mode,
            "preset": design.beam.preset,
            "upmix": design.upmix.method,
        }
    return asked


def _asked_in_words(rig_file: RigFile) -> tuple[str, str, str]:
    if rig_file.rig.kind == "headphones":
        return f"width {rig_file.design.width.model}", "-", "-"
    design = rig_file.design
    return f"mode {design.crosstalk.mode}", f"beam {design.beam.preset}", design.upmix.method


def _what_plays(rig_file: RigFile) -> str:
    """ "3 drivers on a rigid sphere of 175 mm"."""
    rig = rig_file.rig
    if rig.kind == "headphones":
        return "2 ears"
    count = f"{len(rig.drivers)} driver{'s' if len(rig.drivers) > 1 else ''}"
    if rig.enclosure.radius_m is None:
        return f"{count} in {'a baffle' if rig.enclosure.shape == 'baffle' else 'free space'}"
    return f"{count} on a rigid {rig.enclosure.shape} of {2000 * rig.enclosure.radius_m:.4g} mm"


# ------------------------------------------------------------------------------------------------------------ check


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


def picture_format(path: Path) -> str:
    """ "png", "svg" or "pdf" from a file name's suffix; UsageError for others, and for standard output."""
    from spatial.base.whole_files import refuse_standard_output
    from spatial.plots.style import FORMATS

    refuse_standard_output(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UsageError(f"{path}: no picture format; the name ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}")
    return suffix


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
    lines.append(f"  {_what_plays(rig_file)}; listener {listener_in_words(scene)}")
    sides, centre, upmix = _asked_in_words(rig_file)
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
        **_asked(rig_file),
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
