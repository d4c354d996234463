"""What the benchmarks share: building the programs of peers/, running them in turn, and tables for README.md."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
CORE = HERE.parent / "csrc"
PEERS = HERE / "peers"
CORE_FLAGS = ("-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-Wno-psabi")  # as in CMakeLists.txt


class Programs:
    """Programs built into a folder that goes away at the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="spatial-bench-")
        self.folder = Path(self._folder.name)

    def core_peer(self) -> Path:
        """The core behind the harness, built as the package builds it."""
        sources = [PEERS / "harness.c", PEERS / "peer_spatial.c", *sorted(CORE.glob("*.c"))]
        return self._build("spatial", ["cc", *CORE_FLAGS, f"-I{CORE}", f"-I{PEERS}", *sources, "-lm"])

    def zita_peer(self) -> Path | None:
        """libzita-convolver behind the harness; None where it is not installed."""
        harness = self.folder / "harness.o"
        try:
            subprocess.run(["cc", "-O3", "-c", f"-I{PEERS}", PEERS / "harness.c", "-o", harness], check=True, capture_output=True)
            libraries = ("-lzita-convolver", "-lfftw3f", "-lpthread", "-lm")
            return self._build("zita", ["c++", "-O3", f"-I{PEERS}", PEERS / "peer_zita.cc", harness, *libraries])
        except (OSError, subprocess.CalledProcessError):
            return None

    def roofline(self) -> Path:
        """Measures what the processor can do at most."""
        return self._build("roofline", ["cc", "-O3", "-ffp-contract=fast", PEERS / "roofline.c", "-lm"])

    def _build(self, name: str, command: Sequence[object]) -> Path:
        program = self.folder / name
        subprocess.run([*map(str, command), "-o", str(program)], check=True, capture_output=True)
        return program


def output_of(command: Iterable[object]) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout


def instructions(command: Sequence[object]) -> int | None:
    """Instructions that a command executes in user space, all threads; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        counted = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *map(str, command)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    match = re.search(r"Collected : (\d+)", counted.stderr)
    return int(match[1]) if match else None


def block_costs(program: Path, arguments: Sequence[object], n_blocks: int) -> list[int]:
    """Instructions of each of the first calls of ``peer_process``, one by one."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--dump-after=peer_process",
             *map(str, [program, *arguments, n_blocks, 0])],
            check=True, capture_output=True,
        )  # fmt: skip
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE) for dump in dumps]
    return [int(total[1]) for total in totals if total][:n_blocks]


def in_turn(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Runs all, round after round, so that what slows the machine slows all of them."""
    results: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            results[name].append(run())
    return results


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Processor and system in a few words."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        fields = dict(re.findall(r"^(model name|cpu family)\s*:\s*(.+)$", text, re.MULTILINE))
        model = f"{fields.get('model name', model)}, family {fields.get('cpu family', '?')}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def publish(name: str, text: str, write: bool) -> None:
    """Print a result; with write it also takes its place in README.md, between the marks that carry its name."""
    command = f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".strip()
    text = f"{text}\n\n{machine()}. Made by `{command}`."
    print(text)
    if write:
        readme = HERE / "README.md"
        marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
        readme.write_text(marks.sub(lambda match: match[1] + text + match[2], readme.read_text()))
