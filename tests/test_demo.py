"""The demo: its music is where it says, its folder is whole or untouched, and everything in it is what it should be."""

import re

import matplotlib.image
import numpy as np
import pytest
import soundfile

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import OutputError
from spatial.cli.demo import MARKER, new_folder, refuse_folder
from spatial.cli.demo_scene import (
    BEAT_S,
    HALF_LEFT,
    HALF_RIGHT,
    HARD_LEFT,
    HARD_RIGHT,
    MELODY,
    demo_scene,
    note_hz,
    place,
    plucked,
    room,
    struck,
    voice,
)
from spatial.cli.main import main

FS = 48000


@pytest.fixture(scope="module")
def scene():
    return demo_scene()


# ---------------------------------------------------------------------------------------------------------- music


def test_the_music_peaks_at_minus_3_dbfs_and_is_always_the_same(scene):
    assert scene.shape == (12 * FS, 2)
    assert np.isfinite(scene).all()
    assert 20 * np.log10(np.abs(scene).max()) == pytest.approx(-3.0)
    assert np.array_equal(scene, demo_scene())
    assert np.abs(scene[-10:]).max() < 1e-4, "it ends in silence"
    assert np.abs(scene.mean(axis=0)).max() < 1e-3
    loudness = 10 * np.log10((scene**2).mean(axis=0))
    assert abs(loudness[0] - loudness[1]) < 2 and (loudness > -25).all()


def test_the_music_has_a_centre_sides_and_room(scene):
    """A scene for a demonstration of left, right and centre: none of the three may be missing in any bar."""
    for bar in range(4):
        left, right = scene[int(bar * 4 * BEAT_S * FS) : int((bar + 1) * 4 * BEAT_S * FS)].T
        mid, side = ((left + right) ** 2).mean() / 2, ((left - right) ** 2).mean() / 2
        assert 2 < 10 * np.log10(mid / side) < 15
        assert 0.3 < np.corrcoef(left, right)[0, 1] < 0.95


@pytest.mark.parametrize(("pan_deg", "left_over_right_db"), [(0.0, 0.0), (HALF_LEFT, 7.66), (HALF_RIGHT, -7.66)])
def test_panning_keeps_the_power_and_follows_the_tangent_of_the_angle(pan_deg, left_over_right_db):
    mix = np.zeros((FS, 2))
    place(mix, np.ones(100), 1.0, pan_deg, FS)
    start = round(BEAT_S * FS)
    assert not mix[:start].any() and not mix[start + 100 :].any()
    assert np.allclose((mix[start : start + 100] ** 2).sum(axis=1), 1.0)
    assert 20 * np.log10(mix[start, 0] / mix[start, 1]) == pytest.approx(left_over_right_db, abs=0.01)


def test_hard_left_and_right_leave_the_other_channel_exactly_silent():
    mix = np.zeros((FS, 2))
    place(mix, np.ones(100), 0.0, HARD_LEFT, FS)
    place(mix, np.ones(FS), 1.0, HARD_RIGHT, FS)  # longer than what is left of the mix
    start = round(BEAT_S * FS)
    assert (mix[:100] == (1, 0)).all() and (mix[start:] == (0, 1)).all()


@pytest.mark.parametrize("midi", [45, 57, 64, 81])
def test_a_string_is_in_tune_and_dies_away(midi):
    string = plucked(note_hz(midi), 2.0, FS, np.random.default_rng(midi))
    assert abs(cents(fundamental(string[: FS // 2], 0.7 * note_hz(midi), 1.4 * note_hz(midi)), note_hz(midi))) < 5
    energy = (string[: 2 * FS].reshape(8, -1) ** 2).sum(axis=1)
    assert (np.diff(energy) < 0).all() and energy[-1] < 1e-3 * energy[0]


def test_a_struck_bar_has_its_partials():
    spectrum = np.abs(np.fft.rfft(struck(440.0, (1.0, 4.0), (1.0, 0.5), FS)[:FS] * np.hanning(FS)))
    peaks = [int(f) for f in range(100, 4000) if spectrum[f] > 0.05 * spectrum.max() and spectrum[f] == spectrum[f - 3 : f + 4].max()]
    assert peaks == [440, 1760]


def test_the_voice_sings_its_melody():
    sung = voice(FS)
    for beat, beats, note, _ in MELODY:
        if beats >= 1.0:
            start, stop = (int((beat + share * beats) * BEAT_S * FS) for share in (0.25, 0.95))
            f0 = fundamental(sung[start:stop], 0.8 * note_hz(note), 1.25 * note_hz(note))
            assert abs(cents(f0, note_hz(note))) < 35, f"beat {beat}"  # vibrato is +-28


def test_the_room_answers_late_and_unlike_left_and_right():
    dry = np.zeros((2 * FS, 2))
    dry[0] = 1.0
    answer = room(dry, FS, np.random.default_rng(3))
    assert np.abs(answer[: int(0.014 * FS)]).max() < 1e-9
    assert abs(np.corrcoef(answer.T)[0, 1]) < 0.1
    energy = (answer[: 6 * FS // 5].reshape(12, -1, 2) ** 2).sum(axis=(1, 2))
    assert energy[10] < 1e-3 * energy[0]


def fundamental(sound, low_hz, high_hz):
    """Frequency of the highest peak of the spectrum between two frequencies."""
    n = 1 << 19
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n))
    low, high = int(low_hz * n / FS), int(high_hz * n / FS)
    return (low + spectrum[low:high].argmax()) * FS / n


def cents(one, other):
    return 1200 * np.log2(one / other)


# --------------------------------------------------------------------------------------------------------- folder


def test_a_folder_appears_whole_and_replaces_the_last_demo(tmp_path):
    out = tmp_path / "demo"
    for content in ("first", "second"):
        refuse_folder(out)
        with new_folder(out) as folder:
            (folder / "a.txt").write_text(content)
            assert out.exists() == (content == "second"), "the last demo stays until the next is whole"
        assert (out / "a.txt").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "a.txt"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_demo_that_fails_leaves_what_was_there(tmp_path, failure):
    out = tmp_path / "demo"
    with new_folder(out) as folder:
        (folder / "a.txt").write_text("first")
    with pytest.raises(failure), new_folder(out) as folder:
        (folder / "b.txt").write_text("second")
        raise failure
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "a.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_folder_that_is_somebodys_own_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    assert main(["demo", "-o", str(tmp_path / "mine")]) == 4
    assert "is not empty and not a demo's" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


def test_a_file_put_into_a_demo_is_not_deleted_with_it(tmp_path):
    out = tmp_path / "demo"
    with new_folder(out) as folder:
        (folder / "a.txt").write_text("made")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds notes.txt, which no demo made"):
        refuse_folder(out)


def test_an_empty_folder_is_taken_and_a_file_or_a_missing_parent_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    refuse_folder(tmp_path / "empty")
    with new_folder(tmp_path / "empty") as folder:
        (folder / "a.txt").write_text("made")
    assert (tmp_path / "empty" / "a.txt").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        refuse_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="does not exist"):
        refuse_folder(tmp_path / "no" / "demo")


def test_a_rig_that_is_not_there_leaves_no_folder(tmp_path, capsys):
    assert main(["demo", "-o", str(tmp_path / "demo"), "--rig", "nosuch"]) == 2
    assert "nosuch: no such file, and no shipped rig" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------------ end to end


@pytest.mark.slow
def test_the_demo_makes_music_feeds_pictures_and_a_report(tmp_path, capsys, scene):
    """The slowest test: the main job in one command, on the rig that `make demo` takes."""
    out = tmp_path / "demo"
    assert main(["demo", "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        MARKER, "scene.wav", "feeds.wav", "bank.npz", "plan.png", "beam.png", "cancellation.png", "report.html",
    }  # fmt: skip
    for name in ("scene.wav", "feeds.wav", "bank.npz", "beam.png", "report.html"):
        assert name in printed
    assert re.search(r"made in \d+\.\d s", printed) and "virtual pair" in printed and "front, left, right" in printed

    music, fs = soundfile.read(out / "scene.wav")
    assert fs == FS and np.array_equal(music.astype(np.float32), scene.astype(np.float32))
    bank = FilterMatrix.load(out / "bank.npz")
    feeds, fs = soundfile.read(out / "feeds.wav")
    assert fs == FS and feeds.shape == (len(music) + bank.n_taps - 1 - bank.latency_samples, 3)
    assert np.isfinite(feeds).all() and np.abs(feeds).max() <= 10 ** (-1 / 20) + 1e-6
    level = 10 * np.log10((feeds**2).mean(axis=0))
    assert (level > -45).all(), "every driver plays"
    for name in ("plan", "beam", "cancellation"):
        picture = matplotlib.image.imread(out / f"{name}.png")
        assert picture.shape[0] > 400 and picture.shape[1] >= 900 and np.ptp(picture[:, :, :3]) > 0.5
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "spatial demo --rig ball3" in page and "Three mids on a ball" in page and str(tmp_path) not in page
