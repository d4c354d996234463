"""Sound from standard input: the same frames as from the file, whatever the header claims; bounded memory; Ctrl-C is heard."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from sounds import FS, bank, float_wav, noise

ENTRY = "import sys; from spatial.cli import main; sys.exit(main())"
RAW = ("--gain-db", "0", "--no-limiter")


def command(*argv):
    return [sys.executable, "-c", ENTRY, *map(str, argv)]


def run(content, *argv, cwd):
    """One command with bytes on standard input."""
    return subprocess.run(command(*argv), input=content, capture_output=True, cwd=cwd, timeout=120)


@pytest.fixture
def folder(tmp_path):
    bank(3, upmix="directional").save(tmp_path / "bank.npz")
    return tmp_path


def endless(wav, claim):
    """A WAV whose header claims another length, as of a program that writes into a pipe."""
    at = wav.index(b"data") + 4
    return wav[:at] + claim + wav[at + 4 :]


@pytest.mark.parametrize("claim", [None, b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\xff\xff\x7f"])
def test_a_stream_renders_to_the_bits_of_the_file(folder, claim):
    wav = float_wav(noise(10000))
    (folder / "in.wav").write_bytes(wav)
    assert run(b"", "render", "in.wav", "file.wav", "--bank", "bank.npz", cwd=folder).returncode == 0
    child = run(endless(wav, claim) if claim else wav, "render", "-", "stream.wav", "--bank", "bank.npz", cwd=folder)
    assert child.returncode == 0, child.stderr
    assert (folder / "stream.wav").read_bytes() == (folder / "file.wav").read_bytes()


def test_upmix_and_a_rig_read_it_too(folder):
    wav = float_wav(noise(10000))
    (folder / "in.wav").write_bytes(wav)
    for name, argv in (("upmix", ()), ("render", ("--rig", "stereo_pair"))):
        outputs = []
        for source in ("in.wav", "-"):
            child = run(wav, name, source, "out.wav", "-f", *argv, cwd=folder)
            assert child.returncode == 0, child.stderr
            outputs.append((folder / "out.wav").read_bytes())
        assert outputs[0] == outputs[1]


FORMATS = [("FLAC", "PCM_24"), ("AIFF", "PCM_16"), ("AU", "FLOAT"), ("CAF", "PCM_24"), ("W64", "FLOAT"), ("RF64", "FLOAT")]
WAVS = [("WAVEX", "PCM_24"), ("WAV", "PCM_U8"), ("WAV", "DOUBLE"), ("WAV", "ULAW")]


@pytest.mark.parametrize("form, subtype", FORMATS + WAVS)
def test_formats(folder, form, subtype):
    soundfile.write(folder / "in", noise(150001), FS, subtype=subtype, format=form)
    x, _ = soundfile.read(folder / "in", dtype="float32")
    child = run((folder / "in").read_bytes(), "upmix", "-", "out.wav", "--method", "off", cwd=folder)
    assert child.returncode == 0, child.stderr
    assert np.array_equal(soundfile.read(folder / "out.wav", dtype="float32")[0][:, :2], x)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "nothing came"),
        (b"OggS" + bytes(100), "Ogg cannot be read as a stream"),
        (b"ID3" + bytes(100), "MP3 cannot"),
        (b"hello, this is a text", "no sound"),
        (float_wav(noise(100))[:30], "header without samples"),
        (float_wav(noise(100, 3)), "3 channels"),
        (float_wav(np.array([[0.0, np.nan]])), "not finite"),
    ],
)
def test_what_is_no_sound_is_refused_and_leaves_nothing(folder, content, words):
    child = run(content, "render", "-", "out.wav", "--bank", "bank.npz", cwd=folder)
    assert child.returncode == 3 and words in child.stderr.decode() and "Traceback" not in child.stderr.decode()
    assert sorted(os.listdir(folder)) == ["bank.npz"]


def test_a_stream_that_ends_too_early_warns_and_strict_refuses(folder):
    wav = float_wav(noise(10000))[:-8000]
    child = run(wav, "upmix", "-", "out.wav", cwd=folder)
    assert child.returncode == 0 and b"claims 10000 frames, 9000 are there" in child.stderr
    assert run(wav, "upmix", "-", "out2.wav", "--strict", cwd=folder).returncode == 3
    assert not (folder / "out2.wav").exists()


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_ctrl_c_while_a_stream_is_waited_for(folder, form):
    head = endless(float_wav(noise(20000)), bytes(4))
    if form == "flac":
        soundfile.write(folder / "in", noise(20000), FS, format="FLAC")
        head = (folder / "in").read_bytes()[:40000]
    with subprocess.Popen(command("render", "-", "out.wav", "--bank", "bank.npz"), stdin=-1, stderr=-1, cwd=folder) as child:
        child.stdin.write(head)
        child.stdin.flush()
        time.sleep(3)
        child.send_signal(signal.SIGINT)
        asked = time.monotonic()
        err = child.stderr.read().decode()
        assert child.wait(5) == 130 and time.monotonic() - asked < 1.5
        assert "Traceback" not in err and not (folder / "out.wav").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stream_beyond_32_bits_of_bytes_goes_on(tmp_path):
    """The header's 32 bits end after 4 GB; what is read of a stream without a length does not. 5 GB of zeros, the last frame is one."""
    source = (
        "import os, sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1])); z = bytes(1 << 20)\n"
        "for _ in range(5000): sys.stdout.buffer.write(z)\n"
        "sys.stdout.buffer.write(bytes.fromhex('0000803f0000803f'))"
    )
    head = endless(float_wav(noise(0)), b"\xff\xff\xff\xff").hex()
    reader = (
        "from spatial.io.standard_input import open_audio\n"
        "r = open_audio('-')\n"
        "x = r.read(1 << 18)\n"
        "while x.shape[1] == 1 << 18: last = x; x = r.read(1 << 18)\n"
        "kilobytes = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(r.position, float((x if x.size else last)[0, -1]), kilobytes)"
    )
    writer = subprocess.Popen([sys.executable, "-c", source, head], stdout=subprocess.PIPE)
    out = subprocess.run([sys.executable, "-c", reader], stdin=writer.stdout, capture_output=True, text=True, timeout=300).stdout
    position, last, kilobytes = out.split()
    assert (int(position), float(last)) == (5000 * (1 << 20) // 8 + 1, 1.0)
    assert int(kilobytes) < 300_000
