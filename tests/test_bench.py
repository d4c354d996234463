"""``spatial bench``: the figures against a process whose time is known, and what the command prints."""

from __future__ import annotations

import json
from importlib import import_module

import numpy as np
import pytest
from convolutions import noise_taps

from spatial.bank.matrix import FilterMatrix
from spatial.dsp.backends import describe_engine
from spatial.session import timing

FS = 48000


@pytest.fixture
def spatial(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder: exit code, standard output, standard error."""
    cli = import_module("spatial.cli.main")
    monkeypatch.setattr(cli, "COMMAND_MODULES", ("bench",))
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def small_bank(n_taps=300):
    return FilterMatrix(
        taps=noise_taps(2, 2, n_taps).astype(float),
        fs=FS,
        latency_samples=10,
        input_names=("left", "right"),
        driver_names=("a", "b"),
        channels=(1, 2),
    )


def test_a_process_of_known_time_is_measured(monkeypatch):
    """On a clock that only the process moves: a call takes 5 ms, every fourth block 2 ms, the others 1 ms. Mean 1.25 ms, worst 2 ms."""
    now = position = 0

    def process(x):
        nonlocal now, position
        now += 0.005
        for _ in range(x.shape[1] // 64):
            now += 0.002 if position % 4 == 3 else 0.001
            position += 1
        return x

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    measured = timing.time_process(process, np.zeros((1, 64 * 1000), np.float32), 64, 256, FS, 2.0)
    assert measured.block_us == pytest.approx(1250 + 5)
    assert measured.worst_us == pytest.approx(1255 * 2 / 1.25)
    assert measured.core_percent == pytest.approx(100 * measured.block_us * 1e-6 * FS / 64)
    assert measured.times_real_time == pytest.approx(100 / measured.core_percent)


def test_a_bank_is_measured_by_the_engine_in_force():
    measured = timing.time_bank(small_bank(5000), 64, 0.1)
    for part in (measured.convolution, measured.chain):
        assert 0 < part.block_us <= part.worst_us * 1.000001
    assert measured.partitions[0] == measured.block == 64
    assert measured.added_latency == (0, 64)
    longest = measured.partitions[-1]
    begin = (longest, 2 * longest) if len(measured.partitions) > 1 else (0, 64)
    assert measured.swap_begin_ms == pytest.approx(tuple(1e3 * frames / FS for frames in begin))
    assert measured.swap_fade_ms == pytest.approx(1e3 * max(longest, 1024) / FS)
    assert measured.swap_ready_ms > 0


def test_the_figures_of_a_bank_as_json(spatial, tmp_path):
    small_bank().save(tmp_path / "bank.npz")
    code, out, _ = spatial("bench", "--bank", "bank.npz", "-B", 64, "-B", 256, "--seconds", 0.1, "--json")
    assert code == 0
    figures = json.loads(out)
    assert (figures["drivers"], figures["inputs"], figures["taps"], figures["fs"]) == (2, 2, 300, FS)
    assert figures["engine"] == describe_engine()
    assert figures["latency_samples"] == {"bank": 10, "upmix": 0, "limiter": 240}
    assert [row["block"] for row in figures["blocks"]] == [64, 256]
    assert all(row["convolution"]["block_us"] > 0 for row in figures["blocks"])


def test_the_table_of_a_bank(spatial, tmp_path):
    small_bank().save(tmp_path / "bank.npz")
    code, out, _ = spatial("bench", "--bank", "bank.npz", "-B", 128, "--seconds", 0.1)
    assert code == 0
    assert "2 drivers x 2 inputs x 300 taps at 48000 Hz" in out
    assert "us/block" in out and "cross-fade 21.3 ms" in out
    assert max(map(len, out.splitlines())) <= 160


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("-B", "100"), "block = 100"),
        (("--seconds", "0"), "--seconds 0"),
        (("--seconds", "nan"), "--seconds nan"),
        (("--set", "design.beam.preset=wide"), "--set varies a rig"),
    ],
)
def test_what_makes_no_sense_is_refused(spatial, tmp_path, arguments, message):
    small_bank().save(tmp_path / "bank.npz")
    code, out, err = spatial("bench", "--bank", "bank.npz", *arguments)
    assert code == 2 and not out
    assert message in err
