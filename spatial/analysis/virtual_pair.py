"""The virtual pair's cues in ERB bands beside those of a real pair at the same place."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.binaural_cues import ErbCues, cue_frequencies, erb_cues
from spatial.analysis.weights import SideWeights
from spatial.rig.model import RigFile
from spatial.targets.virtual_pair import real_pair

TOP_HZ = 14000.0


def cues_of_the_pair(
    weights: SideWeights, rig_file: RigFile, ears: Ears | None = None, top_hz: float = TOP_HZ
) -> tuple[tuple[ErbCues, ErbCues], tuple[ErbCues, ErbCues]]:
    """Cues of the left and the right input at one pose (default: the nominal one), and those of the real pair's loudspeakers.

    weights: effective weights of the two sides; top_hz: highest frequency that the filters know.
    """
    scene = rig_file.scene
    ears = ears or Ears.of(scene.listener)
    freqs = cue_frequencies(min(TOP_HZ, top_hz))
    h = transfer_matrix(rig_file.rig, ears, freqs, scene.medium)
    real = real_pair(scene, freqs, ears)
    heard = [np.einsum("fen,fn->fe", h, weights(ear, freqs)) for ear in (LEFT, RIGHT)]
    left, right = (erb_cues(freqs, heard[ear][:, ear], heard[ear][:, 1 - ear]) for ear in (LEFT, RIGHT))
    real_left, real_right = (erb_cues(freqs, real[:, ear, ear], real[:, 1 - ear, ear]) for ear in (LEFT, RIGHT))
    return (left, right), (real_left, real_right)
