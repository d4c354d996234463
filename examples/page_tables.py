"""Tables of a Markdown page that a script makes: each stands between <!-- name --> and <!-- /name -->."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def filled(page: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The page with every table made anew; KeyError where it has one that nobody makes."""

    def fill(block: re.Match[str]) -> str:
        return f"<!-- {block[1]} -->\n{tables[block[1]]()}\n<!-- /{block[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", fill, page, flags=re.DOTALL)
