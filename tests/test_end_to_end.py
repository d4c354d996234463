"""Music through shipped rigs: channel counts, levels, left and right, mono in the middle, judged by physics coded in the tests.

The synthesised twins always run; real music needs the folder that SPATIAL_SHARED names, else ../shared beside the repository.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from test_transfer import ears_by_projection

from spatial.acoustics.points import Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.cli import main
from spatial.cli.demo_scene import demo_scene
from spatial.rig.geometry import head_centre
from spatial.rig.load import load_rig

SHARED = Path(os.environ.get("SPATIAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
STEMS = [SHARED / "audio" / name for name in ("armygeddon_backing.flac", "armygeddon_lead_guitar.flac")]
CEILING = 10 ** (-1 / 20)
RIGS = {"ball3": 3, "bar8": 8, "headphones": 2}

LEANING_BALL = """
format = 1
name = "Five on a ball, none the mirror of another, the listener aside and turned"
[listener]
distance_m = 1.6
left_m = 0.25
yaw_deg = 6
[enclosure]
shape = "sphere"
radius_m = 0.09
""" + "".join(
    f'[[driver]]\nname = "d{n}"\nchannel = {n + 1}\nazimuth_deg = {azimuth}\nelevation_deg = {elevation}\ndiameter_m = 0.04\n'
    for n, (azimuth, elevation) in enumerate([(8, 0), (62, 10), (-80, -5), (140, 0), (-155, 12)])
)


def render(tmp_path, x, fs, rig):
    source, result = tmp_path / "in.wav", tmp_path / "out.wav"
    sf.write(source, x, fs, subtype="FLOAT")
    assert main(["render", str(source), str(result), "--rig", rig, "-f"]) == 0
    y, rate = sf.read(result, dtype="float64", always_2d=True)
    assert rate == fs
    return y


def ears_hear(y, fs, rig_name):
    """Power at the left and the right ear, 800 Hz-8 kHz, at frequencies where the feeds are transformed directly."""
    rig_file = load_rig(rig_name)
    f = np.geomspace(800, 8000, 48)
    feeds = np.exp(-2j * np.pi * np.outer(f, np.arange(len(y))) / fs) @ y
    if rig_file.rig.kind == "headphones":
        return (np.abs(feeds) ** 2).sum(axis=0)
    listener = rig_file.scene.listener
    if rig_file.rig.enclosure.shape == "sphere":
        h = ears_by_projection(rig_file.rig, head_centre(listener), listener.yaw_deg, listener.head_radius_m, f)
    else:
        h = transfer_matrix(rig_file.rig, Ears.of(listener), f)
    channels = [driver.channel - 1 for driver in rig_file.rig.drivers]
    return (np.abs(np.einsum("fen,fn->fe", h, feeds[:, channels])) ** 2).sum(axis=0)


@pytest.mark.parametrize("rig", RIGS)
def test_left_is_louder_at_the_left_ear_and_right_at_the_right(tmp_path, rig):
    noise = 0.1 * np.random.default_rng(1).standard_normal(24000)
    silent = np.zeros_like(noise)
    left = ears_hear(render(tmp_path, np.column_stack([noise, silent]), 48000, rig), 48000, rig)
    right = ears_hear(render(tmp_path, np.column_stack([silent, noise]), 48000, rig), 48000, rig)
    assert left[0] > 1.5 * left[1]
    assert right[1] > 1.5 * right[0]


def test_an_asymmetric_rig_puts_left_to_the_left_ear_and_mono_where_it_stands(tmp_path):
    """A world that is mirrored throughout shows on no axis; at the ears of a listener aside it does."""
    rig = tmp_path / "leaning.toml"
    rig.write_text(LEANING_BALL)
    noise = 0.1 * np.random.default_rng(5).standard_normal(24000)
    silent = np.zeros_like(noise)
    left, right, mono = (
        10 * np.log10(ears_hear(render(tmp_path, np.column_stack(x), 48000, str(rig)), 48000, str(rig)))
        for x in ((noise, silent), (silent, noise), (noise, noise))
    )
    assert left[0] > left[1] + 4 and right[1] > right[0] + 4
    assert abs((left[0] - left[1]) - (right[1] - right[0])) < 0.5
    assert 2 < mono[1] - mono[0] < 5  # the rig, where the centre comes from, stands 15 degrees to the right of the nose


@pytest.mark.parametrize("rig", RIGS)
def test_mono_is_in_the_middle_within_a_tenth_of_a_db(tmp_path, rig):
    noise = 0.1 * np.random.default_rng(2).standard_normal(24000)
    ears = ears_hear(render(tmp_path, noise, 48000, rig), 48000, rig)
    assert abs(10 * np.log10(ears[0] / ears[1])) < 0.1


def check_music(y, frames, drivers):
    assert y.shape[1] == drivers
    assert np.isfinite(y).all()
    assert np.abs(y).max() <= CEILING + 1e-6
    assert len(y) >= frames
    assert np.all(np.sqrt(np.mean(y**2, axis=0)) > 1e-3)


@pytest.mark.parametrize(("rig", "drivers"), RIGS.items())
def test_synthesised_music_comes_out_whole(tmp_path, rig, drivers):
    x = demo_scene()[: 4 * 48000]
    check_music(render(tmp_path, x, 48000, rig), len(x), drivers)


@pytest.mark.skipif(not STEMS[0].exists(), reason=f"no music in {STEMS[0].parent}; name the shared folder in SPATIAL_SHARED")
@pytest.mark.parametrize(("rig", "drivers"), RIGS.items())
def test_real_music_comes_out_whole(tmp_path, rig, drivers):
    (backing, fs), (lead, _) = (sf.read(path, always_2d=True) for path in STEMS)
    mix = backing + lead
    check_music(render(tmp_path, mix, fs, rig), len(mix), drivers)
