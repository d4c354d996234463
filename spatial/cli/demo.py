"""``spatial demo``: the main job in one command, a folder with music, driver feeds, pictures and a report."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import OutputError
from spatial.base.whole_files import atomic_folder, refuse_standard_output
from spatial.cli.banks import study_with_chain
from spatial.cli.common import add_command, tell
from spatial.cli.design import STAGES, designed, heading, share_done, table
from spatial.cli.progress import ProgressBar
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.analysis.study import Study
    from spatial.bank.matrix import FilterMatrix
    from spatial.session.render_report import RenderReport

MARKER = ".spatial-demo"
"""Names the files that a demo made in its folder; a folder without it is somebody's own."""
ALL_STAGES = (*STAGES, "music", "render", "pictures", "report")
PICTURES = {"loudspeakers": ("beam", "cancellation"), "headphones": ("width",)}
FS = 48000


def add_commands(commands: Any) -> None:
    """``demo``."""
    demo = add_command(commands, "demo", "design a shipped rig, render music that is made on the spot, draw and report", run_demo)
    demo.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("demo"), help="its own folder, replaced by the next demo (demo)"
    )
    demo.add_argument("-r", "--rig", metavar="RIG", default="ball3", help="rig file or shipped rig (ball3)")


def run_demo(args: argparse.Namespace) -> None:
    """Everything into a folder beside, which takes the name when it is whole; then what was made."""
    from spatial.rig.load import load_rig

    started = time.perf_counter()
    refuse_folder(args.output)
    rig_file = load_rig(args.rig)
    name = Path(args.rig).stem
    command = f"spatial demo --rig {Path(args.rig).name}"
    with stop_cleanly(), new_folder(args.output) as folder, ProgressBar(f"demo of {name}") as bar:

        def progress(stage: str) -> None:
            bar.show(share_done(stage, ALL_STAGES), stage)

        bank, rows = designed(rig_file, FS, progress)
        bank.save(folder / "bank.npz")
        progress("music")
        write_scene(folder / "scene.wav")
        progress("render")
        rendered = render(folder, bank)
        progress("pictures")
        study = study_with_chain(bank, rig_file)
        pictures = draw(folder, study, command)
        progress("report")
        write_report(folder, study, command)
    lines = [heading(f'{name}  "{rig_file.rig.name}"', bank), *table(rows), "", f"{args.output}/", *made(bank, rendered, pictures)]
    tell("\n".join([*lines, f"made in {time.perf_counter() - started:.1f} s; open {args.output / 'report.html'}"]))


# ------------------------------------------------------------------------------------------------------------ folder


def refuse_folder(path: Path) -> None:
    """Nothing where the folder can be a demo's.

    Raises
    ------
    OutputError
        No folder, or one that holds something a demo did not make.
    """
    refuse_standard_output(path)
    if not path.resolve().parent.is_dir():
        raise OutputError(f"{path}: folder {path.resolve().parent} does not exist")
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path}: is a file; the demo wants a folder of its own (-o DIR)")
    there = {entry.name for entry in path.iterdir()}
    if there and MARKER not in there:
        raise OutputError(f"{path}: is not empty and not a demo's; the demo wants a folder of its own (-o DIR)")
    others = sorted(there - set((path / MARKER).read_text().split("\n")) - {MARKER}) if there else []
    if others:
        raise OutputError(f"{path}: holds {', '.join(others[:3])}, which no demo made and which would be lost; choose another -o DIR")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that takes the name ``path`` when it is whole, and says which files a demo made."""
    with atomic_folder(path) as folder:
        yield folder
        (folder / MARKER).write_text("\n".join(sorted(entry.name for entry in folder.iterdir())) + "\n")


# ----------------------------------------------------------------------------------------------------------- content


def write_scene(path: Path) -> None:
    """The music, stereo float."""
    from spatial.cli.demo_scene import demo_scene
    from spatial.io.audio_out import AudioWriter

    music = demo_scene(FS).astype("float32")
    with AudioWriter(path, FS, (0, 1), frames=len(music)) as writer:
        writer.write(music.T)


def render(folder: Path, bank: FilterMatrix) -> RenderReport:
    """What the drivers play.

    Parameters
    ----------
    folder : Path
        Has scene.wav; gets feeds.wav.
    bank : FilterMatrix
    """
    from spatial.session.offline import render_file

    return render_file(folder / "scene.wav", folder / "feeds.wav", bank)


def draw(folder: Path, study: Study, command: str) -> list[str]:
    """Plan view and what the design does; names of the files.

    Parameters
    ----------
    folder : Path
    study : Study
    command : str
        As it is shown in captions.
    """
    from spatial.catalogue.pictures import bank_figure, plan_picture
    from spatial.plots.style import LIGHT, figure_bytes

    rig_file = study.rig_file
    figures = {"plan": plan_picture(rig_file, command=command)}
    figures |= {kind: bank_figure(kind, study, LIGHT, command) for kind in PICTURES[rig_file.rig.kind]}
    for name, figure in figures.items():
        (folder / f"{name}.png").write_bytes(figure_bytes(figure, LIGHT))
    return [f"{name}.png" for name in figures]


def write_report(folder: Path, study: Study, command: str) -> None:
    """The page, with the pictures that ``spatial report`` has.

    Parameters
    ----------
    folder : Path
    study : Study
    command : str
        As it is shown in captions.
    """
    from spatial.report.page import report_page

    (folder / "report.html").write_bytes(report_page(study, command).encode())


def made(bank: FilterMatrix, rendered: RenderReport, pictures: list[str]) -> list[str]:
    """A line a file.

    Parameters
    ----------
    bank : FilterMatrix
    rendered : RenderReport
    pictures : list of str
        Names of the files.
    """
    seconds = rendered.input_frames / rendered.input_fs
    limited = f"limiter {100 * (rendered.limiter_share or 0.0):.1f} % of the time"
    lines = {
        "scene.wav": f"{seconds:.1f} s of music, stereo, {FS} Hz, made on the spot",
        "feeds.wav": f"one channel a driver: {', '.join(bank.driver_names)}; {limited}, {rendered.times_real_time:.0f} x real time",
        "bank.npz": "the filters",
        ", ".join(pictures): "pictures",
        "report.html": "all of it on one page",
    }
    width = max(map(len, lines))
    return [f"  {name:<{width}}   {what}" for name, what in lines.items()]
