"""Head-related impulse responses from SOFA files (AES69): the ring of directions at ear height.

Convention read: AES69. Azimuth counts from the listener's view towards the listener's left (anticlockwise seen from above), elevation up,
the first receiver is the left ear. That is this package's own convention for listener angles; only the listener's position and view
are taken out here. The two ears are not believed but heard: a file whose responses say that left and right are exchanged is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spatial.base.arrays import Angles, Directions, Indices, Real
from spatial.base.errors import InputError, SpatialError, UsageError
from spatial.exchange.hdf5 import check_self_contained

CONVENTIONS = ("SimpleFreeFieldHRIR", "GeneralFIR")
KNOWN = (("SimpleFreeFieldHRIR", "0.4"), ("SimpleFreeFieldHRIR", "0.5"), ("SimpleFreeFieldHRIR", "1.0"), ("SimpleFreeFieldHRIR", "1.1"))
EAR_HEIGHT_DEG, SAME_RING_DEG, SAME_DISTANCE = 10.0, 2.5, 0.05
FEWEST_AZIMUTHS, LARGEST_GAP_DEG = 8, 45.0
LONGEST, MOST_DIRECTIONS, MOST_SAMPLES = 1 << 16, 100_000, 50_000_000  # samples of a response that are read; what is taken into memory
ATTRIBUTES = ("Conventions", "SOFAConventions", "SOFAConventionsVersion", "DataType", "RoomType")
POSITIONS = ("SourcePosition", "ListenerPosition", "ListenerView", "ListenerUp", "ReceiverPosition")
VARIABLES = {"Data.IR": 1 << 62} | dict.fromkeys(("Data.SamplingRate", "Data.Delay", *POSITIONS), 3 * MOST_DIRECTIONS)
"""All that is read, and how many values each may have; of Data.IR that is checked with its shape."""

LOUDEST = 1e6  # samples; more is no response of anything
SIDES_DEG = (30.0, 90.0)  # where the near ear is surely louder and earlier
LEAST_DB, LEAST_US = 1.0, 50.0  # with less it is no head
ONSET_SHARE = 0.15  # of the largest sample


@dataclass(frozen=True, eq=False)
class Ring:
    """Responses around the head at ear height.

    azimuths_deg (n,): rising from 0 to below 360, + = the listener's left. responses (n, 2, taps): left ear, right ear. delays (n, 2):
    samples by which each is later than its taps say. fs in Hz, distance_m of the sources. notes: what is odd about the file.
    """

    azimuths_deg: Angles
    responses: Real
    delays: Real
    fs: float
    distance_m: float
    notes: tuple[str, ...] = ()


def check_container(path: Path) -> None:
    """Refuse what is no HDF5 file, by its first bytes.

    Raises
    ------
    InputError
        Missing, not to be read, netCDF classic, or another file.
    """
    try:
        if not path.is_file() and path.exists():
            raise InputError(f"{path.name}: not a regular file")
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror or error}") from None
    if head[:3] == b"CDF":
        raise InputError(f"{path.name}: netCDF classic, SOFA needs netCDF-4/HDF5; convert it: nccopy -k nc4 {path.name} converted.sofa")
    if not any(head[at : at + 8] == b"\x89HDF\r\n\x1a\n" for at in (0, 512, 1024, 2048)):
        raise InputError(f"{path.name}: no SOFA file: SOFA is netCDF-4/HDF5, this is not")


def is_sofa(path: Path) -> bool:
    """Whether a file is an HDF5 container by its first bytes, as every SOFA file is."""
    try:
        check_container(path)
    except InputError:
        return False
    return True


def read_ring(path: Path) -> Ring:
    """The ring of a SOFA file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        No such file, not HDF5, another convention, no finite responses of two ears all around, or left and right exchanged.
    UsageError
        h5py is not installed.
    """  # noqa: DOC501 what is raised again is one of these
    check_container(path)
    try:
        import h5py
    except ImportError:
        raise UsageError(f"{path.name}: to read SOFA files h5py is needed: pip install 'spatial-dsp[sofa]'") from None
    try:
        with h5py.File(path, "r") as file:
            check_self_contained(path.name, file, ATTRIBUTES, VARIABLES, "Type")
            return _Reader(path.name, file).ring()
    except SpatialError:
        raise
    except Exception as error:  # whatever the library makes of a damaged file
        raise InputError(f"{path.name}: damaged, or no SOFA file: {error}") from None


class _Reader:
    """Takes one open file apart; every complaint names the file."""

    def __init__(self, name: str, file: Any) -> None:
        self.name = name
        self.file = file
        self.notes: list[str] = []

    def ring(self) -> Ring:
        self.check_convention()
        n, receivers, taps = self.shape()
        azimuth, elevation, distance = self.directions(n)
        chosen = self.at_ear_height(azimuth, elevation, distance)
        first = int(chosen.min())  # one range of rows: picked one by one they would be unpacked one by one
        rows = self.file["Data.IR"][first : int(chosen.max()) + 1, :, : min(taps, LONGEST)]
        responses = np.asarray(rows[chosen - first], float)
        delays = self.per_measurement("Data.Delay", n, receivers)[chosen] if "Data.Delay" in self.file else np.zeros((len(chosen), 2))
        if not (np.isfinite(responses).all() and np.isfinite(delays).all()):
            raise self.wrong("has samples or delays that are not finite")
        if np.abs(responses).max() > LOUDEST:
            raise self.wrong(f"has samples (Data.IR) beyond {LOUDEST:g}")
        if not np.all(np.abs(responses).max(axis=2) > 0):
            raise self.wrong("has responses that are silent")
        if np.ptp(delays) > responses.shape[2] + self.rate() * 0.1:
            raise self.wrong("has delays (Data.Delay) that lie more than 0.1 s apart")
        ring = Ring(azimuth[chosen], responses, delays, self.rate(), float(np.median(distance[chosen])))
        ring = self.with_left_first(ring)
        return Ring(ring.azimuths_deg, ring.responses, ring.delays, ring.fs, ring.distance_m, tuple(self.notes))

    def wrong(self, complaint: str) -> InputError:
        return InputError(f"{self.name}: {complaint}")

    # ------------------------------------------------------------------------------------------------ what it says

    def text(self, attribute: str) -> str:
        return _as_text(self.file.attrs.get(attribute, ""))

    def check_convention(self) -> None:
        if self.text("Conventions") != "SOFA":
            raise self.wrong("is HDF5, but no SOFA file (Conventions is not SOFA)")
        convention, version, kind = self.text("SOFAConventions"), self.text("SOFAConventionsVersion"), self.text("DataType")
        marked = f"{convention or 'no convention'} {version or 'without version'}"
        if convention not in CONVENTIONS or kind != "FIR":
            raise self.wrong(f"is {marked} (data type {kind or 'not named'}); SimpleFreeFieldHRIR with data type FIR is read")
        if (convention, version) not in KNOWN:
            self.notes.append(f"{self.name} is marked {marked}; read as SimpleFreeFieldHRIR 1.0")
        room = self.text("RoomType")
        if room.lower() not in ("free field", ""):
            self.notes.append(f'{self.name}: RoomType is "{room}"; what the room adds stays in the responses')

    def shape(self) -> tuple[int, int, int]:
        found = self.file["Data.IR"].shape
        if len(found) != 3 or found[1] != 2 or found[2] < 16:
            raise self.wrong(f"Data.IR has the shape {found}; (directions, 2 ears, samples) is wanted")
        if found[0] > MOST_DIRECTIONS:
            raise self.wrong(f"has {found[0]} directions; at most {MOST_DIRECTIONS} are read")
        count = found[0] * 2 * min(found[2], LONGEST)
        if count > MOST_SAMPLES:
            raise self.wrong(
                f"Data.IR is too large: {count} samples ({found[0]} directions), at most {MOST_SAMPLES} are read; "
                f"take a file of fewer directions or shorter responses"
            )
        n, receivers, taps = found
        return n, receivers, taps

    def rate(self) -> float:
        values = np.atleast_1d(np.asarray(self.file["Data.SamplingRate"][()], float))
        if not (np.all(values == values[0]) and 8000 <= values[0] <= 1e6):
            raise self.wrong("Data.SamplingRate is not one rate from 8 kHz to 1 MHz")
        return float(values[0])

    def per_measurement(self, variable: str, n: int, columns: int) -> Real:
        """(n, columns) of a variable that is given once or for every measurement."""
        values = np.asarray(self.file[variable][()], float)
        values = values.reshape(values.shape[:2]) if values.ndim == 3 and values.shape[2] == 1 else values
        if values.ndim != 2 or values.shape[0] not in (1, n) or values.shape[1] != columns:
            raise self.wrong(f"{variable} has the shape {values.shape}; (1, {columns}) or ({n}, {columns}) is wanted")
        return np.broadcast_to(values, (n, columns))

    # ------------------------------------------------------------------------------------------------- directions

    def cartesian(self, variable: str, n: int, default: tuple[float, float, float]) -> Real:
        """(n, 3) x = front, y = left, z = up."""
        if variable not in self.file:
            return np.tile(default, (n, 1))
        values = self.per_measurement(variable, n, 3)
        kind = _as_text(self.file[variable].attrs.get("Type", "cartesian"))
        if kind == "cartesian":
            return values
        if kind != "spherical":
            raise self.wrong(f'{variable} is of the type "{kind}"; cartesian or spherical is read')
        azimuth, elevation = np.deg2rad(values[:, 0]), np.deg2rad(values[:, 1])
        level = np.cos(elevation)
        towards: Directions = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=1)
        return values[:, 2:] * towards

    def directions(self, n: int) -> tuple[Real, Real, Real]:
        """Azimuth (0 to below 360), elevation and distance of the sources as the listener sees them, (n,) each."""
        to_source = self.cartesian("SourcePosition", n, (1, 0, 0)) - self.cartesian("ListenerPosition", n, (0, 0, 0))
        view, up = self.cartesian("ListenerView", n, (1, 0, 0)), self.cartesian("ListenerUp", n, (0, 0, 1))
        if not np.allclose(up / np.linalg.norm(up, axis=1, keepdims=True), [0, 0, 1], atol=0.01):
            raise self.wrong("the listener's head is not upright (ListenerUp)")
        distance = np.linalg.norm(to_source, axis=1)
        if not np.all(np.isfinite(to_source)) or distance.min() < 0.05:
            raise self.wrong("has sources (SourcePosition) that are not outside the head")
        turned = np.arctan2(view[:, 1], view[:, 0])
        azimuth = np.rad2deg(np.arctan2(to_source[:, 1], to_source[:, 0]) - turned)
        azimuth = np.round(np.mod(azimuth, 360), 6) % 360
        return azimuth, np.rad2deg(np.arcsin(to_source[:, 2] / distance)), distance

    def at_ear_height(self, azimuth: Angles, elevation: Angles, distance: Real) -> Indices:
        """Indices of one ring, by rising azimuth: nearest to ear height, and of those the farthest sources."""
        nearest = np.abs(elevation).min()
        ring: Indices = np.flatnonzero(np.abs(elevation) <= nearest + SAME_RING_DEG)
        ring = ring[distance[ring] >= (1 - SAME_DISTANCE) * distance[ring].max()]
        ring = ring[np.lexsort((np.abs(elevation[ring]), azimuth[ring]))]
        ring = ring[np.concatenate([[True], np.diff(azimuth[ring]) > 0.1])]
        gap = float(np.diff(azimuth[ring], append=azimuth[ring[0]] + 360).max())
        if nearest > EAR_HEIGHT_DEG or len(ring) < FEWEST_AZIMUTHS or gap > LARGEST_GAP_DEG:
            found = f"{len(ring)} directions nearest to ear height (elevation {nearest:.0f} deg), largest gap {gap:.0f} deg"
            wanted = f"at least {FEWEST_AZIMUTHS}, no more than {LARGEST_GAP_DEG:.0f} deg apart"
            raise self.wrong(f"does not go around the head: {found}; {wanted} are needed")
        return ring

    # ----------------------------------------------------------------------------------------------- left and right

    def with_left_first(self, ring: Ring) -> Ring:
        """The ring with the ear first that the responses say is the left one, as far as the file does not contradict them."""
        louder_db, earlier_us = near_ear(ring)
        where = f"sources {SIDES_DEG[0]:.0f}-{SIDES_DEG[1]:.0f} deg to the left"
        heard = f"{where} are {louder_db:+.1f} dB louder and {earlier_us:+.0f} us earlier at the first ear"
        if louder_db * earlier_us <= 0 or abs(louder_db) < LEAST_DB or abs(earlier_us) < LEAST_US:
            raise self.wrong(f"is no head: {heard}")
        says_left = self.first_receiver_is_left()
        if louder_db > 0:
            if says_left is False:
                self.notes.append(f"{self.name}: ReceiverPosition calls the first ear the right one, the responses say left; taken as left")
            return ring
        if says_left is False:
            self.notes.append(f"{self.name}: the right ear comes first; put in order")
            return Ring(ring.azimuths_deg, ring.responses[:, ::-1], ring.delays[:, ::-1], ring.fs, ring.distance_m)
        raise self.wrong(f"left and right are exchanged, or azimuths count clockwise: {heard}, which should be the left one")

    def first_receiver_is_left(self) -> bool | None:
        """What ReceiverPosition says; None where it says nothing."""
        if "ReceiverPosition" not in self.file:
            return None
        place = np.asarray(self.file["ReceiverPosition"][()], float)
        kind = _as_text(self.file["ReceiverPosition"].attrs.get("Type", "cartesian"))
        if place.shape[0] != 2 or place.ndim < 2 or kind != "cartesian":
            return None
        left = place.reshape(2, place.shape[1], -1)[:, 1, 0]
        return None if left[0] == left[1] else bool(left[0] > left[1])


def _as_text(value: Any) -> str:
    """An attribute as writers leave it: text, bytes, or an array of one of them; nothing for anything else."""
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return value.strip() if isinstance(value, str) else ""


def near_ear(ring: Ring) -> tuple[float, float]:
    """How much louder (dB) and earlier (us) sources are at the ear on their side, if the first ear is the left one: mean over SIDES_DEG."""
    azimuth = (ring.azimuths_deg + 180) % 360 - 180
    side = (np.abs(azimuth) >= SIDES_DEG[0]) & (np.abs(azimuth) <= SIDES_DEG[1])
    sign = np.sign(azimuth[side])
    heard = ring.responses[side]
    level = 10 * np.log10(np.sum(heard**2, axis=2))
    onset = np.argmax(np.abs(heard) >= ONSET_SHARE * np.abs(heard).max(axis=2, keepdims=True), axis=2) + ring.delays[side]
    return float(np.mean(sign * (level[:, 0] - level[:, 1]))), float(np.mean(sign * (onset[:, 1] - onset[:, 0]))) / ring.fs * 1e6
