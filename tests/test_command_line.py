"""How a command line is read: unknown options first, negative numbers in every spelling, the engine said once."""

import argparse

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS, bank

from spatial.cli.arguments import parse_arguments
from spatial.cli.main import main
from spatial.cli.sound_options import number
from spatial.dsp import backends


def small_parser():
    parser = argparse.ArgumentParser(prog="p")
    command = parser.add_subparsers(dest="command", required=True).add_parser("c")
    command.add_argument("name")
    command.add_argument("-f", "--force", action="store_true")
    command.add_argument("-g", "--gain-db", type=number, required=True)
    return parser


SPELLINGS = (
    lambda n: ["-g", n],
    lambda n: [f"-g{n}"],
    lambda n: [f"-g={n}"],
    lambda n: ["--gain-db", n],
    lambda n: [f"--gain-db={n}"],
    lambda n: ["--gain", n],
    lambda n: ["-fg", n],
)


@settings(deadline=None)
@given(value=st.floats(-1e5, 1e5), form=st.sampled_from(["{!r}", "{:e}", "{:.3f}", "{:G}", "{:+.2e}"]), spelling=st.sampled_from(SPELLINGS))
def test_a_negative_number_is_taken_in_every_spelling(value, form, spelling):
    text = form.format(value)
    for argv in (["c", *spelling(text), "x"], ["c", "x", *spelling(text)]):
        assert parse_arguments(small_parser(), argv).gain_db == float(text)


@pytest.mark.parametrize("text", ["-10", "-.5", "-1e1", "-6.02e+00", "-1_0", "-5.", "\N{MINUS SIGN}3"])
def test_negative_numbers_as_scripts_print_them(text):
    assert parse_arguments(small_parser(), ["c", "x", "-g", text]).gain_db == float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize("text", ["-inf", "-nan", "-3dB", "-1e9"])
def test_a_negative_number_that_is_none_is_named_with_its_option(capsys, text):
    with pytest.raises(SystemExit) as end:
        parse_arguments(small_parser(), ["c", "x", "-g", text])
    assert end.value.code == 2
    assert "-g/--gain-db" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["render", "--bogus"], "--bogus"),  # and IN, OUT and the filters are missing
        (["render", "in.wav", "out.wav", "--gian-db", "3"], "did you mean --gain-db?"),
        (["plot", "-k", "nonsense", "--bogus"], "--bogus"),
        (["design", "missing.toml", "-o", "x.wav", "-z"], "-z"),
        (["design", "box2", "-fz"], "-fz"),
        (["--bogus"], "--bogus"),
        (["--bogus", "render"], "--bogus"),
    ],
)
def test_an_option_that_does_not_exist_is_named_before_anything_else_that_is_wrong(capsys, argv, named):
    with pytest.raises(SystemExit) as end:
        main(argv)
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert "unrecognized arguments" in said and named in said and "required" not in said


def test_what_stands_behind_two_dashes_or_holds_a_space_is_a_name():
    read = parse_arguments(small_parser(), ["c", "-g", "1", "--", "--odd"])
    assert read.name == "--odd"
    assert parse_arguments(small_parser(), ["c", "-g", "1", "-odd name"]).name == "-odd name"


def test_every_command_says_once_that_the_core_is_missing(monkeypatch, capsys, tmp_path):
    available = backends.engine_available
    monkeypatch.setattr(backends, "engine_available", lambda engine: engine != "c" and available(engine))
    monkeypatch.delenv("SPATIAL_ENGINE", raising=False)
    bank(2).save(tmp_path / "bank.npz")
    soundfile.write(tmp_path / "in.wav", np.zeros((FS // 10, 2)), FS)
    for argv in (["rigs"], ["render", tmp_path / "in.wav", tmp_path / "out.wav", "-b", tmp_path / "bank.npz"], ["check", "box2"]):
        assert main([str(word) for word in argv]) == 0
        said = capsys.readouterr().err
        assert said.count("the C core is not built") == 1 and len(said.splitlines()) == 1
    assert main(["play", "-b", str(tmp_path / "bank.npz"), str(tmp_path / "in.wav")]) == 5
    assert capsys.readouterr().err.count("the C core is not built") == 1
