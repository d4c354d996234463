"""A source that is panned from left to right: what reaches the ears through upmix and filters, beside a real pair of loudspeakers.

Power at both ears in third octaves 315 Hz-8 kHz of steady pink noise at constant-power pans, -1 (left) to 1 (right) by 0.05. Any pan law
through L' = L - C dips by about 3 dB somewhere between centre and side; single bands differ by more, because the phantom
of a real pair combs at the ears where a centre from one place does not, and one from drivers far apart combs in its own way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spatial.analysis.study import Study
from spatial.base.arrays import Audio, Flags, Freqs, Levels, Power, Real, Transfer
from spatial.base.units import power_db, third_octave_centres, third_octave_mean, thirds_below

PANS = np.linspace(-1, 1, 41)
BANDS_HZ = (315.0, 8000.0)
FRAME = 8192  # of the spectra, at 48 kHz
SETTLED_S, HEARD_S = 2.0, 2.0  # how long a pan lasts before it is judged, and for how long
SEED = 5

Upmix = Callable[[Audio], Audio]
"""A new upmix's whole work: (2, frames) to L', R', C (3, frames)."""


@dataclass(frozen=True, eq=False)
class PanSweep:
    """Power at both ears over pan.

    Attributes
    ----------
    pans : (pans,)
        -1 left to 1 right.
    bands_hz : (bands,) Hz
    heard, real : (pans, bands)
        Through upmix and filters, and from a real pair.
    """

    pans: Real
    bands_hz: Freqs
    heard: Power
    real: Power

    @property
    def level_db(self) -> Levels:
        """Level summed over the bands, re the real pair: (pans,)."""
        return power_db(self.heard.sum(axis=1)) - power_db(self.real.sum(axis=1))

    @property
    def as_loud_db(self) -> Levels:
        """`level_db` at the playback level at which centre and hard pans come nearest to the loudness of the pair's.

        The filters' level is that of a source at the rig's own place, which is nearer or farther than the pair's; with a flat tone it is
        that of a source straight ahead, too.
        """
        fixed = self.level_db[[0, len(self.pans) // 2, -1]]
        return np.asarray(self.level_db - (fixed.max() + fixed.min()) / 2)

    @property
    def bands_db(self) -> Levels:
        """Level band by band, re the real pair: (pans, bands)."""
        return power_db(self.heard) - power_db(self.real)


def pan_sweep(study: Study, upmix: Upmix, pans: Real = PANS) -> PanSweep:
    """The sweep at the listener's place of a rig file.

    Parameters
    ----------
    study : Study
    upmix : callable
        Called once for each pan, each time as a new upmix.
    pans : (pans,)
        -1 left to 1 right.
    """
    bank = study.bank
    frame = 2 ** round(np.log2(FRAME * bank.fs / 48000))
    freqs = np.asarray(np.fft.rfftfreq(frame, 1 / bank.fs), float)
    bands = thirds_below(third_octave_centres(*BANDS_HZ), study.top_hz)
    used = (freqs > BANDS_HZ[0] / 1.2) & (freqs < BANDS_HZ[1] * 1.2)
    freqs = freqs[used]
    ears = study.sides.nominal_ears
    weights = np.stack([study.path(path, freqs) for path in ("left", "right", "center")], axis=2)
    of_paths, of_pair = study.sides.heard(ears, freqs) @ weights, study.sides.real(ears, freqs)
    noise = _pink(round((SETTLED_S + HEARD_S) * bank.fs))
    heard, real = [], []
    for pan in pans:
        angle = (pan + 1) * np.pi / 4
        stereo = np.stack([np.cos(angle) * noise, np.sin(angle) * noise]).astype(np.float32)
        heard.append(_ear_power(of_paths, upmix(stereo), frame, used, round(SETTLED_S * bank.fs)))
        real.append(_ear_power(of_pair, stereo, frame, used, round(SETTLED_S * bank.fs)))
    return PanSweep(
        pans, bands, *(np.stack([third_octave_mean(power, freqs, bands) * bands for power in powers]) for powers in (heard, real))
    )


def _ear_power(transfer: Transfer, x: Audio, frame: int, used: Flags, start: int) -> Power:
    """Mean power spectrum, summed over both ears, of signals (paths, frames) through (freqs, ears, paths)."""
    frames = np.lib.stride_tricks.sliding_window_view(x[:, start:], frame, axis=1)[:, :: frame // 2] * np.hanning(frame)
    spectra = np.fft.rfft(frames)[:, :, used]
    at_ears = np.einsum("fep,ptf->etf", transfer, spectra)
    return np.asarray(np.sum(np.abs(at_ears) ** 2, axis=(0, 1)))


def _pink(frames: int) -> Real:
    spectrum = np.fft.rfft(np.random.default_rng(SEED).standard_normal(frames))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    x = np.fft.irfft(spectrum, frames)
    return np.asarray(x / x.std() * 0.1)
