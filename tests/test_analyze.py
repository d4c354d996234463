"""``spatial analyze``: the same figures as table, JSON and CSV, methods beside them, thresholds and their exit code; check and design."""

import csv
import io
import json
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_rigs import first_wave
from rig_texts import FREE, HEADPHONES

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import InputError, ThresholdError, UsageError
from spatial.catalogue.figures import analyze_bank
from spatial.catalogue.thresholds import Threshold, flat, read_thresholds, require
from spatial.design.filter_bank import compute_filters
from spatial.rig.load import rig_from_text


@pytest.fixture(scope="module")
def banks(tmp_path_factory):
    """A folder with the bank of a pair, drivers alike and 18 dB to spend, and one for headphones."""
    folder = tmp_path_factory.mktemp("banks")
    compute_filters(first_wave(rig_from_text(FREE, "pair"))).save(folder / "pair.npz")
    compute_filters(rig_from_text(HEADPHONES, "head")).save(folder / "head.npz")
    return folder


@pytest.fixture
def spatial(monkeypatch, capsys, banks):
    """Run one command in the folder of the banks: exit code, standard output, standard error."""
    cli = import_module("spatial.cli.main")
    monkeypatch.chdir(banks)

    def run(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


# --------------------------------------------------------------------------------------------------------- figures


def test_table_json_and_csv_have_the_same_figures(spatial, banks):
    code, out, err = spatial("analyze", "pair.npz", "--json")
    figures = json.loads(out)
    assert code == 0 and err == ""
    expected = json.loads(json.dumps(analyze_bank(FilterMatrix.load(banks / "pair.npz"))))
    assert figures == expected
    code, out, err = spatial("analyze", "pair.npz", "--csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0 and rows[0] == ["figure", "value"]
    assert {name: value for name, value in rows[1:]} == {name: "" if value is None else str(value) for name, value in flat(figures).items()}
    code, table, err = spatial("analyze", "pair.npz")
    assert code == 0 and table.isascii() and max(map(len, table.splitlines())) < 140
    shown = {line.split()[0] for line in table.splitlines()[1:]}
    assert {"sides.sep_mean_db", "sides.sep_pink_db", "distance.sep_mean_db", "poses.sep_mean_min_db", "head_radius.itd_error_us"} <= shown
    assert shown <= {name.partition(".0")[0] for name in flat(figures)} | set(flat(figures))


def test_figures_that_are_pinned_are_there(banks):
    figures = analyze_bank(FilterMatrix.load(banks / "pair.npz"))
    assert figures["distance"]["at_m"][0] == 1.0 and figures["distance"]["at_m"][-1] == 4.0
    assert len(figures["poses"]["sep_mean_db"]) == 27
    assert min(figures["poses"]["sep_mean_db"]) == pytest.approx(figures["sides"]["worst_pose_db"], abs=1e-3)
    assert figures["head_radius"]["at_m"][0] == 0.07 and figures["head_radius"]["at_m"][-1] == 0.105
    middle = figures["distance"]["at_m"].index(2.0)
    for name in ("sep_mean_db", "sep_pink_db"):
        assert figures["distance"][name][middle] == pytest.approx(figures["sides"][name], abs=0.01)
    at_once = analyze_bank(FilterMatrix.load(banks / "pair.npz"), elsewhere=False)
    assert set(figures) - set(at_once) - {"measured_head"} == {"distance", "poses", "head_radius"}


def test_headphones_have_the_width_pair(spatial):
    code, out, _ = spatial("analyze", "head.npz")
    assert code == 0 and "width.itd_error_us" in out and "sides" not in out.replace("one_side", "")
    assert spatial("analyze", "head.npz", "--against", "all")[0] == 2


def test_a_bank_is_judged_on_another_rig(spatial, banks):
    (banks / "wide.toml").write_text(FREE.replace("0.08", "0.16"))
    own, other = (json.loads(spatial("analyze", "pair.npz", "--json", *rig)[1]) for rig in ((), ("--rig", "wide.toml")))
    assert other["sides"]["itd_error_us"] > own["sides"]["itd_error_us"] + 50


def test_methods_stand_beside_the_bank(spatial):
    figures = json.loads(spatial("analyze", "pair.npz", "--json", "--against", "lcmv, cascade")[1])
    assert list(figures["against"]) == ["lcmv", "cascade"]
    assert figures["against"]["cascade"]["itd_error_us"] > 100 > figures["sides"]["itd_error_us"]
    table = spatial("analyze", "pair.npz", "--against", "all")[1]
    words = [line.split()[0] for line in table.splitlines() if line.startswith("  ") and line.split()]
    methods = ["tikhonov", "lcmv", "choueiri", "race", "cascade"]
    assert [word for word in words if word in methods] == methods and "Kirkeby and Nelson 1999" in table
    code, _, err = spatial("analyze", "pair.npz", "--against", "lcmv,magic")
    assert code == 2 and "no method 'magic' to compare with; there are tikhonov, lcmv" in err


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("pair.npz", "--json", "--csv"), 2, "--json or --csv"),
        (("nowhere.npz",), 3, "no such file"),
        (("pair.npz", "--require", "nowhere.json"), 3, "nowhere.json: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(spatial, words, code, complaint):
    found = spatial("analyze", *words)
    assert found[0] == code and found[1] == "" and complaint in found[2]


# ------------------------------------------------------------------------------------------------------- thresholds


def test_a_miss_exits_6_and_names_figure_asked_and_reached(spatial, banks):
    met = {"sides.effort_db": ["<=", 18.5], "sides.itd_error_us": ["<", 8], "third_octaves.10.effort_db": [">", 0]}
    (banks / "met.json").write_text(json.dumps(met))
    assert spatial("analyze", "pair.npz", "--require", "met.json")[0] == 0
    (banks / "asked.json").write_text(json.dumps(met | {"sides.worst_pose_db": [">=", 14]}))
    code, out, err = spatial("analyze", "pair.npz", "--csv", "--require", "asked.json")
    reached = dict(csv.reader(io.StringIO(out)))["sides.worst_pose_db"]
    assert code == 6
    assert err == f"spatial: asked.json: 1 of 4 thresholds missed\n  sides.worst_pose_db: asked >= 14, reached {float(reached):.6g}\n"


@pytest.mark.parametrize(
    ("content", "code", "complaint"),
    [
        ("{", 3, "not JSON"),
        ("[1]", 2, "thresholds are"),
        ('{"sides.effort_db": 18}', 2, '"sides.effort_db": 18 is no threshold'),
        ('{"sides.effort_db": ["=", 18]}', 2, "one of >=, <=, >, <"),
        ('{"sides.effort_db": ["<=", true]}', 2, "is no threshold"),
        ('{"sides.efort_db": ["<=", 18]}', 2, 'no figure "sides.efort_db" here. Did you mean sides.effort_db?'),
        ('{"third_octaves.0.limit": [">=", 1]}', 2, 'no figure "third_octaves.0.limit"'),
    ],
)
def test_thresholds_of_another_form_are_refused(spatial, banks, content, code, complaint):
    (banks / "odd.json").write_text(content)
    found = spatial("analyze", "pair.npz", "--require", "odd.json")
    assert found[0] == code and complaint in found[2]


@given(reached=st.floats(-100, 100), asked=st.floats(-100, 100), relation=st.sampled_from([">=", "<=", ">", "<"]))
def test_a_threshold_is_met_as_its_relation_says(reached, asked, relation):
    met = {">=": reached >= asked, "<=": reached <= asked, ">": reached > asked, "<": reached < asked}[relation]
    threshold = (Threshold("a.b_db", relation, asked),)
    if met:
        require({"a.b_db": reached}, threshold, "x.json")
    else:
        with pytest.raises(ThresholdError, match="a.b_db: asked"):
            require({"a.b_db": reached}, threshold, "x.json")


def test_nothing_that_is_no_number_meets_a_threshold():
    with pytest.raises(ThresholdError):
        require({"a": float("nan")}, (Threshold("a", ">=", -1e9),), "x.json")
    with pytest.raises(UsageError):
        require({"a": None}, (Threshold("a", ">=", 0),), "x.json")


def test_flat_names_are_paths():
    assert flat({"a": {"b_db": 1.0, "c": [2, {"d": None}]}, "e": "x"}) == {"a.b_db": 1.0, "a.c.0": 2, "a.c.1.d": None, "e": "x"}


def test_thresholds_are_read(tmp_path):
    (tmp_path / "t.json").write_text('{"a.b": [">", -3.5]}')
    assert read_thresholds(tmp_path / "t.json") == (Threshold("a.b", ">", -3.5),)
    with pytest.raises(InputError):
        read_thresholds(tmp_path)


# --------------------------------------------------------------------------------------------------- check, design


def test_check_prints_third_octaves_and_the_trade(spatial, banks):
    (banks / "pair.toml").write_text(FREE)
    code, out, err = spatial("check", "pair.toml", "--bands", "--trade")
    assert code == 0 and err == "" and out.isascii() and max(map(len, out.splitlines())) < 140
    lines = out.splitlines()
    bands = lines[next(i for i, line in enumerate(lines) if line.strip().startswith("third octave")) + 1 :][:21]
    assert bands[0].strip().startswith("99 Hz") and bands[0].endswith("effort") and bands[-1].endswith("-")
    caps = [line.split()[0] for line in lines if line.strip().startswith(("3 dB", "18 dB"))]
    assert caps == ["3", "18"]
    figures = json.loads(spatial("check", "pair.toml", "--json", "--trade")[1])
    assert [row["cap_db"] for row in figures["trade"]] == [3, 6, 9, 12, 15, 18]
    assert len(figures["third_octaves"]) == 21 and figures["third_octaves"][0]["limit"] == "effort"
    assert "trade" not in json.loads(spatial("check", "pair.toml", "--json")[1])
    (banks / "head.toml").write_text(HEADPHONES)
    assert spatial("check", "head.toml", "--trade")[0] == 2


def test_design_tells_what_bound_and_shows_third_octaves_on_demand(spatial, banks):
    (banks / "pair.toml").write_text(FREE)
    code, out, _ = spatial("design", "pair.toml", "-o", "again.npz", "-f")
    row = next(line for line in out.splitlines() if line.startswith("  in full"))
    assert code == 0 and "bound by effort" in row and "third octave" not in out
    out = spatial("design", "pair.toml", "-o", "again.npz", "-f", "--bands")[1]
    head = next(line for line in out.splitlines() if line.strip().startswith("third octave"))
    assert "reached" in head and "reachable" in head
    assert len([line for line in out.splitlines() if line.rstrip().endswith(("effort", "-")) and " kHz" in line]) >= 10
