"""What a listener gets from the shipped rigs: the sides where drivers differ, the tone at the ears, steps of the sound power.

    python benchmarks/seat.py                        designs every shipped rig at 48 kHz
    python benchmarks/seat.py --banks FOLDER         judges FOLDER/<rig>.npz instead, banks of another version say

P90: error of ILD and ITD against a real pair at the same head that nine of ten loudspeakers keep, and largest third octave of the near
ear off matched drivers; drivers +-0.5 dB / 2.5 degrees, and +-1 / 5. Tone: left input at the left ear, right at the right, over what the
real pair's loudspeaker sends there, and the centre's mean power at the two ears over that of an ideal source at the rig's origin with the
centre's gain; standard deviation over the third octaves 200 Hz-10 kHz, at the seat and with the head 10 cm to the listener's left. Step:
largest change of the centre's sound power within a ninth of an octave, third octaves 250 Hz-4 kHz.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import spatial
from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, RIGHT, Ears, space_of
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_bands import PER_BAND, frequencies_of
from spatial.analysis.spread import spread_figures
from spatial.analysis.weights import effective_weights
from spatial.base.units import power_db, third_octave_centres
from spatial.catalogue.figures import study_of
from spatial.rig.layouts import shipped_rigs
from spatial.rig.model import RigFile, Tolerance
from spatial.targets.beam_directions import judged_bands
from spatial.targets.tone import center_gain
from spatial.targets.virtual_pair import real_pair

SPREADS = (Tolerance(0.5, 2.5), Tolerance(1.0, 5.0))
ASIDE_M = 0.10


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--banks", type=Path, help="folder of banks named after the rigs")
    parser.add_argument("rigs", nargs="*", help="default: all shipped ones that have drivers")
    args = parser.parse_args()
    print("| rig | P90 0.5/2.5: ILD, ITD, tone | P90 1/5: ILD, ITD, tone | tone L C R, dB | 10 cm aside | step, dB |")
    print("|---|---|---|---|---|---|")
    for name in args.rigs or shipped_rigs():
        rig_file = spatial.load_rig(name)
        if rig_file.rig.kind == "headphones":
            continue
        bank = spatial.FilterMatrix.load(args.banks / f"{name}.npz") if args.banks else spatial.compute_filters(rig_file)
        built = [replace(rig_file, rig=replace(rig_file.rig, tolerance=one)) for one in SPREADS]
        spreads = [spread_figures(study_of(bank, loudspeaker).sides) for loudspeaker in built]
        cells = [f"{found.ild_p90_db:.1f} dB, {found.itd_p90_us:.0f} us, {found.tone_p90_db:.1f} dB" for found in spreads]
        cells += [" ".join(f"{x:.1f}" for x in tones(bank, rig_file, aside_m)) for aside_m in (0.0, ASIDE_M)]
        print(f"| {name} | " + " | ".join([*cells, f"{power_step_db(bank, rig_file):.1f}"]) + " |", flush=True)


def tones(bank: spatial.FilterMatrix, rig_file: RigFile, aside_m: float) -> list[float]:
    """Left, centre and right at the ears over what should be there: standard deviation over third octaves, dB."""
    scene, thirds = rig_file.scene, third_octave_centres(200, 10000)
    freqs, ears = frequencies_of(thirds), Ears.of(scene.listener, (0.0, aside_m, 0.0))
    h, real = transfer_matrix(rig_file.rig, ears, freqs, scene.medium), real_pair(scene, freqs, ears)

    def heard(path: str) -> NDArray[np.complex128]:
        return np.einsum("fen,fn->fe", h, effective_weights(bank, rig_file.rig, freqs, path))

    def off_db(made: NDArray, wanted: NDArray) -> float:
        power = [np.abs(x).reshape(len(thirds), PER_BAND, -1) ** 2 for x in (made, wanted)]
        return float(np.std(power_db(power[0].mean(axis=(1, 2)) / power[1].mean(axis=(1, 2)))))

    left, right = (off_db(heard(path)[:, ear], real[:, ear, ear]) for path, ear in (("left", LEFT), ("right", RIGHT)))
    source = ear_responses(freqs, np.zeros(3), ears.centres_m, ears.ear_axes(), ears.radius_m, scene.medium.c)[:, :, 0]
    return [left, off_db(heard("center"), source * center_gain(rig_file.design, freqs)[:, None]), right]


def power_step_db(bank: spatial.FilterMatrix, rig_file: RigFile) -> float:
    """Largest change of the centre's sound power within a ninth of an octave."""
    freqs = frequencies_of(judged_bands(rig_file.rig))
    points, area = space_of(rig_file.rig.enclosure.shape)
    w = effective_weights(bank, rig_file.rig, freqs, "center") / center_gain(rig_file.design, freqs)[:, None]
    p = np.einsum("fpn,fn->fp", transfer_matrix(rig_file.rig, points, freqs, rig_file.scene.medium), w)
    level = power_db(np.abs(p) ** 2 @ area)
    return float(np.abs(level[3:] - level[:-3]).max())


if __name__ == "__main__":
    main()
