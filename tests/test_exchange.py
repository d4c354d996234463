"""Formats of other programs: one declaration puts one on every list, and each reads back what it writes."""

from __future__ import annotations

import json
from importlib import import_module

import numpy as np
import pytest
import soundfile
from sofa_files import write_sofa

from spatial.bank.matrix import FilterMatrix, RenderRecipe
from spatial.base.errors import InputError
from spatial.cli.main import build_parser, main
from spatial.exchange import registry
from spatial.exchange.registry import FORMATS, Format, register, sniffed, writers
from spatial.exchange.wav_set import export_wav, read_wav_set

FS = 48000


@pytest.fixture
def bank():
    """Three drivers on channels 1, 4 and 2, with taps that float32 holds."""
    taps = np.random.default_rng(1).standard_normal((3, 3, 64)).astype(np.float32)
    return FilterMatrix(
        taps, FS, 12, ("left", "right", "center"), ("front", "left", "right"), (1, 4, 2), RenderRecipe("matrix"), -5.5, "", {"asked_db": 30}
    )


@pytest.fixture
def no_other_formats(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry, "FORMATS", dict(FORMATS))


@pytest.mark.usefixtures("no_other_formats")
def test_one_declaration_adds_a_format(tmp_path, bank, capsys):
    """The truth is the command's own help and the file that it leaves."""

    def write(content, path, *, force):
        path.write_text(f"{content.n_taps} taps{', force' if force else ''}\n")
        return [path]

    register(Format("count", "bank", "the number of taps", "none", "none", "nothing comes back", sniff=lambda path: True, write=write))
    assert "count" in writers("bank")
    with pytest.raises(SystemExit):
        build_parser().parse_args(["export", "--help"])
    assert "count: the number of taps" in " ".join(capsys.readouterr().out.split())
    bank.save(tmp_path / "bank.npz")
    assert main(["export", str(tmp_path / "bank.npz"), "--to", "count", "-o", str(tmp_path / "taps.txt"), "-f"]) == 0
    assert (tmp_path / "taps.txt").read_text() == "64 taps, force\n"


def test_what_a_test_registers_is_gone_after_it():
    assert "count" not in registry.FORMATS


@pytest.mark.usefixtures("no_other_formats")
def test_a_wrong_declaration_is_refused_at_once():
    words = ("a line", "none", "none", "nothing")
    with pytest.raises(ValueError, match="one of this name"):
        register(FORMATS["wav"])
    with pytest.raises(ValueError, match="holds is one of bank, head, directivity, got 'song'"):
        Format("x", "song", *words, sniff=lambda path: True, read=json.loads)
    with pytest.raises(ValueError, match="read or written"):
        Format("x", "bank", *words, sniff=lambda path: True)


def test_every_declaration_names_functions_that_are_there():
    for format in FORMATS.values():
        for function in (format.sniff, format.read, format.write):
            if isinstance(function, registry.Late):
                assert callable(getattr(import_module(function.module), function.name))


@pytest.mark.parametrize("name", [name for name in writers("bank") if FORMATS[name].read])
def test_every_format_reads_back_the_bank_it_wrote(tmp_path, bank, name):
    format = FORMATS[name]
    format.write(bank, tmp_path / "out", force=False)
    assert sniffed(tmp_path / "out") == [format]
    again = format.read(tmp_path / "out")
    assert np.array_equal(again.taps, bank.taps)
    for said in ("fs", "latency_samples", "input_names", "driver_names", "channels", "headroom_gain_db", "figures"):
        assert getattr(again, said) == getattr(bank, said)


def test_a_sofa_head_is_sniffed_and_read(tmp_path):
    write_sofa(tmp_path / "head.sofa")
    assert sniffed(tmp_path / "head.sofa") == [FORMATS["sofa"]]
    assert len(FORMATS["sofa"].read(tmp_path / "head.sofa").azimuths_deg) == 72


def test_what_is_no_foreign_file_is_nothing(tmp_path, bank):
    bank.save(tmp_path / "bank.npz")
    (tmp_path / "bank.json").write_text("[1, 2]")
    for path in (tmp_path, tmp_path / "bank.npz", tmp_path / "missing", tmp_path / "bank.json"):
        assert sniffed(path) == []


def _index_says(**changes):
    def change(folder):
        said = json.loads((folder / "bank.json").read_text()) | changes
        (folder / "bank.json").write_text(json.dumps(said))

    return change


def _wav_is(x, fs=FS):
    return lambda folder: soundfile.write(folder / "right.wav", x, fs, subtype="FLOAT")


WRONG = [
    (lambda folder: (folder / "bank.json").unlink(), "bank.json: cannot be read .No such file"),
    (lambda folder: (folder / "bank.json").write_text("{"), "bank.json: says nothing of a bank"),
    (_index_says(format=2), "format 2, this version reads format 1"),
    (_index_says(fs="fast"), "left.wav: has 48000 Hz, bank.json says fast Hz"),
    (_index_says(inputs=["left", "../right"]), "'../right' cannot be the name of a file"),
    (_index_says(inputs=["left", "sides"]), "sides.wav: no such file"),
    (_index_says(latency_samples=-1), "latency_samples"),
    (_index_says(drivers=[{"name": "a", "channel": 1}, {"name": "b", "channel": 9}]), "has 4 channels, bank.json names channel 9"),
    (_index_says(drivers=[{"name": "a", "channel": 1}, {"name": "b", "channel": 0}]), "channel"),
    (_index_says(drivers=[{"name": "a", "channel": 1}]), "sounds on a channel to which bank.json gives no driver"),
    (_wav_is(np.zeros((64, 4)), 44100), "right.wav: has 44100 Hz, bank.json says 48000 Hz"),
    (_wav_is(np.zeros((63, 4))), "differ in length: left 64, right 63, center 64"),
    (_wav_is(np.full((64, 4), np.inf)), "right.wav: a sample is not finite"),
    (_wav_is(np.zeros((0, 4))), "right.wav: 0 frames of 4 channels"),
    (lambda folder: (folder / "right.wav").write_text("no sound"), "right.wav: no sound file that libsndfile reads"),
]


@pytest.mark.parametrize(("spoil", "sentence"), WRONG)
def test_a_wav_set_that_is_wrong_is_one_sentence(tmp_path, bank, spoil, sentence):
    export_wav(bank, tmp_path / "fir")
    spoil(tmp_path / "fir")
    with pytest.raises(InputError, match=sentence) as caught:
        read_wav_set(tmp_path / "fir")
    assert "\n" not in str(caught.value)
