"""Names of arrays that tell shape and unit: ``freqs: Freqs`` is (freqs,) Hz.

Axes are named as in the docstrings: freqs, points, drivers, inputs, frames, channels. The type checker sees the kind of number only;
the shape is a promise to the reader, and where a function takes another one its docstring says which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
"""Any shape, any unit: the docstring says which."""
Complex = NDArray[np.complex128]
"""Any shape: spectra, pressures, e^{+j omega t}."""
Indices = NDArray[np.intp]
"""Places along an axis of another array."""
Flags = NDArray[np.bool_]
"""True where something holds."""
Samples = NDArray[Any]
"""(frames, channels) in a type that a file holds: float32 with full scale 1, or int32 in the low bits."""

Freqs = Real
"""(freqs,) Hz."""
Wavenumbers = Real
"""(freqs,) k = 2 pi f / c, rad/m."""
Power = Real
"""(freqs, ...) squared magnitudes."""
Levels = Real
"""dB; (freqs,) where nothing else is said."""
Angles = Real
"""Degrees, left positive; (angles,)."""
Times = Real
"""(times,) s."""

Vector = Real
"""(3,) front, left, up; m for a place, 1 long for a direction."""
Points = Real
"""(points, 3) front, left, up, m."""
Directions = Real
"""(points, 3) front, left, up, each 1 long."""

Transfer = Complex
"""(freqs, points, drivers) pressure per unit drive; (freqs, poses, 2, drivers) at ears, the left one first."""
Waves = Complex
"""(orders, freqs, ...) radial or angular orders of a series."""
AtPoint = Complex
"""(freqs, drivers) pressure at one ear or place per unit drive."""
Spectrum = Complex
"""(freqs,) pressure at one ear or place, or the response of one filter."""
PowerMatrices = Complex
"""(freqs, drivers, drivers) Hermitian A: w^H A w is a power."""
DriveMatrix = Complex
"""(freqs, drivers, inputs) drive per unit input."""
Drive = Complex
"""(freqs, drivers) drive per unit of one input; *effective* weights are what reaches the air, hardware included."""
Taps = Real
"""(drivers, inputs, n_taps) impulse responses; (drivers, n_taps) of one input."""
Firs = Real
"""(n_taps, drivers) impulse responses of one input, as a fit makes them."""
Delays = Real
"""(drivers,) samples."""
Audio = NDArray[np.float32]
"""(channels, frames), full scale 1, as the chain works on it."""
Frames = NDArray[np.float32]
"""(frames, channels), full scale 1, as files and sound cards have it."""
