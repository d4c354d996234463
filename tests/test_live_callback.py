"""The callback of live playback, called as a device would call it: the frames of a render, whatever the sizes of the calls."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import FS, bank, float_wav, noise, straight_through

from spatial.base.errors import UsageError
from spatial.dsp.backends import engine_available
from spatial.session.offline import render_file
from spatial.session.options import RenderOptions

if not engine_available("c"):
    pytest.skip("the C core is not built (needs gcc, libc6-dev and python3-dev)", allow_module_level=True)

from spatial.dsp.core import live as c_live
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.chain import CoreChain
from spatial.session.options import chain_plan

UNDERFLOW = 4


def make_live(filters, options=None, channels=None, host_block=0, **more):
    """A live with its chain, ready to be written to."""
    chain = CoreChain(chain_plan(filters, options or RenderOptions()))
    return c_live.CoreLive(chain, channels or filters.n_channels, host_block, **more)


def call(live, frames, captured=None, flags=0):
    """One callback: (frames, channels). What it finds in the device's buffer is garbage."""
    out = np.full((frames, live.n_channels), np.nan, np.float32)
    given = ffi.NULL if captured is None else ffi.from_buffer("float[]", np.ascontiguousarray(captured, np.float32))
    assert lib.sp_live_callback(given, ffi.from_buffer("float[]", out), frames, ffi.NULL, flags, ffi.cast("void *", live.user)) == 0
    return out


def play(live, x, sizes, frames):
    """The programme (frames, 2) through callbacks of the given sizes, over and over; what the device gets, so many frames of it."""
    x = np.ascontiguousarray(x.T)
    out, given, written, i = [], 0, 0, 0
    while given < frames:
        written += live.write(np.ascontiguousarray(x[:, written:]))
        if written == x.shape[1]:
            live.end()
        out.append(call(live, sizes[i % len(sizes)]))
        given, i = given + len(out[-1]), i + 1
    return np.concatenate(out)[:frames]


@pytest.fixture
def rendered(tmp_path):
    """(frames, channels) of ``render --keep-latency``."""

    def run(x, filters, **options):
        (tmp_path / "in.wav").write_bytes(float_wav(x))
        render_file(tmp_path / "in.wav", tmp_path / "out.wav", filters, RenderOptions(keep_latency=True, **options), force=True)
        return soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)[0]

    return run


VARYING = [1, 100, 441, 7, 1024, 128, 3000]


@pytest.mark.parametrize("drivers", [2, 5, 8])
@pytest.mark.parametrize("upmix", ["off", "matrix", "projection", "directional"])
@pytest.mark.parametrize("host_block", [64, 100, 256, 1000, 1024, 0])
def test_what_is_played_is_what_is_rendered(rendered, host_block, upmix, drivers):
    filters = bank(drivers, upmix=upmix)
    x = noise(20000, level_db=-3)
    truth = rendered(x, filters)
    live = make_live(filters, host_block=host_block)
    assert live.latency == (0 if host_block in (256, 1024) else 128)
    y = play(live, x, [host_block] if host_block else VARYING, len(truth) + 5000)
    assert np.array_equal(y[live.latency :][: len(truth)], truth)
    assert not y[: live.latency].any() and not y[live.latency + len(truth) :].any()
    figures = live.read()
    assert figures.finished and figures.position == 20000 and figures.dry == 0 and figures.frames >= len(y)


@pytest.mark.parametrize("drivers", [2, 16])
def test_sixteen_drivers_and_an_odd_plan_block(rendered, drivers):
    filters = bank(drivers, 777, upmix="directional")
    x = noise(9000)
    truth = rendered(x, filters, block=1024)
    live = make_live(filters, RenderOptions(block=1024), host_block=256)
    assert live.latency == 1024
    y = play(live, x, [256], 1024 + len(truth))
    assert np.array_equal(y[1024:], truth)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=6),
    block=st.sampled_from([16, 64, 128, 512]),
    host_block=st.sampled_from([0, 512]),
    frames=st.integers(0, 4000),
)
def test_no_size_of_call_changes_a_bit(sizes, block, host_block, frames):
    """Also where the device breaks its word about the host block, and for a programme of no frames."""
    filters = bank(2, upmix="matrix")
    chain = CoreChain(chain_plan(filters, RenderOptions(block=block)))
    x = noise(frames)
    length = -(-(frames + chain.tail) // block) * block
    truth = chain.process(np.pad(x, ((0, length - frames), (0, 0))).T, material=frames).T[: frames + chain.tail]
    live = make_live(filters, RenderOptions(block=block), host_block=host_block)
    y = play(live, x, sizes, live.latency + len(truth) + 100)
    assert np.array_equal(y[live.latency :][: len(truth)], truth) and not y[live.latency + len(truth) :].any()


def test_channels_that_no_driver_has_are_silent_also_on_a_larger_device(rendered):
    """Case 10, python-sounddevice #18: a map to 1, 3, 6 plays on 1, 3, 6 and nowhere else."""
    gaps, plain = bank(3, channels=(1, 3, 6)), bank(3)
    x = noise(5000)
    truth = rendered(x, plain)
    live = make_live(gaps, channels=10)
    y = play(live, x, [333], 128 + len(truth))
    assert np.array_equal(y[128:, [0, 2, 5]], truth)
    assert not y[:, [1, 3, 4, 6, 7, 8, 9]].any()


def test_frames_count_on_beyond_32_bits(rendered):
    filters = bank(2, upmix="directional")
    x = noise(30000)
    truth = rendered(x, filters)
    live = make_live(filters, first_frame=2**32 - 10000)
    y = play(live, x, [1000], 128 + len(truth))
    assert np.array_equal(y[128:], truth)
    assert live.read().position == 2**32 + 20000


def test_a_device_input_is_the_programme():
    filters = bank(2)
    x = noise(128 * 80)
    truth = CoreChain(chain_plan(filters, RenderOptions())).process(x.T).T
    for host_block, sizes in ((256, [256]), (0, VARYING), (100, [100])):
        live = make_live(filters, host_block=host_block, n_captured=2)
        y, i = [], 0
        while sum(map(len, y)) < 9000:
            start, size = sum(map(len, y)), sizes[i % len(sizes)]
            y.append(call(live, size, x[start : start + size]))
            i += 1
        assert np.array_equal(np.concatenate(y)[live.latency : 9000], truth[: 9000 - live.latency])
    mono = make_live(filters, n_captured=1)
    both = np.repeat(x[:, :1], 2, axis=1)
    truth = CoreChain(chain_plan(filters, RenderOptions())).process(both.T).T
    assert np.array_equal(call(mono, 9000, x[:9000, :1])[128:], truth[: 9000 - 128])


def test_an_input_whose_device_breaks_its_word_plays_on():
    """Blocks of 256 were promised, others come: a short gap, as much more latency, then the input again."""
    options = RenderOptions(gain_db=0.0, limiter=False)
    live = make_live(straight(), options, host_block=256, n_captured=2)
    x = tone(20000)
    y = np.concatenate([call(live, 256, x[:256]), *(call(live, 100, x[n : n + 100]) for n in range(256, 19000, 100))])
    assert live.read().dry >= 1 and live.read().overrun_frames == 0
    late = next(n for n in range(0, 2000) if np.abs(y[15000:16000] - x[15000 - n : 16000 - n]).max() < 1e-5)
    assert 0 < late <= 256


def test_one_missing_device_buffer_is_silence_not_the_past():
    live = make_live(bank(2), n_captured=2)
    call(live, 1000, noise(1000))
    call(live, 2000)
    assert not call(live, 500)[-100:].any()


# ------------------------------------------------------------------------------------------------------------ when the ring is dry


def loudest_step(y):
    """Largest difference of neighbouring samples."""
    return np.abs(np.diff(y, axis=0)).max()


def near(y, truth, error=1e-6):
    """Within the rounding of a convolution."""
    np.testing.assert_allclose(y, truth, rtol=0, atol=error)


def tone(frames, hz=200.0, level=0.5):
    return (level * np.sin(2 * np.pi * hz * np.arange(frames) / FS)).astype(np.float32)[:, None].repeat(2, axis=1)


def test_a_ring_that_runs_dry_loses_nothing_and_does_not_click():
    """The reserve fades out and is played again: after the gap the programme goes on where it was."""
    filters = straight()
    x = tone(60000)
    live = make_live(filters, RenderOptions(gain_db=0.0, limiter=False))
    live.write(np.ascontiguousarray(x.T[:, :20000]))
    y = [call(live, 256) for _ in range(120)]
    assert live.read().dry == 1 and live.read().position < 20000
    held = live.read().position
    live.write(np.ascontiguousarray(x.T[:, 20000:]))
    live.end()
    y += [call(live, 256) for _ in range(260)]
    y = np.concatenate(y)
    figures = live.read()
    assert figures.dry == 1 and figures.finished and figures.position == 60000
    assert loudest_step(y) < 1.2 * loudest_step(x)
    start = 128 + held + figures.dry_frames  # of what is played after the gap
    fade = 1024
    near(y[start + fade : 128 + 60000 + figures.dry_frames], x[held + fade :])
    near(y[128 : 128 + held], x[:held])


def straight():
    """Left and right to one driver each, unfiltered."""
    return straight_through(n_taps=1)


def test_nothing_sounds_before_the_ring_has_a_start():
    live = make_live(straight())
    live.write(np.full((2, 5000), 0.5, np.float32))
    assert not call(live, 4096).any() and live.read().position == 0 and live.read().dry == 0
    live.write(np.full((2, 20000), 0.5, np.float32))
    assert call(live, 4096)[1000:].any()


@pytest.mark.parametrize("when", [0, 100, 5000])
def test_stop_fades_out_without_a_click(when):
    live = make_live(straight(), RenderOptions(gain_db=0.0, limiter=False))
    x = tone(90000)
    live.write(np.ascontiguousarray(x.T))
    before = call(live, when) if when else np.zeros((0, 2), np.float32)
    live.stop()
    y = np.concatenate([before, call(live, 3000), call(live, 3000)])
    assert loudest_step(y) < 1.1 * loudest_step(x)
    assert live.read().silent and not y[when + 961 :].any()
    if when > 128:
        near(y[128:when], x[: when - 128])


def test_stop_before_the_start_is_silent_at_once():
    live = make_live(straight())
    live.stop()
    assert not call(live, 100).any() and live.read().silent


def test_a_programme_from_the_middle_of_something_rises_from_silence():
    live = make_live(straight(), RenderOptions(gain_db=0.0, limiter=False), fade_in=True)
    x = tone(30000) + np.float32(0.3)
    live.write(np.ascontiguousarray(x.T))
    y = call(live, 20000)
    assert loudest_step(y) < 1.2 * loudest_step(x)
    near(y[5000:], x[5000 - 128 : 20000 - 128])


# ---------------------------------------------------------------------------------------------------------------------- switches


def switched(first, second, x, options, at=30000, channels=None):
    """Everything that a device of a live hears that is switched at a frame."""
    live = make_live(first, options, channels=channels)
    live.write(np.ascontiguousarray(x.T))
    y = [call(live, at)]
    live.switch(CoreChain(chain_plan(second, options)))
    assert live.read().switching
    y += [call(live, 1000) for _ in range(30)]
    live.collect()
    return np.concatenate(y), live


def test_a_switch_leads_from_one_chain_to_the_other_without_a_click():
    """Truth: what the second bank alone plays; the first before, the second after, in between no step larger than either has."""
    options = RenderOptions(gain_db=0.0, limiter=False)
    quiet = straight().replace(taps=straight().taps * 0.3)
    x = tone(90000)
    y, live = switched(straight(), quiet, x, options)
    near(y[128:30000], x[: 30000 - 128])
    assert loudest_step(y) < 1.1 * loudest_step(x)
    near(y[-9000:], 0.3 * x[60000 - 9000 - 128 : 60000 - 128])
    figures = live.read()
    assert figures.switches == 1 and not figures.switching and len(live._chains) == 1


def test_filters_of_the_same_shape_are_exchanged_inside_the_chain():
    """No other chain, no gap, no click; the old filters come back and are freed."""
    options = RenderOptions(gain_db=0.0, limiter=False)
    filters = straight_through(n_taps=700)
    live = make_live(filters, options)
    (chain,) = live._chains.values()
    x = tone(90000)
    live.write(np.ascontiguousarray(x.T))
    y = [call(live, 30000)]
    assert c_live.exchange_filters(chain, chain_plan(filters.replace(taps=0.3 * filters.taps), options))
    y += [call(live, 1000) for _ in range(30)]
    c_live.free_filters(chain)
    y = np.concatenate(y)
    near(y[128:30000], x[: 30000 - 128])
    near(y[-9000:], 0.3 * x[60000 - 9000 - 128 : 60000 - 128])
    assert loudest_step(y) < 1.1 * loudest_step(x) and live.read().switches == 0
    for other in (straight_through(n_taps=600), filters.replace(channels=(1, 3)), filters.replace(latency_samples=5)):
        assert not c_live.exchange_filters(chain, chain_plan(other, options))


def test_a_switch_to_other_drivers_taps_and_channels():
    options = RenderOptions(limiter=False)
    first, second = bank(2, 100), bank(5, 700, channels=(2, 3, 4, 6, 8), upmix="matrix")
    x = noise(90000)
    y, live = switched(first, second, x, options, channels=8)
    assert not y[:, [4, 6]].any() and y[-1000:, [1, 2, 3, 5, 7]].any(axis=0).all() and not y[-1000:, 0].any()
    alone = make_live(second, options, channels=8)
    alone.write(np.ascontiguousarray(x.T))
    near(y[-8000:], call(alone, 60000)[-8000:])


def test_the_latest_switch_wins_and_every_chain_comes_back():
    options = RenderOptions(gain_db=0.0, limiter=False)
    live = make_live(straight(), options)
    x = tone(90000)
    live.write(np.ascontiguousarray(x.T))
    call(live, 1000)
    for gain in (0.1, 0.2, 0.7):
        live.switch(CoreChain(chain_plan(straight().replace(taps=straight().taps * gain), options)))
    live.collect()
    assert len(live._chains) == 2  # the one that sounds and the last
    y = call(live, 40000)
    live.collect()
    assert len(live._chains) == 1 and live.read().switches == 1
    near(y[-1000:], 0.7 * x[41000 - 1128 : 41000 - 128])


def test_switches_one_after_the_other_wait_for_collection():
    options = RenderOptions(gain_db=0.0, limiter=False)
    live = make_live(straight(), options)
    live.write(np.ascontiguousarray(tone(90000).T))
    live.switch(CoreChain(chain_plan(bank(2), options)))
    call(live, 30000)
    live.switch(CoreChain(chain_plan(straight(), options)))
    call(live, 30000)
    assert live.read().switches == 1 and live.read().switching  # the first chain was not collected yet
    live.collect()
    call(live, 30000)
    assert live.read().switches == 2


def test_what_does_not_fit_is_refused_and_the_old_filters_stay():
    live = make_live(bank(2))
    for other, words in ((bank(3), "channel 3"), (bank(2, fs=44100), "44100 Hz")):
        with pytest.raises(UsageError, match=words):
            live.switch(CoreChain(chain_plan(other, RenderOptions())))
    with pytest.raises(UsageError, match="blocks of 64"):
        live.switch(CoreChain(chain_plan(bank(2), RenderOptions(block=64))))
    assert not live.read().switching and len(live._chains) == 1


def test_a_switch_near_the_end_keeps_the_tail(rendered):
    filters = bank(2)
    x = noise(20000)
    truth = rendered(x, filters)
    live = make_live(filters)
    live.write(np.ascontiguousarray(x.T))
    live.end()
    y = [call(live, 20200)]
    live.switch(CoreChain(chain_plan(bank(2, seed=2), RenderOptions())))
    y.append(call(live, 2000))
    assert np.array_equal(np.concatenate(y)[128:][: len(truth)], truth) and live.read().finished
    del live  # with the posted chain in it


# ----------------------------------------------------------------------------------------------------------------------- figures


def test_peaks_clips_and_dropouts_are_counted():
    live = make_live(straight(), RenderOptions(gain_db=0.0, limiter=False))
    x = np.zeros((30000, 2), np.float32)
    x[5000, 0], x[6000, 1], x[7000, 1] = -0.5, 1.5, -2.0
    live.write(np.ascontiguousarray(x.T))
    call(live, 5500)
    assert live.read().peaks[:2].tolist() == [0.5, 0] and live.read().peaks[0] == 0
    call(live, 5000, flags=UNDERFLOW)
    figures = live.read()
    assert figures.peaks[:2].tolist() == [0, 2.0] and figures.clipped == 2 and figures.device_dropouts == 1
    assert figures.callbacks == 2 and figures.frames == 10500


def test_flush_to_zero_holds_inside_only():
    live = make_live(straight(), RenderOptions(gain_db=0.0, limiter=False))
    live.write(np.full((2, 30000), 1e-40, np.float32))
    assert not call(live, 20000).any()
    assert np.float32(1e-40) * np.float32(1) != 0


def test_plans_outside_the_domain_are_refused():
    chain = CoreChain(chain_plan(bank(2), RenderOptions()))
    for channels, host_block in ((257, 0), (2, -1)):
        with pytest.raises(UsageError, match="error"):
            c_live.CoreLive(chain, channels, host_block)
    with pytest.raises(UsageError, match="channel 2"):
        c_live.CoreLive(chain, 1, 0)
