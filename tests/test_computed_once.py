"""Designing and reporting compute each figure once: calls are counted while the commands run, arguments and all."""

import inspect
import pkgutil
import sys
from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from rig_texts import FREE, HEADPHONES

import spatial.analysis
from spatial.acoustics.points import AtRange, Ears, FarField
from spatial.acoustics.transfer import transfer_matrix
from spatial.analysis.study import Sides, Study
from spatial.bank.headroom import predict_headroom
from spatial.bank.matrix import FilterMatrix
from spatial.catalogue.figures import GROUPS, headroom, study_of
from spatial.catalogue.pictures import PICTURES, pictures_of
from spatial.cli.main import main
from spatial.design.simple_beams import static_matrix
from spatial.rig.load import rig_from_text

TEXTS = {"loudspeakers": FREE, "in a room": FREE + "[room]\n", "headphones": HEADPHONES}
RIG_FILES = {name: rig_from_text(text, name) for name, text in TEXTS.items()}
RIGS = pytest.mark.parametrize("rig", TEXTS)
LARGE = 100_000
"""Points times frequencies of a transfer matrix that takes tens of milliseconds."""


def named(function):
    """module.function."""
    return f"{function.__module__}.{function.__qualname__}"


def figure_functions():
    """Functions of `spatial.analysis` that a study or its sides are all that they need."""
    modules = [import_module(f"spatial.analysis.{module.name}") for module in pkgutil.iter_modules(spatial.analysis.__path__)]
    for module in modules:
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                parameters = list(inspect.signature(function).parameters.values())
                of_a_study = bool(parameters) and parameters[0].annotation in ("Study", "Sides")
                if of_a_study and all(other.default is not other.empty for other in parameters[1:]):
                    yield function


def behind(compute):
    """What a group or a picture computes with: the function itself, or those that a lambda names."""
    if compute.__name__ != "<lambda>":
        return {inspect.unwrap(compute)}
    found = {compute.__globals__.get(name) for name in compute.__code__.co_names}
    return {inspect.unwrap(function) for function in found if inspect.isfunction(function)}


class Calls:
    """Counts the calls of some functions while it is on, by name and arguments."""

    def __init__(self, functions):
        self._names = {inspect.unwrap(function).__code__: named(function) for function in functions}
        self._arguments = []  # kept, so that nothing new gets the identity of what is gone
        self.found = Counter()

    def __enter__(self):
        self._before = sys.getprofile()
        sys.setprofile(self._hear)
        return self

    def __exit__(self, *_):
        sys.setprofile(self._before)

    def _hear(self, frame, event, _):
        if event == "call" and frame.f_code in self._names:
            code = frame.f_code
            arguments = [frame.f_locals[name] for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
            self._arguments.append(arguments)
            self.found[self._names[code], tuple(map(told, arguments))] += 1

    def of(self, function):
        """How often a function ran."""
        name = named(inspect.unwrap(function))
        return sum(times for (called, _), times in self.found.items() if called == name)

    def again(self):
        """Functions that ran twice with the same arguments."""
        return sorted({name for (name, _), times in self.found.items() if times > 1})


def told(value):
    """Equal for arguments that are equal; studies, sides and banks are themselves alone."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, (FarField, AtRange, Ears)):
        return type(value), tuple(map(told, vars(value).values())), len(value)
    if isinstance(value, (Study, Sides, FilterMatrix)) or value.__hash__ is None:
        return type(value), id(value)
    return value


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Calls of `spatial design` and of `spatial report` for every rig, and of a report on another rig than the bank's own."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    counted = {transfer_matrix, static_matrix, predict_headroom, *figure_functions()}.union(
        *(behind(declared.compute) for declared in (*GROUPS, *PICTURES))
    )
    (folder / "narrow.toml").write_text(FREE + "[virtual_pair]\nangle_deg = 20.0\n")
    for rig, text in TEXTS.items():
        (folder / f"{rig}.toml").write_text(text)
        file, bank, page, other = (str(folder / f"{rig}{end}") for end in (".toml", ".npz", ".html", " other.html"))
        commands = {"design": ["design", file, "-o", bank], "report": ["report", bank, "-o", page]}
        if rig == "loudspeakers":
            commands["report on another"] = ["report", bank, "-o", other, "--rig", str(folder / "narrow.toml")]
        for name, command in commands.items():
            with Calls(counted) as calls:
                assert main(command) == 0
            found[rig, name] = calls
    return found


def test_the_functions_that_are_counted_are_those_that_figures_come_from():
    names = {named(function) for function in figure_functions()}
    known = {"cancellation.side_figures", "beam_figures.beam_figures", "other_poses.over_poses"}
    assert {f"spatial.analysis.{name}" for name in known} <= names
    assert all(behind(group.compute) for group in GROUPS)


@RIGS
def test_a_design_computes_every_figure_that_it_tells_once(runs, rig):
    calls, rig_file = runs[rig, "design"], RIG_FILES[rig]
    for group in GROUPS:
        told = rig_file.rig.kind in group.kinds and not group.elsewhere and (group.name != "room" or rig_file.scene.room is not None)
        if group.compute is headroom:  # a design's gain comes from it: it is handed on with the bank
            assert calls.of(predict_headroom) == 1
        else:
            assert {calls.of(function) for function in behind(group.compute)} == {int(told)}, group.name


@RIGS
def test_a_report_computes_every_picture_once(runs, rig):
    for name in ("report", "report on another") if rig == "loudspeakers" else ("report",):
        for picture in pictures_of(RIG_FILES[rig]):
            assert {runs[rig, name].of(function) for function in behind(picture.compute)} == {1}, picture.kind


def test_no_figure_is_computed_twice_for_one_study(runs):
    for (rig, command), calls in runs.items():
        figures = {name for name, _ in calls.found} - {named(transfer_matrix), named(static_matrix)}
        assert len(figures) >= (2 if rig == "headphones" else 10)
        assert set(calls.again()) & figures == set(), f"{command} of {rig}"


@pytest.mark.parametrize("rig", ["loudspeakers", "in a room"])
def test_what_figures_need_is_computed_once_for_all_of_them(runs, rig):
    """The drivers at many points and frequencies, and the search for the best static matrix."""
    for command in ("design", "report"):
        calls = runs[rig, command]
        assert calls.of(static_matrix) == 1
        times = {arguments: times for (name, arguments), times in calls.found.items() if name == named(transfer_matrix)}
        large = [arguments for arguments in times if size(arguments) > LARGE]
        assert len(times) > 10 and (large or command == "design")
        assert [times[arguments] for arguments in large] == [1] * len(large), command


def size(arguments):
    """Points times frequencies of a transfer matrix."""
    _, points, freqs, _ = arguments
    return points[2] * int(np.prod(freqs[0]))


def test_a_bank_judged_on_its_own_rig_brings_its_table_with_it(runs):
    """What `spatial design` found needs not be found again; on another rig it does."""
    own, other = runs["loudspeakers", "report"], runs["loudspeakers", "report on another"]
    for group in GROUPS:
        if group.name in ("sides", "spread", "seat"):
            (function,) = behind(group.compute)
            assert (own.of(function), other.of(function)) == (0, 1)


def test_a_second_computation_is_seen():
    """The control."""
    study = study_of(FilterMatrix(np.ones((2, 2, 4)), 48000, 0, ("left", "right"), ("left", "right"), (1, 2)), RIG_FILES["loudspeakers"])
    (function,) = (function for function in figure_functions() if function.__name__ == "side_figures")
    with Calls([function]) as calls:
        for _ in range(2):
            study.sides.of(function)
    assert calls.of(function) == 1 and calls.again() == []
    with Calls([function]) as calls:
        for _ in range(2):
            function(study.sides)
        function(study_of(study.bank, study.rig_file).sides)
    assert calls.of(function) == 3 and calls.again() == [named(function)]
