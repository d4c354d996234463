"""Read a rig file: a path or a shipped name to a checked ``RigFile``, or one error that tells everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatial.base.checks import shown, usual_float_errors
from spatial.base.errors import UsageError
from spatial.rig.geometry import head_centre
from spatial.rig.layouts import shipped_rigs
from spatial.rig.model import Driver, Enclosure, Listener, Rig, RigFile
from spatial.rig.overrides import apply_overrides, as_toml
from spatial.rig.place import as_place, default_facing, diaphragm_centre
from spatial.rig.problems import Problems, did_you_mean
from spatial.rig.read import Values, read_file, with_head_file
from spatial.rig.source import MAX_BYTES, decode, lines_of_keys, one_error, parse
from spatial.rig.validate import check


@usual_float_errors
def load_rig(rig: str | os.PathLike[str], overrides: Sequence[str] = ()) -> RigFile:
    """Read a rig file.

    Parameters
    ----------
    rig : str or path
        The name of a shipped rig ("ball3"; a file of that name is "./ball3"), or the path of a TOML file.
    overrides : sequence of str
        Settings that replace or add keys: "design.crosstalk.mode=null", "driver.left.channel=4".

    Returns
    -------
    RigFile
        Every driver with its place and facing. ``text`` is the text of the file; with overrides a text of the same keys with the
        settings written in (without the file's comments), so that ``rig_from_text(rig_file.text)`` gives the same rig.

    Raises
    ------
    UsageError
        No such file, not UTF-8, not TOML, or wrong keys and values: all of them at once, with their lines.
    """
    try:
        path = shipped_rigs().get(os.fspath(rig)) if isinstance(rig, str) else None
        path = path or Path(os.fsdecode(rig))
    except TypeError:
        raise UsageError(f"rig: a path or the name of a shipped rig is wanted, got {shown(rig)}") from None
    name = os.fsdecode(rig).encode("utf-8", "replace").decode()
    return _load(decode(_read_bytes(path, name), name), name, overrides, path)


@usual_float_errors
def rig_from_text(text: str, name: str, overrides: Sequence[str] = ()) -> RigFile:
    """Read a rig from its text, for example from the one that a filter bank carries.

    Parameters
    ----------
    text : str
        A rig file's content.
    name : str
        Where it comes from, for errors.
    overrides : sequence of str
        As of ``load_rig``.

    Raises
    ------
    UsageError
        As ``load_rig``.
    """
    return _load(decode(text.encode("utf-8", "surrogatepass"), name), name, overrides, None)


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        names = shipped_rigs()
        raise UsageError(f"{name}: no such file, and no shipped rig ({', '.join(names)}).{did_you_mean(name, names)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{name}: cannot be read as a rig file: {reason}") from None


def _load(text: str, name: str, overrides: Sequence[str], path: Path | None) -> RigFile:
    table = parse(text, name)
    try:
        options = apply_overrides(table, overrides, name)
        problems = Problems(name, table, lines_of_keys(text), options)
        values = with_head_file(read_file(table, problems), path)
        check(table, values, problems)
        problems.raise_all()
    except RecursionError:
        raise one_error(name, "brackets or braces are nested too deeply") from None
    if overrides:
        text = as_toml(table, f"{name} with\n" + "\n".join(f"--set {override}" for override in overrides))
    return RigFile(_rig(values), values.scene, values.design, text, path)


def _rig(values: Values) -> Rig:
    enclosure = values.rig.get("enclosure", Enclosure())
    drivers = tuple(_driver(enclosure, driver, values.scene.listener) for driver in values.drivers)
    return Rig(**values.rig, drivers=drivers)


def _driver(enclosure: Enclosure, read: Mapping[str, Any], listener: Listener) -> Driver:
    """A driver with place and facing filled in."""
    centre = diaphragm_centre(enclosure, read)
    assert centre is not None, "the rules of validate ask for the keys that place a driver"
    facing = default_facing(enclosure, read, centre, head_centre(listener))
    return Driver(**{"facing_deg": facing, **read, "position_m": as_place(centre)})
