"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spatial.base.errors import OutputError, UsageError

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def refuse_standard_output(path: str | os.PathLike[str]) -> None:
    """Refuse "-": a result is written beside its place first and takes its name when it is whole, which only a file can.

    Raises
    ------
    UsageError
        The path is "-" or another name of standard output.
    """
    if os.fspath(path) in STANDARD_OUTPUT:
        raise UsageError(f"{os.fspath(path)}: standard output is not written to, only files are; give the name of a file")


def check_destination(path: str | os.PathLike[str], *, force: bool, inputs: tuple[str | os.PathLike[str], ...] = ()) -> None:
    """Whether a file may be written here.

    Parameters
    ----------
    path : path
    force : bool
        A file that is there may be replaced.
    inputs : tuple of path
        Files that are read: none of them may be the one written.

    Raises
    ------
    UsageError
        One of the inputs is the same file, by path, link or second name; also with force. Or "-", standard output.
    OutputError
        The folder is missing, something that is no regular file is there, or a file is and force is not given.
    """
    refuse_standard_output(path)
    path = Path(path)
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{path}: folder {folder} does not exist")
    if not path.exists():
        return
    for source in inputs:
        if os.path.exists(source) and os.path.samefile(path, source):
            raise UsageError(f"{path}: output and input {os.fspath(source)} are the same file")
    if not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"{path}: there is something that is not a regular file; only those are written")
    if not force:
        raise OutputError(f"{path}: exists; -f overwrites it")


def check_space(path: str | os.PathLike[str], needed: int) -> None:
    """Whether the disk under path has ``needed`` bytes free.

    Parameters
    ----------
    path : path
        The file that will be written; its folder is asked.
    needed : int
        Bytes.

    Raises
    ------
    OutputError
        There is less.
    """
    free = shutil.disk_usage(Path(path).resolve().parent).free
    if free < needed:
        raise OutputError(f"{os.fspath(path)}: not enough space: {megabytes(needed)} needed, {megabytes(free)} free")


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A new file that takes the name ``path`` when the block ends well; whatever ends it otherwise leaves nothing.

    It is written in the same folder and flushed to the disk first. A link is followed: the file behind it is replaced.

    Raises
    ------
    OutputError
        The folder is not writable, the disk is full, or writing fails otherwise.
    """  # noqa: DOC501 write_failure is an OutputError
    target = Path(path).resolve()
    part = target.with_name(f".spatial-{secrets.token_hex(8)}.part")
    try:
        try:
            file = open(part, "x+b")
        except OSError as error:
            raise OutputError(f"{os.fspath(path)}: cannot be written in {target.parent} ({error.strerror})") from None
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
        except OSError as error:
            raise write_failure(path, error) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder that takes the name ``path`` when the block ends well; whatever ends it otherwise leaves nothing.

    It is made in the same folder. A folder that had the name stands until then, and goes with all that it holds.

    Raises
    ------
    OutputError
        The folder around it is missing or not writable, the disk is full, or writing fails otherwise.
    """
    target = Path(path).resolve()
    with _part_folder(path, target.parent) as part:
        yield part
        old = part.with_suffix(".old")
        try:
            if target.exists():
                target.rename(old)
            try:
                part.rename(target)
            except BaseException:
                if old.exists():
                    old.rename(target)
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def atomic_content(path: str | os.PathLike[str], index: str, replaced: tuple[str, ...] = ()) -> Iterator[Path]:
    """A new folder whose files go into ``path``, which is there, when the block ends well; else they leave nothing.

    Parameters
    ----------
    path : path
        A folder; what else it holds stays.
    index : str
        The file that says what the others are. An old one is taken away first, the new one is put in last: where there is an index,
        what it tells of is whole.
    replaced : tuple of str
        Files of an earlier content, taken away as well.

    Raises
    ------
    OutputError
        The folder is missing or not writable, the disk is full, or writing fails otherwise.
    """
    target = Path(path).resolve()
    with _part_folder(path, target) as part:
        yield part
        for stale in (index, *replaced):
            (target / stale).unlink(missing_ok=True)
        for name in sorted((entry.name for entry in part.iterdir()), key=lambda name: (name == index, name)):
            os.replace(part / name, target / name)


@contextmanager
def _part_folder(path: str | os.PathLike[str], place: Path) -> Iterator[Path]:
    """A new folder in ``place``, gone afterwards unless it was renamed; OutputErrors name ``path``."""
    part = place / f".spatial-{secrets.token_hex(8)}.part"
    try:
        part.mkdir()
    except OSError as error:
        raise OutputError(f"{os.fspath(path)}: cannot be written in {place} ({error.strerror})") from None
    try:
        yield part
    except OSError as error:
        raise write_failure(path, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_failure(path: str | os.PathLike[str], error: Exception) -> OutputError:
    """What to say when writing fails on the way: the reason, and how much space is left.

    Parameters
    ----------
    path : path
    error : Exception
        What ended the writing.
    """
    free = shutil.disk_usage(Path(path).resolve().parent).free
    reason = getattr(error, "strerror", None) or str(error)
    return OutputError(f"{os.fspath(path)}: writing failed ({reason}), {megabytes(free)} free; nothing was kept")


def megabytes(size: int) -> str:
    """Bytes as MB, or GB from 1000 MB on."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
