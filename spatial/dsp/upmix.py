"""Upmix: stereo to left, right and centre, ``L' + C = L`` and ``R' + C = R`` whatever the estimator does.

``off``          L' = L, R' = R, C = 0; no delay.
``matrix``       C = (L + R)/2; no delay. The baseline: it leaves every hard-panned source in the centre at -6 dB.
``projection``   per time-frequency bin, what of M = (L + R)/2 is not correlated with S = (L - R)/2; delay = the synthesis window.
``directional``  per time-frequency bin, the Wiener estimate of the centre among sources in several directions; the same delay, or with
                 0 ms bands that add up exactly instead of windows, and no delay.

All take (2, frames) float32 and give (3, frames) float32 in the order L', R', C, ``latency`` frames late. For one stream the bits
do not depend on how it is cut into calls; silence in gives silence out; the state has a fixed size.
"""

from __future__ import annotations

import numpy as np

from spatial.bank.recipe import UPMIXES, RenderRecipe
from spatial.base.errors import UsageError
from spatial.base.units import REFERENCE_FS
from spatial.dsp.constants import whole
from spatial.dsp.stages import checked_rate

WINDOWS_AT_48K = {2.7: (512, 128), 21.0: (2048, 1024), 85.0: (4096, 4096)}
"""Latency in ms -> analysis window, synthesis window in samples."""

MIN_SPAN, MIN_WINDOW, MAX_WINDOW = whole("SP_MIN_SPAN"), whole("SP_MIN_WINDOW"), whole("SP_MAX_WINDOW")
"""Shortest synthesis window, shortest and longest analysis window, samples."""


def checked_recipe(recipe: RenderRecipe) -> RenderRecipe:
    """The recipe itself, where there is such an upmix.

    Raises
    ------
    UsageError
        No such method, or a strength outside 0 to 1.
    """
    if recipe.upmix not in UPMIXES:
        raise UsageError(f"upmix: method is 'directional', 'projection', 'matrix' or 'off', got '{recipe.upmix}'")
    if not 0 <= recipe.strength <= 1:
        raise UsageError(f"upmix: strength is 0 to 1, got {recipe.strength:g}")
    return recipe


def window_lengths(fs: int, latency_ms: float) -> tuple[int, int]:
    """Samples of the analysis and of the synthesis window, at any rate.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    latency_ms : float
        2.7, 21 or 85.

    Raises
    ------
    UsageError
        A latency that there is not, or a rate at which its windows are too short or too long.
    """
    if latency_ms not in WINDOWS_AT_48K:
        raise UsageError(f"upmix: latency_ms is 2.7, 21 or 85, and for 'directional' also 0, got {latency_ms:g}")
    n, span = WINDOWS_AT_48K[latency_ms]
    checked_rate(fs, "upmix")
    n, span = nearest_power_of_two(n * fs / REFERENCE_FS), nearest_power_of_two(span * fs / REFERENCE_FS)
    if span < MIN_SPAN or not MIN_WINDOW <= n <= MAX_WINDOW:
        raise UsageError(
            f"upmix: latency_ms = {latency_ms:g} at {fs:g} Hz would need windows of {n} and {span} samples; "
            f"{MIN_WINDOW} to {MAX_WINDOW}, and at least {MIN_SPAN}, are possible: take another latency or a higher rate"
        )
    return n, span


def nearest_power_of_two(x: float) -> int:
    """Nearest on a log scale."""
    return int(2 ** round(np.log2(x)))
