"""Banks that are designed or read in the background, while the music goes on."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from spatial.bank.matrix import FilterMatrix
from spatial.base.errors import SpatialError
from spatial.session.banks import BankSource


@dataclass(frozen=True)
class Loaded:
    """A bank and the gain that makes its bypass as loud, or what went wrong. reason: why it was loaded; seconds: that it took."""

    which: int
    reason: str
    seconds: float
    bank: FilterMatrix | None = None
    bypass_gain_db: float = 0.0
    error: str = ""


class Loader:
    """Loads one bank at a time. What is asked meanwhile comes next, the latest only."""

    def __init__(self, banks: Sequence[BankSource]) -> None:
        self._banks = banks
        self._done: queue.SimpleQueue[Loaded] = queue.SimpleQueue()
        self._busy = False
        self._next: tuple[int, int, str] | None = None

    def begin(self, which: int, fs: int, reason: str) -> None:
        """Load one of the banks.

        Parameters
        ----------
        which : int
            Place of the bank among those that were given.
        fs : int
            Sample rate, Hz.
        reason : str
            Handed on to ``Loaded``.
        """
        if self._busy:
            self._next = which, fs, reason
            return
        self._busy = True
        threading.Thread(target=self._load, args=(which, fs, reason), name="spatial: designing", daemon=True).start()

    def ready(self) -> Loaded | None:
        """What has been loaded, once; None: nothing yet."""
        if self._done.empty():
            return None
        loaded = self._done.get()
        self._busy = False
        if self._next is not None:
            job, self._next = self._next, None
            self.begin(*job)
        return loaded

    def _load(self, which: int, fs: int, reason: str) -> None:
        give_way()
        started = time.perf_counter()
        try:
            bank, gain_db = self._banks[which].load(fs)
            loaded = Loaded(which, reason, time.perf_counter() - started, bank, gain_db)
        except SpatialError as error:
            loaded = Loaded(which, reason, 0.0, error=str(error))
        except Exception as error:  # a bug in the design must not end the music
            loaded = Loaded(which, reason, 0.0, error=f"this is a bug: {type(error).__name__}: {error}")
        self._done.put(loaded)


def give_way() -> None:
    """Leave the processor to the music: the calling thread computes for seconds, where threads have a priority of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
