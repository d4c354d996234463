"""The judge of ../shared/acceptance on banks of shipped rigs and of rigs as people have them; it shares no code with this package.

What these tests need, and say where it is missing: the judge, which lies outside this repository, in the folder that SPATIAL_SHARED
names, else ../shared beside the repository. Its upmix figures, which would need espeak-ng too, are asked for in test_upmix_figures.py. The
same figures are tested on this package's own physics in test_design.py, test_side_seat.py and test_beam_seat.py, which always run.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spatial.rig.layouts import shipped_rigs

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SPATIAL_SHARED", HERE.parents[2] / "shared"))
JUDGE = SHARED / "acceptance" / "judge.py"
OTHERS = sorted((HERE.parent / "rigs").glob("*.toml"))
"""A desk pair at 0.7 m, a phone, a car, woofers listed first, one tweeter, a cube, splayed and turned ones: no shipped rig is like them."""
SHORT = {
    # two pairs on a ball, no driver that faces the listener: window, even sound power and silent sides (10.3 dB) cannot be had together
    "splayed_four": {"side_db", "p10_db", "di_db", "power_step_db"},
}
"""What is short, and why; everything else holds."""
LINE = re.compile(r"\w+ .* (?P<figure>\w+) +\S+ +[<>]= \S+ +short")


@pytest.mark.skipif(
    not JUDGE.exists(), reason=f"needs the judge, which lies outside this repository: no {JUDGE}; name its folder in SPATIAL_SHARED"
)
@pytest.mark.parametrize("rig", [*shipped_rigs().values(), *OTHERS], ids=lambda rig: rig.stem)
def test_the_judge_finds_nothing_short(rig):
    command = [sys.executable, JUDGE, "all", "--spatial", f"{sys.executable} -m spatial", rig]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1), done.stderr
    lines = done.stdout.splitlines()
    short = {match["figure"] if (match := LINE.fullmatch(line)) else line for line in lines if line.endswith("short")}
    assert short == SHORT.get(rig.stem, set()), done.stdout
    assert len(lines) > 10 or "nothing to judge" in done.stdout or rig.stem == "headphones"


def test_lines_of_the_judge_are_read_from_both_ends():
    line = "seat Bar of eight null  seat_tone_db             17.2   <= 0.3   short"
    match = LINE.fullmatch(line)
    assert match and match["figure"] == "seat_tone_db"
    assert not LINE.fullmatch("design Bar of eight: spatial: unreadable   short")
