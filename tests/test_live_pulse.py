"""The way of a desktop: PortAudio, ALSA, PulseAudio. Eight channels in real time, and a sound server that goes."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from sound_cards import PulseServer, needs, needs_portaudio
from sounds import FS, bank, float_wav, noise

from spatial.dsp.backends import engine_available
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions

pytestmark = [
    needs_portaudio,
    needs("pulseaudio", "pactl", "parec"),
    pytest.mark.skipif(not engine_available("c"), reason="the C core is not built"),
]
ENTRY = "import sys; from spatial.cli import main; sys.exit(main())"


@pytest.fixture
def pulse(tmp_path):
    with PulseServer(tmp_path) as server:
        yield server


def start(pulse, folder, *argv):
    """``spatial play`` as a child process."""
    command = [sys.executable, "-c", ENTRY, "play", *argv]
    return subprocess.Popen(command, env=pulse.env, cwd=folder, stdout=-1, stderr=-1, text=True)


def prepare(tmp_path, x, filters):
    (tmp_path / "in.wav").write_bytes(float_wav(x))
    filters.save(tmp_path / "bank.npz")


def test_eight_channels_to_the_last_frame_of_the_tail(pulse, tmp_path):
    """Bit for bit between drop-outs of the server, which a busy machine may have: the frames in order, none missing at the end."""
    x, filters = noise(30000), bank(8, upmix="directional")
    prepare(tmp_path, x, filters)
    render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, RenderOptions(keep_latency=True))
    truth = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    truth = truth[np.argmax(truth.any(axis=1)) :]
    recording = pulse.record(tmp_path / "heard.raw")
    time.sleep(0.5)
    with start(pulse, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "pulse", "--latency", "0.3") as child:
        said = child.communicate(timeout=30)
        assert child.returncode == 0, said
    time.sleep(0.5)
    recording.terminate()
    recording.wait(5)
    heard = np.fromfile(tmp_path / "heard.raw", "<f4")
    heard = heard[: len(heard) // 8 * 8].reshape(-1, 8)
    begin = np.flatnonzero((heard == truth[0]).all(axis=1))
    assert len(begin) == 1
    assert np.array_equal(heard[begin[0] :][: len(truth)], truth) and not heard[begin[0] + len(truth) :].any()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_goes_is_told_within_a_second(pulse, tmp_path, number):
    prepare(tmp_path, noise(20 * FS), bank(2))
    with start(pulse, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "pulse") as child:
        time.sleep(2.5)
        assert child.poll() is None
        pulse.process.send_signal(number)
        began = time.monotonic()
        _, said = child.communicate(timeout=10)
        assert child.returncode == 5 and "has stopped playing" in said and "Traceback" not in said
        assert time.monotonic() - began < 1.5


def test_wait_goes_on_when_the_server_is_back(pulse, tmp_path):
    prepare(tmp_path, noise(5 * FS), bank(2))
    with start(pulse, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "pulse", "--wait") as child:
        time.sleep(2.5)
        pulse.kill()
        time.sleep(1.5)
        assert child.poll() is None
        pulse.start()
        _, said = child.communicate(timeout=30)
        assert child.returncode == 0 and "to go on at 0:0" in said and "again, from 0:0" in said and "ended at 0:05.0" in said


def test_no_server_is_a_message(pulse, tmp_path):
    prepare(tmp_path, noise(1000), bank(2))
    pulse.kill()
    with start(pulse, tmp_path, "in.wav", "--bank", "bank.npz", "-d", "pulse") as child:
        _, said = child.communicate(timeout=20)
        assert child.returncode == 5 and "spatial: " in said and "Traceback" not in said
