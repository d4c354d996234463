"""What a side is solved from: the plant, what the ears should get, and what limits it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import LEFT, POSES, RIGHT, Ears
from spatial.acoustics.transfer import transfer_matrix
from spatial.base.arrays import AtPoint, Freqs, Levels, Power, Real, Spectrum, Transfer
from spatial.base.units import from_db
from spatial.design.crossover import added_by_others
from spatial.design.crosstalk import (
    nearest_in_disc,
    targeted_leak,
    virtual_leak,
)
from spatial.rig.model import CrosstalkSpec, Rig, RigFile
from spatial.targets.cancellation import target_curve_db
from spatial.targets.effort import (
    cap_zero_hz,
    default_effort_cap_db,
    effort_cap_curve,
    used_drivers,
)
from spatial.targets.tone import ToneTarget, side_target, timbre_group
from spatial.targets.virtual_pair import wished_pair, wished_pair_at


@dataclass(frozen=True, eq=False)
class SideProblem:
    """What the left side is solved from; the reference alone has been set aside.

    Attributes
    ----------
    spec : CrosstalkSpec
    freqs : (freqs,) Hz
    used : list of int
        Drivers in use.
    h_ipsi, h_contra : (freqs, drivers) complex
        The plant.
    target : ToneTarget
        What the near ear should get.
    wished : (freqs,) complex
        What the far ear should get in mode "virtual".
    natural : (freqs,) complex
        Crosstalk of the reference.
    share, leak : (freqs,)
        What woofers and tweeters add at the near and at the far ear, re the target.
    cap_db : (freqs,) dB
        Effort cap.
    effort : (freqs,)
        Largest |w|^2.
    error_power : float
        Mean power of a driver's relative error, 0 where errors do not count.
    leak_phase : (freqs,) rad or None
        Preferred to the natural phase in mode "target".
    poses, h_poses : (freqs, poses, drivers) complex or None
        What should stay silent over head poses, and the near ear there; None where one pose counts.
    """

    spec: CrosstalkSpec
    freqs: Freqs
    used: list[int]
    h_ipsi: AtPoint
    h_contra: AtPoint
    target: ToneTarget
    wished: Spectrum
    natural: Spectrum
    share: Real
    leak: Spectrum
    cap_db: Levels
    effort: Power
    error_power: float
    leak_phase: Real | None
    poses: Transfer | None
    h_poses: Transfer | None

    @property
    def d(self) -> Spectrum:
        """Wanted ipsilateral pressure."""
        return self.target.d

    @classmethod
    def of(cls, rig_file: RigFile, freqs: Freqs, lower_cap_db: Levels | float, leak_phase: Real | None, fs: float | None) -> SideProblem:
        """Plant, target and limits of the left side of a rig.

        Parameters
        ----------
        rig_file : RigFile
        freqs : (freqs,) Hz
        lower_cap_db : float or (freqs,)
            Taken off the effort cap.
        leak_phase : (freqs,) rad or None
            Preferred to the natural phase in mode "target".
        fs : float or None
            Sample rate of the crossovers; None: analogue ones.
        """
        rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
        spec = design.crosstalk
        used = sorted(used_drivers(rig, spec))
        h = transfer_matrix(rig, Ears.of(scene.listener), freqs, scene.medium)
        h_ipsi, h_contra = h[:, LEFT], h[:, RIGHT]
        group = list(timbre_group(rig, scene, spec, LEFT))
        target = side_target(rig_file, group, LEFT, h_ipsi, freqs)
        cap_db = effort_cap_curve(freqs, default_effort_cap_db(rig, spec), cap_zero_hz([rig.drivers[i] for i in used])) - lower_cap_db
        share, leak = added_by_others(rig, group, freqs, h_ipsi, h_contra, fs)
        robust = is_robust(rig, spec)
        poses, h_poses = leaks_over_poses(rig_file, freqs) if robust else (None, None)
        virtual = spec.mode == "virtual"
        return cls(
            spec=spec,
            freqs=freqs,
            used=used,
            h_ipsi=h_ipsi,
            h_contra=h_contra,
            target=target,
            wished=target.d * wished_pair(scene, design.width.model, freqs) if virtual else np.zeros_like(target.d),
            natural=h_contra[:, group].sum(axis=1) / h_ipsi[:, group].sum(axis=1),
            share=share,
            leak=leak,
            cap_db=cap_db,
            effort=from_db(cap_db) ** 2 * np.abs(target.d / target.h_ref) ** 2,
            # drivers that differ: no more drive power than the least expected error takes (`crosstalk.virtual_leak`)
            error_power=rig.tolerance.error_power if virtual or robust else 0.0,
            leak_phase=leak_phase,
            poses=poses,
            h_poses=h_poses,
        )

    @property
    def wrong(self) -> AtPoint:
        """What every driver does wrong at the far ear, given the near one: (freqs, drivers)."""
        return self.h_contra - (self.wished * (1 + self.share) / self.d - self.leak)[:, None] * self.h_ipsi

    def wish(self, c0: Spectrum, rho: Real, useful: Real) -> Spectrum:
        """The mode's leak of the whole side, moved into what is within reach.

        Parameters
        ----------
        c0, rho : (freqs,)
            The disc of leaks that the effort cap leaves.
        useful : (freqs,)
            Radius of the disc that a virtual pair may use; less than rho where drivers differ.

        Returns
        -------
        (freqs,) complex
        """
        if self.spec.mode == "target":
            curve_db = target_curve_db(self.freqs, self.spec.target_db)
            return targeted_leak(curve_db, self.d, self.natural, c0, rho, self.leak_phase)
        if self.spec.mode == "null":
            return nearest_in_disc(np.zeros_like(self.d), c0, rho)
        return virtual_leak(self.wished, c0, useful)


def is_robust(rig: Rig, spec: CrosstalkSpec) -> bool:
    """Whether a side is designed for many poses: as the rig file says, else for a null with three drivers or more, which can afford it.

    Parameters
    ----------
    rig : Rig
    spec : CrosstalkSpec
    """
    if spec.robust is not None:
        return spec.robust
    used = used_drivers(rig, spec)
    return spec.mode == "null" and len(used) >= 3


def leaks_over_poses(rig_file: RigFile, freqs: Freqs) -> tuple[Transfer, Transfer]:
    """What should stay silent at each head pose, and the ipsilateral ear there, for the left side.

    The contralateral ear should stay silent; in mode "virtual", what it receives beyond the wished pair's share of the ipsilateral ear.

    Parameters
    ----------
    rig_file : RigFile
    freqs : (freqs,) Hz

    Returns
    -------
    silent, h_ipsi : (freqs, poses, drivers) complex
    """
    rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
    ears = Ears.cloud(scene.listener, POSES)
    h = transfer_matrix(rig, ears, freqs, scene.medium)
    h_ipsi, h_contra = h[:, LEFT::2], h[:, RIGHT::2]
    if design.crosstalk.mode != "virtual":
        return h_contra, h_ipsi
    g = wished_pair_at(scene, design.width.model, freqs, ears)
    return h_contra - g[:, :, None] * h_ipsi, h_ipsi
