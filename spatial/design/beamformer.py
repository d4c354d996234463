"""Depth: a midrange beam by window least squares, power ratio and main lobe in one linear solve per frequency.

    w = M^-1 (r + nu g0*),   M = R_window + alpha (B_side + gamma B_sphere) + beta P,   r = <g* T>,   nu from g0^T w = 1

g0 is the on-axis response vector, R_window the mean of g* g^T over the window of +-45 degrees, B_side and B_sphere the same around +-90
degrees and over the sphere, P the cost of using a driver, T the wished magnitude in the window times the phase that the pattern takes
by itself (magnitude least squares: Setsompop et al., "Magnitude least squares optimization", Magn. Reson. Med. 59, 2008). alpha and beta
run along one smooth path over frequency, the best by dynamic programming: free choices would jump and give long filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from spatial.acoustics.points import arc, sphere
from spatial.acoustics.transfer import transfer_matrix
from spatial.design.regularization import band_weights, effort_cap_curve, smooth_step
from spatial.rig.geometry import axes, places
from spatial.rig.mirror import driver_order, upright
from spatial.rig.model import BeamSpec, Medium, Rig
from spatial.units import db, power_db


@dataclass(frozen=True)
class WindowSpec:
    """Numbers of the window least squares that a person may want to change."""

    window_deg: float = 45.0
    window_step_deg: float = 5.0
    wished_db: tuple[tuple[float, float], ...] = ((0, 0), (15, -0.2), (30, -0.8), (45, -2.2))  # azimuth, level
    gamma: float = 0.15  # weight of the whole sphere beside the sides
    side_db: float = 20.0  # deeper than this is not rewarded
    droop_db: float = -3.0
    peak_db: float = 0.4
    miss_cost: float = 2.0  # per dB of effort, droop or peak beyond its bound
    step_cost: float = 0.02  # per squared grid step between neighbouring frequencies
    grid: int = 16
    alpha: tuple[float, float] = (0.02, 30.0)
    beta: tuple[float, float] = (1e-6, 1.0)
    band_hz: tuple[float, float] = (150.0, 6500.0)
    n_freqs: int = 110
    starts_m: tuple[float, ...] = (-0.06, 0.0, 0.06)
    rounds: int = 12
    smoothing: float = 2.0  # of the path, in frequencies
    top_hz: tuple[float, float] = (5600.0, 8000.0)  # blend to the reference alone
    bottom_hz: tuple[float, float] = (100.0, 250.0)


MIRROR_TOLERANCE = 1e-9
SIDE_DEG = (-100.0, -90.0, -80.0, 80.0, 90.0, 100.0)


@dataclass(frozen=True, eq=False)
class Patterns:
    """Directional responses that the solve needs at some frequencies, and the matrices made of them (freqs first)."""

    freqs: NDArray[np.float64]
    front: NDArray[np.complex128]  # (freqs, drivers)
    window: NDArray[np.complex128]  # (freqs, azimuths, drivers)
    side: NDArray[np.complex128]
    wanted: NDArray[np.complex128]  # R_window, (freqs, drivers, drivers)
    unwanted: NDArray[np.complex128]  # B_side + gamma B_sphere
    cost: NDArray[np.float64]  # P, its diagonal (freqs, drivers)
    reference: NDArray[np.complex128]  # (freqs, azimuths): the reference alone in the window, re on axis
    reference_power: NDArray[np.float64]  # |sum g|^2 / n on axis
    mirror: NDArray[np.intp]  # the driver that mirrors each one; itself where the rig is not symmetric

    def solve(self, alpha: NDArray, beta: NDArray, wish: NDArray) -> NDArray[np.complex128]:
        """Weights (freqs, drivers), 1 on axis, for weights alpha, beta (freqs,) and a wish T (freqs, azimuths).

        A symmetric rig gets symmetric weights: taking the pattern's own phase would let a lopsided one grow out of rounding errors.
        """
        n = self.front.shape[1]
        m = self.wanted + alpha[:, None, None] * self.unwanted
        m[:, np.arange(n), np.arange(n)] += beta[:, None] * self.cost
        r = np.einsum("fdn,fd->fn", self.window.conj(), wish) / wish.shape[1]
        x, y = np.moveaxis(np.linalg.solve(m, np.stack([r, self.front.conj()], axis=2)), 2, 0)
        nu = (1 - np.sum(self.front * x, axis=1)) / np.sum(self.front * y, axis=1)
        w = x + y * nu[:, None]
        return (w + w[:, self.mirror]) / 2

    def in_window(self, w: NDArray) -> NDArray[np.complex128]:
        """Pressure over the window, (freqs, azimuths)."""
        return np.einsum("fdn,fn->fd", self.window, w)

    def score(self, w: NDArray, spec: WindowSpec, cap_db: NDArray) -> NDArray[np.float64]:
        """How good weights are at each frequency; 0 is perfect, (freqs,)."""
        level = db(self.in_window(w))
        side_db = -power_db(np.mean(np.abs(np.einsum("fdn,fn->fd", self.side, w)) ** 2, axis=1))
        effort_db = power_db(np.sum(np.abs(w) ** 2, axis=1) * self.reference_power)
        misses = np.maximum(effort_db - cap_db, 0)
        misses += np.maximum(spec.droop_db - level.min(axis=1), 0) + np.maximum(level.max(axis=1) - spec.peak_db, 0)
        return -10 * 10 ** (-np.minimum(side_db, spec.side_db) / 10) - spec.miss_cost * misses


def window_deg(spec: WindowSpec) -> NDArray[np.float64]:
    """Azimuths of the window."""
    return np.arange(-spec.window_deg, spec.window_deg + 1e-9, spec.window_step_deg)


def patterns(rig: Rig, used: Sequence[int], group: Sequence[int], freqs: NDArray, medium: Medium, spec: WindowSpec) -> Patterns:
    """Responses of the used drivers at these frequencies; group is the reference, both by index in the rig."""
    used, among = list(used), [list(used).index(i) for i in group]

    def look(points):  # type: ignore[no-untyped-def]
        return transfer_matrix(rig, points, freqs, medium)[:, :, used]

    def mean(g, weights=None):  # type: ignore[no-untyped-def]
        weights = np.full(g.shape[1], 1 / g.shape[1]) if weights is None else weights
        return np.einsum("fdn,fdm->fnm", g.conj() * weights[:, None], g, optimize=True)

    window, front = look(arc(window_deg(spec))), look(arc(0.0))[:, 0]
    azimuth, elevation = np.meshgrid(np.concatenate([np.arange(75, 106, 5), np.arange(-105, -74, 5)]), [-15, -5, 5, 15])
    around, weights = sphere(8, 16)
    reference = front[:, among].sum(axis=1)
    return Patterns(
        freqs=freqs,
        front=front,
        window=window,
        side=look(arc(SIDE_DEG)),
        wanted=mean(window),
        unwanted=mean(look(arc(azimuth, elevation))) + spec.gamma * mean(look(around), weights),
        cost=band_weights([rig.drivers[i] for i in used], freqs),
        reference=window[:, :, among].sum(axis=2) / reference[:, None],
        reference_power=np.abs(reference) ** 2 / len(among),
        mirror=mirror_drivers(rig, used),
    )


def mirror_drivers(rig: Rig, used: Sequence[int]) -> NDArray[np.intp]:
    """For each used driver the position, among them, of its mirror image in left; 0, 1, 2, ... where any has none."""
    place, axis = places(rig)[list(used)], axes(rig)[list(used)]
    kind = [(rig.drivers[i].diameter_m, rig.drivers[i].directivity, rig.drivers[i].band_hz) for i in used]
    found = []
    for i in range(len(place)):
        apart = np.abs(place - place[i] * [1, -1, 1]).max(axis=1) + np.abs(axis - axis[i] * [1, -1, 1]).max(axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] > MIRROR_TOLERANCE or kind[nearest] != kind[i]:
            return np.arange(len(place))
        found.append(nearest)
    return np.array(found)


def smooth_path(score: NDArray, grid: int, step_cost: float) -> tuple[NDArray[np.intp], float]:
    """Index into a grid x grid plane at every frequency: the highest total score less the cost of steps (Viterbi).

    score (freqs, grid * grid). Returns the path (freqs,) and its total.
    """
    ia, ib = np.divmod(np.arange(score.shape[1]), grid)
    step = step_cost * ((ia[:, None] - ia) ** 2 + (ib[:, None] - ib) ** 2)
    best, back = score[0], []
    for row in score[1:]:
        come = best[:, None] - step
        origin = come.argmax(axis=0)
        back.append(origin)
        best = come[origin, np.arange(len(origin))] + row
    path = [int(best.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1]), float(best.max())


def window_least_squares(
    rig: Rig, used: Sequence[int], group: Sequence[int], freqs: NDArray, cap_db: float, medium: Medium, spec: WindowSpec
) -> NDArray[np.complex128]:
    """Beam weights (freqs, drivers of the rig), 1 on axis with the phase about the origin, zero for unused drivers.

    The design runs on ``spec.n_freqs`` frequencies from several starting phases (that of the reference alone, or of a point source where
    a group or a bar is the reference, moved along the axis); the best start's alpha, beta and phase are then solved at ``freqs``,
    blending to the reference alone above ``top_hz`` and below ``bottom_hz``.
    """
    used = list(used)
    f = np.geomspace(*spec.band_hz, spec.n_freqs)
    coarse = patterns(rig, used, group, f, medium, spec)
    cap = effort_cap_curve(f, cap_db)
    axis_alpha, axis_beta = np.geomspace(*spec.alpha, spec.grid), np.geomspace(*spec.beta, spec.grid)
    azimuth = window_deg(spec)
    wished = 10 ** (np.interp(np.abs(azimuth), *np.array(spec.wished_db, float).T) / 20)
    own_phase = np.angle(coarse.reference) if len(group) == 1 else np.zeros_like(coarse.reference, float)
    best: tuple[float, NDArray, NDArray, NDArray] | None = None
    for start_m in spec.starts_m:
        phase = own_phase + 2 * np.pi * f[:, None] / medium.c * start_m * (np.cos(np.deg2rad(azimuth)) - 1)
        for _ in range(spec.rounds):
            wish = wished * np.exp(1j * phase)
            score = np.stack(
                [
                    coarse.score(coarse.solve(np.full(len(f), a), np.full(len(f), b), wish), spec, cap)
                    for a in axis_alpha
                    for b in axis_beta
                ],
                axis=1,
            )
            path, total = smooth_path(score, spec.grid, spec.step_cost)
            log_alpha = gaussian_filter1d(np.log(axis_alpha[path // spec.grid]), spec.smoothing)
            log_beta = gaussian_filter1d(np.log(axis_beta[path % spec.grid]), spec.smoothing)
            phase = np.angle(coarse.in_window(coarse.solve(np.exp(log_alpha), np.exp(log_beta), wish)))
        if best is None or total > best[0]:
            best = total, log_alpha, log_beta, np.unwrap(phase, axis=0)
    assert best is not None
    _, log_alpha, log_beta, phase = best

    def at(values: NDArray) -> NDArray:
        return np.interp(np.log(np.maximum(freqs, f[0])), np.log(f), values)

    fine = patterns(rig, used, group, freqs, medium, spec)
    wish = wished * np.exp(1j * np.stack([at(column) for column in phase.T], axis=1))
    w = np.zeros((len(freqs), len(rig.drivers)), complex)
    w[:, used] = fine.solve(np.exp(at(log_alpha)), np.exp(at(log_beta)), wish)
    alone = reference_alone(rig, group, freqs, medium)
    keep = smooth_step(freqs, *spec.bottom_hz) * (1 - smooth_step(freqs, *spec.top_hz))
    return alone + keep[:, None] * (w - alone)


def reference_alone(rig: Rig, group: Sequence[int], freqs: NDArray, medium: Medium) -> NDArray[np.complex128]:
    """Weights (freqs, drivers) of the reference driver or group in phase, 1 on axis with the phase about the origin."""
    front = transfer_matrix(rig, arc(0.0), freqs, medium)[:, 0, list(group)]
    w = np.zeros((len(freqs), len(rig.drivers)), complex)
    w[:, list(group)] = (1 / front.sum(axis=1))[:, None]
    return w


def beam_weights(rig: Rig, spec: BeamSpec, group: Sequence[int], freqs: NDArray, medium: Medium) -> NDArray[np.complex128]:
    """Weights of a preset, (freqs, drivers), 1 on axis: "null", "power_ratio" or "reference" (alone)."""
    chosen = rig.indices(spec.drivers) if spec.drivers else rig.spatial_drivers
    if spec.preset == "reference" or set(chosen) == set(group):
        return reference_alone(rig, group, freqs, medium)
    rig = upright(rig)
    used = [i for i in driver_order(rig) if i in chosen]
    window = WindowSpec(side_db=spec.side_db) if spec.preset == "power_ratio" else WindowSpec()
    return window_least_squares(rig, used, group, freqs, spec.effort_cap_db, medium, window)
