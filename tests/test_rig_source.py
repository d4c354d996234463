"""Bytes and text of a rig file: encodings, lines of keys, and texts made to be slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_texts import BALL, changed

from spatial.base.errors import UsageError
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.source import decode, lines_of_keys, parse

KITCHEN = changed(BALL, '"field case"', '"Küche"')
BOM = b"\xef\xbb\xbf"


# --------------------------------------------------------------------------------- case 16: a rig as editors write it


@pytest.mark.parametrize(
    "content",
    [
        BOM + KITCHEN.encode(),
        KITCHEN.replace("\n", "\r\n").encode(),
        BOM + KITCHEN.replace("\n", "\r\n").encode(),
        KITCHEN.replace("distance_m = 2.0", "distance_m\t=\t2.0\t#\tto the head").encode(),
    ],
    ids=["byte order mark", "CRLF", "both", "tabs and a comment"],
)
def test_editors_do_not_change_the_rig(tmp_path, content):
    (tmp_path / "plain.toml").write_bytes(KITCHEN.encode())
    (tmp_path / "edited.toml").write_bytes(content)
    plain, edited = load_rig(tmp_path / "plain.toml"), load_rig(tmp_path / "edited.toml")
    assert (plain.rig, plain.scene, plain.design) == (edited.rig, edited.scene, edited.design)
    assert plain.rig.name == "Küche"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (KITCHEN.encode("utf-16"), "UTF-16"),
        (KITCHEN.encode("utf-16-le"), "UTF-16"),
        (KITCHEN.encode("utf-16-be"), "UTF-16"),
        (KITCHEN.encode("utf-32"), "UTF-32"),
        (KITCHEN.encode("latin-1"), "Latin-1"),
        (KITCHEN.replace("ü", "€").encode("cp1252"), "Windows-1252"),
    ],
)
def test_other_encodings_are_refused_by_name(tmp_path, content, encoding):
    (tmp_path / "rig.toml").write_bytes(content)
    with pytest.raises(UsageError) as error:
        load_rig(tmp_path / "rig.toml")
    assert encoding in str(error.value) and "save as UTF-8" in str(error.value)


def test_the_byte_that_is_not_utf8_is_named():
    with pytest.raises(UsageError, match=r"^x: byte FC in line 2 is not UTF-8, the encoding looks like Latin-1; save as UTF-8$"):
        decode(KITCHEN.encode("latin-1"), "x")


# ------------------------------------------------------------------------------------------------------ lines of keys

LINES = """\
# a comment with [brackets] and a = 1
format = 1
name = "x # = [" # ]
"quoted key" = \"\"\"
inner = 3
\"\"\" # behind

[listener]
a.b = [ 1, # one
  2,
  [3, 4],
]
d = { e = 1, f = { g = 'a}' } }
[[driver]]
name = "l"
[driver.position_m]
left = 1
[[driver]]
name = '''
q'''
position_m = { front = 1979-05-27 07:32:00, left = 2 }
"""


def test_lines_are_found_in_every_kind_of_value():
    lines = lines_of_keys(LINES)
    told = {
        ("format",): 2,
        ("name",): 3,
        ("quoted key",): 4,
        ("listener",): 8,
        ("listener", "a"): 9,
        ("listener", "a", "b"): 9,
        ("listener", "a", "b", 1): 10,
        ("listener", "a", "b", 2, 1): 11,
        ("listener", "d"): 13,
        ("listener", "d", "f", "g"): 13,
        ("driver", 0): 14,
        ("driver", 0, "name"): 15,
        ("driver", 0, "position_m", "left"): 17,
        ("driver", 1): 18,
        ("driver", 1, "name"): 19,
        ("driver", 1, "position_m", "left"): 21,
    }
    assert {path: lines.get(path) for path in told} == told
    assert ("inner",) not in lines


names = st.sampled_from(["alpha", "beta_m", "gamma-2", '"with space"', "'x.y'", '""'])
scalars = st.sampled_from(["1", "-2.5e3", "true", '"a # [ b"', "'c = 1'", "1979-05-27", '"""\nx = 1\n"""', "'''\n[y]\n'''"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(lambda entries: "[\n" + ",\n".join(entries) + "]") | inner.map("{{ z = {} }}".format),
    max_leaves=6,
)


@given(st.lists(st.tuples(names, values, st.sampled_from(["", " # c = [", "\n", "\n# [x]"])), max_size=8, unique_by=lambda row: row[0]))
def test_keys_of_any_text_are_found_where_they_were_written(rows):
    """Truth: the writer counts its own lines."""
    text, expected = "", {}
    for key, value, behind in rows:
        expected[(parse(f"{key} = 0", "").popitem()[0],)] = text.count("\n") + 1
        text += f"{key} = {value}{behind}\n"
    parse(text, "")
    found = lines_of_keys(text)
    assert {path: line for path, line in found.items() if len(path) == 1} == expected


# --------------------------------------------------------------------------------------------- texts made to be slow


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a." * 20000 + "a = 1", "line 1  a key of more than 16 parts"),
        ("\n[" + "a." * 20000 + "a]", "line 2  a key of more than 16 parts"),
        ("x = { " + "a ." * 20000 + "a = 1 }", "line 1  a key of more than 16 parts"),
        ("x = " + "[" * 90000, "nested too deeply"),
        ("x = " + "{a=" * 50000, "nested too deeply"),
        ("x = " + "9" * 5000, "a number has too many digits"),
        ("channel = 0x" + "f" * 200000, "channel is not a key"),
        ("\n".join(f"[[driver]]\nnme = {i}" for i in range(9000)), "9000 drivers; at most 64 are read"),
        ("\n".join(f"key{i} = {i}" for i in range(15000)), "... and 14"),
        ("a" * 200000 + " = 1", "is not a key"),
        (f'name = "{"x" * 200000}"', "format is missing"),
        ("#" + "x" * 256 * 1024, "more than 256 KB"),
    ],
)
def test_hostile_texts_are_refused_in_reasonable_time(text, complaint):
    start = time.process_time()
    with pytest.raises(UsageError) as error:
        rig_from_text(text, "rig")
    assert complaint in str(error.value)
    assert len(str(error.value)) < 20000
    assert time.process_time() - start < 3


def test_a_syntax_error_has_its_line():
    with pytest.raises(UsageError, match=r"^mine.toml: 1 error\n  line 5  column 15: .+"):
        rig_from_text(changed(BALL, "distance_m = 2.0", "distance_m = 2,0"), "mine.toml")


def test_a_text_that_ends_within_a_line_names_the_last_line():
    with pytest.raises(UsageError, match="  line 14  Unterminated string"):
        rig_from_text(BALL[: BALL.index("azimuth_deg = 0.0") + 14] + '"x', "mine.toml")
