"""Errors that a user can mend, each with the exit code the command line gives it.

A message says what was given, what is allowed and where (file, key, driver); it needs no traceback.
"""


class SpatialError(Exception):
    """Base of everything this package raises on purpose."""

    exit_code = 1


class UsageError(SpatialError):
    """The command, the rig file or an option is wrong."""

    exit_code = 2


class InputError(SpatialError):
    """An input file cannot be read as what it claims to be."""

    exit_code = 3


class OutputError(SpatialError):
    """The result cannot be written, or writing it would lose something."""

    exit_code = 4


class DeviceError(SpatialError):
    """A sound device, or the engine it needs, is not there."""

    exit_code = 5


class ThresholdError(SpatialError):
    """A figure misses a threshold that the caller gave."""

    exit_code = 6
