"""The shipped rigs, by name."""

from __future__ import annotations

from pathlib import Path

from spatial.base.errors import SpatialError


def rigs_folder() -> Path:
    """Where the shipped rigs are: in the installed package, or beside it in a source tree.

    Raises
    ------
    SpatialError
        Neither is there: the installation is damaged.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "rigs", package.parent / "rigs"):
        if folder.is_dir():
            return folder
    raise SpatialError(f"the shipped rigs are missing: no folder 'rigs' in {package} or beside it")


def shipped_rigs() -> dict[str, Path]:
    """Name -> file of every shipped rig, sorted by name."""
    return {path.stem: path for path in sorted(rigs_folder().glob("*.toml"))}
