"""docs/rig-file.md, made from the keys themselves: ``python -m spatial.rig.document > docs/rig-file.md``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator

from spatial.rig import model
from spatial.rig.layouts import shipped_rigs
from spatial.rig.model import REQUIRED, keys
from spatial.rig.read import MAX_DRIVERS
from spatial.rig.validate import BODIES
from spatial.rig.words import toml_value, wanted

INTRODUCTION = """\
# The rig file

One TOML file says what a loudspeaker is made of, who listens, and what its filters are to do. `spatial check RIG` reads one,
draws it and tells everything that is wrong with it at once; RIG is the path of a file or the name of a shipped rig.

**Everything is said as the listener sees it: front is towards the listener, left is the listener's left, up is up; metres and
degrees; left is positive.**

                     180
                      :                        azimuth of a direction, seen from above:
            +90 .. . rig . .. -90                 0  to the front; towards a listener who is not aside
                      :                         +90  to the listener's left
                      : front                   -90  to the listener's right (270 is the same)
                      v                         180  away from the listener
       left ear  (  nose  )  right ear
                  listener

The rig's reference point is the origin: the centre of a ball, otherwise any point you like. Azimuth is atan2(left, front). The
listener's nose points at the rig, along -front, also where the head stands aside; `yaw_deg` turns it.

A complete file:

```toml
{example}```

Shipped: {shipped}.

## Keys

A default of - is none, or one that the design decides, as the meaning says. Values "not built yet" belong to the format and are
refused until the design behind them exists.
"""

TOP = """\
### Top of the file

| key | takes | default | meaning |
|---|---|---|---|
| `format` | 1 | required | version of this format |
"""

RULES = """\
## Rules between keys

* **Where a driver is** depends on `[enclosure] shape`:

{bodies}

* On a sphere or cylinder `diameter_m` is less than the body's diameter; `directivity = "piston"` needs a `diameter_m`.
* Drivers are at least 1 mm apart, at most {max_drivers}.
* Drivers of role `woofer` and `tweeter` take no part in cancelling and beaming: crossovers (Linkwitz-Riley, fourth order) hand them what
  lies below the lowest and above the highest edge of the spatial drivers' `band_hz`, which every spatial driver then needs. Level,
  delay and phase are aligned, and the sides make up for what woofers and tweeters leak to the far ear, up to the crossovers. All woofers
  play left, right and centre; a side has the tweeter nearest to it, the centre all. Without a woofer feeds roll off below the lowest edge.
* Spatial drivers help in full from 250 Hz up, or from the lowest edge of their `band_hz` where that is higher; lower down the path is left
  more and more to its reference driver.
* Names and channels are unique. Output files have as many channels as the highest `channel`; channels that no driver has are silent.
* The head stands outside the enclosure, and no driver stands inside the head.
* `drivers`, `reference` and `timbre_drivers` name drivers that exist; a reference or timbre driver is one of the section's `drivers`.
* `shape` (preset `custom`) has rising azimuths from -180 to 180; rows from 0 on alone stand for both sides. Between the rows bounds run
  straight. The window is where the lower bound lies above -12 dB; it holds 0 dB at 0 degrees. Elsewhere only the upper bound counts.
* `target_db` rises in Hz. `delay_samples` is less than `taps`. Taps and delays are stated at 48 kHz and scale with the sample rate.
* `latency_ms` is 0, 2.7, 21 or 85, for `projection` not 0; `matrix` and `off` have no delay, whatever it says.
* `head = {{ file = "head.sofa" }}` is what `model = "measured"` needs: a measured head (SOFA, SimpleFreeFieldHRIR). It shapes the virtual
  pair; at the ears cancellation goes on working with the sphere of `head_radius_m`. `directivity = {{ file = "left.sofa" }}` belongs to
  the format and is not built yet. A file is named relative to the rig file and does not leave its folder.
* `kind = "headphones"` has no `[[driver]]`, `[enclosure]` or `[room]`: channel 1 is the left ear, 2 the right one, and the design is
  the width pair alone. `[listener]` may be left out.
* The rig and the listener stand inside the `[room]`.

## Types

An integer is taken where a number is meant, a boolean never is. NaN and infinity are refused. Azimuths and yaw come round again: 270
and -90 give the same filters to the last bit, and a mirrored rig gives exactly mirrored ones. Text is UTF-8, with or without byte
order mark, with either kind of line end, up to 256 KB.

## Varying a rig

`--set KEY=VALUE` replaces or adds one key without a copy of the file, any number of times. The value is read as TOML, else as plain
text; drivers are addressed by name:

    spatial check ball3 --set design.crosstalk.mode=null --set driver.left.channel=4 --set 'driver."left rear".gain_db=-3'

A filter bank carries the text of its rig. With `--set` that is a text of the same keys with the settings written in, without the
file's comments.

## Errors

All of them at once, with the line, what was given and what is allowed:

    mine.toml: 3 errors
      line 14  driver 'left': diamter_m is not a key. Did you mean diameter_m?
      line 15  driver 'left': azimuth_deg = "90" is text, a number from -360 to 360 is wanted
      line 22  driver 'right': channel = 2 is taken by driver 'left'

This page is made from the program's own list of keys: `python -m spatial.rig.document > docs/rig-file.md`.
"""

DEFAULTS: dict[tuple[type, str], str] = {
    (model.Listener, "distance_m"): "required for loudspeakers",
    (model.WidthSpec, "model"): f'`"{model.WidthSpec().model}"`; headphones: `"{model.WidthSpec.usual("headphones").model}"`',
    (model.DesignSpec, "tone"): '`"pair"`; where mode is not virtual `"flat"`',
    (model.BeamSpec, "preset"): '`"null"`; with two drivers `"reference"`',
    (model.BeamSpec, "reference"): '`"auto"`',
}
"""Defaults that the dataclass alone does not tell."""
TAKES: dict[tuple[type, str], str] = {
    (model.Listener, "head"): '"sphere" or { file = "head.sofa" }',
    (model.Room, "size_m"): "three numbers from 1 to 1000",
    (model.Room, "rig_m"): "three numbers from 0 to 1000",
    (model.UpmixSpec, "latency_ms"): "0, 2.7, 21 or 85",
    (model.BeamSpec, "reference"): '"auto", a driver name, or a list of driver names',
}


def document() -> str:
    """The page."""
    rigs = shipped_rigs()
    parts = [INTRODUCTION.format(example=rigs["ball3"].read_text(encoding="utf-8"), shipped=", ".join(f"`{name}`" for name in rigs))]
    parts.append(TOP + "".join(_rows(model.Rig)))
    for title, cls, note in SECTIONS:
        parts.append(f"### `{title}`\n\n{note}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n" + "".join(_rows(cls)))
    parts.append(RULES.format(bodies="\n".join(_bodies()), max_drivers=MAX_DRIVERS))
    return "\n".join(parts)


SECTIONS: tuple[tuple[str, type, str], ...] = (
    ("[listener]", model.Listener, "Where the head is, and the head that listens; its ears are at +-90 degrees from the nose."),
    ("[virtual_pair]", model.VirtualPair, "The stereo pair that the listener should hear, left and right of the nose."),
    ("[medium]", model.Medium, "Air; its temperature sets the speed of sound, 331.3 sqrt(1 + T/273.15) m/s."),
    ("[enclosure]", model.Enclosure, "The body that carries the drivers, centred on the origin."),
    ("[[driver]]", model.Driver, "One table a driver. Which of the keys that place it apply depends on the body (see the rules below)."),
    ("[tolerance]", model.Tolerance, "How much drivers differ from each other; designs and figures of spread take it in."),
    ("position_m = { front, left, up }", model.Place, "Of a driver: where its diaphragm's centre is."),
    ("facing_deg = { azimuth, elevation }", model.Facing, "Of a driver in free space: where it points."),
    ("[design]", model.DesignSpec, "What is asked of the filters as a whole; the tables below are its parts."),
    ("[design.width]", model.WidthSpec, "What the two ears should differ by when one side of the virtual pair plays."),
    ("[design.crosstalk]", model.CrosstalkSpec, "The sides: cancellation at the far ear."),
    ("timbre_drivers = { left, right }", model.TimbreDrivers, "Of `[design.crosstalk]`: the drivers whose timbre a side takes."),
    ("[design.beam]", model.BeamSpec, "The centre: a beam towards the listener."),
    ("[design.upmix]", model.UpmixSpec, "How stereo is split into sides and centre."),
    ("[headphones]", model.HeadphonesSpec, 'Only with `kind = "headphones"`.'),
    ("[room]", model.Room, "A shoebox, for analysis only. The listener's place follows from the rig's."),
)
"""Title, dataclass and a line for each table of the file, in the order in which one writes them."""


def _rows(cls: type) -> Iterator[str]:
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    for name, key in keys(cls).items():
        default = defaults[name]
        if (cls, name) in DEFAULTS:
            shown = DEFAULTS[cls, name]
        elif default is REQUIRED:
            shown = "required"
        elif key.kind == "table":
            shown = "-"
        else:
            shown = f"`{toml_value(default)}`" if default is not None else "-"
        takes = TAKES.get((cls, name)) or wanted(key)
        takes += f" {key.unit}" if key.unit and key.kind != "table" else ""
        if key.not_built:
            takes += f" (not built yet: {', '.join(toml_value(choice) if key.kind == 'choice' else choice for choice in key.not_built)})"
        yield f"| `{name}` | {takes} | {shown} | {key.help} |\n"


def _bodies() -> Iterator[str]:
    yield "  | shape | a driver needs | and takes |"
    yield "  |---|---|---|"
    not_built = keys(model.Enclosure)["shape"].not_built
    for shape, body in BODIES.items():
        needs = ", ".join(f"`{name}`" for name in body.needs)
        takes = ", ".join(f"`{name}`" for name in body.takes) or "-"
        yield f"  | `{shape}`{' (not built yet)' if shape in not_built else ''} | {needs} | {takes} |"


if __name__ == "__main__":
    sys.stdout.buffer.write(document().encode())
