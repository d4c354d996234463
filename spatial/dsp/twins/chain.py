"""The chain put together in Python, of whatever upmix, convolver and limiter there are: fallback of csrc/chain.c, and its twin."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.chain import Chain, ChainPlan, Latency, bypass_gains
from spatial.dsp.stages import FADE_S, MAX_SAMPLE, Convolver, Limiter, Upmix, checked_audio, checked_gain


class Fade:
    """A control that is set at any time and heard smoothly: a step that begins and ends level.

    A change that comes during a fade waits for its end, so that there are no corners.

    Parameters
    ----------
    frames : int
        Length of the fade.
    wanted : float
    """

    def __init__(self, frames: int, wanted: float = 1.0) -> None:
        self.frames = frames
        self.wanted = wanted
        self.settle()

    def settle(self) -> None:
        """At what is wanted, at once."""
        self._from = self.now = np.float32(self.wanted)
        self._left = 0

    @property
    def moving(self) -> bool:
        """On its way, or about to be."""
        return self._left > 0 or self.now != np.float32(self.wanted)

    def values(self, n: int) -> Audio | np.float32:
        """Of the next n frames, or one for all of them; a block begins here."""
        if self._left == 0 and self.now != np.float32(self.wanted):
            self._from, self.now, self._left = self.now, np.float32(self.wanted), self.frames
        if self._left == 0:
            return self.now
        left = np.maximum(self._left - np.arange(1, n + 1), 0)
        t = (self.frames - left).astype(np.float32) / np.float32(self.frames)
        self._left = int(left[-1])
        return np.where(left > 0, self._from + (self.now - self._from) * (t * t * (3 - 2 * t)), self.now)


class ChainOfParts(Chain):
    """See ``Chain``.

    Parameters
    ----------
    plan : ChainPlan
    upmix : Upmix
        That of the plan, a new one.
    convolver : Convolver
        That of the plan, a new one in exact blocks.
    limiter : Limiter or None
        A new one; None: the plan has none.
    """

    def __init__(self, plan: ChainPlan, *, upmix: Upmix, convolver: Convolver, limiter: Limiter | None) -> None:
        bank = plan.bank
        self.plan = plan
        self._upmix, self._convolver = upmix, convolver
        self.limiter = self._limiter = limiter
        self.latency = Latency(bank.latency_samples, self._upmix.latency, self._limiter.latency if self._limiter else 0)
        self._straight = bypass_gains(plan.drivers, len(plan.taps))
        frames = max(round(FADE_S * bank.fs), 1)
        self._path_gains = {path: Fade(frames) for path in plan.paths}
        self._gain, self._bypass = Fade(frames), Fade(frames, 0.0)
        self._wanted_gain, self._mute = 1.0, False
        self.set_all()
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new one; the controls stay."""
        self._upmix.reset()
        self._convolver.reset()
        if self._limiter:
            self._limiter.reset()
        for fade in self._fades():
            fade.settle()
        self._delayed = np.zeros((self.plan.n_inputs, self.latency.bank + self.latency.upmix), np.float32)
        self._position = 0  # frames taken
        self._end: int | None = None  # of the programme
        self._discarded = 0
        self._started = False

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return self._discarded + self._convolver.discarded + (self._limiter.discarded if self._limiter else 0)

    def set_path_gain(self, path: str, gain: float) -> None:
        """As ``Chain.set_path_gain``."""
        if path not in self._path_gains:
            raise UsageError(f"path '{path}': this bank has {' and '.join(self._path_gains)} only")
        self._path_gains[path].wanted = checked_gain(gain, f"path '{path}'")

    def set_gain(self, gain: float) -> None:
        """As ``Chain.set_gain``."""
        self._wanted_gain = checked_gain(gain, "all drivers")
        self._gain.wanted = 0.0 if self._mute else gain

    def set_mute(self, mute: bool) -> None:
        """Silence, before the limiter."""
        self._mute = mute
        self.set_gain(self._wanted_gain)

    def set_bypass(self, bypass: bool) -> None:
        """Each channel to one driver."""
        self._bypass.wanted = float(bypass)

    def process(self, x: Audio, material: int | None = None) -> Audio:
        """As ``Chain.process``."""
        x = checked_audio(x, self.plan.n_inputs, self.plan.block, exact_blocks=True)
        block, frames = self.plan.block, x.shape[1]
        if material is not None and material < frames and self._end is None:
            self._end = self._position + material
        if not self._started:
            for fade in self._fades():
                fade.settle()
            self._started = True
        pieces, done = [], 0
        while done < frames:
            step = block if any(fade.moving for fade in self._fades()) else frames - done
            pieces.append(self._process(x[:, done : done + step]))
            done += step
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((len(self.plan.taps), 0), np.float32)

    def _process(self, x: Audio) -> Audio:
        """Frames in which no fade begins but with the first."""
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        self._discarded += int(x.size - np.count_nonzero(good))
        x = np.where(good, x, np.float32(0))
        frames = x.shape[1]
        paths = self._upmix.process(x)[: len(self.plan.paths)]
        if self._end is not None:
            paths[:, max(self._end + self.latency.upmix - self._position, 0) :] = 0
        for path, fade in zip(paths, self._path_gains.values(), strict=True):
            path *= fade.values(frames)
        y = self._convolver.process(paths)
        stream = np.concatenate([self._delayed, x], axis=1)
        self._delayed = stream[:, frames:]
        weight = self._bypass.values(frames)
        if np.any(weight > 0):
            direct = self._straight[:, :1] * stream[0, :frames]
            for channel in range(1, len(stream)):
                direct += self._straight[:, channel, None] * stream[channel, :frames]
            y = np.where(weight == 1, direct, y * (1 - weight) + direct * weight)
        y *= self._gain.values(frames)
        self._position += frames
        return y if self._limiter is None else self._limiter.process(y)

    def _fades(self) -> tuple[Fade, ...]:
        return (*self._path_gains.values(), self._gain, self._bypass)
