"""SOFA files that point elsewhere or claim too much: one error that names file and dataset, and nothing else is opened."""

import resource
import time

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sofa_files import EVERY_5_DEG, usual_ring, write_sofa

from spatial.base.errors import InputError
from spatial.exchange.sofa import read_ring

REPLACED = (
    "Data.IR",
    "Data.SamplingRate",
    "Data.Delay",
    "SourcePosition",
    "ListenerPosition",
    "ListenerView",
    "ListenerUp",
    "ReceiverPosition",
)


@pytest.fixture
def hostile(tmp_path):
    """Write a good file, change it, and return what its refusal says; another good file lies beside it."""
    write_sofa(tmp_path / "other.sofa")

    def refusal(change):
        write_sofa(tmp_path / "x.sofa")
        with h5py.File(tmp_path / "x.sofa", "a") as file:
            change(file)
        started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(InputError) as refused:
            read_ring(tmp_path / "x.sofa")
        assert time.process_time() - started < 1 and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
        assert str(refused.value).startswith("x.sofa: ")
        return str(refused.value)

    return refusal


def put(file, name, value):
    if name in file:
        del file[name]
    file[name] = value


@pytest.mark.parametrize("name", REPLACED)
def test_an_external_link_is_not_followed_even_to_a_good_file(hostile, name):
    said = hostile(lambda file: put(file, name, h5py.ExternalLink("other.sofa", "/" + name)))
    assert f"{name} is an external link" in said and "'other.sofa'" in said and "save it again as one plain file" in said


@pytest.mark.parametrize("name", REPLACED)
@pytest.mark.parametrize("target", ["itself", "/nowhere", "/away"])
def test_a_soft_link_is_not_followed_whether_it_loops_dangles_or_leaves(hostile, name, target):
    def change(file):
        file["away"] = h5py.ExternalLink("other.sofa", "/" + name)
        put(file, name, h5py.SoftLink("/" + name if target == "itself" else target))

    assert f"{name} is a soft link" in hostile(change)


def test_a_link_to_a_pipe_does_not_hang(hostile, tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    assert "external link" in hostile(lambda file: put(file, "Data.IR", h5py.ExternalLink("pipe", "/x")))
    with pytest.raises(InputError, match="pipe: not a regular file"):
        read_ring(tmp_path / "pipe")


def test_values_in_another_file_are_not_read(hostile, tmp_path):
    (tmp_path / "secret").write_bytes(usual_ring().astype("<f8").tobytes())

    def change(file):
        del file["Data.IR"]
        file.create_dataset("Data.IR", usual_ring().shape, "f8", external=[(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)])

    said = hostile(change)
    assert "Data.IR has its values in another file" in said and "secret" in said


@pytest.mark.parametrize("source", ["other.sofa", ".", "missing.h5"])
def test_a_virtual_dataset_is_not_put_together(hostile, source):
    def change(file):
        shape = usual_ring().shape
        layout = h5py.VirtualLayout(shape, "f8")
        layout[...] = h5py.VirtualSource(source, "Data.IR", shape)
        del file["Data.IR"]
        file.create_virtual_dataset("Data.IR", layout)

    assert "Data.IR is a virtual dataset" in hostile(change)


@pytest.mark.parametrize(
    "name, shape, chunks, said",
    [
        ("Data.IR", (50_000, 2, 1024), (1, 2, 1024), "Data.IR is too large: 102400000 samples"),
        ("Data.IR", (72, 2, 512), (72, 2, 10**6), "Data.IR is too large: 144000000 values in one chunk"),
        ("Data.SamplingRate", (4 * 10**7,), (4 * 10**7,), "Data.SamplingRate is too large: 40000000 values"),
        ("Data.Delay", (10**12, 2), (1000, 2), "Data.Delay is too large"),
        ("SourcePosition", (10**9, 3), (1000, 3), "SourcePosition is too large: 3000000000 values (1000000000x3)"),
    ],
)
def test_more_than_can_be_meant_is_refused_before_it_is_read(hostile, name, shape, chunks, said):
    def change(file):
        del file[name]
        file.create_dataset(name, shape, "f8", chunks=chunks, maxshape=(None,) * len(shape), compression="gzip")

    assert said in hostile(change)


def test_what_is_no_plain_numbers_is_refused(hostile):
    def group(file):
        del file["Data.IR"]
        file.create_group("Data.IR")

    def lists(file):
        del file["Data.IR"]
        file.create_dataset("Data.IR", (72, 2, 512), h5py.vlen_dtype("f8"))

    assert "Data.IR is no dataset" in hostile(group) and "Data.IR holds no plain numbers" in hostile(lists)


def test_a_filter_that_is_a_plug_in_is_not_looked_for(hostile):
    def change(file):
        del file["Data.IR"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((72, 2, 512))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        h5py.h5d.create(file.id, b"Data.IR", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((72, 2, 512)), plist)

    assert "packed by filter 32015" in hostile(change)


def test_what_is_not_read_may_be_anything(tmp_path):
    """Only the variables that are read are looked at: other programs leave links of their own."""
    write_sofa(tmp_path / "x.sofa")
    with h5py.File(tmp_path / "x.sofa", "a") as file:
        file["elsewhere"] = h5py.ExternalLink("missing.h5", "/x")
        file["loop"] = h5py.SoftLink("/loop")
    assert np.array_equal(read_ring(tmp_path / "x.sofa").azimuths_deg, EVERY_5_DEG)


@given(seed=st.integers(0, 2**32 - 1), flips=st.integers(1, 12), ahead=st.booleans())
@settings(max_examples=60, deadline=None)
def test_flipped_bytes_end_in_an_input_error_or_a_ring(tmp_path_factory, seed, flips, ahead):
    folder = tmp_path_factory.getbasetemp()
    good = folder / "good.sofa"
    if not good.exists():
        write_sofa(good, EVERY_5_DEG[::6], usual_ring()[::6, :, :64])
    data = bytearray(good.read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, min(len(data), 4096) if ahead else len(data), flips):
        data[at] ^= 1 << rng.integers(8)
    path = folder / "flipped.sofa"
    path.write_bytes(data)
    try:
        ring = read_ring(path)
    except InputError as error:
        assert str(error).startswith("flipped.sofa: ")
    else:
        assert np.isfinite(ring.responses).all()
