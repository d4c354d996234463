"""The tables and the picture of docs/beam.md: computed, printed, and put between their marks.

python examples/beam_page.py [PAGE]
"""

import sys
from pathlib import Path

import numpy as np
from page_tables import filled, table

import spatial
from spatial.analysis.beam_figures import beam_figures, simple_beam_figures
from spatial.analysis.room import room_figures
from spatial.analysis.seat import seat_figures
from spatial.catalogue.design_table import plays_reference_alone
from spatial.catalogue.figures import study_of
from spatial.catalogue.pictures import bank_figure
from spatial.design.beamformer import beam_weights
from spatial.design.simple_beams import simple_beams
from spatial.plots.style import MINUS, THEMES, figure_bytes
from spatial.rig.model import Room

PAGE = Path(__file__).parents[1] / "docs" / "beam.md"
RIGS = ("ball3", "ring7", "ball_two_tier", "cylinder4", "ball3_woofer", "wall4", "bar8")
PRESETS = ("null", "room", "power_ratio", "constant")
SIMPLER = {"reference": "reference alone", "all_equal": "all in phase", "static_matrix": "static matrix", "lcmv": "LCMV, ±90°"}
ROOMS = (((5.2, 4.1, 2.5), 0.45), ((4.2, 3.4, 2.5), 0.35), ((7.5, 5.5, 2.7), 0.6))
MOVED = ((0.0, 0.0, 0.0), (0.4, -0.4, 0.2), (0.2, 0.5, -0.1), (0.6, 0.2, 0.3))
LISTENER = np.array([2.5, 0.0, 0.0])
DPI = 90


def number(value: float | None, digits: int = 1) -> str:
    """A number with a true minus; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def rigs_table() -> str:
    """Every rig under every preset, in its taps: at the seat, and where the figures of a beam are taken."""
    rows = []
    for name in RIGS:
        for preset in PRESETS:
            rig_file = spatial.load_rig(name, [f"design.beam.preset={preset}"])
            bank = spatial.compute_filters(rig_file)
            study = study_of(bank, rig_file)
            f, at_seat = beam_figures(study), seat_figures(study)
            alone = " (reference)" if preset != "reference" and plays_reference_alone(bank, rig_file) else ""
            seat = [number(x) for x in (at_seat.side_db, at_seat.droop45_db)]
            around = [number(x) for x in (f.side_db, f.p10_db, f.droop45_db, f.rear_db, f.di_db, f.effort_db)]
            rows.append([f"`{name}`", f"`{preset}`{alone}", *seat, number(at_seat.prering_db, 0), *around])
            print("  ".join(rows[-1]), flush=True)
    head = ("seat: sides, dB", "lowest within ±45°", "pre-echo", "around: sides", "P10", "lowest within ±45°", "rear", "DI", "effort")
    return table(("rig", "preset", *head), rows)


def simpler_table() -> str:
    """Side rejection, lowest and highest level in the window, of what is simpler."""
    rows = []
    for name in RIGS:
        rig_file = spatial.load_rig(name)
        found = simple_beam_figures(study_of(spatial.compute_filters(rig_file), rig_file))
        cells = [f"{number(f.side_db)} ({number(f.droop45_db)} … {f.peak45_db:+.1f})" for f in (found[key] for key in SIMPLER)]
        rows.append([f"`{name}`", *cells])
        print("  ".join(rows[-1]), flush=True)
    return table(("sides, dB (window)", *SIMPLER.values()), rows)


def rooms_table() -> str:
    """Direct to reverberant ratio of reference, in-phase mix and the beam of preset room."""
    rows = []
    for name in ("ball3", "ring7", "ball_two_tier"):
        rig_file = spatial.load_rig(name, ["design.beam.preset=room"])
        simpler = simple_beams(rig_file)
        ways = {
            "reference": simpler["reference"],
            "equal": simpler["all_equal"],
            "beam": lambda f, rig_file=rig_file: beam_weights(rig_file, f),
        }
        found = {way: [] for way in ways}
        for size, rt60 in ROOMS:
            for moved in MOVED:
                room = Room(size, rt60, (0.4 + moved[0], size[1] / 2 + moved[1], 0.9 + moved[2]))
                for way, weights in ways.items():
                    found[way].append(room_figures(rig_file, weights, room, LISTENER))
        drr = {way: float(np.mean([f.drr_db for f in figures])) for way, figures in found.items()}
        critical = {way: float(np.mean([f.critical_distance_m for f in figures])) for way, figures in found.items()}
        iacc = {way: float(np.mean([f.iacc for f in figures])) for way, figures in found.items()}
        rows.append(
            [
                f"`{name}`",
                *(number(drr[way]) for way in ways),
                f"{drr['beam'] - drr['equal']:+.1f}",
                f"{critical['equal']:.2f} m, {critical['beam']:.2f} m",
                f"{iacc['equal']:.2f}, {iacc['beam']:.2f}",
            ]
        )
        print("  ".join(rows[-1]), flush=True)
    head = ("direct over the rest, dB", "reference alone", "all in phase", "beam", "gained", "critical distance", "likeness of the ears")
    return table(head, rows)


TABLES = {"rigs": rigs_table, "simpler": simpler_table, "rooms": rooms_table}


def main(page: Path) -> None:
    page.write_text(filled(page.read_text(encoding="utf-8"), TABLES), encoding="utf-8")
    rig_file = spatial.load_rig("ring7")
    study = study_of(spatial.compute_filters(rig_file), rig_file)
    for name, theme in THEMES.items():
        path = page.parent / "pictures" / f"ring7-directivity-{name}.png"
        path.write_bytes(figure_bytes(bank_figure("directivity", study, theme, "python examples/beam_page.py"), theme, dpi=DPI))
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
