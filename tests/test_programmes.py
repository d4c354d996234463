"""Programmes of other channels than stereo: bank, chain, render and live playback. Truth: NumPy's convolution of each channel."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from sound_cards import FileCard, needs_portaudio
from sounds import FS, bank

from spatial import FilterMatrix
from spatial.bank.recipe import PATHS, ROLES, RenderRecipe
from spatial.base.errors import InputError, UsageError
from spatial.cli import main
from spatial.dsp.backends import engine_available
from spatial.dsp.make import make_chain_of_parts
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions, chain_of, chain_plan

SURROUND = ("left", "right", "center", "lfe", "left_surround", "right_surround")
needs_core = pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
ENGINES = [pytest.param("c", marks=needs_core), "numba", "numpy"]
PLAIN = RenderOptions(gain_db=0.0, limiter=False)


def surround_bank(drivers=4, n_taps=300, *, programme=SURROUND, inputs=None, seed=3, **changes):
    """Filters of decaying noise from each of a programme's channels to each driver."""
    inputs = inputs or programme
    taps = np.random.default_rng(seed).standard_normal((drivers, len(inputs), n_taps)) * np.exp(-np.arange(n_taps) / 60) * 0.1
    names, channels = tuple(f"d{k}" for k in range(drivers)), tuple(range(1, drivers + 1))
    made = FilterMatrix(taps, FS, 20, inputs, names, channels, RenderRecipe("off"), programme=programme)
    return made.replace(**changes)


def sound(n=20000, channels=6, seed=1):
    return (0.3 * np.random.default_rng(seed).uniform(-1, 1, (channels, n))).astype(np.float32)


def convolved(filters, x):
    """(drivers, frames + taps - 1), channel by channel."""
    inputs = [filters.input_index(channel) for channel in filters.programme]
    return np.array([sum(np.convolve(x[k], taps[i]) for k, i in enumerate(inputs)) for taps in filters.taps])


# ---------------------------------------------------------------------------------------------------------------------- bank


def test_a_bank_keeps_its_programme(tmp_path):
    made = surround_bank()
    made.save(tmp_path / "bank.npz")
    loaded = FilterMatrix.load(tmp_path / "bank.npz")
    assert loaded.programme == loaded.paths == SURROUND and loaded.content_hash() == made.content_hash()
    assert loaded.to_bytes() == made.to_bytes() == (tmp_path / "bank.npz").read_bytes()
    other = made.replace(programme=SURROUND[:4])
    assert other.content_hash() != made.content_hash()


def header_of(content, path):
    path.write_bytes(content)
    return json.loads(bytes(np.load(path)["header"]))


def test_a_bank_for_stereo_is_written_as_ever(tmp_path):
    """Format 1 says nothing of a programme."""
    said = header_of(bank(3).to_bytes(), tmp_path / "stereo.npz")
    assert said["format"] == 1 and "programme" not in said
    assert header_of(surround_bank().to_bytes(), tmp_path / "surround.npz")["format"] == 2
    assert FilterMatrix.load(tmp_path / "stereo.npz").programme == ("left", "right")


def test_the_programme_belongs_to_the_hash(tmp_path):
    with np.load(_saved(surround_bank(), tmp_path)) as stored:
        arrays = dict(stored)
    arrays["header"] = np.frombuffer(bytes(arrays["header"]).replace(b'"lfe"', b'"back"'), np.uint8)
    np.savez(tmp_path / "turned.npz", **arrays)
    with pytest.raises(InputError):
        FilterMatrix.load(tmp_path / "turned.npz")


def _saved(made, folder):
    made.save(folder / "saved.npz")
    return folder / "saved.npz"


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"programme": ("left", "right", "middle")}, "no channel is called 'middle'"),
        ({"programme": ()}, "programme"),
        ({"programme": ("left", "left")}, "'left' stands there twice"),
        ({"programme": ("left", "right", "back")}, "no filters for back"),
        ({"recipe": RenderRecipe("directional")}, "upmix 'directional' splits left and right"),
    ],
)
def test_what_a_programme_cannot_be_is_refused(changes, words):
    with pytest.raises(UsageError, match=words):
        surround_bank().replace(**changes)


def test_every_role_can_be_played():
    made = surround_bank(2, 8, programme=tuple(ROLES))
    assert chain_of(made, PLAIN).process(sound(128, len(ROLES))).shape == (2, 128)


# --------------------------------------------------------------------------------------------------------------------- chain


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("programme", [SURROUND, ("center",), ("left", "right", "back"), tuple(ROLES)], ids=len)
def test_a_chain_convolves_every_channel(engine, programme, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    filters = surround_bank(programme=programme)
    x = sound(channels=len(programme))
    padded = np.pad(x, ((0, 0), (0, -x.shape[1] % 128 + 512)))
    y = chain_of(filters, PLAIN).process(padded)
    np.testing.assert_allclose(y[:, : x.shape[1] + 299], convolved(filters, x), rtol=0, atol=2e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_inputs_that_no_channel_feeds_are_passed_over(engine, monkeypatch):
    """And the order of the filters need not be that of the file."""
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    filters = surround_bank(programme=("right", "back", "left"), inputs=("left", "height", "back", "right"))
    x = sound(1280, 3)
    y = chain_of(filters, PLAIN).process(x)
    np.testing.assert_allclose(y, convolved(filters, x)[:, :1280], rtol=0, atol=2e-6)


@needs_core
def test_core_and_chain_of_parts_agree_whatever_is_switched(monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    plan = chain_plan(surround_bank(), RenderOptions(gain_db=3.0))
    chains = chain_of(plan.bank, RenderOptions(gain_db=3.0)), make_chain_of_parts(plan)
    x = sound(40 * 256)
    for step in range(40):
        for chain in chains:
            if step == 5:
                chain.set_path_gain("lfe", 0.25)
            if step == 15:
                chain.set_bypass(True)
            if step == 25:
                chain.set_bypass(False)
                chain.set_mute(True)
        one, other = (chain.process(x[:, step * 256 : (step + 1) * 256], material=100 if step == 39 else None) for chain in chains)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_bypass_sends_every_channel_to_the_driver_that_has_most_of_it(engine, monkeypatch):
    """Channels that share a driver are lower by the square root of their number."""
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    taps = np.zeros((3, 6, 64))
    for channel, driver in enumerate((0, 1, 2, 2, 0, 2)):
        taps[driver, channel, 20] = 1
    filters = surround_bank(3).replace(taps=taps)
    assert filters.bypass_drivers() == (0, 1, 2, 2, 0, 2)
    x = sound(1024)
    y = chain_of(filters, RenderOptions(gain_db=0.0, limiter=False, bypass=True)).process(x)
    expected = np.stack([(x[0] + x[4]) / np.sqrt(2), x[1], (x[2] + x[3] + x[5]) / np.sqrt(3)])
    np.testing.assert_allclose(y[:, 20:], expected[:, :-20], rtol=0, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_another_number_of_channels_is_refused(engine, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    chain = chain_of(surround_bank(), PLAIN)
    with pytest.raises(UsageError, match=r"\(6, frames\)"):
        chain.process(sound(128, 5))


# -------------------------------------------------------------------------------------------------------------------- render


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_of_six_channels_is_rendered(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", engine)
    filters, x = surround_bank(), sound()
    soundfile.write(tmp_path / "in.wav", x.T, FS, subtype="FLOAT")
    report = render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, PLAIN)
    y = soundfile.read(tmp_path / "out.wav")[0].T
    truth = convolved(filters, x)[:, 20:]
    assert y.shape == truth.shape and report.input_channels == 6
    np.testing.assert_allclose(y, truth, rtol=0, atol=2e-6)


def test_a_path_is_a_channel_of_the_programme(tmp_path):
    filters, x = surround_bank(), sound()
    filters.save(tmp_path / "bank.npz")
    soundfile.write(tmp_path / "in.wav", x.T, FS, subtype="FLOAT")
    argv = ["render", str(tmp_path / "in.wav"), str(tmp_path / "out.wav"), "-b", str(tmp_path / "bank.npz"), "-L", "-g", "0"]
    assert main([*argv, "--solo", "left_surround"]) == 0
    x[[0, 1, 2, 3, 5]] = 0
    np.testing.assert_allclose(soundfile.read(tmp_path / "out.wav")[0].T, convolved(filters, x)[:, 20:], rtol=0, atol=2e-6)
    assert main([*argv, "-f", "--solo", "back"]) == 2


@pytest.mark.parametrize("channels", [1, 2, 5, 7])
def test_a_file_of_other_channels_is_refused(channels, tmp_path):
    soundfile.write(tmp_path / "in.wav", sound(channels=channels).T, FS)
    with pytest.raises(InputError, match=f"{channels} channels, the programme has 6"):
        render_file(tmp_path / "in.wav", tmp_path / "out.wav", surround_bank())
    soundfile.write(tmp_path / "six.wav", sound().T, FS)
    with pytest.raises(InputError, match="6 channels; mono and stereo are read"):
        render_file(tmp_path / "six.wav", tmp_path / "out.wav", bank(3))


def test_six_channels_at_another_rate(tmp_path):
    """Truth: each channel resampled and rendered by itself, the others silent."""
    filters, x = surround_bank(), sound(4000)
    x[:, :500] = x[:, -500:] = 0
    options = RenderOptions(gain_db=0.0, limiter=False, resample=True)
    outputs = []
    for solo in [slice(None), *range(6)]:
        alone = np.zeros_like(x)
        alone[solo] = x[solo]
        soundfile.write(tmp_path / "in.wav", alone.T, 44100, subtype="FLOAT")
        render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, options, force=True)
        outputs.append(soundfile.read(tmp_path / "out.wav")[0])
    assert len(outputs[0]) == round(4000 * 48000 / 44100) + 299 - 20
    np.testing.assert_allclose(outputs[0], sum(outputs[1:]), rtol=0, atol=2e-6)


def test_loudness_of_a_programme_weighs_its_channels(tmp_path):
    """BS.1770-5: surrounds 1.5 dB up, LFE not at all. 997 Hz at full scale in one channel of weight 1 is -3.01 LUFS."""
    tone = np.sin(2 * np.pi * 997 * np.arange(2 * FS) / FS)
    levels = {}
    for k, channel in enumerate(SURROUND):
        x = np.zeros((2 * FS, 6))
        x[:, k] = tone
        soundfile.write(tmp_path / "in.wav", x, FS, subtype="FLOAT")
        levels[channel] = render_file(tmp_path / "in.wav", tmp_path / "out.wav", surround_bank(), force=True).input_lufs
    assert levels.pop("lfe") is None
    for channel, lufs in levels.items():
        assert abs(lufs + 3.01 - (1.49 if "surround" in channel else 0)) < 0.05


# ---------------------------------------------------------------------------------------------------------------------- live

ENTRY = "import sys, spatial.session.live as p; p.LOOK_S = 0.002; from spatial.cli import main; sys.exit(main())"


@needs_core
@pytest.mark.parametrize("captured", [0, 6])
def test_callbacks_give_what_the_chain_gives(captured):
    from spatial.dsp.core.chain import CoreChain
    from spatial.dsp.core.live import CoreLive, ffi, lib

    plan, x = chain_plan(surround_bank(), PLAIN), sound(128 * 100)
    truth = CoreChain(plan).process(x)
    player = CoreLive(CoreChain(plan), 4, 128, n_captured=captured)
    if not captured:
        assert player.write(x) == x.shape[1]
        with pytest.raises(UsageError, match="programme"):
            player.write(x[:2])
        player.end()
    out = []
    for begin in range(0, x.shape[1], 128):
        now = np.ascontiguousarray(x[:, begin : begin + 128].T)
        block = np.zeros((128, 4), np.float32)
        given = ffi.from_buffer("char[]", now) if captured else ffi.NULL
        lib.sp_live_callback(given, ffi.from_buffer("char[]", block), 128, ffi.NULL, 0, ffi.cast("void *", player.user))
        out.append(block)
    assert np.array_equal(np.concatenate(out).T, truth)


@needs_core
def test_another_programme_is_no_switch():
    from spatial.dsp.core.chain import CoreChain
    from spatial.dsp.core.live import CoreLive

    player = CoreLive(CoreChain(chain_plan(surround_bank(), PLAIN)), 4, 128)
    with pytest.raises(UsageError, match="2 programme channels"):
        player.switch(CoreChain(chain_plan(bank(3, paths=PATHS), PLAIN)))


@needs_core
@needs_portaudio
@pytest.mark.parametrize("host_block", [100, 256])
def test_six_channels_are_played_as_they_are_rendered(tmp_path, host_block):
    card, filters = FileCard(tmp_path), surround_bank()
    filters.save(tmp_path / "bank.npz")
    soundfile.write(tmp_path / "in.wav", sound(30000).T, FS, subtype="FLOAT")
    render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, RenderOptions(keep_latency=True))
    truth = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    argv = [sys.executable, "-c", ENTRY, "play", "in.wav", "--bank", "bank.npz", "--host-block", str(host_block)]
    child = subprocess.run(argv, env=card.env, capture_output=True, cwd=tmp_path, timeout=120)
    assert child.returncode == 0, child.stderr
    truth = truth[np.argmax(truth.any(axis=1)) :]
    played = card.frames(4)
    assert np.array_equal(played[: len(truth)], truth) and not played[len(truth) :].any()
