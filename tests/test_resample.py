"""Resampling at the ends: a click on the first or the last frame is the click of the middle.

Truths: a click in the middle of silence, a whole number of periods of both rates away; and the closed form of a click's band-limited
image, whose spectrum is flat, fs_out / fs_in, with the phase of its place.
"""

import math

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sounds import FS, straight_through

from spatial.io.resample import Resampler
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions

RATES = [
    (44100, 48000), (48000, 44100), (48000, 96000), (96000, 44100), (8000, 48000), (192000, 44100), (44100, 11025), (48000, 47999),
    (44056, 48000), (11025, 192000), (12345, 23456),
]  # fmt: skip
IN_BAND = 0.88  # of half the lower rate: below the filter's edge


class Frames:
    """A source of frames that are there."""

    def __init__(self, x, fs):
        self.x, self.fs, self.frames, self.at = np.stack([x, x]).astype(np.float32), fs, len(x), 0

    def read(self, frames):
        self.at += frames
        return self.x[:, self.at - frames : self.at]


def resampled(x, fs_in, fs_out, piece=5000):
    """All frames and what rings behind them, one channel."""
    source, pieces = Resampler(Frames(x, fs_in), fs_out), []
    while not pieces or pieces[-1].shape[1] == piece:
        pieces.append(source.read(piece))
    y = np.concatenate(pieces, axis=1)
    assert np.array_equal(y[0], y[1])
    return y[0].astype(float), source.ringing[0].astype(float)


def click(frames, at):
    x = np.zeros(frames)
    x[at] = 1
    return x


def middle(frames, at, fs_in, fs_out):
    """The image of a click far from both ends, from the frame that is frame 0 of the short file on."""
    common = math.gcd(fs_in, fs_out)
    periods = math.ceil(1500 * common / min(fs_in, fs_out))
    ahead = periods * fs_in // common
    y, _ = resampled(click(frames + 2 * ahead, at + ahead), fs_in, fs_out)
    return y[periods * fs_out // common :]


@pytest.mark.parametrize("fs_in, fs_out", RATES)
@pytest.mark.parametrize("frames", [1, 2, 37, 4096, 4097, 9001])
def test_a_click_on_the_last_frame_comes_out_whole(fs_in, fs_out, frames):
    y, ringing = resampled(click(frames, frames - 1), fs_in, fs_out)
    truth = middle(frames, frames - 1, fs_in, fs_out)
    heard = np.concatenate([y, ringing])
    assert np.abs(heard - truth[: len(heard)]).max() < 1e-5 * np.abs(truth).max()
    assert np.sum(truth[len(heard) :] ** 2) < 1e-12 * np.sum(truth**2)


@pytest.mark.parametrize("fs_in, fs_out", RATES)
def test_a_click_on_the_first_frame_is_that_of_the_middle(fs_in, fs_out):
    """It was up to 0.6 dB lower; what lies before frame 0 has no place in the file."""
    for frames in (1, 100, 5000):
        y, ringing = resampled(click(frames, 0), fs_in, fs_out)
        heard = np.concatenate([y, ringing])
        truth = middle(frames, 0, fs_in, fs_out)[: len(heard)]
        assert np.abs(heard - truth).max() < 1e-5 * np.abs(truth).max()


@pytest.mark.parametrize("fs_in, fs_out", RATES)
def test_the_image_of_the_last_frames_click_is_the_closed_form(fs_in, fs_out):
    frames, lower = 3000 * max(fs_in // fs_out, 1), min(fs_in, fs_out)
    heard = np.concatenate(resampled(click(frames, frames - 1), fs_in, fs_out))
    hz = np.linspace(0.01, IN_BAND, 60) * lower / 2
    spectrum = np.exp(-2j * np.pi * np.outer(hz, np.arange(len(heard))) / fs_out) @ heard
    ideal = fs_out / fs_in * np.exp(-2j * np.pi * hz * (frames - 1) / fs_in)
    assert np.abs(20 * np.log10(np.abs(spectrum / ideal))).max() < 0.01 and np.abs(np.angle(spectrum / ideal)).max() < 1e-3


@given(
    rates=st.tuples(st.integers(1000, 200_000), st.integers(1000, 200_000)).filter(lambda r: 1 / 30 < r[0] / r[1] < 30),
    frames=st.integers(1, 9000),
    piece=st.sampled_from([1, 7, 333, 4096, 100_000]),
)
@example(rates=(96000, 44100), frames=1, piece=1)
@settings(max_examples=25, deadline=None)
def test_pieces_of_any_size_give_the_same_frames_at_any_two_rates(rates, frames, piece):
    fs_in, fs_out = rates
    x = np.random.default_rng(frames).standard_normal(frames)
    if piece < 10:
        x = x[:200]
    y, ringing = resampled(x, fs_in, fs_out, piece)
    once, once_ringing = resampled(x, fs_in, fs_out, 1 << 22)
    assert len(y) == (2 * len(x) * fs_out + fs_in) // (2 * fs_in)
    assert np.array_equal(y, once) and np.array_equal(ringing, once_ringing)


@pytest.mark.parametrize("keep_latency", [False, True])
@pytest.mark.parametrize("fs_in", [44100, 96000, 192000, 8000])
def test_a_render_has_the_last_click_as_loud_as_one_in_the_middle(tmp_path, fs_in, keep_latency):
    """In one piece less than a chunk, and behind chunks; the level is that of the whole image, through filters that only wait."""
    for frames in (3000, 32768 * fs_in // FS, 70001):
        levels = []
        for at in (frames // 2, frames - 1):
            x = 0.25 * click(frames, at)
            soundfile.write(tmp_path / "in.wav", np.stack([x, x], axis=1), fs_in, subtype="FLOAT")
            options = RenderOptions(resample=True, limiter=False, gain_db=0.0, keep_latency=keep_latency)
            render_file(tmp_path / "in.wav", tmp_path / "out.wav", straight_through(100, 1000), options, force=True)
            y = soundfile.read(tmp_path / "out.wav")[0][:, 0]
            levels.append(10 * np.log10(np.sum(y**2)))
        assert abs(levels[0] - levels[1]) < 0.1
