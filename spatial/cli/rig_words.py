"""What a rig file asks for, in words and as JSON values, and options that commands on rigs share."""

from __future__ import annotations

import argparse
from typing import Any

from spatial.rig.model import RigFile


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


def asked(rig_file: RigFile) -> dict[str, Any]:
    """What its design asks for, as JSON values."""
    rig, design = rig_file.rig, rig_file.design
    found: dict[str, Any] = {"kind": rig.kind, "width": design.width.model}
    if rig.kind == "loudspeakers":
        found |= {
            "enclosure": rig.enclosure.shape,
            "drivers": len(rig.drivers),
            "channels": max(driver.channel for driver in rig.drivers),
            "mode": design.crosstalk.mode,
            "preset": design.beam.preset,
            "upmix": design.upmix.method,
        }
    return found


def asked_in_words(rig_file: RigFile) -> tuple[str, str, str]:
    """The same of sides, centre and upmix."""
    if rig_file.rig.kind == "headphones":
        return f"width {rig_file.design.width.model}", "-", "-"
    design = rig_file.design
    return f"mode {design.crosstalk.mode}", f"beam {design.beam.preset}", design.upmix.method


def what_plays(rig_file: RigFile) -> str:
    """ "3 drivers on a rigid sphere of 175 mm"."""
    rig = rig_file.rig
    if rig.kind == "headphones":
        return "2 ears"
    count = f"{len(rig.drivers)} driver{'s' if len(rig.drivers) > 1 else ''}"
    if rig.enclosure.radius_m is None:
        return f"{count} in {'a baffle' if rig.enclosure.shape == 'baffle' else 'free space'}"
    return f"{count} on a rigid {rig.enclosure.shape} of {2000 * rig.enclosure.radius_m:.4g} mm"
