"""Standard streams and pipes that are odd: the work is done with its exit code, or one sentence says what to do; signals end it."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import soundfile
from sounds import FS, bank, float_wav, noise

from spatial.base.errors import InputError
from spatial.io.standard_input import open_audio
from spatial.session.offline import upmix_file

SPATIAL = [sys.executable, "-m", "spatial"]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and FIFOs")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells and signals of POSIX")


@pytest.fixture
def shell(tmp_path):
    """Run a line of shell in a folder with in.wav and bank.npz; `spatial` is the command."""
    bank(3).save(tmp_path / "bank.npz")
    (tmp_path / "in.wav").write_bytes(float_wav(noise(9000)))

    def run(line):
        command = " ".join(f"'{word}'" for word in SPATIAL)
        done = subprocess.run(["bash", "-c", f'spatial() {{ {command} "$@"; }}\n{line}'], cwd=tmp_path, capture_output=True, timeout=120)
        said = (done.stdout + done.stderr).decode()
        assert "Traceback" not in said and "this is a bug" not in said and "Exception ignored" not in said, said
        return done.returncode, said

    return run


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["render in.wav out.wav -b bank.npz", "rigs --json"])
def test_closed_streams_do_not_stop_the_work(shell, tmp_path, command, closed):
    assert shell(f"spatial {command} {closed}")[0] == 0
    if "out.wav" in command:
        y, fs = soundfile.read(tmp_path / "out.wav")  # no word of a summary has got into it
        assert fs == FS and y.shape[1] == 3 and np.abs(y).max() > 0


@LINUX
@pytest.mark.parametrize("command", ["rigs", "rigs --json", "check stereo_pair", "--version", "render in.wav out.wav -b bank.npz"])
def test_a_full_standard_output_is_one_sentence(shell, tmp_path, command):
    code, said = shell(f"spatial {command} >/dev/full")
    assert code == 4 and said.count("\n") == 1 and "standard output: writing failed (No space left on device)" in said
    assert (tmp_path / "out.wav").exists() == ("out.wav" in command)


@LINUX
@pytest.mark.parametrize(
    "command, code", [("render in.wav out.wav -b bank.npz", 0), ("render no.wav out.wav -b bank.npz", 3), ("frobnicate", 2)]
)
def test_a_full_standard_error_leaves_the_exit_code(shell, command, code):
    assert shell(f"spatial {command} 2>/dev/full")[0] == code


def test_a_reader_that_goes_away_is_no_error(shell):
    for command in ("rigs --json", "check stereo_pair", "render in.wav out.wav -f -b bank.npz"):
        assert shell(f"spatial {command} | true; exit ${{PIPESTATUS[0]}}")[0] == 0


@pytest.mark.parametrize(
    "command",
    [
        "render in.wav - -b bank.npz", "render in.wav /dev/stdout -b bank.npz", "upmix in.wav -", "upmix in.wav up.wav --plot -",
        "design stereo_pair -o -", "check stereo_pair -o -", "export bank.npz --to wav -o -", "plot bank.npz -k filters -o -",
        "report bank.npz -o -", "demo -o -",
    ],
)  # fmt: skip
def test_a_dash_as_output_is_refused_by_name_before_anything_is_done(shell, tmp_path, command):
    code, said = shell(f"spatial {command}")
    assert code == 2 and "standard output is not written to, only files are" in said
    assert sorted(os.listdir(tmp_path)) == ["bank.npz", "in.wav"]


@pytest.mark.parametrize("form, subtype", [("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")])
def test_a_file_behind_standard_input_is_read_as_a_file_where_a_stream_would_not_do(shell, tmp_path, form, subtype):
    soundfile.write(tmp_path / "song", noise(20000), FS, format=form, subtype=subtype)
    code, said = shell("spatial render song file.wav -b bank.npz && spatial render - stream.wav -b bank.npz < song")
    assert code == 0, said
    assert (tmp_path / "file.wav").read_bytes() == (tmp_path / "stream.wav").read_bytes()
    assert shell("spatial render - twice.wav --rig stereo_pair < song")[0] == 0
    code, said = shell("cat song | spatial render - piped.wav -b bank.npz")
    assert code == 3 and "cannot be read as a stream" in said


def test_standard_input_that_is_closed_or_empty(shell):
    assert shell("spatial render - out.wav -b bank.npz <&-") == (
        3,
        "spatial: standard input is closed; sound is expected: ... | spatial ... -\n",
    )
    assert shell("spatial render - out.wav -b bank.npz </dev/null") == (3, "spatial: standard input: nothing came\n")


def test_process_substitution_and_fifos_are_read_like_standard_input(shell, tmp_path):
    shell("spatial render in.wav file.wav -b bank.npz; mkfifo fifo")
    truth = (tmp_path / "file.wav").read_bytes()
    for line in ("spatial render <(cat in.wav) out.wav -f -b bank.npz", "cat in.wav > fifo & spatial render fifo out.wav -f -b bank.npz"):
        assert shell(line)[0] == 0
        assert (tmp_path / "out.wav").read_bytes() == truth
    assert shell("cat in.wav > fifo & spatial render fifo out.wav -f --rig stereo_pair")[0] == 0  # opened for its rate, then read
    code, said = shell("head -c 30000 in.wav > fifo & spatial render fifo out.wav -f -b bank.npz")
    assert code == 0 and "fifo: truncated" in said
    assert shell(": > fifo & spatial render fifo out.wav -f -b bank.npz") == (3, "spatial: fifo: nothing came\n")
    assert shell("spatial render /dev/null out.wav -f -b bank.npz")[0] == 3


def test_a_fifo_can_be_read_again_by_the_next_call(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    content = float_wav(noise(5000))
    for _ in range(2):
        feeding = threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes(content), daemon=True)
        feeding.start()
        with open_audio(tmp_path / "fifo") as reader:
            assert reader.fs == FS  # a look, after which it is still there
        from spatial.bank.recipe import RenderRecipe

        assert upmix_file(tmp_path / "fifo", tmp_path / "out.wav", RenderRecipe("off"), force=True).frames == 5000
        feeding.join()
    with pytest.raises(InputError, match="no such file"), open_audio(tmp_path / "none"):
        pass


def endless_flac(folder):
    """A stream without a length that goes on for ever, as from a recorder: FLAC, which libsndfile asks Python for, piece by piece."""
    soundfile.write(folder / "a.flac", noise(FS), FS, format="FLAC")
    content = bytearray((folder / "a.flac").read_bytes())
    content[21] &= 0xF0
    content[22:42] = bytes(20)
    return bytes(content)


@pytest.mark.parametrize("wait_s", [0.0, 0.03, 0.1])
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_signal_while_libsndfile_reads_ends_it(tmp_path, form, number, code, wait_s):
    """It was printed as a traceback of a callback, and taken for the end of the stream."""
    bank(3).save(tmp_path / "bank.npz")
    content = endless_flac(tmp_path) if form == "flac" else float_wav(noise(9000)).replace(b"data", b"data\xff\xff\xff\xff", 1)
    if form == "wav":
        at = content.index(b"data") + 8
        content = content[:at] + content[at + 4 :]

    reading = threading.Event()

    def feed(stream):
        try:
            stream.write(content)
            fed = len(content)
            while True:
                fed += stream.write(content if form == "flac" else content[-8000:])
                if fed > 2_000_000:  # more than any buffer on the way holds
                    reading.set()
        except OSError:
            pass

    command = [*SPATIAL, "render", "-", "out.wav", "-b", "bank.npz"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, cwd=tmp_path) as child:
        feeding = threading.Thread(target=feed, args=(child.stdin,), daemon=True)
        feeding.start()
        assert reading.wait(60)
        time.sleep(wait_s)
        child.send_signal(number)
        assert child.wait(10) == code
        said = child.stderr.read().decode()
        feeding.join()
        child.stdin = None
    assert "Traceback" not in said and not [name for name in os.listdir(tmp_path) if "part" in name or name == "out.wav"]


@pytest.mark.parametrize("wait_s", [0.12, 0.2, 0.3, 0.5])
def test_ctrl_c_while_the_modules_load_is_one_line(wait_s):
    def default():
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with subprocess.Popen([*SPATIAL, "check", "ball3", "--trade"], stdout=-1, stderr=-1, preexec_fn=default) as child:
        time.sleep(wait_s)
        child.send_signal(signal.SIGINT)
        said = child.stderr.read().decode()
        code = child.wait(10)
    assert (code in (130, 0) and "Traceback" not in said) or "/spatial/" not in said  # the latter: still in Python's own beginning


def test_too_little_memory_is_no_bug(monkeypatch, capsys):
    import spatial.rig.layouts
    from spatial.cli.main import main

    def large():
        np.empty(1 << 60, np.int8)

    monkeypatch.setattr(spatial.rig.layouts, "shipped_rigs", large)
    assert main(["rigs"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("spatial: not enough memory (Unable to allocate") and said.count("\n") == 1
