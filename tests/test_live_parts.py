"""The parts of live playback that need no sound card: devices by name, a watched file, the status line, equal loudness."""

import io
import json
import os
import re

import numpy as np
import pytest
from sounds import FS, bank

from spatial import compute_filters, load_rig
from spatial.acoustics.points import Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.loudness import bypass_gain_db, k_weighting
from spatial.base.errors import DeviceError, UsageError
from spatial.cli import main, play_screen
from spatial.dsp.make import make_meter
from spatial.io.soundcard import Device, find_device
from spatial.session.identify import PinkNoise, identifying_banks
from spatial.session.player_stats import PlayerStats
from spatial.session.watch import MISSED_S, SETTLED_S, FileWatch

# ------------------------------------------------------------------------------------------------------------------ devices


def device(index, name, api="ALSA", outputs=2, inputs=2, default=False):
    return Device(index, name, api, outputs, inputs, 48000.0, default, default)


DEVICES = [
    device(0, "HDA Intel: ALC (hw:0,0)"),
    device(1, "USB Audio: 8ch (hw:1,0)", outputs=8),
    device(2, "USB Audio: 8ch mic (hw:1,1)", outputs=0),
    device(3, "default", default=True),
    device(4, "system", "JACK Audio Connection Kit"),
    device(5, "USB", "OSS"),
]


@pytest.mark.parametrize(
    "wanted, index",
    [
        (None, 3),
        ("1", 1),
        (4, 4),
        ("USB", 5),  # exact name before a part of others
        ("usb", 5),
        ("8ch", 1),  # the other one has no outputs
        ("alsa:usb", 1),
        ("oss:usb", 5),
        ("jack:", 4),
        ("jack:sys", 4),
        ("alsa:", 3),
        ("HDA Intel: ALC (hw:0,0)", 0),
        ("hw:0,0", 0),
    ],
)
def test_a_device_by_index_name_part_or_api(wanted, index):
    assert find_device(DEVICES, wanted).index == index


def test_what_is_ambiguous_is_listed_and_what_is_missing_is_said():
    with pytest.raises(UsageError, match=re.compile(r"any of these.*\n  0  HDA Intel.*\n  1  USB Audio", re.S)):
        find_device(DEVICES, "hw")
    for wanted, words in (("9", "no device 9"), ("2", "no output channels"), ("coreaudio:x", "no output device"), ("x", "--list-devices")):
        with pytest.raises(DeviceError, match=words):
            find_device(DEVICES, wanted)
    with pytest.raises(DeviceError, match="no output device"):
        find_device([], None)
    assert find_device(DEVICES, "mic", "input").index == 2


def test_a_file_that_cannot_be_read_is_told_before_a_device_is_waited_for(tmp_path, capsys):
    bank(2).save(tmp_path / "bank.npz")
    (tmp_path / "noise.wav").write_bytes(bytes(range(256)))
    for name in ("none.wav", "noise.wav"):
        code = main(["play", str(tmp_path / name), "--bank", str(tmp_path / "bank.npz"), "--device", "no such device", "--wait"])
        assert code == 3 and name in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------------------- watched file


def test_a_watched_file_tells_each_content_once(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text("a")
    watch, now = FileWatch(path), 0.0

    def polls(seconds):
        nonlocal now
        found = []
        for _ in range(round(seconds / 0.05)):
            now += 0.05
            found.append(watch.poll(now))
        return [word for word in found if word]

    assert polls(1) == []
    path.write_text("b")
    assert polls(SETTLED_S + 0.1) == ["changed"] and polls(2) == []
    os.utime(path, (1, 1))
    assert polls(1) == []  # touched, the same content
    (tmp_path / "new").write_text("c")
    os.replace(tmp_path / "new", path)
    assert polls(1) == ["changed"]
    path.unlink()
    assert polls(MISSED_S / 2) == []
    path.write_text("d")
    assert polls(1) == ["changed"]
    path.unlink()
    assert polls(3 * MISSED_S) == ["missing"]
    path.write_text("d")
    assert polls(1) == []
    path.unlink()
    assert polls(2) == ["missing"]
    path.write_text("e")
    assert polls(1) == ["changed"]


def test_a_save_in_many_small_writes_is_one(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text("a")
    watch, found = FileWatch(path), []
    for n in range(20):
        path.write_text("b" * n)
        found.append(watch.poll(0.05 * n))
    assert found == [None] * 20 and watch.poll(1.2) == "changed" and watch.poll(2.0) is None


# ------------------------------------------------------------------------------------------------------------------- screen

STATS = PlayerStats("playing", 67.3, 1, 2, {"front": -18.0, "left": None}, -1.25, 3, 4, 1, 0, 0.004, 42.0, 5)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_status_line_shows_everything_in_place(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(play_screen.sys, "stderr", Terminal())
    screen = play_screen.make_screen(as_json=False)
    screen.show(STATS, "bypass")
    line = play_screen.sys.stderr.getvalue()
    for part in (
        "1:07.3", "front -18", "left -60", "limiter -1.2 dB", "clipped 3", "drop-outs 4", "load 0.4 %", "latency 42 ms", "bypass",
    ):  # fmt: skip
        assert part in line
    screen.tell("error", "a sentence")
    assert play_screen.sys.stderr.getvalue().endswith("\ra sentence\n")


def test_status_line_fits_the_terminal_and_any_encoding(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    terminal.encoding = "ascii"
    monkeypatch.setattr(play_screen.sys, "stderr", terminal)
    screen = play_screen.make_screen(as_json=False)
    screen.show(STATS, "")
    assert terminal.getvalue().isascii() and len(terminal.getvalue().strip("\r")) < 40


def test_a_log_has_lines_and_json_is_one_object_a_line(monkeypatch, capsys):
    monkeypatch.setattr(play_screen, "LOG_S", 0.0)
    play_screen.make_screen(as_json=False).show(STATS, "solo sides")
    err = capsys.readouterr().err
    assert err == "1:07.3  front -18 left -  limiter -1.2 dB  clipped 3  drop-outs 4  load 0.4 %  latency 42 ms  solo sides\n"
    screen = play_screen.make_screen(as_json=True)
    screen.show(STATS, "")
    screen.tell("ended", "ended", x=1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["event"] == "status" and lines[0]["peaks_dbfs"] == {"front": -18.0, "left": None}
    assert lines[1] == {"event": "ended", "text": "ended", "x": 1}


@pytest.mark.parametrize("level_db, cells", [(-60, "    "), (-90, "    "), (0, "▇▇▇▇"), (6, "▇▇▇▇"), (-15, "▇▇▇ ")])
def test_bars(level_db, cells):
    assert play_screen.bar(level_db, play_screen.BLOCKS) == cells


# ----------------------------------------------------------------------------------------------------------- equal loudness


def test_k_weighting_is_that_of_the_meter():
    """Truth: the loudness meter, on tones; 997 Hz in one channel at full scale is -3.01 LUFS."""
    freqs = np.array([60.0, 997.0, 4000.0])
    for freq, gain in zip(freqs, k_weighting(freqs), strict=True):
        meter = make_meter(FS, 1)
        meter.add(np.sin(2 * np.pi * freq * np.arange(4 * FS) / FS)[None].astype(np.float32))
        assert abs(meter.integrated_lufs - (10 * np.log10(gain / 2) - 0.691)) < 0.05


@pytest.mark.parametrize("rig", ["ball3", "laptop"])
def test_bypass_is_as_loud_as_the_filters_at_the_ears(rig):
    """Truth: the meter, on noise sent through filters and head; left, right and centre of the mix, one after the other."""
    rig_file = load_rig(rig, ["design.upmix.method=matrix"])
    made = compute_filters(rig_file)
    gain_db = bypass_gain_db(made)
    n = 8192
    freqs = np.fft.rfftfreq(n, 1 / FS)
    ears = transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), freqs, rig_file.scene.medium)
    spectrum = np.fft.rfft(made.taps, n, axis=2)
    straight = np.zeros((len(made.driver_names), 2, len(freqs)))
    left, right = made.bypass_drivers()
    straight[left, 0] = straight[right, 1] = 1
    heard = {}
    pink = PinkNoise(FS).read(n)[0].astype(float)
    for name, feeds in (
        ("filters", [spectrum[:, made.input_index(path)] for path in ("left", "right", "center")]),
        ("bypass", [straight[:, 0], straight[:, 1], straight.sum(axis=1)]),
    ):
        meter = make_meter(FS, 2)
        for feed in feeds:
            y = np.fft.irfft(np.einsum("fed,df->ef", ears, feed) * np.fft.rfft(pink), n)
            meter.add(np.tile(y, 12).astype(np.float32))
        heard[name] = meter.integrated_lufs
    assert abs(heard["filters"] - heard["bypass"] - gain_db) < 0.5


def test_a_bank_without_a_rig_has_no_bypass_gain_and_a_no_op_none_either():
    assert bypass_gain_db(bank(2)) == 0
    assert abs(bypass_gain_db(compute_filters(load_rig("stereo_pair")))) < 0.1


# ----------------------------------------------------------------------------------------------------------------- identify


def test_identifying_noise_has_its_level_and_goes_to_one_driver():
    source = PinkNoise(FS)
    x = np.concatenate([source.read(4096) for _ in range(64)], axis=1)
    assert np.array_equal(x[0], x[1]) and abs(20 * np.log10(x[0].std()) + 30) < 0.01
    assert np.array_equal(x[0, : 1 << 17], x[0, 1 << 17 :])
    banks = identifying_banks(("a", "b", "c"), (1, 3, 6), FS)
    for k, made in enumerate(banks):
        assert made.channels == (1, 3, 6) and np.flatnonzero(made.taps[:, 0, 0]).tolist() == [k] and not made.taps[:, 1].any()
