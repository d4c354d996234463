"""A small piece of music made by arithmetic, for demonstrations: sources where a listener can point at them.

Five bars in A minor, about 12 seconds. From the listener's left to right: a plucked string hard left, a vibraphone half left, a voice and
a bass in the centre, a harp half right, a thumb piano hard right; around them a soft choir of detuned tones and a room, both different
left and right. Always the same samples.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Real

SECONDS = 12.0
BEAT_S = 0.6
PEAK_DB = -3.0
SEED = 20
ROOM_RT60_S = ((200.0, 1.5), (2000.0, 1.2), (20000.0, 0.6))  # up to this frequency, this decay
ROOM_GAIN = 0.16

HARD_LEFT, HALF_LEFT, CENTRE, HALF_RIGHT, HARD_RIGHT = 45.0, 22.5, 0.0, -22.5, -45.0

CHORDS = ((57, 60, 64, 67), (53, 57, 60, 64), (55, 60, 64, 67), (55, 59, 62, 69), (57, 60, 64, 69))  # MIDI notes, a bar each
BASS = ((0.0, 45), (2.5, 45), (4.0, 41), (6.5, 41), (8.0, 48), (10.5, 48), (12.0, 43), (14.5, 43), (16.0, 45))
MELODY = (  # beat, beats, note, vowel
    (0.0, 1.5, 69, "oo"), (1.5, 0.5, 71, "oo"), (2.0, 2.0, 72, "ah"), (4.0, 1.5, 72, "oh"), (5.5, 0.5, 71, "oh"), (6.0, 2.0, 69, "ah"),
    (8.0, 1.5, 67, "oo"), (9.5, 0.5, 69, "oo"), (10.0, 2.0, 72, "ah"), (12.0, 1.0, 74, "ah"), (13.0, 1.0, 72, "oh"), (14.0, 2.0, 71, "oh"),
    (16.0, 2.6, 69, "oo"),
)  # fmt: skip
FORMANTS = {  # Hz and level in dB of five resonances of a singing voice
    "oo": ((325, 0), (700, -12), (2700, -34), (3800, -40), (4950, -50)),
    "oh": ((450, 0), (800, -9), (2830, -24), (3800, -30), (4950, -44)),
    "ah": ((800, 0), (1150, -6), (2900, -22), (3900, -26), (4950, -40)),
}
FORMANT_WIDTHS_HZ = (70.0, 80.0, 110.0, 130.0, 150.0)


def demo_scene(fs: int = 48000) -> Real:
    """The piece, stereo, (frames, 2), left and right; peak -3 dBFS.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    """
    rng = np.random.default_rng(SEED)
    dry = np.zeros((round(SECONDS * fs), 2))
    for bar, chord in enumerate(CHORDS):
        start = 4.0 * bar
        last = bar == len(CHORDS) - 1
        for eighth, tone in enumerate((0, 2, 1, 3, 2, 1, 3, 2) if not last else (0, 1, 2, 3)):
            string = plucked(note_hz(chord[tone]), 2.4, fs, rng)
            place(dry, 0.42 * string, start + (eighth / 2 if not last else 0.12 * eighth), HARD_LEFT, fs)
        for beat, tone in ((0.5, 1), (1.5, 3), (2.25, 2), (3.5, 0)) if not last else ((0.25, 3), (0.75, 2)):
            place(dry, 0.26 * struck(note_hz(chord[tone] + 12), (1.0, 5.4, 14.0), (0.9, 0.16, 0.05), fs), start + beat, HARD_RIGHT, fs)
        for beat in (0.0, 2.0) if not last else (0.0,):
            for tone in (1, 3):
                place(dry, 0.13 * struck(note_hz(chord[tone]), (1.0, 4.0, 9.9), (2.2, 0.7, 0.2), fs), start + beat, HALF_LEFT, fs)
        for sixteenth, tone in enumerate((3, 2, 1, 0)):
            harp = plucked(note_hz(chord[tone] + 12), 2.0, fs, rng, softness=0.55)
            place(dry, 0.4 * harp, start + 3.0 + sixteenth / 4 if not last else start + 0.5 + sixteenth / 4, HALF_RIGHT, fs)
    for beat, note in BASS:
        place(dry, 0.3 * struck(note_hz(note), (1.0, 2.0, 3.0, 4.0), (1.3, 0.7, 0.4, 0.25), fs), beat, CENTRE, fs)
    place(dry, 0.25 * voice(fs), 0.0, CENTRE, fs)
    scene: Real = dry + choir(len(dry), fs, rng) + room(dry, fs, rng)
    fade = np.minimum(1.0, np.arange(len(scene))[::-1] / (0.8 * fs))[:, None]
    scene *= fade**2
    scene = scene * 10 ** (PEAK_DB / 20) / np.abs(scene).max()
    return scene


def note_hz(midi: float) -> float:
    """Frequency of a MIDI note; 69 is 440 Hz."""
    return 440.0 * 2 ** ((midi - 69) / 12)


def place(mix: Real, sound: Real, beat: float, pan_deg: float, fs: int) -> None:
    """Add a mono sound to a stereo mix at a beat, panned with constant power.

    Parameters
    ----------
    mix : (frames, 2) float
        Written to.
    sound : (frames,) float
    beat : float
    pan_deg : float
        45 hard left, -45 hard right.
    fs : int
        Sample rate, Hz.
    """
    start = round(beat * BEAT_S * fs)
    length = min(len(sound), len(mix) - start)
    left, right = np.cos(np.deg2rad(45.0 - pan_deg)), np.sin(np.deg2rad(45.0 - pan_deg))
    if pan_deg in (HARD_LEFT, HARD_RIGHT):  # exactly nothing on the other side
        left, right = float(pan_deg > 0), float(pan_deg < 0)
    mix[start : start + length] += sound[:length, None] * (left, right)


def plucked(hz: float, seconds: float, fs: int, rng: np.random.Generator, softness: float = 0.3) -> Real:
    """A plucked string (Karplus and Strong 1983): a burst of noise goes round a delay line and loses its highs on the way.

    Parameters
    ----------
    hz : float
    seconds : float
        To -60 dB.
    fs : int
        Sample rate, Hz.
    rng : Generator
    softness : float
        How dull the burst is, 0 to 1.

    Returns
    -------
    (frames,) float
        Peak 1.
    """
    period = fs / hz
    n = int(period - 0.5)
    between = period - 0.5 - n  # the mean of two neighbours below is half a sample late
    burst = rng.uniform(-1, 1, n + 2)
    for _ in range(3):
        burst = (1 - softness) * burst + softness * np.roll(burst, 1)
    line = np.concatenate([burst - burst.mean(), np.zeros(int(seconds * fs))])
    decay = 10 ** (-3 * period / fs / seconds)
    for start in range(n + 2, len(line), n):
        stop = min(start + n, len(line))
        a, b, c = (line[start - n - k : stop - n - k] for k in range(3))
        line[start:stop] = decay * 0.5 * ((1 - between) * (a + b) + between * (b + c))
    line *= np.minimum(1.0, np.arange(len(line))[::-1] / (0.1 * len(line)))
    string: Real = line / np.abs(line).max()
    return string


def struck(hz: float, ratios: tuple[float, ...], decays_s: tuple[float, ...], fs: int) -> Real:
    """A struck bar, tine or string: partials that decay each by itself, with a soft attack.

    Parameters
    ----------
    hz : float
    ratios : tuple of float
        Of the partials to hz.
    decays_s : tuple of float
        Of the partials, to -60 dB.
    fs : int
        Sample rate, Hz.
    """
    time = np.arange(int(max(decays_s) * fs)) / fs
    sound = np.zeros(len(time))
    for k, (ratio, decay) in enumerate(zip(ratios, decays_s, strict=True)):
        if ratio * hz < 0.4 * fs:
            sound += 0.5**k * np.sin(2 * np.pi * ratio * hz * time) * np.exp(-6.9 * time / decay)
    attacked: Real = sound * (1 - np.exp(-time / 0.002))
    return attacked


def voice(fs: int) -> Real:
    """The melody, sung: harmonics of a gliding, trembling pitch, weighted by the formants of the vowels."""
    end_s = (MELODY[-1][0] + MELODY[-1][1]) * BEAT_S
    time = np.arange(int(end_s * fs)) / fs
    coarse = np.arange(0.0, end_s, 0.005)  # pitch and vowels move slowly
    starts = np.array([beat * BEAT_S for beat, *_ in MELODY])
    sung = np.maximum(np.searchsorted(starts, coarse, side="right") - 1, 0)
    since = coarse - starts[sung]
    pitch = smooth(np.array([float(MELODY[i][2]) for i in sung]), 9)
    pitch += 0.28 * np.clip((since - 0.25) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.3 * coarse)
    hz = note_hz(0) * 2 ** (pitch / 12)
    loudness = smooth(0.55 + 0.45 * np.clip(since / 0.18, 0, 1), 7) * np.clip(coarse / 0.15, 0, 1) * np.clip((end_s - coarse) / 0.5, 0, 1)
    vowels = {vowel: smooth(np.array([float(MELODY[i][3] == vowel) for i in sung]), 31) for vowel in FORMANTS}
    phase = 2 * np.pi * np.cumsum(np.interp(time, coarse, hz)) / fs
    sound = np.zeros(len(time))
    for harmonic in range(1, 1 + int(0.4 * min(fs, 20000) / hz.min())):
        tract = sum(share * formant_gain(harmonic * hz, vowel) for vowel, share in vowels.items())
        sound += np.interp(time, coarse, loudness * tract / harmonic) * np.sin(harmonic * phase)
    sung_alone: Real = sound / np.abs(sound).max()
    return sung_alone


def formant_gain(hz: Real, vowel: str) -> Real:
    """How strongly a vowel lets frequencies through.

    Parameters
    ----------
    hz : (...) Hz
    vowel : str
        One of FORMANTS.
    """
    gain = np.zeros(len(hz))
    for (centre, level_db), width in zip(FORMANTS[vowel], FORMANT_WIDTHS_HZ, strict=True):
        gain += 10 ** (level_db / 20) / np.sqrt(1 + ((hz - centre) / width) ** 2)
    return gain


def smooth(values: Real, n: int) -> Real:
    """Running mean over n values, the ends held.

    Parameters
    ----------
    values : (frames,) float
    n : int
    """
    padded = np.pad(values, (n // 2, n - 1 - n // 2), mode="edge")
    return np.convolve(padded, np.ones(n) / n, mode="valid")


def choir(frames: int, fs: int, rng: np.random.Generator) -> Real:
    """Soft detuned tones on every chord, with phases of their own left and right: wide, and from nowhere in particular.

    Parameters
    ----------
    frames : int
    fs : int
        Sample rate, Hz.
    rng : Generator

    Returns
    -------
    (frames, 2) float
    """
    out = np.zeros((frames, 2))
    for bar, chord in enumerate(CHORDS):
        start = round(4 * bar * BEAT_S * fs)
        length = min(round(5.2 * BEAT_S * fs), frames - start)
        time = np.arange(length) / fs
        swell = np.sin(np.pi * np.clip(time / (length / fs), 0, 1)) ** 0.8
        for tone in chord:
            for detune in (-0.06, 0.0, 0.06):
                hz = note_hz(tone + detune)
                phases = rng.uniform(0, 2 * np.pi, (2, 3))
                for side in (0, 1):
                    wave = sum(np.sin(2 * np.pi * k * hz * time + phases[side, k - 1]) / k**1.6 for k in (1, 2, 3))
                    out[start : start + length, side] += 0.008 * swell * wave
    return out


def room(dry: Real, fs: int, rng: np.random.Generator) -> Real:
    """What a room answers: noise that dies away, highs sooner, unrelated left and right; the first 15 ms are silent.

    Parameters
    ----------
    dry : (frames, 2) float
    fs : int
        Sample rate, Hz.
    rng : Generator

    Returns
    -------
    (frames, 2) float
    """
    longest = max(rt60 for _, rt60 in ROOM_RT60_S)
    n = int(longest * fs)
    time = np.arange(n) / fs
    freqs = np.fft.rfftfreq(n, 1 / fs)
    answer = np.zeros((n, 2))
    low = 0.0
    for high, rt60 in ROOM_RT60_S:
        noise = np.fft.rfft(rng.standard_normal((n, 2)), axis=0) * ((freqs >= low) & (freqs < high))[:, None]
        answer += np.fft.irfft(noise, n, axis=0) * np.exp(-6.9 * time / rt60)[:, None]
        low = high
    answer[time < 0.015] = 0.0
    answer *= ROOM_GAIN / np.sqrt((answer**2).sum(axis=0))
    size = 1 << (len(dry) + n).bit_length()
    sent = np.fft.rfft(dry.sum(axis=1), size)
    return np.fft.irfft(sent[:, None] * np.fft.rfft(answer, size, axis=0), size, axis=0)[: len(dry)]
