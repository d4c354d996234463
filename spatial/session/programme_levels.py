"""What a programme becomes on its way through a bank: level, loudness, crest and offset of every feed, and how late they are."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Audio, Real
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.units import db, power_db
from spatial.dsp.make import make_meter
from spatial.io.standard_input import open_audio
from spatial.session.offline import CHUNK, at_rate, flow
from spatial.session.options import chain_of
from spatial.session.programme_meter import ProgrammeMeter

LAG_FRAMES = 8192  # lags are looked for up to here


@dataclass(frozen=True)
class FeedFigures:
    """One driver's feed. delay_samples: by how much it comes later than the first driver's, where the two are most alike.

    None where the feed is silent.
    """

    peak_db: float | None
    rms_db: float | None
    crest_db: float | None
    dc_db: float | None
    delay_samples: int | None


@dataclass(frozen=True, kw_only=True)
class ProgrammeFigures:
    """A whole programme: loudness before and after, true peak over all drivers, and what the limiter and the check of samples had to do."""

    file: str
    duration_s: float
    in_lufs: float | None = figure("loudness of the programme")
    out_lufs: float | None = figure("loudness of all feeds together")
    true_peak_dbtp: float | None = figure("of the loudest feed")
    gain_db: float = figure("of all drivers, before the limiter")
    limiter_share: float = figure("of the time that the limiter works", LOWER)
    limiter_lowest_db: float = figure("deepest gain of the limiter", HIGHER)
    non_finite: int = figure("samples that were no numbers", LOWER)
    drivers: dict[str, FeedFigures]


def measure_programme(input: str | os.PathLike[str], bank: FilterMatrix) -> ProgrammeFigures:
    """Figures of a sound file rendered through a bank with default options; nothing is written.

    A file at another rate is converted. Non-finite samples count as 0 and are counted.

    Parameters
    ----------
    input : path
        With the channels of the bank's programme; mono feeds both of stereo.
    bank : FilterMatrix

    Raises
    ------
    InputError
        The file cannot be read.
    """
    with open_audio(input, scrub=True, channels=len(bank.programme)) as reader:
        source = at_rate(reader, bank.fs, True, len(bank.programme))
        chain = chain_of(bank)
        meter_in, meter_out = ProgrammeMeter(bank), make_meter(bank.fs, len(bank.channels))
        feeds = _Feeds(len(bank.channels))
        for y in flow(source, chain.process, chain.tail, chain.latency.total, CHUNK, heard=meter_in.add):
            meter_out.add(y)
            feeds.add(y)
        limiter = chain.limiter
        return ProgrammeFigures(
            file=os.path.basename(os.fspath(input)),
            duration_s=reader.position / reader.fs,
            in_lufs=meter_in.integrated_lufs,
            out_lufs=meter_out.integrated_lufs,
            true_peak_dbtp=meter_out.true_peak_db,
            gain_db=chain.plan.gain_db,
            limiter_share=0.0 if limiter is None else min(limiter.limited_frames / max(feeds.frames, 1), 1.0),
            limiter_lowest_db=0.0 if limiter is None else limiter.lowest_gain_db,
            non_finite=reader.scrubbed + chain.discarded,
            drivers=dict(zip(bank.driver_names, feeds.figures(meter_out.sample_peaks), strict=True)),
        )


class _Feeds:
    """Sums over a stream of (drivers, frames)."""

    def __init__(self, drivers: int) -> None:
        self.frames = 0
        self._sum, self._power = np.zeros(drivers), np.zeros(drivers)
        self._cross = np.zeros((drivers, LAG_FRAMES + 1), complex)  # spectra against the first driver's
        self._rest: Audio = np.zeros((drivers, 0), np.float32)

    def add(self, y: Audio) -> None:
        self.frames += y.shape[1]
        self._sum += y.sum(axis=1, dtype=float)
        self._power += np.einsum("nt,nt->n", y, y, dtype=float)
        stream = np.concatenate([self._rest, y], axis=1)
        while stream.shape[1] >= LAG_FRAMES:
            self._add_cross(stream[:, :LAG_FRAMES])
            stream = stream[:, LAG_FRAMES:]
        self._rest = stream

    def _add_cross(self, y: Audio) -> None:
        spectrum = np.fft.rfft(y, 2 * LAG_FRAMES, axis=1)
        self._cross += spectrum * spectrum[0].conj()

    def figures(self, peaks: Real) -> list[FeedFigures]:
        self._add_cross(self._rest)
        likeness = np.abs(np.fft.irfft(self._cross, 2 * LAG_FRAMES, axis=1))
        lags = (likeness.argmax(axis=1) + LAG_FRAMES) % (2 * LAG_FRAMES) - LAG_FRAMES
        out = []
        for peak, total, power, lag, alike in zip(peaks, self._sum, self._power, lags, likeness.max(axis=1), strict=True):
            if peak == 0:
                out.append(FeedFigures(None, None, None, None, None))
                continue
            rms_db = float(power_db(power / self.frames))
            peak_db, mean = float(db(peak)), abs(total) / self.frames
            out.append(
                FeedFigures(peak_db, rms_db, peak_db - rms_db, float(db(mean)) if mean > 0 else None, int(lag) if alike > 0 else None)
            )
        return out
