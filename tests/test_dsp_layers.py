"""Inside ``spatial/dsp`` imports run one way: contracts below, the C core and its twins side by side, the makers on top."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import spatial.dsp

ROOM = Path(spatial.dsp.__file__).parent
LAYERS = (("constants",), ("stages",), ("upmix", "chain", "loudness"), ("core", "twins"), ("backends",), ("make",))
"""A module imports from layers below its own; core and twins import themselves too, but not one another."""


def layer_of(part):
    return next((place for place, names in enumerate(LAYERS) if part in names), None)


def imported(module):
    """Names of the room's parts that a module imports anywhere in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("spatial."):
            yield node.module, node.lineno


@pytest.mark.parametrize("module", sorted(ROOM.rglob("*.py")), ids=lambda module: str(module.relative_to(ROOM)))
def test_imports_run_down(module):
    part = module.relative_to(ROOM).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    assert layer_of(part) is not None, f"{part}: a new part of the room needs a place in LAYERS"
    for name, line in imported(module):
        where = f"{module.relative_to(ROOM)}:{line}: {name}"
        if name.startswith("spatial.dsp."):
            other = name.split(".")[2]
            assert other == part or layer_of(other) < layer_of(part), where
        else:
            assert name.split(".")[1] in ("base", "bank"), where


def test_no_circle_inside_core_and_twins():
    for folder in ("core", "twins"):
        below = {
            path.stem: {
                name.split(".")[3]
                for name, _ in imported(path)
                if name.startswith(f"spatial.dsp.{folder}.") and not name.endswith("._core")
            }
            for path in (ROOM / folder).glob("*.py")
        }
        settled = set()
        while len(settled) < len(below):
            free = {name for name, needs in below.items() if name not in settled and needs <= settled}
            assert free, f"circle among {set(below) - settled}"
            settled |= free
