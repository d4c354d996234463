"""Sound files in and out: odd headers, damage, exact samples, whole or not at all. Truth: bytes put together by hand, libsndfile."""

import os
import resource
import shutil
import stat
import struct
import time

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import (
    FS,
    IEEE_FLOAT,
    PCM,
    chunk,
    data,
    float_wav,
    fmt,
    fmt_extensible,
    noise,
    packed24,
    riff,
)

from spatial.base import whole_files as atomic
from spatial.base.errors import InputError, OutputError, UsageError
from spatial.base.whole_files import atomic_file, check_destination
from spatial.io import riff as riff_module
from spatial.io.audio_in import AudioReader
from spatial.io.audio_out import AudioWriter, SampleFormat
from spatial.io.quantize import Quantizer
from spatial.io.resample import Resampler


@pytest.fixture
def put(tmp_path):
    """Write bytes to a file of the given name; returns its path."""

    def write(content, name="a.wav"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def read_all(path, piece=1000, **options):
    """Frames (2, n) and warnings of a whole file."""
    with AudioReader(path, **options) as reader:
        pieces = [reader.read(piece)]
        while pieces[-1].shape[1] == piece:
            pieces.append(reader.read(piece))
        return np.concatenate(pieces, axis=1), reader.warnings


# ------------------------------------------------------------------------------------------------------ good files


def test_samples_are_those_of_the_file_in_pieces_of_any_size(put):
    x = noise(2500)
    path = put(float_wav(x))
    for piece in (1, 7, 1000, 4096):
        y, warnings = read_all(path, piece)
        assert np.array_equal(y, x.T) and warnings == []


@pytest.mark.parametrize("suffix, subtype", [("flac", "PCM_24"), ("aiff", "PCM_16"), ("caf", "FLOAT"), ("w64", "PCM_24"), ("au", "FLOAT")])
def test_other_containers_read_without_a_warning(tmp_path, suffix, subtype):
    x = noise(3001)
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, x, FS, subtype=subtype)
    y, warnings = read_all(path, strict=True)
    assert y.shape == (2, 3001) and np.abs(y - x.T).max() <= 2.0**-15 and warnings == []


def test_rf64_with_its_64_bit_sizes_reads_without_a_warning(tmp_path):
    x = noise(3001)
    soundfile.write(tmp_path / "a.wav", x, FS, format="RF64", subtype="FLOAT")
    y, _ = read_all(tmp_path / "a.wav", strict=True)
    assert np.array_equal(y, x.T)


def test_mono_feeds_both_sides(put):
    x = noise(100, 1)
    y, _ = read_all(put(float_wav(x)))
    assert np.array_equal(y, np.repeat(x.T, 2, axis=0))


def test_chunks_around_the_samples_are_no_complaint(put):
    """An odd chunk with a pad byte that is not zero, a list of zeros ahead, text behind."""
    x = noise(101, 1)
    text = chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"a comment\0"))
    file = riff(fmt(PCM, 1, 24), chunk(b"LIST", bytes(1001)), chunk(b"data", packed24(x), pad=b"Q"), text)
    y, warnings = read_all(put(file), strict=True)
    assert y.shape == (2, 101) and warnings == []


def test_a_missing_pad_byte_at_the_end_is_no_complaint(put):
    file = riff(fmt(PCM, 1, 24), chunk(b"data", packed24(noise(101, 1)), pad=b""))
    assert read_all(put(file), strict=True)[0].shape == (2, 101)


# -------------------------------------------------------------------------------------------- headers that disagree


def odd_wavs():
    x = noise(1000)
    whole = float_wav(x)
    body = fmt(IEEE_FLOAT, 2, 32)
    samples = data(x)
    short_data = b"data" + struct.pack("<I", 4000) + samples[8:]  # claims half of what is there
    yield "truncated", whole[:-3000], 625, "truncated: the header claims 8000 bytes of samples, 5000 are there"
    yield "riff_too_long", whole[:4] + struct.pack("<I", len(whole) + 500) + whole[8:], 1000, "the header claims a file of"
    yield "riff_too_short", whole[:4] + struct.pack("<I", 100) + whole[8:], 1000, "the header claims a file of 108 bytes, it has 8044"
    yield "data_too_short", riff(body, short_data), 500, "4000 bytes behind the last chunk belong to nothing and are not read"
    yield "text_appended", whole + b"ID3 or whatever it is", 1000, "belong to nothing and are not read"
    stream = b"RIFF\xff\xff\xff\xffWAVE" + body + b"data\xff\xff\xff\xff" + samples[8:]
    yield "stream", stream, 1000, "does not say how many samples follow"
    yield "cut_frame", riff(body, chunk(b"data", samples[8:] + b"\0\0\0\0")), 1000, "no whole number of frames of 8 bytes"


@pytest.mark.parametrize("name, content, frames, sentence", list(odd_wavs()), ids=[odd[0] for odd in odd_wavs()])
def test_a_header_that_disagrees_is_warned_of_and_refused_when_strict(put, name, content, frames, sentence):
    path = put(content)
    y, warnings = read_all(path)
    assert y.shape == (2, frames) and np.array_equal(y, noise(1000)[:frames].T)
    assert len(warnings) == 1 and sentence in warnings[0]
    with pytest.raises(InputError, match="strict"):
        read_all(path, strict=True)


@pytest.mark.parametrize("suffix", ["aiff", "caf", "w64", "au", "flac"])
def test_truncation_is_found_in_other_containers(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(20000), FS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    try:
        y, warnings = read_all(path)
        assert 0 < y.shape[1] < 20000 and any("truncated" in sentence for sentence in warnings)
    except InputError as error:  # libsndfile gives up on such a CAF at once, and may inside a FLAC frame
        assert {"caf": "truncated", "flac": "damaged behind frame"}[suffix] in str(error)
    with pytest.raises(InputError):
        read_all(path, strict=True)


def test_a_flood_of_empty_chunks_is_passed_over_quickly(put):
    file = riff(fmt(IEEE_FLOAT, 2, 32), data(noise(10)), *[b"junk\0\0\0\0"] * 100_000)
    started = time.perf_counter()
    read_all(put(file))
    assert time.perf_counter() - started < 2


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_headers_never_end_in_anything_but_a_sentence(tmp_path_factory, data):
    """Random bytes into the header: the file is read, or refused in one line; nothing else."""
    content = bytearray(float_wav(noise(300)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, 50))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        y, _ = read_all(path, scrub=True)
        assert np.isfinite(y).all()
    except InputError as error:
        assert "damaged.wav" in str(error) and "\n" not in str(error)


# -------------------------------------------------------------------------------------------------------- refusals


def refused(path, **options):
    with pytest.raises(InputError) as caught:
        read_all(path, **options)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    return message


def test_files_that_are_none(put, tmp_path):
    assert "no such file" in refused(tmp_path / "missing.wav")
    assert "not a regular file" in refused(tmp_path)
    message = refused(put(b"Dear engineer, the mix is attached.", "notes.wav"))
    assert "35 bytes" in message and "Dear engineer" in message and "no sound file" in message
    assert "0 bytes" in refused(put(b"", "empty.wav"))
    random = np.random.default_rng(1).integers(0, 256, 5000, np.uint8).tobytes()
    for suffix in ("wav", "flac", "mp3", "raw", "gsm", "vox"):  # headerless formats are not guessed from a name
        assert "5000 bytes" in refused(put(random, f"random.{suffix}"))


def test_no_samples(put):
    message = refused(put(riff(fmt(PCM, 2, 16), chunk(b"data", b""))))
    assert "44 bytes" in message and "no samples" in message


def test_a_header_of_zero_length_with_samples_behind_it_loses_nothing_in_silence(put):
    """Some recorders never write the sizes: either the samples are read and that is said, or the file is refused."""
    whole = riff(fmt(PCM, 2, 16), chunk(b"data", b""))
    content = whole + noise(500).tobytes()
    try:
        y, warnings = read_all(put(content))
        assert y.shape[1] > 0 and warnings
    except InputError as error:
        assert "no samples" in str(error)


def test_more_than_two_channels(put):
    assert "64 channels; mono and stereo are read" in refused(put(float_wav(noise(10, 64))))
    assert "6 channels" in refused(put(riff(fmt_extensible(IEEE_FLOAT, 6, 32, 0x3F), data(noise(10, 6)))))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(put):
    path = put(float_wav(noise(10)))
    path.chmod(0)
    assert "cannot be read" in refused(path)


def test_a_header_is_never_allocated(put):
    """Four gigabytes promised, eight kilobytes there."""
    content = b"RIFF\xf0\xff\xff\xffWAVE" + fmt(IEEE_FLOAT, 2, 32) + b"data" + struct.pack("<I", 0xFFFFFF00) + noise(1000).tobytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    y, warnings = read_all(put(content))
    assert y.shape[1] == 1000 and "truncated" in warnings[0]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


# ------------------------------------------------------------------------------------------------------ not finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_a_sample_that_is_not_finite_is_refused_with_its_place(put, value):
    x = noise(30000)
    x[24000, 0] = value
    assert "1 sample, first at frame 24000, channel 1 (left)" in refused(put(float_wav(x)))
    x[29999, 1] = value
    assert "2 samples, first at frame 24000, channel 1 (left)" in refused(put(float_wav(x)))
    with AudioReader(put(float_wav(x)), scrub=True) as reader:
        y = reader.read(30000)
        assert reader.scrubbed == 2
    x[[24000, 29999], [0, 1]] = 0
    assert np.array_equal(y, x.T)


def test_the_channel_is_named(put):
    x = noise(10)
    x[3, 1] = np.nan
    assert "frame 3, channel 2 (right)" in refused(put(float_wav(x)))
    assert "frame 3, channel 1; " in refused(put(float_wav(x[:, 1:])))


# ------------------------------------------------------------------------------------------------------- resampling


@pytest.mark.parametrize(
    "fs, frames, expected", [(44100, 88200, 96000), (44100, 1, 1), (96000, 1001, 501), (32000, 333, 500), (48001, 7, 7)]
)
def test_resampling_gives_the_exact_number_of_frames(put, fs, frames, expected):
    with AudioReader(put(float_wav(noise(frames), fs))) as reader:
        source = Resampler(reader, FS)
        assert source.frames == expected
        assert source.read(100_000).shape == (2, expected)
        assert source.read(10).shape == (2, 0)


def test_rates_that_no_sound_has(put):
    """A header may say 1 Hz: two thousand frames of it would be half an hour at 48 kHz."""
    for fs in (1, 999, 100_000_000):
        with AudioReader(put(float_wav(noise(2000), fs))) as reader, pytest.raises(InputError, match=f"{fs} Hz: rates from 1000 to"):
            Resampler(reader, FS)


def test_resampled_bits_do_not_depend_on_the_calls(put):
    path = put(float_wav(noise(20000), 44100))
    results = []
    for piece in (1000, 333, 30000):
        with AudioReader(path) as reader:
            source, pieces = Resampler(reader, FS), []
            while not pieces or pieces[-1].shape[1]:
                pieces.append(source.read(piece))
            results.append(np.concatenate(pieces, axis=1))
    assert all(np.array_equal(results[0], other) for other in results[1:])


# ------------------------------------------------------------------------------------------------------------- out


def write(path, x, channels=(0, 2, 5), **options):
    with AudioWriter(path, FS, channels, **options) as writer:
        writer.write(x[:, :100])
        writer.write(x[:, 100:])


FORMATS = [(suffix, bits) for suffix in ("wav", "rf64", "caf", "w64") for bits in ("float", "24", "16")] + [("flac", "24"), ("flac", "16")]


@pytest.mark.parametrize("suffix, bits", FORMATS)
def test_written_samples_read_back_and_gaps_are_zero(tmp_path, suffix, bits):
    x = noise(1001, 3).T
    path = tmp_path / f"a.{suffix}"
    write(path, x, bits=bits)
    y, fs = soundfile.read(path, dtype="float64")
    assert fs == FS and y.shape == (1001, 6)
    assert np.all(y[:, [1, 3, 4]] == 0)
    step = 0.0 if bits == "float" else 2.0 ** (1 - int(bits))
    assert np.abs(y[:, [0, 2, 5]] - x.T).max() <= 1.5 * step
    assert os.listdir(tmp_path) == [path.name]


def test_the_same_samples_give_the_same_bytes_at_another_time(tmp_path):
    x = noise(500, 3).T
    for name in ("a", "b"):
        for suffix, bits in FORMATS:
            write(tmp_path / f"{name}{bits}.{suffix}", x, bits=bits)
        time.sleep(1.05)  # a time stamp counts seconds
    for suffix, bits in FORMATS:
        assert (tmp_path / f"a{bits}.{suffix}").read_bytes() == (tmp_path / f"b{bits}.{suffix}").read_bytes()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 8])
def test_driver_feeds_have_no_loudspeaker_mask(tmp_path, channels):
    write(tmp_path / "a.wav", noise(10, channels).T, channels=tuple(range(channels)))
    content = (tmp_path / "a.wav").read_bytes()
    form = content[content.index(b"fmt ") + 8 :]
    tag, written = struct.unpack_from("<HH", form)
    assert written == channels
    assert (tag == IEEE_FLOAT) if channels <= 2 else (tag == 0xFFFE and struct.unpack_from("<I", form, 20) == (0,))


def test_our_own_reader_has_no_complaint_about_what_is_written(tmp_path):
    for suffix, bits in FORMATS:
        path = tmp_path / f"a.{suffix}"
        write(path, noise(333, 1).T, channels=(0,), bits=bits)  # odd number of odd frames
        y, warnings = read_all(path, strict=True)
        assert y.shape == (2, 333) and warnings == []


@pytest.mark.parametrize("bits", ["16", "24", "float"])
def test_beyond_the_limit_of_wav_a_file_becomes_rf64(tmp_path, monkeypatch, bits):
    monkeypatch.setattr(riff_module, "RIFF_LIMIT", 5000)
    x = noise(1001, 3).T
    write(tmp_path / "a.wav", x, bits=bits)
    content = (tmp_path / "a.wav").read_bytes()
    assert content[:4] == b"RF64"
    assert struct.unpack_from("<Q", content, 20) == (len(content) - 8 - 1001 * 6 * (3 if bits == "24" else 0) % 2,)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.format, info.frames, info.channels) == ("RF64", 1001, 6)
    assert np.abs(soundfile.read(tmp_path / "a.wav")[0][:, [0, 2, 5]] - x.T).max() < 1e-4
    with pytest.raises(InputError, match="6 channels"):  # and its header is understood
        AudioReader(tmp_path / "a.wav", strict=True)


def test_more_than_4_gib_read_back(tmp_path):
    """Case 4 of the field cases: 136 800 000 frames of eight floats, silence with a tone at the end; the silence is a hole in the file."""
    frames, tone = 136_800_000, np.tile(noise(FS, 1), (1, 8)).tobytes()
    silence = bytes(32 * 1_200_000)
    path = tmp_path / "long.wav"
    with open(path, "w+b") as file:

        class Holes:
            """Leaves out what is zero anyway."""

            seek = file.seek

            @staticmethod
            def write(content):
                if content is silence:
                    file.seek(len(content), os.SEEK_CUR)
                else:
                    file.write(content)

        riff_writer = riff_module.RiffWriter(Holes, FS, 8, 4)
        for _ in range(frames // 1_200_000 - 1):
            riff_writer.write(silence)
        riff_writer.write(silence[: 32 * (1_200_000 - FS)])
        riff_writer.write(tone)
        riff_writer.finish()
    info = soundfile.info(path)
    assert (info.format, info.frames, info.channels) == ("RF64", frames, 8)
    assert path.stat().st_size > 2**32
    end, _ = soundfile.read(path, start=frames - FS, dtype="float32")
    assert end.tobytes() == tone


def test_formats_that_there_are_not(tmp_path):
    for path, channels, bits, words in (
        ("a.mp3", 2, None, "suffix names the format: .wav, .rf64, .flac, .caf, .w64"),
        ("a", 2, None, "suffix"),
        ("a.flac", 2, "float", "FLAC holds no float"),
        ("a.flac", 9, None, "at most 8 channels, 9 are needed"),
        ("a.wav", 2, "8", "16, 24 or float"),
    ):
        with pytest.raises(UsageError, match=words):
            SampleFormat(path, channels, bits)
    assert SampleFormat("a.FLAC", 2).bits == "24" and SampleFormat("a.wav", 2).bits == "float"


# ------------------------------------------------------------------------------------------------------- quantiser


@pytest.mark.parametrize("bits", [16, 24])
def test_the_error_of_a_quantised_sample_is_triangular_dither_and_rounding(bits):
    """Mean 0, power 1/6 + 1/12, uncorrelated with the signal and between channels (Lipshitz et al. 1992), at any level."""
    rng = np.random.default_rng(0)
    n = 400_000
    for scale in (1.0, 0.2, 0.0):  # steps
        x = (rng.standard_normal((2, n)) * scale / 2 ** (bits - 1) * (1000 if bits == 16 else 1)).astype(np.float32)
        x[1] = x[0]
        error = Quantizer(bits, 2)(x) - x.astype(np.float64) * 2 ** (bits - 1)
        assert np.abs(error.mean(axis=1)).max() < 0.005
        assert np.allclose(np.sqrt((error**2).mean(axis=1)), 0.5, atol=0.005)
        assert abs(np.corrcoef(error)[0, 1]) < 0.01
        if scale:
            assert abs(np.corrcoef(error[0], x[0])[0, 1]) < 0.01


def test_dither_belongs_to_a_frame_and_not_to_a_call():
    x = noise(1000, 2).T
    whole = Quantizer(16, 2)(x)
    pieces = Quantizer(16, 2)
    assert np.array_equal(whole, np.concatenate([pieces(x[:, :1]), pieces(x[:, 1:700]), pieces(x[:, 700:])], axis=1))
    assert np.array_equal(whole[:, 300:], Quantizer(16, 2, first_frame=300)(x[:, 300:]))


def test_full_scale_is_held():
    y = Quantizer(16, 1)(np.array([[1.0, -1.0, 5.0, -5.0]], np.float32))
    assert y.max() == 32767 and y.min() == -32768


# ----------------------------------------------------------------------------------------------- whole or not at all


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
@pytest.mark.parametrize("suffix", ["wav", "flac", "caf"])
def test_whatever_ends_the_writing_leaves_nothing(tmp_path, error, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"older")
    with pytest.raises(error):
        with AudioWriter(path, FS, (0,)) as writer:
            writer.write(noise(1000, 1).T)
            raise error
    assert os.listdir(tmp_path) == [path.name] and path.read_bytes() == b"older"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.wav").write_bytes(b"older")
    (tmp_path / "link.wav").symlink_to("real.wav")
    write(tmp_path / "link.wav", noise(200, 3).T)
    assert (tmp_path / "link.wav").is_symlink() and soundfile.info(tmp_path / "real.wav").frames == 200


def test_permissions_are_those_of_any_new_file(tmp_path):
    previous = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "a"):
            pass
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_output_that_is_the_input(tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(float_wav(noise(10)))
    (tmp_path / "link.wav").symlink_to(source)
    os.link(source, tmp_path / "second.wav")
    for name in ("a.wav", "link.wav", "second.wav", "../" + tmp_path.name + "/a.wav"):
        with pytest.raises(UsageError, match="same file"):
            check_destination(tmp_path / name, force=True, inputs=(source,))


def test_destinations_that_are_refused(tmp_path):
    (tmp_path / "there.wav").write_bytes(b"older")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(OutputError, match="exists; -f overwrites it"):
        check_destination(tmp_path / "there.wav", force=False)
    check_destination(tmp_path / "there.wav", force=True)
    for path in (tmp_path / "pipe.wav", tmp_path, "/dev/null"):
        with pytest.raises(OutputError, match="not a regular file"):
            check_destination(path, force=True)
    with pytest.raises(OutputError, match="does not exist"):
        check_destination(tmp_path / "no" / "a.wav", force=True)


def test_a_folder_that_is_not_writable(tmp_path):
    folder = "/proc/self" if os.geteuid() == 0 else tmp_path  # root may write everywhere but there
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written in"):
        with atomic_file(f"{folder}/a.wav"):
            pass
    tmp_path.chmod(0o700)


def test_space_is_asked_for_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 5_000_000, 5_000_000))
    with pytest.raises(OutputError, match=r"not enough space: 12.0 MB needed, 5.0 MB free"):
        AudioWriter(tmp_path / "a.wav", FS, (0, 1, 2), frames=1_000_000)
    AudioWriter(tmp_path / "a.flac", FS, (0, 1, 2), frames=1_000_000)  # may well fit


@pytest.mark.parametrize("suffix", ["wav", "caf", "flac"])
def test_a_disk_that_runs_full_leaves_nothing(tmp_path, suffix):
    """A limit on the size of files stands for the disk: writing fails in the middle, as it would there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError, match=r"writing failed .* MB free|writing failed .* GB free"):
            with AudioWriter(tmp_path / f"a.{suffix}", FS, (0, 1), bits="24") as writer:
                for i in range(20):
                    writer.write(noise(20_000, 2, seed=i).T)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []
