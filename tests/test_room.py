"""Rooms: mirror images against pyroomacoustics and against counting, and what a beam does to the direct sound."""

import numpy as np
import pytest
from make_rigs import ball_rig, free_rig, wall_rig

from spatial.acoustics.points import arc
from spatial.acoustics.room import absorption, images, tail
from spatial.acoustics.transfer import pressure_at, transfer_matrix
from spatial.analysis.room import room_figures
from spatial.base.units import third_octave_centres, third_octave_mean
from spatial.design.beamformer import beam_weights
from spatial.design.simple_beams import simple_beams
from spatial.rig.load import load_rig
from spatial.rig.model import Medium, Room

C = Medium().c
ROOM = Room((5.2, 4.1, 2.5), 0.45, (0.7, 1.9, 0.9))
LISTENER = np.array([2.5, 0.1, 0.2])
FACING = 'directivity = "cardioid"\nfacing_deg = { azimuth = 35.0 }'


def one(w=1.0):
    return lambda f: np.full((len(f), 1), w, complex)


# ------------------------------------------------------------------------------------------------------- images


def test_first_paths_are_the_walls():
    """By hand: the direct path and the six first reflections, with the directions in which they leave."""
    paths = images(ROOM, np.zeros(3), LISTENER, C)
    source = np.array(ROOM.rig_m)
    receiver = source + LISTENER
    beta = np.sqrt(1 - absorption(ROOM, C))
    expected = [(np.linalg.norm(LISTENER), LISTENER / np.linalg.norm(LISTENER), 1.0)]
    for axis, size in enumerate(ROOM.size_m):
        for wall in (0.0, size):
            mirrored = receiver.copy()
            mirrored[axis] = 2 * wall - receiver[axis]  # seen from the source, the receiver behind the wall
            way = mirrored - source
            expected.append((np.linalg.norm(way), way / np.linalg.norm(way), beta))
    for length, leaving, strength in expected:
        found = np.flatnonzero(np.isclose(paths.length_m, length) & np.all(np.isclose(paths.leaving, leaving), axis=1))
        assert len(found) == 1
        assert np.isclose(paths.strength[found[0]], strength / length)


def test_a_receiver_and_a_source_exchanged_have_the_same_paths_backwards():
    """Reciprocity: lengths and strengths are the same, and what leaves one way arrives the other."""
    there = images(ROOM, np.zeros(3), LISTENER, C, 0.04)
    back = images(ROOM, LISTENER, np.zeros(3), C, 0.04)
    assert np.allclose(there.length_m, back.length_m)
    assert np.allclose(np.sort(there.strength), np.sort(back.strength))
    key = np.argsort(there.leaving @ [1.0, 2.0, 3.0] + 1e3 * np.round(there.length_m, 9))
    other = np.argsort(back.arriving @ [1.0, 2.0, 3.0] + 1e3 * np.round(back.length_m, 9))
    assert np.allclose(there.leaving[key], back.arriving[other], atol=1e-9)


def test_a_turned_rig_sees_the_room_turned():
    straight = images(ROOM, np.zeros(3), LISTENER, C, 0.05)
    yaw = 40.0
    turned = Room(ROOM.size_m, ROOM.rt60_s, ROOM.rig_m, yaw)
    back = np.array(
        [[np.cos(np.radians(yaw)), np.sin(np.radians(yaw)), 0], [-np.sin(np.radians(yaw)), np.cos(np.radians(yaw)), 0], [0, 0, 1]]
    )
    seen = images(turned, np.zeros(3), back @ LISTENER, C, 0.05)
    assert np.allclose(seen.length_m, straight.length_m)

    def listed(paths, leaving):
        return leaving[np.lexsort((np.round(leaving @ [1.0, 2.0, 3.0], 6), np.round(paths.length_m, 6)))]

    assert np.allclose(listed(seen, seen.leaving), listed(straight, straight.leaving @ back.T), atol=1e-6)


def test_number_of_images_is_the_volume_they_fill():
    paths = images(ROOM, np.zeros(3), LISTENER, C)
    reach = paths.length_m[-1]
    assert abs(len(paths.length_m) / (4 / 3 * np.pi * reach**3 / np.prod(ROOM.size_m)) - 1) < 0.02


def test_the_tail_keeps_power_and_direction():
    paths = images(ROOM, np.zeros(3), LISTENER, C)
    late = tail(paths)
    assert np.isclose(late.power.sum(), np.sum(paths.strength**2))
    assert np.allclose(late.power @ late.directions.directions, (paths.strength**2) @ paths.leaving, atol=2e-3 * late.power.sum())


# ------------------------------------------------------------------------------------------------- pyroomacoustics


LISTENERS = np.array([[2.5, 0.1, 0.2], [2.2, -0.9, 0.3], [3.1, 0.7, 0.1], [1.8, 0.5, 0.35], [2.8, -0.4, -0.1], [2.0, 1.1, 0.15]])


def pyroomacoustics_responses(room, directivity_deg, fs):
    """Impulse responses of the room at LISTENERS, the source an omni or a cardioid."""
    pra = pytest.importorskip("pyroomacoustics")
    pra.constants.set("rir_hpf_enable", False)  # which rings through the direct sound
    box = pra.ShoeBox(room.size_m, fs=fs, materials=pra.Material(absorption(room, C)), max_order=60, air_absorption=False)
    box.set_sound_speed(C)
    directivity = None
    if directivity_deg is not None:
        directivity = pra.directivities.Cardioid(pra.directivities.DirectionVector(directivity_deg, 90.0, degrees=True))
    box.add_source(np.array(room.rig_m), directivity=directivity)
    box.add_microphone((np.array(room.rig_m) + LISTENERS).T)
    box.compute_rir()
    return [rirs[0] for rirs in box.rir], pra.constants.get("frac_delay_length") // 2


def direct_over_rest_db(response, first):
    """In third octaves, mean of dB; the direct sound is cut out around its sample."""
    fs, n = 48000, 1 << 17
    direct = np.zeros_like(response)
    direct[first - 40 : first + 41] = response[first - 40 : first + 41]
    f, bands = np.fft.rfftfreq(n, 1 / fs), third_octave_centres(250, 4000)
    power = [third_octave_mean(np.abs(np.fft.rfft(part, n)) ** 2, f, bands) for part in (direct, response - direct)]
    return float(np.mean(10 * np.log10(power[0] / power[1])))


@pytest.mark.slow
@pytest.mark.parametrize("room", [ROOM, Room((7.5, 5.5, 2.7), 0.6, (1.0, 2.5, 1.1))], ids=["small", "large"])
@pytest.mark.parametrize("facing_deg", [None, 35.0], ids=["omni", "cardioid"])
def test_direct_to_reverberant_ratio_agrees_with_pyroomacoustics(room, facing_deg):
    """Mean over six places: at one of them waves that happen to meet in phase shift the ratio by up to 1 dB, which powers do not know."""
    responses, centre = pyroomacoustics_responses(room, facing_deg, 48000)
    theirs = [
        direct_over_rest_db(response, round(np.linalg.norm(at) / C * 48000) + centre)
        for response, at in zip(responses, LISTENERS, strict=True)
    ]
    rig_file = free_rig([0.0], driver_keys=None if facing_deg is None else {0: FACING})
    ours = [room_figures(rig_file, one(), room, at).drr_db for at in LISTENERS]
    assert abs(np.mean(ours) - np.mean(theirs)) < 0.4


@pytest.mark.slow
def test_paths_added_with_their_phases_are_the_response_of_pyroomacoustics():
    responses, centre = pyroomacoustics_responses(ROOM, None, 48000)
    paths = images(ROOM, np.zeros(3), LISTENERS[0], C)
    f = np.arange(300.0, 420.0, 3.0)
    ours = np.exp(-2j * np.pi / C * np.outer(f, paths.length_m)) @ paths.strength
    theirs = np.exp(-2j * np.pi * np.outer(f, np.arange(len(responses[0])) - centre) / 48000) @ responses[0]
    assert np.linalg.norm(ours - theirs) < 0.05 * np.linalg.norm(theirs)


# ------------------------------------------------------------------------------------------------------ figures


def test_statistics_of_a_diffuse_field():
    """An omni in a room: DRR = alpha-corrected direct over diffuse power, within what the first reflections scatter around it."""
    figures = room_figures(free_rig([0.0]), one(), ROOM, LISTENER)
    volume = np.prod(ROOM.size_m)
    critical = 0.057 * np.sqrt(volume / ROOM.rt60_s)
    assert np.isclose(figures.critical_distance_m, critical, rtol=1e-3)
    diffuse = 20 * np.log10(critical / np.linalg.norm(LISTENER))
    assert abs(figures.drr_db - diffuse) < 2.0


def test_level_of_the_weights_changes_nothing():
    one_way, other = (room_figures(free_rig([0.0]), one(w), ROOM, LISTENER) for w in (1.0, 0.1j))
    assert np.allclose([*vars(one_way).values()], [*vars(other).values()])


def test_a_cardioid_that_faces_the_listener_gains_its_directivity():
    """4.77 dB over a diffuse field, less what early reflections in front of it keep."""
    omni = room_figures(free_rig([0.0]), one(), ROOM, LISTENER)
    cardioid = room_figures(
        free_rig([0.0], driver_keys={0: 'directivity = "cardioid"\nfacing_deg = { azimuth = 2.0 }'}), one(), ROOM, LISTENER
    )
    assert 3.5 < cardioid.drr_db - omni.drr_db < 6.0
    assert cardioid.iacc > omni.iacc
    assert cardioid.early_to_direct_db < omni.early_to_direct_db - 2


def test_a_dead_room_is_all_direct():
    figures = room_figures(free_rig([0.0]), one(), Room((9.0, 9.0, 9.0), 0.2, (4.0, 4.5, 4.5)), np.array([0.5, 0.0, 0.0]))
    assert figures.drr_db > 15
    assert figures.iacc > 0.97


PLACES = ((0.0, 0.0, 0.0), (0.4, -0.4, 0.2), (0.2, 0.5, -0.1), (0.6, 0.2, 0.3))
ROOMS = (((5.2, 4.1, 2.5), 0.45), ((4.2, 3.4, 2.5), 0.35), ((7.5, 5.5, 2.7), 0.6))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "gain_db"), [("ball3", 4.4), ("ring7", 5.4)])
def test_preset_room_lifts_the_direct_sound_over_the_in_phase_mix(name, gain_db):
    """PHYSICS: mean over four places each in three rooms, 2.5 m away."""
    rig_file = load_rig(name, ["design.beam.preset=room"])
    ways = {"equal": simple_beams(rig_file)["all_equal"], "beam": lambda f: beam_weights(rig_file, f)}
    drr = {way: [] for way in ways}
    for size, rt60 in ROOMS:
        for moved in PLACES:
            room = Room(size, rt60, (0.4 + moved[0], size[1] / 2 + moved[1], 0.9 + moved[2]))
            for way, weights in ways.items():
                drr[way].append(room_figures(rig_file, weights, room, np.array([2.5, 0.0, 0.0])).drr_db)
    assert np.mean(drr["beam"]) - np.mean(drr["equal"]) >= gain_db


# --------------------------------------------------------------------------------------------------- pressure


@pytest.mark.parametrize("rig_file", [ball_rig([0, 90]), free_rig([0.2, -0.2]), wall_rig([0.1, -0.1])])
def test_pressure_far_away_is_the_far_field(rig_file):
    rig, f, far = rig_file.rig, np.array([200.0, 2000.0]), 3000.0
    points = arc([0.0, 50.0, -80.0], [0.0, 20.0, -10.0])
    near = pressure_at(rig, far * points.directions, f)
    wave = np.exp(-2j * np.pi * f / C * far)[:, None, None] / far
    assert np.allclose(near, wave * transfer_matrix(rig, points, f), rtol=1e-3, atol=2e-3 / far)
