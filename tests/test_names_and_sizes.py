"""Names of any script and length, many drivers, sizes in the wrong unit, low rates, and environments that are short of something."""

import json
import os
import subprocess
import sys
import warnings as python_warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

import spatial
from spatial.analysis.binaural_cues import judged_frequencies, judged_thirds, third_octave_separation_db
from spatial.base.errors import UsageError
from spatial.catalogue.thresholds import flat
from spatial.cli.main import main
from spatial.plots.fonts import fit_fonts
from spatial.plots.labels import every_nth, ordinal, short_names, shortened, width
from spatial.plots.plan import DRIVER_LABEL, plan_figure
from spatial.plots.style import LIGHT, figure_bytes, new_figure, themed
from spatial.rig.advice import warnings
from spatial.rig.load import rig_from_text

CHINESE = "客厅音箱 \N{MUSICAL NOTE}"


def rig_text(places, name="X", distance_m=2.0, driver="d{}"):
    """A rig in free space, its drivers at so many metres to the left."""
    head = f"format = 1\nname = {json.dumps(name, ensure_ascii=False)}\n[listener]\ndistance_m = {distance_m}\n"
    rows = []
    for i, left in enumerate(places):
        named = json.dumps(driver.format(i + 1), ensure_ascii=False)
        rows.append(f"[[driver]]\nname = {named}\nchannel = {i + 1}\nposition_m = {{ left = {left:.4f} }}\n")
    return head + "".join(rows)


# ----------------------------------------------------------------------------------------------------------- names


def test_a_name_in_another_script_is_drawn_without_a_librarys_warnings(tmp_path, capsys):
    (tmp_path / "r.toml").write_text(rig_text((0.08, -0.08), CHINESE), encoding="utf-8")
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error")
        assert main(["check", str(tmp_path / "r.toml"), "-o", str(tmp_path / "p.png")]) == 0
    assert (tmp_path / "p.png").stat().st_size > 10000
    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_signs_that_no_font_has_are_told_and_those_of_the_usual_font_touch_nothing():
    with themed(LIGHT):
        figure = new_figure("plain \N{GREEK SMALL LETTER OMEGA} сцена", "a \udce4 b \N{TAI THAM LETTER HIGH KA}")
    before = [text.get_fontfamily() for text in figure.findobj(Text) if "plain" in text.get_text()]
    missing = fit_fonts(figure)
    assert set(missing) <= {"\N{TAI THAM LETTER HIGH KA}"}
    assert [text.get_fontfamily() for text in figure.findobj(Text) if "plain" in text.get_text()] == before
    assert any("a \N{REPLACEMENT CHARACTER} b" in text.get_text() for text in figure.findobj(Text))
    for form in ("png", "svg", "pdf"):
        assert figure_bytes(figure, LIGHT, form)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that are no UTF-8 exist on Linux")
def test_names_of_files_that_are_not_utf8_end_in_json_that_strict_readers_take(tmp_path, capsys):
    folder = tmp_path / os.fsdecode(b"b\xf6x")
    folder.mkdir()
    assert main(["design", "headphones", "-o", str(folder / "x.npz"), "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said)["bank"].encode().decode().endswith("b\N{REPLACEMENT CHARACTER}x/x.npz")
    odd = folder / os.fsdecode(b"\xe4.npz")
    (folder / "x.npz").rename(odd)
    assert main(["report", str(odd), "-o", str(folder / "r.html")]) == 0
    assert "\N{REPLACEMENT CHARACTER}.npz" in (folder / "r.html").read_text(encoding="utf-8")


def test_a_dollar_in_a_name_is_a_dollar():
    rig_file = rig_from_text(rig_text((0.1, -0.1), "5 $x_1$ a", driver="_d{}$y$"), "x")
    written = [text.get_text() for text in plan_figure(rig_file.rig, rig_file.scene).findobj(Text)]
    assert "Plan view: 5 $x_1$ a" in written and "_d1$y$  ch 1" in written


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60), min_size=1, max_size=20, unique=True))
def test_short_names_are_short_and_differ(names):
    short = short_names(names)
    assert len(set(short)) == len(names)
    assert all(width(name) <= 26 for name in short)
    assert all(one == other for one, other in zip(short, names, strict=True) if width(other) <= 12)


def test_names_that_differ_only_at_the_end_still_differ():
    assert len(set(short_names([f"the driver of the long bar under the television, number {i}" for i in range(30)]))) == 30
    assert shortened("abc", 3) == "abc" and shortened("abcd", 3) == "ab…" and shortened("客厅音箱", 5) == "客厅…"
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 102, 111)] == "1st 2nd 3rd 4th 11th 12th 21st 102nd 111th".split()
    assert [every_nth(n, 48) for n in (1, 48, 49, 200)] == [1, 1, 2, 5]


@settings(max_examples=4, deadline=None)
@given(count=st.integers(9, 64), apart_m=st.floats(0.01, 0.2))
def test_no_label_of_a_plan_lies_on_another(count, apart_m):
    places = apart_m * (np.arange(count) - (count - 1) / 2)
    rig_file = rig_from_text(rig_text(places, driver="driver {}"), "x")
    figure = plan_figure(rig_file.rig, rig_file.scene)
    with themed(LIGHT):
        figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_gid() == DRIVER_LABEL and text.get_visible()]
    boxes = [box for box in boxes if box.width > 0]
    assert boxes
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


# ----------------------------------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rig_text((450, -450)), "driver 'd1': 450 m from the middle of the drivers, the listener at 2 m"),
        (rig_text((9, -9)), "driver 'd1': 9 m from the middle"),
        (rig_text((0.1, -0.1), distance_m=2000), "[listener] distance_m = 2000"),
        (rig_text((0.1, -0.1)) + "[virtual_pair]\ndistance_m = 200\n", "[virtual_pair] distance_m = 200"),
        (rig_text((0.1, -0.1)) + "[room]\nsize_m = [520, 410, 250]\nrig_m = [40, 205, 90]\n", "[room] size_m"),
    ],
)
def test_sizes_in_millimetres_or_centimetres_are_warned_of(text, told):
    assert any(told in line and "in metres" in line for line in warnings(rig_from_text(text, "x")))


def test_no_shipped_rig_is_warned_of_as_too_large():
    for name in spatial.rig.layouts.shipped_rigs():
        assert not any("in metres" in line for line in warnings(spatial.load_rig(name)))


@pytest.mark.parametrize("left_m", [450.0, 9999.0, 31.0])
def test_drivers_too_far_apart_are_refused_before_anything_is_computed(left_m, tmp_path, capsys):
    rig_file = rig_from_text(rig_text((left_m, -left_m)), "x")
    with pytest.raises(UsageError, match=rf"driver 'd1': {left_m:g} m from the middle .* at most 30 m .* metres"):
        spatial.compute_filters(rig_file, progress=lambda stage: pytest.fail("it began"))


# ------------------------------------------------------------------------------------------------------- low rates


@pytest.mark.parametrize("fs", [8000, 11025])
def test_nothing_is_judged_above_half_a_low_rate(fs):
    rig_file = spatial.load_rig("box2")
    figures = flat(spatial.analyze_bank(spatial.compute_filters(rig_file, fs=fs), rig_file))
    told = {name: hz for name, hz in figures.items() if "_hz" in name and not name.startswith("headroom") and isinstance(hz, float | int)}
    assert len(told) > 10
    assert all(hz * 2 ** (1 / 6) <= fs / 2 * (1 + 1e-9) for hz in told.values()), told
    assert figures["sides.ild_error_db"] < 1.0
    assert not any(isinstance(value, float) and np.isnan(value) for value in figures.values())


def test_at_usual_rates_the_judged_bands_are_what_they_were():
    assert np.array_equal(judged_frequencies(), np.geomspace(300, 8000, 300))
    assert np.array_equal(judged_frequencies(top_hz=0.45 * 44100), judged_frequencies())
    assert len(judged_thirds()) == 14
    freqs = judged_frequencies()
    assert third_octave_separation_db(freqs, np.full((300, 1), 2.0), np.ones((300, 1))) == pytest.approx(np.full((14, 1), 20 * np.log10(2)))


# ----------------------------------------------------------------------------------------------------- environment

DRAW = """
import os, sys
from spatial.plots.style import LIGHT, figure_bytes, new_figure, themed
with themed(LIGHT): figure = new_figure("title", "caption")
sys.stdout.buffer.write(figure_bytes(figure, LIGHT))
assert os.environ.get("MPLBACKEND") == {backend!r}
"""


def drawn(backend):
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"} | ({"MPLBACKEND": backend} if backend else {})
    done = subprocess.run([sys.executable, "-c", DRAW.format(backend=backend)], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_notebooks_backend_that_is_not_there_changes_no_byte_of_a_picture():
    usual = drawn(None)
    assert usual.startswith(b"\x89PNG")
    for backend in ("module://not_there.backend_inline", "nonsense", "svg"):
        assert drawn(backend) == usual


def test_numba_works_where_it_finds_no_folder_for_its_cache():
    """As in a container whose package and home cannot be written: code without a file has no place for a cache either."""
    pytest.importorskip("numba")
    from spatial.dsp.twins.numba_kernels import compiled

    scope = {}
    exec("def twice(x):\n    return 2 * x", scope)
    assert compiled(scope["twice"])(21) == 42


def test_a_damaged_numba_cache_is_as_good_as_none(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    from numba.core import config

    from spatial.dsp.twins.numba_kernels import compiled

    (tmp_path / "twice_of.py").write_text("def twice(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    from twice_of import twice

    assert compiled(twice)(21) == 42
    indices = list((tmp_path / "cache").rglob("*.nbi"))
    assert indices
    for index in indices:
        index.write_bytes(index.read_bytes()[:50])
    assert compiled(twice)(21) == 42
    again = compiled(twice)
    assert again(21) == 42 and sum(again.stats.cache_hits.values()) == 1  # it was mended
