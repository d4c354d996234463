"""The pictures of the README: beams of the ball of three and of the ring of seven beside what is simpler, and the ears of the ball.

python examples/README_picture.py [FOLDER]
"""

import sys
from pathlib import Path

import spatial
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.plots.style import THEMES, figure_bytes

PICTURES = {"ball3": ("panels", "cancellation"), "ring7": ("panels",)}
DPI = 100


def main(folder: Path) -> None:
    for rig, kinds in PICTURES.items():
        rig_file = spatial.load_rig(rig)
        study = study_of(spatial.compute_filters(rig_file), rig_file)
        for kind in kinds:
            for name, theme in THEMES.items():
                path = folder / f"{rig}-{kind}-{name}.png"
                figure = bank_figure(kind, study, theme, "python examples/README_picture.py")
                path.write_bytes(figure_bytes(figure, theme, dpi=DPI))
                print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    main(target)
