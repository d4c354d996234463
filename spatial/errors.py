"""The errors of this package under the name that scripts import: ``from spatial.errors import SpatialError``."""

from spatial.base.errors import DeviceError, InputError, OutputError, SpatialError, ThresholdError, UsageError

__all__ = ["DeviceError", "InputError", "OutputError", "SpatialError", "ThresholdError", "UsageError"]
