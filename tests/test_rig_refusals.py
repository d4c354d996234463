"""Every refusal of a rig file, with its whole message: file, line, driver or section, what was given, what is wanted."""

from operator import attrgetter

import pytest
from rig_texts import BALL, FREE, HEADPHONES, changed

from spatial.base.errors import UsageError
from spatial.rig.layouts import shipped_rigs
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import Room


def complaints(text: str) -> list[str]:
    """What is wrong with a rig, one entry a complaint; the count in the first line is checked."""
    with pytest.raises(UsageError) as error:
        rig_from_text(text, "mine.toml")
    first, *rest = str(error.value).splitlines()
    assert first == f"mine.toml: {len(rest)} error{'' if len(rest) == 1 else 's'}"
    return [line.removeprefix("  ") for line in rest]


def test_the_rigs_that_are_varied_are_right():
    for text in (BALL, FREE, HEADPHONES):
        assert len(rig_from_text(text, "mine.toml").rig.drivers) == text.count("[[driver]]")


DESIGN = '[design.upmix]\nmethod = "off"\n'

REFUSED_ON_BALL = {
    "misspelt key": (
        'diameter_m = 0.045\n\n[[driver]]\nname = "left"',
        'diamter_m = 0.045\n\n[[driver]]\nname = "left"',
        "line 15  driver 'front': diamter_m is not a key. Did you mean diameter_m?",
    ),
    "misspelt section": (
        "[listener]\ndistance_m = 2.0",
        "[listener]\ndistance_m = 2.0\n[virtual_pear]",
        "line 6  virtual_pear is not a key. Did you mean virtual_pair?",
    ),
    "key of nothing": ("[listener]", "[listener]\nqqqq = 1", "line 5  [listener] qqqq is not a key."),
    "no format": ("format = 1\n", "", "format is missing; the first line of a rig file is: format = 1"),
    "other format": ("format = 1\n", "format = 2\n", "line 1  format = 2 is not read by this version, which reads format = 1"),
    "format true": ("format = 1\n", "format = true\n", "line 1  format = true is not read by this version, which reads format = 1"),
    "no name": ('name = "field case"\n', "", "name is missing; the rig needs one"),
    "name of two lines": (
        '"field case"',
        '"field\\ncase"',
        'line 2  name = "field\\ncase" is not a name: one line of printable characters is wanted',
    ),
    "empty name": ('"field case"', '" "', 'line 2  name = " " is not a name: one line of printable characters is wanted'),
    "number for text": ('"field case"', "3", "line 2  name = 3 is a whole number, text is wanted (in quotation marks)"),
    "unknown kind": (
        "format = 1\n",
        'format = 1\nkind = "earphones"\n',
        'line 2  kind = "earphones" is not known, one of "loudspeakers", "headphones" is wanted',
    ),
    "no distance": (
        "distance_m = 2.0\n",
        "",
        "line 4  [listener] distance_m is missing; a loudspeaker rig says how far away the listener is",
    ),
    "text for number": (
        "distance_m = 2.0",
        'distance_m = "2.0"',
        'line 5  [listener] distance_m = "2.0" is text, a number from 0.2 to 10000 is wanted',
    ),
    "boolean for number": (
        "distance_m = 2.0",
        "distance_m = true",
        "line 5  [listener] distance_m = true is a boolean, a number from 0.2 to 10000 is wanted",
    ),
    "date for number": (
        "distance_m = 2.0",
        "distance_m = 1979-05-27",
        "line 5  [listener] distance_m = 1979-05-27 is a date or time, a number from 0.2 to 10000 is wanted",
    ),
    "nan": (
        "distance_m = 2.0",
        "distance_m = nan",
        "line 5  [listener] distance_m = nan is not finite, a number from 0.2 to 10000 is wanted",
    ),
    "infinity": (
        "distance_m = 2.0",
        "distance_m = -inf",
        "line 5  [listener] distance_m = -inf is not finite, a number from 0.2 to 10000 is wanted",
    ),
    "too near": (
        "distance_m = 2.0",
        "distance_m = 0.1",
        "line 5  [listener] distance_m = 0.1 is out of range, a number from 0.2 to 10000 is wanted",
    ),
    "negative radius": (
        "radius_m = 0.0875",
        "radius_m = -0.0875",
        "line 9  [enclosure] radius_m = -0.0875 is out of range, a number from 0.01 to 5 is wanted",
    ),
    "no radius": ("radius_m = 0.0875\n", "", "line 7  [enclosure] radius_m is missing; a sphere needs one"),
    "unknown shape": (
        '"sphere"',
        '"cube"',
        'line 8  [enclosure] shape = "cube" is not known, one of "free", "baffle", "sphere", "cylinder" is wanted',
    ),
    "no listener section": (
        "[listener]\ndistance_m = 2.0\n",
        "",
        "[listener] distance_m is missing; a loudspeaker rig says how far away the listener is",
    ),
    "listener inside": (
        'distance_m = 2.0\n\n[enclosure]\nshape = "sphere"\nradius_m = 0.0875',
        'distance_m = 0.5\n\n[enclosure]\nshape = "sphere"\nradius_m = 0.45',
        "line 4  the listener is inside the enclosure: head of radius 0.0875 m around a centre 0.5 m from the origin, "
        "enclosure of radius 0.45 m",
    ),
    "duplicate channel": ("channel = 3", "channel = 2", "line 25  driver 'right': channel = 2 is taken by driver 'left'"),
    "duplicate name": ('name = "right"', 'name = "left"', 'line 24  driver 3: name = "left" is taken by driver 2'),
    "no channel": ("channel = 3\n", "", "line 23  driver 'right': channel is missing; a driver needs its output channel, counted from 1"),
    "channel zero": (
        "channel = 3",
        "channel = 0",
        "line 25  driver 'right': channel = 0 is out of range, a whole number from 1 to 64 is wanted",
    ),
    "channel with a point": (
        "channel = 3",
        "channel = 3.0",
        "line 25  driver 'right': channel = 3.0 is a number with a decimal point, a whole number from 1 to 64 is wanted",
    ),
    "no driver name": ('name = "right"\n', "", "line 23  driver 3: name is missing; a driver needs one"),
    "no azimuth": ("azimuth_deg = 90.0\n", "", "line 17  driver 'left': azimuth_deg is missing; a driver on a sphere needs it"),
    "text for azimuth": (
        "azimuth_deg = 90.0",
        'azimuth_deg = "90"',
        "line 20  driver 'left': azimuth_deg = \"90\" is text, a number from -360 to 360 is wanted",
    ),
    "diameter does not fit": (
        "azimuth_deg = 90.0\ndiameter_m = 0.045",
        "azimuth_deg = 90.0\ndiameter_m = 0.175",
        "line 21  driver 'left': diameter_m = 0.175 does not fit a sphere of radius_m = 0.0875: less than 0.175 is wanted",
    ),
    "coincide": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 270.0",
        "line 26  driver 'right': coincides with driver 'left' (less than 1 mm apart)",
    ),
    "place and azimuth": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\nposition_m = { left = 1 }",
        "line 21  driver 'left': position_m and azimuth_deg exclude each other; on a sphere it is azimuth_deg",
    ),
    "place on a sphere": (
        "azimuth_deg = 90.0",
        "position_m = { left = 1 }",
        "line 20  driver 'left': position_m makes no sense on a sphere: drivers sit on the body at azimuth_deg",
    ),
    "facing on a sphere": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\nfacing_deg = { azimuth = 1 }",
        "line 21  driver 'left': facing_deg makes no sense on a sphere: drivers fire along the outward normal",
    ),
    "height on a sphere": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\nup_m = 0.1",
        "line 21  driver 'left': up_m makes no sense on a sphere: height on a sphere is elevation_deg",
    ),
    "pattern on a sphere": (
        "azimuth_deg = 90.0",
        'azimuth_deg = 90.0\ndirectivity = "omni"',
        "line 21  driver 'left': directivity makes no sense on a sphere: the pattern follows from body and diameter_m",
    ),
    "band falls": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\nband_hz = [18000, 200]",
        "line 21  driver 'left': band_hz = [18000, 200] must increase",
    ),
    "band of one": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\nband_hz = [200]",
        "line 21  driver 'left': band_hz = [200] is wrong, two rising numbers from 1 to 200000 is wanted",
    ),
    "band of text": (
        "azimuth_deg = 90.0",
        'azimuth_deg = 90.0\nband_hz = [200, "x"]',
        "line 21  driver 'left': band_hz = [200, \"x\"] has an entry that is text, a number from 1 to 200000 is wanted",
    ),
    "number for boolean": (
        "azimuth_deg = 90.0",
        "azimuth_deg = 90.0\ninvert = 1",
        "line 21  driver 'left': invert = 1 is a whole number, true or false is wanted",
    ),
    "single brackets": (
        '[[driver]]\nname = "front"\nchannel = 1\nazimuth_deg = 0.0\ndiameter_m = 0.045\n\n[[driver]]\nname = "left"\nchannel = 2\n'
        'azimuth_deg = 90.0\ndiameter_m = 0.045\n\n[[driver]]\nname = "right"',
        '[driver]\nname = "right"',
        "line 11  drivers are written as tables: [[driver]] with double brackets, one for each",
    ),
    "role": (
        "azimuth_deg = 90.0",
        'azimuth_deg = 90.0\nrole = "woofr"',
        'line 21  driver \'left\': role = "woofr" is not known, one of "spatial", "woofer", "tweeter" is wanted',
    ),
    "unknown head": (
        "distance_m = 2.0",
        'distance_m = 2.0\nhead = "cube"',
        'line 6  [listener] head = "cube" is not known, "sphere" or { file = "head.sofa" } is wanted',
    ),
    "section in the design": (
        '[design.upmix]\nmethod = "off"\n',
        "[design]\nupmix = 3\n",
        "line 30  [design] upmix = 3 is a whole number, a table is wanted: [design.upmix]",
    ),
    "headphones section": (DESIGN, DESIGN + "[headphones]\nbalance = 0.5\n", 'line 31  [headphones] is for kind = "headphones"'),
}


@pytest.mark.parametrize(("old", "new", "complaint"), REFUSED_ON_BALL.values(), ids=REFUSED_ON_BALL)
def test_refused_on_a_ball(old, new, complaint):
    assert complaints(changed(BALL, old, new)) == [complaint]


REFUSED_DESIGNS = {
    "latency of another method": (
        '[design.upmix]\nmethod = "projection"\nlatency_ms = 0',
        'line 31  [design.upmix] latency_ms = 0.0 is not possible with method = "projection", which takes 2.7, 21, 85; '
        '"matrix" and "off" have no delay',
    ),
    "no such latency": ("[design.upmix]\nlatency_ms = 20", "line 30  [design.upmix] latency_ms = 20 is not one of 0, 2.7, 21, 85"),
    "strength": (
        "[design.upmix]\nstrength = 1.5",
        "line 30  [design.upmix] strength = 1.5 is out of range, a number from 0 to 1 is wanted",
    ),
    "measured width without a head": (
        '[design.width]\nmodel = "measured"',
        'line 30  [design.width] model = "measured" needs a measured head: [listener] head = { file = "head.sofa" }',
    ),
    "custom without a shape": (
        '[design.beam]\npreset = "custom"',
        'line 29  [design.beam] shape is missing; preset = "custom" needs rows of [azimuth_deg, lower_db, upper_db]',
    ),
    "shape out of order": (
        '[design.beam]\npreset = "custom"\nshape = [[30, -3, 0], [0, -1, 1]]',
        "line 31  [design.beam] shape[2] = [0.0, -1.0, 1.0] is out of order: azimuths from -180 to 180 rise from row to row",
    ),
    "shape with crossed bounds": (
        '[design.beam]\npreset = "custom"\nshape = [[0, -1, 1], [90, -10, -20]]',
        "line 31  [design.beam] shape[2] = [90.0, -10.0, -20.0] has its lower bound above the upper one",
    ),
    "shape without the listener": (
        '[design.beam]\npreset = "custom"\nshape = [[0, -6, -3], [90, -60, -20]]',
        "line 31  [design.beam] shape shuts out the listener: at 0 deg the bounds have 0 dB between them, the level on axis itself",
    ),
    "shape of a window alone": (
        '[design.beam]\npreset = "custom"\nshape = [[0, -1, 1], [180, -3, 1]]',
        "line 31  [design.beam] shape keeps nothing down: a lower_db of -12 or less is wanted somewhere",
    ),
    "robust is no boolean": (
        "[design.crosstalk]\nrobust = 1",
        "line 30  [design.crosstalk] robust = 1 is a whole number, true or false is wanted",
    ),
    "mode": (
        '[design.crosstalk]\nmode = "virtul"',
        'line 30  [design.crosstalk] mode = "virtul" is not known, one of "virtual", "target", "null" is wanted',
    ),
    "mode is no text": (
        "[design.crosstalk]\nmode = [1]",
        'line 30  [design.crosstalk] mode = [1] is a list, one of "virtual", "target", "null" is wanted',
    ),
    "target falls": (
        "[design.crosstalk]\ntarget_db = [\n  [100, 0],\n  [90, 3],\n]",
        "line 32  [design.crosstalk] target_db[2] = [90.0, 3.0] is out of order: frequencies must be above 0 Hz and rise from row to row",
    ),
    "target at zero": (
        "[design.crosstalk]\ntarget_db = [[0, 0]]",
        "line 30  [design.crosstalk] target_db[1] = [0.0, 0.0] is out of order: frequencies must be above 0 Hz and rise from row to row",
    ),
    "target without rows": (
        "[design.crosstalk]\ntarget_db = []",
        "line 30  [design.crosstalk] target_db = [] is a list without rows, a list of rows of 2 numbers is wanted",
    ),
    "target with a short row": (
        "[design.crosstalk]\ntarget_db = [[100]]",
        "line 30  [design.crosstalk] target_db = [[100]] is wrong, a list of rows of 2 numbers is wanted",
    ),
    "target with nan": (
        "[design.crosstalk]\ntarget_db = [[100, nan]]",
        "line 30  [design.crosstalk] target_db = [[100, nan]] has an entry that is not finite, a number is wanted",
    ),
    "delay outside the filter": (
        "[design.crosstalk]\ntaps = 64\ndelay_samples = 64",
        "line 31  [design.crosstalk] delay_samples = 64 is not inside the filter, less than taps = 64 is wanted",
    ),
    "delay outside the default filter": (
        "[design.beam]\ndelay_samples = 1024",
        "line 30  [design.beam] delay_samples = 1024 is not inside the filter, less than taps = 1024 is wanted",
    ),
    "taps true": (
        "[design.beam]\ntaps = true",
        "line 30  [design.beam] taps = true is a boolean, a whole number from 16 to 16384 is wanted",
    ),
    "taps": ("[design.beam]\ntaps = 8", "line 30  [design.beam] taps = 8 is out of range, a whole number from 16 to 16384 is wanted"),
    "driver that is not there": (
        '[design.crosstalk]\ndrivers = ["front", "lft"]',
        "line 30  [design.crosstalk] drivers: 'lft' is no driver of the rig, whose drivers are: front, left, right. Did you mean left?",
    ),
    "no drivers": (
        "[design.crosstalk]\ndrivers = []",
        "line 30  [design.crosstalk] drivers = [] is empty, at least one driver name is wanted",
    ),
    "driver twice": (
        '[design.crosstalk]\ndrivers = ["left", "left"]',
        'line 30  [design.crosstalk] drivers = ["left", "left"] names a driver twice',
    ),
    "drivers as text": (
        '[design.beam]\ndrivers = "left"',
        'line 30  [design.beam] drivers = "left" is wrong, a list of driver names is wanted: ["left", "right"]',
    ),
    "timbre driver that is not there": (
        '[design.crosstalk]\ntimbre_drivers = { left = ["x"] }',
        "line 30  [design.crosstalk.timbre_drivers] left: 'x' is no driver of the rig, whose drivers are: front, left, right.",
    ),
    "timbre driver outside": (
        '[design.crosstalk]\ndrivers = ["left", "right"]\ntimbre_drivers = { left = ["front"] }',
        "line 31  [design.crosstalk.timbre_drivers] left: 'front' is no driver of design.crosstalk.drivers, "
        "whose drivers are: left, right.",
    ),
    "reference that is not there": (
        '[design.beam]\nreference = "middle"',
        "line 30  [design.beam] reference: 'middle' is no driver of the rig, whose drivers are: front, left, right.",
    ),
    "reference outside the beam": (
        '[design.beam]\ndrivers = ["left", "right"]\nreference = ["front"]',
        "line 31  [design.beam] reference: 'front' is no driver of design.beam.drivers, whose drivers are: left, right.",
    ),
    "reference is a number": (
        "[design.beam]\nreference = 1",
        'line 30  [design.beam] reference = 1 is wrong, a list of driver names is wanted: ["left", "right"]',
    ),
    "rig outside the room": (
        "[room]\nrig_m = [6, 1, 1]",
        "line 30  [room] rig_m = [6.0, 1.0, 1.0] is outside the room of size_m = [5.2, 4.1, 2.5]",
    ),
    "listener outside the room": (
        "[room]\nrig_m = [4, 1, 1]",
        "line 29  [room] the listener would be at [6.0, 1.0, 1.0] m, outside the room of size_m = [5.2, 4.1, 2.5]",
    ),
    "flat room": (
        "[room]\nsize_m = [4, 1]",
        "line 30  [room] size_m = [4, 1] is wrong, three numbers from 1 to 1000 are wanted: depth, width, height",
    ),
}


@pytest.mark.parametrize(("section", "complaint"), REFUSED_DESIGNS.values(), ids=REFUSED_DESIGNS)
def test_refused_designs(section, complaint):
    assert complaints(changed(BALL, DESIGN, section + "\n")) == [complaint]


@pytest.mark.parametrize(
    ("section", "place", "value"),
    [
        ("[design.crosstalk]\nrobust = false", "design.crosstalk.robust", False),
        ('[design.upmix]\nmethod = "matrix"\nlatency_ms = 2.7', "design.upmix.method", "matrix"),
        ('[design.beam]\nreference = "auto"', "design.beam.reference", None),
        ('[design.beam]\nreference = "front"', "design.beam.reference", ("front",)),
        ('[design.beam]\nreference = ["left", "right"]', "design.beam.reference", ("left", "right")),
        ("[room]", "scene.room", Room()),
        ("[design.upmix]\nlatency_ms = 21", "design.upmix.latency_ms", 21.0),
    ],
)
def test_taken_designs(section, place, value):
    assert attrgetter(place)(rig_from_text(changed(BALL, DESIGN, section + "\n"), "mine.toml")) == value


REFUSED_IN_SPACE = {
    "no place": ("position_m = { left = 0.08 }\n", "", ["line 7  driver 'left': position_m is missing; a driver in free space needs it"]),
    "azimuth": (
        "position_m = { left = 0.08 }",
        "azimuth_deg = 90",
        ["line 10  driver 'left': azimuth_deg makes no sense in free space: drivers are placed by position_m"],
    ),
    "both": (
        "position_m = { left = 0.08 }",
        "position_m = { left = 0.08 }\nazimuth_deg = 90",
        ["line 11  driver 'left': position_m and azimuth_deg exclude each other; in free space it is position_m"],
    ),
    "inside the head": (
        "position_m = { left = 0.08 }",
        "position_m = { front = 1.95 }",
        ["line 10  driver 'left': is inside the listener's head (radius 0.0875 m)"],
    ),
    "inside a table": (
        "position_m = { left = 0.08 }",
        'position_m = { left = "x", lift = 3 }',
        [
            "line 10  driver 'left': position_m.left = \"x\" is text, a number from -10000 to 10000 is wanted",
            "line 10  driver 'left': position_m.lift is not a key. Did you mean left?",
        ],
    ),
    "subtable": (
        "position_m = { left = 0.08 }",
        '[driver.position_m]\nup = 0.1\nleft = "x"',
        ["line 12  driver 'left': position_m.left = \"x\" is text, a number from -10000 to 10000 is wanted"],
    ),
    "piston": (
        "position_m = { left = 0.08 }",
        'position_m = { left = 0.08 }\ndirectivity = "piston"',
        ["line 7  driver 'left': diameter_m is missing; directivity = \"piston\" needs it"],
    ),
    "measured": (
        "position_m = { left = 0.08 }",
        'position_m = { left = 0.08 }\ndirectivity = { file = "sub/left.sofa" }',
        ['line 11  driver \'left\': directivity = { file = "sub/left.sofa" } is not built yet; use "omni" or "cardioid" or "piston"'],
    ),
    "coincide": (
        "position_m = { left = 0.08 }",
        "position_m = { left = -0.0805 }",
        ["line 15  driver 'right': coincides with driver 'left' (less than 1 mm apart)"],
    ),
    "radius in space": (
        "distance_m = 2.0\n",
        "distance_m = 2.0\n[enclosure]\nradius_m = 0.1\n",
        ['line 7  [enclosure] radius_m = 0.1 is for shape = "sphere" or "cylinder"'],
    ),
    "baffle": (
        "distance_m = 2.0\n",
        'distance_m = 2.0\n[enclosure]\nshape = "baffle"\n',
        [
            "line 9  driver 'left': diameter_m is missing; a driver in a baffle needs it",
            "line 14  driver 'right': diameter_m is missing; a driver in a baffle needs it",
        ],
    ),
    "no drivers": (FREE[FREE.index("\n[[driver]]") :], "", ["no [[driver]]; a loudspeaker rig has at least one"]),
}


@pytest.mark.parametrize(("old", "new", "expected"), REFUSED_IN_SPACE.values(), ids=REFUSED_IN_SPACE)
def test_refused_in_free_space(old, new, expected):
    assert complaints(changed(FREE, old, new)) == expected


@pytest.mark.parametrize("file", ["../head.sofa", "/head.sofa", "a/../../b.sofa", "C:\\head.sofa", "..\\head.sofa", ""])
def test_files_do_not_leave_the_folder_of_the_rig(file):
    (said,) = complaints(changed(BALL, "distance_m = 2.0", f"distance_m = 2.0\nhead = {{ file = '{file}' }}"))
    assert "leaves the folder of the rig file; name a file in that folder or below it" in said


def test_baffle_rules():
    text = changed(FREE, "distance_m = 2.0\n", 'distance_m = 2.0\n[enclosure]\nshape = "baffle"\n')
    text = changed(text, "position_m = { left = 0.08 }", "position_m = { front = 0.1, left = 0.08 }\ndiameter_m = 0.04\nfacing_deg = {}")
    text = changed(text, "position_m = { left = -0.08 }", 'position_m = { left = -0.08 }\ndiameter_m = 0.04\ndirectivity = "omni"')
    assert complaints(text) == [
        "line 12  driver 'left': position_m.front = 0.1 is off the baffle, which is the plane front = 0",
        "line 14  driver 'left': facing_deg makes no sense in a baffle: drivers fire along front",
        "line 21  driver 'right': directivity makes no sense in a baffle: drivers in a baffle are pistons",
    ]


def test_cylinder_rules():
    text = changed(BALL, '"sphere"', '"cylinder"')
    text = changed(text, "azimuth_deg = 90.0", "azimuth_deg = 90.0\nelevation_deg = 10")
    text = changed(text, "azimuth_deg = -90.0", "azimuth_deg = -90.0\nup_m = 0.1")
    text = changed(
        text,
        'name = "front"\nchannel = 1\nazimuth_deg = 0.0\ndiameter_m = 0.045',
        'name = "front"\nchannel = 1\nazimuth_deg = 0.0\ndiameter_m = 0.2',
    )
    assert complaints(text) == [
        "line 15  driver 'front': diameter_m = 0.2 does not fit a cylinder of radius_m = 0.0875: less than 0.175 is wanted",
        "line 21  driver 'left': elevation_deg makes no sense on a cylinder: height on a cylinder is up_m",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            HEADPHONES + "[enclosure]\n",
            'line 4  [enclosure] is for loudspeakers; kind = "headphones" has two channels, 1 = left ear, 2 = right ear',
        ),
        (
            HEADPHONES + "[tolerance]\n",
            'line 4  [tolerance] is for loudspeakers; kind = "headphones" has two channels, 1 = left ear, 2 = right ear',
        ),
        (HEADPHONES + "[room]\n", 'line 4  [room] is for loudspeakers; kind = "headphones" has two channels, 1 = left ear, 2 = right ear'),
        (
            HEADPHONES + '[[driver]]\nname = "x"\n',
            'line 4  [[driver]] is for loudspeakers; kind = "headphones" has two channels, 1 = left ear, 2 = right ear',
        ),
        (HEADPHONES + "[headphones]\nbalance = 2\n", "line 5  [headphones] balance = 2 is out of range, a number from 0 to 1 is wanted"),
    ],
)
def test_refused_on_headphones(text, expected):
    assert complaints(text) == [expected]


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("gain_db = -0.1", "line 33  [tolerance] gain_db = -0.1 is out of range, a number from 0 to 6 is wanted"),
        ("phase_deg = 61", "line 33  [tolerance] phase_deg = 61 is out of range, a number from 0 to 60 is wanted"),
        ('gain_db = "much"', 'line 33  [tolerance] gain_db = "much" is text, a number from 0 to 6 is wanted'),
        ("gain_dB = 1", "line 33  [tolerance] gain_dB is not a key. Did you mean gain_db?"),
    ],
)
def test_a_tolerance_that_cannot_be_is_refused(section, complaint):
    with pytest.raises(UsageError) as error:
        rig_from_text(BALL + f"\n[tolerance]\n{section}\n", "mine.toml")
    assert complaint in str(error.value)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file():
    text = changed(BALL, "azimuth_deg = 90.0\ndiameter_m = 0.045", 'azimuth_deg = "90"\ndiamter_m = 0.045')
    text = changed(text, "channel = 3", "channel = 2")
    assert complaints(text) == [
        "line 20  driver 'left': azimuth_deg = \"90\" is text, a number from -360 to 360 is wanted",
        "line 21  driver 'left': diamter_m is not a key. Did you mean diameter_m?",
        "line 25  driver 'right': channel = 2 is taken by driver 'left'",
    ]


def test_one_mistake_is_told_once():
    """A wrong radius is no reason to talk about where the drivers on it coincide or where the listener is."""
    assert len(complaints(changed(BALL, "radius_m = 0.0875", 'radius_m = "0.0875"'))) == 1


# ------------------------------------------------------------------------------------------------- the file itself


def test_a_file_that_is_not_there_names_the_shipped_rigs():
    with pytest.raises(UsageError) as error:
        load_rig("bal3")
    assert str(error.value) == f"bal3: no such file, and no shipped rig ({', '.join(shipped_rigs())}). Did you mean ball3?"


@pytest.mark.parametrize("name", [".", "a\0b", "no/such/folder/x.toml", "x" * 5000])
def test_names_that_are_no_file(name):
    with pytest.raises(UsageError, match="no such file|cannot be read as a rig file"):
        load_rig(name)


def test_an_endless_file_is_refused():
    with pytest.raises(UsageError, match="more than 256 KB"):
        load_rig("/dev/zero")
