"""Files and folders appear whole or not at all, and what was there before stands until then."""

from __future__ import annotations

import os

import pytest

from spatial.base.errors import OutputError
from spatial.base.whole_files import atomic_content, atomic_file, atomic_folder


def content(folder):
    """{name: text} of a folder, as the operating system has it."""
    return {entry.name: entry.read_text() for entry in folder.iterdir() if entry.is_file()}


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_what_was_there_stands_where_writing_ends_early(tmp_path, failure):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index").write_text("first")
    for write in (lambda: atomic_folder(tmp_path / "a"), lambda: atomic_content(tmp_path / "a", "index")):
        with pytest.raises(failure), write() as folder:
            (folder / "index").write_text("second")
            raise failure
        assert content(tmp_path / "a") == {"index": "first"} and os.listdir(tmp_path) == ["a"]


def test_a_folder_that_cannot_take_its_name_gives_it_back(tmp_path, monkeypatch):
    """Between taking the old folder away and naming the new one there is a moment; a failure in it must not lose the old one."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "kept").write_text("first")
    rename = type(tmp_path).rename

    def failing(path, target):
        if path.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(type(tmp_path), "rename", failing)
    with pytest.raises(OutputError, match="writing failed .No space left"), atomic_folder(tmp_path / "a") as folder:
        (folder / "new").write_text("second")
    assert content(tmp_path / "a") == {"kept": "first"} and os.listdir(tmp_path) == ["a"]


def test_the_index_goes_first_and_comes_last(tmp_path, monkeypatch):
    (tmp_path / "index").write_text("of old")
    (tmp_path / "old").write_text("old")
    (tmp_path / "mine").write_text("mine")
    moved = []
    replace = os.replace
    monkeypatch.setattr(
        os, "replace", lambda source, target: (moved.append((target.name, (tmp_path / "old").exists())), replace(source, target))
    )
    with atomic_content(tmp_path, "index", ("old", "never there")) as folder:
        for name in ("index", "zebra", "adder"):
            (folder / name).write_text("new")
        assert content(tmp_path)["index"] == "of old"
    assert moved == [("adder", False), ("zebra", False), ("index", False)]
    assert content(tmp_path) == {"adder": "new", "zebra": "new", "index": "new", "mine": "mine"}


@pytest.mark.parametrize("write", [atomic_file, atomic_folder, lambda path: atomic_content(path, "index")])
def test_a_missing_folder_is_one_sentence(tmp_path, write):
    with (
        pytest.raises(OutputError, match="a: cannot be written in .*missing.* .No such file or directory."),
        write(tmp_path / "missing" / "a"),
    ):
        pass
    assert not os.listdir(tmp_path)
