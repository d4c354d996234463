"""Inputs that went wrong in other tools of this trade, by public reports; each test is one of them. Inputs are made here."""

import json
import locale
import os
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter
from sounds import (
    FS,
    IEEE_FLOAT,
    PCM,
    bank,
    chunk,
    data,
    error_db,
    float_wav,
    fmt,
    fmt_extensible,
    noise,
    packed24,
    riff,
    straight_through,
)

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import PATHS

RAW = ("--gain-db", "0", "--no-limiter")
ENTRY = "import sys; from spatial.cli import main; sys.exit(main())"


@pytest.fixture
def spatial(monkeypatch, capsys, tmp_path):
    """Run one command in a folder of its own: exit code, standard output, standard error."""
    cli = import_module("spatial.cli.main")
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def render(spatial, tmp_path):
    """Render bytes of an input file through a bank that goes before: samples (frames, channels), standard error."""

    def run(content, filters, *options, name="in.wav"):
        (tmp_path / name).write_bytes(content)
        filters.save(tmp_path / "bank.npz")
        code, _, err = spatial("render", name, "out.wav", "--bank", "bank.npz", "-f", *RAW, *options)
        assert code == 0, err
        return soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)[0], err

    return run


def test_case_1_extensible_header(render):
    """camilladsp #124, Symphonia #180: the same samples under three headers; the mask names 18 loudspeakers for two channels."""
    x = noise(FS // 4)
    plain, _ = render(riff(fmt(IEEE_FLOAT, 2, 32), data(x)), bank(3))
    for mask in (0x3, 0x3FFFF):
        y, err = render(riff(fmt_extensible(IEEE_FLOAT, 2, 32, mask), chunk(b"fact", b"\0\0\0\0"), data(x)), bank(3))
        assert np.array_equal(y, plain) and err == ""


@pytest.mark.parametrize("pad", [b"\0", b"Q"])
def test_case_2_odd_number_of_odd_frames(render, pad):
    """libsndfile #887, BWFMetaEdit #155: 101 frames of three bytes, a pad byte, text behind; no false alarm of truncation."""
    x = np.round(noise(101, 1) * 2**23) / 2**23
    text = chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"text behind the samples\0"))
    reference, _ = render(float_wav(x), bank(3))
    y, err = render(riff(fmt(PCM, 1, 24), chunk(b"data", packed24(x), pad), text), bank(3), "--strict")
    assert np.array_equal(y, reference) and len(y) == 101 + 200 - 1 - 40 and err == ""


def test_case_3_field_recorders_header(render):
    """libsndfile #370: 393164 bytes of zeros in a LIST chunk ahead of the samples."""
    x = (noise(FS // 4) * 32767).astype("<i2")
    reference, _ = render(float_wav(x / 32768), bank(3))
    y, err = render(riff(fmt(PCM, 2, 16), chunk(b"LIST", bytes(393164)), chunk(b"data", x.tobytes())), bank(3), "--strict")
    assert np.array_equal(y, reference) and err == ""


def test_case_5_quantiser(render):
    """python-soundfile #257: floor instead of rounding. The error is triangular dither and rounding, alike in every driver."""
    content = float_wav(noise(6 * FS, 2, -40.0))
    filters = bank(3)
    exact = render(content, filters)[0].astype(np.float64)
    error = 32768 * (render(content, filters, "--bits", "16")[0] - exact)
    assert np.abs(error.mean(axis=0)).max() < 0.01
    assert np.abs(np.sqrt((error**2).mean(axis=0)) - 0.5).max() < 0.01
    assert all(abs(np.corrcoef(error[:, k], exact[:, k])[0, 1]) < 0.01 for k in range(3))


def phase_turner(n_taps=8000):
    """Two drivers; one gets L + R through a first-order all-pass at 50 Hz, the other L unchanged."""
    c = (np.tan(np.pi * 50 / FS) - 1) / (np.tan(np.pi * 50 / FS) + 1)
    taps = np.zeros((2, 3, n_taps))
    taps[0, :2] = 0.5 * lfilter([c, 1], [1, c], np.eye(1, n_taps)[0])
    taps[1, 0, 0] = 0.9
    return FilterMatrix(taps, FS, 0, PATHS, ("turned", "plain"), (1, 2))


def test_case_6_filters_that_only_turn_the_phase_still_clip(spatial, render, tmp_path):
    """camilladsp #84: a full-scale 50 Hz square rises by 9 dB; known before, limited by default, never clipped in silence."""
    square = np.where(np.arange(2 * FS) % 960 < 480, 1.0, -1.0)
    content = float_wav(np.column_stack([square, square]))
    render(content, phase_turner())
    code, out, _ = spatial("render", "in.wav", "free.wav", "--bank", "bank.npz", *RAW, "--json")
    for driver in json.loads(out)["drivers"]:
        assert driver["peak_dbfs"] <= driver["l1_bound_dbfs"] + 0.01
    assert 8.9 < json.loads(out)["drivers"][0]["peak_dbfs"] < 9.5
    code, out, _ = spatial("render", "in.wav", "limited.wav", "--bank", "bank.npz", "--json")
    y, _ = soundfile.read(tmp_path / "limited.wav")
    assert code == 0 and np.abs(y).max() <= 10 ** (-1 / 20) and json.loads(out)["output"]["true_peak_dbtp"] <= -0.8
    before = sorted(os.listdir(tmp_path))
    code, _, err = spatial("render", "in.wav", "hard.wav", "--bank", "bank.npz", *RAW, "--bits", "16")
    assert code == 4 and "driver 'turned' by 9." in err and "plain" not in err and sorted(os.listdir(tmp_path)) == before


def test_case_7_filter_and_music_at_different_rates(spatial, render, tmp_path):
    """camilladsp #262: every frequency moves by 8.8 % and nothing is said. Here: refused with both rates, or resampled to the frame."""
    t = np.arange(88200) / 44100
    s = np.where(t > 1.0, 0.25 * np.sin(2 * np.pi * 1000 * t), 0.0)
    s[4410] = 0.5
    content = float_wav(np.column_stack([s, s]), 44100)
    filters = straight_through(latency=20)
    (tmp_path / "in.wav").write_bytes(content)
    filters.save(tmp_path / "bank.npz")
    code, _, err = spatial("render", "in.wav", "out.wav", "--bank", "bank.npz")
    assert code == 3 and "44100" in err and "48000" in err and "--resample" in err and not (tmp_path / "out.wav").exists()
    y, _ = render(content, filters, "--resample")
    assert len(y) == 96000 + 64 - 1 - 20 and soundfile.info(tmp_path / "out.wav").samplerate == FS
    assert abs(int(np.abs(y[:40000, 0]).argmax()) - 4800) <= 1
    tone = y[60000:90000, 0].astype(np.float64)
    n = np.arange(len(tone))

    def residual(hz):
        basis = np.stack([np.cos(2 * np.pi * hz / FS * n), np.sin(2 * np.pi * hz / FS * n)], axis=1)
        gains, rest, *_ = np.linalg.lstsq(basis, tone, rcond=None)
        return rest[0], 20 * np.log10(np.hypot(*gains) / 0.25)

    assert residual(1000.0)[0] < min(residual(999.9)[0], residual(1000.1)[0])
    assert abs(residual(1000.0)[1]) < 0.05


def test_case_9_one_channel(render):
    """easyeffects #2267: mono refused, and nobody said why."""
    m = noise(FS // 4, 1)
    filters = bank(3, upmix="projection")
    assert np.array_equal(render(float_wav(m), filters)[0], render(float_wav(np.repeat(m, 2, axis=1)), filters)[0])


def test_case_10_gaps_in_the_output_channels(render):
    """python-sounddevice #18: a map to channel 1 also played on 2."""
    content = float_wav(noise(FS // 4))
    gaps, closed = render(content, bank(3, channels=(1, 3, 6)))[0], render(content, bank(3))[0]
    assert gaps.shape[1] == 6 and not gaps[:, [1, 3, 4]].any() and np.array_equal(gaps[:, [0, 2, 5]], closed)


@pytest.mark.parametrize("block", ["64", "256"])
@pytest.mark.parametrize("upmix", ["off", "matrix", "projection", "directional"])
def test_case_11_latency_taken_out_to_the_sample(spatial, render, tmp_path, block, upmix):
    """pedalboard #230, NeuralAmpModelerPlugin #143: late by 9 to 13 samples. The printed latency is the whole difference."""
    x = np.zeros((FS, 2))
    x[1000, 0] = x[20000, 1] = 0.5
    plain, _ = render(float_wav(x), bank(3, upmix=upmix), "--block", block)
    _, out, _ = spatial("render", "in.wav", "kept.wav", "--bank", "bank.npz", *RAW, "--block", block, "--keep-latency")
    printed = int(out.split("latency ")[1].split(" frames")[0])
    kept, _ = soundfile.read(tmp_path / "kept.wav", dtype="float32")
    assert np.array_equal(plain, kept[printed:])
    y, _ = render(float_wav(x), straight_through(latency=33, upmix=upmix), "--block", block)
    assert np.abs(y[:, 0]).argmax() == 1000 and np.abs(y[:, 1]).argmax() == 20000


@pytest.mark.parametrize("n_taps", [512, 513, 777, 1000])
@pytest.mark.parametrize("block", ["16", "128", "512", "4096"])
def test_case_12_every_tap_counts(spatial, render, tmp_path, n_taps, block):
    """supercollider #734: the last half block of taps dropped. An impulse gives the exported filter, and silence behind it."""
    filters = bank(3, n_taps, latency=n_taps // 4)
    filters = filters.replace(taps=filters.taps + 1e-3)  # the last taps are as large as any
    for side, name in enumerate(("left", "right")):
        x = np.zeros((4096, 2))
        x[0, side] = 1
        y, _ = render(float_wav(x), filters, "--block", block, "--keep-latency")
        assert spatial("export", "bank.npz", "--to", "wav", "-o", "fir", "-f")[0] == 0
        h, _ = soundfile.read(tmp_path / "fir" / f"{name}.wav", dtype="float64")
        assert error_db(y[:n_taps], h) < -120
        assert np.abs(y[n_taps - 8 : n_taps] - h[-8:]).max() < 1e-6 * np.abs(h).max()
        assert np.abs(y[n_taps:]).max() < 1e-6 * np.abs(h).max()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_case_13_one_sample_that_is_not_a_number(spatial, render, tmp_path, value):
    """node-web-audio-api #199: the rest of the render is silent, exit as if all were well."""
    filters = bank(3, 1000)
    clean = noise(FS)
    x = clean.copy()
    x[24000, 0] = value
    (tmp_path / "in.wav").write_bytes(float_wav(x))
    filters.save(tmp_path / "bank.npz")
    code, _, err = spatial("render", "in.wav", "out.wav", "--bank", "bank.npz")
    assert code == 3 and "1 sample, first at frame 24000, channel 1 (left)" in err
    assert sorted(os.listdir(tmp_path)) == ["bank.npz", "in.wav"]
    y, err = render(float_wav(x), filters, "--scrub", "--keep-latency")
    assert np.isfinite(y).all() and "1 sample" in err
    truth, _ = render(float_wav(clean), filters, "--keep-latency")
    assert np.array_equal(y[:23936], truth[:23936])
    again = 24000 + 1000  # within rounding from here; the same bits once the blocks that held the sample are through
    assert np.abs(y[again:] - truth[again:]).max() < 1e-6
    assert np.array_equal(y[again + 2 * 128 :], truth[again + 2 * 128 :])


NAMES = ("Räume ☃ 'links'.wav", "a\u0308o\u0308.wav", " leading space.wav", "-dash.wav", os.fsdecode(b"caf\xe9.wav"))
PLACES = {
    "ascii": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "utf8": {"LC_ALL": "C.UTF-8"},
    "german": {"LC_ALL": "de_DE.UTF-8"},
}


def test_case_20_names_and_places(tmp_path):
    """python-soundfile #129, auto-editor #34, bmc0/dsp #5: any name, in any locale, audio and JSON the same bytes."""
    bank(3, upmix="projection").save(tmp_path / "bank.npz")
    for name in NAMES:
        (tmp_path / name).write_bytes(float_wav(noise(4800)))
    for name in NAMES:
        results = set()
        for place, variables in PLACES.items():
            out = f"{place}.wav"
            arguments = [b"render", b"--bank", b"bank.npz", b"--json", b"-f", b"--", os.fsencode(name), b"out.wav"]
            with open(tmp_path / "stdout", "wb") as stdout, open(tmp_path / "stderr", "wb") as stderr:
                code = subprocess.run(
                    [os.fsencode(sys.executable), b"-c", ENTRY.encode(), *arguments],
                    cwd=tmp_path, env={**os.environ, **variables}, stdout=stdout, stderr=stderr,
                ).returncode  # fmt: skip
            assert code == 0, (tmp_path / "stderr").read_bytes()
            results.add(((tmp_path / "out.wav").read_bytes(), (tmp_path / "stdout").read_bytes()))
            (tmp_path / "out.wav").rename(tmp_path / out)
        assert len(results) == 1
        # JSON that strict readers take: a byte that is no UTF-8 is a replacement character there
        assert json.loads(results.pop()[1])["input"]["file"] == os.fsencode(name).decode("utf-8", "replace")


@pytest.mark.parametrize("place", PLACES)
def test_case_20_words_in_any_locale(tmp_path, place):
    """The summary and an error name the file as far as the terminal can."""
    bank(3).save(tmp_path / "bank.npz")
    (tmp_path / "in.wav").write_bytes(float_wav(noise(4800)))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", ENTRY, *arguments], cwd=tmp_path, env={**os.environ, **PLACES[place]}, capture_output=True
        )

    done = run("render", "in.wav", "Räume ☃.wav", "--bank", "bank.npz")
    assert done.returncode == 0 and b"ume" in done.stdout and done.stderr == b""
    assert soundfile.info(os.fsencode(tmp_path / "Räume ☃.wav")).channels == 3
    done = run("render", "fehlt ☃.wav", "out.wav", "--bank", "bank.npz")
    assert done.returncode == 3 and b"no such file" in done.stderr and b"Traceback" not in done.stderr


def test_case_20_inside_a_program_that_set_a_comma_locale(spatial, tmp_path):
    """bmc0/dsp #5: 2.23 read as 2 inside a host that had set a comma locale."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    except locale.Error:
        pytest.skip("de_DE.UTF-8 is not installed")
    try:
        (tmp_path / "in.wav").write_bytes(float_wav(noise(4800)))
        bank(3).save(tmp_path / "bank.npz")
        code, out, _ = spatial("render", "in.wav", "out.wav", "--bank", "bank.npz", "--gain-db", "-2.23", "--json")
        assert code == 0 and json.loads(out)["gain_db"] == -2.23
        code, out, _ = spatial("render", "in.wav", "words.wav", "--bank", "bank.npz", "--gain-db", "-2.23")
        assert "-2.2 dB" in out
    finally:
        locale.setlocale(locale.LC_ALL, before)
