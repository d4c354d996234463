"""Loudness and true peak against closed forms and the test signals of EBU Tech 3341 (made here, with what they must read).

The NumPy meter and the C core's, where it is built, stand the same tests.
"""

import numpy as np
import pytest
from scipy import signal
from sounds import FS, noise

from spatial.dsp.backends import engine_available
from spatial.dsp.make import make_meter
from spatial.dsp.twins.meters import BlockFilter, NumpyMeter, k_weighting


@pytest.fixture(
    params=["numpy", pytest.param("c", marks=pytest.mark.skipif(not engine_available("c"), reason="the C core is not built"))], autouse=True
)
def engine(request, monkeypatch):
    """Whose meter make_meter makes."""
    monkeypatch.setenv("SPATIAL_ENGINE", request.param)


def tone(seconds, level_db, hz=1000.0, fs=FS):
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * fs)) / fs)


def lufs(x, fs=FS, chunk=4000):
    meter = make_meter(fs, len(x))
    for i in range(0, x.shape[1], chunk):
        meter.add(x[:, i : i + chunk].astype(np.float32))
    return meter.integrated_lufs


def dbtp(x, chunk=1000):
    meter = make_meter(FS, len(x))
    for i in range(0, x.shape[1], chunk):
        meter.add(x[:, i : i + chunk].astype(np.float32))
    return meter.true_peak_db


def stereo(*parts):
    return np.tile(np.concatenate(parts), (2, 1))


@pytest.mark.parametrize("fs", [32000, 44100, 48000, 96000, 192000])
def test_a_tone_at_full_scale_in_one_channel_reads_minus_3_01(fs):
    assert lufs(tone(3, 0, 997, fs)[None], fs) == pytest.approx(-3.01, abs=0.04)


def test_at_48_khz_to_the_printed_digits():
    assert lufs(tone(3, 0, 997)[None]) == pytest.approx(-3.01, abs=0.005)


@pytest.mark.parametrize(
    "parts, expected",
    [
        ([(20, -23)], -23),
        ([(20, -33)], -33),
        ([(10, -36), (60, -23), (10, -36)], -23),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
        ([(20, -26), (20.1, -20), (20, -26)], -23),
    ],
    ids=["3341-1", "3341-2", "3341-3", "3341-4", "3341-5"],
)
def test_integrated_loudness_of_ebu_tech_3341(parts, expected):
    """Stereo 1 kHz tones whose levels step; the gates leave out what they should."""
    assert lufs(stereo(*(tone(*part) for part in parts))) == pytest.approx(expected, abs=0.1)


def test_loudness_against_a_direct_coding_of_the_standard():
    """K-weighting by SciPy's recursive filter, 400 ms blocks one by one, both gates."""
    rng = np.random.default_rng(1)
    level = np.repeat(10 ** (rng.uniform(-60, 0, 40) / 20), FS // 4)
    x = (0.1 * rng.standard_normal((3, len(level))) * level).astype(np.float32)
    weighted = signal.lfilter(*k_weighting(FS), x.astype(np.float64), axis=1)
    power = np.array([(weighted[:, i : i + 19200] ** 2).mean(axis=1).sum() for i in range(0, x.shape[1] - 19199, 4800)])
    loudness = -0.691 + 10 * np.log10(power)
    gate = -0.691 + 10 * np.log10(power[loudness > -70].mean()) - 10
    expected = -0.691 + 10 * np.log10(power[(loudness > -70) & (loudness > gate)].mean())
    for chunk in (317, 4096, 100_000):
        assert lufs(x, chunk=chunk) == pytest.approx(expected, abs=1e-6)


def test_what_has_no_loudness():
    assert lufs(np.zeros((2, FS))) is None
    assert lufs(tone(0.39, 0)[None]) is None
    assert lufs(tone(0.4, 0)[None]) is not None
    assert lufs(tone(3, -80)[None]) is None


def test_block_filter_is_the_recursive_filter():
    x = noise(5000, 2).T
    b, a = k_weighting(FS)
    block = BlockFilter(b, a, 2)
    y = np.concatenate([block(x[:, :1]), block(x[:, 1:1777]), block(x[:, 1777:]), block.rest()], axis=1)
    assert np.allclose(y, signal.lfilter(b, a, x.astype(np.float64), axis=1), atol=1e-8)


@pytest.mark.parametrize(
    "divisor, phase_deg, amplitude, expected",
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
    ids=["3341-15", "3341-16", "3341-17", "3341-18", "3341-19"],
)
def test_true_peak_of_ebu_tech_3341(divisor, phase_deg, amplitude, expected):
    """Tones at fs/4, fs/6, fs/8 whose samples miss the crests; +0.2/-0.4 dB is allowed."""
    t = np.arange(FS) / divisor
    fade = np.minimum(1, np.minimum(np.arange(FS), np.arange(FS)[::-1]) / 480)
    x = amplitude * fade * np.sin(2 * np.pi * t + np.radians(phase_deg))
    assert expected - 0.4 <= dbtp(np.stack([x, x])) <= expected + 0.2


def test_true_peak_does_not_depend_on_calls_and_ends_with_silence():
    x = noise(3000, 2, 0.0).T
    assert dbtp(x, 1) == dbtp(x, 3000) == dbtp(x, 777)
    step = np.ones((1, 100))  # its end rings over
    assert dbtp(step) > 0.2


def test_true_peak_of_a_quiet_channel_beside_a_loud_one():
    """What is left out to save time never changes the figure: every channel's filter output, at once."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((4, 5000)) * np.array([[0.01], [0.3], [0.5], [0.55]])
    assert dbtp(x) == pytest.approx(max(dbtp(row[None], 5000) for row in x), abs=1e-6)


def test_sample_peaks_and_silence():
    meter = make_meter(FS, 2)
    meter.add(np.array([[0, 0.5, -0.7], [0, 0, 0]], np.float32))
    meter.add(np.zeros((2, 0), np.float32))
    assert np.allclose(meter.sample_peaks, [0.7, 0])
    assert dbtp(np.zeros((2, 50))) is None


def test_loudness_alone_is_the_same_loudness():
    x = noise(FS, 2).T
    alone, both = make_meter(FS, 2, peaks=False), make_meter(FS, 2)
    alone.add(x)
    both.add(x)
    assert alone.integrated_lufs == both.integrated_lufs and alone.true_peak_db is None and not alone.sample_peaks.any()


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
@pytest.mark.parametrize("channels, fs", [(1, 48000), (8, 44100), (11, 192000)])
def test_the_core_and_its_twin_agree(channels, fs):
    from spatial.dsp.core.meter import CoreMeter

    x = noise(2 * fs, channels, -3.0).T * np.linspace(0.1, 1, channels, dtype=np.float32)[:, None]
    core, twin = CoreMeter(fs, channels), NumpyMeter(fs, channels)
    for piece in np.array_split(x, 37, axis=1):
        core.add(piece)
        twin.add(piece)
    assert np.array_equal(core.sample_peaks, twin.sample_peaks)
    assert core.true_peak_db == pytest.approx(twin.true_peak_db, abs=1e-5)
    assert core.integrated_lufs == pytest.approx(twin.integrated_lufs, abs=1e-6)
