"""The render chain: upmix, path gains, matrix convolution, bypass, gain, limiter. One object, fed with stereo, gives driver feeds."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spatial.bank.matrix import PATHS, FilterMatrix, RenderRecipe
from spatial.base.errors import UsageError
from spatial.base.units import from_db
from spatial.dsp.backends import engine_name
from spatial.dsp.bypass import bypass_gains
from spatial.session.options import RenderOptions

Audio = NDArray[np.float32]

FADE_S = 0.020
"""In which gains, mute and bypass go from one value to the next."""


@dataclasses.dataclass(frozen=True)
class Latency:
    """Delays of the chain's stages, frames."""

    bank: int
    upmix: int
    limiter: int

    @property
    def total(self) -> int:
        """Frame 0 of the input comes out here."""
        return self.bank + self.upmix + self.limiter


@dataclasses.dataclass(frozen=True, eq=False)
class ChainPlan:
    """What a bank and a caller's options ask of the chain.

    Attributes
    ----------
    bank : FilterMatrix
    paths : tuple of str
        "left", "right" and, where the bank has it, "center"; inputs with other names are passed over.
    taps : (drivers, paths, n_taps) float
    recipe : RenderRecipe
        "off" where there is no centre.
    path_gains : (paths,) float32
    gain_db : float
    drivers : (int, int)
        Of left and right in bypass.
    """

    bank: FilterMatrix
    options: RenderOptions
    paths: tuple[str, ...]
    taps: NDArray[np.float64]
    recipe: RenderRecipe
    path_gains: Audio
    gain_db: float
    drivers: tuple[int, int]

    @classmethod
    def of(cls, bank: FilterMatrix, options: RenderOptions) -> ChainPlan:
        """UsageError where the bank lacks left or right, or the options name a path that it does not have."""
        paths = tuple(name for name in PATHS if name in bank.input_names)
        if not {"left", "right"} <= set(paths):
            raise UsageError(f"bank: inputs left and right are needed, it has {', '.join(bank.input_names)}")
        return cls(
            bank=bank,
            options=options,
            paths=paths,
            taps=bank.taps[:, [bank.input_index(path) for path in paths]],
            recipe=bank.recipe if "center" in paths else RenderRecipe("off"),
            path_gains=options.path_gains(paths),
            gain_db=bank.headroom_gain_db if options.gain_db is None else options.gain_db,
            drivers=bank.stereo_drivers(),
        )

    @property
    def l1(self) -> NDArray[np.float64]:
        """(drivers,) what no feed exceeds before the gain while |L'|, |R'|, |C| <= 1."""
        if self.options.bypass:
            return np.abs(bypass_gains(self.drivers, len(self.taps))).sum(axis=1)
        return np.abs(self.taps).sum(axis=2) @ np.abs(self.path_gains)


class LimiterFigures(Protocol):
    """What a limiter tells: frames, and the deepest gain, since the start or the last reset."""

    @property
    def latency(self) -> int: ...

    @property
    def limited_frames(self) -> int: ...

    @property
    def lowest_gain_db(self) -> float: ...


class Chain(ABC):
    """Stereo in, one feed a driver out, block by block. Made by ``make_chain``.

    Controls set before the first call of ``process``, or between ``reset`` and the next call, hold from its first frame; later ones
    are looked at where a block begins and reached smoothly within 20 ms. A control that changes during its fade is followed when the
    fade has ended.

    Attributes
    ----------
    plan : ChainPlan
    latency : Latency
    limiter : LimiterFigures or None
    tail : int
        Frames that still come when the input has ended.
    """

    plan: ChainPlan
    latency: Latency
    limiter: LimiterFigures | None

    @property
    def tail(self) -> int:
        """Frames that still come when the input has ended."""
        return self.plan.bank.n_taps - 1 + self.latency.upmix + self.latency.limiter

    @property
    @abstractmethod
    def discarded(self) -> int:
        """Samples that were not finite, or beyond +120 dBFS; 0 took their place."""

    @abstractmethod
    def process(self, x: Audio, material: int | None = None) -> Audio:
        """(2, frames), frames a multiple of the block -> (drivers, frames).

        material tells how many of the frames belong to the programme (default: all). The first call with fewer ends it: what follows
        has to be silence, and no path sounds longer than the programme; the filters' tails do.
        """

    @abstractmethod
    def set_path_gain(self, path: str, gain: float) -> None:
        """Linear gain of "left", "right" or "center"."""

    @abstractmethod
    def set_gain(self, gain: float) -> None:
        """Linear gain of all drivers."""

    @abstractmethod
    def set_mute(self, mute: bool) -> None:
        """Silence, before the limiter."""

    @abstractmethod
    def set_bypass(self, bypass: bool) -> None:
        """Left and right to one driver each, as late as the filters' sound."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the state of a new one; the controls stay."""

    def set_all(self) -> None:
        """The controls as the plan has them."""
        for path, gain in zip(self.plan.paths, self.plan.path_gains, strict=True):
            self.set_path_gain(path, float(gain))
        self.set_gain(float(from_db(self.plan.gain_db)))
        self.set_bypass(self.plan.options.bypass)


def make_chain(bank: FilterMatrix, options: RenderOptions | None = None) -> Chain:
    """The chain of a bank: in the C core where that is the engine, else of parts.

    Parameters
    ----------
    bank : FilterMatrix
    options : RenderOptions
        gain_db, limiter, block, the paths and bypass are looked at.

    Raises
    ------
    UsageError
        A bank or options that do not fit (see ``ChainPlan.of``, ``make_convolver`` and ``make_upmix``).
    DeviceError
        SPATIAL_ENGINE names an engine that is not there.
    """
    plan = ChainPlan.of(bank, options or RenderOptions())
    if engine_name() == "c":
        from spatial.dsp.core.chain import CoreChain

        return CoreChain(plan)
    from spatial.dsp.twins.chain import ChainOfParts

    return ChainOfParts(plan)
