"""Sound cards without hardware, for the tests of live playback. Each belongs to one test and needs no rights.

``FileCard``   an ALSA device that writes what it gets to a file, as fast as it comes.
``JackServer`` JACK with its dummy driver under a name of its own, in real time or freewheel.
``PulseServer`` PulseAudio with a null sink of eight channels, in real time.
"""

import os
import shutil
import signal
import subprocess
import time
from ctypes.util import find_library
from itertools import count
from pathlib import Path

import numpy as np
import pytest

NO_JACK = {"JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
START_S = 15.0
_NUMBERS = count()


def needs(*programs):
    """Skip, with a word, where a program is missing."""
    missing = [name for name in programs if not shutil.which(name)]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed (.ci/system-packages)")


def silent_environment(**more):
    """The caller's, with no sound server but the test's own."""
    return {**os.environ, **NO_JACK, "JACK_DEFAULT_SERVER": f"none-{os.getpid()}", **more}


needs_portaudio = pytest.mark.skipif(not find_library("portaudio"), reason="libportaudio2 not installed (.ci/system-packages)")


class FileCard:
    """An ALSA device "card", also the default; the frames it got are in a file afterwards."""

    def __init__(self, folder):
        self._file = folder / "card.raw"
        (folder / "asound.conf").write_text(
            f'pcm.card {{ type file slave.pcm {{ type null }} file "{self._file}" format "raw" hint {{ show on description "card" }} }}\n'
            'pcm.!default { type plug slave.pcm "card" }\n'
        )
        self.env = silent_environment(ALSA_CONFIG_PATH=str(folder / "asound.conf"))

    def frames(self, channels):
        """(frames, channels) from the first one that is not silent on."""
        x = np.fromfile(self._file, "<f4")
        x = x[: len(x) // channels * channels].reshape(-1, channels)
        return x[np.argmax(x.any(axis=1)) :]


class Server:
    """A sound server as a child process."""

    process = None

    def start(self):
        """Start, and wait until it answers."""
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + START_S
        while subprocess.run(self.question, env=self.env, capture_output=True, timeout=START_S).returncode:
            if self.process.poll() is not None or time.monotonic() > until:
                self.end()
                pytest.skip(f"{self.command[0]} does not start: {self.log.read_text()[-300:]}")
            time.sleep(0.05)

    def kill(self, number=signal.SIGKILL):
        """As when it crashes."""
        self.process.send_signal(number)
        self.process.wait(10)

    def end(self):
        """Whatever it takes."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.end()


class JackServer(Server):
    """JACK without hardware.

    JACK keeps a list of eight servers in shared memory. One that was killed stays in it until one of its name ends well, or the list goes.
    """

    def __init__(self, folder, fs=48000, period=1024, channels=8):
        name = f"spatial-{os.getpid()}-{next(_NUMBERS)}"
        self.fs, self.period, self.channels = fs, period, channels
        self.log = folder / "jackd.log"
        self.env = silent_environment(JACK_DEFAULT_SERVER=name)
        dummy = ["-d", "dummy", "-r", fs, "-p", period, "-C", channels, "-P", channels]
        self._was_killed = False
        self.command = [str(word) for word in ("jackd", "--no-mlock", "-r", "-n", name, "-S", *dummy)]
        self.question = ["jack_lsp"]

    def start(self):
        """Start; where no JACK runs at all, what dead ones have left goes first."""
        running = [path for path in Path("/proc").glob("[0-9]*/comm") if _read(path).startswith("jackd")]
        if not running:
            for left in Path("/dev/shm").glob("jack*"):
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        super().start()

    def kill(self, number=signal.SIGKILL):
        """As when it crashes."""
        self._was_killed = True
        super().kill(number)

    def end(self):
        """End well, also for one that did not."""
        if self._was_killed and self.process.poll() is not None:
            self._was_killed = False
            self.start()
        super().end()


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


class PulseServer(Server):
    """PulseAudio with a null sink of eight channels, in ALSA's order of channels."""

    MAP = "front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right"

    def __init__(self, folder):
        socket = folder / "native"
        self.log = folder / "pulse.log"
        (folder / "asound.conf").write_text("pcm.pulse { type pulse hint { show on description pulse } }\npcm.!default { type pulse }\n")
        self.env = silent_environment(
            HOME=str(folder),
            XDG_RUNTIME_DIR=str(folder),
            PULSE_SERVER=f"unix:{socket}",
            ALSA_CONFIG_PATH=str(folder / "asound.conf"),
        )
        sink = f"module-null-sink sink_name=card rate=48000 channels=8 format=float32le channel_map={self.MAP} norewinds=1"
        self.command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no"]
        self.command += [f"--load={sink}", f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1"]
        self.question = ["pactl", "info"]

    def record(self, file):
        """A child process that writes what the sink gets to a file; end it with terminate."""
        command = ["parec", "-d", "card.monitor", "--raw", "--format=float32le", "--channels=8", "--rate=48000"]
        return subprocess.Popen([*command, f"--channel-map={self.MAP}", str(file)], env=self.env)


class JackClient:
    """A client that hears what a player gives to JACK, and plays what a player listens to. It belongs to this process."""

    def __init__(self, server, channels, sound=None):
        import jack

        self._pieces, self._sound, self._played, self._connected = [], sound, 0, False
        self.client = jack.Client("test", no_start_server=True, servername=server.env["JACK_DEFAULT_SERVER"])
        self._ins = [self.client.inports.register(f"in_{k}") for k in range(channels)]
        self._outs = [self.client.outports.register(f"out_{k}") for k in range(2 if sound is not None else 0)]
        self.client.set_process_callback(self._process)
        self.client.activate()

    def _process(self, frames):
        self._pieces.append(np.stack([port.get_array().copy() for port in self._ins], axis=1))
        piece = None if self._sound is None else self._sound[self._played : self._played + frames]
        for channel, port in enumerate(self._outs):
            port.get_array()[:] = 0
            port.get_array()[: len(piece)] = piece[:, channel]
        self._played += frames * self._connected

    def connect(self):
        """To the one PortAudio client there is."""
        theirs = self.client.get_ports("PortAudio:", is_output=True, is_audio=True)
        for ours, port in zip(self._ins, theirs, strict=True):
            self.client.connect(port, ours)
        for ours, port in zip(self._outs, self.client.get_ports("PortAudio:", is_input=True, is_audio=True), strict=False):
            for other in self.client.get_all_connections(port):
                self.client.disconnect(other, port)
            self.client.connect(ours, port)
        self._connected = True  # the sound begins

    def frames(self):
        """(frames, channels) heard so far, from the first one that is not silent on."""
        x = np.concatenate(self._pieces)
        return x[np.argmax(x.any(axis=1)) :]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.client.deactivate()
        self.client.close()
