"""The end of a sound file is where its last frame is: not where a header, a tag or a decoder says. From files and from pipes."""

import io
import os
import struct
import threading

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS

from spatial.base.errors import InputError
from spatial.io.audio_in import AudioReader
from spatial.io.standard_input import StandardInput

N = 30000
ID3V2 = b"ID3\x03\0\0\0\0\x40\x00" + bytes(64 * 128)
ID3V1 = b"TAG" + bytes(125)
STREAM = "does not say how many samples follow"


def ape(header):
    fields = struct.pack("<4I", 2000, 532, 1, 0xA0000000) + bytes(8)
    footer = struct.pack("<4I", 2000, 532, 1, 0x80000000 if header else 0) + bytes(8)
    return (b"APETAGEX" + fields if header else b"") + b"x" * 500 + b"APETAGEX" + footer


def sound(frames=N, channels=2, seed=2):
    x = np.cumsum(np.random.default_rng(seed).standard_normal((frames, channels)), 0)
    return np.round(0.2 * 2**15 * x / np.abs(x).max()) / 2**15  # 16 bits hold it as it is


def encoded(form, subtype, x=None, fs=FS):
    buffer = io.BytesIO()
    soundfile.write(buffer, sound() if x is None else x, fs, format=form, subtype=subtype)
    return buffer.getvalue()


FLAC = encoded("FLAC", "PCM_16")
MP3 = encoded("MP3", "MPEG_LAYER_III")
VORBIS, OPUS = encoded("OGG", "VORBIS"), encoded("OGG", "OPUS")
TRUTH = soundfile.read(io.BytesIO(FLAC), dtype="float32")[0].T


def drained(reader):
    pieces = [reader.read(4099)]
    while pieces[-1].shape[1] == 4099:
        pieces.append(reader.read(4099))
    return np.concatenate(pieces, axis=1), reader.warnings


def from_file(path, content, **options):
    path.write_bytes(content)
    with AudioReader(path, **options) as reader:
        return drained(reader)


def from_pipe(content, **options):
    out, into = os.pipe()

    def feed():
        try:
            with os.fdopen(into, "wb") as file:
                file.write(content)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        return drained(StandardInput(out, **options))
    finally:
        os.close(out)
        thread.join()


def says(total, flac=FLAC):
    """The 36 bits of a FLAC header that hold the number of frames; the sum over them is cleared."""
    content = bytearray(flac)
    kept = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (kept | total).to_bytes(8, "big")
    content[26:42] = bytes(16)
    return bytes(content)


WHOLE_FLACS = {
    "as it is": (FLAC, 1),
    "length unknown": (says(0), 1),
    "ID3v2 in front": (ID3V2 + FLAC, 1),
    "two tags in front": (ID3V2 + ID3V2 + FLAC, 1),
    "ID3v1 behind": (FLAC + ID3V1, 1),
    "ID3v1 behind an unknown length": (says(0) + ID3V1, 1),
    "joined": (FLAC + FLAC, 2),
    "three joined, lengths unknown": (says(0) * 3, 3),
}


@pytest.mark.parametrize("content, times", WHOLE_FLACS.values(), ids=WHOLE_FLACS)
def test_every_frame_of_a_flac_without_a_word(tmp_path, content, times):
    for y, warnings in (from_file(tmp_path / "x", content, strict=True), from_pipe(content, strict=True)):
        assert np.array_equal(y, np.tile(TRUTH, times)) and warnings == []


@pytest.mark.parametrize("tags", [ape(True), ape(False), ape(True) + ID3V1, ID3V1 + ape(True)], ids=len)
def test_ape_tags_behind_are_no_damage(tmp_path, tags):
    y, warnings = from_file(tmp_path / "x", FLAC + tags, strict=True)
    assert np.array_equal(y, TRUTH) and warnings == []
    y, warnings = from_pipe(FLAC + tags)  # whose end is not known in time
    assert np.array_equal(y, TRUTH) and len(warnings) == 1 and "belong to nothing" in warnings[0]


@pytest.mark.parametrize(
    "content, said",
    [
        (says(60000), f"truncated: the header claims 60000 frames, {N} are there"),
        (says(20000), f"the header claims 20000 frames, {N} are there"),
        (FLAC + bytes(1000), f"bytes behind frame {N} belong to nothing"),
        (FLAC + says(0, FLAC) + encoded("FLAC", "PCM_16", fs=44100), f"behind frame {2 * N} follows another stream of 44100 Hz"),
        (FLAC + encoded("FLAC", "PCM_16", sound(channels=1)), f"behind frame {N} follows another stream of 48000 Hz, 1 channel"),
    ],
)
def test_one_true_warning_where_a_flac_and_its_header_disagree(tmp_path, content, said):
    for read in (lambda **options: from_file(tmp_path / "x", content, **options), lambda **options: from_pipe(content, **options)):
        y, warnings = read()
        assert np.array_equal(y[:, :N], TRUTH) and y.shape[1] % N == 0 and len(warnings) == 1 and said in warnings[0]
        with pytest.raises(InputError, match="refused by --strict"):
            read(strict=True)


@given(share=st.floats(0.3, 0.99))
@settings(max_examples=12, deadline=None)
def test_a_flac_cut_anywhere_gives_the_frames_before_the_cut(tmp_path_factory, share):
    content = FLAC[: int(share * len(FLAC))]
    for y, warnings in (from_file(tmp_path_factory.getbasetemp() / "cut", content), from_pipe(content)):
        assert np.array_equal(y, TRUTH[:, : y.shape[1]]) and y.shape[1] > share * N - 6000
        assert warnings == [f"truncated: the header claims {N} frames, {y.shape[1]} are there"]


@given(missing=st.integers(1, 1500))
@settings(max_examples=12, deadline=None)
def test_a_flac_of_unknown_length_cut_within_its_last_frame_says_so(tmp_path_factory, missing):
    content = says(0)[:-missing]
    for y, warnings in (from_file(tmp_path_factory.getbasetemp() / "cut", content), from_pipe(content)):
        assert np.array_equal(y, TRUTH[:, : y.shape[1]]) and len(warnings) == 1 and "truncated" in warnings[0]


@pytest.mark.parametrize("channels, subtype, fs, level", [(1, "PCM_24", 96000, 1e-6), (2, "PCM_16", 44100, 1.0), (1, "PCM_S8", 12345, 0.5)])
def test_a_whole_flac_of_unknown_length_is_never_called_truncated(channels, subtype, fs, level):
    for frames in (1, 17, 4096, 4097, 20000):
        content = says(0, encoded("FLAC", subtype, np.random.default_rng(frames).uniform(-level, level, (frames, channels)), fs))
        y, warnings = from_pipe(content, strict=True)
        assert y.shape[1] == frames and warnings == []


def test_damage_inside_a_flac_is_still_damage(tmp_path):
    content = FLAC[: len(FLAC) // 2] + bytes(300) + FLAC[len(FLAC) // 2 + 300 :]
    for read in (lambda: from_file(tmp_path / "x", content), lambda: from_pipe(content)):
        with pytest.raises(InputError, match="damaged behind frame"):
            read()


# -------------------------------------------------------------------------------------------------------------- Ogg


@pytest.mark.parametrize("one", [VORBIS, OPUS], ids=["Vorbis", "Opus"])
def test_chained_ogg_is_read_to_the_end_of_the_chain(tmp_path, one):
    first = from_file(tmp_path / "x", one, strict=True)[0]
    assert first.shape[1] == N
    for content, times in ((one + one, 2), (one * 3, 3), (ID3V2 + one + ID3V1, 1), (one + ID3V2 + one, 2)):
        y, warnings = from_file(tmp_path / "x", content, strict=True)
        assert np.array_equal(y, np.tile(first, times)) and warnings == []


def test_a_chain_of_two_codecs_is_one_programme(tmp_path):
    y, warnings = from_file(tmp_path / "x", VORBIS + OPUS, strict=True)
    assert y.shape[1] == 2 * N and warnings == []


def test_a_chain_that_changes_its_rate_says_where_it_stops(tmp_path):
    other = encoded("OGG", "VORBIS", fs=44100)
    y, warnings = from_file(tmp_path / "x", VORBIS + other)
    assert y.shape[1] == N and warnings == [f"behind frame {N} follows another stream of 44100 Hz, 2 channels; it is not read"]


@pytest.mark.parametrize("one", [VORBIS, OPUS], ids=["Vorbis", "Opus"])
def test_ogg_cut_short_or_with_pages_lost_says_so(tmp_path, one):
    one = encoded("OGG", "VORBIS" if one is VORBIS else "OPUS", sound(4 * N))
    pages = [at for at in range(len(one)) if one[at : at + 4] == b"OggS"]
    for content, said in (
        (one[: len(one) * 6 // 10], "truncated: it ends within a page"),
        (one[: pages[-1]], "truncated: the last stream ends without the page that ends it"),
        (one[: pages[-2]] + one[pages[-1] :], "damaged: 1 page missing"),
        (one + os.urandom(999), "999 bytes between or behind the pages belong to nothing"),
    ):
        y, warnings = from_file(tmp_path / "x", content)
        assert y.shape[1] > 0 and len(warnings) == 1 and said in warnings[0]
        with pytest.raises(InputError, match="refused by --strict"):
            from_file(tmp_path / "x", content, strict=True)


# -------------------------------------------------------------------------------------------------------------- MP3


def mpeg_frames(content):
    """Where the frames of a 48 kHz MPEG-1 layer III stream begin, and its end."""
    rates, starts, at = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320), [], 0
    while at + 4 <= len(content):
        starts.append(at)
        at += 3 * rates[content[at + 2] >> 4] + (content[at + 2] >> 1 & 1)
    return [*starts, at]


MPEG = mpeg_frames(MP3)
BARE = MP3[MPEG[1] :]  # without the table of contents, as a stream or an old encoder writes it
COUNT = len(MPEG) - 2


def test_the_encoder_writes_what_these_tests_take_apart():
    assert b"Xing" in MP3[: MPEG[1]] and MPEG[-1] == len(MP3) and len({b - a for a, b in zip(MPEG, MPEG[1:], strict=False)}) > 2


def test_an_mp3_without_a_table_of_contents_is_not_guessed_short(tmp_path):
    """Its length was guessed from the size of its first frame: half a song, without a word."""
    for content, times in ((BARE, 1), (BARE + BARE, 2), (ID3V2 + BARE + ID3V1, 1), (BARE + ape(True) + ID3V1, 1)):
        y, warnings = from_file(tmp_path / "x", content, strict=True)
        assert times * 1152 * COUNT - 1200 < y.shape[1] <= times * 1152 * COUNT and warnings == []
    whole = from_file(tmp_path / "x", MP3)[0]
    shift = 1105 - (1152 * COUNT - y.shape[1])  # what the table of contents has a decoder leave out at the beginning
    assert np.abs(y[:, shift : shift + N - 2000] - whole[:, : N - 2000]).max() < 1e-4


def test_joined_mp3s_are_read_to_the_last(tmp_path):
    whole = from_file(tmp_path / "x", MP3, strict=True)[0]
    assert whole.shape[1] == N
    for content in (MP3 + MP3, ID3V2 + MP3 + ID3V1 + ID3V2 + MP3 + ID3V1, MP3 + ape(True) + MP3):
        y, warnings = from_file(tmp_path / "x", content, strict=True)
        assert np.array_equal(y, np.tile(whole, 2)) and warnings == []


@pytest.mark.parametrize(
    "content, frames, said",
    [
        (MP3[: MPEG[20]], 19, f"truncated: the header claims {COUNT} MPEG frames, 19 are there"),
        (MP3[: MPEG[20] + 9], 19, "truncated"),
        (BARE[:-100], COUNT - 1, "truncated: it ends within an MPEG frame"),
        (MP3 + BARE, 2 * COUNT, f"the header claims {COUNT} MPEG frames, {2 * COUNT} are there"),
        (BARE + bytes(5000), COUNT, "5000 bytes between or behind the MPEG frames belong to nothing"),
    ],
)
def test_one_true_warning_about_an_mp3(tmp_path, content, frames, said):
    y, warnings = from_file(tmp_path / "x", content)
    assert 1152 * frames - 2400 < y.shape[1] <= 1152 * frames and len(warnings) == 1 and said in warnings[0]
    with pytest.raises(InputError, match="refused by --strict"):
        from_file(tmp_path / "x", content, strict=True)


# ------------------------------------------------------------------------------------------------ lengths in headers

PCM = {form: encoded(form, "PCM_16") for form in ("WAV", "RF64", "W64", "CAF", "AIFF", "AU")}
W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")


def patched(form, place, layout, value):
    content = bytearray(PCM[form])
    struct.pack_into(layout, content, place, value)
    return bytes(content)


DATA = {form: PCM[form].index(b"data") + 4 for form in ("WAV", "CAF")}
DS64 = PCM["RF64"].index(b"ds64") + 16
SSND, COMM = PCM["AIFF"].index(b"SSND") + 4, PCM["AIFF"].index(b"COMM") + 10
GUID = PCM["W64"].index(W64_DATA) + 16

NOT_KNOWN = {
    "WAV 0": patched("WAV", DATA["WAV"], "<I", 0),
    "WAV -1": patched("WAV", DATA["WAV"], "<I", 0xFFFFFFFF),
    "RF64 0": patched("RF64", DS64, "<Q", 0),
    "RF64 -1": patched("RF64", DS64, "<Q", 0xFFFFFFFFFFFFFFFF),
    "BW64 0": b"BW64" + patched("RF64", DS64, "<Q", 0)[4:],
    "W64 0": patched("W64", GUID, "<Q", 0),
    "W64 header only": patched("W64", GUID, "<Q", 24),
    "W64 -1": patched("W64", GUID, "<Q", 0xFFFFFFFFFFFFFFFF),
    "CAF -1": patched("CAF", DATA["CAF"], ">q", -1),
    "CAF 0": patched("CAF", DATA["CAF"], ">q", 0),
    "AIFF 0": patched("AIFF", SSND, ">I", 0),
    "AIFF -1": patched("AIFF", SSND, ">I", 0xFFFFFFFF),
    "AU 0": patched("AU", 8, ">I", 0),
}


@pytest.mark.parametrize("content", NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_a_length_that_the_header_does_not_know_is_found(tmp_path, content):
    y, warnings = from_file(tmp_path / "x", content)
    assert np.array_equal(y, TRUTH) and len(warnings) == 1 and STREAM in warnings[0]
    y, warnings = from_pipe(content, strict=True)  # there it is how things are
    assert np.array_equal(y, TRUTH) and warnings == []


@pytest.mark.parametrize(
    "content", [PCM["RF64"], b"BW64" + PCM["RF64"][4:], patched("AU", 8, ">I", 0xFFFFFFFF)], ids=["RF64", "BW64", "AU"]
)
def test_what_says_the_truth_in_its_own_way_is_read_without_a_word(tmp_path, content):
    for y, warnings in (from_file(tmp_path / "x", content, strict=True), from_pipe(content, strict=True)):
        assert np.array_equal(y, TRUTH) and warnings == []


@pytest.mark.parametrize("form", PCM)
def test_a_header_that_claims_more_than_there_is(tmp_path, form):
    content = PCM[form][:-4003]
    for y, warnings in (from_file(tmp_path / "x", content), from_pipe(content)):
        assert np.array_equal(y, TRUTH[:, : N - 1001]) and len(warnings) == 1 and warnings[0].startswith("truncated")


@pytest.mark.parametrize(
    "content, frames, said",
    [
        (patched("WAV", DATA["WAV"], "<I", 4000), 1000, "116000 bytes behind the last chunk belong to nothing"),
        (patched("W64", GUID, "<Q", 4024), 1000, "116000 bytes behind the last chunk belong to nothing"),
        (patched("AU", 8, ">I", 4000), 1000, "116000 bytes behind the samples belong to nothing"),
        (patched("AIFF", COMM, ">I", 1000), N, f"the header claims 1000 frames, {N} are there"),
        (patched("WAV", DATA["WAV"], "<I", 0x7FFFF000), N, "truncated, or written as a stream"),
    ],
)
def test_lengths_that_are_too_small_or_two_that_disagree(tmp_path, content, frames, said):
    y, warnings = from_file(tmp_path / "x", content)
    assert np.array_equal(y, TRUTH[:, :frames]) and len(warnings) == 1 and said in warnings[0]


# ---------------------------------------------------------------------------------------------------- what it is

KINDS = [
    (b"\xff\xf1\x50\x80" + bytes(100), "AAC, which is not read"),
    (b"\0\0\0\x20ftypM4A " + bytes(100), "MP4 (AAC or ALAC), which is not read"),
    (b"wvpk" + bytes(100), "WavPack, which is not read"),
    (b"\x1aE\xdf\xa3" + bytes(100), "Matroska or WebM, which is not read"),
    (ID3V2 + b"TTA1" + bytes(100), "True Audio, which is not read"),
]


@pytest.mark.parametrize("content, said", KINDS)
def test_what_is_not_read_is_called_by_its_name(tmp_path, content, said):
    for read in (lambda: from_file(tmp_path / "x", content), lambda: from_pipe(content)):
        with pytest.raises(InputError) as refused:
            read()
        assert said in str(refused.value) and "ffmpeg" in str(refused.value)


@pytest.mark.parametrize("content, said", [(MP3, "MP3"), (BARE, "MP3"), (ID3V2 + MP3, "MP3"), (VORBIS, "Ogg"), (ID3V2 + OPUS, "Ogg")])
def test_what_needs_a_file_is_refused_from_a_pipe_by_its_true_name(content, said):
    with pytest.raises(InputError, match=f"standard input: {said} cannot be read as a stream; decode it: ffmpeg"):
        from_pipe(content)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_flipped_or_cut_ends_in_frames_or_an_input_error(tmp_path_factory, data):
    content = bytearray(data.draw(st.sampled_from([FLAC, MP3, BARE, VORBIS, OPUS, *PCM.values()])))
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, min(len(content), 600) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    content = bytes(content[: data.draw(st.integers(1, len(content)))])
    for read in (lambda: from_file(tmp_path_factory.getbasetemp() / "odd", content, scrub=True), lambda: from_pipe(content, scrub=True)):
        try:
            y, _ = read()
        except InputError:
            continue
        assert np.isfinite(y).all()
