"""What is switched on while a player plays, and how a chain gets it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spatial.base.units import from_db
from spatial.dsp.chain import Chain
from spatial.session.options import RenderOptions


@dataclass(frozen=True)
class Switches:
    """Controls beside the options of a render.

    Attributes
    ----------
    solo : tuple of str
        Paths that alone are heard; none: all.
    bypass, mute : bool
    gain_db, bypass_gain_db : float
        Beside the gain of the plan: always, and in bypass.
    """

    solo: tuple[str, ...]
    bypass: bool
    mute: bool = False
    gain_db: float = 0.0
    bypass_gain_db: float = 0.0

    def set_on(self, chain: Chain, options: RenderOptions) -> None:
        """Set a chain's controls; paths that it does not have are passed over.

        Parameters
        ----------
        chain : Chain
        options : RenderOptions
            Those of the render, for the paths' gains.
        """
        plan = chain.plan
        known = tuple(path for path in self.solo if path in (*plan.paths, "sides"))
        for path, gain in zip(plan.paths, replace(options, solo=known, bypass=False).path_gains(plan.paths), strict=True):
            chain.set_path_gain(path, float(gain))
        chain.set_gain(float(from_db(plan.gain_db + self.gain_db + (self.bypass_gain_db if self.bypass else 0.0))))
        chain.set_bypass(self.bypass)
        chain.set_mute(self.mute)
