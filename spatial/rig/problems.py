"""Everything that is wrong with a rig file, gathered while it is read and told at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from spatial.base.errors import UsageError
from spatial.rig.source import KeyPath
from spatial.rig.words import plural, shown

MAX_TOLD = 100
MAX_COMPARED = 20
LONGEST_KEY = 60  # the comparison that finds the nearest name takes time in the square of the length


class Problems:
    """Complaints about a file, each at a path of keys.

    Parameters
    ----------
    name : str
        The file, as the user called it.
    table : dict
        What the file says; drivers are named from it.
    lines : dict
        Line of each path, where it is known.
    options : dict
        The option that set a path, where it does not come from the file.
    """

    def __init__(self, name: str, table: dict[str, Any], lines: dict[KeyPath, int], options: dict[KeyPath, str]) -> None:
        self.name = name
        self.table = table
        self.lines = lines
        self.options = options
        self.found: list[tuple[KeyPath, Callable[[], str]]] = []
        self.misspelt: dict[KeyPath, list[str]] = {}

    def add(self, path: KeyPath, complaint: str) -> None:
        """A complaint that needs no more words than the section or driver it is about.

        Parameters
        ----------
        path : KeyPath
            Where the key stands in the file.
        complaint : str
            What is wrong, to stand behind the name.
        """
        self.found.append((path, lambda: self._about(path) + complaint))

    def add_value(self, path: KeyPath, value: Any, complaint: str) -> None:
        """A complaint about the value of a key: "driver 'left': channel = 2 <complaint>".

        Parameters
        ----------
        path : KeyPath
            Where the key stands in the file.
        value : anything
            As the file has it.
        complaint : str
            What is wrong, to stand behind the name.
        """
        self.found.append((path, lambda: f"{self._about(path)}{_key_of(path)} = {shown(value)} {complaint}"))

    def add_unknown(self, path: KeyPath, known: Iterable[str]) -> None:
        """A key that is not one of those known here.

        Parameters
        ----------
        path : KeyPath
            Where the key stands in the file.
        known : iterable of str
            Names that there are.
        """
        meant = self.misspelt.setdefault(path[:-1], [])
        near = nearest(str(path[-1]), known) if len(meant) < MAX_COMPARED else ""
        meant.append(near)
        self.add_key(path, f"is not a key.{f' Did you mean {near}?' if near else ''}")

    def add_missing(self, path: KeyPath, complaint: str) -> None:
        """A key that has to be there; passed over where it is there under a misspelt name.

        Parameters
        ----------
        path : KeyPath
            Where the key stands in the file.
        complaint : str
            What is wrong, to stand behind the name.
        """
        if path[-1] not in self.misspelt.get(path[:-1], ()):
            self.add_key(path, f"is missing; {complaint}")

    def add_key(self, path: KeyPath, complaint: str) -> None:
        """A complaint about a key itself: "driver 'left': diamter_m <complaint>".

        Parameters
        ----------
        path : KeyPath
            Where the key stands in the file.
        complaint : str
            What is wrong, to stand behind the name.
        """
        self.found.append((path, lambda: f"{self._about(path)}{_key_of(path)} {complaint}"))

    def clean(self, *path: str | int) -> bool:
        """Whether nothing is wrong at a path or below it."""
        return not any(at[: len(path)] == path for at, _ in self.found)

    def driver_label(self, index: int) -> str:
        """A driver by its name, or by its number where it has none or shares it."""
        drivers = self.table.get("driver")
        names = [d.get("name") if isinstance(d, dict) else None for d in drivers] if isinstance(drivers, list) else []
        name = names[index] if index < len(names) else None
        if isinstance(name, str) and name and names.count(name) == 1:
            return f"driver '{name[:LONGEST_KEY]}'"
        return f"driver {index + 1}"

    def raise_all(self) -> None:
        """Raise every complaint at once, in the order of the file.

        Raises
        ------
        UsageError
            There is a complaint.
        """
        if not self.found:
            return
        placed = sorted((self._option(path) is not None, self._line(path) or 0, i) for i, (path, _) in enumerate(self.found))
        told = [self._where(self.found[i][0]) + self.found[i][1]() for _, _, i in placed[:MAX_TOLD]]
        if len(placed) > MAX_TOLD:
            told.append(f"... and {len(placed) - MAX_TOLD} more")
        raise UsageError(f"{self.name}: {plural(len(placed), 'error')}\n" + "\n".join(f"  {text}" for text in told))

    def _about(self, path: KeyPath) -> str:
        """The driver or section that a complaint is about."""
        if path[:1] == ("driver",) and len(path) > 1:
            return f"{self.driver_label(int(path[1]))}: "
        sections = [str(part) for part in _section_of(path)]
        return f"[{'.'.join(sections)}] " if sections else ""

    def _line(self, path: KeyPath) -> int | None:
        """Line of a path, or of the nearest table above it that stands in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def _option(self, path: KeyPath) -> str | None:
        """The option that gave a value, or the table it is in."""
        return next((self.options[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.options), None)

    def _where(self, path: KeyPath) -> str:
        option = self._option(path)
        if option is not None:
            return f"--set {option}  "
        line = self._line(path)
        return f"line {line}  " if line else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a misspelt one, or nothing.

    Parameters
    ----------
    name : str
        As written.
    known : iterable of str
        Names that there are.
    """
    spelled = {candidate.lower(): candidate for candidate in known if len(candidate) <= LONGEST_KEY}
    near = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.6) if len(name) <= LONGEST_KEY else []
    return spelled[near[0]] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " Did you mean x?" for the nearest known name, or nothing.

    Parameters
    ----------
    name : str
        As written.
    known : iterable of str
        Names that there are.
    """
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""


def _section_of(path: KeyPath) -> KeyPath:
    """The table a key belongs to; list indices belong to the key."""
    keys = [i for i, part in enumerate(path) if isinstance(part, str)]
    return path[: keys[-1]] if keys else ()


def _key_of(path: KeyPath) -> str:
    """The key as it is named inside its section or driver, with the row of a list: "target_db[3]"."""
    inner = path[2:] if path[:1] == ("driver",) and len(path) > 2 else path[len(_section_of(path)) :]
    text = ""
    for part in inner:
        text += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if text else ''}{part[:LONGEST_KEY]}"
    return text
