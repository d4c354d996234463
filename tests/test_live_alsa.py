"""``spatial play`` and ``Player`` through PortAudio and ALSA to a device that keeps every bit. It takes frames as fast as they come."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import soundfile
from sound_cards import FileCard, needs_portaudio, silent_environment
from sounds import FS, bank, float_wav, noise, straight_through

from spatial.dsp.backends import engine_available
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions

pytestmark = [needs_portaudio, pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")]

# The device runs as fast as it is served, so the player looks for the end more often: less silence behind it.
ENTRY = "import sys, spatial.session.live as p; p.LOOK_S = 0.002; from spatial.cli import main; sys.exit(main())"


@pytest.fixture
def card(tmp_path):
    return FileCard(tmp_path)


def spatial(card, *argv, input=None):
    """One command on the card."""
    command = [sys.executable, "-c", ENTRY, *map(str, argv)]
    return subprocess.run(command, env=card.env, capture_output=True, input=input, cwd=card_folder(card), timeout=120)


def card_folder(card):
    return os.path.dirname(card.env["ALSA_CONFIG_PATH"])


def rendered(tmp_path, x, filters, **options):
    """(frames, channels) of ``render --keep-latency``; in.wav and bank.npz stay."""
    (tmp_path / "in.wav").write_bytes(float_wav(x))
    filters.save(tmp_path / "bank.npz")
    render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, RenderOptions(keep_latency=True, **options), force=True)
    return soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)[0]


def assert_played(card, truth):
    """Every frame of the render, to the last of the tail, and silence after it."""
    truth = truth[np.argmax(truth.any(axis=1)) :]
    played = card.frames(truth.shape[1])
    assert len(played) >= len(truth)
    assert np.array_equal(played[: len(truth)], truth) and not played[len(truth) :].any()


@pytest.mark.parametrize("host_block", [64, 100, 256, 1000, 1024, 0])
@pytest.mark.parametrize("drivers", [2, 5, 16])
def test_what_is_played_is_what_is_rendered(card, tmp_path, host_block, drivers):
    truth = rendered(tmp_path, noise(30000, level_db=-6), bank(drivers, 700, upmix="directional"))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz", "--host-block", host_block)
    assert child.returncode == 0, child.stderr
    assert_played(card, truth)


@pytest.mark.parametrize(
    "argv, options",
    [
        (["--gain-db", "-9", "--no-limiter", "--block", "512"], {"gain_db": -9.0, "limiter": False, "block": 512}),
        (["--solo", "sides"], {"solo": ("sides",)}),
        (["--mute", "center", "--path-gain-db", "left=-3"], {"mute": ("center",), "path_gain_db": {"left": -3.0}}),
        (["--bypass"], {"bypass": True}),
    ],
)
def test_options_are_those_of_render(card, tmp_path, argv, options):
    truth = rendered(tmp_path, noise(30000), bank(3, upmix="matrix"), **options)
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz", *argv)
    assert child.returncode == 0, child.stderr
    assert_played(card, truth)


def test_case_10_gaps_in_the_channels(card, tmp_path):
    """python-sounddevice #18: channels 1, 3, 6; the others are exactly silent at the device."""
    truth = rendered(tmp_path, noise(30000), bank(3, channels=(1, 3, 6)))
    assert truth.shape[1] == 6
    assert spatial(card, "play", "in.wav", "--bank", "bank.npz").returncode == 0
    assert_played(card, truth)
    assert not card.frames(6)[:, [1, 3, 4]].any()


def test_standard_input(card, tmp_path):
    truth = rendered(tmp_path, noise(30000), bank(2))
    child = spatial(card, "play", "-", "--bank", "bank.npz", input=(tmp_path / "in.wav").read_bytes())
    assert child.returncode == 0, child.stderr
    assert_played(card, truth)


def test_mono_and_another_rate(card, tmp_path):
    rendered(tmp_path, noise(30000), bank(2))
    (tmp_path / "in.wav").write_bytes(float_wav(noise(20000, 1), 44100))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz")
    assert child.returncode == 3 and b"44100" in child.stderr and b"48000" in child.stderr and b"--resample" in child.stderr
    options = RenderOptions(keep_latency=True, resample=True)
    render_file(tmp_path / "in.wav", tmp_path / "out.wav", bank(2), options, force=True)
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz", "--resample")
    assert child.returncode == 0, child.stderr
    assert_played(card, soundfile.read(tmp_path / "out.wav", dtype="float32")[0])


def test_a_file_that_is_damaged_midway_fades_out_and_says_so(card, tmp_path):
    rendered(tmp_path, noise(1), straight_through())
    x = (0.4 * np.sin(2 * np.pi * 150 * np.arange(300000) / FS)).astype(np.float32)
    soundfile.write(tmp_path / "in.flac", np.stack([x, x], axis=1), FS, subtype="PCM_24")
    content = bytearray((tmp_path / "in.flac").read_bytes())
    content[len(content) // 2 :] = os.urandom(len(content) - len(content) // 2)
    (tmp_path / "in.flac").write_bytes(content)
    child = spatial(card, "play", "in.flac", "--bank", "bank.npz", "--no-limiter")
    assert child.returncode == 3 and b"damaged" in child.stderr and b"Traceback" not in child.stderr
    played = card.frames(2)
    assert 0.39 < np.abs(played).max() < 0.41 and not played[-10000:].any()
    assert np.abs(np.diff(played, axis=0)).max() < 1.2 * np.abs(np.diff(x)).max()


def test_samples_that_are_not_finite(card, tmp_path):
    x = noise(30000)
    truth = rendered(tmp_path, x, bank(2))
    bad = x.copy()
    bad[20000, 0] = np.nan
    (tmp_path / "in.wav").write_bytes(float_wav(bad))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz")
    assert child.returncode == 3 and b"channel 1 (left)" in child.stderr
    bad[20000, 0] = 0
    (tmp_path / "in.wav").write_bytes(float_wav(bad))
    truth = rendered(tmp_path, bad, bank(2))
    bad[20000, 0] = np.nan
    (tmp_path / "in.wav").write_bytes(float_wav(bad))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz", "--scrub")
    assert child.returncode == 0 and b"1 sample" in child.stderr, child.stderr
    assert_played(card, truth)


# --------------------------------------------------------------------------------------------------------------- command line


def test_devices_are_listed_and_found(card, tmp_path):
    rendered(tmp_path, noise(2000), bank(2))
    child = spatial(card, "play", "--list-devices")
    assert child.returncode == 0 and b"card" in child.stdout and b"ALSA" in child.stdout
    found = json.loads(spatial(card, "play", "--list-devices", "--json").stdout)
    assert [device["name"] for device in found] == ["card", "default"]
    for name in ("0", "card", "CARD", "car", "alsa:card", "alsa:", "default"):
        assert spatial(card, "play", "in.wav", "--bank", "bank.npz", "-d", name).returncode == 0, name
    for name, words, code in (("a", b"may be any of these", 2), ("7", b"no device 7", 5), ("pulse", b"no output device 'pulse'", 5)):
        child = spatial(card, "play", "in.wav", "--bank", "bank.npz", "-d", name)
        assert (child.returncode, words in child.stderr) == (code, True), child.stderr


def test_a_broken_alsa_configuration_is_a_message(tmp_path):
    """libasound may abort the process that looks for devices."""
    (tmp_path / "asound.conf").write_text("pcm.!default { type")
    card = FileCard(tmp_path / "..")
    card.env = silent_environment(ALSA_CONFIG_PATH=str(tmp_path / "asound.conf"))
    rendered(tmp_path, noise(2000), bank(2))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz")
    assert child.returncode == 5 and child.stderr.startswith(b"spatial: ") and b"Traceback" not in child.stderr


@pytest.mark.parametrize(
    "library, words",
    [
        ("raise OSError('PortAudio library not found')", b"libportaudio2"),
        ("import os; print('a sound system says something'); os.abort()", b"ended by signal 6"),
    ],
)
def test_a_library_that_is_missing_or_ends_its_process_is_a_message(card, tmp_path, library, words):
    """A child process looks first, so that nothing of it reaches this one."""
    rendered(tmp_path, noise(2000), bank(2))
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "sounddevice.py").write_text(library)
    card.env["PYTHONPATH"] = str(tmp_path / "modules")
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz")
    assert child.returncode == 5 and words in child.stderr and child.stderr.count(b"\n") == 1, child.stderr


@pytest.mark.parametrize(
    "argv, code",
    [
        (["in.wav"], 2),
        (["in.wav", "--rig", "ball3", "--bank", "bank.npz"], 2),
        (["--bank", "bank.npz"], 2),
        (["in.wav", "--identify", "--bank", "bank.npz"], 2),
        (["in.wav", "--bank", "bank.npz", "--set", "a=1"], 2),
        (["none.wav", "--bank", "bank.npz"], 3),
        (["in.wav", "--bank", "none.npz"], 3),
        (["in.wav", "--bank", "bank.npz", "--host-block", "-1"], 2),
        (["in.wav", "--bank", "bank.npz", "--block", "100"], 2),
        (["in.wav", "--bank", "many.npz"], 5),
    ],
)
def test_what_does_not_go_together_is_refused(card, tmp_path, argv, code):
    rendered(tmp_path, noise(2000), bank(2))
    bank(2, channels=(1, 200)).save(tmp_path / "many.npz")
    child = spatial(card, "play", *argv)
    assert child.returncode == code and child.stderr.startswith(b"spatial: ") and child.stderr.count(b"\n") == 1, child.stderr


def test_without_the_core_it_says_what_is_missing(card, tmp_path):
    rendered(tmp_path, noise(2000), bank(2))
    card.env["SPATIAL_ENGINE"] = "numpy"
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz")
    assert child.returncode == 5 and b"C core" in child.stderr


def test_json_lines(card, tmp_path):
    rendered(tmp_path, noise(30000), bank(2))
    child = spatial(card, "play", "in.wav", "--bank", "bank.npz", "--json")
    events = [json.loads(line) for line in child.stdout.splitlines()]
    assert [event["event"] for event in events][0] == "playing" and events[-1]["event"] == "ended"
    assert events[0]["fs"] == FS and events[0]["added_latency"] == 128


def test_identify_sends_to_one_driver_at_a_time(card, tmp_path):
    """The device is faster than time: each driver gets its two seconds, the others nothing but the cross-fade."""
    rendered(tmp_path, noise(100), bank(3))
    entry = ENTRY.replace(
        "from spatial.cli import main", "import spatial.session.playback as s; s.IDENTIFY_S = 0.1; from spatial.cli import main"
    )
    argv = [sys.executable, "-c", entry, "play", "--identify", "--bank", "bank.npz", "--json"]
    child = subprocess.run(argv, env=card.env, capture_output=True, cwd=tmp_path, timeout=60)
    assert child.returncode == 0, child.stderr
    names = [event["name"] for event in map(json.loads, child.stdout.splitlines()) if event["event"] == "driver"]
    assert names == ["front", "left", "right"]
    played = card.frames(3)
    loudest = np.abs(played).max(axis=0)
    assert (loudest > 0.03).all() and (loudest < 0.3).all()
    alone = [np.flatnonzero((np.abs(played[:, k]) > 0.01) & (np.abs(np.delete(played, k, axis=1)).max(axis=1) < 1e-6)) for k in range(3)]
    assert all(len(frames) for frames in alone) and alone[0][-1] < alone[1][-1] < alone[2][-1]


# ------------------------------------------------------------------------------------------------------------------------ Player


def program(card, tmp_path, text, *argv):
    """A Python program with in.wav, bank.npz and the card at hand."""
    head = (
        "import gc, sys, threading, time\nimport numpy as np\nimport spatial.session.live as player\nfrom spatial import FilterMatrix\n"
        "from spatial.base.errors import SpatialError, UsageError\nplayer.LOOK_S = 0.002\nPlayer = player.Player\n"
        "bank = FilterMatrix.load('bank.npz')\n"
    )
    command = [sys.executable, "-c", head + textwrap.dedent(text), *argv]
    return subprocess.run(command, env=card.env, capture_output=True, text=True, cwd=tmp_path, timeout=60)


def test_nobody_needs_to_hold_a_player(card, tmp_path):
    """It plays on to the end although it is garbage, and the interpreter may end right after."""
    truth = rendered(tmp_path, noise(60000), bank(2))
    child = program(
        card,
        tmp_path,
        """
        Player("in.wav", bank).start()
        for _ in range(20):
            gc.collect(); junk = [bytearray(100000) for _ in range(50)]
        while player._PLAYING: time.sleep(0.01)
        print(len(player._PLAYING), [t.name for t in threading.enumerate() if "spatial" in t.name])
        """,
    )
    assert child.returncode == 0 and child.stdout.split()[0] == "0", child.stderr
    assert_played(card, truth)


def test_the_interpreter_may_end_while_music_plays(card, tmp_path):
    rendered(tmp_path, noise(60000), bank(2))
    source = """
        class Endless:
            fs, frames = 48000, None
            def read(self, n): return np.full((2, n), 0.1, np.float32)
        p = Player(Endless(), bank); p.start(); time.sleep(0.2)
        print(p.stats().state)
        """
    child = program(card, tmp_path, source)
    assert (child.returncode, child.stdout, child.stderr) == (0, "playing\n", "")
    child = program(card, tmp_path, source + "        raise RuntimeError('of the caller')\n")
    assert child.returncode == 1 and "of the caller" in child.stderr and "Segmentation" not in child.stderr


def test_stop_from_any_thread_and_twice(card, tmp_path):
    rendered(tmp_path, noise(60000), bank(2))
    child = program(
        card,
        tmp_path,
        """
        class Endless:
            fs, frames = 48000, None
            def read(self, n): return np.full((2, n), 0.1, np.float32)
        p = Player(Endless(), bank)
        p.stop()
        assert p.stats().state == "ready"
        p.start()
        try: p.start()
        except UsageError as error: print(error)
        threads = [threading.Thread(target=p.stop) for _ in range(4)]
        [t.start() for t in threads]; [t.join(5) for t in threads]
        p.stop()
        print(p.stats().state, p.wait(0), len(player._PLAYING))
        with Player("in.wav", bank) as p: p.wait(5)
        print(p.stats().state, p.stats().position)
        """,
    )
    assert child.stdout.splitlines() == ["this player has been started already", "ended True 0", "ended 60000"], child.stderr
    assert child.returncode == 0


def test_an_exception_of_the_source_is_raised_by_wait(card, tmp_path):
    rendered(tmp_path, noise(60000), bank(2))
    child = program(
        card,
        tmp_path,
        """
        class Breaks:
            fs, frames, left = 48000, None, 10
            def read(self, n):
                self.left -= 1
                if not self.left: raise ZeroDivisionError("inside the source")
                return np.full((2, n), 0.1, np.float32)
        p = Player(Breaks(), bank); p.start()
        try: p.wait(5)
        except ZeroDivisionError as error: print(error, p.stats().state)
        """,
    )
    assert child.stdout == "inside the source ended\n", child.stderr


def test_swaps_while_it_plays(card, tmp_path):
    """Other values, other sizes, what does not fit; filters that were exchanged are freed."""
    rendered(tmp_path, noise(60000), bank(2))
    child = program(
        card,
        tmp_path,
        """
        class Endless:
            fs, frames = 48000, None
            def read(self, n): return np.full((2, n), 0.1, np.float32)
        p = Player(Endless(), bank, n_channels=4); p.start()
        def swapped(n):
            until = time.monotonic() + 5
            while p.stats().swaps < n and time.monotonic() < until: time.sleep(0.01)
            return p.stats().swaps
        for n in range(5): p.swap(bank.replace(taps=bank.taps * (0.5 + n)))
        print(swapped(5))
        longer = np.pad(bank.taps, ((0, 0), (0, 0), (0, 300)))
        p.swap(bank.replace(taps=longer, channels=(2, 4))); print(swapped(6), p.bank.channels)
        for wrong in (bank.replace(fs=44100), bank.replace(channels=(1, 5))):
            try: p.swap(wrong)
            except UsageError as error: print(error)
        p.set_bypass(True, -3.0); p.set_solo("sides"); p.set_gain_db(-20.0); time.sleep(0.1)
        p.set_solo(); p.swap(bank); print(swapped(7), p.bank.channels)
        try: p.set_solo("centre")
        except UsageError as error: print(error)
        p.stop()
        print(len(p._live._chains))
        """,
    )
    lines = child.stdout.splitlines()
    assert lines[:2] == ["5", "6 (2, 4)"] and "44100 Hz" in lines[2] and "channel 5" in lines[3], (lines, child.stderr)
    assert lines[4] == "7 (1, 2)" and "'centre'" in lines[5] and lines[6] == "1"
