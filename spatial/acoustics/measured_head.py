"""A measured head: what its two ears receive from point sources anywhere at ear height.

A measurement says what one distance sounds like, in steps of azimuth, and little below 150 Hz. So what is interpolated over azimuth is the
ratio of each ear to the rigid sphere at the measured place, which is smooth; the sphere carries distance and the low end.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.head import ear_responses, sphere_series
from spatial.base.arrays import Angles, Complex, Freqs, Indices, Real
from spatial.base.errors import UsageError
from spatial.base.fir_response import fir_response
from spatial.exchange.sofa import Ring, check_container, read_ring
from spatial.rig.model import HeadFile, RigFile

RADIUS_M = 0.0875  # of the sphere that carries the measurement
LOWEST_HZ = 150.0  # below, the ratio is held
LEVEL_HZ = (200.0, 1500.0)  # where gain and delay of the measurement are told


@dataclass(frozen=True, eq=False)
class MeasuredHead:
    """Ring of responses, and the gain and delay (s) that all of them have over the sphere: a measurement's own, taken out."""

    ring: Ring
    c: float
    gain: float
    delay_s: float

    @classmethod
    def load(cls, path: str | os.PathLike[str], c: float) -> MeasuredHead:
        """Read a SOFA file (SimpleFreeFieldHRIR).

        Parameters
        ----------
        path : path
        c : float
            Speed of sound of the sphere that carries the measurement, m/s.

        Raises
        ------
        InputError
            What is wrong with the file.
        UsageError
            h5py is not installed.
        """
        return cls.of(read_ring(Path(path)), c)

    @classmethod
    def of(cls, ring: Ring, c: float) -> MeasuredHead:
        """The head of a ring of responses.

        Parameters
        ----------
        ring : Ring
        c : float
            Speed of sound, m/s.
        """
        freqs = np.linspace(*LEVEL_HZ, 200)
        peaks = np.abs(ring.responses).argmax(axis=2) + ring.delays
        late = float(peaks.mean()) / ring.fs - ring.distance_m / c
        ratio = cls(ring, c, 1.0, late).ratio(freqs)
        # near the mean peak no phase turns far: a line through the phase of the mean tells the rest
        phase = np.unwrap(np.angle(ratio), axis=2).mean(axis=(0, 1))
        slope = float(np.polyfit(freqs, phase, 1)[0])
        gain = float(np.exp(np.mean(np.log(np.abs(ratio)))))
        return cls(ring, c, gain, late - slope / (2 * np.pi))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the file."""
        return self.ring.notes

    def spectra(self, freqs: Freqs, chosen: Sequence[int] | slice = slice(None)) -> Complex:
        """Measured responses (chosen azimuths, 2, freqs) as the file has them; nothing is told above half its rate.

        Parameters
        ----------
        freqs : (freqs,) Hz
        chosen : slice or indices
            Of the measured azimuths.
        """
        ring = self.ring
        turn = -2j * np.pi * freqs / ring.fs
        responses = ring.responses[chosen]
        found = fir_response(responses.reshape(-1, responses.shape[2]).T, freqs, ring.fs).T
        return found.reshape(len(responses), 2, len(freqs)) * np.exp(ring.delays[chosen][:, :, None] * turn)

    def ratio(self, freqs: Freqs) -> Complex:
        """Measured over sphere at the measured places, (azimuths, 2, freqs): held beyond what was measured.

        Parameters
        ----------
        freqs : (freqs,) Hz
        """
        ring = self.ring
        known = np.clip(freqs, LOWEST_HZ, 0.45 * ring.fs)
        towards_left = np.sin(np.deg2rad(ring.azimuths_deg))
        r = np.full(len(ring.azimuths_deg), ring.distance_m)
        sphere = sphere_series(2 * np.pi * known * RADIUS_M / self.c, r / RADIUS_M, np.stack([towards_left, -towards_left], axis=1))
        free = np.exp(-2j * np.pi * known * (ring.distance_m / self.c + self.delay_s)) / ring.distance_m
        found = self.spectra(known) / (np.moveaxis(sphere, 0, 2) * free) / self.gain
        # a held ratio keeps its magnitude and, below, its delay
        return np.asarray(np.abs(found) * np.exp(1j * np.angle(found) * np.minimum(freqs / LOWEST_HZ, 1.0)))

    def ear_responses(self, freqs: ArrayLike, sources_m: ArrayLike, centre_m: ArrayLike, nose: ArrayLike, left_axis: ArrayLike) -> Complex:
        """Pressure at both ears for unit point sources e^{-jkr}/r, as ``spatial.acoustics.head.ear_responses``.

        Parameters
        ----------
        freqs : (freqs,) Hz, > 0
            Told by the measurement from 150 Hz to 0.45 of its rate.
        sources_m : (sources, 3)
            Places, outside the head. Of their direction only the azimuth chooses the measured ratio.
        centre_m : (3,)
            Head centre.
        nose, left_axis : (3,)
            Unit vectors towards the nose and the left ear.

        Returns
        -------
        (freqs, 2, sources) complex
            Left ear, right ear.
        """
        freqs = np.asarray(freqs, float)
        sources_m = np.atleast_2d(np.asarray(sources_m, float))
        to_source = sources_m - np.asarray(centre_m, float)
        azimuth_deg = np.rad2deg(np.arctan2(to_source @ np.asarray(left_axis, float), to_source @ np.asarray(nose, float)))
        carried = ear_responses(freqs, sources_m, centre_m, left_axis, RADIUS_M, self.c)
        return carried * np.moveaxis(_between(self.ring.azimuths_deg, self.ratio(freqs), azimuth_deg), (0, 2), (2, 0))


def _between(azimuths_deg: Angles, ratio: Complex, wanted_deg: Angles) -> Complex:
    """Ratio (azimuths, 2, freqs) at other azimuths, (wanted, 2, freqs): level in dB and direction of the phase, each in proportion."""
    before, after, share = neighbours(azimuths_deg, wanted_deg)
    t = share[:, None, None]
    a, b = ratio[before], ratio[after]
    direction = (1 - t) * a / np.abs(a) + t * b / np.abs(b)
    return np.asarray(np.abs(a) ** (1 - t) * np.abs(b) ** t * np.exp(1j * np.angle(direction)))


def neighbours(azimuths_deg: Angles, wanted_deg: ArrayLike) -> tuple[Indices, Indices, Real]:
    """Indices of the measured azimuths on both sides of those wanted, around the circle, and the share of the second: (wanted,) each.

    Parameters
    ----------
    azimuths_deg : (azimuths,) degrees
        Measured, rising, within one turn.
    wanted_deg : (wanted,) degrees
        Any.
    """
    wanted = np.mod(np.atleast_1d(np.asarray(wanted_deg, float)) - azimuths_deg[0], 360)
    around = np.concatenate([azimuths_deg - azimuths_deg[0], [360.0]])
    before = np.clip(np.searchsorted(around, wanted, side="right") - 1, 0, len(azimuths_deg) - 1)
    share = (wanted - around[before]) / (around[before + 1] - around[before])
    return before, (before + 1) % len(azimuths_deg), share


@lru_cache(maxsize=4)
def _loaded(path: Path, stamp: tuple[int, int], c: float) -> MeasuredHead:  # noqa: ARG001 a file that was changed is another
    return MeasuredHead.load(path, c)


def head_of(head: str | HeadFile, c: float) -> MeasuredHead:
    """The measured head that a rig file names; read once.

    Parameters
    ----------
    head : str or HeadFile
        ``[listener] head`` of a rig file.
    c : float
        Speed of sound, m/s.

    Raises
    ------
    UsageError
        The listener is the sphere, or the rig is a bare text, which has no folder to look in.
    InputError
        As ``MeasuredHead.load``.
    """
    if not isinstance(head, HeadFile):
        raise UsageError('no measured head: [listener] head = { file = "head.sofa" } names one')
    if head.folder is None:
        raise UsageError(f"[listener] head = {head} is named relative to a rig file, and this rig is a text without one: give the rig file")
    path = head.folder / head.file
    check_container(path)
    found = path.stat()
    return _loaded(path, (found.st_mtime_ns, found.st_size), c)


def head_notes(rig_file: RigFile) -> list[str]:
    """What is odd about a rig's head file, which is read to find out; nothing where the head is the sphere.

    Where the head is not needed and h5py is not installed, that is what is said.

    Raises
    ------
    InputError
        As ``head_of``.
    UsageError
        As ``head_of``.
    """
    head, needed = rig_file.scene.listener.head, rig_file.design.width.model == "measured"
    if not isinstance(head, HeadFile) or (head.folder is None and not needed):
        return []
    try:
        return list(head_of(head, rig_file.scene.medium.c).notes)
    except UsageError as error:
        if needed:
            raise
        return [str(error)]
