"""What holds a design back: the effort cap over frequency, and drivers that may help only inside their band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatial.base.arrays import Freqs, Real
from spatial.base.units import from_db
from spatial.rig.geometry import places
from spatial.rig.model import BeamSpec, CrosstalkSpec, Driver, Rig

CAP_FULL_HZ = 250.0  # the stated cap holds from here up
CAP_ZERO_HZ = 80.0  # and has fallen to 0 dB here: below, a path is its reference alone
NARROWEST_FALL = 1.25  # least ratio of the one to the other
REFERENCE_ALONE_OCTAVES = 0.5  # the reference alone fades out over these, from where the cap is 0 dB
HIGHEST_SOFT_EDGE_HZ = 200.0  # of a band: above it drivers help in full from the edge on
WIDE_SPAN_M, WIDE_DRIVERS = 0.3, 4
VIRTUAL_CAP_DB = 12.0  # a higher cap puts more into the room, and asks for drivers that are matched to a quarter of a dB
BAND_SLOPE_DB_PER_OCTAVE, BAND_OFF_DB = 24.0, 60.0


def used_drivers(rig: Rig, spec: CrosstalkSpec | BeamSpec) -> tuple[int, ...]:
    """Indices of the drivers that a path uses: those that its table names, else all spatial ones.

    Parameters
    ----------
    rig : Rig
    spec : CrosstalkSpec or BeamSpec
    """
    return rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers


def default_effort_cap_db(rig: Rig, spec: CrosstalkSpec) -> float:
    """The value given; else 12 dB for virtual, 6 dB for four or more drivers that span 0.3 m, 12 dB for the rest.

    Parameters
    ----------
    rig : Rig
    spec : CrosstalkSpec
        Its ``effort_cap_db``, mode and drivers count.
    """
    if spec.effort_cap_db is not None:
        return spec.effort_cap_db
    if spec.mode == "virtual":
        return VIRTUAL_CAP_DB
    used = list(used_drivers(rig, spec))
    where = places(rig)[used]
    span = np.linalg.norm(where[:, None] - where[None], axis=2).max()
    return 6.0 if len(used) >= WIDE_DRIVERS and span >= WIDE_SPAN_M else 12.0


def lowest_edge_hz(drivers: Sequence[Driver]) -> float:
    """Lower edge of the band of the driver that begins lowest; 0 where one has no band."""
    return min(d.band_hz[0] if d.band_hz else 0.0 for d in drivers)


def cap_zero_hz(drivers: Sequence[Driver]) -> float:
    """Where the effort cap has fallen to 0 dB on the way down and a path is its reference alone: 80 Hz, or the lowest band edge.

    From there up, drivers take half an octave to help in full. So an edge above 200 Hz counts as half an octave lower, but not below
    200 Hz: then drivers help in full from the edge itself on, and up to half an octave below it they help less and less (a step at the
    edge is more than filters of 512 taps can follow).
    """
    edge_hz = lowest_edge_hz(drivers)
    return max(CAP_ZERO_HZ, min(edge_hz, max(HIGHEST_SOFT_EDGE_HZ, edge_hz / 2**REFERENCE_ALONE_OCTAVES)))


def effort_cap_curve(freqs: Freqs, cap_db: float, zero_hz: float = CAP_ZERO_HZ) -> Real:
    """Cap over frequency: the stated value from 250 Hz or 1.25 zero_hz up, falling on log f to 0 dB at zero_hz.

    Parameters
    ----------
    freqs : (freqs,) Hz
    cap_db : float
        The stated value, dB.
    zero_hz : float
        See `cap_zero_hz`.

    Returns
    -------
    (freqs,) dB
    """
    full_hz = max(CAP_FULL_HZ, NARROWEST_FALL * zero_hz)
    rise = np.log(np.maximum(freqs, 1e-3) / zero_hz) / np.log(full_hz / zero_hz)
    return np.asarray(cap_db * np.clip(rise, 0, 1))


def band_weights(drivers: list[Driver], freqs: Freqs) -> Real:
    """Cost of using each driver: 1 inside its ``band_hz``, rising by 24 dB an octave outside, 60 dB at most.

    Parameters
    ----------
    drivers : list of Driver
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs, drivers)
        Q_n >= 1, what a driver's |w_n|^2 counts.
    """
    f = np.maximum(freqs, 1e-3)
    out = np.ones((len(f), len(drivers)))
    for i, driver in enumerate(drivers):
        if driver.band_hz is not None:
            low, high = driver.band_hz
            octaves = np.maximum(np.log2(low / f), np.log2(f / high))
            out[:, i] = 10 ** (np.clip(BAND_SLOPE_DB_PER_OCTAVE * octaves, 0, BAND_OFF_DB) / 10)
    return out


def gain_bounds(drivers: list[Driver]) -> Real:
    """Largest |effective weight| that each driver's ``max_gain_db`` allows its filter, linear; inf where there is none: (drivers,)."""
    return np.array([np.inf if d.max_gain_db is None else from_db(d.max_gain_db + d.gain_db) for d in drivers])


def smooth_step(freqs: Freqs, from_hz: float, to_hz: float) -> Real:
    """Rise from 0 below from_hz to 1 above to_hz, a cubic on log f between.

    Parameters
    ----------
    freqs : (freqs,)
        Hz; or another quantity in the unit of the two ends.
    from_hz, to_hz : float
        0 < from_hz < to_hz.

    Returns
    -------
    (freqs,)
    """
    x = np.clip(np.log(np.maximum(freqs, 1e-3) / from_hz) / np.log(to_hz / from_hz), 0, 1)
    return np.asarray(x * x * (3 - 2 * x))
