"""The virtual pair's cues in ERB bands beside those of a real pair at the same place."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.analysis.binaural_cues import ErbCues, cue_frequencies, erb_cues
from spatial.analysis.study import Sides

TOP_HZ = 14000.0


def cues_of_the_pair(
    sides: Sides, ears: Ears | None = None, top_hz: float = TOP_HZ
) -> tuple[tuple[ErbCues, ErbCues], tuple[ErbCues, ErbCues]]:
    """Cues of the left and the right input at one pose, and those of the real pair.

    Parameters
    ----------
    sides : Sides
    ears : Ears
        One pose; default: the nominal one.
    top_hz : float
        Cues are told up to here.

    Returns
    -------
    (ErbCues, ErbCues), (ErbCues, ErbCues)
    """
    ears = ears or sides.nominal_ears
    freqs = cue_frequencies(min(TOP_HZ, top_hz, sides.top_hz))
    h, real = sides.heard(ears, freqs), sides.real(ears, freqs)
    heard = [np.einsum("fen,fn->fe", h, sides.at(ear, freqs)) for ear in (LEFT, RIGHT)]
    left, right = (erb_cues(freqs, heard[ear][:, ear], heard[ear][:, 1 - ear]) for ear in (LEFT, RIGHT))
    real_left, real_right = (erb_cues(freqs, real[:, ear, ear], real[:, 1 - ear, ear]) for ear in (LEFT, RIGHT))
    return (left, right), (real_left, real_right)
