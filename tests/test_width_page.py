"""docs/width.md has what examples/width_page.py makes, and its Python runs."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

TREE = Path(__file__).resolve().parents[1]
PAGE = (TREE / "docs" / "width.md").read_text(encoding="utf-8")


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(TREE / "examples"))
    return import_module("width_page")


def test_the_tables_are_those_of_the_script(script):
    assert re.findall(r"<!-- (\w+) -->", PAGE) == list(script.TABLES)
    kept = {name: re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", PAGE, re.DOTALL)[1] for name in script.TABLES}
    assert script.filled(PAGE, {name: lambda text=text: text for name, text in kept.items()}) == PAGE
    for name, make in script.TABLES.items():
        told, made = (np.array([float(x) for x in re.findall(r"\d+\.\d+", text)]) for text in (kept[name], make()))
        assert np.allclose(told, made, atol=0.11), name
        assert len(made) > 10 or name == "balance"


def test_the_pictures_are_there():
    named = re.findall(r"pictures/(\S+\.png)", PAGE)
    assert len(set(named)) == 2
    for name in named:
        assert (TREE / "docs" / "pictures" / name).exists()


def test_every_model_of_the_format_is_on_the_page():
    from spatial.rig.model import WidthSpec, keys

    for model in keys(WidthSpec)["model"].choices:
        assert f"| `{model}` |" in PAGE


def test_the_sections_that_the_page_shows_are_filters():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names = {}
    exec(compile(code, "docs/width.md", "exec"), names)
    assert names["pair"].sos("ipsi").shape[1] == names["pair"].sos("contra").shape[1] == 6
    assert np.all(np.abs(names["pair"].poles()) < 1)
