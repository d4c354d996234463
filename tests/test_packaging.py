"""The package as a stranger gets it: sdist, wheel, an empty virtual environment, and machines that cannot build the core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import spatial
from spatial.dsp.backends import engine_available

ROOT = Path(__file__).parent.parent
RIGS = {path.name for path in (ROOT / "rigs").glob("*.toml")}

pytestmark = pytest.mark.slow
needs_core = pytest.mark.skipif(not engine_available("c"), reason="the C core is not built (needs gcc, libc6-dev and python3-dev)")


def clean_environment(**extra):
    """Without what the caller's tests are told about engines and builds, and without the caller's modules."""
    ours = ("SPATIAL_", "SKBUILD_", "CMAKE_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | extra


def build_wheel(source, folder, **environment):
    """One wheel by the installed build tools, without the network; CalledProcessError where the build fails."""
    command = [sys.executable, "-m", "pip", "wheel", str(source), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    command.append(f"--config-settings=build-dir={folder / 'build'}")
    subprocess.run(command, env=clean_environment(**environment), check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Installed:
    """A wheel alone in an environment of its own, which borrows only the dependencies of this one."""

    def __init__(self, wheel, folder):
        self.folder = folder
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.bin = folder / "venv" / "bin"
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install", "--no-deps", "--no-index", str(wheel)]
        subprocess.run(command, env=clean_environment(), check=True, capture_output=True, text=True)
        (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site_packages / "dependencies.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}))

    def run(self, program, *arguments, **environment):
        """A program of this environment, in an empty folder."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        return subprocess.run(
            [self.bin / program, *arguments], cwd=empty, env=clean_environment(**environment), capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The source distribution of this tree."""
    folder = tmp_path_factory.mktemp("sdist")
    program = f"from scikit_build_core.build import build_sdist; build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=clean_environment(), check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    return archive


@needs_core
def test_a_wheel_in_an_empty_folder(sdist, tmp_path):
    wheel = build_wheel(sdist, tmp_path, SPATIAL_REQUIRE_CORE="1")
    assert "-cp311-abi3-" in wheel.name
    files = zipfile.ZipFile(wheel).namelist()
    assert {Path(name).name for name in files if name.startswith("spatial/rigs/")} == RIGS
    assert {"spatial/py.typed", "spatial/dsp/include/spatial.h"} <= set(files)
    assert any(name.endswith("licenses/LICENSE") for name in files)

    installed = Installed(wheel, tmp_path)
    version = installed.run("spatial", "--version", SPATIAL_ENGINE="c")
    assert version.stdout.startswith(f"spatial {spatial.__version__}  engine c ("), version.stderr
    where = installed.run(
        "python", "-c", "import spatial, spatial.dsp.core._core as core; print(spatial.__file__, core.__file__, sep='\\n')"
    )
    assert where.returncode == 0 and all(line.startswith(str(tmp_path)) for line in where.stdout.splitlines()), where.stderr
    rigs = installed.run("spatial", "rigs")
    assert rigs.returncode == 0 and all(Path(name).stem in rigs.stdout for name in RIGS), rigs.stderr


@pytest.mark.parametrize(
    "machine",
    [
        pytest.param({"CC": shutil.which("false")}, id="broken compiler"),
        pytest.param({"CMAKE_ARGS": "-DPython_INCLUDE_DIR=/nonexistent"}, id="no Python headers"),
    ],
)
def test_where_the_core_cannot_be_built_the_package_installs_and_renders_without(sdist, tmp_path, machine):
    wheel = build_wheel(sdist, tmp_path, **machine)
    assert wheel.name.endswith("-py3-none-any.whl")

    installed = Installed(wheel, tmp_path)
    assert installed.run("spatial", "--version").stdout == f"spatial {spatial.__version__}  engine numba\n"
    convolve = "from spatial.dsp.make import make_convolver; print(make_convolver([[[0, 2]]], 16).process([[1] * 18])[0, -2:].round(3))"
    assert installed.run("python", "-c", convolve, SPATIAL_ENGINE="numpy").stdout == "[0. 2.]\n"

    forced = installed.run("spatial", "--version", SPATIAL_ENGINE="c")
    assert forced.returncode == 5
    assert forced.stderr.startswith("spatial: SPATIAL_ENGINE = c: the C core is not built")


def test_an_install_that_must_have_the_core_stops_without_it(sdist, tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        build_wheel(sdist, tmp_path, CC=shutil.which("false"), SPATIAL_REQUIRE_CORE="1")
    assert "C compiler" in stopped.value.stdout + stopped.value.stderr
