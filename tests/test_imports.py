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

BASE = {"errors", "units", "checks"}
MAY_IMPORT = {
    "errors": set(),
    "units": set(),
    "small_products": set(),
    "fir_response": set(),
    "checks": {"errors", "units"},
    "filters": BASE | {"fir_response", "io"},
    "headroom": BASE | {"filters"},
    # design shore
    "rig": BASE,
    "acoustics": BASE | {"rig", "small_products", "fir_response"},
    "design": BASE | {"rig", "acoustics", "filters", "headroom", "small_products", "fir_response"},
    # render shore
    "io": BASE,
    "render": BASE | {"filters", "io"},
    # on top of both
    "analysis": BASE | {"rig", "acoustics", "design", "filters", "headroom", "fir_response"},
    "plots": BASE,
    "report": BASE | {"analysis", "plots", "filters", "headroom", "rig", "acoustics"},
    "demo_scene": set(),
    "export": BASE | {"filters", "io"},
}
"""What a stage may import besides itself. cli imports everything."""

ONLY_IN = {
    "matplotlib": ("plots", "report"),
    "sounddevice": ("io.soundcard",),
    "soundfile": ("io",),
    "soxr": ("io",),
    "h5py": ("acoustics.sofa", "acoustics.hdf5"),
    "numba": ("render.engines.numba_kernels",),
    "cffi": (),
    "spatial.dsp.core._core": ("render",),
}
"""The only modules or folders that import a library."""

HEAVY = ("numba", "scipy.signal", "sounddevice", "matplotlib")
"""Imported inside the functions that use them; numba_kernels, which is Numba code, is itself imported so."""


def name_of(module):
    """render.backends for spatial/dsp/backends.py; render for spatial/render/__init__.py."""
    return ".".join(part for part in module.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


def imports(module):
    """(imported name, line, whether it runs when the module is imported) of every import that runs."""
    tree = ast.parse(module.read_text())
    lazy = {
        node for function in ast.walk(tree) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(function)
    }
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, node not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node.lineno, node not in lazy) for alias in node.names)


def within(name, parents):
    """Whether a dotted name is one of the parents or lies in one."""
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


def test_stages_import_one_way():
    wrong = []
    for module in MODULES:
        stage = name_of(module).partition(".")[0]
        if stage in ("", "__main__", "cli"):
            continue
        assert stage in MAY_IMPORT, f"{module.relative_to(PACKAGE)}: a new stage needs a row in MAY_IMPORT"
        allowed = {f"spatial.{other}" for other in MAY_IMPORT[stage] | {stage}}
        for name, line, _ in imports(module):
            if name.startswith("spatial.") and name != "spatial.__version__" and not within(name, allowed):
                wrong.append(f"{module.relative_to(PACKAGE)}:{line}: {stage} must not import {name}")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_circle():
    settled = set()
    while len(settled) < len(MAY_IMPORT):
        free = {stage for stage, needs in MAY_IMPORT.items() if stage not in settled and needs <= settled | {stage}}
        assert free, f"circle among {set(MAY_IMPORT) - settled}"
        settled |= free


def test_libraries_stay_where_they_belong():
    wrong = [
        f"{module.relative_to(PACKAGE)}:{line}: {library} belongs to {', '.join(homes) or 'nobody'}"
        for module in MODULES
        for name, line, _ in imports(module)
        for library, homes in ONLY_IN.items()
        if within(name, [library]) and not within(name_of(module), homes)
    ]
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_are_imported_where_they_are_used():
    wrong = [
        f"{module.relative_to(PACKAGE)}:{line}: import {name} inside the function that uses it"
        for module in MODULES
        for name, line, at_import in imports(module)
        if at_import and within(name, HEAVY) and name_of(module) != "render.engines.numba_kernels"
    ]
    assert not wrong, "\n".join(wrong)


def test_the_render_shore_needs_no_scipy():
    loaded = modules_loaded_by("import spatial.dsp.backends, spatial.bank.matrix")
    assert not [name for name in loaded if within(name, ["scipy", "spatial.rig", "spatial.design", "spatial.acoustics"])]


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
