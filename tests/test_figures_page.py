"""docs/figures.md is what the catalogue says, figure by figure."""

import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def figures_page(monkeypatch):
    """The script that makes the page."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    for name in ("figures_page", "page_tables"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import figures_page

    return figures_page


def test_the_page_is_the_catalogues(figures_page):
    assert figures_page.PAGE.read_text(encoding="utf-8") == figures_page.page(), "make it anew: python examples/figures_page.py"


def test_every_group_and_every_picture_is_on_it(figures_page):
    from spatial.catalogue.figures import GROUPS
    from spatial.catalogue.pictures import PICTURES

    text = figures_page.page()
    assert all(f"\n## {group.name}\n" in text for group in GROUPS)
    assert all(f"| `{picture.kind}` | {picture.title} |" in text for picture in PICTURES)
    assert text.count("`sides.effort_db` | dB | lower | drive power") == 1
