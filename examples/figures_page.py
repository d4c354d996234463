"""docs/figures.md: every figure and every kind of picture that a bank and its rig determine, from the catalogue.

python examples/figures_page.py
"""

from collections.abc import Iterator
from pathlib import Path

from page_tables import table

from spatial.catalogue.figures import GROUPS, Group
from spatial.catalogue.pictures import PICTURES

PAGE = Path(__file__).parents[1] / "docs" / "figures.md"
HEAD = """# Figures and pictures

`spatial analyze BANK` prints every figure below that a bank and its rig determine, `--json` and `--csv` give them to other programs, and
`--require` holds a bank to them: `{"sides.worst_pose_db": [">=", 14]}`. `spatial plot BANK --kind KIND` draws one picture, `spatial report`
all of them. This page is made from the catalogue: `python examples/figures_page.py`.
"""


def rows(group: Group) -> Iterator[tuple[str, ...]]:
    """A row a figure; what a group does not declare it has by name only."""
    for figure in group.figures:
        yield f"`{group.name}.{figure.name}`", figure.unit or "–", {"": "–"}.get(figure.better, figure.better), figure.meaning


def page() -> str:
    """The page, as Markdown."""
    parts = [HEAD]
    for group in GROUPS:
        where = " Headphones." if group.kinds == ("headphones",) else ""
        parts.append(f"## {group.name}\n\n{group.about}{where}{' Long lists: JSON and CSV have them.' if group.listed else ''}")
        found = list(rows(group))
        if found:
            parts.append(table(("figure", "unit", "better", "what it is"), found))
        elif group.each:
            parts.append(f"Each: {group.each}.")
    pictures = [(f"`{p.kind}`", p.title, p.question, " and ".join(p.kinds)) for p in PICTURES]
    parts.append("## Pictures\n\n" + table(("kind", "title", "what it shows", "of"), pictures))
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(GROUPS)} groups of figures, {len(PICTURES)} kinds of pictures")
