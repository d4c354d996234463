"""The centre path at the listener's own place: its tone, what comes before it, and the window and the sides around the rig there.

Definitions. The seat is the head's centre, no head there; the target is that of `targets.tone.seat_target` with the centre's gain.
``tone_db``: largest third octave off target, 200 Hz-10 kHz, where the boost limit lets the tone hold; ``ears_db``: rms over third octaves
of the mean power at the two ears beside that of an ideal source at the reference's place (drivers far apart comb there by nature);
``prering_db``: energy up to 1 ms before the peak of the impulse response, 80 Hz-16 kHz, over all of it, ``aside_prering_db``: the worse of
0.6 m to each side; ``side_db``, ``droop45_db``, ``peak45_db`` as in `beam_pattern`, on the seat circle; ``alone_side_db``: side_db of the
reference alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import seat, seat_circle
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.beam_bands import PER_BAND, frequencies_of
from spatial.analysis.cancellation import shared_band
from spatial.analysis.study import Study
from spatial.base.arrays import Freqs
from spatial.base.figure import HIGHER, LOWER, figure
from spatial.base.units import mean_of_each, power_db, power_of_two, third_octave_centres, thirds_below
from spatial.rig.geometry import head_centre
from spatial.rig.model import RigFile
from spatial.targets.beam_directions import SIDE_DEG, judged_bands
from spatial.targets.beam_reference import beam_group, reference_alone
from spatial.targets.solution import Weights
from spatial.targets.tone import center_gain, ear_target, seat_target

TONE_HZ = (200.0, 10000.0)
BEFORE_S, ASIDE_M = 1e-3, 0.6
HEARD_HZ, HEARD_ORDER, FAINT = (80.0, 16000.0), 4, 1e-4
WINDOW_DEG = np.arange(-45.0, 46.0, 5.0)
WINDOW_SLACK_DB = 0.3  # of the window's lower bound: what third octaves of short filters may miss


@dataclass(frozen=True)
class SeatFigures:
    """The centre at the seat; see this module's text."""

    tone_db: float = figure("centre off its target at the head's place, worst third octave", LOWER)
    tone_hz: float = figure("where that is")
    ears_db: float = figure("centre at the ears beside one ideal source, rms over third octaves", LOWER)
    prering_db: float = figure("energy earlier than 1 ms before the peak, at the head's place", LOWER)
    aside_prering_db: float = figure("the same 0.6 m to the side", LOWER)
    side_db: float = figure("on axis over +-80, +-90, +-100 deg, on the circle through the head", HIGHER)
    alone_side_db: float = figure("the same of the reference alone", HIGHER)
    droop45_db: float = figure("lowest level within +-45 deg on that circle", HIGHER)
    peak45_db: float = figure("highest level within +-45 deg on that circle", LOWER)


def seat_figures(study: Study) -> SeatFigures:
    """The figures of this module's text for the centre path of a bank."""
    rig_file = study.rig_file
    tone_db, tone_hz, ears_db = _tone(study)
    bands = judged_bands(rig_file.rig, study.top_hz)
    side, droop, peak = _around(rig_file, study.center, bands)
    alone, _, _ = _around(rig_file, lambda freqs: reference_alone(rig_file, freqs), bands)
    at_seat, aside = _before(study)
    return SeatFigures(tone_db, tone_hz, ears_db, at_seat, aside, side, alone, droop, peak)


def _tone(study: Study) -> tuple[float, float, float]:
    """Largest third octave off target at the seat, its frequency, and the rms over third octaves at the ears."""
    rig_file = study.rig_file
    thirds = third_octave_centres(*TONE_HZ)
    thirds = thirds_below(thirds, study.top_hz)
    freqs = frequencies_of(thirds)
    rig, scene = rig_file.rig, rig_file.scene
    w, group, gain = study.center(freqs), beam_group(rig_file), center_gain(rig_file.design, freqs)
    target = seat_target(rig_file, group, freqs)
    made = np.sum(transfer_matrix(rig, seat(scene.listener), freqs, scene.medium)[:, 0] * w, axis=1)
    level = power_db(mean_of_each(np.abs(made) ** 2, PER_BAND) / mean_of_each(np.abs(target.d * gain) ** 2, PER_BAND))
    low_hz, high_hz = shared_band(rig_file, rig_file.design.beam.drivers)
    holds = target.holds(rig_file.design.tone_boost_db).reshape(-1, PER_BAND).all(axis=1)
    inside = holds & (thirds >= low_hz * 2 ** (1 / 6)) & (thirds <= high_hz / 2 ** (1 / 6))
    if not inside.any():
        return 0.0, float(thirds[0]), 0.0
    h = study.sides.heard(study.sides.nominal_ears, freqs)
    heard = np.mean(np.abs(np.einsum("fen,fn->fe", h, w)) ** 2, axis=1)
    ideal = np.mean([np.abs(ear_target(rig_file, group, ear, h[:, ear], freqs).flat) ** 2 for ear in (0, 1)], axis=0)
    ears = power_db(mean_of_each(heard, PER_BAND) / mean_of_each(ideal * gain**2, PER_BAND))
    worst = int(np.where(inside, np.abs(level), -1).argmax())
    return float(np.abs(level[worst])), float(thirds[worst]), float(np.std(ears[inside]))


def _around(rig_file: RigFile, weights: Weights, bands_hz: Freqs) -> tuple[float, float, float]:
    """Sides, lowest and highest level of the window on the seat circle, over third octaves."""
    freqs = frequencies_of(bands_hz)
    listener, axis = rig_file.scene.listener, rig_file.design.beam.axis
    angles = np.concatenate([[0.0], SIDE_DEG, WINDOW_DEG])
    h = transfer_matrix(rig_file.rig, seat_circle(listener, angles, axis), freqs, rig_file.scene.medium)
    power = mean_of_each(np.abs(np.einsum("fpn,fn->fp", h, weights(freqs))) ** 2, PER_BAND)
    front, sides, window = power[:, 0], power[:, 1 : 1 + len(SIDE_DEG)], power[:, 1 + len(SIDE_DEG) :]
    level = power_db(window / front[:, None])
    return float(power_db(front / sides.mean(axis=1)).mean()), float(level.min()), float(level.max())


def _before(study: Study) -> tuple[float, float]:
    """Pre-echo at the seat, and at the worse one of two places aside."""
    bank, rig_file = study.bank, study.rig_file
    from scipy.signal import butter, sosfreqz

    n = power_of_two(2 * bank.n_taps + 0.1 * bank.fs)
    freqs = np.arange(n // 2 + 1) * bank.fs / n
    band = (HEARD_HZ[0], min(HEARD_HZ[1], 0.4 * bank.fs))
    heard = sosfreqz(butter(HEARD_ORDER, band, "bandpass", fs=bank.fs, output="sos"), freqs, fs=bank.fs)[1]
    kept = np.abs(heard) > FAINT
    points = head_centre(rig_file.scene.listener) + np.array([[0.0, x, 0.0] for x in (0.0, ASIDE_M, -ASIDE_M)])
    h = pressure_at(rig_file.rig, points, freqs[kept], rig_file.scene.medium)
    p = np.zeros((len(freqs), len(points)), complex)
    p[kept] = np.einsum("fpn,fn->fp", h, study.center(freqs[kept])) * heard[kept, None]
    travel_s = np.linalg.norm(points, axis=1) / rig_file.scene.medium.c
    x = np.roll(np.fft.irfft(p * np.exp(2j * np.pi * freqs[:, None] * travel_s), n, axis=0), n // 4, axis=0) ** 2
    found = []
    for energy in x.T:
        peak = int(energy.argmax())
        found.append(float(power_db(max(energy[: max(peak - round(BEFORE_S * bank.fs), 1)].sum() / energy.sum(), 1e-15))))
    return found[0], max(found[1:])
