"""The text of a rig file: bytes to text to nested tables, and the line on which each key stands."""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Any

from spatial.base.errors import UsageError

MAX_BYTES = 256 * 1024
MAX_KEY_PARTS = 16  # format 1 needs 4; tomllib takes time in the square of the parts

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file: ("driver", 1, "diameter_m")."""

_BYTE_ORDER_MARKS = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_KEY_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_KEY_PART}(?:[ \t]*+\.[ \t]*+{_KEY_PART}){{{MAX_KEY_PARTS}}}", re.MULTILINE)


def decode(data: bytes, name: str) -> str:
    r"""Text of a rig file, without byte order mark and with "\n" at every line's end.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        Of the file, for errors.

    Raises
    ------
    UsageError
        More than 256 KB, or another encoding than UTF-8, which is named.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name}: more than 256 KB; a rig file is a few KB of text")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise UsageError(f"{name}: the encoding is {encoding}; save as UTF-8")
    if data[:2].count(0) == 1:
        raise UsageError(f"{name}: the encoding looks like UTF-16; save as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "Windows-1252" if any(0x80 <= byte < 0xA0 for byte in data) else "Latin-1"
        what = f"byte {data[error.start]:02X} in line {line} is not UTF-8"
        raise UsageError(f"{name}: {what}, the encoding looks like {encoding}; save as UTF-8") from None
    return text.replace("\r\n", "\n")


def parse(text: str, name: str) -> dict[str, Any]:
    """Tables of a TOML text.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for errors.

    Raises
    ------
    UsageError
        Not TOML (with the line), nested too deeply, or a key of more parts than can be read in reasonable time.
    """  # noqa: DOC501 one_error is a UsageError
    long_key = _LONG_KEY.search(text)
    if long_key:
        raise one_error(name, f"a key of more than {MAX_KEY_PARTS} parts", text.count("\n", 0, long_key.start()) + 1)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, where = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+), column (\d+)\)$", where)
        if line:
            raise one_error(name, f"column {line[2]}: {said}", int(line[1])) from None
        raise one_error(name, said or str(error), text.rstrip("\n").count("\n") + 1) from None
    except RecursionError:
        raise one_error(name, "brackets or braces are nested too deeply") from None
    except ValueError:
        raise one_error(name, "a number has too many digits") from None


def one_error(name: str, complaint: str, line: int | None = None) -> UsageError:
    """The error that ends the reading of a file before its keys are looked at.

    Parameters
    ----------
    name : str
        Of the file.
    complaint : str
        What is wrong, to stand behind the name.
    line : int or None
        From 1.
    """
    return UsageError(f"{name}: 1 error\n  {f'line {line}  ' if line else ''}{complaint}")


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """Line (1-based) of every key, table header and list entry of a valid TOML text."""
    return _Scanner(text).scan()


_BLANK = re.compile(r"(?:[ \t\r\n]++|\#[^\n]*+)*+")
_KEY = re.compile(_KEY_PART.replace(r'"[^"\n]*+"', r'"(?:[^"\\\n]|\\.)*+"'))
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*+"|' + r"'[^'\n]*+'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*+")


class _Scanner:
    """Walks over a text that tomllib has accepted and notes where things stand; values are passed over, not read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line_ends = [m.start() for m in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.last_index: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.blank()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                self.at += 2
                *parents, last = self.key_parts()
                array = (*self.table_path(parents), last)
                self.last_index[array] = self.last_index.get(array, -1) + 1
                table = (*array, self.last_index[array])
                self.note(table)
                self.at += 2
            elif self.text[self.at] == "[":
                self.at += 1
                table = self.table_path(self.key_parts())
                self.note(table)
                self.at += 1
            else:
                self.key_and_value(table)
            self.blank()
        return self.lines

    def blank(self) -> None:
        """Pass over white space, line ends and comments."""
        self.at = self.match(_BLANK).end()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        assert found is not None, "the text was accepted by tomllib"
        return found

    def note(self, path: KeyPath) -> None:
        """The first line on which a path, and each path above it, is met."""
        line = bisect.bisect_left(self.line_ends, self.at) + 1
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def table_path(self, parts: list[str]) -> KeyPath:
        """Where a table header leads: in a list of tables to its latest entry."""
        path: KeyPath = ()
        for part in parts:
            path = (*path, part)
            if path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def key_parts(self) -> list[str]:
        """A key, bare, quoted or dotted; stops behind it and the blanks that follow."""
        parts = []
        while True:
            self.blank()
            found = self.match(_KEY)
            self.at = found.end()
            raw = found[0]
            parts.append(raw if raw[0] not in "\"'" else tomllib.loads(f"key = {raw}")["key"])
            self.blank()
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def key_and_value(self, table: KeyPath) -> None:
        start = self.at
        path = (*table, *self.key_parts())
        behind, self.at = self.at, start
        self.note(path)
        self.at = behind + 1  # "="
        self.blank()
        self.value(path)

    def value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first == "[":
            self.entries("]", path)
        elif first == "{":
            self.entries("}", path)
        else:
            self.at = self.match(_STRING if first in "\"'" else _BARE_VALUE).end()

    def entries(self, closing: str, path: KeyPath) -> None:
        """The inside of a list or of an inline table."""
        self.at += 1
        index = 0
        self.blank()
        while self.text[self.at] != closing:
            if closing == "}":
                self.key_and_value(path)
            else:
                self.note((*path, index))
                self.value((*path, index))
                index += 1
            self.blank()
            if self.text[self.at] == ",":
                self.at += 1
                self.blank()
        self.at += 1
