"""Rendering files: the chain against direct convolution, latency, paths, levels, formats, interruption. Banks are synthetic."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve
from sounds import FS, bank, error_db, float_wav, in_pieces, noise, straight_through

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import PATHS, RenderRecipe
from spatial.base.errors import InputError, OutputError, UsageError
from spatial.dsp.make import make_upmix
from spatial.exchange.wav_set import export_wav
from spatial.session.offline import render_file, upmix_file
from spatial.session.options import RenderOptions, chain_of

RAW = dict(gain_db=0.0, limiter=False)


@pytest.fixture
def render(tmp_path):
    """Render (frames, channels) through a bank: output (frames, channels) as float32, and the report."""

    def run(x, filters, fs=FS, name="out.wav", **options):
        (tmp_path / "in.wav").write_bytes(float_wav(x, fs))
        report = render_file(tmp_path / "in.wav", tmp_path / name, filters, RenderOptions(**options), force=True)
        return soundfile.read(tmp_path / name, dtype="float32", always_2d=True)[0], report

    return run


def direct(paths, filters):
    """Convolve-and-sum of (paths, frames) in float64: (frames + taps - 1, channels)."""
    y = np.zeros((paths.shape[1] + filters.n_taps - 1, filters.n_channels))
    for driver, channel in enumerate(filters.channels):
        for i, x in enumerate(paths):
            y[:, channel - 1] += fftconvolve(x.astype(np.float64), filters.taps[driver, i])
    return y


def without_centre(x):
    return np.stack([x[:, 0], x[:, 1], np.zeros(len(x))])


# ------------------------------------------------------------------------------------------------------ what comes out


@pytest.mark.parametrize("block", [16, 64, 128, 512, 4096])
@pytest.mark.parametrize("n_taps", [1, 512, 513, 777])
def test_render_is_convolve_and_sum_over_every_tap(render, block, n_taps):
    filters = bank(3, n_taps, latency=min(40, n_taps - 1))
    x = noise(3000)
    y, report = render(x, filters, block=block, keep_latency=True, **RAW)
    truth = direct(without_centre(x), filters)
    assert y.shape == truth.shape == (3000 + n_taps - 1, 3) and report.frames == len(y)
    assert error_db(y, truth) < -120


@pytest.mark.parametrize("upmix", ["matrix", "projection", "directional"])
def test_render_is_convolve_and_sum_of_the_upmix(render, upmix):
    filters = bank(3, upmix=upmix)
    x = noise(30000)
    stage = make_upmix(filters.recipe, FS)
    paths = stage.process(np.pad(x.T, ((0, 0), (0, stage.latency))))[:, stage.latency :]
    y, _ = render(x, filters, **RAW)
    assert error_db(y, direct(paths, filters)[filters.latency_samples :]) < -120


@pytest.mark.parametrize("frames", [1, 100, 4095, 4096, 4097, 8192])
@pytest.mark.parametrize("options", [{}, {"limiter": False}, {"bypass": True}])
@pytest.mark.parametrize("upmix", ["off", "projection", "directional"])
def test_frames_written_are_those_of_the_contract(render, frames, options, upmix):
    filters = bank(3, 200, latency=40, upmix=upmix)
    y, report = render(noise(frames), filters, **options)
    assert len(y) == report.frames == frames + 200 - 1 - 40
    y, report = render(noise(frames), filters, keep_latency=True, **options)
    delays = (0 if upmix == "off" else 1024) + (240 if options.get("limiter", True) else 0)
    assert len(y) == report.frames == frames + 200 - 1 + delays
    assert (report.latency.bank, report.latency.upmix + report.latency.limiter) == (40, delays)


@pytest.mark.parametrize("block", [64, 256, 8192])
@pytest.mark.parametrize("bits", ["float", "16", "24"])
@pytest.mark.parametrize("options", [{}, {"bypass": True}, {"limiter": False}])
def test_default_and_keep_latency_are_the_same_frames_moved(render, block, bits, options):
    """Case 11: bit for bit, dither included, by exactly the stated latency."""
    filters = bank(3, upmix="projection", gain_db=-30)
    x = noise(12000)
    plain, report = render(x, filters, block=block, bits=bits, **options)
    kept, _ = render(x, filters, block=block, bits=bits, keep_latency=True, **options)
    assert np.array_equal(plain, kept[report.latency.total :])


@settings(max_examples=15, deadline=None)
@given(blocks=st.lists(st.integers(1, 40), min_size=1, max_size=5), upmix=st.sampled_from(["matrix", "projection", "directional"]))
def test_the_size_of_calls_does_not_change_a_bit_and_reset_is_as_new(blocks, upmix):
    x = noise(128 * 100, level_db=0.0).T
    chain = chain_of(bank(3, upmix=upmix), RenderOptions())
    whole = chain.process(x)
    assert chain.limiter.limited_frames > 0
    chain.process(x[:, :1280], material=700)
    chain.reset()
    assert np.array_equal(in_pieces(chain.process, x, [128 * n for n in blocks]), whole)


@pytest.mark.parametrize("upmix", ["projection", "directional"])
def test_garbage_that_the_upmix_stops_is_counted(upmix):
    x = noise(12800).T
    x[0, [300, 9000]] = np.nan, 1e8
    chain = chain_of(bank(3, upmix=upmix), RenderOptions())
    assert np.isfinite(chain.process(x.astype(np.float32))).all() and chain.discarded == 2
    chain.reset()
    assert chain.discarded == 0


@pytest.mark.parametrize("upmix", ["off", "matrix", "projection", "directional"])
def test_clicks_stay_in_their_places(render, upmix):
    """Through filters that are wires, late by 50 frames: frame 1000 left, 20000 right."""
    x = np.zeros((FS, 2))
    x[1000, 0] = x[20000, 1] = 0.5
    for limiter in (True, False):
        y, _ = render(x, straight_through(latency=50, upmix=upmix), limiter=limiter)
        assert np.abs(y[:, 0]).argmax() == 1000 and np.abs(y[:, 1]).argmax() == 20000
        assert error_db(y[:FS], x) < -100


def test_blocks_agree(render):
    filters = bank(4, 1000, upmix="projection")
    x = noise(20000)
    reference, _ = render(x, filters, block=128, **RAW)
    for block in (16, 1024, 8192):
        assert error_db(render(x, filters, block=block, **RAW)[0], reference) < -120


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), a=st.floats(-2, 2), b=st.floats(-2, 2), block=st.sampled_from([16, 128, 2048]))
def test_without_upmix_and_limiter_a_render_is_linear(tmp_path_factory, seed, a, b, block):
    folder = tmp_path_factory.getbasetemp()
    filters = bank(3, seed=seed % 1000)
    signals = [noise(2000, seed=seed), noise(2000, seed=seed + 1)]
    signals.append((a * signals[0] + b * signals[1]).astype(np.float32))
    outputs = []
    for x in signals:
        (folder / "linear.wav").write_bytes(float_wav(x))
        render_file(folder / "linear.wav", folder / "out.wav", filters, RenderOptions(block=block, **RAW), force=True)
        outputs.append(soundfile.read(folder / "out.wav")[0])
    assert np.abs(outputs[2] - a * outputs[0] - b * outputs[1]).max() < 1e-6 * (1 + abs(a) + abs(b))


def test_the_same_render_has_the_same_bytes(render, tmp_path):
    for name in ("a.wav", "a.flac"):
        render(noise(10000), bank(3, upmix="projection"), name=name)
        first = (tmp_path / name).read_bytes()
        time.sleep(1.05)
        render(noise(10000), bank(3, upmix="projection"), name=name)
        assert (tmp_path / name).read_bytes() == first


def test_gaps_between_channels_are_exactly_zero(render):
    """Case 10, also where dither is added."""
    x = noise(5000)
    gaps, report = render(x, bank(3, channels=(1, 3, 6)))
    closed, _ = render(x, bank(3, channels=(1, 2, 3)))
    assert gaps.shape[1] == report.channels == 6
    assert not gaps[:, [1, 3, 4]].any()
    assert np.array_equal(gaps[:, [0, 2, 5]], closed)
    assert not render(x, bank(3, channels=(6, 3, 1)), bits="16")[0][:, [1, 3, 4]].any()


def test_drivers_go_to_their_channels_in_any_order(render):
    x = noise(3000)
    y, _ = render(x, bank(3, channels=(3, 1, 2)))
    assert np.array_equal(y[:, [2, 0, 1]], render(x, bank(3))[0])


def test_headphones_have_two_inputs_and_no_upmix(render):
    ears = bank(2, paths=("left", "right"), upmix="projection")
    x = noise(3000)
    y, report = render(x, ears, keep_latency=True, **RAW)
    assert report.latency.upmix == 0 and error_db(y, direct(x.T, ears)) < -120


def test_inputs_that_nobody_knows_are_passed_over(render):
    filters = bank(3)
    more = filters.replace(taps=np.concatenate([filters.taps, filters.taps[:, :1]], axis=1), input_names=(*PATHS, "height"))
    x = noise(3000)
    assert np.array_equal(render(x, more)[0], render(x, filters)[0])
    with pytest.raises(UsageError, match="left and right are needed"):
        render(x, filters.replace(input_names=("front", "left", "center")))


# ------------------------------------------------------------------------------------------------------------- levels


def test_predicted_gain_is_the_default_and_can_be_turned_off(render):
    filters = bank(3, gain_db=-6.0)
    x = noise(3000)
    raw, report = render(x, filters, **RAW)
    assert report.gain_db == 0
    y, report = render(x, filters, limiter=False)
    assert report.gain_db == -6 and error_db(y, raw * 10 ** (-6 / 20)) < -120
    assert render(x, filters, gain_db=-1.5)[1].gain_db == -1.5


def test_limiter_keeps_all_drivers_below_its_ceiling_by_one_gain(render):
    filters = bank(3, gain_db=12.0)
    x = noise(20000, level_db=-6)
    raw, _ = render(x, filters, limiter=False)
    y, report = render(x, filters)
    assert np.abs(raw).max() > 1 and np.abs(y).max() <= 10 ** (-1 / 20)
    assert report.true_peak_dbtp <= -0.8 and report.limiter_share > 0.5 and report.limiter_lowest_db < -3
    told = np.abs(raw).min(axis=1) > 1e-2  # frames whose gain can be read off every driver
    gain = y[told] / raw[told]
    assert told.sum() > 10000 and np.ptp(gain, axis=1).max() < 1e-5


def test_the_report_has_the_levels_of_the_file(render):
    x = noise(3 * FS, level_db=-30)
    y, report = render(x, bank(3, upmix="projection"))
    peaks = 20 * np.log10(np.abs(y).max(axis=0))
    assert [driver.peak_dbfs for driver in report.drivers] == pytest.approx(list(peaks), abs=1e-4)
    assert report.true_peak_dbtp >= peaks.max() - 1e-4
    assert -40 < report.input_lufs < -20 and -50 < report.output_lufs < -10
    assert report.input_frames == 3 * FS and report.input_channels == 2
    json.dumps(report.as_dict(), allow_nan=False)


def test_silence_has_no_levels(render):
    y, report = render(np.zeros((FS, 2)), bank(3, upmix="projection"))
    assert not y.any()
    assert report.input_lufs is report.output_lufs is report.true_peak_dbtp is None
    json.dumps(report.as_dict(), allow_nan=False)


@pytest.mark.parametrize("upmix", ["off", "matrix"])
def test_no_driver_exceeds_its_l1_bound(render, upmix):
    """Signs chosen so that every product of the sums adds up: the bound is reached."""
    filters = bank(2, 64, upmix=upmix)
    x = np.zeros((2000, 2))
    x[500:564] = np.sign(filters.taps[0, :2, ::-1]).T
    y, report = render(x, filters, **RAW)
    for driver, peak in zip(report.drivers, np.abs(y).max(axis=0), strict=True):
        assert 20 * np.log10(peak) <= driver.l1_bound_dbfs + 0.01


@pytest.mark.parametrize("bits, suffix", [("16", "wav"), ("24", "wav"), (None, "flac")])
def test_integers_that_would_clip_are_refused_with_driver_and_excess(render, tmp_path, bits, suffix):
    filters = straight_through()
    x = noise(2000)
    x[1000] = (10 ** (3 / 20), 0.5)
    x[1500] = (1.1, 10 ** (1 / 20))
    with pytest.raises(OutputError, match=r"driver 'left' by 3\.00 dB, driver 'right' by 1\.00 dB"):
        render(x, filters, bits=bits, name=f"out.{suffix}", **RAW)
    assert os.listdir(tmp_path) == ["in.wav"]
    assert render(x, filters, **RAW)[0].max() > 1.4  # float holds it
    render(x, filters, bits=bits, name=f"out.{suffix}", gain_db=0.0)  # and so does the limiter


# -------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("upmix", ["matrix", "projection", "directional"])
def test_paths_add_up_and_can_be_heard_alone(render, upmix):
    filters = bank(3, upmix=upmix)
    x = noise(6000)
    whole, _ = render(x, filters, **RAW)
    parts = {name: render(x, filters, solo=(name,), **RAW)[0].astype(np.float64) for name in ("left", "right", "center", "sides")}
    assert error_db(parts["left"] + parts["right"] + parts["center"], whole) < -110
    assert error_db(parts["left"] + parts["right"], parts["sides"]) < -110
    assert np.array_equal(render(x, filters, mute=("center",), **RAW)[0], render(x, filters, solo=("left", "right"), **RAW)[0])
    louder, _ = render(x, filters, path_gain_db={"center": 6.0}, **RAW)
    assert error_db(louder, whole + (10 ** (6 / 20) - 1) * parts["center"]) < -110
    assert not render(x, filters, solo=("left",), mute=("sides",), **RAW)[0].any()


def test_path_names_that_there_are_not(render):
    x = noise(100)
    with pytest.raises(UsageError, match="path 'centre': a path is left, right, center or sides"):
        render(x, bank(3), solo=("centre",))
    with pytest.raises(UsageError, match="path 'center': this bank has left and right only"):
        render(x, bank(2, paths=("left", "right")), mute=("center",))
    with pytest.raises(UsageError, match="bypass has no paths"):
        render(x, bank(3), bypass=True, mute=("left",))


def test_bypass_is_stereo_unchanged_and_in_time(render):
    filters = straight_through(latency=30, upmix="projection")
    x = noise(9000)
    y, report = render(x, filters, bypass=True, limiter=False)
    assert np.array_equal(y[:9000], x)
    filtered, _ = render(x, filters, limiter=False)
    assert len(filtered) == len(y) and error_db(filtered, y) < -100  # these filters do nothing: bypass is the same, to the frame
    assert np.abs(render(x, filters, bypass=True, gain_db=20.0)[0]).max() <= 10 ** (-1 / 20)


def test_bypass_takes_the_drivers_that_carry_the_sides(render):
    filters = bank(3)
    taps = filters.taps.copy()
    taps[2, 0] *= 3  # the third plays left
    taps[1, 1] *= 3  # the second right
    filters = filters.replace(taps=taps)
    assert filters.bypass_drivers() == (2, 1)
    x = noise(2000)
    y, _ = render(x, filters, bypass=True, **RAW)
    assert np.array_equal(y[:2000, [2, 1]], x) and not y[:, 0].any()
    only = FilterMatrix(taps[:1], FS, 40, PATHS, ("front",), (1,))
    y, _ = render(x, only, bypass=True, **RAW)
    assert np.allclose(y[:2000, 0], x.sum(axis=1) / np.sqrt(2), atol=1e-6)


# --------------------------------------------------------------------------------------------------------------- rates


def test_another_rate_is_refused_with_both_and_the_way_out(render, tmp_path):
    with pytest.raises(
        InputError, match=r"in\.wav: 44100 Hz, the bank is for 48000 Hz; --resample converts it \(or design with --fs 44100\)"
    ):
        render(noise(100), bank(3), fs=44100)
    assert os.listdir(tmp_path) == ["in.wav"]
    y, report = render(noise(44100), bank(3), fs=44100, resample=True)
    assert report.fs == FS and report.input_fs == 44100 and len(y) == FS + 200 - 1 - 40
    assert np.array_equal(render(noise(100), bank(3), resample=True)[0], render(noise(100), bank(3))[0])


# --------------------------------------------------------------------------------------------------------------- upmix


@pytest.mark.parametrize("method", ["off", "matrix", "projection", "directional"])
def test_upmix_file_has_exactly_the_frames_of_its_input(tmp_path, method):
    x = noise(12345)
    (tmp_path / "in.wav").write_bytes(float_wav(x))
    report = upmix_file(tmp_path / "in.wav", tmp_path / "out.wav", RenderRecipe(method))
    y, fs = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert y.shape == (12345, 3) and fs == FS and report.frames == 12345
    assert soundfile.info(tmp_path / "out.wav").subtype == "FLOAT"
    assert error_db(y[:, :2] + y[:, 2:], x) < -140
    with pytest.raises(UsageError, match="FLAC holds no float"):
        upmix_file(tmp_path / "in.wav", tmp_path / "out.flac", RenderRecipe(method))


# -------------------------------------------------------------------------------------------------------------- export


def test_export_holds_the_filters_and_says_what_they_are(tmp_path, render):
    filters = bank(3, 300, channels=(1, 4, 2), gain_db=-5.5, upmix="matrix", figures={"asked": 30})
    written = export_wav(filters, tmp_path / "fir")
    assert (
        sorted(path.name for path in written)
        == sorted(os.listdir(tmp_path / "fir"))
        == ["bank.json", "center.wav", "left.wav", "right.wav"]
    )
    assert json.loads((tmp_path / "fir" / "bank.json").read_text()) == {
        "format": 1,
        "fs": FS,
        "latency_samples": 40,
        "inputs": ["left", "right", "center"],
        "drivers": [{"name": "front", "channel": 1}, {"name": "left", "channel": 4}, {"name": "right", "channel": 2}],
        "headroom_gain_db": -5.5,
        "figures": {"asked": 30},
    }
    x = noise(5000)
    centre = 0.5 * x.sum(axis=1)
    paths = {"left": x[:, 0] - centre, "right": x[:, 1] - centre, "center": centre}
    truth = np.zeros((5299, 4))
    for name, path in paths.items():
        h, fs = soundfile.read(tmp_path / "fir" / f"{name}.wav", dtype="float64")
        assert h.shape == (300, 4) and fs == FS and not h[:, 2].any()
        assert soundfile.info(tmp_path / "fir" / f"{name}.wav").subtype == "FLOAT"
        truth += np.stack([fftconvolve(path, h[:, k]) for k in range(4)], axis=1)
    y, _ = render(x, filters, keep_latency=True, **RAW)
    assert error_db(y, truth) < -120


def test_export_goes_into_a_folder_with_content_only_when_told(tmp_path):
    folder = tmp_path / "fir"
    folder.mkdir()
    export_wav(bank(3), folder)  # empty: nothing to lose
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists; -f overwrites"):
        export_wav(bank(2, paths=("left", "right")), folder)
    export_wav(bank(2, paths=("left", "right")), folder, force=True)
    assert sorted(os.listdir(folder)) == ["bank.json", "left.wav", "notes.txt", "right.wav"]  # an old center.wav would be misread
    assert json.loads((folder / "bank.json").read_text())["inputs"] == ["left", "right"]
    assert os.listdir(tmp_path) == ["fir"]


def test_export_that_fails_leaves_nothing(tmp_path, monkeypatch):
    import spatial.exchange.wav_set as module

    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="no folder"):
        export_wav(bank(3), tmp_path / "file", force=True)
    with pytest.raises(OutputError, match="cannot be written"):
        export_wav(bank(3), tmp_path / "no" / "fir")
    monkeypatch.setattr(module, "json", None)  # breaks behind the first files
    with pytest.raises(AttributeError):
        export_wav(bank(3), tmp_path / "fir")
    assert os.listdir(tmp_path) == ["file"]
    odd = bank(3).replace(input_names=("left", "right", "../center"))
    with pytest.raises(UsageError, match="cannot be the name of a file"):
        export_wav(odd, tmp_path / "fir")


# -------------------------------------------------------------------------------------------------------- command line


@pytest.fixture
def spatial(monkeypatch, capsys, tmp_path):
    """Run one command in a folder with in.wav and bank.npz: exit code, standard output, standard error."""
    cli = import_module("spatial.cli.main")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.wav").write_bytes(float_wav(noise(FS)))
    bank(3, upmix="projection", gain_db=-4.5).save(tmp_path / "bank.npz")

    def run(*argv):
        try:
            code = cli.main([str(word) for word in argv])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_command_prints_file_levels_gain_and_latency(spatial):
    code, out, err = spatial("render", "in.wav", "out.wav", "--bank", "bank.npz")
    assert code == 0 and err == ""
    first, second, third = out.splitlines()
    assert first.startswith("out.wav  3 channels (front, left, right)  WAV float32  48000 Hz  0:01.0   ") and "x real time" in first
    assert "level    in -1" in second and " LUFS   out " in second and " dBTP   limiter 0.0 % of the time" in second
    assert third == "  gain     -4.5 dB (predicted headroom)   latency 1304 frames taken out (bank 40, upmix 1024, limiter 240)"


def test_json_is_the_same_for_the_same_render(spatial):
    arguments = ("render", "in.wav", "out.wav", "-b", "bank.npz", "-f", "--json", "--gain-db", "-2")
    code, out, _ = spatial(*arguments)
    assert code == 0 and json.loads(out)["gain_db"] == -2 and json.loads(out)["latency_samples"]["total"] == 1304
    time.sleep(0.1)
    assert spatial(*arguments)[1] == out


def test_every_option_reaches_the_renderer(spatial):
    code, out, _ = spatial(
        "render", "in.wav", "out.flac", "--bank", "bank.npz", "--bits", "16", "--block", "64", "--keep-latency", "--no-limiter",
        "--mute", "left", "--path-gain-db", "center=-3", "--json",
    )  # fmt: skip
    figures = json.loads(out)
    assert code == 0 and figures["limiter"] is None and figures["output"]["format"] == "FLAC 16 bit"
    assert figures["latency_samples"]["taken_out"] is False and figures["output"]["frames"] == FS + 199 + 1024
    assert spatial("render", "in.wav", "b.wav", "--bank", "bank.npz", "--bypass", "--gain-db", "0")[0] == 0
    assert spatial("render", "in.wav", "s.wav", "--bank", "bank.npz", "--solo", "sides", "--strict", "--scrub", "--resample")[0] == 0


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("in.wav", "out.wav"), 2, "one of the arguments -r/--rig -b/--bank is required"),
        (("in.wav", "out.wav", "--bank", "none.npz"), 3, "none.npz: no such file"),
        (("in.wav", "out.wav", "--bank", "in.wav"), 3, "not a filter bank"),
        (("none.wav", "out.wav", "--bank", "bank.npz"), 3, "none.wav: no such file"),
        (("in.wav", "in.wav", "--bank", "bank.npz", "-f"), 2, "same file"),
        (("in.wav", "bank.npz", "--bank", "bank.npz", "-f"), 2, "suffix"),
        (("in.wav", "out.xyz", "--bank", "bank.npz"), 2, "suffix"),
        (("in.wav", "no/out.wav", "--bank", "bank.npz"), 4, "folder no does not exist"),
        (("in.wav", "out.wav", "--bank", "bank.npz", "--block", "100"), 2, "power of two"),
        (("in.wav", "out.wav", "--bank", "bank.npz", "--solo", "middle"), 2, "path 'middle'"),
        (("in.wav", "out.wav", "--bank", "bank.npz", "--path-gain-db", "center"), 2, "PATH=X"),
        (("in.wav", "out.wav", "--bank", "bank.npz", "--gain-db", "nan"), 2, "no number"),
        (("in.wav", "out.wav", "--bank", "bank.npz", "--set", "a=1"), 2, "--set varies a rig"),
        (("in.wav", "out.wav", "--rig", "no_such_rig"), 2, "no_such_rig"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(spatial, tmp_path, arguments, code, words):
    result, out, err = spatial("render", *arguments)
    assert result == code and words in err and out == "" and "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == ["bank.npz", "in.wav"]


def test_an_output_that_is_there_is_kept_without_force(spatial, tmp_path):
    (tmp_path / "out.wav").write_bytes(b"older")
    code, _, err = spatial("render", "in.wav", "out.wav", "--bank", "bank.npz")
    assert code == 4 and "out.wav: exists; -f overwrites it" in err and (tmp_path / "out.wav").read_bytes() == b"older"
    assert spatial("render", "in.wav", "out.wav", "--bank", "bank.npz", "-f")[0] == 0


def test_upmix_and_export_commands(spatial, tmp_path):
    code, out, _ = spatial("upmix", "in.wav", "lrc.wav", "--latency-ms", "2.7", "--strength", "0.5")
    assert code == 0 and "3 channels (left, right, center)" in out and "latency 128 frames taken out" in out
    assert soundfile.info(tmp_path / "lrc.wav").frames == FS
    assert spatial("upmix", "in.wav", "lrc.wav", "--latency-ms", "3")[0] == 4
    assert spatial("upmix", "in.wav", "other.wav", "--latency-ms", "3")[0] == 2
    assert json.loads(spatial("upmix", "in.wav", "m.wav", "--method", "matrix", "--json")[1])["method"] == "matrix"
    code, out, _ = spatial("export", "bank.npz", "--to", "wav", "-o", "fir")
    assert code == 0 and "left.wav, right.wav, center.wav, bank.json" in out and "headroom gain -4.5 dB not included" in out
    assert spatial("export", "bank.npz", "--to", "wav", "-o", "fir")[0] == 4
    assert spatial("export", "bank.npz", "--to", "wav", "-o", "fir", "-f")[0] == 0


def test_a_full_disk_is_exit_4_and_leaves_nothing(spatial, tmp_path):
    """A real one, of 0.9 megabytes, where it may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], capture_output=True).returncode
    ):
        pytest.skip("a small file system cannot be mounted here")
    try:
        code, _, err = spatial("render", "in.wav", "disk/out.caf", "--bank", "bank.npz", "--bits", "float")
        assert code == 0  # 0.6 MB
        code, _, err = spatial("render", "in.wav", "disk/more.wav", "--bank", "bank.npz")
        assert code == 4 and "not enough space: 0.6 MB needed, 0." in err
        code, _, err = spatial("render", "in.wav", "disk/more.flac", "--bank", "bank.npz")  # may be small enough, so it is tried
        assert code == 4 and "writing failed" in err
        code, _, err = spatial("export", "bank.npz", "--to", "wav", "-o", "disk/fir")
        assert code == 0
        assert sorted(os.listdir(disk)) == ["fir", "out.caf"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_progress_is_drawn_in_ascii_and_only_for_a_terminal(spatial, tmp_path):
    import pty

    (tmp_path / "long.wav").write_bytes(float_wav(np.tile(noise(10 * FS), (12, 1))))
    master, terminal = pty.openpty()
    arguments = ["render", "long.wav", "Räume.wav", "--bank", "bank.npz"]
    child = subprocess.Popen([sys.executable, "-c", ENTRY, *arguments], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    drawn = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        drawn += piece
        if not piece:
            break
    os.close(master)
    assert child.wait() == 0
    assert b"rendering R?ume.wav  [#" in drawn and b"-]" in drawn and drawn.isascii()
    assert drawn.rstrip(b" \r") != drawn, "the line is wiped at the end"


# --------------------------------------------------------------------------------------------------------- interruption

ENTRY = "import sys; from spatial.cli import main; sys.exit(main())"


@pytest.mark.parametrize("stop, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("older", [True, False])
def test_being_told_to_stop_ends_within_a_second_and_leaves_nothing(tmp_path, stop, code, older):
    """Case 15: ten minutes of input, the signal in the middle, and again while it ends."""
    with soundfile.SoundFile(tmp_path / "in.flac", "w", FS, 2, "PCM_16") as file:
        for i in range(60):
            file.write(np.tile(noise(FS, seed=i), (10, 1)))
    bank(8, 4000, upmix="projection").save(tmp_path / "bank.npz")
    if older:
        (tmp_path / "out.wav").write_bytes(b"older")
    before = sorted(os.listdir(tmp_path))
    child = subprocess.Popen(
        [sys.executable, "-c", ENTRY, "render", "in.flac", "out.wav", "--bank", "bank.npz", "-f"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while sorted(os.listdir(tmp_path)) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(os.listdir(tmp_path)) == len(before) + 1, "it is writing"
    time.sleep(0.3)
    child.send_signal(stop)
    told = time.monotonic()
    time.sleep(0.01)
    child.send_signal(stop)
    _, err = child.communicate(timeout=20)
    assert time.monotonic() - told < 1
    assert child.returncode == code and "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == before
    if older:
        assert (tmp_path / "out.wav").read_bytes() == b"older"
