"""The sides at the listener's own place, wherever that is: level, arrival and tone of the virtual pair, left and right alike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_rigs import ball_rig, free_rig

from spatial.acoustics.head import ear_responses
from spatial.acoustics.points import LEFT, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.weights import SIDE_NAMES, effective_weights
from spatial.design.filter_bank import compute_filters
from spatial.design.sides import design_side
from spatial.rig.load import load_rig, rig_from_text
from spatial.targets.tone import seat_target

ALONE = '[design.beam]\npreset = "reference"\n'
EXACT = '[design.width]\nmodel = "sphere_exact"\n'
BAR = np.linspace(0.46, -0.46, 8)


def real_pair_rig(front_m, left_m, up_m, yaw_deg, pair_m):
    """A pair at +-30 degrees of the nose, pair_m from the head; the head stands anywhere about the rig's origin."""
    head, yaw = np.array([front_m, left_m, up_m]), np.deg2rad(yaw_deg)
    drivers = []
    for i, (name, angle) in enumerate((("left", 30.0), ("right", -30.0))):
        # the nose points along -front, turned by yaw to the listener's left; an angle to the left turns it further
        turned = yaw + np.deg2rad(angle)
        place = head + pair_m * np.array([-np.cos(turned), np.sin(turned), 0.0])
        where = ", ".join(f"{key} = {value!r}" for key, value in zip(("front", "left", "up"), map(float, place), strict=True))
        drivers.append(f'[[driver]]\nname = "{name}"\nchannel = {i + 1}\nposition_m = {{ {where} }}\n')
    return rig_from_text(
        f'format = 1\nname = "pair"\n[listener]\ndistance_m = {front_m}\nleft_m = {left_m}\nup_m = {up_m}\nyaw_deg = {yaw_deg}\n'
        f"[virtual_pair]\ndistance_m = {pair_m}\n{''.join(drivers)}{EXACT}{ALONE}",
        "pair.toml",
    )


@settings(deadline=None, max_examples=10)
@given(
    front_m=st.floats(1.0, 4.0),
    left_m=st.floats(-1.5, 1.5),
    up_m=st.floats(-0.5, 0.5),
    yaw_deg=st.floats(-25, 25),
    pair_m=st.floats(0.8, 3.0),
)
def test_a_real_pair_anywhere_is_left_alone_but_for_one_gain(front_m, left_m, up_m, yaw_deg, pair_m):
    """r/r_0: what makes it as loud as a source at the rig's origin, the same for both sides and all frequencies."""
    rig_file = real_pair_rig(front_m, left_m, up_m, yaw_deg, pair_m)
    gain, freqs = pair_m / np.linalg.norm([front_m, left_m, up_m]), np.geomspace(30, 18000, 40)
    for ear in (LEFT, RIGHT):
        side = design_side(rig_file, ear, freqs)
        np.testing.assert_allclose(side.w[:, ear], gain, rtol=2e-3)  # the boost limit's knee
        assert np.abs(side.w[:, 1 - ear]).max() < 1e-6


@pytest.mark.parametrize(("front_m", "left_m", "pair_m"), [(2.0, 0.5, 1.4), (1.2, -0.3, 1.6)])
def test_and_for_one_delay(front_m, left_m, pair_m):
    """(r_0 - r)/c, positive or negative, in the taps as played."""
    rig_file = real_pair_rig(front_m, left_m, 0.1, 10.0, pair_m)
    bank, freqs = compute_filters(rig_file), np.geomspace(200, 15000, 60)
    r_0 = np.linalg.norm([front_m, left_m, 0.1])
    later_s = bank.latency_samples / bank.fs + (r_0 - pair_m) / rig_file.scene.medium.c
    for ear in (LEFT, RIGHT):
        w = effective_weights(bank, rig_file.rig, freqs, SIDE_NAMES[ear]) * np.exp(2j * np.pi * freqs * later_s)[:, None]
        assert np.abs(20 * np.log10(np.abs(w[:, ear]) * r_0 / pair_m)).max() < 0.05
        assert np.abs(np.angle(w[:, ear]) / (2 * np.pi * freqs)).max() < 1e-6
        assert np.abs(w[:, 1 - ear]).max() < 0.01


@pytest.mark.parametrize(("kind", "scale", "left_m"), [("free", 0.7, 0.3), ("free", 1.6, -0.2), ("ball", 1.3, 0.25)])
def test_a_scaled_rig_and_listener_have_the_same_filters_at_scaled_frequencies(kind, scale, left_m):
    """Lengths times s, frequencies over s, above what is stated in Hz: the cap's foot, and where the loudest driver is looked for."""

    def rig(s):
        design = f"[virtual_pair]\ndistance_m = {1.8 * s}\n" + ALONE
        keys = {
            "distance_m": 2.0 * s, "listener": f"left_m = {left_m * s}\nhead_radius_m = {0.085 * s}\n",
            "design": "[design]\ncenter_bass_db = 0.0\n" + design,
        }  # fmt: skip
        if kind == "free":
            return free_rig([0.2 * s, 0.02 * s, -0.15 * s], **keys)
        return ball_rig([0, 80, -95], radius_m=0.09 * s, diameter_m=0.045 * s, **keys)

    freqs = np.geomspace(500, 12000, 40)
    one, other = rig(1.0), rig(scale)
    for ear in (LEFT, RIGHT):
        w, scaled = design_side(one, ear, freqs), design_side(other, ear, freqs / scale)
        assert w.target.group == scaled.target.group
        fit = 1e-3 if kind == "ball" else 1e-6  # a ball's field stands as monopoles, fitted to 1e-3
        assert np.abs(scaled.w - w.w).max() < fit * np.abs(w.w).max()
    here, there = (seat_target(file, (0,), f).d for file, f in ((one, freqs), (other, freqs / scale)))
    np.testing.assert_allclose(there, here, rtol=1e-6)


def test_a_mirrored_rig_with_the_listener_aside_has_mirrored_filters():
    design = "[design.crosstalk]\ntaps = 128\n" + ALONE
    one = compute_filters(free_rig([0.3, 0.05, -0.2], listener="left_m = 0.4\nyaw_deg = 8\n", design=design))
    other = compute_filters(free_rig([0.2, -0.05, -0.3], listener="left_m = -0.4\nyaw_deg = -8\n", design=design))
    assert one.latency_samples == other.latency_samples
    assert np.max(np.abs(one.taps - other.taps[::-1][:, [1, 0, 2]])) < 1e-9


# ---------------------------------------------------------------------------------------------- a listener aside


@pytest.fixture(scope="module", params=["bar, 0.36 m", "bar, 0.6 m", "shipped bar, 0.6 m", "bar, turned"])
def aside(request):
    """Rig, its ears at some frequencies and what left and right make there, in the taps: (freqs, ears, inputs)."""
    rig_file = {
        "bar, 0.36 m": lambda: free_rig(BAR, listener="left_m = 0.36\n", design=ALONE),
        "bar, 0.6 m": lambda: free_rig(BAR, listener="left_m = 0.6\n", design=ALONE),
        "shipped bar, 0.6 m": lambda: load_rig("bar8", ["listener.left_m=-0.6", "listener.up_m=0.2", "design.beam.preset=reference"]),
        "bar, turned": lambda: free_rig(BAR, listener="left_m = 0.4\nyaw_deg = 11\n", design=ALONE),
    }[request.param]()
    bank, freqs = compute_filters(rig_file), np.geomspace(200, 8000, 240)
    h = transfer_matrix(rig_file.rig, Ears.of(rig_file.scene.listener), freqs, rig_file.scene.medium)
    w = np.stack([effective_weights(bank, rig_file.rig, freqs, name) for name in SIDE_NAMES], axis=2)
    return rig_file, bank, freqs, h @ w


def slope_us(freqs, ratio, top_hz):
    """Delay of a ratio of pressures, microseconds: least squares on the unwrapped phase below top_hz."""
    low = freqs < top_hz
    phase = np.unwrap(np.angle(ratio[low]))
    return -np.sum(phase * freqs[low]) / np.sum(freqs[low] ** 2) / (2 * np.pi) * 1e6


def test_left_and_right_are_alike_at_the_ears_of_a_listener_aside(aside):
    """Each at its near ear: 0.5 dB and 10 us, where 0.6 m beside a bar made the right side 4.6 dB softer and 218 us early."""
    _, _, freqs, p = aside
    left, right = p[:, LEFT, LEFT], p[:, RIGHT, RIGHT]
    thirds = 1000 * 2.0 ** (np.arange(-6, 9) / 3)
    for centre in thirds:
        inside = np.abs(np.log2(freqs / centre)) < 1 / 6
        assert abs(10 * np.log10(np.mean(np.abs(left[inside]) ** 2) / np.mean(np.abs(right[inside]) ** 2))) < 0.5
    assert abs(slope_us(freqs, left / right, 4000.0)) < 10


def test_a_phantom_stands_before_the_nose_of_a_listener_aside(aside):
    """L + R, by the phase between the ears below 1.5 kHz: 3 (a/c) sin(theta) within 2 degrees of the nose."""
    rig_file, _, freqs, p = aside
    phantom = p.sum(axis=2)
    a_over_c = rig_file.scene.listener.head_radius_m / rig_file.scene.medium.c
    angle_deg = np.rad2deg(np.arcsin(slope_us(freqs, phantom[:, RIGHT] / phantom[:, LEFT], 1500.0) * 1e-6 / (3 * a_over_c)))
    assert abs(angle_deg) < 2


def test_the_near_ear_gets_the_pairs_own_loudspeaker_as_from_the_origin(aside):
    """Level and tone against a source at +-30 degrees of the nose, scaled by r/r_0; arrival latency + r_0/c."""
    rig_file, bank, freqs, p = aside
    listener, pair_m, c = rig_file.scene.listener, rig_file.scene.virtual_pair.distance_m, rig_file.scene.medium.c
    head = np.array([listener.distance_m, listener.left_m, listener.up_m])
    r_0, ears = np.linalg.norm(head), Ears.of(listener)
    for ear, angle_deg in ((LEFT, 30.0), (RIGHT, -30.0)):
        turned = np.deg2rad(listener.yaw_deg + angle_deg)
        place = head + pair_m * np.array([-np.cos(turned), np.sin(turned), 0.0])
        source = ear_responses(freqs, place[None], ears.centres_m, ears.ear_axes(), ears.radius_m, c)[:, ear, 0]
        later = np.exp(-2j * np.pi * freqs * (bank.latency_samples / bank.fs + (r_0 - pair_m) / c))
        ratio = p[:, ear, ear] / (source * later * pair_m / r_0)
        holds = (freqs > 300) & (freqs < 6000)
        assert np.abs(20 * np.log10(np.abs(ratio[holds]))).max() < 0.2
        assert abs(slope_us(freqs, ratio, 4000.0)) < 3


def test_drivers_that_are_heard_alike_by_chance_are_no_reference_together():
    """0.6 m beside a bar, 2 m away, two of the right side differ by 0.008 dB; their sum has a hole of 22 dB at 5 kHz."""
    rig_file = free_rig(BAR, listener="left_m = 0.6\n")
    for ear in (LEFT, RIGHT):
        side = design_side(rig_file, ear, np.geomspace(200, 8000, 200))
        assert len(side.target.group) == 1
        assert 20 * np.log10(np.abs(side.target.d / side.target.flat)).min() > -0.1
    tiers = ball_rig([60, 60, -60, -60], elevations_deg=[20, -20, 20, -20])
    assert set(design_side(tiers, LEFT, np.array([1000.0])).target.group) == {0, 1}


def test_a_flat_tone_is_as_loud_as_before_at_the_origin_and_the_pairs_is_brighter_at_the_near_ear():
    """Straight ahead a box is 1.5-3.2 dB duller at the near ear than a pair at +-30 degrees."""
    freqs = np.geomspace(500, 8000, 60)
    pair, flat = (design_side(load_rig("box2", [f"design.tone={tone}"]), LEFT, freqs).target.flat for tone in ("pair", "flat"))
    level_db = 20 * np.log10(np.abs(pair / flat))
    assert 1.5 < level_db[freqs > 1000].mean() < 3.2


def test_without_a_virtual_pair_the_tone_is_flat_unless_asked():
    for mode, tone in (("virtual", "pair"), ("target", "flat"), ("null", "flat")):
        assert free_rig([0.1, -0.1], design=f'[design.crosstalk]\nmode = "{mode}"\n').design.tone == tone
    asked = free_rig([0.1, -0.1], design='[design]\ntone = "pair"\n[design.crosstalk]\nmode = "null"\n')
    assert asked.design.tone == "pair"
    assert np.array_equal(
        design_side(asked, LEFT, np.array([500.0, 2000.0])).target.flat,
        design_side(replace(asked, design=replace(asked.design, crosstalk=replace(asked.design.crosstalk, mode="virtual"))), LEFT,
                    np.array([500.0, 2000.0])).target.flat,
    )  # fmt: skip
