"""Compiled inner loops of the Numba engine. Importing this imports Numba; only the engine does.

The transform is the negacyclic one of the C core (csrc/fft.h derives it), in radix 2: a node holds a polynomial modulo
``X^2m - e^{j theta}`` and splits into two modulo ``X^m -+ e^{j theta / 2}``. Nodes are numbered as in a heap, the root 1, the children
of h 2 h and 2 h + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numba import njit
from numba.core.caching import FunctionCache
from numpy.typing import NDArray

from spatial.dsp.constants import whole

PRODUCTS_PER_SUM = whole("SP_PRODUCTS_PER_SUM")

Floats = NDArray[np.float32]
"""Any shape: the docstring says which."""
Turns = NDArray[np.complex64]
"""(block,) what `half_turns` gives."""


class TolerantCache(FunctionCache):
    """Compiled code on disk for the next process; a cache that is damaged, full or foreign is as good as none."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code, or None.

        Parameters
        ----------
        sig : tuple of numba types
            The arguments' types.
        target_context : numba's context
            Of the processor.
        """
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged pickle ends in
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it where that is possible.

        Parameters
        ----------
        sig : tuple of numba types
            The arguments' types.
        data : numba's compile result
        """
        with suppress(Exception):
            super().save_overload(sig, data)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile without the interpreter's lock; once for all processes where Numba finds a folder for its cache that can be written."""
    dispatcher: Any = njit(nogil=True)(function)
    with suppress(RuntimeError):  # neither the package nor the home can be written: compiled anew in every process
        dispatcher._cache = TolerantCache(function)
    return dispatcher


def half_turns(block: int) -> Turns:
    """``e^{j theta / 2}`` of every node that splits, (block,); entry 0 is not used."""
    turn = np.zeros(block)
    turn[1] = 0.25
    for node in range(2, block):
        turn[node] = (turn[node // 2] + node % 2) / 2
    turns: Turns = np.exp(1j * np.pi * turn).astype(np.complex64)
    return turns


@compiled
def forward(re: Floats, im: Floats, turns: Turns) -> None:
    """In place: coefficients of the block pair to its bins, in the order in which they fall.

    Parameters
    ----------
    re, im : (block,) float32
        Overwritten.
    turns : (block,) complex64
        ``half_turns(block)``.
    """
    block = re.size
    m, n_nodes = block // 2, 1
    while m >= 1:
        for node in range(n_nodes):
            cosine, sine = turns[n_nodes + node].real, turns[n_nodes + node].imag
            low = 2 * m * node
            re_a, im_a = re[low : low + m], im[low : low + m]
            re_b, im_b = re[low + m : low + 2 * m], im[low + m : low + 2 * m]
            for n in range(m):
                turned_re = re_b[n] * cosine - im_b[n] * sine
                turned_im = re_b[n] * sine + im_b[n] * cosine
                re_b[n] = re_a[n] - turned_re
                im_b[n] = im_a[n] - turned_im
                re_a[n] += turned_re
                im_a[n] += turned_im
        m //= 2
        n_nodes *= 2


@compiled
def inverse(re: Floats, im: Floats, turns: Turns) -> None:
    """Undoes forward, times the block.

    Parameters
    ----------
    re, im : (block,) float32
        Overwritten.
    turns : (block,) complex64
        ``half_turns(block)``.
    """
    block = re.size
    m, n_nodes = 1, block // 2
    while n_nodes >= 1:
        for node in range(n_nodes):
            cosine, sine = turns[n_nodes + node].real, turns[n_nodes + node].imag
            low = 2 * m * node
            re_a, im_a = re[low : low + m], im[low : low + m]
            re_b, im_b = re[low + m : low + 2 * m], im[low + m : low + 2 * m]
            for n in range(m):
                difference_re = re_a[n] - re_b[n]
                difference_im = im_a[n] - im_b[n]
                re_a[n] += re_b[n]
                im_a[n] += im_b[n]
                re_b[n] = difference_re * cosine + difference_im * sine
                im_b[n] = difference_im * cosine - difference_re * sine
        m *= 2
        n_nodes //= 2


@compiled
def load_filters(taps: Floats, block: int, turns: Turns) -> Floats:
    """Spectra of all partitions.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n_taps) float32
    block : int
    turns : (block,) complex64
        ``half_turns(block)``.

    Returns
    -------
    (2, n_outputs, n_partitions, n_inputs, block) float32
        Real and imaginary parts.
    """
    n_outputs, n_inputs, n_taps = taps.shape
    n_partitions = -(-n_taps // block)
    filters = np.zeros((2, n_outputs, n_partitions, n_inputs, block), np.float32)
    for o in range(n_outputs):
        for p in range(n_partitions):
            for i in range(n_inputs):
                partition = taps[o, i, p * block : (p + 1) * block]
                filters[0, o, p, i, : partition.size] = partition
                forward(filters[0, o, p, i], filters[1, o, p, i], turns)
    return filters


@compiled
def transform_block(previous: Floats, current: Floats, ring: Floats, newest: int, turns: Turns) -> None:
    """Transforms the inputs into the ring at `newest`.

    Parameters
    ----------
    previous, current : (n_inputs, block) float32
    ring : (2, n_partitions, n_inputs, block) float32
        Real and imaginary parts; written to.
    newest : int
        Place of the block among the partitions.
    turns : (block,) complex64
        ``half_turns(block)``.
    """
    for i in range(previous.shape[0]):
        ring[0, newest, i] = previous[i]
        ring[1, newest, i] = current[i]
        forward(ring[0, newest, i], ring[1, newest, i], turns)


@compiled
def convolve_block(filters: Floats, ring: Floats, newest: int, turns: Turns, out: Floats) -> None:
    """Output of the block at `newest`: sums the products and transforms back.

    Sums of few products are single precision, their sums double, so that long filters in small blocks keep their precision.

    Parameters
    ----------
    filters : (2, n_outputs, n_partitions, n_inputs, block) float32
        What ``load_filters`` gives.
    ring : (2, n_partitions, n_inputs, block) float32
    newest : int
        Place of the block among the partitions.
    turns : (block,) complex64
        ``half_turns(block)``.
    out : (n_outputs, block) float32
        Written to.
    """
    n_outputs, n_partitions, n_inputs, block = filters.shape[1:]
    sum_re, sum_im = np.empty(block, np.float32), np.empty(block, np.float32)
    for o in range(n_outputs):
        total_re, total_im = np.zeros(block), np.zeros(block)
        sum_re[:] = 0
        sum_im[:] = 0
        n_summed = 0
        for p in range(n_partitions):
            place = (newest + p) % n_partitions
            for i in range(n_inputs):
                x_re, x_im = ring[0, place, i], ring[1, place, i]
                h_re, h_im = filters[0, o, p, i], filters[1, o, p, i]
                for n in range(block):
                    sum_re[n] += x_re[n] * h_re[n] - x_im[n] * h_im[n]
                    sum_im[n] += x_re[n] * h_im[n] + x_im[n] * h_re[n]
                n_summed += 1
                if n_summed == PRODUCTS_PER_SUM:
                    total_re += sum_re
                    total_im += sum_im
                    sum_re[:] = 0
                    sum_im[:] = 0
                    n_summed = 0
        sum_re[:] = total_re + sum_re
        sum_im[:] = total_im + sum_im
        inverse(sum_re, sum_im, turns)
        out[o] = sum_im / np.float32(block)
