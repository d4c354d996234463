"""Quickstart: design a shipped rig, see what it reaches, render a sound through it, and listen with a model of a head.

    python examples/01_quickstart.py [FOLDER]

A noise that is hard left in the stereo mix is rendered to the three drivers of a ball of 175 mm. At the ears of a listener 2 m away it
is then as much louder left than right as from a real loudspeaker at 30 degrees, which the ball's own left driver does not achieve.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

import spatial
from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.units import power_db
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.plots.style import LIGHT, figure_bytes
from spatial.targets.virtual_pair import real_pair

BAND_HZ = (500.0, 8000.0)


def ear_difference_db(ears):
    """Level of the left ear over the right ear, pressures (freqs, 2), power mean over the band."""
    power = (np.abs(ears) ** 2).mean(axis=0)
    return float(power_db(power[LEFT] / power[RIGHT]))


def main(folder: Path) -> None:
    # a rig file says what stands where and what is wanted; the bank of filters is what a player needs
    rig_file = spatial.load_rig("ball3")
    bank = spatial.compute_filters(rig_file, fs=48000)
    bank.save(folder / "ball3.npz")
    figures = spatial.analyze_bank(bank)
    print(f"{rig_file.rig.name}: {bank.taps.shape[0]} drivers x {bank.taps.shape[1]} inputs x {bank.taps.shape[2]} taps")
    print(
        f"  sides    ILD {figures['sides']['ild_error_db']:.1f} dB and ITD {figures['sides']['itd_error_us']:.0f} us off a real pair, rms"
    )
    print(f"  centre   {figures['beam']['side_db']:.1f} dB less to the sides than to the listener")

    # two seconds of noise, hard left
    rng = np.random.default_rng(1)
    stereo = np.zeros((2 * bank.fs, 2), np.float32)
    stereo[:, 0] = 0.1 * rng.standard_normal(len(stereo))
    soundfile.write(folder / "noise.wav", stereo, bank.fs, subtype="FLOAT")
    report = spatial.render_file(folder / "noise.wav", folder / "feeds.wav", bank, force=True)
    print(f"  render   {report.channels} channels, {report.frames} frames, true peak {report.true_peak_dbtp:.1f} dBTP")

    # what the feeds become at the ears of a rigid-sphere head
    feeds, _ = soundfile.read(folder / "feeds.wav")
    freqs = np.fft.rfftfreq(len(feeds), 1 / bank.fs)
    inside = (freqs >= BAND_HZ[0]) & (freqs <= BAND_HZ[1])
    spectrum, freqs = np.fft.rfft(feeds, axis=0)[inside], freqs[inside]
    ears = Ears.of(rig_file.scene.listener)
    to_ears = transfer_matrix(rig_file.rig, ears, freqs, rig_file.scene.medium)
    drivers = [channel - 1 for channel in bank.channels]
    rendered = ear_difference_db(np.einsum("fed,fd->fe", to_ears, spectrum[:, drivers]))
    source = np.fft.rfft(np.pad(stereo[:, 0], (0, len(feeds) - len(stereo))))[inside, None]
    wanted = ear_difference_db(real_pair(rig_file.scene, freqs, ears)[:, :, LEFT] * source)
    left_driver = [driver.name for driver in rig_file.rig.drivers].index("left")
    alone = ear_difference_db(to_ears[:, :, left_driver] * source)
    others = f"from a real pair {wanted:.1f} dB, from the left driver alone {alone:.1f} dB"
    print(f"  ears     hard-left noise is {rendered:.1f} dB louder at the left ear; {others}")
    assert abs(rendered - wanted) < 1.0 < wanted - alone

    picture = folder / "cancellation.png"
    drawn = bank_figure("cancellation", study_of(bank, rig_file), LIGHT, "python examples/01_quickstart.py")
    picture.write_bytes(figure_bytes(drawn, LIGHT))
    print(f"  files    {', '.join(sorted(path.name for path in folder.iterdir()))} in {folder}")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="spatial-quickstart-"))
    target.mkdir(parents=True, exist_ok=True)
    main(target)
