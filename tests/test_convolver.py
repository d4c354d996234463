"""The convolution engines. Truth: direct convolution in double precision, term by term, which knows no block and no transform."""

from __future__ import annotations

import numpy as np
import pytest
from convolutions import ENGINE, LARGEST_ERROR_DB, directly, error_db, mirrored, needs_core, noise, noise_taps, run, same_bits, tone
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.base.errors import DeviceError, UsageError
from spatial.dsp import backends
from spatial.dsp.backends import ENGINES
from spatial.dsp.make import make_convolver

# ---- right ----


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("signal", [noise, tone])
@pytest.mark.parametrize(
    "n_outputs, n_inputs, n_taps, block",
    [
        (1, 1, 1, 16),
        (5, 3, 777, 16),
        (3, 2, 1000, 32),
        (2, 2, 65, 64),
        (5, 3, 4096, 128),
        (9, 2, 513, 256),
        (5, 8, 2048, 64),
        (2, 1, 300, 2048),
        (1, 2, 9000, 8192),
        (64, 2, 40, 16),
        (2, 64, 40, 32),
        (17, 3, 200, 512),
    ],
)
def test_direct_convolution(engine, signal, n_outputs, n_inputs, n_taps, block):
    taps = noise_taps(n_outputs, n_inputs, n_taps)
    x = signal(n_inputs, max(2 * block, n_taps) + 1500)
    convolver = make_convolver(taps, block, engine=engine)
    assert convolver.engine == engine
    assert convolver.latency == block
    y = convolver.process(np.pad(x, ((0, 0), (0, block))))
    assert y.dtype == np.float32
    assert not y[:, :block].any()
    assert error_db(y[:, block:], directly(taps, x), taps, x) <= LARGEST_ERROR_DB[engine]


@pytest.mark.parametrize("engine", ENGINE[:2])
@pytest.mark.parametrize("signal", [noise, tone])
def test_long_filters_in_small_blocks_keep_their_precision(engine, signal):
    """4096 products for each bin: a plain float sum of so many has -116 dB."""
    taps = noise_taps(2, 2, 65536)
    x = signal(2, 71680)
    y = make_convolver(taps, 32, exact_blocks=True, engine=engine).process(x)
    frames = np.random.default_rng(5).integers(0, x.shape[1], 100)
    assert error_db(y[:, frames], directly(taps, x, frames), taps, x) <= LARGEST_ERROR_DB[engine]


@needs_core
def test_more_products_than_one_sum_of_sums_holds():
    taps = noise_taps(1, 3, 40000)
    x = noise(3, 48000)
    y = make_convolver(taps, 16, exact_blocks=True, engine="c").process(x)
    frames = np.random.default_rng(6).integers(0, x.shape[1], 200)
    assert error_db(y[:, frames], directly(taps, x, frames), taps, x) <= LARGEST_ERROR_DB["c"]


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("n_taps", [512, 513, 777, 1000])
@pytest.mark.parametrize("block", [16, 128, 512, 4096])
def test_every_tap_counts_the_last_one_too(engine, n_taps, block):
    """An impulse gives the filter back, whole, once, and nothing behind it."""
    taps = noise_taps(3, 1, n_taps)
    taps[:, :, -1] = [[0.5], [-0.25], [0.125]]
    at = 37
    convolver = make_convolver(taps, block, engine=engine)
    longest = convolver.partitions[-1]
    x = np.zeros((1, at + n_taps + block + 4 * longest), np.float32)
    x[0, at] = 1
    y = convolver.process(x)
    expected = np.zeros_like(y)
    begin = at + block
    expected[:, begin : begin + n_taps] = taps[:, 0]
    assert np.max(np.abs(y - expected)) <= 1e-6 * np.max(np.abs(taps))
    assert not y[:, begin + n_taps + 2 * longest :].any()  # before, the rounding error of the last partitions


@pytest.mark.parametrize("engine", ENGINE)
@settings(max_examples=15, deadline=None)
@given(a=st.floats(-2, 2), b=st.floats(-2, 2), seed=st.integers(0, 2**32 - 1), log2_block=st.integers(4, 8), n_taps=st.integers(1, 400))
def test_linear(engine, a, b, seed, log2_block, n_taps):
    taps = noise_taps(2, 2, n_taps, seed)
    u, v = noise(2, 700, seed + 1), noise(2, 700, seed + 2)
    convolver = make_convolver(taps, 1 << log2_block, engine=engine)
    y = []
    for x in (u, v, (a * u + b * v).astype(np.float32)):
        convolver.reset()
        y.append(convolver.process(x).astype(float))
    size = 1 + abs(a) + abs(b)
    assert np.sqrt(np.mean((a * y[0] + b * y[1] - y[2]) ** 2)) <= 1e-6 * size


@pytest.mark.parametrize("engine", ENGINE)
@settings(max_examples=15, deadline=None)
@given(delay=st.integers(0, 300), seed=st.integers(0, 2**32 - 1), log2_block=st.integers(4, 8), n_taps=st.integers(1, 400))
def test_time_invariant(engine, delay, seed, log2_block, n_taps):
    """A later input gives a later output; the same bits, where the delay is a number of the longest partitions."""
    block = 1 << log2_block
    taps, x = noise_taps(2, 2, n_taps, seed), noise(2, 700, seed + 1)
    longest = make_convolver(taps, block, engine=engine).partitions[-1]
    for d in (delay, delay * longest % 1024):
        now = make_convolver(taps, block, engine=engine).process(np.pad(x, ((0, 0), (0, d))))
        later = make_convolver(taps, block, engine=engine).process(np.pad(x, ((0, 0), (d, 0))))
        assert not later[:, :d].any()
        assert np.sqrt(np.mean((now[:, :700].astype(float) - later[:, d:]) ** 2)) <= 2e-6
        if d % longest == 0:
            assert same_bits(now[:, :700].copy(), later[:, d:].copy())


# ---- streams ----


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("block", [16, 128, 1024])
def test_call_sizes_do_not_change_a_bit(engine, block):
    taps, x = noise_taps(3, 2, 700), noise(2, 8193 + 4000)
    whole = make_convolver(taps, block, engine=engine).process(x)
    rng = np.random.default_rng(7)
    for sizes in ([1], [16], [40], [128], [160], [8192], [8193], rng.integers(1, 1000, 60), rng.integers(1, 40, 60)):
        assert same_bits(run(make_convolver(taps, block, engine=engine), x, sizes), whole), f"calls of {sizes}"


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("exact_blocks", [False, True])
def test_reset_is_as_good_as_new(engine, exact_blocks):
    taps, x = noise_taps(3, 2, 300), noise(2, 1280)
    convolver = make_convolver(taps, 64, exact_blocks=exact_blocks, engine=engine)
    fresh = convolver.process(x)
    dirty = noise(2, 640 if exact_blocks else 1001, seed=9)
    dirty[0, 3] = np.nan
    convolver.process(dirty)
    assert convolver.discarded == 1
    convolver.reset()
    assert convolver.discarded == 0
    assert same_bits(convolver.process(x), fresh)


@pytest.mark.parametrize("engine", ENGINE)
def test_exact_blocks_add_no_latency(engine):
    taps, x = noise_taps(3, 2, 300), noise(2, 64 * 20)
    exact = make_convolver(taps, 64, exact_blocks=True, engine=engine)
    buffered = make_convolver(taps, 64, engine=engine)
    assert exact.latency == 0
    y = run(exact, x, [64, 192, 128])
    assert error_db(y, directly(taps, x), taps, x) <= LARGEST_ERROR_DB[engine]
    assert same_bits(y, buffered.process(np.pad(x, ((0, 0), (0, 64))))[:, 64:].copy())


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("n_frames", [1, 63, 65, 100])
def test_exact_blocks_refuse_another_size_and_touch_nothing(engine, n_frames):
    taps, x = noise_taps(2, 2, 300), noise(2, 640)
    disturbed, quiet = (make_convolver(taps, 64, exact_blocks=True, engine=engine) for _ in range(2))
    first = disturbed.process(x)
    with pytest.raises(UsageError, match=f"{n_frames} frames are no multiple of the block of 64"):
        disturbed.process(np.full((2, n_frames), np.nan, np.float32))
    assert disturbed.discarded == 0
    assert same_bits(first, quiet.process(x))
    assert same_bits(disturbed.process(x), quiet.process(x))


@pytest.mark.parametrize("engine", ENGINE)
def test_no_frames_are_no_work(engine):
    taps, x = noise_taps(2, 2, 100), noise(2, 400)
    convolver = make_convolver(taps, 64, engine=engine)
    whole = make_convolver(taps, 64, engine=engine).process(x)
    assert convolver.process(x[:, :0]).shape == (2, 0)
    first = convolver.process(x[:, :100])
    assert convolver.process(x[:, :0]).shape == (2, 0)
    assert same_bits(np.concatenate([first, convolver.process(x[:, 100:])], axis=1), whole)


@pytest.mark.parametrize("engine", ENGINE)
def test_any_array_is_taken(engine):
    """Double precision, strided and Fortran order are the same numbers."""
    taps, x = noise_taps(2, 2, 100), noise(2, 400)
    y = make_convolver(taps, 64, engine=engine).process(x)
    for other in (x.astype(float), np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x[::-1][::-1]):
        assert same_bits(make_convolver(taps.astype(float)[:, ::-1][:, ::-1], 64, engine=engine).process(other), y)


# ---- garbage ----


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e7, -1.0001e6])
def test_garbage_counts_as_zero(engine, garbage):
    """One bad sample silences nothing: the bits are those of a clean input with zeros in its place."""
    taps, x = noise_taps(2, 2, 300), noise(2, 2000)
    clean, spoilt = x.copy(), x.copy()
    clean[0, [0, 63, 64, 999]] = 0
    spoilt[0, [0, 63, 64, 999]] = garbage
    convolver = make_convolver(taps, 64, engine=engine)
    y = run(convolver, spoilt, [100])
    assert convolver.discarded == 4
    assert np.isfinite(y).all()
    assert same_bits(y, make_convolver(taps, 64, engine=engine).process(clean))


@pytest.mark.parametrize("engine", ENGINE)
def test_the_largest_sample_that_passes(engine):
    convolver = make_convolver(np.ones((1, 1, 1)), 16, exact_blocks=True, engine=engine)
    y = convolver.process(np.full((1, 16), [1e6, -1e6] * 8, np.float32))
    assert convolver.discarded == 0
    assert np.allclose(y, [[1e6, -1e6] * 8], rtol=1e-6)


@needs_core
def test_subnormal_numbers_are_zero_inside_and_untouched_outside():
    tiny = np.full((1, 64), 1e-40, np.float32)
    convolver = make_convolver(np.ones((1, 1, 1)), 64, exact_blocks=True, engine="c")
    assert not convolver.process(tiny).any()
    assert (tiny * np.float32(0.5) > 0).all()
    assert (np.full(64, 1e-30, np.float32) * np.full(64, 1e-10, np.float32) > 0).all()


# ---- the domain ----

OUTSIDE = [
    (dict(taps=np.zeros((0, 1, 8))), "0 outputs"),
    (dict(taps=np.zeros((65, 1, 8))), "65 outputs"),
    (dict(taps=np.zeros((1, 0, 8))), "0 inputs"),
    (dict(taps=np.zeros((1, 65, 8))), "65 inputs"),
    (dict(taps=np.zeros((1, 1, 0))), "0 taps"),
    (dict(taps=np.zeros((1, 1, 2**20 + 1))), "1048577 taps"),
    (dict(taps=np.zeros((1, 8))), "shape"),
    (dict(block=0), "block = 0"),
    (dict(block=-64), "block = -64"),
    (dict(block=8), "block = 8"),
    (dict(block=100), "block = 100"),
    (dict(block=64.5), "block = 64.5"),
    (dict(block=16384), "block = 16384"),
    (dict(taps=np.array([[[0.0, np.nan]]])), "tap 1 from input 0 to output 0 is not finite"),
    (dict(taps=np.array([[[1.0]], [[np.inf]]])), "tap 0 from input 0 to output 1 is not finite"),
    (dict(taps=np.array([[[1e39]]])), "is not finite"),
]


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("change, message", OUTSIDE)
def test_outside_the_domain(engine, change, message):
    arguments = dict(taps=np.ones((1, 1, 8)), block=64) | change
    with pytest.raises(UsageError, match=message):
        make_convolver(**arguments, engine=engine)


@pytest.mark.parametrize("engine", ENGINE)
def test_audio_of_another_shape_is_refused(engine):
    convolver = make_convolver(noise_taps(2, 3, 10), 64, engine=engine)
    for wrong in (noise(2, 64), noise(4, 64), noise(3, 64)[0], noise(3, 64)[None]):
        with pytest.raises(UsageError, match=r"\(3, frames\)"):
            convolver.process(wrong)


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize(
    "shape, block", [((64, 64, 1), 16), ((1, 1, 1), 8192), ((64, 1, 17), 8192), ((1, 64, 17), 16), ((1, 1, 2**20), 8192)]
)
def test_corners_of_the_domain(engine, shape, block):
    taps = np.zeros(shape, np.float32)
    taps[-1, -1, -1] = 1
    x = noise(shape[1], 8192)
    y = make_convolver(taps, block, exact_blocks=True, engine=engine).process(x)
    expected = np.zeros((shape[0], 8192))
    if shape[2] <= 8192:
        expected[-1, shape[2] - 1 :] = x[-1, : 8193 - shape[2]]
    assert np.max(np.abs(y - expected)) < 1e-5


# ---- the C core by itself ----

PLAN = dict(n_inputs=2, n_outputs=3, n_taps=40, block=16, exact_blocks=0, instruction_set=0)


def core_plan(filters=None, **change):
    """(convolver or NULL, error) of the core for PLAN with changes."""
    from spatial.dsp.core._core import ffi, lib

    error = ffi.new("int *", -1)
    filters = ffi.new("float[]", 64 * 64 * 41) if filters is None else ffi.from_buffer("float[]", filters)
    made = lib.sp_convolver_new(ffi.new("sp_plan *", PLAN | change), filters, error)
    return (ffi.NULL if made == ffi.NULL else ffi.gc(made, lib.sp_convolver_free)), error[0]


def processed(convolver, x, n_outputs):
    """All of x in one call of the core."""
    from spatial.dsp.core._core import ffi, lib

    y = np.empty((n_outputs, x.shape[1]), np.float32)
    channels_in = ffi.new("float *[]", [ffi.from_buffer("float[]", channel) for channel in x])
    channels_out = ffi.new("float *[]", [ffi.from_buffer("float[]", channel) for channel in y])
    assert lib.sp_convolver_process(convolver, channels_in, channels_out, x.shape[1]) == lib.SP_OK
    return y


@needs_core
@pytest.mark.parametrize(
    "change, error",
    [(dict(n_inputs=n), "SP_ERROR_INPUTS") for n in (0, -1, 65, -(2**31), 2**31 - 1)]
    + [(dict(n_outputs=n), "SP_ERROR_OUTPUTS") for n in (0, -1, 65, 2**31 - 1)]
    + [(dict(n_taps=n), "SP_ERROR_TAPS") for n in (0, -1, 2**20 + 1, -(2**31), 2**31 - 1)]
    + [(dict(block=n), "SP_ERROR_BLOCK") for n in (0, -16, 1, 8, 15, 17, 48, 8191, 16384, 2**30, -(2**31))]
    + [(dict(exact_blocks=n), "SP_ERROR_FLAG") for n in (-1, 2)]
    + [(dict(instruction_set=n), "SP_ERROR_INSTRUCTION_SET") for n in (-1, 4, 2**31 - 1)]
    + [(dict(n_taps=8192, n_tails=n), "SP_ERROR_TAILS") for n in (-2, 4, 2**31 - 1, -(2**31))]
    + [
        (dict(n_inputs=1, n_outputs=1, n_taps=20000, n_tails=len(tails), tails=tails), "SP_ERROR_TAILS")
        for tails in ([0], [-32], [16], [24], [48], [8], [64, 64], [64, 32], [64, 192], [32, 64, 16384], [2**30], [-(2**31)], [2**31 - 1])
    ]
    + [(dict(n_taps=n, n_tails=1, tails=[32]), "SP_ERROR_TAILS") for n in (1, 63, 64)],
)
def test_the_core_refuses_every_plan_outside_its_domain(change, error):
    from spatial.dsp.core._core import ffi, lib

    made, code = core_plan(**change)
    assert made == ffi.NULL
    assert code == getattr(lib, error)


@needs_core
def test_the_core_refuses_taps_that_are_not_finite():
    from spatial.dsp.core._core import ffi, lib

    for place in (0, 239):
        for value in (np.nan, np.inf, -np.inf):
            filters = np.zeros(240, np.float32)
            filters[place] = value
            assert core_plan(filters) == (ffi.NULL, lib.SP_ERROR_TAP_VALUE)
    assert core_plan(np.zeros(240, np.float32))[1] == lib.SP_OK


@needs_core
def test_the_longest_partition_there_is():
    from spatial.dsp.core._core import ffi, lib

    plan = dict(n_inputs=1, n_outputs=1, n_taps=70000, n_tails=1)
    taps = np.zeros(70000, np.float32)
    assert core_plan(taps, **plan, tails=[lib.SP_MAX_PARTITION])[1] == lib.SP_OK
    assert core_plan(taps, **plan | dict(n_taps=2**20), tails=[2 * lib.SP_MAX_PARTITION]) == (ffi.NULL, lib.SP_ERROR_TAILS)


@st.composite
def plans_with_tails(draw):
    """Block, tails and a number of taps that they fit to."""
    log2_block = draw(st.integers(4, 7))
    steps = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    tails = [1 << (log2_block + sum(steps[: k + 1])) for k in range(len(steps))]
    while len(tails) > 1 and tails[-1] > 2048:
        tails.pop()
    return 1 << log2_block, tails, draw(st.integers(2 * tails[-1] + 1, 5 * tails[-1]))


@needs_core
@pytest.mark.parametrize("signal", [noise, tone])
@pytest.mark.parametrize("n_tails, tails", [(-1, []), (1, [64]), (2, [128, 4096])])
def test_plans_of_many_partitions_keep_their_precision(signal, n_tails, tails):
    """65536 taps in blocks of 32, as the plan says; without tails 4096 products for each bin, of which a plain float sum has -116 dB."""
    from spatial.dsp.core._core import ffi, lib

    taps, x = noise_taps(2, 2, 65536), signal(2, 71680)
    plan = dict(n_inputs=2, n_outputs=2, n_taps=65536, block=32, exact_blocks=1, n_tails=n_tails, tails=tails)
    convolver, error = core_plan(taps, **plan)
    assert error == lib.SP_OK
    assert lib.sp_convolver_partitions(convolver, ffi.new("int[4]")) == 1 + len(tails)
    y = processed(convolver, x, 2)
    frames = np.random.default_rng(5).integers(0, x.shape[1], 100)
    assert error_db(y[:, frames], directly(taps, x, frames), taps, x) <= LARGEST_ERROR_DB["c"]


@needs_core
@settings(max_examples=60, deadline=None)
@given(plan=plans_with_tails(), seed=st.integers(0, 2**32 - 1), shape=st.sampled_from([(1, 1), (2, 3), (7, 2)]), symmetric=st.booleans())
def test_every_ladder_of_partitions_is_the_same_convolution(plan, seed, shape, symmetric):
    from spatial.dsp.core._core import ffi, lib

    block, tails, n_taps = plan
    n_outputs, n_inputs = shape
    taps = noise_taps(n_outputs, n_inputs, n_taps, seed)
    if symmetric and n_inputs > 1:
        taps = mirrored(taps)
    x = noise(n_inputs, -(-(n_taps + 5 * tails[-1]) // block) * block, seed + 1)
    plan = dict(n_inputs=n_inputs, n_outputs=n_outputs, n_taps=n_taps, block=block, exact_blocks=1, n_tails=len(tails), tails=tails)
    convolver, error = core_plan(taps, **plan)
    assert error == lib.SP_OK
    partitions = ffi.new("int[4]")
    assert list(partitions[0 : lib.sp_convolver_partitions(convolver, partitions)]) == [block, *tails]
    y = processed(convolver, x, n_outputs)
    frames = np.random.default_rng(seed).integers(0, x.shape[1], 200)
    assert error_db(y[:, frames], directly(taps, x, frames), taps, x) <= LARGEST_ERROR_DB["c"]


@needs_core
@pytest.mark.parametrize("n_outputs, n_inputs, n_taps, block", [(5, 3, 4096, 128), (8, 2, 700, 64), (3, 4, 1500, 16)])
def test_mirror_symmetric_filters_take_half_the_products_and_give_the_same(n_outputs, n_inputs, n_taps, block):
    """An output at its centre position sums what is common to left and right only; one bit of difference undoes the symmetry."""
    taps = mirrored(noise_taps(n_outputs, n_inputs, n_taps))
    x = noise(n_inputs, 8 * n_taps // block * block)
    other = taps.copy()
    other[0, 0, 0] = np.nextafter(other[0, 0, 0], np.float32(1))
    y = [make_convolver(h, block, exact_blocks=True, engine="c").process(x) for h in (taps, other)]
    assert not same_bits(*y)
    for output in y:
        assert error_db(output, directly(taps, x), taps, x) <= LARGEST_ERROR_DB["c"]
    opposite = x.copy()
    opposite[1] = -x[0]
    opposite[2:] = 0
    y = make_convolver(taps, block, exact_blocks=True, engine="c").process(opposite)
    assert same_bits(y[: n_outputs // 2].copy(), -y[::-1][: n_outputs // 2])
    if n_outputs % 2:
        assert not y[n_outputs // 2].any()


@needs_core
def test_the_core_refuses_calls_that_do_not_fit_and_touches_nothing():
    from spatial.dsp.core._core import ffi, lib

    for exact_blocks, n_frames in ((0, -1), (1, -16), (1, 15), (1, 17), (1, 1)):
        convolver, _ = core_plan(exact_blocks=exact_blocks)
        audio = [np.full(64, 7, np.float32) for _ in range(5)]
        pointers = [ffi.from_buffer("float[]", channel) for channel in audio]
        code = lib.sp_convolver_process(convolver, ffi.new("float *[]", pointers[:2]), ffi.new("float *[]", pointers[2:]), n_frames)
        assert code == lib.SP_ERROR_FRAMES
        assert (np.concatenate(audio) == 7).all()


@needs_core
def test_the_core_takes_audio_of_any_alignment():
    from spatial.dsp.core._core import ffi, lib

    taps, x = noise_taps(3, 2, 40), noise(2, 64)
    expected = make_convolver(taps, 16, exact_blocks=True, engine="c").process(x)
    for offset in range(1, 16):
        convolver, _ = core_plan(taps, exact_blocks=1)
        space = np.zeros((5, 96), np.float32)
        space[:2, offset : offset + 64] = x
        pointers = [ffi.from_buffer("float[]", channel) + offset for channel in space]
        assert lib.sp_convolver_process(convolver, ffi.new("float *[]", pointers[:2]), ffi.new("float *[]", pointers[2:]), 64) == lib.SP_OK
        assert same_bits(space[2:, offset : offset + 64].copy(), expected)


@needs_core
@pytest.mark.parametrize(
    "n_outputs, n_inputs, n_taps, block",
    [(5, 3, 777, 16), (9, 2, 500, 32), (8, 3, 700, 64), (5, 3, 4096, 128), (1, 1, 20000, 2048), (2, 2, 65536, 32), (16, 16, 4096, 128)],
)
@pytest.mark.parametrize("symmetric", [False, True])
def test_all_instruction_sets_give_the_same_bits(monkeypatch, n_outputs, n_inputs, n_taps, block, symmetric):
    from spatial.dsp.core._core import ffi, lib
    from spatial.dsp.core.calls import INSTRUCTION_SETS, instruction_set_name

    if symmetric and n_inputs == 1:
        pytest.skip("nothing to mirror")
    taps, x = noise_taps(n_outputs, n_inputs, n_taps), noise(n_inputs, n_taps + 3 * block)
    taps = mirrored(taps) if symmetric else taps
    outputs, names = [], []
    for name, isa in INSTRUCTION_SETS.items():
        monkeypatch.setenv("SPATIAL_ISA", name)
        if lib.sp_instruction_set_name(isa) == ffi.NULL:
            with pytest.raises(UsageError, match=f"SPATIAL_ISA = {name}: this processor has baseline"):
                make_convolver(taps, block, engine="c")
            continue
        outputs.append(make_convolver(taps, block, engine="c").process(x))
        names.append(instruction_set_name())
    assert len(set(names)) == len(outputs) >= 1
    assert all(same_bits(y, outputs[0]) for y in outputs)


@needs_core
def test_an_unknown_instruction_set_is_refused(monkeypatch):
    monkeypatch.setenv("SPATIAL_ISA", "mmx")
    with pytest.raises(UsageError, match="SPATIAL_ISA = mmx: this processor has baseline"):
        make_convolver(noise_taps(1, 1, 8), 64, engine="c")


# ---- the choice of an engine ----


def without_core(monkeypatch):
    """A machine on which the core is not built."""
    available = backends.engine_available
    monkeypatch.setattr(backends, "engine_available", lambda engine: engine != "c" and available(engine))


def test_the_environment_forces_an_engine(monkeypatch):
    for engine in filter(backends.engine_available, ENGINES):
        monkeypatch.setenv("SPATIAL_ENGINE", engine)
        assert make_convolver(noise_taps(1, 1, 8), 64).engine == engine == backends.engine_name()
        assert backends.describe_engine().startswith(engine)
        assert backends.fallback_note() is None


def test_an_unknown_engine_is_refused(monkeypatch):
    monkeypatch.setenv("SPATIAL_ENGINE", "fortran")
    with pytest.raises(UsageError, match="SPATIAL_ENGINE = fortran: must be one of c, numba, numpy"):
        backends.engine_name()
    with pytest.raises(UsageError, match="engine = fortran"):
        make_convolver(noise_taps(1, 1, 8), 64, engine="fortran")


def test_without_the_core_the_fallback_says_so_and_c_is_refused(monkeypatch):
    without_core(monkeypatch)
    monkeypatch.delenv("SPATIAL_ENGINE", raising=False)
    assert backends.engine_name() == "numba"
    assert backends.instruction_set() is None
    note = backends.fallback_note()
    assert note and "engine numba" in note and "python3-dev" in note and "\n" not in note
    monkeypatch.setenv("SPATIAL_ENGINE", "c")
    with pytest.raises(DeviceError, match="the C core is not built"):
        make_convolver(noise_taps(1, 1, 8), 64)
