"""SOFA files written for tests: the rigid sphere measured as a head, and what other programs make of such files."""

from functools import cache

import numpy as np

from spatial.acoustics.head import sphere_series

C = 343.2
RADIUS_M, DISTANCE_M = 0.0875, 1.5
EVERY_5_DEG = np.arange(0, 360, 5.0)


def sphere_ring(azimuths_deg, fs=44100, taps=512, lead_s=1e-3, delays=None):
    """Responses (azimuths, 2, taps) of the sphere's left and right ear to sources DISTANCE_M away, lead_s before the head's centre.

    delays (azimuths, 2): samples that are taken out of the responses, for Data.Delay.
    """
    n = 4096
    freqs = np.maximum(np.arange(n // 2 + 1) * fs / n, 0.1)
    towards_left = np.sin(np.deg2rad(azimuths_deg))
    rho = np.full(len(azimuths_deg), DISTANCE_M / RADIUS_M)
    ears = sphere_series(2 * np.pi * freqs * RADIUS_M / C, rho, np.stack([towards_left, -towards_left], axis=1))
    top = min(20000, 0.45 * fs)
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip((freqs - top) / (fs / 2 - top), 0, 1))
    late = lead_s * fs - (np.zeros((len(azimuths_deg), 2)) if delays is None else delays)
    spectra = ears * fade[:, None, None] * np.exp(-2j * np.pi * freqs[:, None, None] / fs * late)
    return np.moveaxis(np.fft.irfft(spectra / DISTANCE_M, n, axis=0)[:taps], 0, 2)


@cache
def usual_ring():
    """The sphere every 5 degrees at 44.1 kHz."""
    return sphere_ring(EVERY_5_DEG)


def write_sofa(path, azimuths_deg=None, responses=None, fs=44100, delays=None, **changes):
    """A SimpleFreeFieldHRIR 1.0 file; changes: attributes by name, variables by name with dots as underscores (None leaves one out)."""
    import h5py

    azimuths_deg = EVERY_5_DEG if azimuths_deg is None else np.asarray(azimuths_deg, float)
    responses = usual_ring() if responses is None else responses
    n = len(azimuths_deg)
    attributes = {
        "Conventions": "SOFA",
        "Version": "1.0",
        "SOFAConventions": "SimpleFreeFieldHRIR",
        "SOFAConventionsVersion": "1.0",
        "DataType": "FIR",
        "RoomType": "free field",
    }
    variables = {
        "Data.IR": responses,
        "Data.SamplingRate": np.array([float(fs)]),
        "Data.Delay": np.zeros((1, 2)) if delays is None else delays,
        "SourcePosition": np.stack([azimuths_deg, np.zeros(n), np.full(n, DISTANCE_M)], axis=1),
        "ListenerPosition": np.zeros((1, 3)),
        "ListenerView": np.array([[1.0, 0, 0]]),
        "ListenerUp": np.array([[0.0, 0, 1]]),
        "ReceiverPosition": np.array([[0, 0.09, 0], [0, -0.09, 0.0]])[:, :, None],
    }
    kinds = {"SourcePosition": "spherical", **changes.pop("kinds", {})}
    for name, value in changes.items():
        (attributes if name in attributes else variables)[name if name in attributes else name.replace("_", ".")] = value
    with h5py.File(path, "w") as file:
        for name, value in attributes.items():
            if value is not None:
                file.attrs[name] = np.bytes_(value)
        for name, value in variables.items():
            if value is not None:
                file[name] = value
                file[name].attrs["Type"] = np.bytes_(kinds.get(name, "cartesian"))
    return path
