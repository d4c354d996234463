"""Nine seats. Truth: spherical spreading, the sphere's low-frequency time difference, symmetry, and what the chain is for."""

import dataclasses

import numpy as np
import pytest

from spatial.analysis.listening_zone import Playback, listening_zone, playbacks
from spatial.design.filter_bank import compute_filters
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import Room

POINT = """
format = 1
name = "one point"
[listener]
distance_m = 2.0
[[driver]]
name = "only"
channel = 1
position_m = { left = 0.0 }
[[driver]]
name = "silent"
channel = 2
position_m = { left = 0.1 }
"""


def one_point():
    rig_file = rig_from_text(POINT, "point.toml")
    gains = np.zeros((1, 2, 3), complex)
    gains[0, 0] = 1
    return Playback(rig_file.rig, {"point": lambda freqs: np.repeat(gains, len(freqs), axis=0)}), rig_file


def zones_of(name, room=None, overrides=()):
    rig_file = load_rig(name, list(overrides))
    bank = compute_filters(rig_file)
    return {way: zone for playback in playbacks(bank, rig_file) for way, zone in listening_zone(playback, rig_file, room).items()}


def test_a_point_in_free_field_spreads_as_a_sphere_and_is_heard_where_it_is():
    playback, rig_file = one_point()
    seats = {(s.distance_m, s.left_m): s for s in listening_zone(playback, rig_file)["point"].seats}
    assert len(seats) == 9
    ahead = [seats[d, 0.0].level_db for d in (1.2, 2.0, 3.0)]
    assert np.allclose(np.subtract(ahead[0], ahead[1:]), 20 * np.log10([2 / 1.2, 3 / 1.2]), atol=0.3)  # near, the head shades its ears
    for distance in (1.2, 2.0, 3.0):
        assert seats[distance, 0.0].itd_centre_us == 0
        left_of_it, right_of_it = seats[distance, 0.6], seats[distance, -0.6]  # seats: the source is on their right, on their left
        sine = 0.6 / np.hypot(0.6, distance)
        assert 2 * 0.0875 / 343 * sine * 1e6 < right_of_it.itd_centre_us < 3.1 * 0.0875 / 343 * sine * 1e6
        assert left_of_it.itd_centre_us == pytest.approx(-right_of_it.itd_centre_us, abs=1)
        assert left_of_it.level_db == pytest.approx(right_of_it.level_db, abs=1e-6)


def test_a_room_that_swallows_all_is_free_field_and_a_live_one_evens_out_the_levels():
    playback, rig_file = one_point()
    free = listening_zone(playback, rig_file)["point"]
    dead = listening_zone(playback, rig_file, Room(rt60_s=0.02))["point"]
    live = listening_zone(playback, rig_file, Room(rt60_s=1.0))["point"]
    for a, b, c in zip(free.seats, dead.seats, live.seats, strict=True):
        assert b.level_db == pytest.approx(a.level_db, abs=0.3) and b.itd_centre_us == pytest.approx(a.itd_centre_us, abs=15)
        assert c.level_db > a.level_db + 2
    assert live.spread_db < free.spread_db


def test_the_level_in_a_room_is_that_of_direct_and_diffuse_field():
    """Sabine's power at a point, 1/r^2 + 16 pi (1 - alpha)/(S alpha) of an omni; a head favours sound from the sides by a decibel, and
    mirror images between parallel walls die out more slowly than his."""
    playback, rig_file = one_point()
    room = Room(size_m=(7.0, 6.0, 3.0), rt60_s=0.8, rig_m=(2.0, 3.1, 1.4))
    seat = listening_zone(playback, rig_file, room)["point"].seats[7]  # the middle at 3 m
    free = listening_zone(playback, rig_file)["point"].seats[7]
    alpha = 24 * np.log(10) / 343 * 126 / (162 * 0.8)
    ratio = 1 + 16 * np.pi * (1 - alpha) / (162 * alpha) * 3.0**2
    assert seat.level_db - free.level_db == pytest.approx(10 * np.log10(ratio) + 1, abs=1.5)


@pytest.mark.parametrize("name, room", [("ball3", None), ("ball3", Room()), ("bar8", None)], ids=["ball", "ball in a room", "bar"])
def test_the_chain_keeps_the_centre_in_place_and_the_sides_wide(name, room):
    zones = zones_of(name, room)
    chain, cancellation, beam = (zones[way] for way in ("L/R/C chain", "cancellation alone", "beam alone"))
    assert chain.spread_db == beam.spread_db
    if room is None:
        assert chain.spread_db < 0.8 * cancellation.spread_db
    else:  # where the room evens out what both do: a ball's milder cancellation spreads as little, 0.74 dB
        assert max(chain.spread_db, cancellation.spread_db) < 1.0 and chain.spread_db < cancellation.spread_db + 0.1
    assert chain.width_us == cancellation.width_us > 500 > beam.width_us == 0
    assert [s.level_db for s in chain.seats if s.left_m < 0] == pytest.approx([s.level_db for s in chain.seats if s.left_m > 0], abs=0.3)
    if room is None:
        assert chain.seats_in_order == 9


def test_a_virtual_pair_that_effort_and_spread_do_not_bind_is_heard_where_the_real_one_is():
    """At the seat that it was designed for, 2 m, hard left and right; 18 dB, drivers that are what they should be."""
    zones = zones_of("ball3", overrides=("design.crosstalk.effort_cap_db=18", "tolerance.gain_db=0", "tolerance.phase_deg=0"))
    middle = [dataclasses.astuple(zones[way].seats[4])[4:] for way in ("L/R/C chain", "real pair")]
    assert middle[0] == pytest.approx(middle[1], abs=10)
