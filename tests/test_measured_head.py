"""Measured heads: SOFA files read, refused and put in order; the head at the ears; the pair that is made of it.

Truth from outside: the exact sphere, measured as if it were a head; the MIT KEMAR that comes with Debian's libmysofa1, and its plain
numbers in the shared folder (SPATIAL_SHARED, else ../shared), both skipped where they are not there.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sofa_files import DISTANCE_M, RADIUS_M, C, sphere_ring, write_sofa

from spatial.acoustics.head import ear_responses, relative_response
from spatial.acoustics.hearing import band_average, erb_centres
from spatial.acoustics.measured_head import MeasuredHead, neighbours
from spatial.analysis.width_pair import width_figures
from spatial.base.errors import InputError, UsageError
from spatial.catalogue.figures import study_of
from spatial.cli.main import main
from spatial.design.filter_bank import compute_filters
from spatial.design.headphones import headphone_filters
from spatial.exchange.sofa import read_ring
from spatial.rig.load import load_rig, rig_from_text
from spatial.rig.model import HeadFile
from spatial.targets.width.models import relative_hrtf

pytest.importorskip("h5py", reason="reading SOFA needs the extra 'sofa' (h5py)")

KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")
SHARED = Path(os.environ.get("SPATIAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
needs_kemar = pytest.mark.skipif(not KEMAR.exists(), reason=f"no {KEMAR} (Debian package libmysofa1)")
NOSE, LEFT = np.array([-1.0, 0, 0]), np.array([0.0, 1, 0])
AS_HRIR = "read as SimpleFreeFieldHRIR 1.0"
HEAD = 'head = { file = "head.sofa" }'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the sphere's file in it."""
    path = tmp_path_factory.mktemp("heads")
    write_sofa(path / "head.sofa")
    return path


def headphones(folder, model="measured", head=HEAD, angle=30.0, distance=2.0):
    """A headphones rig in a folder, loaded."""
    text = f'format = 1\nname = "pair"\nkind = "headphones"\n[listener]\n{head}\n[virtual_pair]\nangle_deg = {angle}\n'
    (folder / "rig.toml").write_text(text + f'distance_m = {distance}\n[design.width]\nmodel = "{model}"\n')
    return load_rig(str(folder / "rig.toml"))


# ------------------------------------------------------------------------------------------------- the head itself


@given(azimuth=st.floats(-180, 180), distance=st.floats(0.5, 5), yaw=st.floats(-30, 30))
@settings(max_examples=15, deadline=None)
def test_a_measured_sphere_is_the_sphere_anywhere(folder, azimuth, distance, yaw):
    """Between the azimuths, at another distance, for a turned head: 0.1 dB and 1 us, 160 Hz-16 kHz."""
    head = MeasuredHead.load(folder / "head.sofa", C)
    turn = np.deg2rad(yaw)
    nose, left = np.array([-np.cos(turn), np.sin(turn), 0]), np.array([np.sin(turn), np.cos(turn), 0])
    towards = np.cos(np.deg2rad(azimuth)) * nose + np.sin(np.deg2rad(azimuth)) * left
    centre = np.array([2.0, 0.1, 0.0])
    source = (centre + distance * towards)[None]
    f = np.geomspace(160, 16000, 60)
    found, truth = head.ear_responses(f, source, centre, nose, left), ear_responses(f, source, centre, left, RADIUS_M, C)
    assert np.abs(20 * np.log10(np.abs(found / truth))).max() < 0.1
    assert np.abs(np.angle(found / truth)[f < 1500] / (2 * np.pi * f[f < 1500])[:, None, None]).max() < 1e-6


def test_gain_and_delay_of_a_measurement_are_taken_out(tmp_path):
    azimuths = np.arange(0, 360, 15.0)
    write_sofa(tmp_path / "one.sofa", azimuths, sphere_ring(azimuths))
    write_sofa(tmp_path / "other.sofa", azimuths, 37.0 * sphere_ring(azimuths, lead_s=3.3e-3))
    f = np.geomspace(150, 15000, 40)
    one, other = (MeasuredHead.load(tmp_path / name, C).ratio(f) for name in ("one.sofa", "other.sofa"))
    assert np.allclose(one, other, atol=0.01)
    assert np.allclose(np.abs(one), 1, atol=0.02)


@pytest.mark.parametrize("shape", ["one for all", "one for each"])
def test_delays_of_either_shape(tmp_path, shape):
    """Data.Delay is (1, 2) or (directions, 2) samples, whole or not."""
    azimuths = np.arange(0, 360, 10.0)
    delays = np.array([[7.25, 7.25]]) if shape == "one for all" else np.random.default_rng(1).uniform(0, 30, (len(azimuths), 2))
    responses = sphere_ring(azimuths, lead_s=3e-3, delays=np.broadcast_to(delays, (len(azimuths), 2)))
    plain = MeasuredHead.load(write_sofa(tmp_path / "plain.sofa", azimuths, sphere_ring(azimuths, lead_s=3e-3)), C)
    split = MeasuredHead.load(write_sofa(tmp_path / "split.sofa", azimuths, responses, delays=delays), C)
    f = np.geomspace(150, 15000, 40)
    assert np.allclose(plain.ratio(f), split.ratio(f), atol=0.01)


@pytest.mark.parametrize("fs", [32000, 48000, 96000])
def test_the_rate_of_a_measurement_does_not_matter(tmp_path, folder, fs):
    azimuths = np.arange(0, 360, 5.0)
    other = write_sofa(tmp_path / "other.sofa", azimuths, sphere_ring(azimuths, fs, taps=round(512 * fs / 44100)), fs)
    f = np.geomspace(50, 13000, 80)
    pairs = [
        relative_hrtf("measured", f, 40.0, 2.0, RADIUS_M, C, HeadFile(path.name, path.parent)) for path in (other, folder / "head.sofa")
    ]
    assert np.abs(20 * np.log10(np.abs(pairs[0] / pairs[1]))).max() < 0.2
    assert np.abs(np.angle(pairs[0] / pairs[1])[f < 1500] / (2 * np.pi * f[f < 1500])).max() < 2e-6


@given(wanted=st.floats(-720, 720))
def test_neighbours_hold_an_azimuth_between_them(wanted):
    azimuths = np.array([10.0, 30.0, 180.0, 350.0])
    before, after, share = neighbours(azimuths, wanted)
    gap = (azimuths[after] - azimuths[before]) % 360
    assert 0 <= share[0] <= 1
    assert abs(((azimuths[before] + share * gap - wanted) + 180) % 360 - 180)[0] < 1e-6


# ------------------------------------------------------------------------------------------- files as they are found


def test_positions_may_be_cartesian_and_the_listener_turned(tmp_path):
    azimuths = np.arange(0, 360, 5.0)
    a = np.deg2rad(azimuths + 40)  # the listener looks 40 degrees to the left of the x axis
    places = DISTANCE_M * np.stack([np.cos(a), np.sin(a), 0 * a], axis=1) + [0.5, -0.2, 0.1]
    view = np.array([[np.cos(np.deg2rad(40)), np.sin(np.deg2rad(40)), 0]])
    file = write_sofa(
        tmp_path / "turned.sofa",
        azimuths,
        SourcePosition=places,
        ListenerPosition=np.array([[0.5, -0.2, 0.1]]),
        ListenerView=view,
        kinds={"SourcePosition": "cartesian"},
    )
    ring = read_ring(file)
    assert np.allclose(ring.azimuths_deg, azimuths, atol=1e-4)
    assert abs(ring.distance_m - DISTANCE_M) < 1e-6


def test_only_the_ring_at_ear_height_is_read(tmp_path):
    azimuths = np.arange(0, 360, 10.0)
    all_azimuths = np.concatenate([azimuths, azimuths, [0.0]])
    places = np.stack([all_azimuths, np.repeat([30.0, 0.0, 90.0], [36, 36, 1]), np.full(73, DISTANCE_M)], axis=1)
    ring = sphere_ring(azimuths)
    file = write_sofa(tmp_path / "x.sofa", all_azimuths, np.concatenate([0.1 * ring, ring, ring[:1]]), SourcePosition=places)
    found = read_ring(file)
    assert np.allclose(found.azimuths_deg, azimuths)
    assert np.allclose(found.responses, ring)


def test_azimuths_may_run_to_180_either_way_and_in_any_order(tmp_path):
    azimuths = np.random.default_rng(2).permutation(np.arange(-175, 181, 5.0))
    found = read_ring(write_sofa(tmp_path / "x.sofa", azimuths, sphere_ring(azimuths)))
    assert np.allclose(found.azimuths_deg, np.arange(0, 360, 5.0))
    assert np.allclose(found.responses, sphere_ring(found.azimuths_deg), atol=1e-9)


def test_ears_exchanged_are_refused(tmp_path):
    responses = sphere_ring(np.arange(0, 360, 5.0))[:, ::-1]
    with pytest.raises(
        InputError, match=r"x\.sofa: left and right are exchanged, or azimuths count clockwise: sources 30-90 deg to the left"
    ):
        read_ring(write_sofa(tmp_path / "x.sofa", responses=responses))


def test_azimuths_that_count_clockwise_are_refused(tmp_path):
    with pytest.raises(InputError, match="azimuths count clockwise"):
        read_ring(write_sofa(tmp_path / "x.sofa", responses=sphere_ring(-np.arange(0, 360, 5.0))))


def test_a_right_ear_that_comes_first_and_says_so_is_put_second(tmp_path):
    right_first = np.array([[0, -0.09, 0], [0, 0.09, 0.0]])[:, :, None]
    ring = sphere_ring(np.arange(0, 360, 5.0))
    found = read_ring(write_sofa(tmp_path / "x.sofa", responses=ring[:, ::-1], ReceiverPosition=right_first))
    assert np.allclose(found.responses, ring)
    assert found.notes == ("x.sofa: the right ear comes first; put in order",)
    # an old converter wrote this geometry beside responses whose first ear is the left one
    found = read_ring(write_sofa(tmp_path / "x.sofa", responses=ring, ReceiverPosition=right_first))
    assert np.allclose(found.responses, ring)
    assert "the responses say left" in found.notes[0]


def test_what_is_no_head_is_refused(tmp_path):
    mono = np.repeat(sphere_ring(np.zeros(72)), 1, axis=1)
    with pytest.raises(InputError, match="is no head"):
        read_ring(write_sofa(tmp_path / "x.sofa", responses=mono))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SOFAConventions": "SimpleFreeFieldHRTF", "SOFAConventionsVersion": "2.0", "DataType": "TF"}, "is SimpleFreeFieldHRTF 2.0"),
        ({"SOFAConventions": "MultiSpeakerBRIR", "SOFAConventionsVersion": "0.3"}, "is MultiSpeakerBRIR 0.3"),
        ({"Conventions": "CF"}, "no SOFA file"),
        ({"Data_IR": np.zeros((72, 2, 512))}, "silent"),
        ({"Data_IR": np.full((72, 2, 512), np.nan)}, "not finite"),
        ({"Data_IR": np.zeros((72, 1, 512))}, r"Data.IR has the shape \(72, 1, 512\)"),
        ({"Data_IR": None}, "damaged, or no SOFA file"),
        ({"Data_Delay": np.zeros((3, 2))}, r"Data.Delay has the shape \(3, 2\)"),
        ({"Data_SamplingRate": np.array([0.0])}, "Data.SamplingRate is not one rate"),
        ({"ListenerUp": np.array([[0.0, 1, 0]])}, "not upright"),
        ({"SourcePosition": np.zeros((72, 3))}, "not outside the head"),
        ({"SourcePosition": np.tile([10.0, 60.0, 1.5], (72, 1))}, "does not go around the head"),
        ({"kinds": {"SourcePosition": "spherical harmonics"}}, 'of the type "spherical harmonics"'),
    ],
)
def test_files_that_are_refused_say_why(tmp_path, changes, said):
    with pytest.raises(InputError, match=said) as error:
        read_ring(write_sofa(tmp_path / "x.sofa", **changes))
    assert str(error.value).startswith("x.sofa: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, None),
        ({"SOFAConventionsVersion": "0.4"}, None),
        ({"RoomType": "Free Field"}, None),
        ({"Data_Delay": None, "ReceiverPosition": None, "ListenerView": None, "ListenerUp": None, "ListenerPosition": None}, None),
        (
            {"SOFAConventions": "GeneralFIR", "SOFAConventionsVersion": "2.0"},
            "x.sofa is marked GeneralFIR 2.0; read as SimpleFreeFieldHRIR 1.0",
        ),
        ({"SOFAConventionsVersion": "2.0"}, "x.sofa is marked SimpleFreeFieldHRIR 2.0; read as SimpleFreeFieldHRIR 1.0"),
        ({"RoomType": "Reverberant"}, 'x.sofa: RoomType is "Reverberant"; what the room adds stays in the responses'),
    ],
)
def test_files_that_are_merely_odd_are_read_with_a_note(tmp_path, changes, note):
    assert read_ring(write_sofa(tmp_path / "x.sofa", **changes)).notes == (() if note is None else (note,))


def test_netcdf_classic_and_other_files_are_refused_by_name(tmp_path):
    """Also where h5py is not installed."""
    (tmp_path / "x.sofa").write_bytes(b"CDF\x01" + bytes(100))
    with pytest.raises(InputError, match="x.sofa: netCDF classic, SOFA needs netCDF-4/HDF5"):
        read_ring(tmp_path / "x.sofa")
    (tmp_path / "x.sofa").write_bytes(b"RIFF")
    with pytest.raises(InputError, match="no SOFA file"):
        read_ring(tmp_path / "x.sofa")
    (tmp_path / "x.sofa").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(4000))
    with pytest.raises(InputError, match="x.sofa: damaged, or no SOFA file"):
        read_ring(tmp_path / "x.sofa")


def test_a_file_that_says_it_is_gigantic_is_not_taken_into_memory(tmp_path):
    import h5py

    write_sofa(tmp_path / "x.sofa", Data_IR=None)
    for shape, said in (((10**9, 2, 512), "has 1000000000 directions"), ((72, 2, 10**9), "silent")):
        with h5py.File(tmp_path / "x.sofa", "a") as file:
            file.pop("Data.IR", None)
            file.create_dataset("Data.IR", shape, "f8")
        with pytest.raises(InputError, match=said):
            read_ring(tmp_path / "x.sofa")


@given(cut=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_damaged_files_end_in_one_line(folder, tmp_path_factory, cut, seed):
    data = bytearray((folder / "head.sofa").read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, min(len(data), 8192), 20):
        data[at] = rng.integers(256)
    path = tmp_path_factory.mktemp("damaged") / "x.sofa"
    path.write_bytes(data[: max(int(cut * len(data)), 1)])
    try:
        read_ring(path)
    except InputError as error:
        assert str(error).startswith("x.sofa")


def test_without_h5py_one_line_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UsageError, match=r"head\.sofa: to read SOFA files h5py is needed: pip install 'spatial-dsp\[sofa\]'"):
        read_ring(folder / "head.sofa")


# ---------------------------------------------------------------------------------------------------- in a rig file


@pytest.mark.parametrize("angle", [15.0, 30.0, 52.0, 90.0])
def test_the_pair_of_a_measured_sphere_is_near_the_sphere(folder, angle):
    """One delay and minimum phase of the smooth level: 0.5 dB over ERB bands (1.2 where dips are smoothed), 12 us."""
    rig_file = headphones(folder, angle=angle)
    figures = width_figures(study_of(headphone_filters(rig_file, 48000), rig_file))
    assert figures.ild_error_db < (0.5 if angle <= 60 else 1.2)
    assert figures.itd_error_us < 12
    assert figures.ipsi_flat_db < 1e-9


def test_nothing_differs_in_front_and_behind(folder):
    for angle in (0.0, 180.0):
        g = relative_hrtf("measured", np.geomspace(20, 20000, 50), angle, 2.0, RADIUS_M, C, HeadFile("head.sofa", folder))
        assert np.allclose(g, 1, atol=1e-6)


def test_a_nearer_pair_gets_the_spheres_range(folder):
    f = np.geomspace(30, 15000, 400)
    average = band_average(f, erb_centres(60, 12000))
    near, far = (relative_hrtf("measured", f, 60.0, r, RADIUS_M, C, HeadFile("head.sofa", folder)) for r in (0.4, 3.0))
    sphere = [relative_response(f, 60.0, r, RADIUS_M, C) for r in (0.4, 3.0)]
    gained, wanted = (10 * np.log10((np.abs(a) ** 2 @ average) / (np.abs(b) ** 2 @ average)) for a, b in ((near, far), sphere))
    assert np.abs(gained - wanted).max() < 0.5


@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_a_measured_pair_can_be_balanced(folder, balance):
    headphones(folder)
    with open(folder / "rig.toml", "a") as file:
        file.write(f"[headphones]\nbalance = {balance}\n")
    rig_file = load_rig(str(folder / "rig.toml"))
    figures = width_figures(study_of(headphone_filters(rig_file, 44100), rig_file))
    assert (figures.centre_flat_db if balance else figures.hard_flat_db) < 0.002


def test_a_loudspeaker_rig_takes_the_measured_pair_as_its_wish(folder):
    text = (
        f'format = 1\nname = "pair"\n[listener]\ndistance_m = 2.0\n{HEAD}\n[design.width]\nmodel = "measured"\n'
        '[design.beam]\npreset = "reference"\n'
    )
    for name, channel, left in (("l", 1, 0.2), ("r", 2, -0.2)):
        text += f'[[driver]]\nname = "{name}"\nchannel = {channel}\nposition_m = {{ left = {left} }}\n'
    (folder / "loud.toml").write_text(text)
    rig_file = load_rig(str(folder / "loud.toml"))
    assert np.all(np.isfinite(compute_filters(rig_file).taps))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('head = { file = "none.sofa" }', 'head = { file = "none.sofa" } is not there; it is looked for in the folder of the rig file'),
        ('head = { file = "../head.sofa" }', "leaves the folder of the rig file"),
        ('head = { file = "/head.sofa" }', "leaves the folder of the rig file"),
        ('head = { file = "" }', "leaves the folder of the rig file"),
        ('head = { file = "a\\u0000b" }', "is no name of a file"),
        ('head = { file = "LONG" }', "is not there"),
        ("head = { file = 3 }", 'is not known, "sphere" or { file = "head.sofa" } is wanted'),
        ('head = "sphere"', 'model = "measured" needs a measured head'),
    ],
)
def test_heads_that_are_not_there_are_refused_with_the_line(tmp_path, head, said):
    with pytest.raises(UsageError) as error:
        headphones(tmp_path, head=head.replace("LONG", 3000 * "x"))
    assert said in str(error.value)
    assert "line " in str(error.value)


def test_a_link_that_leaves_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "head.sofa").symlink_to(folder / "head.sofa")
    with pytest.raises(UsageError, match="is a link that leaves the folder"):
        headphones(tmp_path)


def test_a_text_without_a_folder_says_that_the_rig_file_is_needed(folder):
    headphones(folder)
    rig_file = rig_from_text((folder / "rig.toml").read_text(), "the bank's own rig")
    with pytest.raises(UsageError, match="named relative to a rig file, and this rig is a text without one: give the rig file"):
        compute_filters(rig_file)


def test_commands_refuse_a_classic_file_and_tell_notes(tmp_path, capsys):
    """Exit 3 with the reason, also where the model in force does without the head."""
    write_sofa(tmp_path / "head.sofa", RoomType="Reverberant")
    headphones(tmp_path)
    rig, bank = str(tmp_path / "rig.toml"), str(tmp_path / "bank.npz")
    assert main(["design", rig, "-o", bank]) == 0
    assert 'RoomType is "Reverberant"' in capsys.readouterr().err
    assert main(["check", rig]) == 0
    said = capsys.readouterr()
    assert 'RoomType is "Reverberant"' in said.out + said.err
    assert main(["check", rig, "--set", "design.width.model=balanced"]) == 0
    said = capsys.readouterr()
    assert 'has no effect with [design.width] model = "balanced"' in said.out + said.err
    (tmp_path / "head.sofa").write_bytes(b"CDF\x01" + bytes(100))
    for model in ("measured", "balanced"):
        assert main(["design", rig, "-o", bank, "-f", "--set", f"design.width.model={model}"]) == 3
        assert "head.sofa: netCDF classic, SOFA needs netCDF-4/HDF5" in capsys.readouterr().err


def test_show_writes_the_head_as_the_file_does(folder):
    from spatial.rig.show import show

    assert '{ file = "head.sofa" }' in show(headphones(folder))


# ----------------------------------------------------------------------------------------------------------- KEMAR


@needs_kemar
def test_kemar_at_its_own_places_is_its_own_measurement():
    """At the measured azimuths and distance the ears differ as the file says; level and delay common to all are taken out."""
    head = MeasuredHead.load(KEMAR, C)
    f = np.geomspace(160, 16000, 100)
    measured = head.spectra(f)
    for azimuth in (0, 30, 90, 155, 270):
        index = int(np.argmin(np.abs(head.ring.azimuths_deg - azimuth)))
        a = np.deg2rad(azimuth)
        centre = np.array([2.0, 0, 0])
        found = head.ear_responses(f, centre + head.ring.distance_m * (np.cos(a) * NOSE + np.sin(a) * LEFT), centre, NOSE, LEFT)[:, :, 0]
        assert np.allclose(found[:, 1] / found[:, 0], measured[index, 1] / measured[index, 0], rtol=1e-6)
        assert abs(20 * np.log10(np.abs(found[:, 0])).mean() - 20 * np.log10(np.abs(measured[index, 0] / head.gain)).mean()) < 1e-6


@needs_kemar
@pytest.mark.skipif(not (SHARED / "data" / "kemar_normal_horizontal.npz").exists(), reason=f"no kemar_normal_horizontal.npz in {SHARED}")
def test_kemar_is_read_as_its_plain_numbers():
    """Another copy of the same measurement, without SOFA."""
    plain = np.load(SHARED / "data" / "kemar_normal_horizontal.npz")
    ring = read_ring(KEMAR)
    order = np.argsort(plain["az_deg"] % 360)
    assert np.allclose(ring.azimuths_deg, plain["az_deg"][order] % 360)
    responses = plain["ir"][order] * float(plain["scale"])
    for mine, theirs in zip(ring.responses.reshape(-1, ring.responses.shape[2]), responses.reshape(-1, responses.shape[2]), strict=True):
        # both may have been cut and scaled: the spectra agree up to one factor and one delay
        a, b = np.fft.rfft(mine, 1024), np.fft.rfft(theirs, 1024)
        coherence = np.abs(np.fft.irfft(a * b.conj())).max() / np.sqrt(np.sum(mine**2) * np.sum(theirs**2))
        assert coherence > 0.99


@needs_kemar
@pytest.mark.parametrize("angle", [15.0, 30.0, 60.0, 90.0, 120.0])
def test_the_pair_made_of_kemar_keeps_his_level_and_delay(angle):
    """ERB level differences within 1 dB, interaural delay of 300-1500 Hz within 20 us of the raw responses."""
    head = MeasuredHead.load(KEMAR, C)
    f = np.geomspace(100, 16000, 3000)
    centres = erb_centres(300, 12000)
    average = band_average(f, centres)
    g = relative_hrtf("measured", f, angle, head.ring.distance_m, RADIUS_M, C, HeadFile(KEMAR.name, KEMAR.parent))
    near, far = head.spectra(f, [int(np.argmin(np.abs(head.ring.azimuths_deg - angle)))])[0]
    ild = 10 * np.log10((np.abs(g) ** 2 @ average) / (np.abs(far) ** 2 @ average) * (np.abs(near) ** 2 @ average))
    assert np.sqrt(np.mean(ild**2)) < 1.0
    low = centres < 1500
    itd = np.angle((far / near * g.conj() / np.abs(far / near)) @ average)[low] / (2 * np.pi * centres[low]) * 1e6
    assert np.sqrt(np.mean(itd**2)) < 20
