"""Pictures of the beam: the data that is drawn, sides that are named, and nothing mirrored."""

import matplotlib
import numpy as np
import pytest
from make_rigs import ball_rig, free_rig
from test_beam import BALL3, centre_bank

from spatial.analysis.beam_bands import BandPlant, beam_bands
from spatial.analysis.weights import effective_weights
from spatial.base.units import third_octave_centres
from spatial.catalogue.beam_pictures import axis_words, where_words
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.plots.balloon import draw_balloon
from spatial.plots.directivity import draw_side_rejection, draw_spinorama
from spatial.plots.style import LIGHT, THEMES, figure_bytes, new_figure, themed
from spatial.rig.geometry import direction

KINDS = ("panels", "directivity", "balloon", "spinorama")


@pytest.fixture(scope="module")
def ball():
    rig_file = ball_rig(BALL3)
    return rig_file, centre_bank(rig_file)


def axes_of(figure):
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", THEMES)
def test_pictures_are_the_same_bytes_for_the_same_bank(kind, theme, ball):
    rig_file, bank = ball
    figures = [bank_figure(kind, study_of(bank, rig_file), THEMES[theme], "command") for _ in range(2)]
    one, other = (figure_bytes(figure, THEMES[theme], dpi=40) for figure in figures)
    assert one == other
    assert one.startswith(b"\x89PNG")


def test_three_panels_are_named_and_share_their_scale(ball):
    rig_file, bank = ball
    figure = bank_figure("panels", study_of(bank, rig_file))
    shown = axes_of(figure)
    assert [axes.get_title(loc="left") for axes in shown] == ["all drivers equal", "best static matrix", "beamformer"]
    assert all(axes.get_xlim() == (150, 8000) and axes.get_ylim() == (-180, 180) for axes in shown)
    words = [label.get_text() for label in shown[0].get_yticklabels()]
    assert any("listener's left" in word and "+90" in word for word in words)


def test_side_rejection_is_shaded_down_to_p10(ball):
    rig_file, bank = ball
    bands = third_octave_centres(250, 4000)
    found = beam_bands(BandPlant.of(rig_file, bands), lambda f: effective_weights(bank, rig_file.rig, f, "center"))
    with themed(LIGHT):
        figure = new_figure("", "")
        axes = draw_side_rejection(figure.add_subplot(), bands, found.side_db, found.side90_db, found.p10_db, {}, LIGHT)
    (shade,) = axes.collections
    corners = shade.get_paths()[0].vertices
    for hz, low, high in zip(bands, found.p10_db, found.side_db, strict=True):
        heights = corners[np.isclose(corners[:, 0], hz), 1]
        assert np.isclose(heights.min(), min(low, high)) and np.isclose(heights.max(), max(low, high))
    assert np.array_equal(axes.lines[0].get_ydata(), found.side_db)


def test_a_balloon_leans_where_the_level_is():
    """Loud to the listener's left and towards the listener: on the page that is left, and nearer."""
    azimuth, elevation = np.arange(-180.0, 181.0, 10.0), np.arange(-90.0, 91.0, 10.0)
    directions = direction(azimuth, elevation[:, None])
    for towards, axis, sign in ((direction(90.0), 0, -1), (direction(0.0), 1, -1), (np.array([0.0, 0.0, 1.0]), 2, 1)):
        drawn = Recorder()
        draw_balloon(drawn, directions, 12 * (directions @ towards - 1), LIGHT)
        centre = np.array([(part.max() + part.min()) / 2 for part in drawn.surface])
        assert np.sign(centre[axis]) == sign
        assert np.abs(np.delete(centre, axis)).max() < 0.1 * np.abs(centre[axis])


class Recorder:
    """Axes that keep the surface and take everything else."""

    def plot_surface(self, x, y, z, **_):
        self.surface = (x, y, z)

    def __getattr__(self, name):
        return lambda *args, **keys: None


def test_spinorama_of_an_omni_is_one_line_and_no_index():
    rig_file = free_rig([0.0], design='[design.beam]\npreset = "reference"\n')
    figure = bank_figure("spinorama", study_of(centre_bank(rig_file), rig_file))
    lines = {line.get_label(): line.get_ydata() for line in axes_of(figure)[0].lines}
    assert np.allclose(lines["sound power"], lines["on axis"], atol=0.05)
    assert np.ptp(lines["sound power index"]) < 0.05
    assert matplotlib.colors.same_color(axes_of(figure)[0].lines[0].get_color(), LIGHT.series[0])


def test_tone_is_drawn_as_it_is_printed():
    from spatial.analysis.tone_match import tone_match
    from spatial.design.filter_bank import compute_filters
    from spatial.rig.load import load_rig

    rig_file = load_rig("box2")
    bank = compute_filters(rig_file)
    found = tone_match(study_of(bank, rig_file))
    axes = axes_of(bank_figure("tone", study_of(bank, rig_file)))[0]
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    for name in ("left", "right", "center"):
        assert np.allclose(drawn[name], getattr(found, f"{name}_db"))
    assert np.allclose([bar.get_height() for bar in axes.patches], found.sides_minus_centre_db)
    assert found.largest_db <= 1.0  # PHYSICS section 1


def test_captions_say_where_a_beam_was_looked_at_and_what_its_axis_is():
    """Bodies far away, rows on the listener's circle; 0 degrees is the listener, or the rig's front where the file says so."""
    row = free_rig([0.1, 0.0, -0.1], listener="left_m = 0.5")
    front = free_rig([0.1, 0.0, -0.1], listener="left_m = 0.5", design='[design.beam]\naxis = "front"\n')
    assert where_words(ball_rig(BALL3)) == "Far field, horizontal plane; 0° is towards the listener."
    assert where_words(row) == "On the circle around the rig that runs through the listener's head; 0° is towards the listener."
    assert where_words(front).endswith("0° is the rig's front.")
    assert "towards the listener" in axis_words(row)


def test_spinorama_draws_what_it_is_given():
    f = np.geomspace(100, 10000, 5)
    with themed(LIGHT):
        axes = draw_spinorama(new_figure("", "").add_subplot(), f, {"a": f * 0 + 1.0}, {"b": f * 0 + 3.0}, LIGHT)
    assert np.allclose(axes.lines[0].get_ydata(), 1.0)
    assert np.allclose(axes.lines[1].get_ydata(), -32.0)
