"""Crosstalk cancellation and null-steering: one closed form for any number of drivers.

Per frequency h_i, h_c in C^N are the drivers' transfers to the ipsilateral and the contralateral ear, d the pressure wanted at the
one, c the pressure left at the other. With

    A = |h_i|^2,  B = |h_c|^2,  C = h_c^T h_i*,  Delta = A B - |C|^2

the weights of least effort that make both are w = h_i* x + h_c* y, y = A (c - c0)/Delta, x = d/A - y C*/A, where c0 = d C/A is the leak
that comes with the cheapest way to make d. Their effort |w|^2 = |d|^2/A + (A/Delta) |c - c0|^2 confines c, under a cap, to a disc
about c0. Every mode is a wish for c that is moved into that disc.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import AtPoint, Drive, Levels, Power, Real, Spectrum
from spatial.base.units import from_db

SPREAD_EFFORT_DB = 1.0  # over least effort, that drivers' errors are worth; more buys nothing at the ears and shouts elsewhere
SINGULAR = 1e-24  # of A B: ears that receive the same to 12 digits cannot be told apart


def ear_products(h_ipsi: AtPoint, h_contra: AtPoint) -> tuple[Power, Power, Spectrum, Power]:
    """A, B, C and Delta, the last without the cancellation of A B - |C|^2 at low frequency.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex

    Returns
    -------
    A, B, Delta : (freqs,) float
    C : (freqs,) complex
    """
    A = np.sum(np.abs(h_ipsi) ** 2, axis=1)
    B = np.sum(np.abs(h_contra) ** 2, axis=1)
    C = np.sum(h_contra * h_ipsi.conj(), axis=1)
    apart = h_contra - h_ipsi * (C / A)[:, None]
    return A, B, C, A * np.sum(np.abs(apart) ** 2, axis=1)


def _apart(h_ipsi: AtPoint, h_contra: AtPoint) -> tuple[Power, Spectrum, Power]:
    """A, C and Delta, the last large enough to divide by."""
    A, B, C, Delta = ear_products(h_ipsi, h_contra)
    return A, C, np.maximum(Delta, SINGULAR * A * B)


def reachable_leaks(h_ipsi: AtPoint, h_contra: AtPoint, d: Spectrum, effort: Power) -> tuple[Spectrum, Real]:
    """Disc of contralateral pressures that an effort limit leaves within reach.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
        Driver-to-ear transfer, pressure per unit drive.
    d : (freqs,) complex
        Ipsilateral pressure that is wanted.
    effort : (freqs,) float
        Largest allowed sum of |w|^2.

    Returns
    -------
    c0 : (freqs,) complex
        Centre: the leak of the cheapest way to make d.
    rho : (freqs,) float
        Radius; 0 where even d alone exceeds the effort.
    """
    A, C, Delta = _apart(h_ipsi, h_contra)
    spare = np.maximum(effort - np.abs(d) ** 2 / A, 0.0)
    return d * C / A, np.sqrt(Delta / A * spare)


def least_effort_weights(h_ipsi: AtPoint, h_contra: AtPoint, d: Spectrum, c: Spectrum) -> Drive:
    """Weights of least |w|^2 with h_ipsi^T w = d and h_contra^T w = c.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
        Driver-to-ear transfer, pressure per unit drive.
    d, c : (freqs,) complex
        Wanted pressures at the two ears.

    Returns
    -------
    (freqs, drivers) complex
    """
    A, C, Delta = _apart(h_ipsi, h_contra)
    y = A * (c - d * C / A) / Delta
    x = d / A - y * C.conj() / A
    return h_ipsi.conj() * x[:, None] + h_contra.conj() * y[:, None]


def least_spread_weights(
    h_ipsi: AtPoint, h_contra: AtPoint, d: Spectrum, c: Spectrum, effort: Power, error_power: float, loading: Power
) -> Drive:
    """Weights that make the two pressures and are off least where drivers differ, for at most 1 dB more drive power.

    Three drivers or more leave a choice. A driver's relative error of power sigma^2 adds sigma^2 |w_n|^2 times |h_i,n|^2 at the near
    ear and times |h_c,n - (c/d) h_i,n|^2 at the far one, given the near one. Least cost is sought for

        Q_n = sigma^2 (|h_c,n - (c/d) h_i,n|^2 + |(c/d) h_i,n|^2) + loading.

    Parameters
    ----------
    h_ipsi, h_contra : (freqs, drivers) complex
        Driver-to-ear transfer, pressure per unit drive.
    d, c : (freqs,) complex
        Wanted pressures at the two ears.
    effort : (freqs,) float
        Largest allowed sum of |w|^2; where least effort itself takes more, least effort is returned.
    error_power : float
        sigma^2, mean power of a driver's relative error.
    loading : (freqs,) float, > 0
        What |w_n|^2 costs beside its errors.

    Returns
    -------
    w : (freqs, drivers) complex
        h_ipsi^T w = d, h_contra^T w = c, sum |w|^2 <= effort and at most 1 dB over least effort; the cheapest such w on the line from least
        effort to least cost.

    Notes
    -----
    Drivers that the ears hardly hear cost nothing by their errors: without the limit of 1 dB they get all that the effort cap leaves.
    Error against a real pair that nine of ten loudspeakers keep, drivers +-0.5 dB and 2.5 degrees, ILD / ITD / largest weight:

                             ball of five, head turned    ring of seven            bar of eight
        least effort         1.90 dB 78 us +10.7 dB       1.80 dB 124 us +8.3 dB   0.57 dB 24 us +0.4 dB
        1 dB more            1.60 dB 73 us +10.7 dB       1.70 dB 124 us +7.1 dB   0.54 dB 23 us +0.7 dB
        up to a 12 dB cap    1.55 dB 72 us +22.3 dB       1.69 dB 124 us +23.0 dB  0.54 dB 23 us +0.7 dB
    """
    least = least_effort_weights(h_ipsi, h_contra, d, c)
    near = (c / d)[:, None] * h_ipsi
    root = np.sqrt(error_power * (np.abs(h_contra - near) ** 2 + np.abs(near) ** 2) + loading[:, None])
    apart = least_effort_weights(h_ipsi / root, h_contra / root, d, c) / root - least  # silent at both ears, so orthogonal to least
    spent, more = (np.sum(np.abs(w) ** 2, axis=1) for w in (least, apart))
    allowed = np.minimum(effort, spent * from_db(SPREAD_EFFORT_DB) ** 2)
    share = np.sqrt(np.maximum(allowed - spent, 0.0) / np.maximum(more, 1e-300))
    return np.asarray(least + np.minimum(share, 1.0)[:, None] * apart)


def nearest_in_disc(wish: Spectrum, c0: Spectrum, rho: Real) -> Spectrum:
    """A complex wish for the leak, moved into the disc along the line to its centre (mode "null").

    Parameters
    ----------
    wish : (freqs,) complex
    c0, rho : (freqs,)
        The disc of `reachable_leaks`.

    Returns
    -------
    (freqs,) complex
    """
    away = wish - c0
    distance = np.abs(away)
    return c0 + away * np.minimum(1.0, rho / np.maximum(distance, 1e-300))


def leak_of_magnitude(magnitude: Real, natural_phase: Real, c0: Spectrum, rho: Real) -> Spectrum:
    """A leak of the wished magnitude inside the disc, as near to a phase as the disc allows (mode "target").

    Where the disc holds no point of that magnitude, its nearest magnitude is taken: | |c0| - rho | from above or |c0| + rho.

    Parameters
    ----------
    magnitude : (freqs,) >= 0
    natural_phase : (freqs,) rad
        Phase to keep near to.
    c0, rho : (freqs,)
        The disc of `reachable_leaks`.

    Returns
    -------
    (freqs,) complex

    Notes
    -----
    Keeping the natural phase, that of the reference driver's own crosstalk, costs nothing where the cap does not bind. The phase of
    least effort flips sign where C = 0, which short filters cannot follow.
    """
    centre = np.abs(c0)
    m = np.clip(magnitude, np.maximum(centre - rho, 0.0), centre + rho)
    # points |c| = m inside the disc lie within +-widest of arg c0
    cosine = (m**2 + centre**2 - rho**2) / np.maximum(2 * m * centre, 1e-300)
    widest = np.arccos(np.clip(cosine, -1.0, 1.0))
    apart = np.angle(np.exp(1j * (natural_phase - np.angle(c0))))
    return np.asarray(m * np.exp(1j * (np.angle(c0) + np.clip(apart, -widest, widest))))


def virtual_leak(wish: Spectrum, c0: Spectrum, rho: Real) -> Spectrum:
    """The leak of a virtual pair, moved into the disc: its magnitude first, then as near to its phase as that allows.

    Parameters
    ----------
    wish : (freqs,) complex
    c0, rho : (freqs,)
        The disc of `reachable_leaks`.

    Returns
    -------
    (freqs,) complex

    Notes
    -----
    Moving it along the line to the centre, the nearest point, gives up level and phase together: under a 12 dB cap two drivers
    16 cm apart then miss the ILD by 2.2 dB rms and 6 dB in the worst third octave, the ITD by 185 us. Keeping the magnitude they
    miss 0.1 dB, 0.2 dB and 184 us.

    Where drivers differ, weights of least expected error, w ~ M^-1 h_i* with M = v* v^T + sigma^2 diag |v_n|^2 + loading and
    v = h_c - g h_i, say how much drive power is worth spending; they move the leak along that line as well. So their drive power is taken
    and their leak is not. Error against a real pair that nine of ten loudspeakers keep, drivers +-0.5 dB and 2.5 degrees, ILD / ITD:

        12 dB cap               box of two       ball of three    ring of seven    four in a wall
        least expected error    4.4 dB 226 us    3.1 dB 107 us    3.1 dB 116 us    4.0 dB 198 us
        its power, this leak    1.9 dB 217 us    2.1 dB 114 us    1.7 dB 124 us    1.9 dB 196 us
    """
    return leak_of_magnitude(np.abs(wish), np.angle(wish), c0, rho)


def targeted_leak(target_db: Levels, d: Spectrum, natural: Spectrum, c0: Spectrum, rho: Real, phase: Real | None = None) -> Spectrum:
    """Leak for a wanted ipsi/contra ratio t: |c| = max(|d| min(1/t, |g|), |c0| - rho, 0), with g the natural crosstalk.

    The separation is then max(natural, min(target, reachable)) exactly.

    Parameters
    ----------
    target_db : (freqs,) dB
        20 log10 t.
    d : (freqs,) complex
        Wanted ipsilateral pressure.
    natural : (freqs,) complex
        g, contralateral over ipsilateral pressure of the reference driver.
    c0, rho : (freqs,)
        The disc of `reachable_leaks`.
    phase : (freqs,) rad
        Kept where the disc allows; default: the natural one.

    Returns
    -------
    (freqs,) complex
    """
    g = np.abs(natural)
    wanted = np.abs(d) * np.minimum(10 ** (-target_db / 20), g)
    return leak_of_magnitude(wanted, np.angle(d * natural) if phase is None else phase, c0, rho)
