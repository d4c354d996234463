"""The recipe: from a rig file to its filter matrix.

    solve: sides (cancellation with the width pair), centre (beam)  ->  realize: one tone, one arrival, FIRs  ->  headroom gain

Everything linear ends up in the taps; how stereo becomes left, right and centre is the bank's render recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spatial.acoustics.arrival import delay_s, fit_frequencies
from spatial.acoustics.ear_grid import LOWEST_HZ
from spatial.acoustics.measured_head import head_notes
from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.bank.headroom import Headroom, predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.arrays import Delays, Firs, Freqs, Indices, Times
from spatial.base.checks import instance, usual_float_errors, whole_number
from spatial.base.errors import UsageError
from spatial.base.units import REFERENCE_FS, from_db, power_of_two, scaled_samples
from spatial.design.centre import centre_taps, design_centre
from spatial.design.crossover import Path, with_crossovers
from spatial.design.headphones import headphone_filters
from spatial.design.side_filters import realize_side
from spatial.design.sides import design_sides
from spatial.rig.geometry import farthest, head_centre
from spatial.rig.mirror import partners
from spatial.rig.model import Rig, RigFile
from spatial.targets.solution import Solution
from spatial.targets.tone import ear_target

NFFT = 4096  # at 48 kHz; at least four times the longest filter
FS_RANGE = (8000, 384000)
FARTHEST_M = 30.0  # from the middle of the drivers: 90 ms, as long as a hardware delay may be

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Timing:
    """Where the taps of the paths lie, in samples.

    Attributes
    ----------
    fs : int
    latency : int
        Common delay.
    early : (drivers,)
        Hardware delay of each driver, by which its filter is moved forward.
    """

    fs: int
    latency: int
    early: Delays

    def offsets(self, later: float, modelling_delay: int) -> tuple[Indices, Delays]:
        """First tap of every driver's filter, and the delay that remains for the filter itself.

        Parameters
        ----------
        later : float
            Delay of the path beyond the common one, samples.
        modelling_delay : int
            How late a filter is inside its taps, samples.

        Returns
        -------
        first : (drivers,) int
        remaining : (drivers,) samples
        """
        zero = self.latency + later - self.early
        first = np.floor(zero - modelling_delay).astype(np.intp)
        return first, zero - first


def compute_filters(rig_file: RigFile, fs: int = REFERENCE_FS, progress: Progress | None = None) -> FilterMatrix:
    """Filter matrix of a rig.

    Parameters
    ----------
    rig_file : RigFile
        As ``load_rig`` returns it.
    fs : int
        Sample rate, 8-384 kHz, a whole number of any type. Taps and delays of the rig file are stated at 48 kHz and scale with it.
    progress : callable
        Called with the name of each stage as it begins.

    Returns
    -------
    FilterMatrix
        Inputs left, right, center (headphones: left, right).

    Raises
    ------
    UsageError
        fs out of range; drivers more than 60 m apart; a rig_file that is none.
    InputError
        The listener's head file cannot be read.
    """
    return design_bank(rig_file, fs, progress)[0]


@usual_float_errors
def design_bank(rig_file: RigFile, fs: int = REFERENCE_FS, progress: Progress | None = None) -> tuple[FilterMatrix, Headroom]:
    """The same, and the headroom that its gain comes from.

    Parameters
    ----------
    rig_file : RigFile
    fs : int
        Sample rate, Hz.
    progress : callable
        Called with the name of each stage as it begins.

    Raises
    ------
    UsageError
        As ``compute_filters``.
    InputError
        As ``compute_filters``.
    """
    instance(rig_file, RigFile, "compute_filters", "load_rig(path) reads one")
    fs = whole_number(fs, "sample rate", *FS_RANGE, form="{} {} Hz")
    if rig_file.rig.kind == "loudspeakers":
        _refuse_sizes(rig_file.rig)
    head_notes(rig_file)  # refuses a head file that cannot be read, also where the model does without it
    say = progress or _silent
    bank = headphone_filters(rig_file, fs) if rig_file.rig.kind == "headphones" else _loudspeakers(rig_file, fs, say)
    predicted = predict_headroom(bank)
    return bank.replace(headroom_gain_db=predicted.gain_db), predicted


def _refuse_sizes(rig: Rig) -> None:
    """Refuse what is no loudspeaker before anything is computed: filters span the time between the nearest and the farthest driver."""
    place, apart_m = farthest(rig)
    if apart_m > FARTHEST_M:
        raise UsageError(
            f"driver '{rig.drivers[place].name}': {apart_m:.4g} m from the middle of the drivers, at most {FARTHEST_M:g} m are possible; "
            "places are in metres (0.45, not 450, for 450 mm)"
        )


# ------------------------------------------------------------------------------------------------------- solve


def solve(rig_file: RigFile, freqs: Freqs, fs: float | None = None, progress: Progress | None = None) -> Solution:
    """What the drivers of a rig of loudspeakers should radiate.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz
        Rising; the grid of an rfft where taps are to follow.
    fs : float
        Sample rate of the crossovers; None: analogue ones.
    progress : callable
        Called with "sides" and "beam" as each begins.
    """
    say = progress or _silent
    say("sides")
    sides = design_sides(rig_file, freqs, fs)
    say("beam")
    return Solution(freqs, sides, design_centre(rig_file, freqs))


def arrival_delays(rig_file: RigFile, solution: Solution) -> Times:
    """Extra delay of left, right and center that makes them arrive together.

    They arrive as late as an ideal source at the rig's origin; with tone "driver" as late as the reference with the longest way.

    Parameters
    ----------
    rig_file : RigFile
    solution : Solution

    Returns
    -------
    (3,) s
    """
    rig, scene, centre = rig_file.rig, rig_file.scene, solution.centre
    travel = np.array([*(side.target.travel_s for side in solution.sides), centre.target.travel_s])
    freqs = fit_frequencies()
    h = transfer_matrix(rig, Ears.of(scene.listener), freqs, scene.medium)
    w = centre.at(freqs)
    found = [
        delay_s(freqs, np.sum(h[:, ear] * w, axis=1) / ear_target(rig_file, centre.group, ear, h[:, ear], freqs).d) for ear in (LEFT, RIGHT)
    ]
    # the sides make their target exactly: they arrive with the travel time of their place
    arrival = travel + np.array([0.0, 0.0, np.mean(found)])
    together = travel.max() if rig_file.design.tone == "driver" else float(np.linalg.norm(head_centre(scene.listener))) / scene.medium.c
    return np.asarray(together - arrival)


# ----------------------------------------------------------------------------------------------------- realize


def _loudspeakers(rig_file: RigFile, fs: int, say: Progress) -> FilterMatrix:
    design = rig_file.design
    side_taps, side_delay = _length(design.crosstalk.taps, design.crosstalk.delay_samples, 1 / 4, fs)
    beam_taps, beam_delay = _length(design.beam.taps, design.beam.delay_samples, 3 / 8, fs)
    n_fft = power_of_two(max(NFFT * fs / REFERENCE_FS, 4 * max(side_taps, beam_taps)))
    solution = solve(rig_file, np.maximum(np.arange(n_fft // 2 + 1) * fs / n_fft, LOWEST_HZ), fs, say)
    return realize(rig_file, solution, fs, (side_taps, side_delay), (beam_taps, beam_delay), say)


def realize(
    rig_file: RigFile, solution: Solution, fs: int, of_sides: tuple[int, int], of_centre: tuple[int, int], progress: Progress
) -> FilterMatrix:
    """A solution as filters.

    Parameters
    ----------
    rig_file : RigFile
    solution : Solution
        On the grid of an rfft, 0 Hz to half the rate.
    fs : int
    of_sides, of_centre : (taps, samples)
        Length of the filters, and how late they are inside it.
    progress : callable
        Called with the name of each path as it begins.
    """
    rig, design, freqs, sides = rig_file.rig, rig_file.design, solution.freqs, solution.sides
    (side_taps, side_delay), (beam_taps, beam_delay) = of_sides, of_centre
    early = np.array([d.delay_ms * 1e-3 * fs for d in rig.drivers])
    later = arrival_delays(rig_file, solution) * fs
    latency = max(side_delay, beam_delay) + int(np.ceil(early.max())) + int(np.ceil(max(0.0, -later.min())))
    timing = Timing(fs, latency, early)
    pieces: dict[str, tuple[Indices, Firs]] = {}

    def with_bass_and_top(path: Path) -> Firs:
        return with_crossovers(rig, path, freqs, fs, design.tone_boost_db)

    def side_taps_of(ear: int, delay: Delays) -> Firs:
        side, taps = sides[ear], realize_side(rig_file, sides[ear], freqs, fs, side_taps, delay)
        return with_bass_and_top(Path(side.d, side.h_ipsi, side.target.place_m, taps, delay))

    progress("filters left")
    offsets, remaining = timing.offsets(later[LEFT], side_delay)
    pieces["left"] = offsets, side_taps_of(LEFT, remaining)
    partner = partners(rig_file)
    if partner is not None:
        pieces["right"] = offsets[list(partner)], pieces["left"][1][:, list(partner)]
    else:
        progress("filters right")
        offsets, remaining = timing.offsets(later[RIGHT], side_delay)
        pieces["right"] = offsets, side_taps_of(RIGHT, remaining)
    progress("filters center")
    offsets, remaining = timing.offsets(later[2], beam_delay)
    centre = solution.centre
    pieces["center"] = (
        offsets,
        with_bass_and_top(Path(centre.wanted, centre.at_seat, None, centre_taps(centre, fs, beam_taps, remaining), remaining)),
    )

    n_taps = max(int(offsets.max()) + len(taps) for offsets, taps in pieces.values())
    matrix = np.zeros((len(rig.drivers), 3, n_taps))
    undo = [(-1.0 if d.invert else 1.0) / from_db(d.gain_db) for d in rig.drivers]
    for i, (offsets, taps) in enumerate(pieces.values()):
        for n, first in enumerate(offsets):
            matrix[n, i, first : first + len(taps)] = undo[n] * taps[:, n]
    return FilterMatrix(
        taps=matrix,
        fs=fs,
        latency_samples=latency,
        input_names=tuple(pieces),
        driver_names=tuple(d.name for d in rig.drivers),
        channels=tuple(d.channel for d in rig.drivers),
        recipe=_recipe(rig_file),
        rig_text=rig_file.text,
    )


# -------------------------------------------------------------------------------------------------------- small


def _silent(_: str) -> None:
    """Progress that nobody asked for."""


def _recipe(rig_file: RigFile) -> RenderRecipe:
    upmix = rig_file.design.upmix
    return RenderRecipe(upmix=upmix.method, latency_ms=upmix.latency_ms, strength=upmix.strength)


def _length(taps_at_48k: int, delay_at_48k: int | None, share: float, fs: int) -> tuple[int, int]:
    """Taps and modelling delay at the rate fs; the delay is a share of the taps where none is given."""
    delay_at_48k = round(taps_at_48k * share) if delay_at_48k is None else delay_at_48k
    return scaled_samples(taps_at_48k, fs), scaled_samples(delay_at_48k, fs)
