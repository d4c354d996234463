"""``spatial rigs`` and ``spatial check``: what they print, draw and refuse; the page on the rig file; keys in force."""

import io
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from rig_texts import BALL, FREE, HEADPHONES, changed

from spatial.plots.plan import plan_figure, plan_view
from spatial.plots.style import DARK, LIGHT, figure_bytes
from spatial.rig.advice import warnings
from spatial.rig.document import document
from spatial.rig.layouts import shipped_rigs
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import DesignSpec, Driver, keys
from spatial.rig.show import show
from spatial.rig.sketch import sketch


@pytest.fixture
def spatial(monkeypatch, capsys, tmp_path):
    """Run one command in an empty folder: exit code, standard output, standard error."""
    cli = import_module("spatial.cli.main")
    monkeypatch.setattr(cli, "COMMAND_MODULES", ("rigs", "check"))
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


# ---------------------------------------------------------------------------------------------------------- rigs


def test_rigs_lists_every_shipped_rig(spatial):
    code, out, err = spatial("rigs")
    assert code == 0 and err == ""
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(shipped_rigs())


def test_rigs_as_json(spatial):
    listed = {entry["rig"]: entry for entry in json.loads(spatial("rigs", "--json")[1])}
    assert set(listed) == set(shipped_rigs())
    assert listed["bar8"]["channels"] == listed["bar8"]["drivers"] == 8
    assert listed["headphones"]["kind"] == "headphones" and "mode" not in listed["headphones"]


# --------------------------------------------------------------------------------------------------------- check


@pytest.mark.parametrize("name", shipped_rigs())
def test_check_prints_one_screen(spatial, name):
    code, out, err = spatial("check", name)
    assert code == 0 and err == "" and out.isascii()
    assert out.startswith(f'{name}  "{load_rig(name).rig.name}"') and "ok: no errors" in out
    assert len(out.splitlines()) < 40 and max(map(len, out.splitlines())) < 140


def test_check_of_a_wrong_rig_tells_everything_and_exits_2(spatial, tmp_path):
    (tmp_path / "mine.toml").write_text(changed(changed(BALL, "channel = 3", "channel = 2"), "distance_m", "distnce_m"))
    code, out, err = spatial("check", "mine.toml")
    assert code == 2 and out == ""
    assert err == (
        "spatial: mine.toml: 2 errors\n  line 5  [listener] distnce_m is not a key. Did you mean distance_m?\n"
        "  line 25  driver 'right': channel = 2 is taken by driver 'left'\n"
    )


def test_check_as_json_has_places_and_warnings(spatial):
    figures = json.loads(spatial("check", "ball3", "--json", "--set", "driver.left.channel=7")[1])
    assert figures["channels"] == 7 and figures["placed_drivers"][1]["position_m"] == {"front": 0.0, "left": 0.0875, "up": 0.0}
    assert any("no driver has channel 2, 4, 5, 6" in warning for warning in figures["warnings"])


def test_check_replaces_letters_that_the_terminal_lacks(spatial, monkeypatch, tmp_path):
    (tmp_path / "mine.toml").write_text(changed(BALL, "field case", "Küche ☃"), encoding="utf-8")
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert spatial("check", "mine.toml")[0] == 0
    assert b'"K?che ?"' in raw.getvalue()


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")])
def test_check_draws_the_plan_view(spatial, tmp_path, suffix, magic):
    assert spatial("check", "ball3", "-o", f"plan.{suffix}")[0] == 0
    assert (tmp_path / f"plan.{suffix}").read_bytes().startswith(magic)
    assert [path.name for path in tmp_path.iterdir()] == [f"plan.{suffix}"]


def test_check_never_overwrites_unless_told(spatial, tmp_path):
    plan = tmp_path / "plan.png"
    plan.write_bytes(b"mine")
    code, out, err = spatial("check", "ball3", "-o", "plan.png")
    assert (code, out) == (4, "") and "plan.png: exists; -f overwrites it" in err and plan.read_bytes() == b"mine"
    assert spatial("check", "ball3", "-f", "-o", "plan.png")[0] == 0
    assert plan.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("output", "code", "complaint"),
    [
        ("plan.jpg", 2, "plan.jpg: no picture format; the name ends in .png, .svg or .pdf"),
        ("plan", 2, "plan: no picture format"),
        ("no/folder/plan.png", 4, "no/folder"),
    ],
)
def test_check_refuses_outputs_before_anything_else(spatial, tmp_path, output, code, complaint):
    found = spatial("check", "ball3", "-o", output)
    assert found[:2] == (code, "") and complaint in found[2]
    assert list(tmp_path.iterdir()) == []


def test_check_does_not_draw_over_its_own_rig(spatial, tmp_path):
    (tmp_path / "rig.png").write_text(BALL)
    assert spatial("check", "rig.png", "-f", "-o", "rig.png")[0] == 2
    assert (tmp_path / "rig.png").read_text() == BALL


# ------------------------------------------------------------------------------------------------------- warnings


def with_design(section: str) -> list[str]:
    return [
        text for text in warnings(rig_from_text(changed(BALL, '[design.upmix]\nmethod = "off"\n', section), "x")) if "band_hz" not in text
    ]


def test_no_warnings_where_nothing_is_odd():
    text = BALL.replace("diameter_m = 0.045", "diameter_m = 0.045\nband_hz = [45, 18000]")
    assert warnings(rig_from_text(text, "x")) == []


def test_a_missing_band_is_warned_of_with_what_such_drivers_play():
    text = changed(BALL, "azimuth_deg = 0.0", "azimuth_deg = 0.0\nband_hz = [150, 8000]")
    assert warnings(rig_from_text(text, "x")) == ["drivers 'left', 'right': no band_hz; 45 mm drivers rarely play below 120 Hz"]
    assert warnings(rig_from_text(FREE, "x")) == ["all 2 drivers: no band_hz; taken to play the whole range"]


@pytest.mark.parametrize(
    ("section", "warning"),
    [
        ("[design.beam]\nside_db = 10", '[design.beam] side_db = 10.0 has no effect with preset = "null"'),
        ("[design.crosstalk]\ntarget_db = [[100, 3]]", '[design.crosstalk] target_db = [[100.0, 3.0]] has no effect with mode = "virtual"'),
        ('[design.upmix]\nmethod = "off"\nstrength = 0.5', '[design.upmix] strength = 0.5 has no effect with method = "off"'),
        ('[design.crosstalk]\ndrivers = ["left"]', "crosstalk has 1 driver to work with: nothing can be cancelled"),
    ],
)
def test_keys_without_effect_are_warned_of(section, warning):
    assert with_design(section) == [warning]


def test_keys_with_effect_are_not():
    assert (
        with_design('[design.beam]\npreset = "power_ratio"\nside_db = 10\n[design.crosstalk]\nmode = "target"\ntarget_db = [[100, 3]]')
        == []
    )


def test_diaphragms_that_overlap_are_warned_of():
    """Two 45 mm caps on a ball of 175 mm reach 29.8 degrees together: asin(45/175) each."""
    near, apart = (
        warnings(rig_from_text(changed(BALL, "azimuth_deg = 90.0", f"azimuth_deg = {azimuth}"), "x")) for azimuth in (29.7, 29.9)
    )
    assert "drivers 'front', 'left': diaphragms overlap" in near and not any("overlap" in text for text in apart)


def test_design_on_headphones_is_warned_of():
    text = HEADPHONES + '[design.beam]\npreset = "reference"\n'
    assert warnings(rig_from_text(text, "x")) == ['[design.beam] has no effect with kind = "headphones"']


# ---------------------------------------------------------------------------------------------- sketch and picture


def test_the_sketch_has_the_listeners_left_on_the_left_and_front_downwards():
    rig_file = rig_from_text(BALL, "x")
    lines = sketch(rig_file.rig, rig_file.scene)
    where = {number: (row, line.index(number)) for row, line in enumerate(lines[:-1]) for number in "123+" if number in line}
    assert where["2"][1] < where["+"][1] < where["3"][1] and where["2"][0] == where["3"][0] == where["+"][0] < where["1"][0]
    assert lines[-1].index("o") == where["+"][1]


@pytest.mark.parametrize("name", shipped_rigs())
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_picture_is_drawn_and_the_same_every_time(name, theme):
    rig_file = load_rig(name)
    pictures = [figure_bytes(plan_figure(rig_file.rig, rig_file.scene, "caption", theme), theme, "svg") for _ in range(2)]
    assert pictures[0] == pictures[1] and len(pictures[0]) > 5000


def test_the_picture_shows_places_names_and_the_listeners_left():
    rig_file = load_rig("stereo_pair")
    axes = plan_figure(rig_file.rig, rig_file.scene).axes[0]
    low, high = axes.get_xlim()
    assert low > high, "the listener's left is on the left of the page"
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the listener is at the bottom"
    texts = {text.get_text() for text in axes.texts}
    assert {"left  ch 1", "right  ch 2", "virtual left", "virtual right", "L", "R"} <= texts
    dots = [tuple(line.get_xydata()[0]) for line in axes.lines if len(line.get_xydata()) == 1]
    assert all(any(np.allclose(dot, (left, 2 - 3**0.5)) for dot in dots) for left in (1, -1))


def test_names_that_look_like_formulas_and_far_scenes_are_drawn():
    text = changed(FREE, '"two in free space"', r"'$\frac{x$'")
    text = changed(changed(text, "distance_m = 2.0", "distance_m = 10000\nyaw_deg = 180"), 'name = "left"', 'name = "$_$ ^{"')
    rig_file = rig_from_text(text + "[virtual_pair]\ndistance_m = 10000\n", "x")
    assert figure_bytes(plan_figure(rig_file.rig, rig_file.scene), LIGHT, "png").startswith(b"\x89PNG")


def test_plan_view_draws_on_the_axes_it_is_given():
    from matplotlib.figure import Figure

    rig_file = load_rig("ball3")
    axes = Figure().subplots()
    assert plan_view(rig_file.rig, rig_file.scene, axes) is axes and "listener's left" in axes.get_xlabel()


# ------------------------------------------------------------------------------------------ keys in force, the page


def test_show_has_every_key_in_force_once():
    text = show(load_rig("ball3"))
    sections = {part.split("\n")[0]: part for part in text.split("\n\n")}
    for name, key in keys(DesignSpec).items():
        if key.kind == "table":
            shown = [line[2:].split()[0] for line in sections[f"[design.{name}]"].split("\n")[1:]]
            assert shown == [key for key, inner in keys(type(getattr(DesignSpec(), name))).items() if inner.kind != "table"]
    shown = [line[2:].split()[0] for line in sections["[[driver]]"].split("\n")[1:]]
    assert set(shown) == set(keys(Driver)) - {"up_m", "directivity"}


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("listener.yaw_deg=5", "  yaw_deg          5                         deg      from -180 to 180"),
        ("listener.yaw_deg=0", "* yaw_deg          0                         deg      from -180 to 180"),
        ("design.crosstalk.mode=null", '  mode             "null"                             virtual | target | null'),
        ("tolerance.gain_db=1.5", "  gain_db          1.5                       dB       from 0 to 6"),
        ("tolerance.gain_db=1.5", "* phase_deg        2.5                       deg      from 0 to 60"),
        ("design.tone=flat", '  tone             "flat"                             pair | flat | driver'),
        ("design.crosstalk.mode=null", '* tone             "flat"                             pair | flat | driver'),
        ("design.crosstalk.mode=virtual", '* tone             "pair"                             pair | flat | driver'),
        ("listener.distance_m=2", "  distance_m       2                         m        from 0.2 to 10000"),
    ],
)
def test_show_marks_defaults(setting, line):
    assert line in show(load_rig("ball3", [setting])).splitlines()


def test_show_of_headphones_has_no_hardware():
    text = show(load_rig("headphones"))
    assert "[headphones]" in text and "[design.beam]" not in text and "distance_m       2" in text and "yaw_deg" not in text


def test_the_page_on_the_rig_file_is_in_step_with_the_keys():
    page = Path(__file__).resolve().parents[1] / "docs" / "rig-file.md"
    assert page.read_text(encoding="utf-8") == document(), "python -m spatial.rig.document > docs/rig-file.md"
