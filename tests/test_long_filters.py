"""Long filters: memory in proportion to their length, and the same filters as the dense way finds."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.fir_response import fir_response
from spatial.design import realize
from spatial.design.block_toeplitz import solve_block_toeplitz, solve_long_block_toeplitz
from spatial.design.filter_bank import compute_filters
from spatial.design.realize import fit_firs, transfer_on_grid
from spatial.rig.load import load_rig


def peak_bytes(work):
    """Most that some work holds at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def problem(rng, n_freqs, n_points, n_drivers, spread=3.0):
    """Responses that turn slowly over frequency, weights over some decades."""
    late = rng.uniform(0, spread, (n_points, n_drivers))
    f = np.arange(n_freqs) / (n_freqs - 1)
    h = (0.5 + rng.random((n_points, n_drivers))) * np.exp(-1j * np.pi * f[:, None, None] * late)
    weight = 10 ** (2 * np.sin(5 * f[:, None] + rng.uniform(0, 6, n_points)))
    wanted = np.exp(-1j * np.pi * f * (n_freqs // 4))[:, None] * rng.standard_normal(n_points)
    nearby = np.exp(-1j * np.pi * f * (n_freqs // 4))[:, None] * rng.standard_normal(n_drivers)
    return h, wanted, weight, nearby, np.full((n_freqs, n_drivers), 1e-3)


def dense_least_squares(h, wanted, weight, nearby, loading, n_taps):
    """The same least squares as one matrix of frequencies x taps, over the whole circle of the rfft's grid."""
    n_freqs, n_points, n_drivers = h.shape
    turn = np.exp(-2j * np.pi * np.outer(np.arange(n_freqs), np.arange(n_taps)) / (2 * (n_freqs - 1)))
    twice = np.where((np.arange(n_freqs) == 0) | (np.arange(n_freqs) == n_freqs - 1), 1.0, 2.0)
    rows, right = [], []
    for e in range(n_points):
        size = np.sqrt(twice * weight[:, e])
        rows.append(np.concatenate([(size * h[:, e, n])[:, None] * turn for n in range(n_drivers)], axis=1))
        right.append(size * wanted[:, e])
    for n in range(n_drivers):
        block = np.zeros((n_freqs, n_drivers * n_taps), complex)
        size = np.sqrt(twice * loading[:, n])
        block[:, n * n_taps : (n + 1) * n_taps] = size[:, None] * turn
        rows.append(block)
        right.append(size * nearby[:, n])
    rows, right = np.concatenate(rows), np.concatenate(right)
    taps = np.linalg.lstsq(np.concatenate([rows.real, rows.imag]), np.concatenate([right.real, right.imag]), rcond=None)[0]
    return taps.reshape(n_drivers, n_taps).T


@pytest.mark.parametrize("direct_unknowns", [0, 10**9], ids=["iterative", "direct"])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31), n_points=st.integers(1, 4), n_drivers=st.integers(1, 4), n_taps=st.integers(1, 64))
def test_both_ways_find_the_filters_of_dense_least_squares(direct_unknowns, seed, n_points, n_drivers, n_taps):
    given_problem = problem(np.random.default_rng(seed), 97, n_points, n_drivers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(realize, "DIRECT_UNKNOWNS", direct_unknowns)
        found = fit_firs(*given_problem, n_taps)
    dense = dense_least_squares(*given_problem, n_taps)
    assert np.abs(found - dense).max() <= 1e-6 * np.abs(dense).max()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 4), n_blocks=st.integers(1, 80))
def test_conjugate_gradients_solve_the_dense_matrix(seed, n, n_blocks):
    rng = np.random.default_rng(seed)
    shape = rng.standard_normal((9, n, n))
    lags = np.zeros((n_blocks, n, n))
    for k in range(min(9, n_blocks)):
        lags[k] = sum(shape[m + k] @ shape[m].T for m in range(9 - k))
    lags[0] += 0.01 * np.eye(n)
    block = [[lags[i - j] if i >= j else lags[j - i].T for j in range(n_blocks)] for i in range(n_blocks)]
    right = rng.standard_normal((n_blocks, n))
    dense = np.linalg.solve(np.block(block), right.ravel()).reshape(n_blocks, n)
    found, residual = solve_long_block_toeplitz(lags, right, 1e-12)
    assert residual <= 1e-10
    assert np.abs(found - dense).max() <= 1e-7 * np.abs(dense).max()
    assert np.abs(solve_block_toeplitz(lags, right) - dense).max() <= 1e-7 * np.abs(dense).max()


def test_a_matrix_that_is_not_definite_is_reported_and_not_solved():
    lags = np.zeros((64, 1, 1))
    lags[0], lags[1] = 1.0, 0.9
    _, residual = solve_long_block_toeplitz(lags, np.ones((64, 1)), 1e-10)
    assert residual > 1e-10


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), n_taps=st.integers(1, 300), n_filters=st.integers(1, 4), n_freqs=st.integers(0, 40))
def test_response_of_filters_is_their_dense_transform(seed, n_taps, n_filters, n_freqs):
    rng = np.random.default_rng(seed)
    taps, freqs = rng.standard_normal((n_taps, n_filters)), rng.uniform(0, 24000, n_freqs)
    dense = np.exp(-2j * np.pi * np.outer(freqs, np.arange(n_taps)) / 48000) @ taps
    assert np.abs(fir_response(taps, freqs, 48000) - dense).max(initial=0) <= 1e-11 * np.abs(taps).sum()


@pytest.mark.parametrize("n_taps", [1, 255, 256])
def test_response_on_the_grid_of_an_fft_is_that_of_the_same_frequencies_one_by_one(n_taps):
    taps = np.random.default_rng(1).standard_normal((n_taps, 2))
    freqs = np.arange(129) * 48000 / 256
    backwards = fir_response(taps, freqs[::-1], 48000)[::-1]
    np.testing.assert_allclose(fir_response(taps, freqs, 48000), backwards, atol=1e-11)
    np.testing.assert_allclose(transfer_on_grid(taps, 129), backwards, atol=1e-11)


def test_filters_longer_than_the_grid_do_not_lose_their_end():
    taps = np.zeros((300, 1))
    taps[299] = 1.0
    freqs = np.arange(129) * 48000 / 256
    np.testing.assert_allclose(fir_response(taps, freqs, 48000)[:, 0], np.exp(-2j * np.pi * freqs / 48000 * 299), atol=1e-11)


def test_memory_of_a_fit_grows_with_the_taps_and_not_with_their_square():
    rng = np.random.default_rng(3)

    def of(n_taps):
        given_problem = problem(rng, 2 * n_taps + 1, 2, 3)
        return peak_bytes(lambda: fit_firs(*given_problem, n_taps))

    assert 16384 * 3 > realize.DIRECT_UNKNOWNS
    of(64)
    half, whole = of(8192), of(16384)
    assert whole <= 2.2 * half
    assert whole <= 16384 * 4000  # frequencies x taps alone would be 32769 x 16384 x 16 bytes


def test_memory_of_a_response_does_not_grow_with_frequencies_times_taps():
    taps = np.random.default_rng(4).standard_normal((3, 3, 65536))
    bank = FilterMatrix(taps, 192000, 0, ("left", "right", "center"), ("a", "b", "c"), (1, 2, 3), RenderRecipe(upmix="off"))
    freqs = np.geomspace(20, 20000, 500)
    assert peak_bytes(lambda: bank.spectrum(freqs)) < 120e6  # the dense phases alone would be 524 MB


@pytest.mark.parametrize("rig", ["bar8", "box2"])
def test_long_filters_of_a_shipped_rig_are_those_of_the_direct_solution(rig, monkeypatch):
    rig_file = load_rig(rig, ["design.crosstalk.taps=2048", "design.beam.taps=512"])
    monkeypatch.setattr(realize, "DIRECT_UNKNOWNS", 10**9)
    direct = compute_filters(rig_file).taps
    monkeypatch.setattr(realize, "DIRECT_UNKNOWNS", 0)
    iterative = compute_filters(rig_file).taps
    assert np.abs(direct - iterative).max() <= 1e-6 * np.abs(direct).max()
