"""Exchange of filters while a convolver runs. Truth: two direct convolutions in double precision, cross-faded by the stated weights."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from convolutions import ENGINE, FS, LARGEST_ERROR_DB, directly, error_db, mirrored, needs_core, noise, noise_taps, run, same_bits

from spatial.base.errors import UsageError
from spatial.dsp.make import make_convolver


def begin_of_fade(convolver, position):
    """First frame of the cross-fade that is asked for when so many frames were processed: L to 2 L later, at a multiple of L."""
    longest = convolver.partitions[-1]
    return -(-position // longest) * longest + (longest if len(convolver.partitions) > 1 else 0)


def weights(convolver, n_frames, begin):
    """Of the new filters, at each frame."""
    x = np.clip((np.arange(n_frames) - begin + 0.5) / convolver.fade, 0, 1)
    return x * x * (3 - 2 * x)


PLANS = [(5, 3, 300, 64), (3, 2, 2500, 32), (2, 2, 4096, 64), (9, 1, 900, 16), (1, 2, 200, 2048)]


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("shape", PLANS)
@pytest.mark.parametrize("position", [0, 1, 5])
def test_a_swap_is_the_stated_cross_fade(engine, shape, position):
    """Before, between and after: everywhere the two convolutions, and nothing else; from the stated frame on, for the stated time."""
    *channels, n_taps, block = shape
    old, new = noise_taps(*channels, n_taps, seed=1), noise_taps(*channels, n_taps, seed=2)
    convolver = make_convolver(old, block, exact_blocks=True, engine=engine)
    longest = convolver.partitions[-1]
    assert convolver.fade == max(longest, 1024)
    n_frames = (8 * longest + 2 * convolver.fade + n_taps) // block * block
    x = noise(channels[1], n_frames)
    position *= block
    begin = begin_of_fade(convolver, position)
    assert 0 <= begin - position <= (2 * longest if len(convolver.partitions) > 1 else 0)
    y = [convolver.process(x[:, :position])]
    convolver.swap(new)
    y = np.concatenate([*y, convolver.process(x[:, position:])], axis=1)
    w = weights(convolver, n_frames, begin)
    assert w[begin] > 0 and w[begin - 1 if begin else 0] < 1e-6 and w[begin + convolver.fade - 1] < 1 <= w[begin + convolver.fade]
    truth = (1 - w) * directly(old, x) + w * directly(new, x)
    assert error_db(y, truth, old, x) <= LARGEST_ERROR_DB[engine] + 3  # two sums in place of one


@needs_core
@pytest.mark.parametrize("n_taps, block", [(300, 64), (4096, 64)])
@pytest.mark.parametrize("symmetric", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("n_outputs, n_inputs", [(5, 3), (4, 2), (1, 2), (3, 4)])
def test_filters_of_any_symmetry_take_each_others_place(n_taps, block, symmetric, n_outputs, n_inputs):
    old, new = (noise_taps(n_outputs, n_inputs, n_taps, seed) for seed in (1, 2))
    old, new = (mirrored(taps) if is_mirrored else taps for taps, is_mirrored in zip((old, new), symmetric, strict=True))
    convolver = make_convolver(old, block, exact_blocks=True, engine="c")
    x = noise(n_inputs, 6 * convolver.partitions[-1] + 2 * convolver.fade)
    convolver.swap(new)
    y = convolver.process(x)
    w = weights(convolver, x.shape[1], begin_of_fade(convolver, 0))
    truth = (1 - w) * directly(old, x) + w * directly(new, x)
    assert error_db(y, truth, old, x) <= LARGEST_ERROR_DB["c"] + 3


@pytest.mark.parametrize("engine", ENGINE)
def test_the_latest_wins(engine):
    """Of three swaps in a row the last one sounds; one in the middle of a fade waits for its end, and there, too, the last one wins."""
    taps = [noise_taps(2, 2, 200, seed) for seed in range(5)]
    convolver = make_convolver(taps[0], 64, exact_blocks=True, engine=engine)
    x = noise(2, 64 * 64)
    convolver.process(x[:, :64])
    for k in (1, 2, 3):
        convolver.swap(taps[k])
    y = [convolver.process(x[:, 64:512])]
    convolver.swap(taps[1])
    convolver.swap(taps[4])
    y = np.concatenate([*y, convolver.process(x[:, 512:])], axis=1)
    first, second = weights(convolver, x.shape[1], 64), weights(convolver, x.shape[1], 64 + convolver.fade)
    truth = (1 - first) * directly(taps[0], x) + (first - second) * directly(taps[3], x) + second * directly(taps[4], x)
    assert error_db(y, truth[:, 64:], taps[0], x) <= LARGEST_ERROR_DB[engine] + 3


@pytest.mark.parametrize("engine", ENGINE)
def test_call_sizes_do_not_change_a_bit_of_a_swap(engine):
    old, new = noise_taps(3, 2, 1500, seed=1), noise_taps(3, 2, 1500, seed=2)
    x = noise(2, 9000)
    outputs = []
    for sizes in ([9000], [1], [40, 128, 7], [64], [999]):
        if engine != "c" and sizes == [1]:
            continue
        convolver = make_convolver(old, 64, engine=engine)
        first = convolver.process(x[:, :640])
        convolver.swap(new)
        outputs.append(np.concatenate([first, run(convolver, x[:, 640:], sizes)], axis=1))
    assert all(same_bits(y, outputs[0]) for y in outputs)


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("blocks_before_reset", [0, 3, 100])
def test_reset_ends_a_swap_at_once(engine, blocks_before_reset):
    """Waiting, in the middle, over: after a reset the new filters sound, bit for bit as in a new convolver."""
    old, new = noise_taps(3, 2, 1500, seed=1), noise_taps(3, 2, 1500, seed=2)
    x = noise(2, 6400)
    convolver = make_convolver(old, 64, engine=engine)
    convolver.swap(new)
    convolver.process(x[:, : 64 * blocks_before_reset])
    convolver.reset()
    assert same_bits(convolver.process(x), make_convolver(new, 64, engine=engine).process(x))


@pytest.mark.parametrize("engine", ENGINE)
def test_fewer_taps_are_taken_and_other_shapes_refused(engine):
    convolver = make_convolver(noise_taps(3, 2, 300), 64, exact_blocks=True, engine=engine)
    x = noise(2, 6400)
    for wrong in ((2, 2, 300), (3, 3, 300), (3, 2, 301)):
        with pytest.raises(UsageError, match=r"taps must be \(3, 2, at most 300\)"):
            convolver.swap(noise_taps(*wrong))
    with pytest.raises(UsageError, match="not finite"):
        convolver.swap(np.full((3, 2, 300), np.nan))
    short = noise_taps(3, 2, 100, seed=4)
    convolver.swap(short)
    convolver.reset()
    assert error_db(convolver.process(x), directly(short, x), short, x) <= LARGEST_ERROR_DB[engine]


# ---- no click ----


def sine(n_inputs, n_frames):
    """1 kHz in every input."""
    return np.tile(np.sin(2 * np.pi * 1000 / FS * np.arange(n_frames)).astype(np.float32), (n_inputs, 1))


def band_noise(n_inputs, n_frames):
    """Noise below 2 kHz, so that a step would stand out above it."""
    spectrum = np.fft.rfft(noise(n_inputs, n_frames))
    spectrum[:, n_frames * 2000 // FS :] = 0
    return np.fft.irfft(spectrum, n_frames).astype(np.float32)


def roughness(y):
    """Largest third difference: what a step or a kink is large in, and a smooth signal small."""
    return np.abs(np.diff(y.astype(float), 3)).max()


def direct_paths(n_outputs, n_inputs, n_taps, seed):
    """Filters that delay and scale, some of them with the opposite sign, so that outputs really change."""
    rng = np.random.default_rng(seed)
    taps = np.zeros((n_outputs, n_inputs, n_taps), np.float32)
    for o in range(n_outputs):
        for i in range(n_inputs):
            taps[o, i, rng.integers(0, n_taps)] = rng.uniform(-1, 1)
    return taps


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("signal", [sine, band_noise])
@pytest.mark.parametrize("n_taps, block", [(200, 16), (1024, 128), (4096, 128)])
def test_a_swap_does_not_click(engine, signal, n_taps, block):
    """No sharper than the two sets by themselves; a hard cut is, by far."""
    x = signal(2, 48 * 1024)
    old, new = (direct_paths(3, 2, n_taps, seed) for seed in (1, 2))
    convolver = make_convolver(old, block, exact_blocks=True, engine=engine)
    by_itself = []
    for taps in (old, new):
        convolver.swap(taps)
        convolver.reset()
        by_itself.append(convolver.process(x))
    convolver.swap(old)
    convolver.reset()
    middle = 16 * 1024
    y = [convolver.process(x[:, :middle])]
    convolver.swap(new)
    y = np.concatenate([*y, convolver.process(x[:, middle:])], axis=1)
    settled = n_taps + block  # the tone's own onset lies before
    own = max(roughness(z[:, settled:]) for z in by_itself)
    assert roughness(y[:, settled:]) <= 1.05 * own
    hard = np.concatenate([by_itself[0][:, :middle], by_itself[1][:, middle:]], axis=1)
    assert roughness(hard[:, settled:]) > 3 * own


@needs_core
@pytest.mark.parametrize("n_taps", [1024, 4096])
def test_a_storm_of_swaps_loses_nothing_and_does_not_click(n_taps):
    """A hundred requests a second for a minute: every set comes back, and the sound is never sharper than without."""
    from spatial.dsp.core._core import ffi, lib

    block, seconds, per_second = 128, 60, 100
    sets = [direct_paths(3, 2, n_taps, seed) for seed in range(6)]
    convolver = make_convolver(sets[0], block, exact_blocks=True, engine="c")
    pointer = convolver._convolver
    n_blocks = seconds * FS // block
    x = sine(2, n_blocks * block)
    own = 0.0
    for taps in sets:
        convolver.swap(taps)
        convolver.reset()
        own = max(own, roughness(convolver.process(x[:, : FS // block * block])[:, n_taps + block :]))
    while (retired := lib.sp_convolver_collect(pointer)) != ffi.NULL:
        lib.sp_filters_free(retired)
    convolver.reset()
    error = ffi.new("int *")
    made = given_back = 0
    pieces = []
    for b in range(n_blocks):
        while made <= b * block * per_second // FS:
            taps = ffi.from_buffer("float[]", sets[made % len(sets)])
            assert lib.sp_convolver_swap(pointer, lib.sp_filters_new(pointer, taps, error)) == lib.SP_OK
            made += 1
        pieces.append(convolver.process(x[:, b * block : (b + 1) * block]))
        while (retired := lib.sp_convolver_collect(pointer)) != ffi.NULL:
            lib.sp_filters_free(retired)
            given_back += 1
    assert made >= seconds * per_second
    assert made + 1 - given_back in (1, 2, 3)  # sounding, fading in, waiting
    y = np.concatenate(pieces, axis=1)
    assert np.isfinite(y).all()
    assert roughness(y[:, n_taps + block :]) <= 1.05 * own


@needs_core
@pytest.mark.parametrize("n_taps", [300, 4096])
def test_a_storm_from_another_thread_of_the_same_filters_changes_nothing(n_taps):
    """Old and new are the same, so any fade between them is the plain convolution; a lost or doubled block would show."""
    taps = noise_taps(5, 3, n_taps)
    convolver = make_convolver(taps, 128, exact_blocks=True, engine="c")
    x = noise(3, 128 * 4000)
    plain = convolver.process(x)
    convolver.reset()
    stop = threading.Event()
    swaps = 0

    def storm():
        nonlocal swaps
        while not stop.is_set():
            convolver.swap(taps)
            swaps += 1

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        y = run(convolver, x, [128, 1280])
    finally:
        stop.set()
        thread.join()
    assert swaps > 10
    assert error_db(y, plain, taps, x) <= -120


@needs_core
def test_filters_of_another_convolver_are_refused():
    from spatial.dsp.core._core import ffi, lib

    a, b = (make_convolver(noise_taps(2, 2, 100), 64, engine="c") for _ in range(2))
    filters = lib.sp_filters_new(a._convolver, ffi.from_buffer("float[]", noise_taps(2, 2, 100)), ffi.new("int *"))
    assert lib.sp_convolver_swap(b._convolver, filters) == lib.SP_ERROR_FILTERS
    lib.sp_filters_free(filters)


@needs_core
def test_filters_that_come_back_can_be_swapped_in_again():
    from spatial.dsp.core._core import ffi, lib

    old, new = noise_taps(2, 2, 100, seed=1), noise_taps(2, 2, 100, seed=2)
    convolver = make_convolver(old, 64, exact_blocks=True, engine="c")
    x = noise(2, 64 * 40)
    fresh = convolver.process(x)
    convolver.swap(new)
    convolver.reset()
    filters = lib.sp_convolver_collect(convolver._convolver)
    assert filters != ffi.NULL and lib.sp_convolver_collect(convolver._convolver) == ffi.NULL
    assert lib.sp_convolver_swap(convolver._convolver, filters) == lib.SP_OK
    convolver.reset()
    assert same_bits(convolver.process(x), fresh)


@needs_core
def test_the_core_refuses_new_taps_that_are_not_finite():
    from spatial.dsp.core._core import ffi, lib

    convolver = make_convolver(noise_taps(1, 1, 8), 64, engine="c")
    error = ffi.new("int *")
    for value in (np.nan, np.inf):
        taps = np.array([[[0, 1, value, 0, 0, 0, 0, 0]]], np.float32)
        assert lib.sp_filters_new(convolver._convolver, ffi.from_buffer("float[]", taps), error) == ffi.NULL
        assert error[0] == lib.SP_ERROR_TAP_VALUE
    lib.sp_filters_free(ffi.NULL)
