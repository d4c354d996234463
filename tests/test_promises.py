"""`check` promises no more than `design` reaches, and names what binds."""

import dataclasses

import numpy as np
import pytest

from spatial.catalogue.figures import study_of
from spatial.design.filter_bank import compute_filters
from spatial.feasibility.layout import DEEP_DB, feasibility, in_words
from spatial.feasibility.limits import bands
from spatial.rig.load import rig_from_text

PHONE = """format = 1
name = "phone"
[listener]
distance_m = {distance_m}
left_m = {left_m}
[enclosure]
shape = "free"
[design.crosstalk]
mode = "{mode}"
effort_cap_db = {cap_db}
[design.beam]
preset = "reference"
"""
DRIVER = """[[driver]]
name = "d{i}"
channel = {i}
position_m = {{ left = {left} }}
diameter_m = 0.012
band_hz = [{low}, {high}]
"""


def phone(low=300.0, high=4000.0, mode="virtual", cap_db=18.0, distance_m=0.4, left_m=0.0, half_m=0.07):
    text = PHONE.format(distance_m=distance_m, left_m=left_m, mode=mode, cap_db=cap_db)
    text += "".join(DRIVER.format(i=i + 1, left=left, low=low, high=high) for i, left in enumerate((half_m, 0.0, -half_m)))
    return rig_from_text(text, "phone.toml")


RIGS = {
    "narrow": {},
    "high": {"low": 700.0, "high": 9000.0},
    "wide": {"low": 400.0, "high": 16000.0},
    "off centre": {"low": 350.0, "high": 5000.0, "left_m": 0.08},
    "little effort": {"low": 300.0, "high": 5000.0, "cap_db": 6.0},
    "tablet": {"low": 250.0, "high": 3000.0, "half_m": 0.12, "distance_m": 0.6},
}


@pytest.mark.parametrize("name", RIGS)
def test_check_promises_the_virtual_pair_only_where_design_reaches_it(name):
    rig_file = phone(**RIGS[name])
    found, bank = feasibility(rig_file), compute_filters(rig_file)
    reached = bands(rig_file, study_of(bank, rig_file).sides)
    assert found.pair_fits.any()
    for promised, band in zip(found.pair_fits, reached, strict=True):
        assert not promised or band.limit == "none", f"{band.hz:.0f} Hz: promised, and bound by {band.limit}"


@pytest.mark.parametrize("name", ["narrow", "high", "off centre"])
def test_check_promises_cancellation_only_where_design_reaches_it(name):
    rig_file = phone(mode="null", **RIGS[name])
    crosstalk = dataclasses.replace(rig_file.design.crosstalk, robust=False)
    rig_file = dataclasses.replace(rig_file, design=dataclasses.replace(rig_file.design, crosstalk=crosstalk))
    found, bank = feasibility(rig_file), compute_filters(rig_file)
    reached = np.array([band.reached_db for band in bands(rig_file, study_of(bank, rig_file).sides)])
    assert found.deep.any()
    assert np.all(reached[found.deep] >= DEEP_DB - 0.5)


@pytest.mark.parametrize("name", ["narrow", "high", "wide"])
def test_the_band_of_the_drivers_is_named_where_it_binds_and_not_effort(name):
    pair, deep = in_words(feasibility(phone(**RIGS[name])), 30.0)[:2]
    assert pair[2].startswith("driver band (band_hz)") and "effort" not in pair[2]
    assert deep[2].startswith("driver band (band_hz)")


def test_effort_is_named_where_no_band_is_stated():
    rig_file = phone(low=20.0, high=20000.0)
    pair = in_words(feasibility(rig_file), 30.0)[0]
    assert pair[2].startswith("effort (18 dB cap)") and "band_hz" not in pair[2]


def test_check_and_check_bands_tell_of_the_same_bands():
    rig_file = phone()
    found, table = feasibility(rig_file), bands(rig_file)
    assert list(found.pair_fits) == [band.limit == "none" for band in table]
    assert not found.pair_fits.all()


def test_of_two_sides_the_one_that_is_bound_is_shown():
    rig_file = phone(**RIGS["off centre"])
    for band in bands(rig_file):
        if band.limit == "none":
            assert abs(band.reachable_db - band.asked_db) < 1.0
