"""Numbers that C and Python share stand in the core's header alone. Truth: the C compiler, and the text of both sides."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import spatial
from spatial.base.units import REFERENCE_FS
from spatial.dsp import constants, stages
from spatial.dsp.backends import engine_available
from spatial.io import audio_in

ROOT = Path(__file__).parent.parent
CORE = ROOT / "csrc"
PACKAGE = Path(spatial.__file__).parent


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_python_reads_what_the_compiler_reads(tmp_path):
    names = sorted(constants.definitions())
    rows = "\n".join(f'    tell("{name}", (double[]){{{name}}}, sizeof (double[]){{{name}}} / sizeof(double));' for name in names)
    tell = (
        'static void tell(const char *name, const double *v, int n) { printf("%s", name); while (n--) printf(" %.17g", *v++); puts(""); }'
    )
    source = tmp_path / "told.c"
    source.write_text(f'#include <stdio.h>\n#include "core.h"\n{tell}\nint main(void) {{\n{rows}\n    return 0;\n}}\n')
    subprocess.run(["cc", "-std=c11", f"-I{CORE}", str(source), "-o", str(tmp_path / "told")], check=True)
    told = subprocess.run([tmp_path / "told"], check=True, capture_output=True, text=True).stdout
    assert len(names) > 90
    for line in told.splitlines():
        name, *values = line.split()
        assert constants.reals(name) == tuple(map(float, values)), name


def test_every_definition_of_the_header_is_a_number():
    text = constants.header_path().read_text().replace("\\\n", " ")
    assert set(re.findall(r"^#define (\w+)", text, re.MULTILINE)) == set(constants.definitions())


@pytest.mark.skipif(not engine_available("c"), reason="the C core is not built")
def test_the_core_was_built_from_this_header():
    from spatial.dsp.core._core import lib

    whole = {name: int(text) for name, text in constants.definitions().items() if re.fullmatch(r"-?\d+", text)}
    assert len(whole) > 40
    assert whole == {name: getattr(lib, name) for name in whole}


def names_with_numbers(module):
    """Constants of a module whose values are written out in numbers."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and not any(isinstance(part, ast.Call | ast.Name | ast.Attribute) for part in ast.walk(node.value)):
            targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
            if any(isinstance(part, ast.Constant) and isinstance(part.value, int | float) for part in ast.walk(node.value)):
                yield from (target.id for target in targets)


def test_no_number_is_written_on_both_sides():
    """A constant of the twins with a number of its own must not bear the name of one in C."""
    in_c = {}
    for source in [*CORE.glob("*.c"), *CORE.glob("*.h"), constants.header_path()]:
        for name in re.findall(r"^#define (\w+) +\(?-?[\d.]", source.read_text(), re.MULTILINE):
            in_c[name.removeprefix("SP_")] = source.name
    twice = [
        f"{module.name}: {name}, and {in_c[c_name]}"
        for module in (PACKAGE / "dsp").rglob("*.py")
        for name in names_with_numbers(module)
        for c_name in in_c
        if name == c_name or c_name.endswith(f"_{name}")
    ]
    assert not twice


def test_rooms_below_the_core_agree_with_it():
    """``base`` and ``io`` stand below ``dsp`` and cannot read its header."""
    assert REFERENCE_FS == constants.whole("SP_REFERENCE_FS")
    assert audio_in.LARGEST_SAMPLE == stages.MAX_SAMPLE
