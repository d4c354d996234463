"""Pictures of the chain and the numbers behind them. Truth: tones whose levels and places are known, the chain's own stated delays."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from sounds import FS, in_pieces, noise

from spatial.analysis.chain_latency import chain_latency
from spatial.analysis.upmix_activity import UpmixActivity
from spatial.base.errors import UsageError
from spatial.catalogue import chain_pictures, pictures
from spatial.catalogue.chain_pictures import activity_figure
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.cli.banks import study_with_chain
from spatial.cli.main import main
from spatial.design.filter_bank import compute_filters
from spatial.plots.style import DARK, LIGHT, figure_bytes
from spatial.report.page import report_page
from spatial.rig.load import load_rig


@pytest.fixture(scope="module")
def box():
    rig_file = load_rig("box2")
    return compute_filters(rig_file), rig_file


def tone(hz, level_db, frames):
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(frames) / FS)


# ---------------------------------------------------------------------------------------------------------- activity


def test_levels_are_those_of_the_tones_in_their_bands():
    found = UpmixActivity(FS)
    frames = 4 * FS
    found.add(np.stack([tone(1000, -12, frames), tone(250, -6, frames), tone(4000, -30, frames)]).astype(np.float32))
    for path, (hz, level) in enumerate(((1000, -12), (250, -6), (4000, -30))):
        band = int(np.argmin(np.abs(np.log(found.bands_hz / hz))))
        assert np.allclose(found.level_db[path][:, band], level, atol=0.1)
        assert found.level_db[path][:, np.abs(np.arange(len(found.bands_hz)) - band) > 1].max() < level - 60
    assert np.allclose(np.diff(found.times_s), 4096 / FS) and len(found.times_s) == found.level_db.shape[1]


def test_correlation_of_what_is_known():
    """R' is silent and C unrelated to L'. The static centre is L'/2 + C and L - R is L': correlation 0.5/sqrt(0.25 + 1)."""
    left, right, centre = noise(8 * FS, 3, -20.0, seed=1).T
    found = UpmixActivity(FS)
    found.add(np.stack([left, np.zeros_like(right), centre]))
    assert np.nanmax(found.correlation[0][10:]) < 0.06
    assert np.allclose(found.correlation[1][10:], 0.5 / np.sqrt(1.25), atol=0.06)
    silent = UpmixActivity(FS)
    silent.add(np.zeros((3, FS), np.float32))
    assert np.isnan(silent.correlation).all()


def test_activity_does_not_depend_on_the_size_of_calls():
    x = noise(3 * FS, 3).T
    figures = []
    for sizes in ([100000], [777, 4096]):
        found = UpmixActivity(FS)
        in_pieces(lambda piece: (found.add(piece), piece)[1], x, sizes)  # noqa: B023
        figures.append((found.level_db, found.correlation))
    assert np.array_equal(figures[0][0], figures[1][0]) and np.allclose(figures[0][1], figures[1][1])


@pytest.mark.parametrize("seconds", [0.0, 0.1, 4.0])
def test_the_picture_of_any_length(seconds):
    found = UpmixActivity(FS)
    found.add(noise(int(seconds * FS), 3).T)
    figure = activity_figure(found, "song.wav", "directional, 21 ms", LIGHT)
    assert isinstance(figure, Figure) and len(figure_bytes(figure, LIGHT, dpi=40)) > 1000


# ------------------------------------------------------------------------------------------------- the whole chain


def test_latencies_add_up_to_one_arrival(box):
    bank, rig_file = box
    found = chain_latency(study_of(bank, rig_file), 1024, 240)
    arrivals = [path.arrival_s * bank.fs for path in found.values()]
    assert max(arrivals) - min(arrivals) < 0.1
    for path in found.values():
        assert path.upmix_s == 1024 / bank.fs and path.limiter_s == 240 / bank.fs
        assert path.air_s == pytest.approx(2.0 / rig_file.scene.medium.c, rel=0.01)
        assert path.filters_s * bank.fs == pytest.approx(bank.latency_samples, abs=20)


@pytest.mark.parametrize("kind", [picture.kind for picture in chain_pictures.PICTURES])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_pictures_of_the_chain_are_drawn_the_same_twice(box, kind, theme):
    figures = [bank_figure(kind, study_with_chain(*box), theme, "spatial plot box2.npz") for _ in range(2)]
    first, again = (figure_bytes(figure, theme, dpi=40) for figure in figures)
    assert first == again and len(first) > 3000


def test_headphones_have_no_such_picture():
    rig_file = load_rig("headphones")
    with pytest.raises(UsageError, match="no picture 'latency': headphones radiate nothing.*; it has width, filters"):
        bank_figure("latency", study_with_chain(compute_filters(rig_file), rig_file))


@pytest.mark.parametrize("kind", [picture.kind for picture in chain_pictures.PICTURES])
def test_a_study_without_the_chain_has_no_such_picture(box, kind):
    with pytest.raises(UsageError, match="needs its upmix and its limiter"):
        bank_figure(kind, study_of(*box))


def test_the_page_takes_them_where_the_chain_is_there(box, monkeypatch):
    """Of a catalogue that holds nothing else, so that the page is quick."""
    monkeypatch.setattr(pictures, "PICTURES", list(chain_pictures.PICTURES))
    whole, filters_alone = (report_page(of(*box), "spatial report") for of in (study_with_chain, study_of))
    for title in ("<h2>Arrival</h2>", "<h2>Panned across</h2>"):
        assert title in whole and title not in filters_alone


def test_the_commands(box, tmp_path, capsys):
    import soundfile

    bank, _ = box
    bank.save(tmp_path / "box2.npz")
    soundfile.write(tmp_path / "in.wav", noise(FS, 2), FS, subtype="FLOAT")
    assert main(["plot", str(tmp_path / "box2.npz"), "--kind", "latency", "-o", str(tmp_path / "latency.svg")]) == 0
    assert (tmp_path / "latency.svg").read_text().startswith("<?xml")
    upmix = ["upmix", str(tmp_path / "in.wav"), str(tmp_path / "out.wav"), "--plot", str(tmp_path / "activity.png")]
    assert main(upmix) == 0
    assert (tmp_path / "activity.png").read_bytes().startswith(b"\x89PNG")
    assert main([*upmix, "-f"]) == 0
    drawn = (tmp_path / "activity.png").read_bytes()
    with open(tmp_path / "in.wav", "rb") as stream:  # from standard input as well
        command = [sys.executable, "-m", "spatial", "upmix", "-", str(tmp_path / "piped.wav"), "--plot", str(tmp_path / "piped.png")]
        assert subprocess.run(command, stdin=stream, capture_output=True).returncode == 0
    assert (tmp_path / "piped.png").stat().st_size > 0.5 * len(drawn)
    assert main([*upmix[:2], str(tmp_path / "other.wav"), *upmix[3:]]) == 4  # the picture is there
    assert not (tmp_path / "other.wav").exists()
    assert main([*upmix[:2], str(tmp_path / "other.wav"), "--plot", str(tmp_path / "x.gif")]) == 2
    capsys.readouterr()
