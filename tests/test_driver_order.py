"""The order of [[driver]] in a rig file says nothing: woofers and tweeters may stand first, last or between."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial.catalogue.figures import analyze_bank
from spatial.cli.main import main
from spatial.design.filter_bank import compute_filters
from spatial.feasibility.effort_trade import trade
from spatial.feasibility.limits import bands
from spatial.rig.load import rig_from_text

HEAD = """format = 1
name = "any order"
[listener]
distance_m = 1.5
left_m = {left_m}
[enclosure]
shape = "free"
[design.crosstalk]
mode = "{mode}"
taps = 96
[design.beam]
preset = "reference"
taps = 96
"""
WOOFER = 'role = "woofer"\nposition_m = {{ up = {up} }}\ndiameter_m = 0.16\nband_hz = [40.0, 400.0]\n'
MID = "position_m = {{ left = {left} }}\ndiameter_m = 0.05\nband_hz = [{low}, 6000.0]\n"
TWEETER = 'role = "tweeter"\nposition_m = {{ left = {left} }}\ndiameter_m = 0.025\nband_hz = [3000.0, 20000.0]\n'
DRIVERS = {
    "mid left": MID.format(left=0.3, low=200.0),
    "mid right": MID.format(left=-0.3, low=200.0),
    "mid centre": MID.format(left=0.02, low=150.0),
    "woofer": WOOFER.format(up=-0.2),
    "tweeter left": TWEETER.format(left=0.35),
    "tweeter right": TWEETER.format(left=-0.35),
}
WITHOUT_WOOFER = [name for name in DRIVERS if name != "woofer"]
WITHOUT_TWEETERS = [name for name in DRIVERS if "tweeter" not in name]
ANY_ORDER = st.one_of(st.permutations(list(DRIVERS)), st.permutations(WITHOUT_WOOFER), st.permutations(WITHOUT_TWEETERS))
AWKWARD = ["woofer", "tweeter right", "mid right", "tweeter left", "mid centre", "mid left"]


def rig_text(order, mode="virtual", left_m=0.0):
    drivers = [f'[[driver]]\nname = "{name}"\nchannel = {list(DRIVERS).index(name) + 1}\n{DRIVERS[name]}' for name in order]
    return HEAD.format(mode=mode, left_m=left_m) + "".join(drivers)


def rig_of(order, mode="virtual", left_m=0.0):
    return rig_from_text(rig_text(order, mode, left_m), "order.toml")


def in_listed_order(order):
    return sorted(order, key=list(DRIVERS).index)


@settings(max_examples=4, deadline=None)
@given(order=ANY_ORDER, mode=st.sampled_from(["virtual", "target", "null"]), left_m=st.sampled_from([0.0, 0.1]))
def test_filters_are_the_same_in_any_order_of_the_drivers(order, mode, left_m):
    listed, mixed = (compute_filters(rig_of(names, mode, left_m)) for names in (in_listed_order(order), order))
    index = [mixed.driver_names.index(name) for name in listed.driver_names]
    assert [mixed.channels[i] for i in index] == list(listed.channels)
    assert np.abs(mixed.taps[index] - listed.taps).max() <= 1e-9 * np.abs(listed.taps).max()
    assert mixed.latency_samples == listed.latency_samples


@settings(max_examples=15, deadline=None)
@given(order=ANY_ORDER, mode=st.sampled_from(["virtual", "target", "null"]), left_m=st.sampled_from([0.0, 0.1]))
def test_bands_and_trade_are_the_same_in_any_order_of_the_drivers(order, mode, left_m):
    listed, mixed = (rig_of(names, mode, left_m) for names in (in_listed_order(order), order))
    for one, other in zip(bands(listed), bands(mixed), strict=True):
        assert one.limit == other.limit
        numbers = [(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True) if isinstance(a, float)]
        np.testing.assert_allclose(*zip(*numbers, strict=True), atol=1e-6)
    for one, other in zip(trade(listed, (6.0,)), trade(mixed, (6.0,)), strict=True):
        np.testing.assert_allclose(list(vars(one).values()), list(vars(other).values()), atol=1e-6)


@pytest.mark.parametrize("options", [["--bands"], ["--trade"], ["--json"], []], ids=["bands", "trade", "json", "plain"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=ANY_ORDER)
def test_check_takes_any_order_of_the_drivers(tmp_path, options, order):
    path = tmp_path / "order.toml"
    path.write_text(rig_text(order))
    assert main(["check", str(path), *options]) == 0


def test_figures_of_a_bank_are_the_same_in_any_order_of_the_drivers():
    found = []
    for names in (list(DRIVERS), AWKWARD):
        rig_file = rig_of(names)
        found.append(analyze_bank(compute_filters(rig_file), rig_file, elsewhere=False)["third_octaves"])
    for one, other in zip(*found, strict=True):
        assert {k: v for k, v in one.items() if not isinstance(v, float)} == {k: v for k, v in other.items() if not isinstance(v, float)}
        floats = [key for key, value in one.items() if isinstance(value, float)]
        np.testing.assert_allclose([one[key] for key in floats], [other[key] for key in floats], atol=1e-5)


def test_design_and_analyze_take_woofers_and_tweeters_listed_first(tmp_path, capsys):
    path, bank = tmp_path / "first.toml", tmp_path / "first.npz"
    path.write_text(rig_text(AWKWARD))
    assert main(["design", str(path), "-o", str(bank), "--bands", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drivers"] == AWKWARD
    assert main(["analyze", str(bank)]) == 0
