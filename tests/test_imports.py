"""Imports run one way. The table is the architecture; a module that breaks it fails here, with its line."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import spatial

PACKAGE = Path(spatial.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    # what everybody may use
    "base": set(),
    "errors": {"base"},  # the name that scripts import
    "rig": {"base"},
    "bank": {"base"},
    "io": {"base"},
    "exchange": {"base", "bank", "io"},
    # design shore
    "acoustics": {"base", "rig", "exchange"},
    "targets": {"base", "rig", "acoustics"},
    "design": {"base", "rig", "acoustics", "targets", "bank"},
    # render shore
    "dsp": {"base", "bank"},
    "session": {"base", "bank", "dsp", "io"},
    # on top of the design shore
    "analysis": {"base", "rig", "acoustics", "targets", "bank"},
    "feasibility": {"base", "rig", "acoustics", "targets", "design", "analysis"},
    "plots": {"base"},
    "catalogue": {"base", "rig", "acoustics", "targets", "bank", "design", "analysis", "feasibility", "plots"},
    "report": {"base", "rig", "bank", "analysis", "catalogue", "plots"},
}
"""What a room may import besides itself. cli imports everything."""

ONLY_IN = {
    "matplotlib": ("plots",),
    "sounddevice": ("io.soundcard",),
    "soundfile": ("io",),
    "soxr": ("io.resample",),
    "h5py": ("exchange",),
    "numba": ("dsp.twins.numba_kernels",),
    "threadpoolctl": ("base.blas_threads",),
    "cffi": (),
    "spatial.dsp.core._core": ("dsp.core",),
}
"""The only modules or folders that import a library."""

NAMED_IN = {"matplotlib": ("plots", "catalogue", "report", "cli.common")}
"""Those that name its classes for type checkers as well."""

HEAVY = ("numba", "scipy.signal", "sounddevice", "matplotlib")
"""Imported inside the functions that use them; numba_kernels, which is Numba code, is itself imported so."""


def name_of(module):
    """dsp.backends for spatial/dsp/backends.py; dsp for spatial/dsp/__init__.py."""
    return ".".join(part for part in module.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


def imports(module, for_types=False):
    """(imported name, line, whether it runs when the module is imported) of every import that runs; for_types: of all others instead."""
    tree = ast.parse(module.read_text())
    lazy = {
        node for function in ast.walk(tree) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(function)
    }
    checked = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if (node in checked) != for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, node not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node.lineno, node not in lazy) for alias in node.names)


def modules_imported():
    """Module -> the package's modules that it imports, wherever in it the import stands, for types or not."""
    paths = {f"spatial.{name_of(module)}".rstrip("."): module for module in MODULES}
    found = {}
    for name, module in paths.items():
        targets = {imported for for_types in (False, True) for imported, _, _ in imports(module, for_types)}
        # "from a import b" may name a module or something in one
        found[name] = {next((t for t in (target, target.rpartition(".")[0]) if t in paths), None) for target in targets}
        found[name] -= {None, name, "spatial"}
    return found


def circles_in(graph):
    """Groups of nodes each of which leads to all others of its group, names in order."""

    def reached(start):
        seen, new = set(), {start}
        while new:
            new = {node for start in new for node in graph[start]} - seen
            seen |= new
        return seen

    everywhere = {node: reached(node) for node in graph}
    return {tuple(sorted(other for other in there if node in everywhere[other])) for node, there in everywhere.items() if node in there}


def within(name, parents):
    """Whether a dotted name is one of the parents or lies in one."""
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


def test_rooms_import_one_way():
    wrong = []
    for module in MODULES:
        room = name_of(module).partition(".")[0]
        if room in ("", "__main__", "cli"):
            continue
        assert room in MAY_IMPORT, f"{module.relative_to(PACKAGE)}: a new room needs a row in MAY_IMPORT"
        allowed = {f"spatial.{other}" for other in MAY_IMPORT[room] | {room}}
        for name, line, _ in [*imports(module), *imports(module, for_types=True)]:
            if name.startswith("spatial.") and name != "spatial.__version__" and not within(name, allowed):
                wrong.append(f"{module.relative_to(PACKAGE)}:{line}: {room} must not import {name}")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_circle():
    assert set().union(*MAY_IMPORT.values()) <= MAY_IMPORT.keys()
    assert circles_in(MAY_IMPORT) == set()


def test_every_room_has_its_row_and_every_entry_its_import():
    """What the table allows and nobody does is a door that nobody watches."""
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} | {"errors"}
    assert rooms - {"cli"} == MAY_IMPORT.keys()
    used = {room: set() for room in rooms}
    for name, imported in modules_imported().items():
        if "." in name and name.split(".")[1] in rooms:
            used[name.split(".")[1]] |= {other.split(".")[1] for other in imported}
    assert {(room, other) for room, needs in MAY_IMPORT.items() for other in needs - used[room]} == set()


def test_modules_import_one_way_inside_their_rooms_too():
    """Imports inside functions and for types count: what needs them cannot be understood or moved alone."""
    assert circles_in(modules_imported()) == set()


def test_a_circle_is_found():
    """The control."""
    assert circles_in({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"e"}}) == {("a", "b", "c"), ("e",)}


def test_libraries_stay_where_they_belong():
    wrong = [
        f"{module.relative_to(PACKAGE)}:{line}: {library} belongs to {', '.join(homes) or 'nobody'}"
        for module in MODULES
        for name, line, _ in imports(module)
        for library, homes in ONLY_IN.items()
        if within(name, [library]) and not within(name_of(module), homes)
    ]
    wrong += [
        f"{module.relative_to(PACKAGE)}:{line}: {library} is named in {', '.join(homes)} alone"
        for module in MODULES
        for name, line, _ in imports(module, for_types=True)
        for library, homes in (ONLY_IN | NAMED_IN).items()
        if within(name, [library]) and not within(name_of(module), homes)
    ]
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_are_imported_where_they_are_used():
    wrong = [
        f"{module.relative_to(PACKAGE)}:{line}: import {name} inside the function that uses it"
        for module in MODULES
        for name, line, at_import in imports(module)
        if at_import and within(name, HEAVY) and name_of(module) != "dsp.twins.numba_kernels"
    ]
    assert not wrong, "\n".join(wrong)


def test_the_render_shore_needs_no_scipy():
    loaded = modules_loaded_by("import spatial.dsp.backends, spatial.dsp.chain, spatial.bank.matrix")
    assert "spatial.dsp.chain" in loaded
    others = MAY_IMPORT.keys() - {"base", "bank", "io", "dsp", "session"}
    assert not [name for name in loaded if within(name, ["scipy", *(f"spatial.{room}" for room in others)])]


def modules_loaded_by(code):
    """sys.modules of a fresh Python that ran the code."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    return json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("code", ["import spatial", "from spatial.cli.main import build_parser; build_parser()"])
def test_neither_the_package_nor_help_loads_anything_heavy(code):
    assert not [name for name in modules_loaded_by(code) if within(name, HEAVY)]


def test_no_public_name_hides_a_sub_package():
    stages = {path.name if path.is_dir() else path.stem for path in PACKAGE.iterdir()}
    assert not set(spatial.__all__) & stages
    for name in spatial.__all__:
        assert getattr(spatial, name) is not None
