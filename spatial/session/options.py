"""What a caller may ask of a render, and the chain that it makes of a bank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spatial.bank.matrix import MAX_GAIN_DB, FilterMatrix
from spatial.bank.recipe import DEFAULT_BLOCK, PATHS, RenderRecipe
from spatial.base import checks
from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.chain import Chain, ChainPlan
from spatial.dsp.make import make_chain

SIDES = "sides"
NAMES = (*PATHS, SIDES)


@dataclass(frozen=True)
class RenderOptions:
    """Levels, paths and files of a render.

    Attributes
    ----------
    gain_db : float or None
        Gain of all drivers; None: the bank's predicted headroom gain.
    limiter : bool
        Keep every driver below -1 dBFS (and -0.8 dBTP), by one gain for all.
    bits : "16", "24", "float" or None
        Samples of the output; None: float, for FLAC 24.
    block : int
        Plan block of the convolver, a power of two.
    keep_latency : bool
        Leave the delays in, so that file and playback are the same frames.
    solo, mute : tuple of str
        Paths ("left", "right", "center", "sides", or of other programmes their channels) that alone, or not, are heard.
    path_gain_db : mapping, path -> dB
    bypass : bool
        No filters: every channel goes to one driver, as late as the render would be.
    strict, scrub, resample : bool
        Refuse files that are merely odd; replace samples that are not finite; convert the input to the bank's rate.

    Raises
    ------
    UsageError
        A value of another kind, with the option and what it takes. Whole numbers and booleans of NumPy are taken.
    """

    gain_db: float | None = None
    limiter: bool = True
    bits: str | None = None
    block: int = DEFAULT_BLOCK
    keep_latency: bool = False
    solo: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    path_gain_db: Mapping[str, float] = field(default_factory=dict)
    bypass: bool = False
    strict: bool = False
    scrub: bool = False
    resample: bool = False

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "gain_db": None if self.gain_db is None else _gain_db(self.gain_db, "gain_db"),
            "block": checks.whole_number(self.block, "block", -(1 << 30), 1 << 30),
            "bits": self.bits if self.bits is None or isinstance(self.bits, str) else str(checks.whole_number(self.bits, "bits", 1, 64)),
            "path_gain_db": {name: _gain_db(gain, f"path_gain_db of {name}") for name, gain in _items(self.path_gain_db)},
        }
        plain |= {name: checks.entries(getattr(self, name), name) for name in ("solo", "mute")}
        switches = ("limiter", "keep_latency", "bypass", "strict", "scrub", "resample")
        plain |= {name: checks.flag(getattr(self, name), name) for name in switches}
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def path_gains(self, paths: tuple[str, ...]) -> Audio:
        """Linear gain of each of a bank's paths.

        Raises
        ------
        UsageError
            A name that is no path, or a path that the bank does not have; paths and bypass together.
        """
        named = {*self.solo, *self.mute, *self.path_gain_db}
        if named and self.bypass:
            raise UsageError("bypass has no paths; solo, mute and path gains do not go with it")
        for name in sorted(named, key=str):
            known = NAMES if set(paths) <= set(PATHS) else (*paths, SIDES)
            if name not in known:
                raise UsageError(f"path '{name}': a path is {', '.join(known[:-1])} or {SIDES}")
            if not set(_members(name)) <= set(paths):
                raise UsageError(f"path '{name}': this bank has {' and '.join(paths)} only")
        gains = np.ones(len(paths))
        for i, path in enumerate(paths):
            if self.solo and not any(path in _members(name) for name in self.solo):
                gains[i] = 0
            if any(path in _members(name) for name in self.mute):
                gains[i] = 0
            gains[i] *= 10 ** (sum(gain for name, gain in self.path_gain_db.items() if path in _members(name)) / 20)
        return gains.astype(np.float32)


def chain_plan(bank: FilterMatrix, options: RenderOptions | None = None) -> ChainPlan:
    """What a bank and a caller's options ask of the chain; inputs that are no paths are passed over.

    Parameters
    ----------
    bank : FilterMatrix
    options : RenderOptions or None
        None: all defaults.

    Raises
    ------
    UsageError
        The bank lacks left or right, or the options name a path that it does not have.
    """
    options = options or RenderOptions()
    paths = bank.paths
    if not set(bank.programme) <= set(paths):
        raise UsageError(f"bank: inputs {' and '.join(bank.programme)} are needed, it has {', '.join(bank.input_names)}")
    return ChainPlan(
        bank=bank,
        paths=paths,
        taps=bank.taps[:, [bank.input_index(path) for path in paths]],
        recipe=bank.recipe if "center" in paths else RenderRecipe("off"),
        path_gains=options.path_gains(paths),
        gain_db=bank.headroom_gain_db if options.gain_db is None else options.gain_db,
        drivers=bank.bypass_drivers(),
        block=options.block,
        limiter=options.limiter,
        bypass=options.bypass,
    )


def chain_of(bank: FilterMatrix, options: RenderOptions | None = None) -> Chain:
    """The chain of a bank, in the engine in force.

    Parameters
    ----------
    bank : FilterMatrix
    options : RenderOptions or None
        None: all defaults.

    Raises
    ------
    UsageError
        As ``chain_plan`` and ``spatial.dsp.make.make_chain``.
    DeviceError
        SPATIAL_ENGINE names an engine that is not there.
    """
    return make_chain(chain_plan(bank, options))


def _gain_db(value: Any, what: str) -> float:
    return checks.real_number(value, what, -MAX_GAIN_DB, MAX_GAIN_DB)


def _items(gains: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(gains, Mapping):
        raise UsageError(f"path_gain_db = {checks.shown(gains)}: a dictionary of paths and gains is wanted")
    return gains.items()


def _members(name: str) -> tuple[str, ...]:
    return ("left", "right") if name == SIDES else (name,)
