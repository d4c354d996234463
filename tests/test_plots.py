"""Pictures: what a pixel shows against the closed form, left where left is, the same bytes every time, readable on both pages."""

import io
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from rig_texts import FREE, HEADPHONES, changed

from spatial.analysis.beam_figures import beam_pattern
from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import UsageError
from spatial.catalogue import method_pictures
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure, pictures_of
from spatial.plots.beam import CONTOURS_DB, GUIDES_DEG, STEPS_DB, colour_scale, draw_beam_map
from spatial.plots.cancellation import draw_effort, draw_separation
from spatial.plots.cues import draw_ild, draw_itd
from spatial.plots.filters import draw_impulses, draw_magnitudes, loud_span_ms
from spatial.plots.methods import draw_methods, draw_spread, draw_trade
from spatial.plots.polar import draw_polar
from spatial.plots.style import DARK, DPI, FORMATS, LIGHT, MINUS, decibels, figure_bytes, frequency_axis, new_figure, signed_degrees, themed
from spatial.plots.sweet_spot import draw_poses, draw_sweet_spot, map_colours
from spatial.rig.load import rig_from_text
from spatial.targets.cancellation import asked_separation_db

SPEED = 331.3 * (1 + 20 / 273.15) ** 0.5
HALF_M, SEAT_M = 0.08, 2.0  # of the rig FREE: drivers at +-8 cm, the head 2 m in front

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def loudspeaker_bank(left=1.0, right=1.0, right_later=0, text=FREE):
    """The centre input to the left and right driver with plain gains, and a delay in samples; the sides to one driver each."""
    taps = np.zeros((2, 3, 64))
    taps[0, 0, 16] = taps[1, 1, 16] = 1.0
    taps[0, 2, 16], taps[1, 2, 16 + right_later] = left, right
    names = ("left", "right")
    return FilterMatrix(taps, 48000, 16, (*names, "center"), names, (1, 2), rig_text=text), rig_from_text(text, "test")


def headphone_bank():
    taps = np.zeros((2, 2, 48))
    taps[0, 0, 8] = taps[1, 1, 8] = 1.0
    taps[1, 0, 20:24] = taps[0, 1, 20:24] = 0.2
    names = ("left", "right")
    bank = FilterMatrix(taps, 48000, 8, names, ("left ear", "right ear"), (1, 2), rig_text=HEADPHONES)
    return bank, rig_from_text(HEADPHONES, "test")


def pixels(figure, theme=LIGHT):
    """RGB (rows, columns, 3), 0 to 1, row 0 at the top."""
    return matplotlib.image.imread(io.BytesIO(figure_bytes(figure, theme)))[:, :, :3]


def colour_at(image, axes, freq, azimuth):
    """Colour of the picture at a place of the axes."""
    column, row = axes.transData.transform((freq, azimuth))
    return image[image.shape[0] - 1 - round(row), round(column)]


def two_omnis_db(freq, azimuth_deg):
    """Closed form: two equal sources at +-a on the circle through the head, re on axis; far away |cos(k a sin(azimuth))|."""
    azimuth, k = np.deg2rad(azimuth_deg), 2 * np.pi * freq / SPEED

    def pressure(angle):
        ways = [np.sqrt(SEAT_M**2 + HALF_M**2 + sign * 2 * SEAT_M * HALF_M * np.sin(angle)) for sign in (1, -1)]
        return abs(sum(np.exp(-1j * k * way) / way for way in ways))

    return 20 * np.log10(pressure(azimuth) / pressure(0.0) + 1e-12)


def places_away_from_lines(level_db_at):
    """Places where nothing but the level can be drawn: no contour, guide or label near, and no step of colour."""
    for freq in np.geomspace(170, 1500, 18):
        for azimuth in np.arange(-170.0, 171, 7.0):
            near = [level_db_at(freq * a, azimuth + b) for a in (0.97, 1.0, 1.03) for b in (-3, 0, 3)]
            steps = np.array([*STEPS_DB, *CONTOURS_DB])
            crossed = any(min(near) - 0.2 < step < max(near) + 0.2 for step in steps)
            if not crossed and min(abs(azimuth - guide) for guide in GUIDES_DEG) > 4:
                yield freq, azimuth


# --------------------------------------------------------------------------------------------------------- beam map


def test_a_pixel_of_the_heat_map_has_the_colour_of_the_closed_form():
    """Truth from outside: two point sources in free space."""
    figure = bank_figure("beam", study_of(*loudspeaker_bank()))
    image, axes = pixels(figure), figure.axes[0]
    colours, norm = colour_scale()
    checked = 0
    for freq, azimuth in places_away_from_lines(two_omnis_db):
        expected = colours(norm(two_omnis_db(freq, azimuth)))[:3]
        assert np.allclose(colour_at(image, axes, freq, azimuth), expected, atol=0.01), f"{freq:.0f} Hz, {azimuth} degrees"
        checked += 1
    assert checked > 150


def test_the_heat_map_of_a_cardioid_is_the_cardioid_at_every_frequency():
    text = changed(FREE, "left = 0.08 }", 'left = 0.0 }\ndirectivity = "cardioid"')
    bank, rig_file = loudspeaker_bank(1.0, 0.0, text=text)
    azimuth = np.arange(-180.0, 181, 3.0)
    pattern = beam_pattern(study_of(bank, rig_file), np.geomspace(150, 8000, 12), azimuth)
    figure = Figure()
    axes = draw_beam_map(figure.add_subplot(), pattern.freqs, pattern.azimuth_deg, pattern.level_db)
    half = np.degrees(np.arccos(2 * 10 ** (-6 / 20) - 1))  # where (1 + cos)/2 is -6 dB
    lines = next(c for c in axes.collections if list(getattr(c, "levels", [])) == list(CONTOURS_DB))
    at_6_db = np.concatenate(lines.allsegs[CONTOURS_DB.index(-6)])
    assert np.allclose(np.abs(at_6_db[:, 1]), half, atol=0.2)
    assert at_6_db[:, 1].min() < 0 < at_6_db[:, 1].max()


def test_a_mirrored_rig_gives_the_mirrored_picture():
    one, other = loudspeaker_bank(1.0, 0.5, 4), loudspeaker_bank(0.5, 1.0, -4)
    freqs, azimuth = np.geomspace(150, 8000, 40), np.arange(-180.0, 181, 5.0)
    levels = [beam_pattern(study_of(*pair), freqs, azimuth).level_db for pair in (one, other)]
    assert not np.allclose(levels[0], levels[0][:, ::-1], atol=1.0), "the case is symmetric: it would show nothing"
    assert np.allclose(levels[0], levels[1][:, ::-1], atol=1e-6)

    def level_db(freq, azimuth_deg):
        """Closed form: gains 1 and 0.5, the right one 4 samples late."""
        turn = 2 * np.pi * freq * (HALF_M * np.sin(np.deg2rad(azimuth_deg)) / SPEED)
        right = 0.5 * np.exp(-2j * np.pi * freq * 4 / 48000)
        return 20 * np.log10(abs(np.exp(1j * turn) + right * np.exp(-1j * turn)) / abs(1 + right))

    figures = [bank_figure("beam", study_of(*pair)) for pair in (one, other)]
    images = [pixels(figure) for figure in figures]
    places = list(places_away_from_lines(level_db))
    assert len(places) > 100
    scale, norm = colour_scale()
    for freq, azimuth_deg in places:
        place = f"{freq:.0f} Hz, {azimuth_deg} degrees"
        one, mirrored = (colour_at(i, f.axes[0], freq, a) for i, f, a in zip(images, figures, (azimuth_deg, -azimuth_deg), strict=True))
        assert np.allclose(one, mirrored, atol=0.01), place
        assert np.allclose(one, scale(norm(level_db(freq, azimuth_deg)))[:3], atol=0.01), place


def test_the_6_db_line_is_labelled_on_both_sides_and_the_sides_are_named():
    figure = bank_figure("beam", study_of(*loudspeaker_bank()))
    axes = figure.axes[0]
    places = [text.get_position()[1] for text in axes.texts if text.get_text() == f"{MINUS}6 dB"]
    assert len(places) == 2 and min(places) < 0 < max(places)
    ticks = {label.get_text(): place for label, place in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)}
    assert ticks["listener's left  +90°"] == 90 and ticks[f"listener's right  {MINUS}90°"] == -90


def test_an_omni_has_no_line_to_label():
    freqs, azimuth = np.geomspace(150, 8000, 20), np.arange(-180.0, 181, 10.0)
    axes = draw_beam_map(Figure().add_subplot(), freqs, azimuth, np.zeros((20, 37)))
    assert not axes.texts


def test_colours_get_lighter_up_to_the_level_on_axis():
    """No rainbow: the order of the levels is the order of lightness, so that it survives grey print and any eye."""
    colours, norm = colour_scale()
    middles = (np.array(STEPS_DB[:-1]) + STEPS_DB[1:]) / 2
    light = [relative_luminance(colours(norm(level))[:3]) for level in [-40.0, *middles[middles <= 0]]]
    assert np.all(np.diff(light) > 0)
    assert (np.diff(STEPS_DB)[:9] == 3).all() and STEPS_DB[0] == -30 and STEPS_DB[-3:] == (-1, 1, 3)


# --------------------------------------------------------------------------------------------------------- polar


def test_the_listeners_left_is_on_the_left_of_a_polar_and_the_listener_below():
    axes = draw_polar(Figure().add_subplot(projection="polar"), np.arange(-180.0, 181, 10), np.zeros(37), LIGHT)
    middle = axes.transData.transform((0.0, -30.0))
    left, listener = (axes.transData.transform((np.deg2rad(azimuth), 0.0)) - middle for azimuth in (90, 0))
    assert left[0] < -10 and abs(left[1]) < 1
    assert listener[1] < -10 and abs(listener[0]) < 1


def test_polars_average_power_over_third_octaves():
    """Truth: the closed form of two sources, averaged by another rule."""
    figure = bank_figure("polar", study_of(*loudspeaker_bank()))
    axes = next(a for a in figure.axes if a.get_title(loc="left") == "1 kHz")
    theta, level = axes.lines[0].get_data()
    fine = 1000 * 2 ** (np.linspace(-1, 1, 401) / 6)
    for azimuth in (30.0, 60.0, 90.0):
        power = np.mean([10 ** (two_omnis_db(f, azimuth) / 10) for f in fine])
        assert np.isclose(np.interp(np.deg2rad(azimuth), theta, level), 10 * np.log10(power), atol=0.15)


# --------------------------------------------------------------------------------------------------------- curves


def test_curves_are_drawn_as_they_are_given():
    freqs = np.geomspace(50, 20000, 30)
    curves = {name: rng * np.ones(30) + np.arange(30) / 10 for rng, name in enumerate(("reached", "natural", "reachable", "asked"))}
    given = [curves[name] for name in ("reached", "natural", "reachable")]
    with_asked = draw_separation(Figure().add_subplot(), freqs, *given, LIGHT, LIGHT.left, curves["asked"])
    without = draw_separation(Figure().add_subplot(), freqs, *given, LIGHT, LIGHT.left)
    drawn = {line.get_label().split()[0].strip(","): line.get_ydata() for line in with_asked.lines}
    assert drawn.keys() == curves.keys()
    for name, values in drawn.items():
        assert np.array_equal(values, curves[name]), name
    assert [line.get_label() for line in without.lines] == [line.get_label() for line in with_asked.lines if line.get_label() != "asked"]
    effort = draw_effort(Figure().add_subplot(), freqs, *given, LIGHT, LIGHT.left)
    assert [list(line.get_ydata()) for line in effort.lines] == [list(values) for values in given]


def test_what_is_asked_of_the_ears_follows_the_mode():
    """Truth from outside: the given points of a target curve; a pair in front of the listener asks nothing; mirror images."""
    freqs = np.array([200.0, 1000.0, 4000.0])

    def asked(design, listener=""):
        text = changed(FREE, "distance_m = 2.0\n", f"distance_m = 2.0\n{listener}\n")
        return asked_separation_db(rig_from_text(text + design, "test"), freqs)

    curve = asked('[design.crosstalk]\nmode = "target"\ntarget_db = [[200, 1], [1000, 9], [4000, 18]]\n')
    assert np.allclose(curve, [[1, 9, 18]] * 2)
    assert asked('[design.crosstalk]\nmode = "null"\n') is None
    left, right = asked("[virtual_pair]\nangle_deg = 0.0\n")
    assert np.allclose([left, right], 0, atol=1e-9)
    left, right = asked("")
    assert np.allclose(left, right) and np.all(np.diff(left) > 0) and left[0] > 0
    turned_left, turned_right = asked("", "yaw_deg = 20.0")  # the pair stands about the nose
    assert np.allclose([turned_left, turned_right], [left, right])


def test_filters_are_named_scaled_and_on_time():
    taps = np.zeros((2, 100))
    taps[0, 40], taps[1, 50] = 2.0, -1.0
    axes = draw_impulses(Figure().add_subplot(), taps, 50000, 40, ("front", "side"), LIGHT)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["front", "side"]
    assert [label.get_color() for label in axes.get_yticklabels()] == [line.get_color() for line in axes.lines[1:]]
    peaks = [line.get_xdata()[np.abs(line.get_ydata() - line.get_ydata()[0]).argmax()] for line in axes.lines[1:]]
    assert np.allclose(peaks, [0.0, 0.2])  # ms after the latency
    heights = [np.abs(line.get_ydata() - line.get_ydata()[0]).max() for line in axes.lines[1:]]
    assert np.isclose(heights[0], 2 * heights[1])
    low, high = loud_span_ms(taps[:, None], 50000, 40)
    assert low < 0 and high > 0.2 and high - low < 1.0
    spectrum = np.array([[1.0, 0.1j]] * 5)
    magnitudes = draw_magnitudes(Figure().add_subplot(), np.geomspace(20, 20000, 5), spectrum, ("front", "side"), LIGHT)
    assert [line.get_ydata()[0] for line in magnitudes.lines] == pytest.approx([0.0, -20.0])


def test_thirty_two_drivers_look_different():
    names = [f"d{i}" for i in range(32)]
    axes = draw_magnitudes(Figure().add_subplot(), np.array([100.0, 1000.0]), np.ones((2, 32)), names, LIGHT)
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 32


# --------------------------------------------------------------------------------------------------------- style


def test_frequency_ticks_are_the_ones_of_the_field():
    axes = frequency_axis(Figure().add_subplot(), 20, 20000)
    assert [label.get_text() for label in axes.get_xticklabels()] == "20 50 100 200 500 1k 2k 5k 10k 20k".split()
    assert list(axes.get_xticks()) == [20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000]
    assert not axes.get_xticks(minor=True).size
    assert [decibels(x) for x in (-6.31, -0.04, 3.0)] == [f"{MINUS}6.3 dB", "0.0 dB", "3.0 dB"]
    assert [signed_degrees(a) for a in (-180, -90, 0, 45)] == ["180°", f"{MINUS}90°", "0°", "+45°"]


@pytest.mark.parametrize("make", [loudspeaker_bank, headphone_bank])
def test_every_kind_says_what_it_shows_and_how_it_was_made(make):
    bank, rig_file = make()
    study = study_of(bank, rig_file)
    for kind in [picture.kind for picture in pictures_of(rig_file, whole_chain=False)]:
        figure = bank_figure(kind, study, LIGHT, f"spatial plot bank.npz --kind {kind} -o x.png")
        assert rig_file.rig.name in figure.get_suptitle()
        caption = figure.get_supxlabel()
        assert f"--kind {kind}" in caption and ("smoothing" in caption or "averaged" in caption)
        data = figure_bytes(figure, LIGHT)
        width, height = figure.get_size_inches()
        assert matplotlib.image.imread(io.BytesIO(data)).shape[:2] == (round(height * DPI), round(width * DPI)), kind


def test_kinds_that_a_rig_cannot_have_are_refused_with_those_it_has():
    with pytest.raises(UsageError, match="on the head.*no picture 'beam'.*width, filters"):
        bank_figure("beam", study_of(*headphone_bank()))
    with pytest.raises(UsageError, match="no picture 'width'.*beam, panels, .*polar, .*cancellation, .*, filters"):
        bank_figure("width", study_of(*loudspeaker_bank()))
    with pytest.raises(UsageError, match="no picture 'pie'"):
        bank_figure("pie", study_of(*loudspeaker_bank()))


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_bank_gives_the_same_bytes_whatever_the_readers_settings(file_format):
    first = figure_bytes(bank_figure("filters", study_of(*headphone_bank())), LIGHT, file_format)
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.grid": False, "svg.hashsalt": None, "savefig.dpi": 40}):
        again = figure_bytes(bank_figure("filters", study_of(*headphone_bank())), LIGHT, file_format)
    assert first == again
    assert not any(sign in first for sign in (b"Date", b"matplotlib v", b"Matplotlib v"))


def test_svg_bytes_do_not_hang_on_the_hash_seed():
    program = (
        "import sys; from test_plots import *; figure = bank_figure('width', study_of(*headphone_bank())); "
        "sys.stdout.buffer.write(figure_bytes(figure, LIGHT, 'svg'))"
    )
    folder = os.path.dirname(__file__)
    first, again = (
        subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    )
    assert first == again and first.startswith(b"<?xml")


def test_dollars_in_a_name_are_dollars():
    with themed(LIGHT):
        figure = new_figure("The $5 box, $\\frac{", "costs $5 or $6", 4.0, 3.0)
    assert figure_bytes(figure, LIGHT)


@THEMES
def test_lines_and_words_stand_out_from_the_page(theme):
    """Truth from outside: the contrast ratio of WCAG 2; 3 for lines, 4.5 for words."""
    page = relative_luminance(matplotlib.colors.to_rgb(theme.page))

    def contrast(colour):
        other = relative_luminance(matplotlib.colors.to_rgb(colour))
        return (max(page, other) + 0.05) / (min(page, other) + 0.05)

    assert contrast(theme.ink) > 7 and contrast(theme.soft) > 4.5
    for colour in (theme.left, theme.right, theme.center, *theme.series):
        assert contrast(colour) > 3, colour


def relative_luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


# ------------------------------------------------------------------------------------- cues, elsewhere, methods, trade


def test_left_is_on_the_left_of_a_sweet_spot_and_the_rig_above():
    """A figure that is good only at the listener's left and far away has its light patch at the lower left of the page."""
    left_m, front_m = np.linspace(-0.24, 0.24, 13), np.linspace(-0.4, 0.4, 9)
    values = np.where((left_m > 0.1) & (front_m[:, None] > 0.1), 0.1, 20.0)
    with themed(LIGHT):
        figure = Figure(figsize=(4, 4))
        axes = draw_sweet_spot(figure.add_subplot(), left_m, front_m, values, (0.5, 1, 2, 5, 10), more_is_better=False)
    image = pixels(figure)

    def lightness(left_cm, front_cm):
        return relative_luminance(colour_at(image, axes, left_cm, front_cm))

    assert lightness(20, 30) > 0.8 and max(lightness(-20, 30), lightness(20, -30), lightness(-20, -30)) < 0.1
    place, opposite = (axes.transData.transform(at) for at in ((20, 30), (-20, -30)))
    assert place[0] < opposite[0] and place[1] < opposite[1]


def test_light_is_good_on_maps_of_separation_and_of_errors():
    steps = (1.0, 2.0, 4.0, 8.0)
    for more_is_better, order in ((False, -1), (True, 1)):
        colours, norm = map_colours(steps, more_is_better)
        light = [relative_luminance(colours(norm(value))[:3]) for value in (0.5, 1.5, 3.0, 6.0, 9.0)]
        assert np.all(order * np.diff(light) > 0)


def test_poses_stand_where_the_head_is_moved_to():
    moved = np.array([(front, left, yaw) for left in (-0.05, 0.0, 0.05) for front in (-0.1, 0.1) for yaw in (-6.0, 0.0, 6.0)])
    values = np.arange(18.0)
    axes = draw_poses(Figure().add_subplot(), moved, values, 3.0, "separation (dB)", 5.0, LIGHT)
    drawn = np.concatenate([np.column_stack(line.get_data()) for line in axes.lines[1:]])
    assert sorted(drawn[:, 1]) == list(values)
    by_value = drawn[np.argsort(drawn[:, 1]), 0]
    assert np.all(np.sign(by_value) == np.sign(moved[:, 1] + 1e-3 * moved[:, 0]))
    assert axes.get_xlim()[0] > axes.get_xlim()[1], "the listener's left is on the left"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5 cm left", "0", "5 cm right"]


def test_methods_trades_and_cues_are_drawn_as_they_are_given():
    freqs, caps = np.geomspace(100, 16000, 20), np.array([3.0, 6.0, 9.0])
    curves = [("this bank", np.zeros(20)), ("race", np.ones(20)), ("lcmv", 2 * np.ones(20))]
    axes = draw_methods(Figure().add_subplot(), freqs, curves, "effort (dB)", (100.0, 16000.0), LIGHT)
    assert [(line.get_label(), line.get_ydata()[0]) for line in axes.lines] == [("this bank", 0), ("race", 1), ("lcmv", 2)]
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 3
    assert axes.lines[0].get_linewidth() > 2 * axes.lines[1].get_linewidth()
    spread = draw_spread(Figure().add_subplot(), {"a": np.array([4.0, 9.0, 30.0]), "b": np.array([7.0, 8.0, 8.5])}, 2, "dB", LIGHT)
    assert [text.get_text() for text in spread.texts] == ["4.0", "7.0"]
    level = draw_trade(Figure().add_subplot(), caps, [("virtual pair", caps), ("null", caps - 1)], 6.0, "level (dB)", 3.0, LIGHT)
    assert [list(line.get_ydata()) for line in level.lines[:2]] == [[3, 6, 9], [2, 5, 8]] and level.lines[2].get_xdata()[0] == 6.0
    centres, sides = np.array([200.0, 1000.0, 4000.0]), (np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    for draw in (draw_ild, draw_itd):
        alike = draw(Figure().add_subplot(), centres, sides, (sides[0], sides[0]), LIGHT)
        assert [line.get_label() for line in alike.lines] == ["left input", "right input", "real pair"]
        apart = draw(Figure().add_subplot(), centres, sides, sides, LIGHT)
        assert [list(line.get_ydata()) for line in apart.lines] == [list(x) for x in (*sides, *sides)]


def test_one_computation_serves_both_themes(monkeypatch):
    """Numbers are found once for a picture; drawing it in another theme asks for nothing."""
    asked = []
    monkeypatch.setattr(method_pictures, "trade", lambda rig_file, own=method_pictures.trade: asked.append(1) or own(rig_file))
    study = study_of(*loudspeaker_bank())
    light, dark = (figure_bytes(bank_figure("trade", study, theme), theme) for theme in (LIGHT, DARK))
    assert len(asked) == 1 and light != dark


@pytest.mark.parametrize("mode", ["null", "target"])
def test_side_kinds_of_modes_without_a_pair_show_separation(mode):
    bank, rig_file = loudspeaker_bank(text=FREE + f'[design.crosstalk]\nmode = "{mode}"\n')
    for kind in ("sweetspot", "distance", "robustness", "baselines"):
        figure = bank_figure(kind, study_of(bank, rig_file))
        words = " ".join(axes.get_ylabel() + axes.get_xlabel() for axes in figure.axes)
        assert "separation" in words and "difference off" not in words, kind
