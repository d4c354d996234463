"""What a caller's Python hands in: numbers of every type, arrays that go on living, things that are something else."""

import decimal
import fractions
import threading
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import bank

import spatial
from spatial.bank import file as bank_file
from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.errors import InputError, OutputError, SpatialError, UsageError
from spatial.session.offline import render_file, upmix_file
from spatial.session.options import RenderOptions

TAPS = np.zeros((2, 2, 8))
TAPS[0, 0, 0] = TAPS[1, 1, 0] = 1
USUAL = dict(taps=TAPS, fs=48000, latency_samples=0, input_names=("left", "right"), driver_names=("a", "b"), channels=(1, 2))


def made(**changes):
    return FilterMatrix(**(USUAL | changes))


@settings(deadline=None)
@given(value=st.integers(1, 384000), kind=st.sampled_from([int, float, np.int64, np.uint32, np.float64, np.array, fractions.Fraction]))
def test_a_whole_number_of_any_type_is_the_same_rate(value, kind):
    assert made(fs=kind(value)).content_hash() == made(fs=value).content_hash()
    assert type(made(fs=kind(value)).fs) is int


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fs", np.array(48000.0, dtype=">f8")), ("fs", decimal.Decimal(48000)), ("fs", np.longdouble(48000)), ("fs", np.float16(8000)),
        ("latency_samples", np.uint8(3)), ("latency_samples", 3.0), ("headroom_gain_db", np.float32(-3)), ("headroom_gain_db", -3),
        ("channels", np.array([1, 2], ">i2")), ("channels", [1.0, 2.0]), ("channels", range(1, 3)),
        ("driver_names", np.array(["a", "b"])), ("driver_names", ["客厅", "ж"]),
        ("figures", {"a": np.float32(1), "b": np.arange(3), "c": [np.int64(4), np.True_]}),
        ("taps", TAPS.astype(">f4")), ("taps", np.asfortranarray(TAPS)), ("taps", TAPS[::-1]), ("taps", TAPS.tolist()),
        ("taps", TAPS.astype(int)),
    ],
)  # fmt: skip
def test_values_of_numpy_and_arithmetic_are_taken_and_come_back_from_a_file(tmp_path, name, value):
    made(**{name: value}).save(tmp_path / "bank.npz")
    assert FilterMatrix.load(tmp_path / "bank.npz").content_hash() == made(**{name: value}).content_hash()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("fs", value) for value in (0, -5, True, np.True_, 48000.5, np.nan, np.inf, 48000 + 0j, "48000", None, [48000], 10**400)),
        *(("fs", value) for value in (np.array([48000]), np.timedelta64(5, "s"), object())),
        ("latency_samples", -7), ("latency_samples", 3.5), ("headroom_gain_db", np.nan), ("headroom_gain_db", True),
        ("headroom_gain_db", "0"),
        *(("channels", value) for value in ((1, 70000), (1, 1), (0, 1), (1,), (True, 2), (1.5, 2), "12", {1, 2}, None)),
        *(("driver_names", value) for value in (("a", "a"), "ab", ("a", 1), ("a", ""), ("a", "\udce4"), ("a", "b\n"), {"a", "b"})),
        *(("taps", value) for value in (TAPS.astype(complex), TAPS > 0, TAPS.astype(str), TAPS.astype(object), TAPS * np.nan, TAPS[0])),
        *(("taps", value) for value in (TAPS[:, :, :0], None, "taps", [[1, 2], [3]], np.ma.array(TAPS, mask=True))),
        ("taps", np.full((2, 2, 8), np.longdouble("1e4000"))),
        *(("figures", value) for value in ({"a": np.nan}, {"a": object()}, [1], {"a": "\ud800"})),
        ("recipe", None), ("recipe", "matrix"), ("recipe", RenderRecipe("pro-logic")), ("rig_text", b"x"), ("rig_text", "\ud800"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_when_the_bank_is_made(name, value):
    with pytest.raises(UsageError, match=name.removesuffix("s") if name == "taps" else name):
        made(**{name: value})


def test_the_callers_arrays_stay_writeable_and_no_later_write_reaches_a_bank():
    own, base, figures, channels = TAPS.copy(), TAPS.copy(), {"reached": [1]}, [1, 2]
    one, other = made(taps=own, figures=figures, channels=channels), made(taps=base[:])
    before = one.content_hash(), other.content_hash()
    own[0, 0, 0] = base[0, 0, 0] = channels[0] = 5
    figures["reached"].append(2)
    assert before == (one.content_hash(), other.content_hash())
    with pytest.raises(ValueError, match="read-only"):
        one.taps[0, 0, 0] = 3


def test_a_bank_that_was_changed_shares_nothing_with_the_first():
    first = made(figures={"a": [1]})
    second = first.replace(fs=44100)
    second.figures["a"].append(2)
    assert first.figures == {"a": [1]} and not np.shares_memory(first.taps, second.taps)


def test_a_strict_error_state_of_the_caller_changes_nothing_and_stays(tmp_path):
    usual = spatial.compute_filters(spatial.load_rig("box2"))
    with np.errstate(all="raise"):
        before = np.geterr()
        rig_file = spatial.load_rig("box2")
        strict = spatial.compute_filters(rig_file)
        spatial.analyze_bank(strict, rig_file)
        strict.bypass_drivers()
        assert np.geterr() == before
        with pytest.raises(FloatingPointError):
            np.array([1e-300]) * 1e-300
    assert strict.content_hash() == usual.content_hash()


@pytest.mark.parametrize("fs", [True, "48000", None, np.nan, 7999, 48000.5, 48000 + 0j])
def test_a_design_refuses_a_rate_that_is_none(fs):
    with pytest.raises(UsageError, match="sample rate .* Hz: a whole number from 8000 to 384000"):
        spatial.compute_filters(spatial.load_rig("box2"), fs=fs)


@pytest.mark.parametrize(
    "call",
    [
        lambda: spatial.compute_filters("box2"),
        lambda: spatial.analyze_bank("bank.npz"),
        lambda: spatial.analyze_bank(made()),
        lambda: spatial.analyze_bank(made(), "box2"),
        lambda: spatial.load_rig(None),
        lambda: spatial.load_rig(3),
        lambda: FilterMatrix.load(None),
        lambda: made().save(None),
        lambda: render_file("in.wav", "out.wav", "bank.npz"),
        lambda: render_file(None, "out.wav", made()),
        lambda: render_file("in.wav", "out.wav", made(), {"gain_db": 3}),
        lambda: upmix_file("in.wav", "out.wav", "matrix"),
    ],
)
def test_something_else_where_a_rig_bank_or_path_is_wanted_is_a_usage_error(call):
    with pytest.raises(UsageError):
        call()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gain_db", "3"), ("gain_db", np.nan), ("gain_db", True), ("gain_db", 1j), ("limiter", "no"), ("limiter", 1), ("solo", "left"),
        ("path_gain_db", {"left": np.inf}), ("path_gain_db", [("left", 1)]), ("block", 128.5), ("block", True),
        ("block", "128"), ("bits", 16.5),
    ],
)  # fmt: skip
def test_options_of_a_render_are_refused_when_they_are_made(name, value):
    with pytest.raises(UsageError, match=name):
        RenderOptions(**{name: value})


def test_options_take_numpys_numbers_and_do_not_share_the_callers_dictionary():
    gains = {"left": np.float32(-3)}
    options = RenderOptions(gain_db=np.float32(-6), limiter=np.False_, block=np.int64(64), bits=16, path_gain_db=gains)
    gains["left"] = 0
    assert options == RenderOptions(gain_db=-6.0, limiter=False, block=64, bits="16", path_gain_db={"left": -3.0})


# ----------------------------------------------------------------------------------------------------------- files


def not_banks(folder):
    """Files that are something else, or half of a bank."""
    bank(2).save(folder / "bank.npz")
    whole, stored = (folder / "bank.npz").read_bytes(), dict(np.load(folder / "bank.npz"))
    header = stored["header"].tobytes()
    (folder / "empty").write_bytes(b"")
    (folder / "half").write_bytes(whole[: len(whole) // 2])
    (folder / "text").write_text("a bank")
    (folder / "folder").mkdir()
    with open(folder / "npy", "wb") as file:
        np.save(file, stored["taps"])
    with open(folder / "pickle", "wb") as file:
        np.savez(file, taps=np.array([{}], object), header=stored["header"], sha256=stored["sha256"])
    with zipfile.ZipFile(folder / "zip", "w") as archive:
        archive.writestr("read.me", "")
    with zipfile.ZipFile(folder / "huge", "w") as archive:
        shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 900000000000), }".ljust(117) + b"\n"
        archive.writestr("taps.npy", b"\x93NUMPY\x01\x00v\x00" + shape)
    headers = {
        "list": b"[]", "deep": b"[" * 100000, "no_text": b"\xff" + header, "keys": b'{"format": 1}',
        "rate": header.replace(b'"fs": 48000', b'"fs": "48k"'), "flag": header.replace(b'"fs": 48000', b'"fs": true'),
        "nan": header.replace(b'"fs": 48000', b'"fs": NaN'), "recipe": header.replace(b'"strength"', b'"length"'),
    }  # fmt: skip
    for name, content in headers.items():
        with open(folder / name, "wb") as file:
            np.savez(file, taps=stored["taps"], header=np.frombuffer(content, np.uint8), sha256=stored["sha256"])
    for name, taps in {"flat": stored["taps"][0], "complex": stored["taps"] * 1j, "letters": np.array(["a"])}.items():
        with open(folder / name, "wb") as file:
            np.savez(file, taps=taps, header=stored["header"], sha256=stored["sha256"])
    return sorted(path for path in folder.iterdir() if path.name != "bank.npz")


def test_a_file_that_is_no_bank_is_told_apart_from_a_bug(tmp_path):
    files = not_banks(tmp_path)
    assert len(files) > 15
    for path in files:
        with pytest.raises(InputError, match="filter bank"):
            FilterMatrix.load(path)


def test_banks_that_older_versions_wrote_load_whatever_the_type_of_their_numbers(tmp_path):
    """The hash is that of the bytes in the file: 0 and 0.0 are the same gain, and different texts."""
    import hashlib

    taps, header = TAPS.astype("<f8"), bank_file.header_text(made()._said()).replace(b'"headroom_gain_db": 0.0', b'"headroom_gain_db": 0')
    digest = hashlib.sha256(taps.tobytes() + header).hexdigest().encode()
    with open(tmp_path / "old.npz", "wb") as file:
        np.savez(file, taps=taps, header=np.frombuffer(header, np.uint8), sha256=np.frombuffer(digest, np.uint8))
    assert b'"headroom_gain_db": 0,' in header
    assert FilterMatrix.load(tmp_path / "old.npz").headroom_gain_db == 0


def test_several_writers_of_one_file_leave_one_whole_bank(tmp_path):
    path, banks = tmp_path / "bank.npz", [bank(2, 4000, seed=seed) for seed in range(4)]
    errors = []

    def write(filters):
        try:
            for _ in range(10):
                filters.save(path)
        except SpatialError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(filters,)) for filters in banks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert FilterMatrix.load(path).content_hash() in {filters.content_hash() for filters in banks}
    assert [entry.name for entry in tmp_path.iterdir()] == ["bank.npz"]


def test_a_bank_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        made().save(tmp_path / "nowhere" / "bank.npz")
    with pytest.raises(OutputError):
        made().save(tmp_path)
