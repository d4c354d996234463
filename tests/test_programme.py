"""``spatial analyze --audio``: a programme whose every figure is known beforehand."""

import json

import numpy as np
import pytest
import soundfile as sf

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.errors import InputError
from spatial.cli import main
from spatial.session.programme_levels import measure_programme

FS = 48000
LATE = 37


@pytest.fixture
def bank():
    """Left as it is to one driver; the same, late and 6 dB down, to another; the third is silent."""
    taps = np.zeros((3, 2, 64))
    taps[0, 0, 0], taps[1, 0, LATE] = 1.0, 10 ** (-6 / 20)
    return FilterMatrix(
        taps=taps,
        fs=FS,
        latency_samples=0,
        input_names=("left", "right"),
        driver_names=("near", "late", "silent"),
        channels=(1, 2, 4),
        recipe=RenderRecipe("off"),
        headroom_gain_db=0.0,
    )


def figures_of(tmp_path, bank, x, fs=FS):
    path = tmp_path / "x.wav"
    sf.write(path, x, fs, subtype="FLOAT")
    return measure_programme(path, bank)


def test_figures_of_a_sine_with_an_offset(tmp_path, bank):
    t = np.arange(2 * FS) / FS
    x = np.column_stack([0.25 * np.sin(2 * np.pi * 997 * t) + 0.01, np.zeros_like(t)])
    figures = figures_of(tmp_path, bank, x)
    near, late, silent = (figures.drivers[name] for name in ("near", "late", "silent"))
    assert near.peak_db == pytest.approx(20 * np.log10(0.26), abs=0.01)
    assert near.rms_db == pytest.approx(10 * np.log10(0.25**2 / 2 + 0.01**2), abs=0.02)
    assert near.crest_db == pytest.approx(near.peak_db - near.rms_db)
    assert near.dc_db == pytest.approx(-40, abs=0.05)
    assert late.rms_db == pytest.approx(near.rms_db - 6, abs=0.02)
    assert set(vars(silent).values()) == {None}
    assert figures.duration_s == 2 and figures.non_finite == 0 and figures.limiter_share == 0


def test_a_late_feed_is_late_by_as_many_samples(tmp_path, bank):
    noise = 0.1 * np.random.default_rng(3).standard_normal(FS)
    drivers = figures_of(tmp_path, bank, np.column_stack([noise, noise])).drivers
    assert (drivers["near"].delay_samples, drivers["late"].delay_samples) == (0, LATE)


def test_what_the_limiter_does_and_what_is_no_number_is_told(tmp_path, bank):
    x = np.zeros((FS, 2))
    x[:, 0] = 1.5 * np.sin(2 * np.pi * 300 * np.arange(FS) / FS)
    x[500, 1] = np.nan
    figures = figures_of(tmp_path, bank, x)
    assert figures.limiter_lowest_db == pytest.approx(-1 - 20 * np.log10(1.5), abs=0.1)
    assert figures.true_peak_dbtp <= -0.8 and figures.limiter_share > 0.9
    assert figures.non_finite == 1


def test_another_rate_is_converted_and_a_missing_file_refused(tmp_path, bank):
    x = 0.1 * np.random.default_rng(4).standard_normal((44100, 2))
    assert figures_of(tmp_path, bank, x, 44100).duration_s == 1
    with pytest.raises(InputError, match="no such file"):
        measure_programme(tmp_path / "none.wav", bank)


def test_command_line(tmp_path, capsys):
    sf.write(tmp_path / "x.wav", 0.1 * np.random.default_rng(5).standard_normal((FS, 2)), FS)
    assert main(["design", "headphones", "-o", str(tmp_path / "bank.npz")]) == 0
    capsys.readouterr()
    assert main(["analyze", str(tmp_path / "bank.npz"), "--audio", str(tmp_path / "x.wav"), "--json"]) == 0
    audio = json.loads(capsys.readouterr().out)["audio"]
    assert audio["file"] == "x.wav" and len(audio["drivers"]) == 2
