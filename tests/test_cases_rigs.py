"""Cases from the field through whole designs: gaps, latency, every tap, two spellings of a direction, levels. Inputs are made here."""

import json

import numpy as np
import pytest
import soundfile as sf
from sounds import FS, noise

from spatial.bank.matrix import FilterMatrix
from spatial.cli import main

RAW = ["--gain-db", "0", "--no-limiter"]
DRIVERS = (("front", 1, "0.0"), ("left", 2, "90.0"), ("right", 3, "-90.0"))


def linear_ball(drivers=DRIVERS, extra=""):
    """Three drivers on a ball, upmix off: a render is linear and the reference preset keeps the design quick."""
    text = 'format = 1\nname = "field case"\n[listener]\ndistance_m = 2.0\n[enclosure]\nshape = "sphere"\nradius_m = 0.0875\n'
    for name, channel, azimuth in drivers:
        text += f'[[driver]]\nname = "{name}"\nchannel = {channel}\nazimuth_deg = {azimuth}\ndiameter_m = 0.045\n'
    return text + f'[design.upmix]\nmethod = "off"\n[design.beam]\npreset = "reference"\n{extra}'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    assert main([str(word) for word in words]) == 0


def read(path):
    return sf.read(path, dtype="float32", always_2d=True)[0]


def write(path, x):
    sf.write(path, x, FS, subtype="FLOAT")


def test_case_10_gaps_are_silent_and_the_rest_has_the_same_bits(folder):
    (folder / "plain.toml").write_text(linear_ball())
    gaps = [("front", 1, "0.0"), ("left", 3, "90.0"), ("right", 6, "-90.0")]
    (folder / "gaps.toml").write_text(linear_ball(gaps))
    write("in.wav", noise(4800))
    run("render", "in.wav", "plain.wav", "--rig", "plain.toml")
    run("render", "in.wav", "gaps.wav", "--rig", "gaps.toml")
    plain, spread = read("plain.wav"), read("gaps.wav")
    assert spread.shape[1] == 6
    assert np.all(spread[:, [1, 3, 4]] == 0)
    assert np.array_equal(spread[:, [0, 2, 5]], plain)


def test_case_11_a_real_pair_is_a_no_op_in_time(folder):
    x = np.zeros((FS, 2))
    x[1000, 0] = x[20000, 1] = 0.5
    write("clicks.wav", x)
    run("design", "stereo_pair", "-o", "pair.npz")
    for block in (64, 256):
        run("render", "clicks.wav", "out.wav", "--bank", "pair.npz", "--block", block, "-f")
        run("render", "clicks.wav", "kept.wav", "--bank", "pair.npz", "--block", block, "--keep-latency", "-f")
        y, kept = read("out.wav"), read("kept.wav")
        assert abs(int(np.abs(y[:, 0]).argmax()) - 1000) <= 1
        assert abs(int(np.abs(y[:, 1]).argmax()) - 20000) <= 1
        late = len(kept) - len(y)
        assert np.array_equal(kept[late:], y)


@pytest.mark.parametrize("taps", [512, 513, 777, 1000])
def test_case_12_every_tap_counts(folder, taps):
    """Render of an impulse against the exported filter, every tap, at several blocks; nothing but zero behind the last one."""
    lengths = f"taps = {taps}\n"
    (folder / "rig.toml").write_text(linear_ball(extra=lengths + f"[design.crosstalk]\n{lengths}"))
    run("design", "rig.toml", "-o", "bank.npz")
    run("export", "bank.npz", "--to", "wav", "-o", "fir")
    filters = {path: read(f"fir/{path}.wav") for path in ("left", "right")}
    for channel, path in enumerate(("left", "right")):
        x = np.zeros((4096, 2))
        x[0, channel] = 1.0
        write("impulse.wav", x)
        for block in (16, 128, 512, 4096):
            run("render", "impulse.wav", "out.wav", "--bank", "bank.npz", "--block", block, *RAW, "--keep-latency", "-f")
            y, n = read("out.wav"), len(filters[path])
            error = np.sqrt(np.sum((y[:n] - filters[path]) ** 2) / np.sum(filters[path] ** 2))
            assert 20 * np.log10(error) < -120
            assert np.abs(y[n:]).max() < 10 ** (-120 / 20) * np.abs(y).max()
    # the filter's own ends carry something: a convolver that dropped them would have been seen
    assert np.abs(filters["left"][-1]).max() > 0


def test_case_19_one_direction_two_spellings_and_the_mirror(folder):
    cases = {"minus90": ("60.0", "-90.0"), "270": ("60.0", "270.0"), "mirrored": ("90.0", "-60.0")}
    taps = {}
    for name, (left, right) in cases.items():
        (folder / f"{name}.toml").write_text(linear_ball([("front", 1, "0.0"), ("left", 2, left), ("right", 3, right)]))
        run("design", f"{name}.toml", "-o", f"{name}.npz")
        taps[name] = FilterMatrix.load(f"{name}.npz").taps
    assert np.array_equal(taps["minus90"], taps["270"])
    assert np.max(np.abs(taps["minus90"] - taps["mirrored"][[0, 2, 1]][:, [1, 0, 2]])) < 1e-9


def test_case_6_peaks_stay_under_the_printed_bound(folder, capsys):
    (folder / "rig.toml").write_text(linear_ball())
    square = np.where(np.arange(FS) % 960 < 480, 1.0, -1.0)
    write("square.wav", np.column_stack([square, square]))
    run("render", "square.wav", "raw.wav", "--rig", "rig.toml", *RAW, "--json")
    report = json.loads(capsys.readouterr().out)
    peaks = 20 * np.log10(np.abs(read("raw.wav")).max(axis=0))
    for driver, peak_db in zip(report["drivers"], peaks, strict=True):
        assert peak_db <= driver["l1_bound_dbfs"] + 0.01
    run("render", "square.wav", "safe.wav", "--rig", "rig.toml")
    assert np.abs(read("safe.wav")).max() <= 10 ** (-1 / 20)
    assert main(["render", "square.wav", "int.wav", "--rig", "rig.toml", *RAW, "--bits", "16"]) == 4
    assert not (folder / "int.wav").exists()


@pytest.mark.parametrize("rig", ["ball3", "headphones", "stereo_pair"])
def test_upmix_and_exported_filters_make_the_render(folder, rig):
    """Convolve-and-sum of L', R', C with the exported files equals the render without gain and limiter."""
    write("in.wav", noise(9600, seed=5))
    run("design", rig, "-o", "bank.npz")
    run("export", "bank.npz", "--to", "wav", "-o", "fir")
    bank = FilterMatrix.load("bank.npz")
    run("render", "in.wav", "out.wav", "--bank", "bank.npz", *RAW)
    method = bank.recipe.upmix
    run("upmix", "in.wav", "lrc.wav", "--method", method)
    paths, y = read("lrc.wav").astype(float), read("out.wav")
    total = 0
    for i, path in enumerate(("left", "right", "center")):
        if path in bank.input_names:
            filters = read(f"fir/{path}.wav").astype(float)
            total = total + np.stack([np.convolve(paths[:, i], h) for h in filters.T], axis=1)
    total = total[bank.latency_samples :]
    assert len(total) == len(y)
    assert 20 * np.log10(np.sqrt(np.sum((total - y) ** 2) / np.sum(y**2))) < -120


def test_a_rig_is_designed_at_the_rate_of_the_file(folder, capsys):
    sf.write("in.wav", noise(4410), 44100, subtype="FLOAT")
    (folder / "rig.toml").write_text(linear_ball())
    run("render", "in.wav", "out.wav", "--rig", "rig.toml")
    assert sf.info("out.wav").samplerate == 44100
    run("design", "rig.toml", "-o", "bank.npz")
    assert main(["render", "in.wav", "no.wav", "--bank", "bank.npz"]) == 3
    said = capsys.readouterr().err
    assert all(word in said for word in ("44100", "48000", "--resample"))
