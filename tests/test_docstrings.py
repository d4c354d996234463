"""What a caller must know stands in the docstring: parameters with shapes and units, and what is raised. Read from the source."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import spatial

PACKAGE = Path(spatial.__file__).parent
ROOMS = (
    "base", "bank", "dsp", "session", "cli", "io", "rig", "acoustics", "exchange", "plots", "targets", "design", "feasibility", "analysis",
    "catalogue", "report",
)  # fmt: skip
"""Rooms that keep to it; the others follow."""
ARRAYS = {"ArrayLike", "NDArray", *re.findall(r"^(\w+) = ", (PACKAGE / "base" / "arrays.py").read_text(), re.MULTILINE)}
ELSEWHERE = re.compile(r"As ``(\w+\.\w+)``")
"""A method that does what a contract's method says: its docstring begins so, and the sections stand there."""


def public_functions(module):
    """(name, function, class or None) of what others may call; argparse alone calls what a command runs."""
    tree = ast.parse(module.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("_", "add_", "run_") if "cli" in module.parts else "_"):
            yield node.name, node, None
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and (not member.name.startswith("_") or member.name == "__init__"):
                    yield f"{node.name}.{member.name}", member, node


def parameters(function):
    """Parameters that a caller gives."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [each for each in every if each.arg not in ("self", "cls")]


def takes_an_array(parameter):
    """Whether the annotation names an array."""
    return any(isinstance(node, ast.Name) and node.id in ARRAYS for node in ast.walk(parameter.annotation))


def raises(function):
    """Whether the function itself says ``raise Something``, outside functions that it defines."""
    inner = {node for each in ast.walk(function) if each is not function and isinstance(each, ast.FunctionDef) for node in ast.walk(each)}
    return any(isinstance(node, ast.Raise) and node.exc is not None and node not in inner for node in ast.walk(function))


@cache
def names():
    """Of all public functions and methods of the package."""
    return {name for module in PACKAGE.rglob("*.py") for name, *_ in public_functions(module)}


def missing(module):
    """Sections that a module's docstrings lack."""
    for name, function, owner in public_functions(module):
        said = ast.get_docstring(function) or ""
        if function.name == "__init__" and owner is not None:
            said += ast.get_docstring(owner) or ""
        if (elsewhere := ELSEWHERE.match(said)) and elsewhere[1] in names() and elsewhere[1] != name:
            continue
        given = parameters(function)
        if (len(given) > 1 or any(map(takes_an_array, given))) and "Parameters\n---" not in said:
            yield f"{module.relative_to(PACKAGE)}: {name}: Parameters"
        if raises(function) and "Raises\n---" not in said:
            yield f"{module.relative_to(PACKAGE)}: {name}: Raises"


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_say_what_goes_in_and_what_is_raised(room):
    lacking = [line for module in sorted((PACKAGE / room).rglob("*.py")) for line in missing(module)]
    assert not lacking, "\n".join(lacking)


def test_the_check_finds_what_is_missing(tmp_path):
    """The check itself: a function of two parameters, one of an array, one that raises."""
    module = PACKAGE / "base" / "example.py"
    text = 'def a(x: int, y: int):\n    "Sum."\ndef b(x: Levels):\n    "Mean."\ndef c(x: int):\n    "No."\n    raise ValueError\n'
    found = [line.partition(": ")[2] for line in missing(FakeModule(module, text))]
    assert found == ["a: Parameters", "b: Parameters", "c: Raises"]


class FakeModule:
    """A path with a text of its own."""

    def __init__(self, path, text):
        self.path, self.text = path, text

    @property
    def parts(self):
        return self.path.parts

    def read_text(self):
        return self.text

    def relative_to(self, folder):
        return self.path.relative_to(folder)
