"""Values from a caller's Python, checked where they come in: what is kept is plain, finite and the caller's no longer.

NumPy, arithmetic and other libraries give whole numbers of many types (``np.int64(48000)``, ``48000.0``, 0-d arrays). All of them are
taken and become an ``int``. A boolean is never a number here, as in a rig file.
"""

from __future__ import annotations

import functools
import math
import operator
import os
from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np

from spatial.base import arrays
from spatial.base.errors import UsageError

LONGEST_SHOWN = 60
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Kind = TypeVar("Kind")


def whole_number(value: Any, what: str, low: int, high: int, form: str = "{} = {}") -> int:
    """A whole number of any type as an ``int``.

    Parameters
    ----------
    value : anything
    what : str
        The value's name, for the error.
    low, high : int
        The range, both ends allowed.
    form : str
        How name and value are said.

    Raises
    ------
    UsageError
        Another value, or one outside the range.
    """
    number = _number(value)
    if number is None or number != math.floor(number) or not low <= number <= high:
        raise UsageError(f"{form.format(what, shown(value))}: a whole number from {low} to {high} is wanted")
    return int(number)


def real_number(value: Any, what: str, low: float, high: float) -> float:
    """A finite number of any type as a ``float``.

    Parameters
    ----------
    value : anything
    what : str
        The value's name, for the error.
    low : float
        Smallest allowed value.
    high : float
        Largest allowed value.

    Raises
    ------
    UsageError
        Not finite, no number, or outside the range.
    """
    number = _number(value)
    if number is None or not low <= number <= high:
        raise UsageError(f"{what} = {shown(value)}: a number from {low:g} to {high:g} is wanted")
    return float(number)


def flag(value: Any, what: str) -> bool:
    """True or False, NumPy's too.

    Parameters
    ----------
    value : anything
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        Another value.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{what} = {shown(value)}: True or False is wanted")
    return bool(value)


def entries(values: Any, what: str) -> tuple[Any, ...]:
    """The entries of a list, a tuple or an array.

    Parameters
    ----------
    values : list, tuple or array
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        A text, a mapping, a set, or what has no entries.
    """
    if not isinstance(values, str | bytes | Mapping | Set):
        try:
            return tuple(values)
        except TypeError:
            pass
    raise UsageError(f"{what} = {shown(values)}: a list or a tuple is wanted")


def names(values: Any, what: str) -> tuple[str, ...]:
    """Names that differ, as plain ``str``.

    Parameters
    ----------
    values : list, tuple or array of str
        Each one line of printable characters.
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        Something that is no name, or a name twice.
    """
    found = entries(values, what)
    for name in found:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise UsageError(f"{what}: {shown(name)} is not a name; one line of printable characters is wanted")
    twice = [name for i, name in enumerate(found) if name in found[:i]]
    if twice:
        raise UsageError(f"{what}: '{twice[0]}' stands there twice; names must differ")
    return tuple(str(name) for name in found)


def text(value: Any, what: str) -> str:
    """A plain ``str``.

    Parameters
    ----------
    value : anything
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        No text, or halves of characters.
    """
    if not isinstance(value, str) or not writable(value):
        raise UsageError(f"{what} = {shown(value)}: text that can be written as UTF-8 is wanted")
    return str(value)


def path(value: Any, what: str) -> str:
    """A path as ``str``.

    Parameters
    ----------
    value : anything
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        No path.
    """
    try:
        return os.fsdecode(value)
    except TypeError:
        raise UsageError(f"{what}: a path is wanted, got {shown(value)}") from None


def writable(name: str) -> bool:
    """Whether a text can be written as UTF-8: names of files that are not UTF-8 hold halves of characters, which cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole_characters(text: str) -> str:
    """The text with a replacement character for every half of one, as names of files that are not UTF-8 hold them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def own_array(values: Any, what: str) -> arrays.Real:
    """Real numbers as a C-contiguous float64 array that nobody else holds and nobody can write to; not looked at for nan and inf.

    Parameters
    ----------
    values : array_like
        Any shape.
    what : str
        The value's name, for the error.

    Raises
    ------
    UsageError
        Complex values, booleans, text, objects, rows of unequal length, masked values.
    """
    if np.ma.is_masked(values):
        raise UsageError(f"{what}: masked values; fill them first")
    try:
        given = np.asarray(values)
    except (TypeError, ValueError):
        raise UsageError(f"{what}: an array of real numbers is wanted; rows must be equally long") from None
    if given.dtype.kind not in "iuf":
        raise UsageError(f"{what}: an array of real numbers is wanted, got {given.dtype}")
    with np.errstate(all="ignore"):
        own = np.array(given, dtype=np.float64, order="C", copy=True, subok=False)
    own.flags.writeable = False
    return own


def instance(value: Any, kind: type[Kind], what: str, how: str) -> Kind:
    """The value itself, where it is of a class.

    Parameters
    ----------
    value : anything
    kind : type
        The class that is wanted.
    what : str
        The value's name, for the error.
    how : str
        How to get one, for the error.

    Raises
    ------
    UsageError
        Another class.
    """
    if not isinstance(value, kind):
        raise UsageError(f"{what}: a {kind.__name__} is wanted, got {shown(value)}; {how}")
    return value


def usual_float_errors(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run a function under NumPy's usual error state, whatever the caller's: a caller's ``np.seterr(all="raise")`` is kept outside.

    Formulas here underflow on purpose (Bessel functions of high order, filters that decay).
    """

    @functools.wraps(function)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
            return function(*args, **kwargs)

    return wrapped


def shown(value: Any) -> str:
    """A value for an error: its Python form, on one line and cut where it is long.

    Parameters
    ----------
    value : anything
    """
    try:
        form = " ".join(repr(value).split())
    except Exception:  # somebody else's class
        form = f"a {type(value).__name__}"
    form = form.encode("utf-8", "backslashreplace").decode()
    return form if len(form) <= LONGEST_SHOWN else form[: LONGEST_SHOWN - 4] + " ..."


def _number(value: Any) -> Any:
    """A finite real number of its own type; None for everything else, booleans too."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.floating):
        value = float(value)
    if isinstance(value, bool | np.bool_ | np.timedelta64):
        return None
    if not isinstance(value, Real | Decimal):
        try:
            value = operator.index(value)
        except TypeError:
            return None
    return value if isinstance(value, Integral) or math.isfinite(value) else None
