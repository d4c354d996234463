"""The sides where nothing was designed for: a pair that is its own virtual pair is right everywhere, and left stays left."""

import numpy as np
import pytest
from make_rigs import ball_rig, closed_form, first_wave, free_rig, sides_of

from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, POSES, RIGHT, Ears
from spatial.analysis.cancellation import side_figures
from spatial.analysis.elsewhere import measured_head
from spatial.analysis.other_heads import PLACES, SYSTEM_HEADS, on_measured_head
from spatial.analysis.other_poses import (
    CLEARANCE_M,
    HEAD_RADII_M,
    at_ears,
    distance_factors,
    ears_at,
    over_distance,
    over_head_radius,
    over_poses,
    real_separation_db,
    reference_alone,
    sweet_spot,
)
from spatial.analysis.pair_cues import cues_of_the_pair
from spatial.catalogue.figures import figures_of, study_of
from spatial.design.filter_bank import compute_filters
from spatial.feasibility.limits import bands
from spatial.rig.load import load_rig

NULL = '[design.crosstalk]\nmode = "null"\n'


def one_driver_each(freqs):
    """Left to the first driver, right to the second."""
    left, right = np.zeros((2, len(freqs), 2), complex)
    left[:, 0], right[:, 1] = 1.0, 1.0
    return left, right


# ------------------------------------------------------------------------------------------- a real pair is no mistake


def test_a_real_pair_in_the_virtual_pairs_place_is_right_wherever_the_head_goes():
    """Truth from outside: there is nothing to virtualise; the same two loudspeakers are heard twice."""
    rig_file = load_rig("stereo_pair")
    sides = sides_of(one_driver_each, rig_file)
    found = [over_poses(sides), over_distance(sides), over_head_radius(sides), sweet_spot(sides, (3, 5))]
    for figures in found:
        assert np.all(figures.ild_error_db < 1e-3) and np.all(figures.itd_error_us < 0.01)
    # the real pair's own separation is what its loudspeakers alone make
    ears = Ears.cloud(rig_file.scene.listener, POSES)
    assert np.allclose(real_separation_db(sides, ears), found[0].sep_mean_db, atol=1e-3)


def test_exchanged_channels_are_told_from_right_ones():
    rig_file = load_rig("stereo_pair")
    exchanged = at_ears(sides_of(lambda freqs: one_driver_each(freqs)[::-1], rig_file), ears_at(rig_file, 1.0))
    assert exchanged.ild_error_db[0] > 8 and exchanged.itd_error_us[0] > 500 and exchanged.sep_mean_db[0] < -4


# ----------------------------------------------------------------------------------------------------- along something


@pytest.mark.parametrize("rig_file", [free_rig([0.1, -0.1], design=NULL), ball_rig([0, 70, -90])], ids=["free", "ball"])
def test_the_nominal_place_is_the_one_that_was_designed_for(rig_file):
    sides = closed_form(rig_file)
    nominal = side_figures(sides)
    factors = distance_factors(rig_file)
    radius = HEAD_RADII_M.index(rig_file.scene.listener.head_radius_m)
    for figures, at in (
        (over_poses(sides), POSES.index(((0.0, 0.0, 0.0), 0.0))),
        (over_distance(sides), factors.index(1.0)),
        (over_head_radius(sides), radius),
    ):
        assert figures.sep_mean_db[at] == pytest.approx(nominal.sep_mean_db, abs=0.05)
        assert figures.sep_pink_db[at] == pytest.approx(nominal.sep_pink_db, abs=0.05)
        if rig_file.design.crosstalk.mode == "virtual":  # where the far ear is silent its phase tells nothing
            assert figures.itd_error_us[at] == pytest.approx(nominal.itd_error_us, abs=0.5)
    assert over_poses(sides).sep_mean_db.min() == pytest.approx(nominal.worst_pose_db, abs=1e-9)


def test_a_null_is_deepest_at_its_distance():
    rig_file = free_rig([0.15, -0.15], design=NULL + "effort_cap_db = 30\n")
    separation = over_distance(closed_form(rig_file)).sep_mean_db
    at = distance_factors(rig_file).index(1.0)  # neighbours but one are 1.41 times nearer and farther
    assert separation.argmax() == at and separation[at] > separation[at - 2] + 20 and separation[at] > separation[at + 2] + 20


def test_distance_and_separation_of_one_loudspeaker_by_another_way():
    """Truth from outside: the head's responses at that place, called directly."""
    rig_file = free_rig([0.3, -0.3])
    freqs = np.geomspace(300, 8000, 300)
    scene = rig_file.scene
    heard = ear_responses(freqs, [[0.0, 0.3, 0.0]], (3.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.0875, scene.medium.c)
    expected = np.mean(20 * np.log10(np.abs(heard[:, 0, 0] / heard[:, 1, 0])))
    alone = at_ears(sides_of(reference_alone(rig_file), rig_file), ears_at(rig_file, 1.5))
    assert alone.sep_mean_db[0] == pytest.approx(expected, abs=1e-3)


def test_the_head_does_not_enter_the_ball():
    near = ball_rig([0, 90, -90], distance_m=0.3)
    factors = distance_factors(near)
    assert factors[0] * 0.3 >= 0.0875 + near.scene.listener.head_radius_m + CLEARANCE_M and factors[-1] == 2.0
    assert distance_factors(ball_rig([0, 90, -90]))[0] == 0.5


# ------------------------------------------------------------------------------------------------------ sweet spot


@pytest.mark.parametrize("rig_file", [free_rig([0.1, -0.1]), ball_rig([0, 90, -90], design=NULL)], ids=["virtual, free", "null, ball"])
def test_the_map_of_a_symmetric_rig_is_symmetric(rig_file):
    found = sweet_spot(closed_form(rig_file), (3, 7))
    assert np.allclose(found.left_m, -found.left_m[::-1]) and found.yaws_deg[0] == -found.yaws_deg[-1]
    for values in (found.sep_mean_db, found.ild_error_db, found.itd_error_us):
        assert values.shape == (3, 3, 7)
        assert np.allclose(values, values[::-1, :, ::-1], rtol=1e-3, atol=1e-2)
        assert not np.allclose(values, values[:, :, ::-1], atol=0.1), "with the nose turned left and right are not alike"


def test_the_map_of_a_mirrored_rig_is_the_mirrored_map():
    one, other = free_rig([0.2, -0.05]), free_rig([0.05, -0.2])
    maps = [sweet_spot(closed_form(rig_file), (3, 5)).ild_error_db for rig_file in (one, other)]
    assert np.allclose(maps[0], maps[1][::-1, :, ::-1], atol=1e-3)
    assert not np.allclose(maps[0], maps[1], atol=0.1)


def test_the_map_knows_its_middle():
    rig_file = free_rig([0.15, -0.15], design=NULL)
    found = sweet_spot(closed_form(rig_file), (3, 7))
    assert np.unravel_index(found.sep_mean_db.argmax(), found.sep_mean_db.shape) == (1, 1, 3)


# ------------------------------------------------------------------------------------------------------------ cues


def test_cues_of_a_real_pair_are_its_own_and_those_of_one_loudspeaker_by_another_way():
    """Truth from outside: gammatone bands of the head's responses, averaged by the trapezoidal rule on another grid."""
    rig_file = load_rig("stereo_pair")
    sides, real = cues_of_the_pair(sides_of(one_driver_each, rig_file))
    for side, pair in zip(sides, real, strict=True):
        assert np.allclose(side.ild_db, pair.ild_db, atol=1e-3) and np.allclose(side.itd_us, pair.itd_us, atol=0.1, equal_nan=True)
    freqs = np.geomspace(30, 16000, 4000)
    heard = ear_responses(freqs, [[2 - 2 * np.cos(np.pi / 6), 1.0, 0.0]], (2.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.0875, 343.2)[:, :, 0]
    for hz in (500.0, 2000.0, 5000.0):
        band = int(np.abs(real[LEFT].centres_hz - hz).argmin())
        centre = real[LEFT].centres_hz[band]
        width = 1.019 * 24.7 * (0.00437 * centre + 1)
        power = [np.trapezoid(np.abs(heard[:, ear]) ** 2 * (1 + ((freqs - centre) / width) ** 2) ** -4.0, freqs) for ear in (0, 1)]
        assert real[LEFT].ild_db[band] == pytest.approx(10 * np.log10(power[0] / power[1]), abs=0.02)
    low = real[LEFT].itd_us[real[LEFT].centres_hz < 300]
    # Kuhn's low-frequency limit 3 (a/c) sin(theta), in the far field; a source at 2 m is heard 1 % later
    assert np.allclose(low, 3 * 0.0875 / 343.2 * 0.5 * 1e6, rtol=0.05)
    assert np.isnan(real[LEFT].itd_us[real[LEFT].centres_hz > 1500]).all()
    assert np.allclose(real[LEFT].ild_db, real[RIGHT].ild_db)


# ------------------------------------------------------------------------------------------------------ measured head

KEMAR = pytest.mark.skipif(not SYSTEM_HEADS[0].exists(), reason="no KEMAR: apt-get install libmysofa1")


@KEMAR
def test_a_real_pair_is_right_on_a_measured_head_too():
    """Truth from outside: there is nothing to virtualise; on KEMAR the same two loudspeakers are heard twice."""
    found = on_measured_head(sides_of(one_driver_each, load_rig("stereo_pair")))
    assert np.all(found.measured.ild_error_db < 1e-3) and np.all(found.measured.itd_error_us < 0.01)
    assert np.all(np.abs(found.measured.sep_mean_db - found.sphere.sep_mean_db) > 0.05), "KEMAR is no sphere"


@KEMAR
def test_a_small_box_holds_its_pair_on_a_measured_head():
    """As far as its drivers are alike."""
    rig_file = first_wave(load_rig("box2"))
    found = on_measured_head(closed_form(rig_file))
    nominal = PLACES.index("0")
    assert found.measured.itd_error_us[nominal] <= 25 and found.measured.ild_error_db[nominal] <= 3.5
    assert found.sphere.itd_error_us[nominal] < 8 < found.measured.itd_error_us[nominal]
    # box and pair are symmetric, KEMAR is made so: left and right are alike
    assert found.measured.ild_error_db[0] == pytest.approx(found.measured.ild_error_db[-1], abs=0.1)


@KEMAR
def test_a_cardioid_turned_away_is_quieter_on_a_measured_head():
    towards = {0: 'directivity = "cardioid"', 1: 'directivity = "cardioid"'}
    away = {0: 'directivity = "cardioid"\nfacing_deg = { azimuth = 180.0 }', 1: 'directivity = "cardioid"'}
    rig_files = [free_rig([0.3, -0.3], driver_keys=keys) for keys in (towards, away)]
    one, other = (on_measured_head(sides_of(one_driver_each, rig_file)) for rig_file in rig_files)
    # a level that is the same at both ears is no cue: of the left driver alone the figures stay
    assert np.allclose(one.measured.sep_mean_db, other.measured.sep_mean_db, atol=1e-6)

    def both(freqs):
        return np.ones((2, len(freqs), 2), complex)

    one, other = (on_measured_head(sides_of(both, rig_file)) for rig_file in rig_files)
    assert np.all(np.abs(one.measured.sep_mean_db - other.measured.sep_mean_db) > 0.5)


def test_no_head_at_hand_is_no_error(monkeypatch):
    monkeypatch.setattr("spatial.analysis.other_heads.SYSTEM_HEADS", ())
    rig_file = load_rig("stereo_pair")
    sides = sides_of(one_driver_each, rig_file)
    assert on_measured_head(sides) is None and measured_head(sides) is None
    assert "measured_head" not in figures_of(study_of(compute_filters(rig_file), rig_file))


def test_a_body_is_not_judged_on_a_measured_head():
    assert on_measured_head(closed_form(load_rig("ball3"))) is None


# ----------------------------------------------------------------------------------------------------------- the laptop


def test_the_laptop_gets_its_pair_above_the_band_of_its_drivers():
    rig_file = load_rig("laptop")
    sides = study_of(compute_filters(rig_file), rig_file).sides
    figures = side_figures(sides)
    assert figures.ild_error_db < 0.6 and figures.itd_error_us < 8 and figures.timbre_db < 0.2 and figures.effort_db < 12.5
    found = bands(rig_file, sides)
    low, high = rig_file.rig.drivers[0].band_hz
    assert {band.limit for band in found if band.hz < low} == {"driver band"}
    assert {band.limit for band in found if 2 * low < band.hz < high / 2} == {"none"}


def test_near_is_a_smaller_sweet_spot_than_far():
    """5 cm aside are a larger angle at 0.6 m than at 2.5 m: the pair's level differences suffer more there."""
    near, far = (over_poses(closed_form(rig_file)) for rig_file in (load_rig("laptop"), load_rig("bar8")))
    assert near.ild_error_db.max() > far.ild_error_db.max() and near.itd_error_us.max() > far.itd_error_us.max()
