"""``spatial bench``: what this machine does for a bank."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.base.errors import UsageError
from spatial.base.units import REFERENCE_FS
from spatial.cli.common import add_command, print_json, tell
from spatial.cli.progress import ProgressBar
from spatial.cli.rig_words import add_set_option
from spatial.cli.stopping import stop_cleanly

if TYPE_CHECKING:
    from spatial.bank.matrix import FilterMatrix
    from spatial.dsp.chain import Latency
    from spatial.session.timing import BankTime, BlockTime

BLOCKS = (32, 64, 128, 256, 512, 1024)
DEFAULT_RIG = "ball3"
MOST_SECONDS = 60.0


def add_commands(commands: Any) -> None:
    """``bench``."""
    bench = add_command(commands, "bench", "what a bank costs on this machine, block by block", run_bench, json_output=True)
    source = bench.add_mutually_exclusive_group()
    source.add_argument("-r", "--rig", metavar="RIG", help=f"rig file or shipped rig, designed for the purpose ({DEFAULT_RIG})")
    source.add_argument("-b", "--bank", metavar="BANK", help="filters that `spatial design` made")
    add_set_option(bench)
    bench.add_argument("--fs", metavar="HZ", type=int, default=REFERENCE_FS, help=f"sample rate that a rig is designed at ({REFERENCE_FS})")
    blocks = ", ".join(map(str, BLOCKS))
    bench.add_argument(
        "-B", "--block", type=int, action="append", metavar="N", help=f"plan block, a power of two; may be repeated ({blocks})"
    )
    bench.add_argument("--seconds", type=float, default=1.0, metavar="X", help="to be spent on each block, 0.1 to 60 (1)")


def run_bench(args: argparse.Namespace) -> None:
    """Measure, and print a table or JSON."""
    from spatial.dsp.backends import describe_engine
    from spatial.session.options import chain_of
    from spatial.session.timing import time_bank

    if args.overrides and args.bank:
        raise UsageError("--set varies a rig; a bank is designed already")
    if not 0.1 <= args.seconds <= MOST_SECONDS:
        raise UsageError(f"--seconds {args.seconds:g}: must be 0.1 to {MOST_SECONDS:g}")
    with stop_cleanly():
        bank = bank_of(args)
        latency = chain_of(bank).latency
        blocks = args.block or BLOCKS
        times = []
        with ProgressBar("measuring") as bar:
            for done, block in enumerate(blocks):
                bar.show(done / len(blocks), f"block {block}")
                times.append(time_bank(bank, block, args.seconds))
    engine = describe_engine()
    if args.json:
        print_json(figures(bank, engine, latency, times))
    else:
        tell("\n".join(table(bank, engine, latency, times)))


def bank_of(args: argparse.Namespace) -> FilterMatrix:
    """The bank that was named, or that of a rig."""
    from spatial.bank.matrix import FilterMatrix

    if args.bank:
        return FilterMatrix.load(args.bank)
    from spatial.design.filter_bank import compute_filters
    from spatial.rig.load import load_rig

    rig = args.rig or DEFAULT_RIG
    rig_file = load_rig(rig, args.overrides)
    with ProgressBar(f"designing {Path(rig).stem} at {args.fs} Hz") as bar:
        return compute_filters(rig_file, fs=args.fs, progress=lambda stage: bar.show(None, stage))


def figures(bank: FilterMatrix, engine: str, latency: Latency, times: list[BankTime]) -> dict[str, Any]:
    """What was measured, as JSON values.

    Parameters
    ----------
    bank : FilterMatrix
    engine : str
    latency : Latency
        Of the chain.
    times : list of BankTime
        One a block.
    """
    return {
        "engine": engine,
        "fs": bank.fs,
        "drivers": len(bank.driver_names),
        "inputs": len(bank.input_names),
        "taps": bank.n_taps,
        "upmix": bank.recipe.upmix,
        "latency_samples": {"bank": latency.bank, "upmix": latency.upmix, "limiter": latency.limiter},
        "blocks": [asdict(row) for row in times],
    }


def table(bank: FilterMatrix, engine: str, latency: Latency, times: list[BankTime]) -> list[str]:
    """What was measured, in lines for people.

    Parameters
    ----------
    bank : FilterMatrix
    engine : str
    latency : Latency
        Of the chain.
    times : list of BankTime
        One a block.
    """

    def ms(frames: int) -> str:
        return f"{1e3 * frames / bank.fs:.1f} ms"

    def cells(part: BlockTime) -> str:
        return f"{part.block_us:>10.2f}{part.worst_us:>8.2f}{part.core_percent:>8.3f}%{part.times_real_time:>9.0f}"

    inputs = len(bank.input_names)
    columns = f"{'us/block':>10}{'worst':>8}{'core':>9}{'x real':>9}"
    lines = [
        f"{len(bank.driver_names)} drivers x {inputs} inputs x {bank.n_taps} taps at {bank.fs} Hz, engine {engine}, one core",
        "",
        f"{'':>6}{'filters alone':>36}  {f'with upmix ({bank.recipe.upmix}) and limiter':>36}",
        f"{'block':>6}{columns}  {columns}  partitions",
    ]
    for row in times:
        lines.append(f"{row.block:>6}{cells(row.convolution)}  {cells(row.chain)}  {', '.join(map(str, row.partitions))}")
    return [
        *lines,
        "",
        f"latency: filters {ms(latency.bank)}, upmix {ms(latency.upmix)}, limiter {ms(latency.limiter)}; playback adds a block, or nothing "
        "where the host's block is a known multiple of it",
        *(
            f"new filters at block {row.block}: ready in {row.swap_ready_ms:.2f} ms, begin to sound {row.swap_begin_ms[0]:.1f} to "
            f"{row.swap_begin_ms[1]:.1f} ms later, cross-fade {row.swap_fade_ms:.1f} ms"
            for row in times
            if row.block == 128 or len(times) == 1
        ),
    ]
