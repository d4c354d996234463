"""Hours of playback in minutes: JACK in freewheel, a programme that repeats, every frame compared with the one a period before.

``python tests/live_soak.py 25`` plays 25 hours and prints one line of JSON; exit code 1 where anything was lost or memory grew. The
frame counter may start anywhere (second argument, frames), to pass 2**32 early.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sound_cards import JackServer
from sounds import bank

FS = 48000
PERIOD = 1 << 16  # frames after which the programme repeats; longer than any partition of the convolution
BUFFER = 8192
SETTLED = 60  # periods, after which the upmix's means repeat, too
UNSETTLED = 8192  # frames at the end, where the upmix looks ahead into silence
TOLERANCE = 1e-4  # a slip of one frame is a difference of some tenths


class Repeating:
    """Noise that repeats every PERIOD frames, so many frames of it."""

    fs = FS

    def __init__(self, frames):
        self.frames, self._at = frames, 0
        noise = (0.1 * np.random.default_rng(1).standard_normal((2, PERIOD))).astype(np.float32)
        self._noise = np.concatenate([noise, noise[:, :8192]], axis=1)

    def read(self, frames):
        frames = min(frames, self.frames - self._at)
        begin = self._at % PERIOD
        self._at += frames
        return self._noise[:, begin : begin + frames]


class Listener:
    """A JACK client behind the player. It holds the world while the ring fills up, for here time does not matter."""

    def __init__(self, server, player, channels):
        import jack

        self.player, self.heard, self.wrong, self.largest = player, 0, 0, 0.0
        self._waiting = True  # for the first frame that is not silent
        self._past = np.zeros((channels, PERIOD), np.float32)
        self._wanted = 0
        self.client = jack.Client("listener", no_start_server=True, servername=server.env["JACK_DEFAULT_SERVER"])
        self._ports = [self.client.inports.register(f"in_{k}") for k in range(channels)]
        self.client.set_process_callback(self.process)

    def listen_to(self, client, frames):
        """Connect, and expect so many frames from the first that is not silent on."""
        self._wanted = frames
        self.client.activate()
        for ours, theirs in zip(self._ports, self.client.get_ports(f"{client}:", is_output=True, is_audio=True), strict=True):
            self.client.connect(theirs, ours)

    def process(self, frames):
        live = self.player._live
        while live.room() > live.capacity // 2 and self.player._feeder.reading and not self.player._done.is_set():
            time.sleep(0.0005)
        x = np.stack([port.get_array() for port in self._ports])
        if self._waiting:
            if not x.any():
                return
            self._waiting = False
            x = x[:, np.argmax(x.any(axis=0)) :]
        x = x[:, : self._wanted - self.heard]
        done = 0
        while done < x.shape[1]:
            begin = self.heard % PERIOD
            run = min(x.shape[1] - done, PERIOD - begin)
            piece, past = x[:, done : done + run], self._past[:, begin : begin + run]
            if self.heard > SETTLED * PERIOD:
                worst = float(np.abs(piece - past).max())
                self.largest = max(self.largest, worst)
                self.wrong += worst > TOLERANCE
            past[:] = piece
            self.heard += run
            done += run


def resident_kb():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])


def soak(hours, first_frame, folder):
    """Play, and return the figures."""
    frames = round(hours * 3600 * FS) // BUFFER * BUFFER
    filters = bank(3, 700, upmix="directional")
    with JackServer(folder, period=BUFFER) as server:
        os.environ.update(server.env)
        from spatial.io.soundcard import Stream
        from spatial.session import live as playing

        playing.LOOK_S = 0.002  # here time runs a thousand times faster
        player = playing.Player(Repeating(frames), filters, device="jack:", first_frame=first_frame)
        listener = Listener(server, player, 3)
        start = Stream.start

        def start_heard(stream):
            listener.listen_to("PortAudio", frames - UNSETTLED)
            start(stream)
            listener.client.set_freewheel(True)

        Stream.start = start_heard
        began = time.monotonic()
        player.start()
        early = late = None
        while not player.wait(0.5):
            share = (player.stats().position) / frames
            if early is None and share > 0.2:
                early = resident_kb()
        late = resident_kb()
        seconds = time.monotonic() - began
        figures = player._last
    return {
        "hours": hours,
        "seconds": round(seconds, 1),
        "times_real_time": round(hours * 3600 / seconds),
        "frames_wanted": frames,
        "position": figures.position - first_frame,
        "frames_compared": listener.heard,
        "wrong": listener.wrong,
        "largest_difference": listener.largest,
        "dry": figures.dry,
        "device_dropouts": figures.device_dropouts,
        "last_frame": figures.frames,
        "grown_kb": late - (early or late),
    }


def passed(figures):
    """Whether nothing was lost and nothing grew."""
    whole = figures["position"] == figures["frames_wanted"] and figures["frames_compared"] == figures["frames_wanted"] - UNSETTLED
    return whole and not figures["wrong"] and not figures["dry"] and figures["grown_kb"] < 4096


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        result = soak(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, Path(name))
    print(json.dumps(result), flush=True)
    os._exit(not passed(result))  # a JACK that leaves freewheel may hang whoever takes leave of it
