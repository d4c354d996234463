"""What the render chain promises: programme, upmix, paths with gains, matrix convolution, bypass, gain, limiter, driver feeds."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.arrays import Audio, Real, Taps
from spatial.base.units import from_db
from spatial.dsp.stages import LimiterFigures


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
    """What a chain is asked to be. ``spatial.session.options.chain_plan`` makes it of a bank and a caller's options.

    Attributes
    ----------
    bank : FilterMatrix
        Whose rate, latency, programme and drivers hold.
    paths : tuple of str
        Of stereo "left", "right" and, where the bank has it, "center"; else the programme's channels.
    taps : (drivers, paths, n_taps) float
        Of the paths alone.
    recipe : RenderRecipe
        "off" where there is no centre, or no stereo.
    path_gains : (paths,) float32
    gain_db : float
    drivers : tuple of int
        Of each channel of the programme in bypass.
    block : int
        Of the convolver, frames.
    limiter, bypass : bool
        Whether there is a limiter, and whether the bypass is on at the beginning.
    """

    bank: FilterMatrix
    paths: tuple[str, ...]
    taps: Taps
    recipe: RenderRecipe
    path_gains: Audio
    gain_db: float
    drivers: tuple[int, ...]
    block: int
    limiter: bool
    bypass: bool

    @property
    def n_inputs(self) -> int:
        """Channels of the programme."""
        return len(self.bank.programme)

    @property
    def l1(self) -> Real:
        """(drivers,) what no feed exceeds before the gain while no path exceeds 1."""
        if self.bypass:
            straight: Real = np.abs(bypass_gains(self.drivers, len(self.taps))).sum(axis=1)
            return straight
        filtered: Real = np.abs(self.taps).sum(axis=2) @ np.abs(self.path_gains)
        return filtered


class Chain(ABC):
    """A programme in, one feed a driver out, block by block. ``spatial.dsp.make.make_chain`` makes one.

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
        """The next frames of the programme through the chain.

        Parameters
        ----------
        x : (programme channels, frames) float32
            Full scale 1; frames is a multiple of the block.
        material : int or None
            How many of the frames belong to the programme; None: all. The first call with fewer ends it: what follows has to be silence,
            and no path sounds longer than the programme; the filters' tails do.

        Returns
        -------
        (drivers, frames) float32

        Raises
        ------
        UsageError
            Another number of channels, or frames that are no multiple of the block. Nothing is touched then.
        """

    @abstractmethod
    def set_path_gain(self, path: str, gain: float) -> None:
        """Set the gain of one path.

        Parameters
        ----------
        path : str
            One of the plan's.
        gain : float
            Linear, 0 to 1e6.

        Raises
        ------
        UsageError
            The plan has no such path, or the gain is outside that range.
        """

    @abstractmethod
    def set_gain(self, gain: float) -> None:
        """Set the linear gain of all drivers, 0 to 1e6.

        Raises
        ------
        UsageError
            The gain is outside that range.
        """

    @abstractmethod
    def set_mute(self, mute: bool) -> None:
        """Silence, before the limiter."""

    @abstractmethod
    def set_bypass(self, bypass: bool) -> None:
        """Each channel to one driver, as late as the filters' sound."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the state of a new one; the controls stay."""

    def set_all(self) -> None:
        """The controls as the plan has them."""
        for path, gain in zip(self.plan.paths, self.plan.path_gains, strict=True):
            self.set_path_gain(path, float(gain))
        self.set_gain(float(from_db(self.plan.gain_db)))
        self.set_bypass(self.plan.bypass)


def bypass_gains(drivers: tuple[int, ...], n_drivers: int) -> Audio:
    """Gain from each channel of a programme to each driver: to its own, by sqrt(1/k) where k channels share it.

    Parameters
    ----------
    drivers : tuple of int
        Of each channel of the programme.
    n_drivers : int
        Of the bank.

    Returns
    -------
    (n_drivers, channels) float32
    """
    gains = np.zeros((n_drivers, len(drivers)), np.float32)
    for channel, driver in enumerate(drivers):
        gains[driver, channel] = np.sqrt(1 / drivers.count(driver))
    return gains
