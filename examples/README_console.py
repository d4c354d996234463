"""What the README shows of the command line, from real runs: every ``$ spatial`` line of it is run, and its output put below it.

    python examples/README_console.py

The commands run one after the other in an empty folder, after ``spatial demo`` has made its music there; ``mine.toml`` is the shipped
ball with three slips.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from spatial.rig.layouts import shipped_rigs

README = Path(__file__).parents[1] / "README.md"
SLIPS = (
    ('name = "left"\nchannel = 2\nazimuth_deg = 90.0', 'name = "left"\nchannel = 2\nazimuth_deg = "90"'),
    ('azimuth_deg = "90"\ndiameter_m', 'azimuth_deg = "90"\ndiamter_m'),
    ('name = "right"\nchannel = 3', 'name = "right"\nchannel = 2'),
)


def filled(readme: str, run: Callable[[str], str]) -> str:
    """The text with the output of every command below it; run takes a command and gives what a terminal would show."""

    def fill(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "\n\n".join(f"{command}\n{run(command[2:])}" for command in commands) + "\n```"

    return re.sub(r"```console\n(.*?)```", fill, readme, flags=re.DOTALL)


def with_slips(text: str) -> str:
    """The ball without its comments, and with three slips."""
    lines = [re.sub(r"\s+#.*", "", line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    text = "\n".join(lines) + "\n"
    for right, wrong in SLIPS:
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    return text


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def run(command: str) -> str:
            words = [sys.executable, "-m", *shlex.split(command)]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
            print(f"{command}: exit {done.returncode}")
            return (done.stdout + done.stderr).rstrip()

        run("spatial demo")
        Path(folder, "mine.toml").write_text(with_slips(shipped_rigs()["ball3"].read_text()))
        README.write_text(filled(README.read_text(encoding="utf-8"), run), encoding="utf-8")


if __name__ == "__main__":
    main()
