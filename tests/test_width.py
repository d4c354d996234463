"""Width models against the exact sphere, their digital sections, the balance, and headphones: every figure of the specification.

Truth from outside: the series of the sphere (tested against 40-digit arithmetic in test_head.py), another factorisation, the tables of
the shared folder (SPATIAL_SHARED, else ../shared; skipped without).
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spatial.acoustics.head import relative_response
from spatial.acoustics.hearing import band_average, erb_centres, erb_rate, erb_rate_hz
from spatial.analysis.width_pair import width_figures
from spatial.base.blas_threads import one_blas_thread
from spatial.base.minimum_phase import minimum_phase
from spatial.catalogue.figures import study_of
from spatial.design.headphones import headphone_filters
from spatial.design.width.aims import BalancedAim, HumanAim, SphereAim, sphere_aims
from spatial.design.width.balance import balanced_pair, is_rational
from spatial.design.width.digital import digital_pair
from spatial.design.width.fit import BALANCED, HUMAN, SPHERE, free_coordinates, human_order4, mesh
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import Medium
from spatial.targets.width.models import SECTIONED, head_sections, relative_hrtf
from spatial.targets.width.tables import Table, table

C = Medium().c
SHARED = Path(os.environ.get("SPATIAL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
F = erb_rate_hz(np.arange(float(erb_rate(20.0)), float(erb_rate(20000.0)), 1 / 20))
CENTRES = erb_centres(100.0, 16000.0)
BANDS = band_average(F, CENTRES)
EVERY_ANGLE = np.arange(0, 90.1, 1.25)
MODELS = (*SECTIONED, "sphere_exact")


def errors(g, truth):
    """ILD rms and worst (dB), ITD rms and worst below 1.5 kHz, and ITD rms below 800 Hz (us), over ERB bands."""
    ild = 10 * np.log10((np.abs(g) ** 2 @ BANDS) / (np.abs(truth) ** 2 @ BANDS))
    itd = np.angle((g * truth.conj()) @ BANDS) / (2 * np.pi * CENTRES) * 1e6
    low = itd[CENTRES < 1500]
    return rms(ild), np.abs(ild).max(), rms(low), np.abs(low).max(), rms(itd[CENTRES < 800])


def rms(x):
    return float(np.sqrt(np.mean(np.square(x))))


# ---------------------------------------------------------------------------------------------- against the sphere


@pytest.mark.parametrize("distance_m", [1e4, 2.0, 1.0, 0.5])
@pytest.mark.parametrize("radius", [0.07, 0.0875, 0.095, 0.105])
def test_order5_pair_follows_the_sphere_at_every_angle_and_range(radius, distance_m):
    """Asked: to 60 degrees 0.5 dB, to 90 1 dB (1.5 for the largest head), 5 us rms, 8 us at worst (9); at 30 degrees 0.15 dB, 2 us."""
    found = np.array(
        [
            errors(relative_hrtf("sphere_order5", F, a, distance_m, radius, C), relative_response(F, a, distance_m, radius, C))
            for a in EVERY_ANGLE
        ]
    )
    assert found[EVERY_ANGLE <= 60, 0].max() <= 0.5
    assert found[:, 0].max() <= (1.3 if radius > 0.1 else 1.1 if distance_m < 2 else 1.0)
    assert found[:, 2].max() <= 3.5
    assert found[:, 3].max() <= 6.0
    at_30 = found[list(EVERY_ANGLE).index(30.0)]
    assert at_30[0] <= 0.15
    assert at_30[2] <= 2.0


@pytest.mark.parametrize("radius", [0.07, 0.0875, 0.095])
def test_balanced_pair_keeps_level_and_low_frequency_delay(radius):
    """Asked at 15-30 degrees: ILD 0.5 dB, delay below 800 Hz 10 us; and above, centre and hard-panned sound of one colour."""
    for angle in np.arange(15, 30.1, 1.25):
        g, truth = relative_hrtf("balanced", F, angle, 2.0, radius, C), relative_response(F, angle, 2.0, radius, C)
        ild, _, _, _, low_itd = errors(g, truth)
        assert ild <= 0.45
        assert low_itd <= 10.0
        quarter_turn_hz = np.interp(np.pi / 2, -np.unwrap(np.angle(truth)), F)
        colour = 10 * np.log10((np.abs(1 + g) ** 2 @ BANDS) / ((1 + np.abs(g) ** 2) @ BANDS))[quarter_turn_hz < CENTRES]
        assert rms(colour) <= 0.3
        assert np.abs(colour).max() <= 1.0


def test_closed_form_is_a_sketch_of_the_series():
    for angle in np.arange(0, 60.1, 5):
        ild, _, itd, _, _ = errors(relative_hrtf("closed_form", F, angle, 2.0, 0.0875, C), relative_response(F, angle, 2.0, 0.0875, C))
        assert ild <= 1.2
        assert itd <= 17


@pytest.mark.parametrize("model", MODELS)
def test_no_angle_is_no_width_and_behind_is_none_either(model):
    for angle in (0.0, 180.0):
        assert np.allclose(relative_hrtf(model, F, angle, 2.0, 0.0875, C), 1.0, atol=1e-9)


@pytest.mark.parametrize("model", ["sphere_order5", "balanced", "closed_form"])
@given(angle=st.floats(0, 90))
@settings(max_examples=10, deadline=None)
def test_behind_the_sphere_is_like_in_front(model, angle):
    front, back = (relative_hrtf(model, F, a, 2.0, 0.0875, C) for a in (angle, 180 - angle))
    assert np.allclose(front, back, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_angles_outside_0_to_180_are_refused(model):
    for angle in (-1.0, 181.0, np.nan):
        with pytest.raises(ValueError, match="0 to 180"):
            relative_hrtf(model, F, angle, 2.0, 0.0875, C)
    with pytest.raises(ValueError, match="no width model 'cube'"):
        relative_hrtf("cube", F, 30.0, 2.0, 0.0875, C)


@pytest.mark.parametrize("model", SECTIONED)
@given(k=st.floats(0.6, 1.6), angle=st.floats(0, 180))
@settings(max_examples=10, deadline=None)
def test_a_head_k_times_larger_hears_the_same_k_times_lower(model, k, angle):
    small = relative_hrtf(model, F, angle, 1.5, 0.0875, C)
    large = relative_hrtf(model, F / k, angle, 1.5 * k, 0.0875 * k, C)
    assert np.allclose(small, large, rtol=1e-6)


# --------------------------------------------------------------------------------------------------------- tables


@pytest.mark.skipif(not (SHARED / "width_tables.json").exists(), reason=f"no width_tables.json in {SHARED}")
def test_own_table_is_the_shared_one_or_nearer_to_the_series():
    """At each table angle within 0.1 dB and 1 us rms of the file's pair, or the smaller error against the series (in tolerances)."""
    shared = json.loads((SHARED / "width_tables.json").read_text())["sphere_order5"]
    x = 2 * np.pi * F * 0.0875 / C
    for angle, row in ((float(a), r) for a, r in shared.items()):
        other = np.exp(-1j * x * row["tau"])
        for fz, qz, fp, qp in row["biquads"]:
            other *= (1 + 1j * x / (qz * fz) - (x / fz) ** 2) / (1 + 1j * x / (qp * fp) - (x / fp) ** 2)
        for fz, fp in row["shelves"]:
            other *= (1 + 1j * x / fz) / (1 + 1j * x / fp)
        own, series = relative_hrtf("sphere_order5", F, angle, 1e4, 0.0875, C), relative_response(F, angle, 1e4, 0.0875, C)
        apart_db, _, apart_us, _, _ = errors(own, other)
        (own_db, _, own_us, _, _), (other_db, _, other_us, _, _) = errors(own, series), errors(other, series)
        like = apart_db <= 0.1 and apart_us <= 1.0
        assert like or own_db / 0.5 + own_us / 4 <= other_db / 0.5 + other_us / 4, angle


@pytest.mark.skipif(not (SHARED / "mean_head_ild_itd.json").exists(), reason=f"no mean_head_ild_itd.json in {SHARED}")
def test_human_pair_is_the_mean_of_the_measured_heads():
    """Against the statistics it was fitted to: inside the spread between heads; and the shipped table is what the script makes."""
    file = SHARED / "mean_head_ild_itd.json"
    statistics = json.loads(file.read_text())["az"]
    low = CENTRES < 1500
    for angle in range(15, 166, 15):
        entry = statistics[str(angle)]
        g = relative_hrtf("human_order4", F, float(angle), 1.7, 0.0875, C)
        ild = -10 * np.log10(np.abs(g) ** 2 @ BANDS) - entry["ild_db"]
        mean_us = np.mean(np.array(entry["itd_us"])[low])
        itd = mean_us - np.angle((g * np.exp(2j * np.pi * F * mean_us * 1e-6)) @ BANDS) / (2 * np.pi * CENTRES) * 1e6 - entry["itd_us"]
        assert rms(ild) <= 0.9 * np.mean(entry["ild_sd_db"])
        assert rms(itd[low]) <= 20
    for angle in (10, 170):  # held at the table's end it would be 60 us off
        entry = statistics[str(angle)]
        g = relative_hrtf("human_order4", F, float(angle), 1.7, 0.0875, C)
        itd = -np.angle(g @ BANDS)[low] / (2 * np.pi * CENTRES[low]) * 1e6
        assert rms(itd - np.array(entry["itd_us"])[low]) <= 20
    with one_blas_thread():
        again = human_order4(file)
    assert np.allclose(again.values, table("human_order4").values, atol=1e-3)


@pytest.mark.slow
def test_the_sphere_table_is_where_the_fit_ends():
    """Three more rounds from the shipped table find nothing: it is what the script makes."""
    shipped = table("sphere_order5")
    m = mesh(SPHERE, shipped.angles, free_coordinates(SPHERE, held=("ln_g0",)), ranged=True, neutral=[0])
    with one_blas_thread():
        evaluate = m.evaluate(sphere_aims(SPHERE, EVERY_ANGLE[1:]))
        v = m.unknowns(np.hstack([shipped.values, shipped.slopes]))
        cost, matrix, gradient = evaluate(v)
        step = np.linalg.solve(matrix + np.diag(1e-2 * np.diag(matrix) + 1e-9), gradient)
        assert evaluate(v - step)[0] > 0.995 * cost


@pytest.mark.parametrize(
    "aim",
    [
        SphereAim(SPHERE, 30.0, 0.1),
        BalancedAim(BALANCED, 40.0, 0.1),
        HumanAim(HUMAN, 60.0, np.linspace(1, 15, len(CENTRES)), np.linspace(700, 500, len(CENTRES))),
    ],
    ids=["sphere", "balanced", "human"],
)
def test_derivatives_of_the_fit_are_differences(aim):
    layout = aim.layout
    p = np.concatenate([[1.0, -0.1], np.full(layout.ipsi + layout.contra, 0.5), np.log([1.3, 0.7, 2.6, 1.4, 2.5, 1.2, 0.9, 0.7])])
    p = np.concatenate([p, np.log([29.0, 14.0] * layout.shelves)])
    slopes = aim.residuals(p)[1]
    for i, one in enumerate(np.eye(layout.size)):
        apart = (aim.residuals(p + 1e-6 * one)[0] - aim.residuals(p - 1e-6 * one)[0]) / 2e-6
        assert np.allclose(slopes[:, i], apart, atol=1e-6 * np.abs(slopes).max())


@pytest.mark.parametrize("name", ["sphere_order5", "balanced", "human_order4"])
def test_tables_survive_their_file(name):
    shipped = table(name)
    again = Table.from_json(name, json.loads(json.dumps(shipped.to_json())))
    assert np.allclose(again.values, shipped.values, atol=1e-5)
    assert np.allclose(again.slopes, shipped.slopes, rtol=1e-5)
    assert np.all(np.diff(shipped.angles) > 0)


# ------------------------------------------------------------------------------------------------ digital sections

heads = st.fixed_dictionaries(
    {
        "model": st.sampled_from(SECTIONED),
        "angle_deg": st.floats(0, 180),
        "distance_m": st.floats(0.2, 100),
        "radius_m": st.floats(0.05, 0.15),
    }
)
rates = st.floats(8000, 384000)


@given(head=heads, fs=rates)
@settings(max_examples=60, deadline=None)
def test_sections_are_stable_for_every_parameter(head, fs):
    pair = digital_pair(head_sections(**head, c=C), fs)
    assert np.all(np.abs(pair.poles()) < 1)
    assert np.all(np.isfinite(pair.sos("contra")))
    for rho in (0.0, 0.3, 1.0):
        if is_rational(pair, rho):
            assert np.all(np.abs(balanced_pair(pair, rho).poles()) < 1)


def test_sections_at_70_mm_and_87_degrees_where_poles_once_left_the_circle():
    for fs in (32000, 44100, 48000, 96000, 192000):
        for angle in (85.0, 86.25, 87.5, 88.75, 90.0):
            assert np.all(np.abs(digital_pair(head_sections("sphere_order5", angle, 2.0, 0.07, C), fs).poles()) < 1)


@given(head=heads, fs=st.sampled_from([32000, 44100, 48000, 96000, 192000]))
@settings(max_examples=40, deadline=None)
@example(head={"model": "balanced", "angle_deg": 79.0, "distance_m": 1.0, "radius_m": 0.0546875}, fs=32000)  # converges slowly
def test_sections_do_what_the_model_says(head, fs):
    """To 0.45 of the rate or 20 kHz: 0.1 dB rms over bands, 1.5 us below 1.5 kHz, one delay for both."""
    sections = head_sections(**head, c=C)
    pair = digital_pair(sections, fs)
    f = F[F < min(20000, 0.45 * fs)]
    centres = CENTRES[CENTRES < 0.35 * fs]
    bands = band_average(f, centres)
    g, wanted = pair.response("contra", f) / pair.response("ipsi", f), sections.relative(f)
    ild = 10 * np.log10((np.abs(g) ** 2 @ bands) / (np.abs(wanted) ** 2 @ bands))
    itd = np.angle((g * wanted.conj()) @ bands) / (2 * np.pi * centres) * 1e6
    assert rms(ild) <= 0.1
    assert np.abs(itd[centres < 1500]).max() <= 1.5
    assert np.allclose(np.abs(pair.response("ipsi", f)), 1, atol=1e-9)


def test_sections_run_as_filters():
    """What sosfilt makes of an impulse is the response that the pair states."""
    from scipy.signal import sosfilt

    pair = balanced_pair(digital_pair(head_sections("balanced", 30.0, 2.0, 0.0875, C), 48000), 0.5)
    impulse = np.zeros(8192)
    impulse[0] = 1.0
    freqs = np.fft.rfftfreq(8192, 1 / 48000)
    for ear in ("ipsi", "contra"):
        assert np.allclose(np.fft.rfft(sosfilt(pair.sos(ear), impulse)), pair.response(ear, freqs), atol=1e-9)


# -------------------------------------------------------------------------------------------------------- balance


@given(head=heads, fs=rates, rho=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_balance_is_exact_and_leaves_the_ears_difference_alone(head, fs, rho):
    pair = digital_pair(head_sections(**head, c=C), fs)
    rho = rho if is_rational(pair, rho) else 0.0
    even = balanced_pair(pair, rho)
    f = np.concatenate([[0.0], np.geomspace(5, 0.49 * fs, 400)])
    i, c = even.response("ipsi", f), even.response("contra", f)
    loudness = np.abs(i) ** 2 + np.abs(c) ** 2 + 2 * rho * (i * c.conj()).real
    assert np.allclose(10 * np.log10(loudness), 0, atol=1e-6)
    assert np.allclose(c / i, pair.response("contra", f) / pair.response("ipsi", f), atol=1e-6)


@pytest.mark.parametrize(("model", "rho"), [("balanced", 0.0), ("balanced", 0.5), ("balanced", 1.0), ("sphere_order5", 0.0)])
def test_roots_and_cepstrum_find_the_same_minimum_phase(model, rho):
    """Two ways to factorise one spectrum: zeros in the left half plane, and the folded cepstrum of its logarithm."""
    pair = digital_pair(head_sections(model, 30.0, 2.0, 0.0875, C), 48000)
    n = 1 << 15
    f = np.arange(n // 2 + 1) * 48000 / n
    i, c = pair.response("ipsi", f), pair.response("contra", f)
    from_cepstrum = minimum_phase(1 / (np.abs(i) ** 2 + np.abs(c) ** 2 + 2 * rho * (i * c.conj()).real))
    from_roots = balanced_pair(pair, rho).response("ipsi", f) / i
    audible = f < 20000
    assert np.allclose(from_cepstrum[audible], from_roots[audible], atol=1e-4)


def test_a_pure_delay_has_no_rational_balance_but_for_0():
    pair = digital_pair(head_sections("sphere_order5", 30.0, 2.0, 0.0875, C), 48000)
    with pytest.raises(ValueError, match="rho = 0 only"):
        balanced_pair(pair, 0.5)


def test_centre_over_hard_panned_is_what_no_common_filter_changes():
    """10 log10(1 + 2 r cos phi / (1 + r^2)), before and after."""
    pair = digital_pair(head_sections("balanced", 25.0, 2.0, 0.0875, C), 48000)
    f = np.geomspace(20, 20000, 200)
    for one in (pair, balanced_pair(pair, 0.5)):
        i, c = one.response("ipsi", f), one.response("contra", f)
        g = c / i
        told = 10 * np.log10(np.abs(i + c) ** 2 / (np.abs(i) ** 2 + np.abs(c) ** 2))
        assert np.allclose(told, 10 * np.log10(1 + 2 * np.abs(g) * np.cos(np.angle(g)) / (1 + np.abs(g) ** 2)), atol=1e-9)
        assert abs(10 * np.log10(np.abs(i + c) ** 2 / (np.abs(i) ** 2 + np.abs(c) ** 2))[0] - 3.0) < 0.1


# ----------------------------------------------------------------------------------------------------- headphones


def headphones(model, angle=30.0, radius=0.0875, rho=None, distance=2.0):
    text = (
        f'format = 1\nname = "pair"\nkind = "headphones"\n[listener]\nhead_radius_m = {radius}\n[virtual_pair]\nangle_deg = {angle}\n'
        f'distance_m = {distance}\n[design.width]\nmodel = "{model}"\n' + ("" if rho is None else f"[headphones]\nbalance = {rho}\n")
    )
    return rig_from_text(text, "pair.toml")


@pytest.mark.parametrize("fs", [32000, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("model", ["sphere_order5", "human_order4", "closed_form", "sphere_exact"])
def test_without_balance_the_near_ear_is_a_pure_delay(model, fs):
    bank = headphone_filters(headphones(model), fs)
    ipsi, contra = bank.taps[0, 0], bank.taps[1, 0]
    assert np.count_nonzero(ipsi) == 1
    assert ipsi[bank.latency_samples] == 1.0
    assert np.array_equal(bank.taps[1, 1], ipsi)
    assert np.array_equal(bank.taps[0, 1], contra)
    assert bank.latency_samples == round(32 * fs / 48000)


@pytest.mark.parametrize("fs", [44100, 48000])
@pytest.mark.parametrize("angle", [0.0, 1.25, 30.0, 60.0, 78.75, 90.0, 110.0, 180.0])
def test_headphone_firs_follow_the_sphere(angle, fs):
    rig_file = headphones("sphere_order5", angle)
    figures = width_figures(study_of(headphone_filters(rig_file, fs), rig_file))
    assert figures.ild_error_db <= (0.5 if min(angle, 180 - angle) <= 60 else 1.0)
    assert figures.itd_error_us <= 3.0
    assert figures.itd_worst_us <= 6.0
    assert figures.ipsi_flat_db <= 1e-9


def test_256_taps_hold_the_series():
    """Asked: 0.02 dB and 1 us rms of the series."""
    for fs in (44100, 48000):
        for angle in (10.0, 30.0, 60.0, 90.0):
            rig_file = headphones("sphere_exact", angle)
            bank = headphone_filters(rig_file, fs)
            assert bank.n_taps == round(256 * fs / 48000)
            figures = width_figures(study_of(bank, rig_file))
            assert figures.ild_error_db <= 0.02
            assert figures.itd_error_us <= 1.0


@pytest.mark.parametrize("fs", [44100, 48000])
@pytest.mark.parametrize("rho", [0, 1])
@pytest.mark.parametrize("model", MODELS)
def test_balanced_firs_are_flat_to_a_thousandth_of_a_decibel(model, rho, fs):
    """rho = 0: hard-panned power; rho = 1: the phantom centre; whatever the model, the ears' difference stays."""
    for angle in (15.0, 30.0):
        rig_file, plain_file = headphones(model, angle, rho=rho), headphones(model, angle)
        figures = width_figures(study_of(headphone_filters(rig_file, fs), rig_file))
        assert (figures.centre_flat_db if rho else figures.hard_flat_db) <= 0.001
        if model != "balanced":
            plain = width_figures(study_of(headphone_filters(plain_file, fs), plain_file))
            assert abs(figures.ild_error_db - plain.ild_error_db) <= 0.15
            assert abs(figures.itd_low_error_us - plain.itd_low_error_us) <= 2.0
        else:
            assert figures.ild_error_db <= 0.5
            assert figures.itd_low_error_us <= 10.0


@given(
    model=st.sampled_from(MODELS),
    angle=st.floats(0, 180),
    radius=st.floats(0.05, 0.15),
    rho=st.none() | st.floats(0, 1),
    distance=st.floats(0.2, 50),
    fs=st.sampled_from([8000, 32000, 44100, 48000, 96000]),
)
@settings(max_examples=25, deadline=None)
def test_any_headphone_rig_gets_finite_filters_of_sane_level(model, angle, radius, rho, distance, fs):
    bank = headphone_filters(headphones(model, angle, radius, rho, distance), fs)
    assert np.all(np.isfinite(bank.taps))
    level = 20 * np.log10(np.abs(np.fft.rfft(bank.taps, 4096, axis=2)).max())
    assert level <= 32.0


# ----------------------------------------------------------------------------------------------------- rig files


def test_the_default_model_goes_with_what_plays():
    """Balanced with rho 0.5 on headphones, where the file says nothing; the sphere and no equaliser otherwise."""
    bare = 'format = 1\nname = "x"\nkind = "headphones"\n'
    silent, named, own = (
        rig_from_text(bare + more, "x").design
        for more in ("", '[design.width]\nmodel = "sphere_order5"\n', "[headphones]\nbalance = 0.25\n[design.width]\n")
    )
    assert (silent.width.model, silent.headphones.balance) == ("balanced", 0.5)
    assert (named.width.model, named.headphones.balance) == ("sphere_order5", None)
    assert (own.width.model, own.headphones.balance) == ("balanced", 0.25)
    assert load_rig("ball3").design.width.model == "sphere_order5"
    assert load_rig("headphones").design.width.model == "balanced"
    assert load_rig("headphones", ["design.width.model=human_order4"]).design.headphones.balance is None


def test_show_marks_the_defaults_of_headphones():
    from spatial.rig.show import show

    lines = [line.split() for line in show(rig_from_text('format = 1\nname = "x"\nkind = "headphones"\n', "x")).splitlines()]
    assert ["*", "model", '"balanced"'] in [line[:3] for line in lines]
    assert ["*", "balance", "0.5"] in [line[:3] for line in lines]
    changed = [line.split() for line in show(headphones("closed_form", rho=0.1)).splitlines()]
    assert ["model", '"closed_form"'] in [line[:2] for line in changed]
    assert ["balance", "0.1"] in [line[:2] for line in changed]


@pytest.mark.parametrize("model", ["human_order4", "balanced"])
def test_other_models_work_as_the_wish_of_loudspeakers(model):
    from spatial.targets.virtual_pair import wished_pair

    rig_file = load_rig("stereo_pair", [f"design.width.model={model}"])
    g = wished_pair(rig_file.scene, rig_file.design.width.model, np.array([0.0, 100.0, 1000.0, 10000.0, 24000.0]))
    assert np.all(np.isfinite(g))
    assert np.abs(g[3]) < np.abs(g[2]) < np.abs(g[1]) < 1
