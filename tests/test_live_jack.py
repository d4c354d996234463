"""Playback in real time, and through many hours, on a JACK server without hardware; and everything that can go wrong there."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sound_cards import JackClient, JackServer, needs, needs_portaudio, silent_environment
from sounds import FS, bank, float_wav, noise

from spatial.dsp.backends import engine_available
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions, chain_of

pytestmark = [
    needs_portaudio,
    needs("jackd", "jack_lsp"),
    pytest.mark.skipif(not find_spec("jack"), reason="JACK-Client not installed"),
    pytest.mark.skipif(not engine_available("c"), reason="the C core is not built"),
]
ENTRY = "import sys; from spatial.cli import main; sys.exit(main())"
TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def jack(tmp_path_factory):
    with JackServer(tmp_path_factory.mktemp("jack")) as server:
        yield server


@pytest.fixture
def own_jack(tmp_path):
    """A server that may be killed."""
    with JackServer(tmp_path) as server:
        yield server


def rendered(tmp_path, x, filters, **options):
    """(frames, channels) of ``render --keep-latency``; in.wav and bank.npz stay."""
    (tmp_path / "in.wav").write_bytes(float_wav(x))
    filters.save(tmp_path / "bank.npz")
    render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, RenderOptions(keep_latency=True, **options), force=True)
    return soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)[0]


def assert_heard(heard, truth):
    """Every frame, to the last of the tail, and silence after it."""
    truth = truth[np.argmax(truth.any(axis=1)) :]
    assert len(heard) >= len(truth)
    assert np.array_equal(heard[: len(truth)], truth) and not heard[len(truth) :].any()


# ------------------------------------------------------------------------------------------------------------ what is heard


def player_program(text):
    """A Player that waits for a line on standard input before its device begins."""
    head = """
        import ctypes, sys, threading, time
        import numpy as np
        from spatial import FilterMatrix
        from spatial.io.soundcard import Stream
        from spatial.session.live import Player
        start = Stream.start
        def start_when_told(stream):
            print("open", flush=True)
            sys.stdin.readline()
            start(stream)
        Stream.start = start_when_told
        """
    return [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(text)]


def hear(jack, tmp_path, text, channels, *argv, sound=None):
    """What a player program gives to JACK, and what it prints."""
    with JackClient(jack, channels, sound) as ours:
        program = [*player_program(text), *map(str, argv)]
        with subprocess.Popen(program, stdin=-1, stdout=-1, stderr=-1, env=jack.env, cwd=tmp_path, text=True) as child:
            try:
                if child.stdout.readline() != "open\n":
                    pytest.fail(child.stderr.read())
                ours.connect()
                said, complaints = child.communicate("\n", timeout=60)
            finally:
                child.kill()
        assert child.returncode == 0, complaints
        return ours.frames(), said


@pytest.mark.parametrize("host_block", [64, 100, 256, 1000, 1024, 0])
@pytest.mark.parametrize("drivers", [2, 8])
def test_what_is_heard_is_what_is_rendered(jack, tmp_path, host_block, drivers):
    truth = rendered(tmp_path, noise(30000), bank(drivers, upmix="directional"))
    text = 'p = Player("in.wav", FilterMatrix.load("bank.npz"), device="jack:", host_block=int(sys.argv[1])); p.start(); p.wait()'
    heard, _ = hear(jack, tmp_path, text, drivers, host_block)
    assert_heard(heard, truth)


def test_a_live_input_is_heard_through_the_filters(jack, tmp_path):
    """The programme begins wherever the device is then: the convolution's bits depend on that, so within rounding."""
    filters = bank(3)
    filters.save(tmp_path / "bank.npz")
    x = noise(40000)
    text = """
        p = Player(None, FilterMatrix.load("bank.npz"), device="jack:", input_device="jack:"); p.start()
        while p.stats().position < 3 * 48000: time.sleep(0.005)
        p.stop()
        print(p.stats().late)
        """
    heard, said = hear(jack, tmp_path, text, 3, sound=np.pad(x, ((FS, 0), (0, 0))))
    truth = chain_of(filters, RenderOptions()).process(np.pad(x, ((1024, 1024 + 128 * 4 - 40000 % 128), (0, 0))).T).T
    first, from_there = (np.argmax(np.abs(y[:, 0]) > 1e-3) for y in (heard, truth))
    np.testing.assert_allclose(heard[first:][:39000], truth[from_there:][:39000], rtol=0, atol=1e-5)
    assert said == "0\n"


GIL = """
    def hold(seconds):
        python = ctypes.PyDLL(None)  # calls of it keep the GIL
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            python.usleep(200000)
            time.sleep(0.01)
    """


def test_no_sample_is_lost_while_python_holds_the_gil(jack, tmp_path):
    """200 ms at a time, in real time, with a reading thread that gets next to nothing in between."""
    truth = rendered(tmp_path, noise(4 * FS), bank(2, upmix="directional"))
    text = (
        textwrap.dedent(GIL)
        + 'p = Player("in.wav", FilterMatrix.load("bank.npz"), device="jack:", host_block=256); p.start(); hold(4.0); p.wait()\n'
        + "print(p.stats().late)"
    )
    heard, said = hear(jack, tmp_path, text, 2)
    assert_heard(heard, truth)
    assert int(said) == 0


def test_the_control_a_callback_in_python_loses_more_than_two_fifths(jack, tmp_path):
    """The same, with a callback that needs the GIL: else the test above would prove nothing."""
    text = textwrap.dedent(GIL) + textwrap.dedent("""
        import sounddevice
        given = 0
        def callback(out, frames, when, status):
            global given
            given += frames
            out[:] = 0.1
        with sounddevice.OutputStream(device="system", samplerate=48000, channels=2, blocksize=256, callback=callback):
            began, before = time.monotonic(), given
            hold(3.0)
            print(1 - (given - before) / (48000 * (time.monotonic() - began)))
        """)
    child = subprocess.run([sys.executable, "-c", "import ctypes, time\n" + text], env=jack.env, capture_output=True, text=True, timeout=60)
    assert float(child.stdout) > 0.4, (child.stdout, child.stderr)


def test_hours_in_minutes_and_beyond_32_bits_of_frames(tmp_path):
    """Three minutes here, 25 hours with ``make soak``; the frame counter begins ten seconds before 2**32."""
    argv = [sys.executable, TESTS / "live_soak.py", "0.05", str(2**32 - 10 * FS)]
    child = subprocess.run(argv, capture_output=True, text=True, timeout=300, env=silent_environment())
    figures = json.loads(child.stdout)
    assert child.returncode == 0 and figures["last_frame"] > 2**32, (figures, child.stderr)


# ------------------------------------------------------------------------------------------------------------------- faults


class Playing:
    """``spatial play --json`` as a child; its events as they come, each with the time at which it came."""

    def __init__(self, env, folder, *argv):
        command = [sys.executable, "-c", ENTRY, "play", *map(str, argv), "--json"]
        self.child = subprocess.Popen(command, env=env, cwd=folder, stdout=-1, stderr=-1, text=True)
        self.events, self._read = [], threading.Thread(target=self._collect, daemon=True)
        self._read.start()

    def _collect(self):
        for line in self.child.stdout:
            self.events.append((time.monotonic(), json.loads(line)))

    def seen(self, name, count=1, timeout=30.0):
        """The time and the event once it has come so often."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = [event for event in self.events if event[1]["event"] == name]
            if len(found) >= count:
                return found[count - 1]
            if self.child.poll() is not None and not self._read.is_alive():
                break
            time.sleep(0.01)
        self.child.kill()
        pytest.fail(f"no event {name}; {[event for _, event in self.events]}, {self.child.stderr.read()}")

    def end(self, timeout=10.0):
        """Exit code and standard error."""
        try:
            code = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            pytest.fail(f"it hangs; {[event for _, event in self.events]}, {self.child.stderr.read()}")
        self._read.join(5)
        return code, self.child.stderr.read()


@pytest.fixture
def play():
    """Start ``spatial play``; what still runs at the end of the test is ended."""
    running = []

    def start(env, folder, *argv):
        running.append(Playing(env, folder, *argv))
        return running[-1]

    yield start
    for one in running:
        if one.child.poll() is None:
            one.child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_dies_is_told_within_a_second(own_jack, tmp_path, play, number):
    rendered(tmp_path, noise(20 * FS), bank(2))
    player = play(own_jack.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:")
    player.seen("status")
    time.sleep(0.3)
    began = time.monotonic()
    own_jack.kill(number)
    code, said = player.end()
    assert code == 5 and "has stopped playing" in said and "Traceback" not in said
    assert time.monotonic() - began < 1.5


def test_a_server_that_hangs_is_told_too(own_jack, tmp_path, play):
    """It is stopped, not dead: nobody tells, the frames just do not go on."""
    rendered(tmp_path, noise(20 * FS), bank(2))
    player = play(own_jack.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:")
    player.seen("status")
    own_jack.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    code, said = player.end()
    own_jack.process.send_signal(signal.SIGCONT)
    assert code == 5 and "has stopped playing" in said and time.monotonic() - began < 1.5


def test_wait_goes_on_when_the_server_is_back(own_jack, tmp_path, play):
    rendered(tmp_path, noise(6 * FS), bank(2))
    player = play(own_jack.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:", "--wait")
    heard = next(s for n in range(1, 30) if (s := player.seen("status", n)[1]["time_s"]) > 1.6)
    own_jack.kill()
    player.seen("waiting")
    own_jack.start()
    _, again = player.seen("playing", 2)
    place = again["text"].split("again, from ")[1][:6]
    assert max("0:01.5", f"0:0{heard - 0.1:.1f}") <= place < "0:06.0"
    code, said = player.end(20)
    assert code == 0 and "waiting for it to come back" in said
    ended = player.events[-1][1]
    assert ended["event"] == "ended" and "0:06.0" in ended["text"]


def test_wait_waits_for_a_device_that_is_not_there_yet(tmp_path, play):
    rendered(tmp_path, noise(FS), bank(2))
    server = JackServer(tmp_path)
    player = play(server.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:", "--wait")
    player.seen("waiting")
    with server:
        code, _ = player.end(20)
        assert code == 0 and player.events[-1][1]["event"] == "ended"
    player = play(server.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:", "--wait")
    player.seen("waiting")
    player.child.send_signal(signal.SIGINT)
    assert player.end(3)[0] == 130


def test_a_device_at_another_rate(tmp_path, play):
    rendered(tmp_path, noise(FS), bank(2))
    with JackServer(tmp_path, fs=44100) as server:
        code, said = play(server.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:").end(20)
        assert code == 3 and "48000" in said and "44100" in said and "--resample" in said and "--fs 44100" in said
        code, said = play(server.env, tmp_path, "in.wav", "--rig", "stereo_pair", "-d", "jack:").end(20)
        assert code == 3 and "48000" in said and "44100" in said and "--resample" in said
        player = play(server.env, tmp_path, "in.wav", "--rig", "stereo_pair", "-d", "jack:", "--resample")
        code, said = player.end(20)
        assert code == 0 and player.seen("playing")[1]["fs"] == 44100, said


def test_a_server_that_comes_back_at_another_rate(own_jack, tmp_path, play):
    rendered(tmp_path, noise(20 * FS), bank(2))
    player = play(own_jack.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:", "--wait")
    player.seen("status", 2)
    own_jack.kill()
    own_jack.command[own_jack.command.index("48000")] = "44100"
    own_jack.start()
    code, said = player.end(20)
    assert code == 3 and "48000" in said and "44100" in said


def test_case_15_ctrl_c(jack, tmp_path, play):
    """python-sounddevice #469, #69, #87: within a second, also when it is pressed again; nothing stays behind."""
    rendered(tmp_path, noise(60 * FS), bank(2))
    before = sorted(os.listdir(tmp_path))
    player = play(jack.env, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "jack:")
    player.seen("playing")
    time.sleep(1)
    player.child.send_signal(signal.SIGINT)
    began = time.monotonic()
    time.sleep(0.05)
    player.child.send_signal(signal.SIGINT)
    code, said = player.end()
    assert code == 130 and time.monotonic() - began < 1 and "Traceback" not in said
    assert player.events[-1][1]["event"] == "stopped" and sorted(os.listdir(tmp_path)) == before


def test_a_stream_that_stops_coming_plays_on_when_it_goes_on(jack, tmp_path):
    """The ring runs dry: a drop-out, counted, and no frame of the programme is missing in the end."""
    rendered(tmp_path, noise(2 * FS), bank(2))
    wav = (tmp_path / "in.wav").read_bytes()
    command = [sys.executable, "-c", ENTRY, "play", "-", "--bank", "bank.npz", "-d", "jack:", "--json"]
    with subprocess.Popen(command, env=jack.env, cwd=tmp_path, stdin=-1, stdout=-1) as child:
        child.stdin.write(wav[: len(wav) // 2])
        child.stdin.flush()
        time.sleep(3)
        child.stdin.write(wav[len(wav) // 2 :])
        child.stdin.close()
        events = [json.loads(line) for line in child.stdout]
        assert child.wait(10) == 0
    assert events[-1]["event"] == "ended" and "0:02.0" in events[-1]["text"]
    assert max(event.get("late", 0) for event in events) == 1


# ----------------------------------------------------------------------------------------------------------------- terminal


KEYS = [("b", "bypass (+0.0 dB"), ("b", "ms"), ("s", "solo sides"), ("s", "solo center"), ("s", "ms"), (">", "gain +1 dB"), ("<", "ms")]
KEYS += [("n", "next: other.npz: read in")]


def test_keys_and_the_status_line(jack, tmp_path):
    """On a terminal: bypass, solo, gain, next bank, quit; the terminal is as before."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    rendered(tmp_path, noise(60 * FS), bank(2))
    bank(2, seed=5).save(tmp_path / "other.npz")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        argv = [sys.executable, "-c", ENTRY, "play", "in.wav", "-b", "bank.npz", "-b", "other.npz", "-d", "jack:"]
        os.execve(sys.executable, argv, {**jack.env, "COLUMNS": "200"})
    before, screen = termios.tcgetattr(terminal), ""

    def until(text, timeout=15.0):
        nonlocal screen
        end = time.monotonic() + timeout
        while text not in screen:
            assert time.monotonic() < end, screen[-500:]
            screen += os.read(terminal, 4096).decode()
        screen = screen[screen.index(text) + len(text) :]

    try:
        until("playing in.wav on")
        until("limiter 0.0 dB  clipped 0  drop-outs 0  load")
        assert termios.tcgetattr(terminal)[3] != before[3]
        for key, shown in KEYS:
            os.write(terminal, key.encode())
            until(shown)
        os.write(terminal, b"q")
        until("stopped at")
        assert os.waitpid(child, 0)[1] == 0
        assert termios.tcgetattr(terminal)[3] == before[3]
    finally:
        os.close(terminal)


# -------------------------------------------------------------------------------------------------------------------- watch


def ball3(angle, half=False):
    """A rig in two states, or cut within a line."""
    text = 'format = 1\nname = "watched"\n[listener]\ndistance_m = 2.0\n[enclosure]\nshape = "sphere"\nradius_m = 0.0875\n'
    for channel, (name, azimuth) in enumerate((("front", 0.0), ("left", angle), ("right", -angle)), 1):
        text += f'[[driver]]\nname = "{name}"\nchannel = {channel}\nazimuth_deg = {azimuth}\ndiameter_m = 0.045\n'
    text += '[design.upmix]\nmethod = "off"\n[design.crosstalk]\ntaps = 256\n'
    return text[: text.index(f"azimuth_deg = {angle}") + 14] if half else text


def in_place(rig, text):
    rig.write_text(text)


def renamed_over(rig, text):
    beside = rig.with_suffix(".tmp")
    beside.write_text(text)
    os.replace(beside, rig)


def deleted_first(rig, text):
    rig.unlink()
    time.sleep(0.5)
    rig.write_text(text)


def half_first(rig, text):
    rig.write_text(ball3(75.0, half=True))
    time.sleep(0.5)
    rig.write_text(text)


def test_case_14_every_way_of_saving_is_taken_up_once(jack, tmp_path, play):
    """glance #358, rdk #4980: ten saves in a row, each noticed within a second of its last write, one design a save."""
    rendered(tmp_path, noise(1), bank(2))
    soundfile.write(tmp_path / "long.flac", np.zeros((600 * FS, 2), np.int16), FS)
    rig = tmp_path / "rig.toml"
    rig.write_text(ball3(90.0))
    player = play(jack.env, tmp_path, "long.flac", "--rig", "rig.toml", "--watch", "-d", "jack:")
    player.seen("status")
    ways = [in_place, renamed_over, deleted_first, half_first, renamed_over, in_place, half_first, in_place, deleted_first, renamed_over]
    broken = 0
    for save, way in enumerate(ways, 1):
        way(rig, ball3(75.0 if save % 2 else 90.0))
        written = time.monotonic()
        broken += way is half_first  # which was noticed, and complained about
        when, _ = player.seen("changed", save + broken)
        assert when - written < 1.0, (way, when - written)
        player.seen("swapped", save)
    time.sleep(1)
    events = [event for _, event in player.events]
    assert sum(event["event"] == "swapped" for event in events) == 10
    errors = [event["text"] for event in events if event["event"] == "error"]
    assert len(errors) == broken and all("rig.toml" in text and "line" in text and "old filters play on" in text for text in errors)
    rig.unlink()
    assert "missing" in player.seen("error", broken + 1)[1]["text"]
    status = [event for _, event in player.events if event["event"] == "status"]
    moved, given = (status[-1][what] - status[0][what] for what in ("position", "frames"))
    assert given > 5 * FS and abs(moved - given) <= 4096  # whatever the device took, it was music
    assert not [event for _, event in player.events if event.get("late")]
    player.child.send_signal(signal.SIGINT)
    assert player.end()[0] == 130
