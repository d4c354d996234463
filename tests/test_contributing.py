"""CONTRIBUTING.md leads to places that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_that_is_named_exists():
    folders = "spatial|csrc|tests|benchmarks|docs|examples|rigs"
    named = re.findall(rf"`((?:{folders})(?:/[\w.]+)*/?)`", TEXT) + re.findall(r"\]\(([\w/.]+)\)", TEXT)
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_has_its_line():
    rooms = {f"spatial/{path.parent.name}" for path in ROOT.glob("spatial/*/__init__.py")}
    assert rooms <= set(re.findall(r"^\| `(spatial/\w+)` \|", TEXT, re.MULTILINE))
