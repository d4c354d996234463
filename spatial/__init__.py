"""spatial: make a loudspeaker box sound wider than it is.

::

    DESIGN SHORE  (float64, SciPy, offline, may raise)      RENDER SHORE  (float32, C, real time, never blocks)

    rigs/*.toml -> rig -> acoustics -> design ---> FilterMatrix ---> render ---> io: WAV file, sound card, array
                             |            |          (one file)        |
                             +-----+------+               |          csrc/ (C core through cffi)
                                   v                      v
                               analysis  <----------------+---------> export (WAV)
                                   |
                                 plots, report                     cli on top of everything

Front is towards the listener, left is the listener's left, up is up; metres, degrees; left is positive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.catalogue.figures import analyze_bank
    from spatial.design.filter_bank import compute_filters
    from spatial.rig.load import load_rig
    from spatial.session.live import Player
    from spatial.session.offline import render_file

# Public names are fetched where they are first used: `import spatial` loads no SciPy, Numba, sound device or plotting library.
_WHERE = {
    "load_rig": "spatial.rig.load",
    "compute_filters": "spatial.design.filter_bank",
    "FilterMatrix": "spatial.bank.matrix",
    "render_file": "spatial.session.offline",
    "Player": "spatial.session.live",
    "analyze_bank": "spatial.catalogue.figures",
}

__all__ = ["FilterMatrix", "Player", "__version__", "analyze_bank", "compute_filters", "load_rig", "render_file"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'spatial' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
