"""When left, right and centre arrive at the listener: upmix, filters, limiter and the way through the air."""

from __future__ import annotations

import dataclasses

import numpy as np

from spatial.analysis.cancellation import arrivals
from spatial.analysis.study import Study
from spatial.analysis.weights import SIDE_NAMES
from spatial.rig.geometry import head_centre, places
from spatial.targets.beam_reference import beam_group
from spatial.targets.tone import timbre_group


@dataclasses.dataclass(frozen=True)
class PathLatency:
    """When one path arrives, seconds.

    Attributes
    ----------
    upmix_s, limiter_s : float
    filters_s : float
        From the first tap to the moment at which the path's reference would sound.
    air_s : float
        From there to the head.
    """

    upmix_s: float
    filters_s: float
    limiter_s: float
    air_s: float

    @property
    def arrival_s(self) -> float:
        """Time from the sample at the input to the centre of the head."""
        return self.upmix_s + self.filters_s + self.limiter_s + self.air_s


def chain_latency(study: Study, upmix_frames: int, limiter_frames: int) -> dict[str, PathLatency]:
    """When every path of a bank arrives; the renderer knows the delays of upmix and limiter.

    Parameters
    ----------
    study : Study
    upmix_frames, limiter_frames : int
    """
    rig_file = study.rig_file
    rig, scene, fs = rig_file.rig, rig_file.scene, study.bank.fs
    out = {}
    for path, arrival in study.of(arrivals).items():
        if path == "center":
            group = beam_group(rig_file)
        else:
            group = timbre_group(rig, scene, rig_file.design.crosstalk, SIDE_NAMES.index(path))
        way_m = np.linalg.norm(head_centre(scene.listener) - places(rig)[list(group)].mean(axis=0))
        air_s = float(way_m) / scene.medium.c
        out[path] = PathLatency(upmix_frames / fs, arrival / fs - air_s, limiter_frames / fs, air_s)
    return out
