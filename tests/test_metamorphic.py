"""What must not matter, or matter in a known way: turning the whole scene, making everything larger, naming drivers otherwise."""

import numpy as np
import pytest
from make_rigs import ball_rig, free_rig

from spatial.design.sides import design_side
from spatial.rig.load import rig_from_text

VIRTUAL = '[design.crosstalk]\nmode = "virtual"\neffort_cap_db = 12.0\n'


def scene(places, yaw_deg, listener=(2.0, 0.0), design=VIRTUAL):
    text = f'format = 1\nname = "turned"\n[listener]\ndistance_m = {listener[0]}\nleft_m = {listener[1]}\nyaw_deg = {yaw_deg}\n'
    for i, (front, left) in enumerate(places):
        text += f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ front = {front!r}, left = {left!r}, up = 0.0 }}\n'
    return rig_from_text(text + design, "turned.toml")


@pytest.mark.parametrize("mode", ["virtual", "target", "null"])
def test_turning_rig_and_listener_together_changes_nothing(mode):
    design = f'[design.crosstalk]\nmode = "{mode}"\nrobust = false\n'
    freqs = np.geomspace(100, 16000, 60)
    places = np.array([[0.0, 0.3], [0.05, 0.1], [0.0, -0.2]])
    centre, turn = np.array([2.0, 0.0]), np.deg2rad(4.0)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned = (centre + (places - centre) @ rotation.T).tolist()
    for ear in (0, 1):
        one = design_side(scene(places.tolist(), 0.0, design=design), ear, freqs)
        other = design_side(scene(turned, 4.0, design=design), ear, freqs)
        assert np.max(np.abs(one.w - other.w)) < 1e-6 * np.max(np.abs(one.w))


def test_everything_larger_is_the_same_at_lower_frequency():
    """Rig, head, distances 1.25 times larger: the same weights 1.25 times lower, above the fall of the cap."""
    k, freqs = 1.25, np.geomspace(400, 9000, 60)

    def rig(scale):
        listener = f"head_radius_m = {0.08 * scale}\n[virtual_pair]\ndistance_m = {2.0 * scale}\n"
        return free_rig([0.1 * scale, -0.07 * scale], distance_m=1.6 * scale, listener=listener, design=VIRTUAL)

    small, large = design_side(rig(1.0), 0, freqs * k), design_side(rig(k), 0, freqs)
    assert np.max(np.abs(small.w - large.w)) < 1e-9 * np.max(np.abs(small.w))


def test_a_larger_ball_is_the_same_at_lower_frequency():
    k, freqs = 1.25, np.geomspace(400, 9000, 60)

    def rig(scale):
        listener = f"head_radius_m = {0.08 * scale}\n[virtual_pair]\ndistance_m = {2.0 * scale}\n"
        return ball_rig(
            [0, 90, -60], radius_m=0.08 * scale, diameter_m=0.04 * scale, distance_m=1.6 * scale, listener=listener, design=VIRTUAL
        )

    small, large = design_side(rig(1.0), 0, freqs * k), design_side(rig(k), 0, freqs)
    assert np.max(np.abs(small.w - large.w)) < 1e-2 * np.max(np.abs(small.w))


def test_the_order_of_the_file_does_not_matter():
    freqs = np.geomspace(100, 16000, 40)
    places = [[0.0, 0.3], [0.02, 0.1], [0.0, -0.2]]
    one = design_side(scene(places, 0.0), 0, freqs)
    other = design_side(scene(places[::-1], 0.0), 0, freqs)
    assert np.array_equal(one.w, other.w[:, ::-1])


def test_far_away_distance_only_makes_it_quieter():
    """From 6 m on the weights change with distance by less than the ears' geometry does."""
    freqs = np.geomspace(400, 8000, 40)
    near = design_side(free_rig([0.5, -0.5], distance_m=6.0, design=VIRTUAL), 0, freqs)
    again = design_side(free_rig([0.5, -0.5], distance_m=6.06, design=VIRTUAL), 0, freqs)
    assert np.max(np.abs(near.w - again.w)) < 0.15 * np.max(np.abs(near.w))
