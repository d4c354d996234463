"""``spatial plot``: what a bank does, as a picture."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatial.base.whole_files import atomic_file, check_destination
from spatial.cli.banks import add_bank_and_rig, command_line, study_of_arguments
from spatial.cli.common import add_command, picture, picture_format, tell
from spatial.cli.stopping import stop_cleanly


class PictureKinds:
    """The kinds of picture, as choices that are looked up when they are needed: the catalogue takes a while to load."""

    def __iter__(self) -> Iterator[str]:
        from spatial.catalogue.pictures import PICTURES

        return iter([picture.kind for picture in PICTURES])

    def __contains__(self, kind: object) -> bool:
        return kind in list(self)


class KindsInHelp(argparse.HelpFormatter):
    """Lists the kinds where help is printed, and loads the catalogue for that alone."""

    def add_argument(self, action: argparse.Action) -> None:
        """An option's lines."""
        if action.dest == "kind":
            action.metavar = "{" + ",".join(PictureKinds()) + "}"
        super().add_argument(action)


def add_commands(commands: Any) -> None:
    """``plot``."""
    plot = add_command(commands, "plot", "draw what a bank does", run_plot, writes=True)
    plot.formatter_class = KindsInHelp
    add_bank_and_rig(plot)
    plot.add_argument(
        "-k",
        "--kind",
        choices=PictureKinds(),
        required=True,
        metavar="KIND",
        help="width: headphones; filters: any; the others: loudspeakers",
    )
    plot.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="picture: .png, .svg or .pdf")
    plot.add_argument("--dark", action="store_true", help="light lines on a dark ground")


def run_plot(args: argparse.Namespace) -> None:
    """One picture."""
    file_format = picture_format(args.output)
    check_destination(args.output, force=args.force, inputs=(args.bank,))
    study = study_of_arguments(args)
    from spatial.catalogue.pictures import bank_figure
    from spatial.plots.style import DARK, LIGHT

    theme = DARK if args.dark else LIGHT
    content = picture(bank_figure(args.kind, study, theme, command_line(args, "--kind", args.kind)), theme, file_format)
    with stop_cleanly(), atomic_file(args.output) as file:
        file.write(content)
    tell(f"{args.output}  {args.kind} of {study.rig_file.rig.name}")
