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

from typing import Protocol

import numpy as np

from spatial.bank.matrix import UPMIXES, RenderRecipe
from spatial.base.errors import UsageError
from spatial.dsp.backends import engine_name
from spatial.dsp.stages import checked_rate
from spatial.dsp.twins.upmix_bands import BandUpmix
from spatial.dsp.twins.upmix_directional import DirectionalUpmix
from spatial.dsp.twins.upmix_frames import Audio, split
from spatial.dsp.twins.upmix_projection import ProjectionUpmix


class Upmix(Protocol):
    """What every method offers. discarded: input samples since the start or the last reset that counted as 0."""

    latency: int

    @property
    def discarded(self) -> int: ...

    def process(self, x: Audio) -> Audio:
        """(2, frames) -> (3, frames): L', R', C, ``latency`` frames late."""

    def reset(self) -> None:
        """Back to the state of a new one."""


class MatrixUpmix:
    """C = strength (L + R)/2, without delay; strength 0 is ``off``. Garbage goes through, for the convolver to discard."""

    latency = 0
    discarded = 0

    def __init__(self, strength: float = 1.0) -> None:
        self.gain = np.float32(0.5 * strength)

    def process(self, x: Audio) -> Audio:
        """(2, frames) -> (3, frames)."""
        return split(x, (x[0] + x[1]) * self.gain)

    def reset(self) -> None:
        """Nothing is remembered."""


def make_upmix(recipe: RenderRecipe, fs: int) -> Upmix:
    """The upmix that a recipe names: in the C core where that is the engine, else its NumPy twin.

    Raises
    ------
    UsageError
        A method, latency or strength that there is not, or a rate that is too low or too high for it.
    DeviceError
        SPATIAL_ENGINE names an engine that is not there.
    """
    recipe = checked_recipe(recipe)
    checked_rate(fs, "upmix")
    if recipe.upmix == "off":
        return MatrixUpmix(strength=0.0)
    if recipe.upmix == "matrix":
        return MatrixUpmix(recipe.strength)
    if engine_name() == "c":
        from spatial.dsp.core.upmix import CoreUpmix

        return CoreUpmix(recipe.upmix, fs, recipe.latency_ms, recipe.strength)
    if recipe.upmix == "projection":
        return ProjectionUpmix(fs, recipe.latency_ms, recipe.strength)
    if recipe.latency_ms == 0:
        return BandUpmix(fs, recipe.strength)
    return DirectionalUpmix(fs, recipe.latency_ms, recipe.strength)


def checked_recipe(recipe: RenderRecipe) -> RenderRecipe:
    """The recipe itself; UsageError for a method or strength that there is not."""
    if recipe.upmix not in UPMIXES:
        raise UsageError(f"upmix: method is 'directional', 'projection', 'matrix' or 'off', got '{recipe.upmix}'")
    if not 0 <= recipe.strength <= 1:
        raise UsageError(f"upmix: strength is 0 to 1, got {recipe.strength:g}")
    return recipe
