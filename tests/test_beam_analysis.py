"""What a beam is compared with, its relative form, and its figures per band, against closed forms and slower methods."""

import numpy as np
import pytest
from make_rigs import ball_rig, free_rig, wall_rig
from scipy.signal import minimum_phase as scipy_minimum_phase
from test_beam import BALL3, RING7, centre_bank, seat_side_of_taps_db, side_db

from spatial.acoustics.points import arc, seat, seat_circle
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_bands import BandPlant, beam_bands
from spatial.analysis.beam_figures import beam_figures, prering_db, pressure, simple_beam_figures
from spatial.base.errors import UsageError
from spatial.base.units import db, power_db
from spatial.catalogue.figures import study_of
from spatial.design.beam_relative import minimum_phase, relative_beam, share_db, with_relative_centre
from spatial.design.simple_beams import simple_beams, static_matrix
from spatial.rig.load import load_rig
from spatial.targets.beam_directions import SIDE_DEG, judged_bands

RING = ball_rig(RING7, radius_m=0.071)


# ---------------------------------------------------------------------------------------------------- baselines


def test_lcmv_is_the_pseudo_inverse_of_its_constraints():
    f = np.array([300.0, 1000.0, 2500.0])
    w = simple_beams(RING)["lcmv"](f)
    g = transfer_matrix(RING.rig, arc([0.0, 90.0, -90.0]), f)
    for i in range(len(f)):
        least = np.linalg.pinv(g[i]) @ np.array([1.0, 0.0, 0.0])
        assert np.allclose(w[i], least, atol=1e-3 * np.abs(least).max())


@pytest.mark.parametrize("name", ["reference", "all_equal", "static_matrix", "lcmv"])
def test_baselines_are_one_on_axis(name):
    f = np.geomspace(200, 5000, 20)
    w = simple_beams(RING)[name](f)
    assert np.allclose(np.sum(transfer_matrix(RING.rig, arc(0.0), f)[:, 0] * w, axis=1), 1)


def test_all_equal_is_equal_and_a_matrix_is_real_and_the_same_everywhere():
    f = np.geomspace(200, 5000, 5)
    weights = simple_beams(RING)
    equal, matrix = weights["all_equal"](f), weights["static_matrix"](f)
    assert np.allclose(equal, equal[:, :1])
    ratios = matrix / matrix[:, :1]
    assert np.allclose(ratios.imag, 0, atol=1e-12)
    assert np.allclose(ratios, ratios[:1])


def test_no_matrix_on_a_grid_beats_the_static_matrix_of_a_ball_of_three():
    """One free gain, the pair's: the whole line from -2 to 2, with the same penalties as the search."""
    rig_file = ball_rig(BALL3)
    rig, f = rig_file.rig, judged_bands(rig_file.rig)
    g = transfer_matrix(rig, arc([0.0, *SIDE_DEG, *np.arange(-45, 46, 5)]), f)
    alone = np.abs(g[:, 0, 0]) ** 2

    def worth(pair):
        gains = np.array([1.0, pair, pair])
        power = np.abs(g @ gains) ** 2
        level = power_db(power / power[:, :1])
        miss = np.maximum(-3.2 - level[:, 7:].min(1), 0) + np.maximum(level[:, 7:].max(1) - 0.4, 0)
        miss += np.maximum(power_db(gains @ gains * alone / power[:, 0]) - 5.8, 0)
        return np.mean(-power_db((10 ** (level[:, 1:7] / 10)).mean(1)) - 2 * miss)

    found = static_matrix(rig_file, [0, 1, 2])
    assert worth(found[1] / found[0]) >= max(worth(pair) for pair in np.linspace(-2, 2, 801)) - 1e-3


def test_a_beam_beats_what_is_simpler():
    beside = simple_beam_figures(study_of(centre_bank(ball_rig(BALL3)), ball_rig(BALL3)))
    assert 3.0 < beside["reference"].side_db < 4.0  # PHYSICS: 3.4
    assert 3.0 < beside["static_matrix"].side_db < 4.0  # PHYSICS: 3.3
    assert beside["lcmv"].peak45_db > 8  # nulls at +-90 alone paint lobes into the window
    rig_file, f = load_rig("ball3"), judged_bands(load_rig("ball3").rig)
    simpler = simple_beams(rig_file)
    at_seat = [side_db(rig_file, simpler[name](f), f).mean() for name in ("reference", "static_matrix")]
    assert seat_side_of_taps_db(rig_file) > max(at_seat) + 8


# --------------------------------------------------------------------------------------------------------- bands


def test_bands_of_a_cardioid_and_of_an_omni():
    """Cardioid (1 + cos)/2: 6.02 dB to +-90 degrees, 4.77 dB of directivity, -6 dB first at +-90; an omni has none of it."""
    cardioid = free_rig([0.0], driver_keys={0: 'directivity = "cardioid"\nfacing_deg = { azimuth = 0.0 }'})
    bands = beam_bands(BandPlant.of(cardioid, judged_bands(cardioid.rig)), lambda f: np.ones((len(f), 1), complex))
    assert np.allclose(bands.side90_db, 6.02, atol=0.01)
    assert np.allclose(bands.di_db, 4.77, atol=0.01)
    assert np.allclose(bands.droop45_db, 20 * np.log10((1 + np.cos(np.pi / 4)) / 2))
    assert np.allclose(bands.bw6_deg, 180, atol=1)
    assert np.allclose(bands.effort_db, 0)
    omni = free_rig([0.0])
    bands = beam_bands(BandPlant.of(omni, judged_bands(omni.rig)), lambda f: np.ones((len(f), 1), complex))
    assert np.allclose(bands.side_db, 0, atol=1e-9)
    assert np.allclose(bands.bw6_deg, 360)
    # errors of one driver turn all directions alike, but for 2 mm in 2 m nearer to one side of the seat circle than to the front
    assert np.abs(bands.p10_db).max() < 2 * 20 * np.log10(1 + np.sqrt(2) * 2e-3 / 2.0)


def test_behind_a_baffle_there_is_nothing_to_judge():
    rig_file = wall_rig([0.05, -0.05])
    figures = beam_figures(study_of(centre_bank(rig_file), rig_file))
    assert figures.rear_db is None
    assert np.isfinite(figures.di_db)


# ------------------------------------------------------------------------------------------------ relative form


@pytest.mark.parametrize("name", ["ball3", "ring7", "cylinder4"])
def test_relative_form_is_equal_in_magnitude(name):
    rig_file = load_rig(name)
    bank = centre_bank(rig_file)
    turned = with_relative_centre(bank, rig_file)
    f, points = np.geomspace(60, 18000, 200), seat_circle(rig_file.scene.listener, [0.0, 20.0, -40.0])
    before, after = (pressure(study_of(b, rig_file), points, f) for b in (bank, turned))
    level = db(after / before)
    assert np.abs(level[:, 0]).max() < 0.05
    assert np.abs(level).max() < 0.5
    one, other = beam_figures(study_of(bank, rig_file)), beam_figures(study_of(turned, rig_file))
    assert abs(one.side_db - other.side_db) < 0.15
    assert -36 > prering_db(study_of(bank, rig_file))
    assert -20 > prering_db(study_of(turned, rig_file)) > -36  # its price
    form = relative_beam(bank, rig_file)
    assert np.count_nonzero(form.ratios[:, form.reference]) == 1


def test_relative_form_arrives_with_the_absolute_one():
    from spatial.acoustics.arrival import delay_s, fit_frequencies

    rig_file, f = load_rig("ring7"), fit_frequencies()
    bank = centre_bank(rig_file)
    at = seat(rig_file.scene.listener)
    before, after = (pressure(study_of(b, rig_file), at, f)[:, 0] for b in (bank, with_relative_centre(bank, rig_file)))
    assert abs(delay_s(f, after / before)) < 1 / 48000


def test_a_row_in_a_wall_has_no_relative_form():
    rig_file = load_rig("wall4")
    bank = centre_bank(rig_file)
    assert share_db(bank, rig_file) < -6
    with pytest.raises(UsageError, match="no relative form: its reference driver 'left1' falls .* dB below the rms of all"):
        with_relative_centre(bank, rig_file)


def test_minimum_phase_finds_a_filter_whose_zeros_lie_inside_again():
    taps = np.poly([0.9, -0.7, 0.5 + 0.6j, 0.5 - 0.6j]).real
    found = minimum_phase(np.abs(np.fft.rfft(taps, 8192)), 64)
    assert np.allclose(found[:5], taps, atol=1e-6)
    assert np.allclose(found[5:], 0, atol=1e-6)
    linear = np.convolve(taps, taps[::-1])
    assert np.allclose(scipy_minimum_phase(linear, method="homomorphic", n_fft=1 << 16)[:5], taps, atol=1e-2)
