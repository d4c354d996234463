"""The report page: one file that needs no other, with the figures of the design in it; and the commands that draw and report."""

import base64
import io
import json
import re
from dataclasses import astuple
from html.parser import HTMLParser
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from rig_texts import BALL, FREE, HEADPHONES, changed

from spatial.bank.matrix import FilterMatrix
from spatial.catalogue.design_table import design_table
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import pictures_of
from spatial.cli.main import main
from spatial.design.filter_bank import compute_filters
from spatial.plots.style import DARK, LIGHT
from spatial.report.page import report_page, typeset
from spatial.rig.load import rig_from_text

VOID = {"meta", "img", "source", "link", "br", "hr", "input"}
REFERRING = ("src", "srcset", "href", "data", "action", "background", "poster")
IMAGE = "data:image/png;base64,"
NAMESPACES = (' xmlns="http://www.w3.org/2000/svg"', ' xmlns:xlink="http://www.w3.org/1999/xlink"')  # names, nothing is fetched from there
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def headphones():
    rig_file = rig_from_text(HEADPHONES, "test")
    return compute_filters(rig_file), rig_file


@pytest.fixture(scope="module")
def pair():
    """Two drivers in free space: no ball, so that its ears are quick to compute. The name has what HTML must not take literally."""
    rig_file = rig_from_text(changed(FREE, '"two in free space"', "'<b>two & \"free\"</b>'"), "test")
    return compute_filters(rig_file), rig_file


@pytest.fixture(scope="module")
def page(pair):
    return report_page(study_of(*pair), "spatial report pair.npz -o report.html")


@pytest.fixture(scope="module")
def headphone_page(headphones):
    return report_page(study_of(*headphones), "spatial report head.npz -o report.html")


class Reader(HTMLParser):
    """Tags that are closed in order, what they refer to, and what a reader sees."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.references, self.text = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.references += [value for name, value in attributes if name.rpartition(":")[2] in REFERRING]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


def drawn(page):
    """The pictures of a page, text of an SVG element each."""
    return re.findall(r'<div class="picture" role="img" aria-label="[^"]+">(<svg.*?</svg>)</div>', page, re.DOTALL)


def declared(page):
    """Variables of the page's style sheet, in light and in dark: name -> colour."""
    light, dark = re.findall(r":root \{ ([^}]*) \}", page)
    return tuple(dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block)) for block in (light, dark))


def test_the_page_needs_nothing_from_outside(page):
    reader = Reader(page)
    assert not reader.open
    assert not {"script", "link", "iframe", "object", "embed", "img"} & set(reader.tags)
    assert any(reference.startswith(IMAGE) for reference in reader.references)
    assert all(reference.startswith(("#", IMAGE)) for reference in reader.references)
    without_pictures = re.sub(IMAGE + r"[A-Za-z0-9+/=\s]+", "", page)
    for namespace in NAMESPACES:
        without_pictures = without_pictures.replace(namespace, "")
    assert not re.search(r"https?:|//|url\((?!#)|@import", without_pictures)


def test_every_picture_is_there_once_on_a_ground_of_the_pages_colour_and_its_images_decode(page, pair):
    pictures = [ElementTree.fromstring(text) for text in drawn(page)]
    assert len(pictures) == 1 + len(pictures_of(pair[1], whole_chain=False))  # the plan, and every kind
    assert page.count("<svg") == len(pictures)
    images = 0
    for picture in pictures:
        left, top, width_pt, height_pt = map(float, picture.get("viewBox").split())
        assert (left, top) == (0, 0) and width_pt / 72 * 150 >= 900
        ground = next(picture.iter(f"{SVG}path"))
        corners = np.array(re.findall(r"[ML] (\S+) (\S+)", ground.get("d")), float)
        assert ground.get("style") == "fill: var(--page)" and np.allclose(np.ptp(corners, axis=0), (width_pt, height_pt))
        for image in picture.iter(f"{SVG}image"):
            data = next(value for name, value in image.attrib.items() if name.endswith("href"))
            pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(data.removeprefix(IMAGE))), "png")
            assert min(pixels.shape[:2]) > 5 and np.ptp(pixels) > 0
            images += 1
    assert images > 0


def test_pictures_take_the_colours_of_the_theme_from_the_page(page):
    light, dark = declared(page)
    assert light.keys() == dark.keys()
    for theme, found in ((LIGHT, light), (DARK, dark)):
        colours = {*astuple(theme)[:-1], *theme.series}
        assert set(found.values()) == colours
        for text in drawn(page):
            assert not colours & set(re.findall(r"#[0-9a-f]{6}", text.lower()))
    for one, other in zip((*astuple(LIGHT)[:-1], *LIGHT.series), (*astuple(DARK)[:-1], *DARK.series), strict=True):
        (name,) = [name for name, colour in light.items() if colour == one]
        assert dark[name] == other
    used = [set(re.findall(r"var\(--([a-z0-9-]+)\)", text)) for text in drawn(page)]
    assert all({"page", "ink"} <= names <= light.keys() for names in used)
    assert {"left", "right", "center"} <= set().union(*used)


def test_what_pictures_refer_to_is_the_same_wherever_it_is_defined(page):
    """All pictures share one page: of two definitions with one name a reader takes the first."""
    definitions, asked = {}, set()
    for text in drawn(page):
        picture = ElementTree.fromstring(text)
        for element in picture.iter():
            element.tail = None
            asked |= {value[1:] for name, value in element.attrib.items() if name.endswith("href") and value.startswith("#")}
            asked |= {name for value in element.attrib.values() for name in re.findall(r"url\(#([^)]+)\)", value)}
        for element in picture.iter():
            if "id" in element.attrib:
                definitions.setdefault(element.get("id"), set()).add(ElementTree.tostring(element))
    assert len(asked) > 100
    assert {name for name in asked if len(definitions[name]) > 1} == set()


def test_the_page_says_what_was_asked_and_reached_and_how_it_was_made(page, pair):
    bank, rig_file = pair
    words = Reader(page).words
    for row in design_table(study_of(bank, rig_file)):
        for cell in (row.figure, row.asked, row.reached, row.worst):
            assert typeset(cell) in words, row
    for expected in ("spatial report pair.npz -o report.html", rig_file.rig.name, "no band_hz", "antiphase", bank.content_hash()[:16]):
        assert expected in words
    assert "position_m = { left = 0.08 }" in words
    assert "<b>two" not in page


def test_the_same_bank_gives_the_same_page(headphones, headphone_page):
    assert report_page(study_of(*headphones), "spatial report head.npz -o report.html") == headphone_page


def test_a_page_about_headphones_has_the_width_pair(headphone_page):
    words = Reader(headphone_page).words
    assert "Width" in words and "Cancellation" not in words and "Beam" not in words


def test_a_bank_judged_on_another_rig_says_so(headphones, headphone_page):
    other = rig_from_text(HEADPHONES + "[virtual_pair]\nangle_deg = 45.0\n", "test")
    assert "Judged on another rig" in Reader(report_page(study_of(headphones[0], other), "x")).words
    assert "Judged on another rig" not in Reader(headphone_page).words


ROW = {"figure": "of <b>this</b> bank", "asked": ">= 3 dB", "reached": "4 dB", "worst": ""}


def test_the_page_shows_the_table_that_a_bank_brings_unless_it_is_judged_on_another_rig(headphones):
    """`spatial design` found it: a report says the same, and computes nothing of it again."""
    bank, rig_file = headphones
    stating = bank.replace(figures={"asked_and_reached": [ROW]})
    own, other = rig_file, rig_from_text(HEADPHONES + "[virtual_pair]\nangle_deg = 45.0\n", "test")
    stated, judged = (Reader(report_page(study_of(stating, rig), "x")).words for rig in (own, other))
    assert "of <b>this</b> bank ≥ 3 dB 4 dB" in stated and "width pair" not in stated
    assert "of <b>this</b> bank" not in judged and "width pair" in judged


@pytest.mark.parametrize("stated", [3, {"figure": "x"}, [{"figure": "x"}], [ROW | {"asked": 3}], [ROW | {"more": ""}], ["x"]])
def test_a_table_of_another_form_is_computed_anew(headphones, stated):
    bank, rig_file = headphones
    words = Reader(report_page(study_of(bank.replace(figures={"asked_and_reached": stated}), rig_file), "x")).words
    assert "width pair" in words


def test_signs_are_set_as_a_page_sets_them():
    assert typeset(">= -3.0 dB at +-45 deg, 2 us") == "≥ −3.0 dB at ±45°, 2 µs"
    assert typeset("-") == "–"
    assert typeset("low-pass, 250 Hz-4 kHz, us and deg") == "low-pass, 250 Hz-4 kHz, us and deg"


# ------------------------------------------------------------------------------------------------------- commands


@pytest.fixture
def bank_file(headphones, tmp_path):
    headphones[0].save(tmp_path / "bank.npz")
    return tmp_path / "bank.npz"


@pytest.mark.parametrize(("suffix", "signature"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot_writes_the_format_of_the_suffix_once(bank_file, suffix, signature, capsys):
    out = bank_file.with_name(f"width.{suffix}")
    command = ["plot", str(bank_file), "--kind", "width", "-o", str(out)]
    assert main(command) == 0
    first = out.read_bytes()
    assert first.startswith(signature)
    assert "width of on the head" in capsys.readouterr().out
    assert main(command) == 4
    assert "-f" in capsys.readouterr().err
    assert main([*command, "-f"]) == 0 and out.read_bytes() == first
    assert main([*command, "-f", "--dark"]) == 0 and out.read_bytes() != first


def test_report_writes_one_page_and_no_path_of_this_machine(bank_file):
    out = bank_file.with_name("report.html")
    assert main(["report", str(bank_file), "-o", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    assert "spatial report bank.npz -o report.html" in page and str(bank_file.parent) not in page


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["plot", "BANK", "--kind", "width", "-o", "x.gif"], 2, "x.gif: no picture format; the name ends in .png, .svg or .pdf"),
        (["plot", "BANK", "--kind", "beam", "-o", "x.png"], 2, "'on the head' has no picture 'beam'"),
        (["plot", "nowhere.npz", "--kind", "beam", "-o", "x.png"], 3, "nowhere.npz: no such file"),
        (["plot", "BANK", "--kind", "width", "-o", "no/x.png"], 4, "folder no does not exist"),
        (["plot", "BANK", "--kind", "cancellation", "--rig", "box2", "-o", "x.png"], 2, "the bank drives left ear, right ear; the rig"),
        (["report", "BANK", "-o", "x.txt"], 2, "the name ends in .html"),
        (["report", "BANK", "--rig", "nosuch", "-o", "x.html"], 2, "nosuch: no such file, and no shipped rig"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line_and_leaves_nothing(bank_file, monkeypatch, capsys, words, code, said):
    monkeypatch.chdir(bank_file.parent)
    assert main([str(bank_file) if word == "BANK" else word for word in words]) == code
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert [path.name for path in bank_file.parent.iterdir()] == ["bank.npz"]


def test_a_bank_without_its_rig_asks_for_one(tmp_path, capsys):
    bank = FilterMatrix(np.ones((2, 2, 4)), 48000, 0, ("left", "right"), ("left ear", "right ear"), (1, 2))
    bank.save(tmp_path / "bare.npz")
    assert main(["report", str(tmp_path / "bare.npz"), "-o", str(tmp_path / "x.html")]) == 2
    assert "carries no rig; give one with --rig" in capsys.readouterr().err


def test_design_writes_a_bank_with_its_figures_and_prints_asked_beside_reached(tmp_path, capsys):
    rig, out = tmp_path / "pair.toml", tmp_path / "pair.npz"
    rig.write_text(FREE)
    assert main(["design", str(rig), "-o", str(out), "--set", "design.upmix.method=off"]) == 0
    printed = capsys.readouterr()
    bank = FilterMatrix.load(out)
    assert bank.recipe.upmix == "off" and "method" in bank.rig_text
    assert printed.out.startswith("pair.npz  2 drivers x 3 inputs x")
    lines = printed.out.splitlines()
    asked, reached = lines[1].index("asked"), lines[1].index("reached")
    rows = bank.figures["asked_and_reached"]
    assert len(rows) == len(lines) - 2
    for line, row in zip(lines[2:], rows, strict=True):
        assert line[2:].startswith(row["figure"]) and line[asked:].startswith(row["asked"]) and line[reached:].startswith(row["reached"])
    assert "next: spatial render" in printed.err and "warning" in printed.err
    assert {"sides", "beam", "headroom"} <= bank.figures.keys()


def test_design_speaks_json_and_only_json_on_standard_output(tmp_path, capsys):
    rig, out = tmp_path / "head.toml", tmp_path / "head.npz"
    rig.write_text(HEADPHONES)
    assert main(["design", str(rig), "-o", str(out), "--fs", "44100", "--json", "--show"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fs"] == 44100 == FilterMatrix.load(out).fs
    assert said["figures"] == FilterMatrix.load(out).figures
    assert said["figures"]["width"]["ild_error_db"] < 0.5


def test_show_alone_prints_the_keys_in_force_and_designs_nothing(tmp_path, capsys):
    rig = tmp_path / "ball.toml"
    rig.write_text(BALL)
    assert main(["design", str(rig), "--show", "--set", "design.beam.preset=reference"]) == 0
    shown = capsys.readouterr().out
    assert '"reference"' in shown and "radius_m" in shown
    assert list(tmp_path.iterdir()) == [rig]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "-o BANK"),
        (["-o", "x.wav"], 2, "a bank's name ends in .npz"),
        (["-o", "there.npz"], 4, "there.npz: exists; -f overwrites it"),
        (["-o", "x.npz", "--fs", "100"], 2, "sample rate 100 Hz"),
        (["-o", "x.npz", "--set", "design.tone=loud"], 2, "design.tone"),
        (["-o", "no/x.npz"], 4, "folder no does not exist"),
    ],
)
def test_a_design_that_cannot_be_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys, words, code, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.npz").write_text("mine")
    assert main(["design", "headphones", *words]) == code
    assert said in capsys.readouterr().err
    assert (tmp_path / "there.npz").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
