"""libsndfile over a file of ours, in a thread of its own.

libsndfile calls back into Python for its bytes. A signal's exception that is raised there is printed and lost, and libsndfile takes it
for the end of the file. Python runs signal handlers in the main thread only: so the main thread waits, and hears them, while another
one decodes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol

import numpy as np
import soundfile

from spatial.base.arrays import Frames


class Source(Protocol):
    """A file-like object whose errors are kept."""

    error: BaseException | None
    abandoned: bool

    @property
    def exhausted(self) -> bool:
        """Whether it has been read to its end."""


class StraightFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile tells no types
    """Read from the first frame to the last, without a seek after every piece: at an end that no header tells seeking fails."""

    def seekable(self) -> bool:
        """Never."""
        return False


class LostSyncError(Exception):
    """The decoder met bytes that are no frame; ``frames`` (frames, channels) is what it had before.

    Parameters
    ----------
    reason : str
        What the decoder says.
    frames : (frames, channels) float32
        What it had before.
    """

    def __init__(self, reason: str, frames: Frames) -> None:
        super().__init__(reason)
        self.frames = frames


class Decoder:
    """Frames of one stream.

    Parameters
    ----------
    source : file-like or int
        A descriptor is read by libsndfile alone, without Python and without a thread.
    options
        Of ``soundfile.SoundFile``.

    Raises
    ------
    soundfile.LibsndfileError
        It is no sound that libsndfile reads.
    """

    def __init__(self, source: Any, **options: Any) -> None:
        self._source = None if isinstance(source, int) else source
        self._work: SimpleQueue[tuple[Callable[[], Any], list[Any], threading.Event] | None] | None = None
        if self._source is not None:
            self._work = SimpleQueue()
            threading.Thread(target=_serve, args=(self._work,), name="spatial: decoding", daemon=True).start()
        try:
            self._file: StraightFile = self._call(lambda: StraightFile(source, closefd=False, **options))
        except BaseException:
            self._dismiss()
            raise
        self.fs: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        self.format: str = self._file.format
        self.subtype: str = self._file.subtype

    @property
    def exhausted(self) -> bool:
        """Whether every byte of the source has been read."""
        return self._source is not None and bool(self._source.exhausted)

    def read(self, frames: int) -> Frames:
        """The next frames, (frames, channels); fewer only at the end.

        Raises
        ------
        LostSyncError
            What follows is not to be decoded.
        """
        x = (
            np.full((frames, self.channels), np.nan, np.float32)
            if self._source is not None
            else np.empty((frames, self.channels), np.float32)
        )
        try:
            read: Frames = self._call(lambda: self._file.read(frames, dtype="float32", always_2d=True, out=x))
            return read
        except soundfile.LibsndfileError as error:
            lost = np.isnan(x).all(axis=1) if self._source is not None else np.ones(frames, bool)
            raise LostSyncError(error.error_string, x[: int(np.argmax(lost)) if lost.any() else frames]) from None

    def _call(self, job: Callable[[], Any]) -> Any:
        if self._work is None:
            return job()
        outcome: list[Any] = []
        done = threading.Event()
        self._work.put((job, outcome, done))
        try:
            done.wait()
        except BaseException:
            self._abandon()
            raise
        error, result = outcome
        if error is not None:
            raise error
        return result

    def _abandon(self) -> None:
        """Nobody waits any more: the thread finds its source at an end, and ends."""
        assert self._source is not None
        self._source.abandoned = True
        self._dismiss()

    def _dismiss(self) -> None:
        if self._work is not None:
            self._work.put(None)

    def close(self) -> None:
        """Release libsndfile's memory, unless a thread that was given up still uses it."""
        if self._source is not None and self._source.abandoned:
            return
        self._call(self._file.close)
        self._dismiss()


def _serve(work: SimpleQueue[Any]) -> None:
    while (item := work.get()) is not None:
        job, outcome, done = item
        try:
            result = job()
            outcome.extend((None, result))
        except BaseException as error:
            outcome.extend((error, None))
        item = job = result = None
        done.set()
