"""How well the upmix finds the centre. Truth: mixtures whose sources are known, stems, closed forms, the shared judge."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sounds import FS
from upmixes import LATENCIES, crowd, pink, run, slow_in_numpy

from spatial.analysis.separation import Mixture, separation
from spatial.bank.recipe import RenderRecipe
from spatial.dsp.twins.upmix_directional import DirectionalUpmix, Guard

TABLE = [
    (0.0, {"sdr_db": 6, "sir_db": 12}, {"hard_leak_db": -20, "centre_leak_db": -16, "correlation": 0.08}),
    (2.7, {"sdr_db": 8.6, "sir_db": 14.5}, {"correlation": 0.07}),
    (21.0, {"sdr_db": 10.8, "sir_db": 16.8, "sar_db": 13}, {"hard_leak_db": -26, "centre_leak_db": -23, "correlation": 0.07}),
    (85.0, {"sdr_db": 10, "sir_db": 14, "sar_db": 13}, {"hard_leak_db": -26, "centre_leak_db": -26, "correlation": 0.07}),
]


@pytest.fixture(scope="module")
def table():
    """benchmarks/upmix_table.py as a module, and its mixtures."""
    spec = importlib.util.spec_from_file_location("upmix_table", Path(__file__).parents[1] / "benchmarks" / "upmix_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, [mixture for seed in (1, 7, 23) for mixture in module.mixtures(seed, 6 * FS)]


@slow_in_numpy
@pytest.mark.parametrize("ms, least, most", TABLE)
def test_figures_on_mixtures_with_known_sources(table, ms, least, most):
    """Means over the mixtures of benchmarks/upmix_table.py, in which the figures are tabulated."""
    table, items = table
    found = [table.score(mixture, RenderRecipe("directional", ms), FS) for mixture in items]
    mean = {name: np.nanmean([getattr(one, name) for one in found]) for name in vars(found[0])}
    assert all(mean[name] >= value for name, value in least.items()), mean
    assert all(mean[name] <= value for name, value in most.items()), mean
    assert max(one.reconstruction_db for one in found) < -120


@pytest.mark.parametrize("ms", LATENCIES)
def test_a_crowd_does_not_gurgle(ms, monkeypatch):
    """Artefacts in C, as BSS eval counts them, are held down where nothing can be told apart, at half a decibel of SIR at most."""
    mixture = crowd(4 * FS)
    guarded = separation(mixture, run(DirectionalUpmix(FS, ms), mixture.stereo).astype(np.float64), FS)
    monkeypatch.setattr(Guard, "steady", 0.0)
    alone = separation(mixture, run(DirectionalUpmix(FS, ms), mixture.stereo).astype(np.float64), FS)
    assert guarded.sar_db > (11 if ms < 5 else 13) and guarded.sar_db > alone.sar_db + 3
    assert guarded.sdr_db > alone.sdr_db and guarded.sir_db > alone.sir_db - 0.5


def test_what_can_be_told_apart_is_not_held_back(monkeypatch):
    """A voice and one hard-panned noise: not a bit is different, once the shares of the directions have been learnt."""
    t = np.arange(3 * FS) / FS
    voice = sum(np.sin(2 * np.pi * 200 * h * t + h) / h for h in range(1, 20)) * 0.1
    x = np.stack([voice + pink(len(t), 1), voice])
    guarded = DirectionalUpmix(FS).process(x.astype(np.float32))[:, FS:]
    monkeypatch.setattr(Guard, "steady", 0.0)
    assert np.array_equal(guarded, DirectionalUpmix(FS).process(x.astype(np.float32))[:, FS:])


@pytest.mark.parametrize(
    "centre, error, power, steady",
    [
        (1.0, 0.05, 1.0, 0),  # 13 dB below: nothing to do
        (1.0, 0.5, 1.0, 1 - np.sqrt(1 / 5)),  # 3 dB below C: what remains of it is 10 dB below
        (1.0, 0.5, 4.0, 1 - (4 / 5) ** 2),  # 9 dB below the input: half way
        (0.01, 0.009, 1.0, 0),  # 20 dB below the input
        (1.0, 1.0, 1.0, 1 - np.sqrt(1 / 10)),
        (0.0, 0.0, 1.0, 0),
    ],
)
def test_the_guard_in_closed_form(centre, error, power, steady):
    """G = 10 dB."""
    guard = Guard(10.0, 1e9)  # a step so long that nothing before it is remembered
    guard.learn(np.array([centre]), np.array([1 - error / max(centre, 1e-9)]), power * np.array([[1.0], [0.2], [0.4], [0.0]]))
    assert guard.steady == pytest.approx(steady)
    of_mid, of_side_re, of_side_im = guard.steadied((np.array([0.5]), np.array([0.2]), np.array([0.1])))
    assert of_mid == pytest.approx(steady + (1 - steady) * 0.5)
    assert of_side_re == pytest.approx(steady * 0.5 + (1 - steady) * 0.2)  # w = <MS>/<SS> = 0.4/0.8
    assert of_side_im == pytest.approx((1 - steady) * 0.1)


def test_what_is_steady_is_a_balance_of_left_and_right():
    """w stays within +-1, where M - w S is one channel."""
    guard = Guard(10.0, 1e9)
    guard.learn(np.array([1.0]), np.array([0.0]), np.array([[1.0], [0.98], [0.2], [0.0]]))  # a little left of the centre: w = 10
    _, of_side, _ = guard.steadied((np.zeros(1), np.zeros(1), np.zeros(1)))
    assert of_side == pytest.approx(guard.steady)


def test_separation_of_estimates_that_are_known():
    """C = centre + 0.1 left source + 0.05 unrelated noise, all of equal power: every figure in closed form."""
    middle, left, rest = (pink(FS * 4, seed) for seed in (1, 2, 3))
    mixture = Mixture("known", middle, np.outer((1, 0), left)[None], (True,))
    centre = middle + 0.1 * left + 0.05 * rest
    found = separation(mixture, np.stack([mixture.stereo[0] - centre, mixture.stereo[1] - centre, centre]), FS)
    assert np.allclose([found.sir_db, found.hard_leak_db, found.sar_db], [20, -20, 10 * np.log10(1.01 / 0.0025)], atol=0.3)
    assert np.isclose(found.sdr_db, -10 * np.log10(0.01 + 0.0025), atol=0.3)
    assert found.reconstruction_db < -200 and found.centre_leak_db < -40
    assert abs(separation(mixture, np.stack([left, left, 0.5 * left]), FS).correlation - 1) < 1e-6  # C is L - R itself


SHARED = Path(os.environ.get("SPATIAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
JUDGE = SHARED / "acceptance" / "judge.py"
STEMS = [SHARED / "audio" / f"armygeddon_{name}.flac" for name in ("lead_guitar", "backing")]


@slow_in_numpy
@pytest.mark.skipif(not STEMS[0].exists(), reason=f"no stems at {STEMS[0].parent}; name the shared folder in SPATIAL_SHARED")
def test_rock_music_does_not_gurgle(table):
    """Distorted guitars and a whole band, put together in three ways. The twin on synthesised material is the crowd above."""
    table, _ = table
    ways, fs = table.stems(*STEMS)
    found = {name: table.score(mixture, RenderRecipe("directional"), fs) for name, mixture in ways.items()}
    assert len(found) == 3 and all(one.sar_db >= 13 and one.reconstruction_db < -120 for one in found.values()), found


@slow_in_numpy
@pytest.mark.skipif(
    not (JUDGE.exists() and shutil.which("espeak-ng")),
    reason=f"needs {JUDGE}, from outside this repository (SPATIAL_SHARED names its folder), and espeak-ng for its speech",
)
def test_the_judge_finds_nothing_short():
    """At the default latency; the others are held to the table above."""
    upmix = f"{sys.executable} -m spatial upmix {{in}} {{out}}"
    command = [sys.executable, JUDGE, "upmix", "--command", upmix, "--latency", "21"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sdr" in done.stdout and "short" not in done.stdout
