"""Bass and top: woofers and tweeters take over without a seam, and take no part in anything else."""

import numpy as np
import pytest
from make_rigs import first_wave
from rig_texts import BALL, changed

from spatial.acoustics.points import LEFT, Ears, seat
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.beam_figures import pressure
from spatial.analysis.cancellation import arrivals, cancellation_curves, side_figures
from spatial.analysis.weights import effective_weights
from spatial.base.errors import UsageError
from spatial.base.units import db
from spatial.catalogue.figures import study_of
from spatial.design.crossover import Crossovers, _pass_taps, _response
from spatial.design.filter_bank import compute_filters
from spatial.design.realize import transfer
from spatial.feasibility.limits import bands
from spatial.rig.advice import warnings
from spatial.rig.load import load_rig, rig_from_text
from spatial.targets.tone import center_gain

TOP = "".join(
    f'[[driver]]\nname = "top_{name}"\nchannel = {channel}\nrole = "tweeter"\n'
    f"azimuth_deg = {azimuth}\nelevation_deg = 25.0\ndiameter_m = 0.02\n"
    for name, channel, azimuth in (("front", 5, 0.0), ("left", 6, 90.0), ("right", 7, -90.0))
)


@pytest.fixture(scope="module")
def woofer_bank():
    rig_file = load_rig("ball3_woofer")
    return rig_file, compute_filters(rig_file)


@pytest.fixture(scope="module")
def three_way_bank():
    text = load_rig("ball3_woofer").text.replace("20000.0]", "6000.0]") + TOP
    rig_file = rig_from_text(text, "three ways")
    return rig_file, compute_filters(rig_file)


def summed_db(bank, rig_file, f):
    """Centre at the seat re its gain, left and right re their targets at the ears."""
    at_seat = pressure(study_of(bank, rig_file), seat(rig_file.scene.listener), f)[:, 0]
    centre = db(at_seat / center_gain(rig_file.design, f))
    return [centre, *(curves.timbre_db for curves in cancellation_curves(study_of(bank, rig_file).sides, f))]


@pytest.mark.parametrize("hz", [120.0, 800.0, 6000.0])
def test_low_and_high_pass_add_up_to_an_all_pass(hz):
    f = np.geomspace(20, 20000, 200)
    low, high = (_response(kind, hz, f, 48000) for kind in ("low", "high"))
    assert np.allclose(np.abs(low + high), 1, atol=1e-9)
    assert np.allclose(db(_response("low", hz, np.array([hz]), 48000)), -6.02, atol=0.01)
    octaves = db(_response("low", hz, np.array([4 * hz / 2, 8 * hz / 2]), 192000))
    assert octaves[0] - octaves[1] == pytest.approx(24, abs=1.5)


@pytest.mark.parametrize("fs", [44100, 96000])
def test_the_taps_of_a_pass_are_its_response(fs):
    f = np.geomspace(30, 18000, 50)
    assert np.allclose(transfer(_pass_taps("high", 120.0, fs)[:, None], f, fs)[:, 0], _response("high", 120.0, f, fs), atol=2e-3)


def test_summed_response_is_flat_where_drivers_reach(woofer_bank, three_way_bank):
    """PHYSICS: within 0.5 dB, through both crossovers, for all three paths."""
    f = np.geomspace(45, 18000, 200)
    for rig_file, bank in (woofer_bank, three_way_bank):
        for path in summed_db(bank, rig_file, f):
            assert np.abs(path).max() < 0.5


def test_bass_goes_to_the_woofer_and_top_to_the_nearest_tweeter(three_way_bank):
    rig_file, bank = three_way_bank
    names = [d.name for d in rig_file.rig.drivers]
    low, high = np.array([50.0]), np.array([14000.0])
    for path in ("left", "right", "center"):
        w = np.abs(effective_weights(bank, rig_file.rig, low, path))[0]
        assert w[names.index("woofer")] > 20 * np.delete(w, names.index("woofer")).max()
        sounding = {
            name for name, gain in zip(names, np.abs(effective_weights(bank, rig_file.rig, high, path))[0], strict=True) if gain > 0.1
        }
        assert sounding == {"left": {"top_left"}, "right": {"top_right"}, "center": {"top_front", "top_left", "top_right"}}[path]


def test_paths_still_arrive_together(woofer_bank):
    rig_file, bank = woofer_bank
    found = arrivals(study_of(bank, rig_file))
    assert max(found.values()) - min(found.values()) < 0.1


def test_the_cue_of_a_virtual_pair_above_the_crossover_is_untouched(woofer_bank):
    rig_file, bank = woofer_bank
    figures = side_figures(study_of(bank, rig_file).sides)
    assert figures.effort_db <= 18.5
    assert figures.timbre_db < 0.5
    curves = cancellation_curves(study_of(bank, rig_file).sides, np.geomspace(500, 8000, 60))[LEFT]
    alone = compute_filters(load_rig("ball3"))
    before = cancellation_curves(study_of(alone, load_rig("ball3")).sides, np.geomspace(500, 8000, 60))[LEFT]
    assert np.abs(curves.reached_db - before.reached_db).max() < 1.5


def test_the_sides_make_up_for_what_the_woofer_leaks():
    """The woofer plays both sides alike, down by (edge/f)^4 above its crossover; the pair at the ears is still the wished one."""
    edges = [f"driver.{name}.band_hz=[180, 20000]" for name in ("front", "left", "right")]
    rig_file = first_wave(load_rig("ball3_woofer", ["design.width.model=sphere_exact", *edges]))
    figures = side_figures(study_of(compute_filters(rig_file), rig_file).sides)
    assert figures.itd_error_us <= 4 and figures.ild_error_db <= 0.1


@pytest.fixture(scope="module", params=[44100, 48000, 96000])
def three_way_bar(request):
    """Five in a row, a woofer below and one tweeter above the middle, so that both sides have the same one."""
    drivers = "".join(
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ left = {left} }}\nband_hz = [150, 7000]\n'
        for i, left in enumerate((0.16, 0.08, 0.0, -0.08, -0.16))
    )
    others = (
        '[[driver]]\nname = "w"\nchannel = 6\nposition_m = { up = -0.15 }\nrole = "woofer"\nband_hz = [40, 300]\n'
        '[[driver]]\nname = "t"\nchannel = 7\nposition_m = { up = 0.05 }\nrole = "tweeter"\nband_hz = [3000, 20000]\n'
    )
    design = '[design.crosstalk]\nmode = "target"\neffort_cap_db = 12.0\n[design.beam]\npreset = "reference"\n'
    rig_file = rig_from_text(f'format = 1\nname = "bar"\n[listener]\ndistance_m = 2.0\n{drivers}{others}{design}', "bar")
    return rig_file, compute_filters(rig_file, request.param)


def test_woofer_row_and_tweeter_are_in_phase_at_the_ear(three_way_bar):
    """Each also turns its phase as the crossover does that it has no part in."""
    rig_file, bank = three_way_bar
    f = np.geomspace(80, 14000, 80)
    h = transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), f, rig_file.scene.medium)[:, LEFT]
    parts = h * effective_weights(bank, rig_file.rig, f, "left")
    row, woofer, tweeter = parts[:, :5].sum(axis=1), parts[:, 5], parts[:, 6]
    for one, other in ((row, woofer), (row, tweeter)):
        both = np.minimum(db(one), db(other)) > np.maximum(db(one), db(other)) - 30
        assert both.sum() > 10
        assert np.degrees(np.abs(np.angle(one[both] / other[both]))).max() < 0.5


def test_a_target_is_reached_up_to_where_the_tweeter_takes_over(three_way_bar):
    rig_file, bank = three_way_bar
    for curves in cancellation_curves(study_of(bank, rig_file).sides, np.geomspace(300, 7000, 120)):
        wanted = np.maximum(curves.natural_db, np.minimum(curves.asked_db, curves.reachable_db))
        assert np.abs(curves.reached_db - wanted).max() <= 0.1


def test_bands_say_who_takes_over_at_the_ends(three_way_bar):
    rig_file, bank = three_way_bar
    found = bands(rig_file, study_of(bank, rig_file).sides)
    assert {band.limit for band in found if band.hz > 7500} == {"driver band"}
    assert {band.limit for band in found if 450 < band.hz < 6500} == {"none"}


def test_hardware_delay_of_a_woofer_is_aligned():
    rig_file = load_rig("ball3_woofer", ["driver.woofer.delay_ms=1.3", "driver.woofer.gain_db=-4", "driver.woofer.invert=true"])
    bank = compute_filters(rig_file)
    f = np.geomspace(60, 500, 60)
    for path in summed_db(bank, rig_file, f):
        assert np.abs(path).max() < 0.5


def test_a_feed_without_a_woofer_rolls_off_below_the_band_and_check_says_so():
    rig_file = load_rig("ball3", [f"driver.{name}.band_hz=[240, 20000]" for name in ("front", "left", "right")])
    assert Crossovers.of(rig_file.rig).roll_off_hz == 60
    bank = compute_filters(rig_file)
    centre, left, _ = summed_db(bank, rig_file, np.array([25.0, 40.0, 240.0, 300.0]))
    assert centre[0] < -25 and left[0] < -25
    assert centre[0] < centre[1] - 8
    assert np.abs(centre[2:]).max() < 0.3 and np.abs(left[2:]).max() < 0.3
    assert "no woofer: feeds roll off below 240 Hz, the lowest edge of band_hz" in warnings(rig_file)


def test_a_tweeter_without_a_woofer_beside_a_roll_off_longer_than_its_filters():
    """The roll-off below 25 Hz lasts 4096 taps, more than the design's grid has beside those of the sides."""
    names = ("front", "left", "right")
    text = load_rig("ball3", [f"driver.{name}.band_hz=[100, 6000]" for name in names]).text + TOP
    rig_file = rig_from_text(text, "no woofer")
    assert Crossovers.of(rig_file.rig).roll_off_hz == 25
    bank = compute_filters(rig_file)
    for path in summed_db(bank, rig_file, np.geomspace(110, 14000, 80)):
        assert np.abs(path).max() < 0.5


def test_rigs_without_roles_and_bands_are_left_alone():
    edges = Crossovers.of(load_rig("ball3").rig)
    assert (edges.low_hz, edges.high_hz, edges.roll_off_hz) == (None, None, None)


# ---------------------------------------------------------------------------------------------------- refusals


def refusal(text):
    with pytest.raises(UsageError) as error:
        rig_from_text(text, "mine.toml")
    return str(error.value).splitlines()[1:]


def test_a_woofer_needs_to_know_where_it_ends():
    text = changed(BALL, "azimuth_deg = -90.0", 'azimuth_deg = -90.0\nrole = "woofer"')
    wanted = 'band_hz is missing; beside role = "woofer" every spatial driver needs one: crossovers stand at its edges'
    assert [line.split(": ", 1)[1] for line in refusal(text)] == [wanted, wanted]


def test_woofers_alone_do_not_beam():
    text = BALL
    for azimuth in ("azimuth_deg = 0.0", "azimuth_deg = 90.0", "azimuth_deg = -90.0"):
        text = changed(text, azimuth, f'{azimuth}\nrole = "woofer"')
    assert any('no driver has role = "spatial"' in line for line in refusal(text))


def test_a_woofer_is_no_reference():
    text = load_rig("ball3_woofer").text.replace('preset = "room"', 'preset = "room"\nreference = "woofer"')
    assert any("reference: 'woofer' is no driver of role \"spatial\"" in line for line in refusal(text))


def test_a_gap_between_woofer_and_mids_is_told():
    rig_file = load_rig("ball3_woofer", ["driver.woofer.band_hz=[40, 90]"])
    assert "driver 'woofer': its band ends at 90 Hz, below the crossover at 110 Hz" in warnings(rig_file)
