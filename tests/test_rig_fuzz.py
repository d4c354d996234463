"""Whatever is in a rig file, the answer is a rig or a UsageError."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rig_texts import BALL, FREE, HEADPHONES

from spatial.base.errors import UsageError
from spatial.rig import model
from spatial.rig.advice import warnings
from spatial.rig.load import rig_from_text
from spatial.rig.model import keys
from spatial.rig.show import show
from spatial.rig.sketch import sketch

CLASSES = (
    model.Place, model.Facing, model.Driver, model.Enclosure, model.Rig, model.Listener, model.VirtualPair, model.Medium, model.Room,
    model.WidthSpec, model.TimbreDrivers, model.CrosstalkSpec, model.BeamSpec, model.UpmixSpec, model.HeadphonesSpec, model.DesignSpec,
)  # fmt: skip
KEYS = sorted({name for cls in CLASSES for name in keys(cls)} | {"format", "driver", "design", "headphones", "x", '"a b"', "''"})
CHOICES = sorted({choice for cls in CLASSES for key in keys(cls).values() for choice in key.choices})
SECTIONS = [
    "listener",
    "virtual_pair",
    "medium",
    "room",
    "enclosure",
    "headphones",
    "design",
    "design.width",
    "design.crosstalk",
    "design.crosstalk.timbre_drivers",
    "design.beam",
    "design.upmix",
    "[driver]",
    "driver.position_m",
    "driver",
    "nothing",
]

scalars = st.one_of(
    st.integers(-3, 400).map(str),
    st.floats(width=32).map(repr),
    st.sampled_from(["true", "false", "nan", "-inf", "1e999", "0x" + "f" * 40, "9" * 400, "1979-05-27", "07:32:00", '""', "'''\n'''"]),
    st.sampled_from(CHOICES).map(lambda choice: f'"{choice}"'),
    st.sampled_from(["front", "left", "right", "auto"]).map(lambda name: f'"{name}"'),
    st.text(max_size=6).map(lambda text: '"' + text.replace("\\", "").replace('"', "") + '"'),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda entries: "[" + ", ".join(entries) + "]")
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}")
    ),
    max_leaves=8,
)
assignments = st.tuples(st.sampled_from(KEYS), values).map(lambda pair: f"{pair[0]} = {pair[1]}")
statements = st.one_of(assignments, st.sampled_from(SECTIONS).map(lambda section: f"[{section}]"), st.text(max_size=12))


def refusal(text, overrides=()):
    """Why a rig is refused; "" where it is taken, and then it can also be shown, sketched and commented on."""
    try:
        rig_file = rig_from_text(text, "fuzz", overrides)
    except UsageError as error:
        return str(error)
    show(rig_file)
    warnings(rig_file)
    if rig_file.rig.drivers:
        sketch(rig_file.rig, rig_file.scene)
    again = rig_from_text(rig_file.text, "again")
    assert (again.rig, again.scene, again.design) == (rig_file.rig, rig_file.scene, rig_file.design)
    return ""


def taken_or_told(text, overrides=()):
    """Whether a rig is taken, or refused in words that begin with its name; anything but a UsageError passes through and is a bug."""
    why = refusal(text, overrides)
    return why == "" or why.startswith("fuzz: ") and len(why) > len("fuzz: ")


@given(st.text())
def test_any_text(text):
    assert taken_or_told(text)


@given(st.lists(statements, max_size=25).map("\n".join))
def test_any_statements(text):
    assert taken_or_told(text)


@settings(max_examples=400)
@given(st.sampled_from([BALL, FREE, HEADPHONES]), st.data())
def test_rigs_with_values_exchanged(text, data):
    """Up to three values of a rig that is right are replaced, and up to two statements put in."""
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(re.finditer(r"(?<== ).+$", text, re.MULTILINE))
        place = data.draw(st.sampled_from(places))
        text = text[: place.start()] + data.draw(values) + text[place.end() :]
    for _ in range(data.draw(st.integers(0, 2))):
        lines = text.split("\n")
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(statements))
        text = "\n".join(lines)
    assert taken_or_told(text)


@given(st.sampled_from([BALL, FREE]), st.data())
def test_rigs_with_letters_changed(text, data):
    at = data.draw(st.integers(0, len(text) - 1))
    assert taken_or_told(text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :])


paths = st.lists(st.sampled_from([*KEYS, "left", "front", "crosstalk"]) | st.text(max_size=4), min_size=1, max_size=5).map(".".join)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.text(), st.tuples(paths, values | st.text()).map("=".join)), min_size=1, max_size=3))
def test_any_settings(overrides):
    assert taken_or_told(BALL, overrides)


@given(st.sampled_from(["listener", "virtual_pair", "medium", "design.beam", "design.crosstalk", "driver.left"]), st.data())
def test_numbers_inside_their_range_are_taken(section, data):
    """The other way round: what the keys allow is not refused, one key at a time."""
    cls = {"listener": model.Listener, "virtual_pair": model.VirtualPair, "medium": model.Medium, "design.beam": model.BeamSpec,
           "design.crosstalk": model.CrosstalkSpec, "driver.left": model.Driver}[section]  # fmt: skip
    related = ("channel", "azimuth_deg", "elevation_deg", "up_m", "diameter_m", "taps", "delay_samples", "distance_m")
    names = [name for name, key in keys(cls).items() if key.kind == "number" and name not in related]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    value = data.draw(st.floats(keys(cls)[name].low, keys(cls)[name].high))
    assert refusal(BALL, [f"{section}.{name}={value!r}"]) == ""
