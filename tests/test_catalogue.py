"""The catalogue of figures and pictures: each declared once, found by every command, with units, and as JSON for other readers."""

import json
from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_texts import FREE, HEADPHONES

from spatial.analysis.other_heads import SYSTEM_HEADS
from spatial.base.errors import UsageError
from spatial.base.figure import HIGHER, LOWER, PRINTED_UNITS, UNITS, unit_of
from spatial.catalogue import pictures
from spatial.catalogue.figures import GROUPS, analyze_bank, meaning_of
from spatial.catalogue.picture import Picture, as_json
from spatial.catalogue.thresholds import flat
from spatial.cli.banks import study_with_chain
from spatial.cli.main import main
from spatial.design.filter_bank import compute_filters
from spatial.plots.style import new_figure
from spatial.rig.load import rig_from_text

TEXTS = {"loudspeakers": FREE + "[room]\n", "headphones": HEADPHONES}
KINDS = pytest.mark.parametrize("kind", TEXTS)
RATIOS = {"iacc"}
"""Figures without a unit: numbers between 0 and 1."""
WORDS = {"file", "at", "side", "limit"}


@pytest.fixture(scope="module")
def banks():
    """Bank and rig file of each kind of rig."""
    rig_files = {kind: rig_from_text(text, kind) for kind, text in TEXTS.items()}
    return {kind: (compute_filters(rig_file), rig_file) for kind, rig_file in rig_files.items()}


@pytest.fixture(scope="module")
def figures(banks):
    return {kind: analyze_bank(*bank) for kind, bank in banks.items()}


# --------------------------------------------------------------------------------------------------------- figures


@KINDS
def test_every_group_that_a_rig_can_have_is_in_its_figures(figures, kind):
    expected = {group.name for group in GROUPS if kind in group.kinds}
    if not SYSTEM_HEADS[0].exists():
        expected -= {"measured_head"}  # its file is not on this system
    assert set(figures[kind]) == expected
    names = [group.name for group in GROUPS]
    assert len(set(names)) == len(names)
    assert all(group.about and set(group.kinds) <= set(TEXTS) for group in GROUPS)


def test_every_figure_that_is_declared_has_a_unit_or_is_a_ratio():
    declared = [(group, figure) for group in GROUPS for figure in group.figures]
    assert len(declared) > 50
    for group, figure in declared:
        assert figure.unit in {PRINTED_UNITS.get(unit, unit) for unit in UNITS} or figure.name in RATIOS | WORDS, (
            f"{group.name}.{figure.name}"
        )
        assert figure.better in (HIGHER, LOWER, "")
    for group in GROUPS:
        assert not group.figures or any(figure.meaning for figure in group.figures), group.name


@KINDS
def test_every_number_that_is_told_has_a_unit_or_is_a_ratio(figures, kind):
    told = {name: value for name, value in flat(figures[kind]).items() if isinstance(value, int | float)}
    assert len(told) > 10
    assert {name for name in told if not unit_of(name) and name.rpartition(".")[2] not in RATIOS} == set()


@KINDS
def test_what_is_declared_is_told_under_the_name_of_its_group(figures, kind):
    """A figure's meaning is found by the name that tables and thresholds have for it."""
    found = {meaning_of(name.removesuffix(".0")) for name in flat(figures[kind])}
    for group in GROUPS:
        if group.name in figures[kind]:
            assert {(f"{group.name}.{figure.name}", figure.meaning) for figure in group.figures if figure.meaning} <= found
    assert meaning_of("room.beam.drr_db") == meaning_of("room.reference.drr_db") != ("room.drr_db", "")
    assert meaning_of("nowhere.side_db") == ("nowhere.side_db", "")


# -------------------------------------------------------------------------------------------------------- pictures


@dataclass(frozen=True)
class Loudest:
    """The largest tap of each driver."""

    drivers: tuple[str, ...]
    largest: np.ndarray


def loudest(study):
    return Loudest(study.bank.driver_names, np.abs(study.bank.taps).max(axis=(1, 2)))


def draw_loudest(data, look):
    figure = new_figure(look.titled("Largest taps"), look.captioned("No smoothing."))
    figure.add_subplot().bar(data.drivers, data.largest)
    return figure


LOUDEST = Picture("loudest", "Largest taps", "How large the taps become.", loudest, draw_loudest, kinds=("headphones",))


def help_of_plot(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["plot", "--help"])
    return capsys.readouterr().out


def test_a_kind_of_picture_is_declared_in_one_place(banks, tmp_path, monkeypatch, capsys):
    """One line more in the list: the help knows it, the command draws it, the report shows it, other rigs refuse it."""
    bank, rig_file = banks["headphones"]
    bank.save(tmp_path / "head.npz")
    plot = ["plot", str(tmp_path / "head.npz"), "--kind", "loudest", "-o", str(tmp_path / "loudest.svg")]
    assert "loudest" not in help_of_plot(capsys)
    with pytest.raises(SystemExit, match="2"):
        main(plot)
    assert "invalid choice: 'loudest'" in capsys.readouterr().err

    monkeypatch.setattr(pictures, "PICTURES", [*pictures.PICTURES, LOUDEST])
    assert ",loudest}" in help_of_plot(capsys)
    assert main(plot) == 0
    assert (tmp_path / "loudest.svg").read_text().startswith("<?xml") and "loudest of on the head" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "head.npz"), "-o", str(tmp_path / "head.html")]) == 0
    page = (tmp_path / "head.html").read_text(encoding="utf-8")
    assert "<h2>Largest taps</h2>" in page and "<p>How large the taps become.</p>" in page
    assert page.count("<svg") == 1 + len(pictures.pictures_of(rig_file)) == 4  # the plan, width, filters, and this one
    with pytest.raises(UsageError, match="no picture 'loudest'.*it has beam, "):
        pictures.bank_figure("loudest", study_with_chain(*banks["loudspeakers"]))


def test_kinds_are_told_apart_and_say_what_question_they_answer():
    names = [picture.kind for picture in pictures.PICTURES]
    assert len(set(names)) == len(names)
    assert len({picture.title for picture in pictures.PICTURES}) == len(names)
    assert all(picture.question.endswith(".") and set(picture.kinds) <= set(TEXTS) for picture in pictures.PICTURES)


# ------------------------------------------------------------------------------------------------------------ JSON


@KINDS
def test_what_a_picture_shows_is_json(banks, kind):
    """All of it, for a reader that does not draw with matplotlib: every field, arrays as lists, not a number as null."""
    study = study_with_chain(*banks[kind])
    kinds = pictures.pictures_of(banks[kind][1])
    assert {picture.kind for picture in kinds} >= ({"beam", "pan", "trade"} if kind == "loudspeakers" else {"width", "filters"})
    for picture in kinds:
        data = study.of(picture.compute)
        read = json.loads(json.dumps(as_json(data), allow_nan=False))
        assert set(read) == {field.name for field in fields(data)}, picture.kind
        for field in fields(data):
            value = getattr(data, field.name)
            if isinstance(value, np.ndarray):
                again = np.array(read[field.name], float)
                assert np.array_equal(again, np.where(np.isfinite(value), value, np.nan), equal_nan=True), f"{picture.kind}: {field.name}"


PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.recursive(PLAIN, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside)))
def test_json_values_stay_as_they_are(value):
    assert as_json(value) == value
    assert json.loads(json.dumps(as_json(value), allow_nan=False)) == value


def test_arrays_groups_and_numbers_that_are_none_become_json():
    data = {
        1: np.float32(0.5),
        "flags": np.array([True, False]),
        "at": (np.inf, np.nan, -np.inf, np.int64(3)),
        "of": Loudest(("a",), np.eye(2)),
    }
    expected = {
        "1": 0.5,
        "flags": [True, False],
        "at": [None, None, None, 3],
        "of": {"drivers": ["a"], "largest": [[1.0, 0.0], [0.0, 1.0]]},
    }
    assert as_json(data) == expected
    assert json.loads(json.dumps(as_json(data), allow_nan=False)) == expected
