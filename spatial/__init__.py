"""spatial: make a loudspeaker box sound wider than it is.

::

    DESIGN SHORE  (float64, SciPy, offline, may raise)           RENDER SHORE  (float32, C, real time, never blocks)

    rigs/*.toml -> rig -> acoustics -> targets -> design ---> bank ---> dsp ---> session ---> io: sound file, sound card
                              |           |          |       (one file)  |
                              +-----------+----------|----+     |      csrc/ (C core through cffi)
                                                     |    v     v
                                                     |  analysis: one Study        exchange: SOFA heads, WAV sets
                                                     v    |
                                              feasibility |    plots
                                                     |    v    |
                                                     +-> catalogue: figures, pictures ---> report

    cli on top of everything, base under everything

Front is towards the listener, left is the listener's left, up is up; metres, degrees; left is positive.

From a script or notebook: ``load_rig`` (``shipped_rigs`` names those at hand), ``compute_filters``, ``FilterMatrix.load`` and ``save``,
``analyze_bank``, ``render_file`` with ``RenderOptions``, ``make_convolver`` for a loop of your own, ``Player`` for a sound card. What is
wrong is a ``SpatialError``: a ``UsageError`` in what was asked, an ``InputError`` in a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.base.errors import InputError, SpatialError, UsageError
    from spatial.catalogue.figures import analyze_bank
    from spatial.design.filter_bank import compute_filters
    from spatial.dsp.make import make_convolver
    from spatial.rig.layouts import shipped_rigs
    from spatial.rig.load import load_rig
    from spatial.session.live import Player
    from spatial.session.offline import render_file
    from spatial.session.options import RenderOptions

# Public names are fetched where they are first used: `import spatial` loads no SciPy, Numba, sound device or plotting library.
_WHERE = {
    "shipped_rigs": "spatial.rig.layouts",
    "load_rig": "spatial.rig.load",
    "compute_filters": "spatial.design.filter_bank",
    "FilterMatrix": "spatial.bank.matrix",
    "analyze_bank": "spatial.catalogue.figures",
    "RenderOptions": "spatial.session.options",
    "render_file": "spatial.session.offline",
    "make_convolver": "spatial.dsp.make",
    "Player": "spatial.session.live",
    "SpatialError": "spatial.base.errors",
    "UsageError": "spatial.base.errors",
    "InputError": "spatial.base.errors",
}

__all__ = [
    "FilterMatrix", "InputError", "Player", "RenderOptions", "SpatialError", "UsageError", "__version__", "analyze_bank", "compute_filters",
    "load_rig", "make_convolver", "render_file", "shipped_rigs",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'spatial' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
