"""The judge of ../shared/acceptance on the banks of the shipped rigs: physics that shares no code with this package.

Needs the folder that SPATIAL_SHARED names, else ../shared beside the repository; the same figures are tested on this package's own
physics in test_design.py, which always runs.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spatial.rig.layouts import shipped_rigs

SHARED = Path(os.environ.get("SPATIAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
JUDGE = SHARED / "acceptance" / "judge.py"


@pytest.mark.skipif(
    not JUDGE.exists(),
    reason=f"needs a script from outside this repository, {JUDGE}, which is not there; SPATIAL_SHARED names its folder",
)
@pytest.mark.parametrize(
    "name",
    [
        "headphones",
        "stereo_pair",
        "box2",
        "ball3",
        "bar8",
        "ring7",
        "wall4",
        "cylinder4",
        "ball_two_tier",
        "ball3_woofer",
        "laptop",
        "television",
    ],
)
def test_the_judge_finds_nothing_short(name):
    command = [sys.executable, JUDGE, "all", "--spatial", f"{sys.executable} -m spatial", shipped_rigs()[name]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    short = [line for line in done.stdout.splitlines() if line.endswith("short")]
    assert done.returncode in (0, 1), done.stderr
    assert not short, "\n".join(short)
    assert len(done.stdout.splitlines()) > 10
