"""A bank seen on a rig: what each input makes every driver radiate."""

from __future__ import annotations

from spatial.acoustics.transfer import hardware_response
from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Drive, Freqs
from spatial.base.errors import UsageError
from spatial.base.fir_response import fir_response
from spatial.rig.model import Rig
from spatial.targets.solution import SideWeights

SIDE_NAMES = ("left", "right")
HIGHEST_SHARE_OF_FS = 0.45
"""Nothing is judged above this share of a bank's rate: its filters end there, whether music and ears do or not."""


def effective_weights(bank: FilterMatrix, rig: Rig, freqs: Freqs, path: str) -> Drive:
    """Transfer from one input to the air in front of each driver, hardware included.

    Parameters
    ----------
    bank : FilterMatrix
    rig : Rig
    freqs : (freqs,) Hz
    path : str
        An input of the bank.

    Returns
    -------
    (freqs, drivers of the rig) complex

    Raises
    ------
    UsageError
        Bank and rig do not have the same driver names.
    """
    names = [d.name for d in rig.drivers]
    if sorted(names) != sorted(bank.driver_names):
        raise UsageError(
            f"the bank drives {', '.join(bank.driver_names)}; the rig '{rig.name}' has {', '.join(names)}: the names must be the same"
        )
    order = [bank.driver_names.index(name) for name in names]
    return fir_response(bank.taps[order, bank.input_index(path)].T, freqs, bank.fs) * hardware_response(rig, freqs)


def highest_hz(bank: FilterMatrix) -> float:
    """Highest frequency at which a bank is judged, Hz."""
    return HIGHEST_SHARE_OF_FS * bank.fs


def side_weights(bank: FilterMatrix, rig: Rig) -> SideWeights:
    """The sides of a bank, as weights at any frequencies.

    Parameters
    ----------
    bank : FilterMatrix
    rig : Rig
    """

    def weights(freqs: Freqs) -> tuple[Drive, Drive]:
        left, right = (effective_weights(bank, rig, freqs, side) for side in SIDE_NAMES)
        return left, right

    return weights
