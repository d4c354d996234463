"""Bass and top: where no spatial driver reaches, woofers and tweeters take over through Linkwitz-Riley crossovers of fourth order.

At the lowest lower edge and the highest upper edge of the spatial drivers' ``band_hz`` every path is split. Low and high pass of a
crossover have the same phase and add up to an all-pass, the same for all paths, so that nothing is lost where they meet (Linkwitz,
"Active crossover networks for noncoincident drivers", JAES 24(1), 1976). A woofer or tweeter is given what makes the path's own target
d at the same point as the spatial drivers do: level and delay are aligned by W_n = pass d h_n*/sum |h|^2. All woofers together play every
path, a side's tweeters are those nearest to its timbre driver, the centre has all.

Without a woofer, a feed rolls off well below the lower edge, where drivers would only move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial.base.arrays import AtPoint, Delays, Firs, Freqs, Real, Spectrum, Transfer, Vector
from spatial.base.units import REFERENCE_FS, power_of_two, scaled_samples
from spatial.design.realize import band_limit, faded
from spatial.rig.geometry import places
from spatial.rig.model import Rig
from spatial.targets.effort import gain_bounds, smooth_step
from spatial.targets.tone import boost_limited

TAPS, MOST_TAPS = 1024, 4096  # of the passes, at 48 kHz
PERIODS = 1.6  # of the edge frequency that a pass lasts: it has faded to -60 dB
FADE = 1 / 4  # of the taps of a pass, in case it has not
ROLL_OFF = 1 / 4  # of the lower edge: where a feed without a woofer is 6 dB down; 0.03 dB at the edge itself
NEAREST_TIE_M = 1e-3
MADE_UP_FROM = 0.75  # times the edge: from here to the edge the spatial drivers begin to make up for what woofers and tweeters leak


@dataclass(frozen=True)
class Crossovers:
    """Edges between bass, spatial drivers and top.

    Attributes
    ----------
    low_hz, high_hz : float or None
        None where there is no woofer or tweeter.
    roll_off_hz : float or None
        High pass of a rig without woofers.
    woofers, tweeters : tuple of int
        Indices in the rig.
    """

    low_hz: float | None
    high_hz: float | None
    roll_off_hz: float | None
    woofers: tuple[int, ...]
    tweeters: tuple[int, ...]

    @classmethod
    def of(cls, rig: Rig) -> Crossovers:
        """From roles and bands of a rig's drivers."""
        by_role = {role: tuple(i for i, d in enumerate(rig.drivers) if d.role == role) for role in ("woofer", "tweeter")}
        bands = [rig.drivers[i].band_hz for i in rig.spatial_drivers]
        known = [band for band in bands if band is not None]
        low = min(band[0] for band in known) if len(known) == len(bands) else None
        high = max(band[1] for band in known) if len(known) == len(bands) else None
        return cls(
            low_hz=low if by_role["woofer"] else None,
            high_hz=high if by_role["tweeter"] else None,
            roll_off_hz=None if by_role["woofer"] or low is None else low * ROLL_OFF,
            woofers=by_role["woofer"],
            tweeters=by_role["tweeter"],
        )


def added_by_others(
    rig: Rig, group: Sequence[int], freqs: Freqs, h_ipsi: AtPoint, h_contra: AtPoint, fs: float | None
) -> tuple[Real, Spectrum]:
    """What woofers and tweeters add at the two ears to a side whose spatial drivers make d.

    Low and high pass of fourth order are in phase, in the ratio k = (edge/f)^4; the others leak k g d whatever is wished. So where the
    whole side is to leak c (1 + k), the spatial drivers have to leak c (1 + k) - k g d. k fades out beyond the edge, where the others
    are the louder ones. Passes of a sample rate have the ratio of tan(pi f/fs) in place of f.

    Parameters
    ----------
    rig : Rig
    group : sequence of int
        The side's timbre drivers.
    freqs : (freqs,) Hz
    h_ipsi, h_contra : (freqs, drivers) complex
        At the two ears.
    fs : float or None
        Sample rate of the passes, Hz; None: analogue ones.

    Returns
    -------
    share : (freqs,) float >= 0
        k of all of them, pressure at the ipsilateral ear re d.
    leak : (freqs,) complex
        k g, pressure at the contralateral ear re d.
    """
    edges = Crossovers.of(rig)

    def warped(hz: Real | float) -> Real:
        return np.asarray(np.tan(np.pi / fs * np.clip(hz, 0, 0.49 * fs)) if fs else hz)

    place_m = places(rig)[list(group)].mean(axis=0)
    share, leak = np.zeros(len(freqs)), np.zeros(len(freqs), complex)
    for hz, others, up in ((edges.low_hz, edges.woofers, 1), (edges.high_hz, _tweeters(rig, edges, place_m), -1)):
        if hz is not None and others:
            toward = h_ipsi[:, list(others)].conj()
            g = np.sum(h_contra[:, list(others)] * toward, axis=1) / np.sum(np.abs(toward) ** 2, axis=1)
            away = (warped(freqs) / warped(hz)) ** up
            k = smooth_step(away, MADE_UP_FROM, 1.0) / np.maximum(away, 1.0) ** 4
            share, leak = share + k, leak + k * g
    return share, leak


@dataclass(frozen=True, eq=False)
class Path:
    """One path on the design grid.

    Attributes
    ----------
    d : (freqs,) complex
        Its target at some point.
    h : (freqs, drivers) complex
        The drivers' responses there.
    place_m : (3,) m or None
        Place of a side's reference; None for the centre.
    taps : (n_taps, drivers)
        Filters of the spatial drivers.
    delay : (drivers,) samples
        Delay inside them.
    """

    d: Spectrum
    h: Transfer
    place_m: Vector | None
    taps: Firs
    delay: Delays


def with_crossovers(rig: Rig, path: Path, freqs: Freqs, fs: int, boost_db: float) -> Firs:
    """Taps of all drivers; those given where a rig needs no crossover.

    The spatial drivers go through both crossovers, woofers and tweeters through one; so these also turn their phase as the other one
    does (J. D'Appolito, "Active realization of multiway all-pass crossover systems", JAES 35, 1987).

    Parameters
    ----------
    rig : Rig
    path : Path
    freqs : (freqs,) Hz
        The grid of an rfft, 0 Hz to half the rate.
    fs : int
    boost_db : float
        By how much woofers and tweeters may be pushed to make the target.

    Returns
    -------
    (n_taps, drivers)
    """
    edges = Crossovers.of(rig)
    taps = path.taps
    low_hz, high_hz = (hz if hz is not None and hz < fs / 2 else None for hz in (edges.low_hz or edges.roll_off_hz, edges.high_hz))
    for kind, hz in (("high", low_hz), ("low", high_hz)):
        if hz is not None:
            taps = _convolved(taps, _pass_taps(kind, hz, fs))

    def response(kind: str, hz: float | None) -> Spectrum:
        return _response(kind, hz, freqs, fs) if hz is not None else np.ones(len(freqs), complex)

    def all_pass(hz: float | None) -> Spectrum:
        return response("low", hz) + response("high", hz) if hz is not None else response("low", None)

    if edges.woofers and low_hz is not None:
        _add_group(rig, taps, path, list(edges.woofers), response("low", low_hz) * all_pass(high_hz), freqs, fs, boost_db)
    if edges.tweeters and high_hz is not None:
        below = all_pass(low_hz) if edges.woofers else response("high", low_hz)
        _add_group(rig, taps, path, list(_tweeters(rig, edges, path.place_m)), response("high", high_hz) * below, freqs, fs, boost_db)
    return taps


def _tweeters(rig: Rig, edges: Crossovers, place_m: Vector | None) -> tuple[int, ...]:
    """Tweeters nearest to a place, ties together; all of them for the centre."""
    if not edges.tweeters or place_m is None:
        return edges.tweeters
    away = np.linalg.norm(places(rig)[list(edges.tweeters)] - place_m, axis=1)
    return tuple(i for i, r in zip(edges.tweeters, away, strict=True) if r <= away.min() + NEAREST_TIE_M)


def _add_group(rig: Rig, taps: Firs, path: Path, group: list[int], response: Spectrum, freqs: Freqs, fs: int, boost_db: float) -> None:
    """The filters of drivers that together make response times the path's target with least drive power, each aligned by itself."""
    h = path.h[:, group]
    size = np.sqrt(np.sum(np.abs(h) ** 2, axis=1))
    wanted = response * boost_limited(path.d, size, boost_db) / size**2 * band_limit(freqs, fs)
    wanted = wanted[:, None] * h.conj()
    wanted /= np.maximum(1.0, (np.abs(wanted) / gain_bounds([rig.drivers[i] for i in group])).max(axis=1, keepdims=True))
    for i, spectrum in zip(group, wanted.T, strict=True):
        delayed = spectrum * np.exp(-2j * np.pi * freqs / fs * path.delay[i])
        delayed[0], delayed[-1] = delayed[0].real, delayed[-1].real
        made = np.fft.irfft(delayed, 2 * (len(freqs) - 1))[: len(taps)]
        taps[:, i] = np.pad(made, (0, len(taps) - len(made)))


def _convolved(taps: Firs, kernel: Real) -> Firs:
    n_fft = power_of_two(len(taps) + len(kernel))
    spectrum = np.fft.rfft(taps, n_fft, axis=0) * np.fft.rfft(kernel, n_fft)[:, None]
    return np.fft.irfft(spectrum, n_fft, axis=0)[: len(taps) + len(kernel) - 1]


def _sections(kind: str, hz: float, fs: float) -> Real:
    """Second-order sections of a Butterworth filter of order 2, twice: Linkwitz-Riley of order 4."""
    from scipy.signal import butter

    once = butter(2, hz, kind, fs=fs, output="sos")
    return np.concatenate([once, once])


def _response(kind: str, hz: float, freqs: Freqs, fs: float) -> Spectrum:
    from scipy.signal import sosfreqz

    return np.asarray(sosfreqz(_sections(kind, hz, fs), freqs, fs=fs)[1], complex)


def _pass_taps(kind: str, hz: float, fs: int) -> Real:
    from scipy.signal import sosfilt

    n_taps = scaled_samples(int(np.clip(PERIODS * REFERENCE_FS / hz, TAPS, MOST_TAPS)), fs)
    taps = sosfilt(_sections(kind, hz, fs), np.concatenate([[1.0], np.zeros(n_taps - 1)]))
    return np.asarray(faded(taps, 0, int(n_taps * FADE)), float)
