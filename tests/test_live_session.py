"""A playing session without a terminal: commands from another thread, events back. Truth: levels that tell where in the file a sound is."""

import ast
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from sound_cards import JackServer, needs, needs_portaudio
from sounds import FS, float_wav, straight_through

import spatial.session
from spatial.dsp.backends import engine_available
from spatial.session.messages import SetBypass, SetGain, SetSolo, Stop, Swap

pytestmark = [needs_portaudio, needs("jackd"), pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")]

SECONDS = 60
HEAD = """
    import json, sys, threading, time
    from dataclasses import asdict
    from spatial.cli.play_banks import BankFile
    from spatial.session.messages import *
    from spatial.session.options import RenderOptions
    from spatial.session.play_options import PlayOptions
    from spatial.session.playback import Playback

    events, heard = [], []
    def tell(event):
        events.append(event)
        if isinstance(event, Status):
            heard.append((event.stats.time_s, event.stats.peaks_dbfs["left"]))
        else:
            print(json.dumps([type(event).__name__, {k: v for k, v in vars(event).items() if k != "device"}]), flush=True)

    def until(condition, timeout=15.0):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, events[-3:]
            time.sleep(0.01)

    def last(kind):
        return next((event for event in reversed(events) if isinstance(event, kind)), None)

    def plays(begin, end):
        until(lambda: heard and begin < heard[-1][0] < end)

    def level():
        del heard[:]
        until(lambda: len(heard) > 8)
        return heard[-1][1]

    options = PlayOptions(RenderOptions(gain_db=0.0, limiter=False), input="in.wav", device="jack:")
    session = Playback(options, [BankFile("bank.npz"), BankFile("half.npz"), BankFile("other.npz")], tell)
    def commands():
        try:
            script()
        except BaseException as error:
            print(json.dumps(["failed", repr(error)]), flush=True)
        finally:
            session.ask(Stop())
    def say(what):
        print(json.dumps(["said", what]), flush=True)
"""
TAIL = """
    threading.Thread(target=commands, daemon=True).start()
    try:
        session.run()
    finally:
        session.close()
"""


@pytest.fixture(scope="module")
def jack(tmp_path_factory):
    with JackServer(tmp_path_factory.mktemp("jack")) as server:
        yield server


def session(jack, folder, script):
    """(event, facts) of a session that a script commands. Second k of the file is a tone of -(k + 1) dBFS."""
    t = np.arange(SECONDS * FS) / FS
    tone = 10 ** (-(np.floor(t) + 1) / 20) * np.sin(2 * np.pi * 1000 * t)
    (folder / "in.wav").write_bytes(float_wav(np.stack([tone, tone], axis=1)))
    through = straight_through()
    through.save(folder / "bank.npz")
    through.replace(taps=0.5 * through.taps).save(folder / "half.npz")
    through.replace(fs=44100).save(folder / "other.npz")
    program = textwrap.dedent(HEAD) + "def script():\n" + textwrap.indent(textwrap.dedent(script), "    ") + textwrap.dedent(TAIL)
    child = subprocess.run([sys.executable, "-c", program], env=jack.env, cwd=folder, capture_output=True, text=True, timeout=90)
    assert child.returncode == 0, child.stderr
    told = [json.loads(line) for line in child.stdout.splitlines()]
    assert "failed" not in [event for event, _ in told], told
    return told


def said(told):
    return [facts for event, facts in told if event == "said"]


def test_seek_pause_and_resume(jack, tmp_path):
    told = session(
        jack,
        tmp_path,
        """
        plays(0.3, 5)
        session.ask(Seek(30.2))
        plays(30.2, 35)
        say([heard[-1][0], level()])
        session.ask(Pause())
        until(lambda: last(Paused))
        n = len(heard)
        time.sleep(0.5)
        say(len(heard) - n)
        session.ask(Resume())
        plays(30.2, 35)
        say([heard[-1][0], level()])
        session.ask(Pause())
        until(lambda: len([e for e in events if isinstance(e, Paused)]) == 2)
        session.ask(Seek(50.1))
        session.ask(Resume())
        plays(50.1, 55)
        say([heard[-1][0], level()])
        session.ask(Seek(-1.0))
        until(lambda: last(Refused))
        """,
    )
    first, while_paused, resumed, last = said(told)
    assert while_paused == 0
    for time_s, level in (first, resumed, last):
        assert -0.1 <= -level - (np.floor(time_s) + 1) < 1.1
    assert [facts["from_s"] for event, facts in told if event == "Playing"][:2] == [None, 30.2]
    paused_at = [facts["time_s"] for event, facts in told if event == "Paused"][0]
    resumed_at = [facts["from_s"] for event, facts in told if event == "Playing"][2]
    assert resumed_at == paused_at > 30.2
    assert told[-1][0] == "Closed" and not told[-1][1]["finished"] and 50 < told[-1][1]["time_s"] < 56


def test_gain_mute_bypass_solo_and_swap(jack, tmp_path):
    told = session(
        jack,
        tmp_path,
        """
        plays(0.3, 5)
        session.ask(SetGain(-20.0))
        until(lambda: events[-1].controls.gain_db == -20)
        say([heard[-1][0], level()])
        session.ask(SetMute(True))
        until(lambda: isinstance(events[-1], Status) and events[-1].controls.mute)
        say(level())
        session.ask(SetMute(False)); session.ask(SetGain(0.0)); session.ask(Swap(1))
        until(lambda: last(Swapped))
        time.sleep(0.7)
        say([heard[-1][0], level()])
        session.ask(SetSolo(("height",)))
        until(lambda: last(Refused))
        session.ask(Swap(2))
        until(lambda: last(Failed))
        say([heard[-1][0], level()])
        session.ask(SetBypass(True))
        until(lambda: isinstance(events[-1], Status) and events[-1].controls.bypass)
        """,
    )
    quiet, mute, half, still_half = said(told)
    assert mute is None
    for (time_s, level), lower_db in ((quiet, 20), (half, 6.02), (still_half, 6.02)):
        assert -0.1 <= -level - lower_db - (np.floor(time_s) + 1) < 1.1
    refused = [facts["error"] for event, facts in told if event == "Refused"]
    failed = [facts["error"] for event, facts in told if event == "Failed"]
    assert "height" in refused[0] and "44100" in failed[0]


def test_sessions_neither_print_nor_parse():
    """They are there for a browser as well."""
    for module in Path(spatial.session.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            assert not (isinstance(node, ast.Name) and node.id in ("print", "argparse")), f"{module.name}:{node.lineno}"
            assert not (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr")), f"{module.name}:{node.lineno}"


def test_keys_mean_commands():
    from spatial.cli.play_view import View
    from spatial.session.messages import Controls

    view = View(None, None, "read", 3)
    view.controls = Controls(which=2, bypass=True, solo=("sides",), gain_db=2.0)
    pressed = {key: view.press(key) for key in "qbs<>nx"}
    assert pressed == {
        "q": Stop(), "b": SetBypass(False), "s": SetSolo(("center",)), "<": SetGain(1.0), ">": SetGain(3.0), "n": Swap(0), "x": None,
    }  # fmt: skip
