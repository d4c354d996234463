"""The tables and pictures of docs/upmix.md: computed, printed, and put between their marks.

python examples/upmix_page.py [PAGE]
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np
from page_tables import filled, table

import spatial
from spatial.analysis.listening_zone import Zone, listening_zone, playbacks
from spatial.analysis.pan_sweep import pan_sweep
from spatial.analysis.separation import separation
from spatial.bank.recipe import RenderRecipe
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.cli.banks import study_with_chain
from spatial.dsp.make import make_upmix
from spatial.plots.style import MINUS, THEMES, figure_bytes
from spatial.rig.model import Room

PAGE = Path(__file__).parents[1] / "docs" / "upmix.md"
ZONE_RIGS = ("ball3", "bar8")
PAN_RIGS = ("ball3", "box2", "ring7", "wall4", "bar8", "television")
SEEDS, SECONDS = (1, 7, 23), 6
DPI = 90


def number(value: float, digits: int = 1) -> str:
    """A number with a true minus; a dash for none."""
    return "–" if np.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def limited_by_rounding(value: float) -> float:
    """Not a number where a level is beyond 100 dB."""
    return float("nan") if abs(value) > 100 else value


def methods_table() -> str:
    """Means over the mixtures of benchmarks/upmix_table.py."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    try:
        import upmix_table
    finally:
        sys.path.pop(0)
    mixtures = [mixture for seed in SEEDS for mixture in upmix_table.mixtures(seed, SECONDS * upmix_table.FS)]
    rows = []
    for name, method in upmix_table.METHODS.items():
        found = []
        for mixture in mixtures:
            found.append(
                dataclasses.astuple(separation(mixture, upmix_table.upmixed(mixture.stereo, method, upmix_table.FS), upmix_table.FS))
            )
        means = [float(np.nanmean(column)) for column in np.array(found).T[:6]]
        rows.append([name, *(number(limited_by_rounding(x)) for x in means[:5]), number(means[5], 2)])
        print("  ".join(rows[-1]), flush=True)
    for name, row in upmix_table.QUOTED.items():
        rows.append([name, *(number(x) for x in row[:5]), number(row[5], 2)])
    return table(("", "SDR, dB", "SIR", "SAR", "hard-panned in C", "centre in L', R'", "correlation with L − R"), rows)


def zone_table() -> str:
    """Nine seats in free field and in a room."""
    rows = []
    for name in ZONE_RIGS:
        rig_file = spatial.load_rig(name)
        bank = spatial.compute_filters(rig_file)
        zones: list[dict[str, Zone]] = []
        for room in (None, Room()):
            heard = [listening_zone(playback, rig_file, room) for playback in playbacks(bank, rig_file)]
            zones.append({way: zone for ways in heard for way, zone in ways.items()})
        for way in zones[0]:
            cells = [f(zone[way]) for zone in zones for f in (lambda z: number(z.spread_db), lambda z: number(z.width_us, 0))]
            rows.append([f"`{name}`", way, *cells])
            print("  ".join(rows[-1]), flush=True)
    return table(("rig", "", "spread, dB", "width, µs", "in a room: spread", "width"), rows)


def pan_table() -> str:
    """Levels of a panned source at the ears."""
    rows = []
    for name in PAN_RIGS:
        rig_file = spatial.load_rig(name)
        bank = spatial.compute_filters(rig_file)
        recipe = RenderRecipe("directional", 21.0)
        sweep = pan_sweep(study_of(bank, rig_file), lambda x, bank=bank, recipe=recipe: make_upmix(recipe, bank.fs).process(x))
        as_it_is, level, middle = sweep.level_db, sweep.as_loud_db, len(sweep.pans) // 2
        figures = (as_it_is[0], as_it_is[middle], level[0], level[middle], level.min(), level.max())
        rows.append([f"`{name}`", *(number(x) for x in figures)])
        print("  ".join(rows[-1]), flush=True)
    return table(("rig", "as it is, dB: hard left", "centre", "with one gain: hard left", "centre", "softest", "loudest"), rows)


TABLES = {"methods": methods_table, "zone": zone_table, "pan": pan_table}
PICTURES = ("latency", "pan")


def main(page: Path) -> None:
    page.write_text(filled(page.read_text(encoding="utf-8"), TABLES), encoding="utf-8")
    rig_file = spatial.load_rig("ball3")
    study = study_with_chain(spatial.compute_filters(rig_file), rig_file)
    for kind in PICTURES:
        for name, theme in THEMES.items():
            figure = bank_figure(kind, study, theme, f"spatial plot ball3.npz --kind {kind} -o {kind}.png")
            path = page.parent / "pictures" / f"ball3-{kind}-{name}.png"
            path.write_bytes(figure_bytes(figure, theme, dpi=DPI))
            print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
