"""Which engine runs: the C core where it is built, else Numba, else NumPy; SPATIAL_ENGINE forces one."""

from __future__ import annotations

import os
from importlib.util import find_spec

from spatial.base.errors import DeviceError, UsageError

ENGINES = ("c", "numba", "numpy")
"""In order of preference."""

CORE_MISSING = (
    "the C core is not built; with a C compiler and the Python headers (Debian: apt-get install gcc libc6-dev python3-dev) "
    "install spatial again"
)


def engine_name() -> str:
    """The engine in force: that of SPATIAL_ENGINE, else the first of "c", "numba", "numpy" that is there.

    Raises
    ------
    UsageError
        SPATIAL_ENGINE names none of them.
    DeviceError
        SPATIAL_ENGINE names one that is not there.
    """
    forced = os.environ.get("SPATIAL_ENGINE")
    if forced:
        return checked_engine(forced, "SPATIAL_ENGINE")
    return next(engine for engine in ENGINES if engine_available(engine))


def engine_available(engine: str) -> bool:
    """Whether an engine can be used here."""
    return find_spec({"c": "spatial.dsp.core._core"}.get(engine, engine)) is not None


def instruction_set() -> str | None:
    """What the C core computes with ("AVX-512", "AVX2", "SSE2", "NEON"); None for the other engines."""
    if engine_name() != "c":
        return None
    from spatial.dsp.core.calls import instruction_set_name

    return instruction_set_name()


def describe_engine() -> str:
    """Engine and instruction set in a few words, as ``spatial --version`` prints them."""
    name, instructions = engine_name(), instruction_set()
    return f"{name} ({instructions})" if instructions else name


def fallback_note() -> str | None:
    """One line for people where the C core is missing and nobody asked for another engine; else None."""
    if os.environ.get("SPATIAL_ENGINE") or engine_available("c"):
        return None
    return f"engine {engine_name()}, slower than usual: {CORE_MISSING}"


def checked_engine(engine: str, asked_by: str) -> str:
    """The engine itself.

    Parameters
    ----------
    engine : str
        One of ``ENGINES``.
    asked_by : str
        The option or variable, for the error.

    Raises
    ------
    UsageError
        There is none of that name.
    DeviceError
        It cannot be used here.
    """
    if engine not in ENGINES:
        raise UsageError(f"{asked_by} = {engine}: must be one of {', '.join(ENGINES)}")
    if not engine_available(engine):
        reason = CORE_MISSING if engine == "c" else f"the package {engine} is not installed"
        raise DeviceError(f"{asked_by} = {engine}: {reason}")
    return engine
