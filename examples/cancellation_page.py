"""The tables and pictures of docs/cancellation.md, from the shipped rigs: computed, printed, and put between their marks.

python examples/cancellation_page.py [PAGE]
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from page_tables import filled, table

import spatial
from spatial.analysis.cancellation import side_figures
from spatial.analysis.comparison import THIS_BANK, compare
from spatial.analysis.other_poses import over_poses
from spatial.analysis.pink_level import pink_frequencies, pink_level_db
from spatial.analysis.study import Study
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.design.sides import design_side
from spatial.feasibility.effort_trade import trade
from spatial.feasibility.limits import effort_for
from spatial.plots.style import MINUS, THEMES, figure_bytes
from spatial.rig.load import rig_from_text
from spatial.targets.virtual_pair import wished_pair

PAGE = Path(__file__).parents[1] / "docs" / "cancellation.md"
RIGS = {"box2": "two drivers 16 cm apart", "ball3": "three on a ball", "bar8": "bar of eight, 0.92 m"}
MODES = {
    "target": ("mode=target",),
    "null, one place": ("mode=null", "robust=false"),
    "null, robust": ("mode=null", "robust=true"),
    "virtual": ("mode=virtual",),
    "virtual, robust": ("mode=virtual", "robust=true"),
}
CAP_DB = 12
ANGLES_DEG, BANDS_HZ = (2.3, 5, 10, 20, 30), (100, 200, 500, 1000, 2000, 5000)
PICTURES = {  # name: rig, settings, kind
    "box2-trade": ("box2", (), "trade"),
    "bar8-null-one-place": ("bar8", ("mode=null", "robust=false"), "sweetspot"),
    "bar8-null-robust": ("bar8", ("mode=null", "robust=true"), "sweetspot"),
    "ball3-target": ("ball3", ("mode=target",), "cancellation"),
    "box2-methods": ("box2", (), "baselines"),
}
DPI = 90


def designed(rig: str, settings: Sequence[str]) -> Study:
    """Filters of a rig with settings of [design.crosstalk], to be judged on it."""
    rig_file = spatial.load_rig(rig, [f"design.crosstalk.{setting}" for setting in settings])
    return study_of(spatial.compute_filters(rig_file), rig_file)


def decibels(level_db: float, sign: str = "") -> str:
    """A level to a tenth, never -0.0; sign "+" writes both."""
    return f"{round(level_db, 1) + 0.0:{sign}.1f} dB".replace("-", MINUS)


def modes_table() -> str:
    """Every mode on three rigs at one effort cap."""
    rows = []
    for rig, words in RIGS.items():
        for mode, settings in MODES.items():
            if rig == "box2" and "robust" in mode:
                continue  # two drivers have nothing left to spend on poses
            sides = designed(rig, (*settings, f"effort_cap_db={CAP_DB}")).sides
            f = side_figures(sides)
            level = max(pink_level_db(sides.at(ear, pink_frequencies())) for ear in (0, 1))
            cells = [words, mode, decibels(f.sep_mean_db), decibels(f.worst_pose_db)]
            if "virtual" in mode:
                poses = over_poses(sides)
                cells += [
                    f"{f.ild_error_db:.1f} dB, {f.itd_error_us:.0f} µs",
                    f"{poses.ild_error_db.max():.1f} dB, {poses.itd_error_us.max():.0f} µs",
                ]
            else:
                cells += ["", ""]
            rows.append([*cells, f"{f.timbre_db:.2f} dB", decibels(f.effort_db), decibels(level, "+")])
            print("  ".join(rows[-1]))
    head = ("rig", "mode", "separation", "worst of 27 poses", "pair off", "at the worst pose", "timbre", "effort", "level")
    return table(head, rows)


def physics_table() -> str:
    """Effort that a virtual pair at +-30 degrees, and a silent far ear, take from a pair at some angle, by frequency."""
    rows = []
    for angle in ANGLES_DEG:
        aside = 2 * np.sin(np.deg2rad(angle))
        ahead = 2 - 2 * np.cos(np.deg2rad(angle))
        drivers = "".join(
            f'[[driver]]\nname = "{name}"\nchannel = {i + 1}\nposition_m = {{ front = {ahead}, left = {sign * aside} }}\n'
            for i, (name, sign) in enumerate((("left", 1), ("right", -1)))
        )
        rig_file = rig_from_text(f'format = 1\nname = "pair"\n[listener]\ndistance_m = 2.0\n{drivers}', "pair")
        freqs = np.array(BANDS_HZ, float)
        side = design_side(rig_file, 0, freqs)
        leaks = side.d * wished_pair(rig_file.scene, "sphere_exact", freqs), 0 * side.d
        pair, null = (np.maximum(effort_for(side, leak, np.ones((len(freqs), 2))), 0) for leak in leaks)
        rows.append([f"±{angle:g}°, {200 * aside:.0f} cm apart", *(f"{p:.0f} / {n:.0f} dB" for p, n in zip(pair, null, strict=True))])
        print("  ".join(rows[-1]))
    return table(("pair 2 m away", *(f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz} Hz" for hz in BANDS_HZ)), rows)


def trade_table() -> str:
    """What an effort cap buys on the narrow pair."""
    rows = [
        [
            f"{row.cap_db:g} dB",
            f"{row.itd_error_us:.0f} µs",
            f"{row.itd_p90_us:.0f} µs",
            decibels(row.ild_error_db),
            decibels(row.level_db, "+"),
            decibels(row.null_db),
        ]
        for row in trade(spatial.load_rig("box2"))
    ]
    return table(("effort cap", "ITD off, nominal", "P90", "ILD off", "level", "null, worst third octave"), rows)


def methods_table() -> str:
    """Published methods beside the virtual pair on the narrow pair, and beside the robust null on the bar."""
    rows = []
    for rig, settings in (("box2", ()), ("bar8", ("mode=null", "robust=true"))):
        sides = designed(rig, settings).sides
        for row in compare(sides, sides.methods()):
            f, virtual = row.figures, sides.rig_file.design.crosstalk.mode == "virtual"
            cues = f"{f.ild_error_db:.1f} dB, {f.itd_error_us:.0f} µs" if virtual else ""
            separation = "" if virtual else f"{min(f.sep_mean_db, 80):.1f} dB, {f.worst_pose_db:.1f} dB"
            costs = [decibels(f.timbre_db), decibels(f.effort_db), decibels(row.level_db, "+")]
            name = f"**{row.name}**" if row.name == THIS_BANK else row.name
            rows.append([rig, name, cues, separation, *costs])
            print("  ".join(rows[-1]))
    return table(("rig", "method", "pair off", "separation: nominal, worst pose", "timbre", "effort", "level"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "modes": modes_table,
    "physics": physics_table,
    "trade": trade_table,
    "methods": methods_table,
}


def draw(folder: Path) -> None:
    """The page's pictures, for light and dark pages."""
    for name, (rig, settings, kind) in PICTURES.items():
        study, command = designed(rig, settings), f"examples/{Path(__file__).name}: {rig} {' '.join(settings)}".strip()
        for theme_name, theme in THEMES.items():
            path = folder / f"cancellation-{name}-{theme_name}.png"
            path.write_bytes(figure_bytes(bank_figure(kind, study, theme, command), theme, dpi=DPI))
            print(f"{path.name}  {path.stat().st_size / 1000:.0f} kB")


def main(page: Path) -> None:
    folder = page.parent / "pictures"
    folder.mkdir(exist_ok=True)
    draw(folder)
    page.write_text(filled(page.read_text(encoding="utf-8"), TABLES), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
