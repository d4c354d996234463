"""How loud a bank and its bypass are at the listener, so that the two can be compared at equal loudness."""

from __future__ import annotations

import numpy as np

from spatial.acoustics.points import Ears
from spatial.acoustics.transfer import hardware_response, transfer_matrix
from spatial.analysis.weights import effective_weights, highest_hz
from spatial.bank.matrix import FilterMatrix
from spatial.base.arrays import Freqs, Real
from spatial.rig.load import rig_from_text

HEARD_HZ = (60.0, 16000.0)
N_FREQS = 240
WEIGHTING_FS = 48000
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGHPASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""K-weighting of ITU-R BS.1770-5, tables 1 and 2, for 48 kHz: numerator and denominator."""


def k_weighting(freqs: Freqs) -> Real:
    """Power gain of the K-weighting.

    Parameters
    ----------
    freqs : (freqs,) Hz

    Returns
    -------
    (freqs,)
    """
    z = np.exp(-2j * np.pi * np.outer(freqs, np.arange(3)) / WEIGHTING_FS)
    gain = np.ones(len(freqs))
    for numerator, denominator in (SHELF, HIGHPASS):
        gain = gain * np.abs(z @ numerator) ** 2 / np.abs(z @ denominator) ** 2
    return gain


def bypass_gain_db(bank: FilterMatrix) -> float:
    """Gain that makes left and right, straight to one driver each, as loud at the listener's ears as the filters are.

    Parameters
    ----------
    bank : FilterMatrix
        It carries its rig; a bank without a rig gets 0 dB. Left and right go to its ``bypass_drivers``; where these are one and the same,
        both go there, 3 dB lower.

    Returns
    -------
    float
        dB, by the K-weighted power of pink noise at both ears: a third each from the left, the right and the centre of the mix.
    """
    if not bank.rig_text:
        return 0.0
    rig_file = rig_from_text(bank.rig_text, "the bank's own rig")
    rig, scene = rig_file.rig, rig_file.scene
    freqs = np.geomspace(HEARD_HZ[0], min(HEARD_HZ[1], highest_hz(bank)), N_FREQS)
    drivers = bank.bypass_drivers()
    straight = np.zeros((len(bank.driver_names), 2))
    straight[drivers[0], 0] = straight[drivers[1], 1] = np.sqrt(0.5) if drivers[0] == drivers[1] else 1.0
    if rig.kind == "headphones":
        spectrum = bank.spectrum(freqs)
        left, right = (spectrum[:, :, bank.input_index(side)] for side in ("left", "right"))
        filtered = [left, right, left + right]
        bypassed = np.broadcast_to(straight, (len(freqs), *straight.shape))
    else:
        ears = transfer_matrix(rig, Ears.of(scene.listener), freqs, scene.medium)
        filtered = [np.einsum("fen,fn->fe", ears, effective_weights(bank, rig, freqs, path)) for path in ("left", "right", "center")]
        if bank.recipe.upmix == "off":
            filtered[2] = filtered[0] + filtered[1]
        order = [bank.driver_names.index(driver.name) for driver in rig.drivers]
        bypassed = np.einsum("fen,fn,ni->fei", ears, hardware_response(rig, freqs), straight[order])
    plain = [bypassed[:, :, 0], bypassed[:, :, 1], bypassed.sum(axis=2)]
    weighting = k_weighting(freqs)
    loud, bypass_loud = (sum(float(weighting @ (np.abs(p) ** 2).sum(axis=1)) for p in heard) for heard in (filtered, plain))
    return float(10 * np.log10(loud / bypass_loud))
