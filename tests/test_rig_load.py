"""What a rig file becomes: places, facings, defaults; shipped rigs; settings; the text that a bank carries."""

import math
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_texts import BALL, FREE, HEADPHONES, changed

from spatial.base.errors import UsageError
from spatial.rig.geometry import axes, head_centre, left_of, nose, places
from spatial.rig.layouts import shipped_rigs
from spatial.rig.load import load_rig, rig_from_text

SHIPPED = (
    "ball3",
    "ball3_woofer",
    "ball_two_tier",
    "bar8",
    "box2",
    "cylinder4",
    "headphones",
    "laptop",
    "ring7",
    "stereo_pair",
    "television",
    "wall4",
)


def contents(rig_file):
    return rig_file.rig, rig_file.scene, rig_file.design


# -------------------------------------------------------------------------------------------------------- places


def test_a_driver_on_a_ball_sits_at_its_angle_and_fires_outward():
    rig = rig_from_text(BALL, "x").rig
    assert places(rig).tolist() == [[0.0875, 0, 0], [0, 0.0875, 0], [0, -0.0875, 0]]
    assert axes(rig).tolist() == [[1, 0, 0], [0, 1, 0], [0, -1, 0]]


def test_elevation_lifts_a_driver_on_a_ball():
    rig = rig_from_text(changed(BALL, "azimuth_deg = 90.0", "azimuth_deg = 90.0\nelevation_deg = 30"), "x").rig
    expected = [0, math.cos(math.pi / 6), math.sin(math.pi / 6)]
    assert np.allclose(places(rig)[1], 0.0875 * np.array(expected), atol=1e-16)
    assert np.allclose(axes(rig)[1], expected, atol=1e-15)


def test_a_driver_in_free_space_fires_towards_the_head_unless_told():
    text = changed(FREE, "distance_m = 2.0", "distance_m = 2.0\nleft_m = 0.3\nup_m = -0.2")
    text = changed(
        text, "position_m = { left = -0.08 }", "position_m = { left = -0.08, up = 0.5 }\nfacing_deg = { azimuth = 450, elevation = 5 }"
    )
    rig_file = rig_from_text(text.replace("450", "-270"), "x")
    towards = head_centre(rig_file.scene.listener) - places(rig_file.rig)[0]
    assert np.allclose(axes(rig_file.rig)[0], towards / np.linalg.norm(towards), atol=1e-15)
    assert rig_file.rig.drivers[1].facing_deg.azimuth == 90
    assert places(rig_file.rig)[1].tolist() == [0, -0.08, 0.5]


def test_an_integer_is_a_number():
    assert contents(rig_from_text(changed(BALL, "distance_m = 2.0", "distance_m = 2"), "x")) == contents(rig_from_text(BALL, "x"))


def test_headphones_need_no_listener():
    rig_file = rig_from_text(HEADPHONES + "[headphones]\nbalance = 0.5\n", "x")
    assert rig_file.rig.drivers == () and rig_file.design.headphones.balance == 0.5
    assert places(rig_file.rig).shape == axes(rig_file.rig).shape == (0, 3)


# ------------------------------------------------------------------------------------ cases 10 and 19, at the rig


def test_case_10_gaps_in_the_channels_are_kept():
    text = changed(changed(BALL, "channel = 3", "channel = 6"), "channel = 2", "channel = 3")
    gaps, linear = rig_from_text(text, "x").rig, rig_from_text(BALL, "x").rig
    assert [driver.channel for driver in gaps.drivers] == [1, 3, 6]
    assert places(gaps).tobytes() == places(linear).tobytes() and axes(gaps).tobytes() == axes(linear).tobytes()


def ball_with(left: str, right: str):
    text = changed(changed(BALL, "azimuth_deg = 90.0", f"azimuth_deg = {left}"), "azimuth_deg = -90.0", f"azimuth_deg = {right}")
    return rig_from_text(text, "x")


def test_case_19_one_direction_in_two_spellings_is_one_rig():
    minus90, wrapped = ball_with("60.0", "-90.0"), ball_with("60.0", "270.0")
    assert contents(minus90) == contents(wrapped)
    assert places(minus90.rig).tobytes() == places(wrapped.rig).tobytes()
    assert axes(minus90.rig).tobytes() == axes(wrapped.rig).tobytes()


def test_case_19_a_mirrored_rig_is_exactly_mirrored():
    rig, mirrored = ball_with("60.0", "-90.0").rig, ball_with("90.0", "-60.0").rig
    assert np.array_equal(places(mirrored)[[0, 2, 1]], places(rig) * [1, -1, 1])
    assert np.array_equal(axes(mirrored)[[0, 2, 1]], axes(rig) * [1, -1, 1])


@given(st.floats(-1, 1), st.floats(0.1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_mirrored_scene_in_free_space_is_exactly_mirrored(front, left, up, aside):
    def rig(sign):
        text = changed(FREE, "distance_m = 2.0", f"distance_m = 2.0\nleft_m = {sign * aside!r}")
        text = changed(text, "{ left = 0.08 }", f"{{ front = {front!r}, left = {sign * left!r}, up = {up!r} }}")
        return rig_from_text(changed(text, "{ left = -0.08 }", f"{{ left = {sign * -0.08!r} }}"), "x").rig

    assert np.array_equal(places(rig(-1)), places(rig(1)) * [1, -1, 1])
    assert np.array_equal(axes(rig(-1)), axes(rig(1)) * [1, -1, 1])


# -------------------------------------------------------------------------------------------------- shipped rigs


def test_the_shipped_rigs_are_these():
    assert tuple(shipped_rigs()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rigs_say_what_they_ask_for(name):
    """Mode, preset, method and width model are written out, so that nobody reads a default wrongly."""
    rig_file = load_rig(name)
    written = tomllib.loads(rig_file.text)["design"]
    asked = {"width": "model"} if name == "headphones" else {"width": "model", "crosstalk": "mode", "beam": "preset", "upmix": "method"}
    assert {section: key for section, key in asked.items() if key in written.get(section, {})} == asked
    assert rig_file.path == shipped_rigs()[name]


def test_the_stereo_pair_stands_where_the_virtual_pair_would():
    rig_file = load_rig("stereo_pair")
    listener, pair = rig_file.scene.listener, rig_file.scene.virtual_pair
    angle = math.radians(pair.angle_deg)
    virtual = [
        head_centre(listener)
        + pair.distance_m * (math.cos(angle) * nose(listener.yaw_deg) + side * math.sin(angle) * left_of(listener.yaw_deg))
        for side in (1, -1)
    ]
    assert np.allclose(places(rig_file.rig), virtual, atol=1e-15)
    assert rig_file.design.upmix.method == "off"


def test_the_bar_is_even_and_symmetric():
    where = places(load_rig("bar8").rig)
    steps = -np.diff(where[:, 1])
    assert np.ptp(where[:, 1]) == pytest.approx(0.92) and np.ptp(steps) < 2e-4
    assert np.array_equal(where[::-1], where * [1, -1, 1])


def test_the_laptop_is_near_and_its_pairs_are_symmetric():
    rig_file = load_rig("laptop")
    where, listener = places(rig_file.rig), rig_file.scene.listener
    assert listener.distance_m == 0.5 and 0.5 < np.linalg.norm(head_centre(listener) - where, axis=1).min() < 0.7
    assert np.array_equal(where[[1, 0, 3, 2]], where * [1, -1, 1])
    assert all(driver.band_hz is not None for driver in rig_file.rig.drivers)


def test_a_shipped_name_is_taken_before_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ball3").write_text(BALL)
    assert load_rig("ball3").rig.name == "Three mids on a ball"
    assert load_rig("./ball3").rig.name == load_rig(tmp_path / "ball3").rig.name == "field case"


# --------------------------------------------------------------------------------------------- settings and text


@pytest.mark.parametrize("name", SHIPPED)
def test_the_text_gives_the_rig_again(name):
    rig_file = load_rig(name)
    assert contents(rig_from_text(rig_file.text, "bank")) == contents(rig_file)


SETTINGS = [
    "design.crosstalk.mode=null",
    "driver.left.channel=4",
    'name="Küche \\"4\\""',
    "design.crosstalk.target_db=[[100, 0], [1e3, 6.5]]",
    "listener.left_m = 0.25",
    "design.crosstalk.timbre_drivers.left=['left']",
    "design.beam.reference=front",
    "driver.right.name='the, \"right\" one'",
    "driver.'the, \"right\" one'.gain_db=-3",
    "driver.front.invert=true",
    "room.rt60_s=0.3",
]


def test_settings_are_in_force_and_in_the_text():
    rig_file = load_rig("ball3", SETTINGS)
    front, left, right = rig_file.rig.drivers
    assert (rig_file.design.crosstalk.mode, left.channel, right.name, right.gain_db) == ("null", 4, 'the, "right" one', -3.0)
    assert rig_file.rig.name == 'Küche "4"' and front.invert and rig_file.scene.room.rt60_s == 0.3
    assert rig_file.design.crosstalk.target_db == ((100.0, 0.0), (1000.0, 6.5))
    again = rig_from_text(rig_file.text, "bank")
    assert contents(again) == contents(rig_file)
    assert again.text == rig_file.text
    assert all(f"# --set {setting}" in rig_file.text for setting in SETTINGS)


@given(st.text(st.characters(codec="utf-8")), st.floats(-60, 60), st.integers(4, 64))
def test_any_value_comes_back_from_the_text_of_settings(description, gain, channel):
    quoted = '"' + "".join(f"\\U{ord(letter):08x}" for letter in description) + '"'
    rig_file = rig_from_text(BALL, "x", [f"description={quoted}", f"driver.left.gain_db={gain!r}", f"driver.left.channel={channel}"])
    again = rig_from_text(rig_file.text, "bank")
    assert contents(again) == contents(rig_file)
    assert (again.rig.description, again.rig.drivers[1].gain_db, again.rig.drivers[1].channel) == (description, gain, channel)


def test_without_settings_the_text_is_the_file():
    assert rig_from_text(BALL, "x").text == BALL
    assert rig_from_text("\ufeff" + BALL.replace("\n", "\r\n"), "x").text == BALL


REFUSED_SETTINGS = {
    "foo": "--set foo  is no setting; key=value is wanted, for example design.crosstalk.mode=null",
    "=3": "--set   is no key; keys are joined by dots, for example design.beam.preset",
    "a..b=3": "--set a..b  is no key; keys are joined by dots, for example design.beam.preset",
    "name.x=3": 'leads into name = "field case", which is no table',
    "driver.left=3": "names no key of a driver; driver.NAME.key=value is wanted, for example driver.left.channel=4",
    "driver.lft.channel=4": "'lft' is no driver; the drivers are: front, left, right. Did you mean left?",
    "design.beam.pre=null": "--set design.beam.pre  [design.beam] pre is not a key. Did you mean preset?",
    "listener.distance_m=far": '--set listener.distance_m  [listener] distance_m = "far" is text, a number from 0.2 to 10000 is wanted',
    "listener.distance_m=nan": "--set listener.distance_m  [listener] distance_m = nan is not finite",
    "driver.right.channel=2": "--set driver.right.channel  driver 'right': channel = 2 is taken by driver 'left'",
    "driver.left.channel=1\nname=2": "--set driver.left.channel  driver 'left': channel = \"1\\nname=2\" is text, a whole number",
    "name=\udce9": "holds bytes that are not UTF-8",
    "a." * 20 + "b=1": "has more than 16 parts",
}


@pytest.mark.parametrize(("setting", "complaint"), REFUSED_SETTINGS.items())
def test_refused_settings(setting, complaint):
    with pytest.raises(UsageError) as error:
        rig_from_text(BALL, "x", [setting])
    assert str(error.value).startswith("x: 1 error\n") and complaint in str(error.value)


def test_settings_that_lead_nowhere_are_told_together():
    with pytest.raises(UsageError, match="^x: 2 errors\n"):
        rig_from_text(BALL, "x", ["foo", "driver.lft.channel=4", "listener.left_m=0.1"])
