"""The tables and the picture of docs/width.md: computed, printed, and put between their marks.

python examples/width_page.py [PAGE]
"""

import sys
from pathlib import Path

import numpy as np
from page_tables import filled, table

import spatial
from spatial.acoustics.head import relative_response
from spatial.acoustics.hearing import band_average, erb_centres, erb_rate, erb_rate_hz
from spatial.analysis.width_pair import BAND_HZ, ITD_BELOW_HZ, WidthFigures, width_figures
from spatial.catalogue.figures import study_of
from spatial.plots.style import DASHES, MINUS, THEMES, Theme, decibel_axis, figure_bytes, frequency_axis, new_figure, themed
from spatial.rig.model import Medium
from spatial.targets.width.models import relative_hrtf

PAGE = Path(__file__).parents[1] / "docs" / "width.md"
MODELS = ("sphere_order5", "balanced", "human_order4", "closed_form", "sphere_exact")
ANGLE_DEG, DISTANCE_M, RADIUS_M, C = 30.0, 2.0, 0.0875, Medium().c
HEADS_M = (0.070, 0.0875, 0.095, 0.105)
EVERY_DEG = np.arange(0, 90.1, 1.25)
FREQS = erb_rate_hz(np.arange(float(erb_rate(20.0)), float(erb_rate(20000.0)), 1 / 20))
CENTRES = erb_centres(*BAND_HZ)
AVERAGE = band_average(FREQS, CENTRES)
DPI = 90


def headphones(*settings: str) -> WidthFigures:
    """Figures of the filters of the shipped headphones rig, with settings."""
    rig_file = spatial.load_rig("headphones", settings)
    return width_figures(study_of(spatial.compute_filters(rig_file), rig_file))


def models_table() -> str:
    """Every model on headphones, +-30 degrees, 2 m, without a common equaliser but for balanced."""
    rows = []
    for model in MODELS:
        f = headphones(f"design.width.model={model}")
        centre = f"{f.centre_less_hard_db:.1f} dB, least {f.centre_least_db:.1f} dB".replace("-", MINUS)
        rows.append([f"`{model}`", f"{f.ild_error_db:.2f} dB", f"{f.itd_low_error_us:.1f} µs", f"{f.itd_error_us:.1f} µs", centre])
        print("  ".join(rows[-1]))
    return table(("model", "ILD off the sphere", "ITD off, < 800 Hz", "ITD off, < 1.5 kHz", "centre less hard-panned"), rows)


def errors(angle_deg: float, radius_m: float) -> tuple[float, float, float]:
    """Of sphere_order5 against the series: ILD rms (dB), ITD rms and worst band (us)."""
    place = (angle_deg, DISTANCE_M, radius_m, C)
    g, truth = relative_hrtf("sphere_order5", FREQS, *place), relative_response(FREQS, *place)
    ild = 10 * np.log10((np.abs(g) ** 2 @ AVERAGE) / (np.abs(truth) ** 2 @ AVERAGE))
    itd = (np.angle((g * truth.conj()) @ AVERAGE) / (2 * np.pi * CENTRES) * 1e6)[CENTRES < ITD_BELOW_HZ]
    return float(np.sqrt(np.mean(ild**2))), float(np.sqrt(np.mean(itd**2))), float(np.abs(itd).max())


def angles_table() -> str:
    """sphere_order5 at every 1.25 degrees, on heads of several radii."""
    rows = []
    for radius in HEADS_M:
        found = np.array([errors(angle, radius) for angle in EVERY_DEG])
        to_60, beyond = found[EVERY_DEG <= 60, 0].max(), found[EVERY_DEG > 60, 0].max()
        at_30 = found[list(EVERY_DEG).index(30.0)]
        rows.append(
            [
                f"{1000 * radius:g} mm",
                f"{at_30[0]:.2f} dB, {at_30[1]:.1f} µs",
                f"{to_60:.2f} dB",
                f"{beyond:.2f} dB",
                f"{found[:, 1].max():.1f} µs",
                f"{found[:, 2].max():.1f} µs",
            ]
        )
        print("  ".join(rows[-1]))
    return table(("head radius", "30°", "ILD to 60°", "ILD to 90°", "ITD", "ITD, worst band"), rows)


def balance_table() -> str:
    """What rho does to the balanced pair."""
    rows = []
    for rho in (0, 0.5, 1):
        f = headphones(f"headphones.balance={rho}")
        rows.append([f"{rho:g}", f"{f.hard_flat_db:.3f} dB", f"{f.centre_flat_db:.3f} dB", f"{f.ild_error_db:.2f} dB"])
        print("  ".join(rows[-1]))
    return table(("`balance`", "hard-panned sound off flat", "phantom centre off flat", "ILD off the sphere"), rows)


TABLES = {"models": models_table, "angles": angles_table, "balance": balance_table}


def picture(theme: Theme) -> bytes:
    """Level and time difference of the models, and what a phantom centre suffers, at +-30 degrees."""
    lines = {"sphere_order5": theme.left, "balanced": theme.center, "human_order4": theme.right}
    f = np.geomspace(50, 20000, 600)
    place = (ANGLE_DEG, DISTANCE_M, RADIUS_M, C)
    curves = {name: relative_hrtf(name, f, *place) for name in lines}
    sphere = relative_response(f, *place)
    with themed(theme):
        caption = "Relative HRTF of a source 2 m away, 30° off the nose; head of 87.5 mm radius. python examples/width_page.py"
        figure = new_figure("What the far ear gets", caption, width_in=8.0, height_in=5.4)
        grid = figure.subplot_mosaic([["level", "time"], ["centre", "centre"]])
        drawn = [*curves.items(), ("sphere", sphere)]
        for name, g in drawn:
            style = {"color": lines.get(name, theme.ink), "linestyle": "-" if name in lines else DASHES, "label": name}
            style["linewidth"] = 1.7 if name in lines else 1.2
            grid["level"].plot(f, -20 * np.log10(np.abs(g)), **style)
            low = f <= ITD_BELOW_HZ
            grid["time"].plot(f[low], (-np.unwrap(np.angle(g)) / (2 * np.pi * f) * 1e6)[low], **style)
            grid["centre"].plot(f, 10 * np.log10(np.abs(1 + g) ** 2 / (1 + np.abs(g) ** 2)), **style)
        for name, top in (("level", 20000), ("time", 1500), ("centre", 20000)):
            frequency_axis(grid[name], 50, top)
        grid["level"].set_ylabel("level difference, ILD (dB)")
        grid["time"].set_ylabel("time difference, ITD (µs)")
        grid["time"].set_ylim(0, 500)
        grid["centre"].set_ylabel("centre less\nhard-panned (dB)")
        grid["centre"].set_ylim(-12, 4)
        decibel_axis(grid["centre"].yaxis, 4)
        grid["level"].legend(loc="upper left")
    return figure_bytes(figure, theme, dpi=DPI)


def main(page: Path) -> None:
    page.write_text(filled(page.read_text(encoding="utf-8"), TABLES), encoding="utf-8")
    for name, theme in THEMES.items():
        target = page.parent / "pictures" / f"width-models-{name}.png"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(picture(theme))
        print(f"{target}  {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
