"""An HDF5 file opens nothing but itself.

HDF5 can point elsewhere: links to other files, datasets whose bytes or parts lie in other files, filters that are loaded as plug-ins.
The library follows all of that without a word. Here every object that will be read is looked at first, without following anything.
"""

from __future__ import annotations

import math
from typing import Any

from spatial.base.errors import InputError

LARGEST_ATTRIBUTE = 1 << 16  # bytes
MOST_PACKED = 50_000_000
"""Values in one chunk: so many are unpacked for the first of them."""

WIDEST_NUMBER = 16  # bytes
OWN_FILTERS = (1, 2, 3, 4, 5, 6, 32000)
"""deflate, shuffle, fletcher32, szip, nbit, scaleoffset, and h5py's lzf; others would be looked for on the machine and loaded."""

MEND = "save it again as one plain file (Python: h5py, netCDF4 or sofar; read it in and write it out)"


def check_self_contained(name: str, file: Any, attributes: tuple[str, ...], variables: dict[str, int], of_variables: str) -> None:
    """Refuse a file whose datasets or attributes are not plainly in it, or too large, before any of them is read.

    Parameters
    ----------
    name : str
        Of the file, for the message.
    file : h5py.File
    attributes : tuple of str
        Those of the file that will be read.
    variables : dict
        Datasets that will be read, and how many values of each are allowed.
    of_variables : str
        The attribute of variables that will be read.

    Raises
    ------
    InputError
        External or soft links, external storage, virtual datasets, filters that are plug-ins, other things than numbers, more values
        than allowed.
    """
    for attribute in attributes:
        _check_attribute(name, "the file", file.id, attribute)
    for variable, most in variables.items():
        if file.id.links.exists(variable.encode()):
            _check_link(name, variable, file)
            _check_attribute(name, variable, _checked_dataset(name, variable, file, most), of_variables)


def _check_link(name: str, variable: str, file: Any) -> None:
    from h5py import h5l

    kind = file.id.links.get_info(variable.encode()).type
    if kind == h5l.TYPE_HARD:
        return
    if kind == h5l.TYPE_EXTERNAL:
        other, inside = file.id.links.get_val(variable.encode())
        what = f"an external link to {inside.decode('utf-8', 'replace')!r} in another file, {other.decode('utf-8', 'replace')!r}"
    elif kind == h5l.TYPE_SOFT:
        what = f"a soft link to {file.id.links.get_val(variable.encode()).decode('utf-8', 'replace')!r}"
    else:
        what = "a link of a kind of its own"
    raise InputError(f"{name}: {variable} is {what}; links are not followed: {MEND}")


def _checked_dataset(name: str, variable: str, file: Any, most: int) -> Any:
    from h5py import h5d, h5i, h5o, h5t

    identifier = h5o.open(file.id, variable.encode())
    if h5i.get_type(identifier) != h5i.DATASET:
        raise InputError(f"{name}: {variable} is no dataset but a group or a type; {MEND}")
    made = identifier.get_create_plist()
    if made.get_layout() == h5d.VIRTUAL:
        raise InputError(f"{name}: {variable} is a virtual dataset, put together from other files; those are not opened: {MEND}")
    if made.get_external_count():
        other = made.get_external(0)[0].decode("utf-8", "replace")
        raise InputError(f"{name}: {variable} has its values in another file, {other!r}; that is not opened: {MEND}")
    filters = [made.get_filter(index)[0] for index in range(made.get_nfilters())]
    for code in filters:
        if code not in OWN_FILTERS:
            raise InputError(f"{name}: {variable} is packed by filter {code}, which is a plug-in; plug-ins are not loaded: {MEND}")
    kind = identifier.get_type()
    if kind.get_class() not in (h5t.INTEGER, h5t.FLOAT) or kind.get_size() > WIDEST_NUMBER:
        raise InputError(f"{name}: {variable} holds no plain numbers; {MEND}")
    sizes = [("values", identifier.get_space().get_simple_extent_npoints(), most)]
    if made.get_layout() == h5d.CHUNKED:
        sizes.append(("values in one chunk", math.prod(made.get_chunk()), min(most, MOST_PACKED)))
    for what, count, limit in sizes:
        if count > limit:
            shape = "x".join(str(length) for length in identifier.shape)
            raise InputError(
                f"{name}: {variable} is too large: {count} {what} ({shape}), at most {limit} are read; "
                f"take a file of fewer directions or shorter responses"
            )
    return identifier


def _check_attribute(name: str, owner: str, identifier: Any, attribute: str) -> None:
    from h5py import h5a

    if h5a.exists(identifier, attribute.encode()):
        size = h5a.open(identifier, attribute.encode()).get_storage_size()
        if size > LARGEST_ATTRIBUTE:
            raise InputError(f"{name}: attribute {attribute} of {owner} has {size} bytes, at most {LARGEST_ATTRIBUTE} are read; {MEND}")
