"""The pictures of the README: beam and cancellation of the ball of three, for light and dark pages.

python examples/README_picture.py [FOLDER]
"""

import sys
from pathlib import Path

import spatial
from spatial.plots.style import THEMES, figure_bytes
from spatial.report.figures import bank_figure

RIG, DPI = "ball3", 100


def main(folder: Path) -> None:
    rig_file = spatial.load_rig(RIG)
    bank = spatial.compute_filters(rig_file)
    for kind in ("beam", "cancellation"):
        for name, theme in THEMES.items():
            path = folder / f"{RIG}-{kind}-{name}.png"
            path.write_bytes(figure_bytes(bank_figure(kind, bank, rig_file, "python examples/README_picture.py", theme), theme, dpi=DPI))
            print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    main(target)
