"""The chain: controls that never click, bypass in time, the same bits for all call sizes.

Truth: the chain of Python parts, closed forms.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS, bank, error_db, in_pieces, noise, straight_through

from spatial.bank.recipe import PATHS, RenderRecipe
from spatial.base.errors import UsageError
from spatial.dsp.backends import engine_available
from spatial.dsp.make import make_chain_of_parts
from spatial.dsp.twins.chain import Fade
from spatial.session.options import RenderOptions, chain_of, chain_plan

WITH_CORE = pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
ENGINES = [pytest.param("c", marks=WITH_CORE), "numpy"]
FADE = round(0.020 * FS)
RAW = RenderOptions(gain_db=0.0, limiter=False)


def core_chain(filters, options=None):
    from spatial.dsp.core.chain import CoreChain

    return CoreChain(chain_plan(filters, options or RenderOptions()))


@pytest.fixture(params=ENGINES)
def make(request, monkeypatch):
    """chain_of where the engine is this one."""
    monkeypatch.setenv("SPATIAL_ENGINE", request.param)
    return chain_of


def smooth_step(n):
    """Values of a fade from 0 to 1 and then 1, n of them."""
    t = np.minimum(np.arange(1, n + 1) / FADE, 1)
    return t * t * (3 - 2 * t)


def turn(chain, control):
    """Set (name, value), ("gain", 0.5) or ("left", 0.5)."""
    name, value = control
    if name in PATHS:
        chain.set_path_gain(name, value)
    else:
        getattr(chain, f"set_{name}")(value)


# -------------------------------------------------------------------------------------------------- core against parts


CONTROLS = st.one_of(
    st.tuples(st.sampled_from([*PATHS, "gain"]), st.sampled_from([0.0, 0.5, 1.0, 2.0])),
    st.tuples(st.sampled_from(["mute", "bypass"]), st.booleans()),
)


@WITH_CORE
@settings(max_examples=25, deadline=None)
@given(
    recipe=st.sampled_from(
        [("off", 0.0), ("matrix", 0.0), ("directional", 0.0), ("directional", 2.7), ("directional", 21.0), ("projection", 2.7)]
    ),
    events=st.lists(st.tuples(st.integers(0, 40), CONTROLS), max_size=8),
    block=st.sampled_from([16, 128, 512]),
    bypass=st.booleans(),
    limiter=st.booleans(),
    material=st.integers(0, 127),
    seed=st.integers(0, 1000),
)
def test_the_core_is_the_chain_of_its_parts_bit_for_bit(recipe, events, block, bypass, limiter, material, seed):
    """Both on the core's upmix, convolver and (within a step of its gain) limiter."""
    filters, options = bank(3).replace(recipe=RenderRecipe(*recipe)), RenderOptions(block=block, bypass=bypass, limiter=limiter)
    chains = core_chain(filters, options), make_chain_of_parts(chain_plan(filters, options))
    x = noise(512 * 12, level_db=0.0, seed=seed).T
    outputs = [[], []]
    for i, call in enumerate(np.split(x, 12, axis=1)):
        for place, control in events:
            if place == i:
                for chain in chains:
                    turn(chain, control)
        for chain, out in zip(chains, outputs, strict=True):
            out.append(chain.process(call if i < 11 else np.where(np.arange(512) < material, call, 0), 512 if i < 11 else material))
    a, b = (np.concatenate(out, axis=1) for out in outputs)
    assert np.array_equal(a, b)
    assert chains[0].latency == chains[1].latency and chains[0].tail == chains[1].tail


@WITH_CORE
@pytest.mark.parametrize("upmix", ["off", "matrix", "directional"])
def test_the_core_and_the_numpy_fallback_agree(upmix, monkeypatch):
    """At a level where the limiter acts all the time; the twins of the parts differ by their rounding."""
    x = noise(FS // 2, level_db=-6.0).T[:, : 128 * 180]
    filters = bank(3, upmix=upmix)
    a = core_chain(filters).process(x)
    monkeypatch.setenv("SPATIAL_ENGINE", "numpy")
    chain = chain_of(filters)
    b = chain.process(x)
    assert chain.limiter.limited_frames > 10000
    assert error_db(a, b) < -90


@WITH_CORE
@pytest.mark.parametrize("upmix", ["matrix", "directional"])
def test_instruction_sets_give_the_same_bits(upmix, monkeypatch):
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.core.calls import INSTRUCTION_SETS

    x = noise(128 * 100, level_db=0.0).T
    results = []
    for name, isa in INSTRUCTION_SETS.items():
        if lib.sp_instruction_set_name(isa) != ffi.NULL:
            monkeypatch.setenv("SPATIAL_ISA", name)
            results.append(core_chain(bank(5, upmix=upmix)).process(x))
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.parametrize("upmix", ["matrix", "directional"])
def test_call_sizes_do_not_change_a_bit_while_controls_fade(make, upmix):
    x = noise(128 * 60, level_db=0.0).T
    outputs = []
    for sizes in ([128], [128 * 7, 128 * 2], [128 * 60]):
        chain = make(bank(3, upmix=upmix))
        first = in_pieces(chain.process, x[:, : 128 * 20], sizes)
        chain.set_gain(0.25)
        chain.set_bypass(True)
        chain.set_path_gain("center", 0.0)
        outputs.append(np.concatenate([first, in_pieces(chain.process, x[:, 128 * 20 :], sizes)], axis=1))
    assert all(np.array_equal(out, outputs[0]) for out in outputs)


# ------------------------------------------------------------------------------------------------------------ controls


def test_what_is_set_before_the_start_holds_from_the_first_frame(make):
    x = noise(1280).T
    plain = make(bank(3), RAW).process(x)
    chain = make(bank(3), RAW)
    chain.set_gain(0.5)
    assert np.array_equal(chain.process(x), plain * np.float32(0.5))
    chain.set_gain(0.25)
    chain.reset()
    assert np.array_equal(chain.process(x), plain * np.float32(0.25))


@pytest.mark.parametrize("control", [("gain", 0.25), ("mute", True), ("left", 0.0)])
def test_a_gain_goes_smoothly_to_where_it_is_wanted(make, control):
    """Constant input through wires: the gain can be read off. Closed form: 3 t^2 - 2 t^3 over 20 ms."""
    x = np.full((2, 128 * 30), 0.5, np.float32)
    chain = make(straight_through(), RAW)
    before = chain.process(x[:, :1280])
    turn(chain, control)
    after = chain.process(x[:, 1280:])
    assert np.allclose(before, 0.5, atol=1e-6)
    end = {"gain": 0.25, "mute": 0.0, "left": 0.0}[control[0]]
    heard = after[0] / 0.5
    assert np.allclose(heard, 1 + (end - 1) * smooth_step(len(heard)), atol=1e-6)
    assert np.allclose(after[1], 0.5, atol=1e-6) == (control[0] == "left")


def test_a_change_during_a_fade_waits_for_its_end(make):
    x = np.ones((2, 128 * 40), np.float32)
    chain = make(straight_through(), RAW)
    chain.process(x[:, :128])
    chain.set_gain(0.0)
    first = chain.process(x[:, :256])
    chain.set_gain(0.5)
    chain.set_gain(2.0)  # the latest wins
    y = np.concatenate([first, chain.process(x[:, : 128 * 30])], axis=1)[0]
    turned = -(-FADE // 128) * 128  # the next block after the fade
    assert np.allclose(y[:turned], 1 - smooth_step(turned), atol=1e-6)
    assert np.allclose(y[turned:], 2 * smooth_step(len(y) - turned), atol=1e-6)


def test_mute_and_gain_are_independent(make):
    x = np.full((2, 128 * 20), 0.5, np.float32)
    chain = make(straight_through(), RAW)
    chain.set_mute(True)
    assert not chain.process(x).any()
    chain.set_gain(0.5)
    assert not chain.process(x).any()
    chain.set_mute(False)
    assert chain.process(x)[0, -1] == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize("name", ["gain", "mute", "bypass", "center"])
def test_no_control_clicks(make, name):
    """A 50 Hz tone while a control goes to and fro: above 2 kHz nothing is heard. The same jump made at once is the control."""
    t = np.arange(128 * 500) / FS
    x = np.tile((0.3 * np.sin(2 * np.pi * 50 * t)).astype(np.float32), (2, 1))
    chain = make(straight_through(n_taps=8, latency=3, upmix="matrix"), RAW)
    if name == "bypass":
        chain.set_path_gain("center", 0.3)
    pieces = []
    for i, piece in enumerate(np.split(x, 10, axis=1)):
        turn(chain, (name, {"gain": 0.3 if i % 2 else 1.0, "center": 0.3 if i % 2 else 1.0}.get(name, bool(i % 2))))
        pieces.append(chain.process(piece))
    y = np.concatenate(pieces, axis=1)[0].astype(np.float64)
    at_once = x[0] * np.repeat(np.arange(10) % 2, len(t) // 10)

    def high_db(signal):
        frames = np.lib.stride_tricks.sliding_window_view(signal, 1024)[::256] * np.blackman(1024)
        power = np.abs(np.fft.rfft(frames)) ** 2
        return 10 * np.log10(power[:, 43:].sum(axis=1).max() / power.sum(axis=1).max())

    assert high_db(y) < -100 < -50 < high_db(at_once)
    assert np.ptp(np.abs(y).reshape(10, -1)[1:, 2000:].max(axis=1)) > 0.1  # the control did something


def test_bypass_is_in_time_with_the_filters_at_every_moment(make):
    """Filters that are wires: switching to and fro leaves the sound as it is, to the frame, upmix and all."""
    x = noise(128 * 200).T
    chain = make(straight_through(latency=30, upmix="directional"), RAW)
    pieces = []
    for i, piece in enumerate(np.split(x, 10, axis=1)):
        chain.set_bypass(bool(i % 2))
        pieces.append(chain.process(piece))
    y = np.concatenate(pieces, axis=1)
    late = chain.latency.total
    assert late == 30 + 1024
    assert error_db(y[:, late:], x[:, :-late]) < -120


def test_filters_that_rest_in_bypass_are_ready_at_once(make):
    """Back from bypass the filters sound as if there had been none: their past is kept."""
    x = noise(128 * 100).T
    chain, plain = make(bank(3, upmix="directional"), RAW), make(bank(3, upmix="directional"), RAW)
    chain.set_bypass(True)
    bypassed = chain.process(x[:, : 128 * 60])
    chain.set_bypass(False)
    y, truth = np.concatenate([bypassed, chain.process(x[:, 128 * 60 :])], axis=1), plain.process(x)
    assert np.array_equal(y[:, 128 * 60 + FADE :], truth[:, 128 * 60 + FADE :])
    assert not np.array_equal(y[:, : 128 * 60], truth[:, : 128 * 60])


def test_garbage_is_stopped_at_the_entrance_and_counted_once(make):
    x = noise(128 * 100).T
    clean = x.copy()
    x[0, [300, 9000]], x[1, 5000] = (np.nan, 1e8), -np.inf
    clean[0, [300, 9000]], clean[1, 5000] = 0, 0
    chain = make(bank(3, upmix="matrix"))
    assert np.array_equal(chain.process(x), make(bank(3, upmix="matrix")).process(clean)) and chain.discarded == 3
    chain.reset()
    assert chain.discarded == 0


@pytest.mark.parametrize("end", [128 * 30, 128 * 30 + 50])
def test_no_path_sounds_longer_than_the_programme(make, end):
    """What comes after the end through wires is silence, though the upmix's windows reach beyond; the convolution rounds at -140 dB."""
    x = noise(128 * 60).T * (np.arange(128 * 60) < end)
    chain = make(straight_through(upmix="directional"), RAW)
    chain.set_path_gain("center", 0.0)
    y = np.concatenate([chain.process(x[:, : 128 * 30]), chain.process(x[:, 128 * 30 :], max(end - 128 * 30, 0))], axis=1)
    late = chain.latency.total
    assert np.abs(y[:, end + late - 50 : end + late]).max() > 0.01
    assert np.abs(y[:, end + late :]).max() < 1e-7


def test_what_the_chain_refuses(make):
    chain = make(bank(3, paths=("left", "right")))
    with pytest.raises(UsageError, match="center"):
        chain.set_path_gain("center", 1.0)
    with pytest.raises(UsageError, match="multiple of the block"):
        chain.process(np.zeros((2, 100), np.float32))
    with pytest.raises(UsageError, match="left and right are needed"):
        make(bank(3, paths=("left", "center")))


@WITH_CORE
def test_the_core_refuses_what_is_outside_its_domain():
    from spatial.dsp.core._core import ffi, lib

    taps = ffi.new("float[]", 2 * 3 * 8)
    convolver = {"n_inputs": 3, "n_outputs": 2, "n_taps": 8, "block": 64, "exact_blocks": 1, "instruction_set": 0}
    good = {"fs": 48000, "n_inputs": 2, "convolver": convolver, "upmix": 1, "strength": 1.0, "limiter": 1, "bypass_outputs": [0, 1]}
    error = ffi.new("int *")

    def tried(n_paths=3, **changes):
        of_convolver = {key: value for key, value in changes.items() if key in convolver and key not in good} | {"n_inputs": n_paths}
        plan = good | {key: value for key, value in changes.items() if key in good or key not in convolver}
        plan["convolver"] = convolver | of_convolver
        made = lib.sp_chain_new(ffi.new("sp_chain_plan *", plan), taps, error)
        lib.sp_chain_free(made)
        assert (made == ffi.NULL) == (error[0] != lib.SP_OK)
        return error[0]

    assert tried() == lib.SP_OK
    assert tried(fs=0) == tried(fs=float("nan")) == tried(fs=1e7) == tried(strength=1.5) == lib.SP_ERROR_SETTING
    assert tried(n_inputs=0) == tried(n_inputs=4) == tried(n_inputs=65, n_paths=65) == tried(n_paths=1) == lib.SP_ERROR_INPUTS
    assert tried(upmix=0, n_inputs=3) == tried(upmix=0, n_inputs=1, n_paths=1) == tried(upmix=0, n_paths=2) == lib.SP_OK
    assert tried(n_outputs=65) == lib.SP_ERROR_OUTPUTS
    assert tried(exact_blocks=0) == tried(limiter=2) == lib.SP_ERROR_FLAG
    assert tried(upmix=-1) == tried(upmix=4) == tried(upmix=3) == tried(n_paths=2) == tried(n_inputs=3) == lib.SP_ERROR_UPMIX
    assert tried(upmix=2, upmix_n=100, upmix_span=50) == lib.SP_ERROR_WINDOW
    assert tried(upmix=2, fs=3000) == lib.SP_ERROR_SETTING  # too low for the bands of an upmix without delay
    assert tried(bypass_outputs=[0, 2]) == tried(bypass_outputs=[-1, 0]) == tried(bypass_delay=-1) == lib.SP_ERROR_BYPASS
    assert tried(block=100) == lib.SP_ERROR_BLOCK
    assert tried(instruction_set=99) == lib.SP_ERROR_INSTRUCTION_SET


def test_a_fade_that_nobody_asked_for_is_one_number():
    fade = Fade(960)
    assert not fade.moving and fade.values(128) == 1
    fade.wanted = 0.5
    assert fade.moving and fade.values(128).shape == (128,)
