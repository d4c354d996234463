"""What a notebook may call: the package's names, and those that each room's head speaks of, are there, and cost nothing until used."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest

import spatial

ROOMS = ("base", "io", "rig", "acoustics", "exchange", "plots")
FACE = {
    "FilterMatrix", "RenderOptions", "make_convolver", "shipped_rigs", "load_rig", "compute_filters", "analyze_bank", "render_file",
    "SpatialError", "UsageError", "InputError", "Player", "__version__",
}  # fmt: skip
"""Other people's scripts rely on these."""


def loaded_by(code):
    """Modules of this package, NumPy and SciPy that a fresh Python has after the code."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    return {name for name in loaded if name.partition(".")[0] in ("spatial", "numpy", "scipy")}


def test_the_packages_names_are_all_there():
    assert set(spatial.__all__) == FACE <= set(dir(spatial))
    assert all(getattr(spatial, name) is not None for name in FACE)
    star: dict[str, object] = {}
    exec("from spatial import *", star)
    assert FACE <= set(star)
    with pytest.raises(AttributeError, match="no attribute 'compute_filter'"):
        spatial.compute_filter  # noqa: B018


def test_the_names_work_together_as_a_script_uses_them(tmp_path):
    """Nothing deeper than the package's own names: a convolver of one's own against NumPy's convolution."""
    taps = np.random.default_rng(0).standard_normal((2, 1, 50))
    x = np.random.default_rng(1).standard_normal(256).astype(np.float32)
    y = spatial.make_convolver(taps, 64, exact_blocks=True).process(x[None])
    truth = np.stack([np.convolve(x, row[0])[:256] for row in taps])
    assert np.abs(y - truth).max() < 1e-4
    assert "ball3" in spatial.shipped_rigs()
    with pytest.raises(spatial.InputError) as caught:
        spatial.FilterMatrix.load(tmp_path / "none.npz")
    assert isinstance(caught.value, spatial.SpatialError)
    with pytest.raises(spatial.UsageError):
        spatial.RenderOptions(block="many")


@pytest.mark.parametrize("room", ["", *(f".{room}" for room in ROOMS)])
def test_a_face_loads_nothing(room):
    wanted = {"spatial", f"spatial{room}"}
    assert loaded_by(f"import spatial{room}") == wanted


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_rooms_head_speaks_of_is_there(room):
    head = importlib.import_module(f"spatial.{room}").__doc__
    named = re.findall(r"``([a-z_]+(?:\.[a-zA-Z_]+)+)``", head)
    assert named, f"spatial/{room}/__init__.py names nothing that a notebook may call"
    for name in named:
        whole = name if name.startswith("spatial.") else f"spatial.{room}.{name}"
        parts = whole.split(".")
        try:
            importlib.import_module(whole)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(".".join(parts[:-1])), parts[-1]), f"{room}: {name}"
