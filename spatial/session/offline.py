"""Files through the chain: a programme in, driver feeds (or left, right, centre) out, in bounded memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.arrays import Audio, Real
from spatial.base.checks import instance, path, usual_float_errors
from spatial.base.errors import InputError, OutputError
from spatial.base.units import db
from spatial.base.whole_files import check_destination
from spatial.dsp.make import make_meter, make_upmix
from spatial.io.audio_in import AudioReader, StereoSource
from spatial.io.audio_out import AudioWriter, SampleFormat
from spatial.io.resample import Resampler
from spatial.io.standard_input import open_audio
from spatial.session.options import RenderOptions, chain_of
from spatial.session.programme_meter import ProgrammeMeter
from spatial.session.render_report import DriverReport, RenderReport, UpmixReport, level_db

Path = str | os.PathLike[str]
Progress = Callable[[int, int | None], None]
"""Called with the frames done and the frames there are (None: not known)."""

CHUNK = 32768
"""Frames at a time; between two chunks an interrupt is heard. Smaller ones cost more overhead."""


@usual_float_errors
def render_file(
    input: Path,
    output: Path,
    bank: FilterMatrix,
    options: RenderOptions | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> RenderReport:
    """Render a sound file to driver feeds.

    Driver k goes to channel ``bank.channels[k]``; channels between are exactly zero. The chain's latency is taken out: frame 0 of
    the output belongs to frame 0 of the input, and input frames + taps - 1 - the bank's latency come out. With keep_latency they
    are input frames + taps - 1 + the delays of upmix and limiter; of a resampled input also what rings behind its last frame.

    Parameters
    ----------
    input, output : path
        Anything libsndfile reads, with the channels of the bank's programme (mono feeds both of stereo); .wav, .rf64, .flac, .caf or .w64.
    bank : FilterMatrix
    options : RenderOptions
        None: all defaults.
    force : bool
        Replace an output that is there.
    progress : callable

    Returns
    -------
    RenderReport

    Raises
    ------
    UsageError
        Options that do not fit; a bank or options that are none; output and input are the same file.
    InputError
        The input cannot be read, is damaged or not finite, or has another rate than the bank (without resample).
    OutputError
        The output exists, cannot be written, or integers would clip; nothing is left behind.
    """
    started = time.perf_counter()
    input, output = path(input, "input"), path(output, "output")
    instance(bank, FilterMatrix, "render_file", "compute_filters(rig_file) makes one, FilterMatrix.load(path) reads one")
    options = instance(options or RenderOptions(), RenderOptions, "render_file: options", "RenderOptions(...) makes one")
    form = SampleFormat(output, bank.n_channels, options.bits)
    check_destination(output, force=force, inputs=(input,))
    with open_audio(input, strict=options.strict, scrub=options.scrub, channels=len(bank.programme)) as reader:
        source = at_rate(reader, bank.fs, options.resample, len(bank.programme))
        chain = chain_of(bank, options)
        skip = 0 if options.keep_latency else chain.latency.total
        rings = source.ringing_frames if options.keep_latency and isinstance(source, Resampler) else 0
        expected = None if source.frames is None else source.frames + rings + chain.tail - skip
        meter_in, meter_out = ProgrammeMeter(bank), make_meter(bank.fs, len(bank.channels))
        channels = tuple(channel - 1 for channel in bank.channels)
        too_loud = False
        with AudioWriter(output, bank.fs, channels, bits=options.bits, frames=expected, first_frame=skip) as writer:
            for feeds in flow(source, chain.process, rings + chain.tail, skip, max(CHUNK, options.block), heard=meter_in.add):
                meter_out.add(feeds)
                too_loud = form.integer and bool(meter_out.sample_peaks.max() > 1)  # only without the limiter
                if not too_loud:
                    writer.write(feeds)
                if progress:
                    progress(writer.frames, expected)
            if too_loud:
                raise OutputError(_clipping(output, bank, meter_out.sample_peaks, form))
    limiter = chain.limiter
    return RenderReport(
        input=os.fspath(input),
        input_format=reader.format,
        input_fs=reader.fs,
        input_channels=reader.channels,
        input_frames=reader.position,
        input_lufs=meter_in.integrated_lufs,
        output=os.fspath(output),
        output_format=str(form),
        fs=bank.fs,
        channels=bank.n_channels,
        frames=writer.frames,
        output_lufs=meter_out.integrated_lufs,
        true_peak_dbtp=meter_out.true_peak_db,
        drivers=tuple(
            DriverReport(name, channel, level_db(peak), float(db(bound)) + chain.plan.gain_db)
            for name, channel, peak, bound in zip(bank.driver_names, bank.channels, meter_out.sample_peaks, chain.plan.l1, strict=True)
        ),
        gain_db=chain.plan.gain_db,
        limiter_share=None if limiter is None else min(limiter.limited_frames / max(writer.frames, 1), 1.0),
        limiter_lowest_db=None if limiter is None else limiter.lowest_gain_db,
        latency=chain.latency,
        latency_kept=options.keep_latency,
        scrubbed=reader.scrubbed,
        discarded=chain.discarded,
        warnings=tuple(reader.warnings),
        seconds=time.perf_counter() - started,
    )


@usual_float_errors
def upmix_file(
    input: Path,
    output: Path,
    recipe: RenderRecipe,
    *,
    strict: bool = False,
    scrub: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    heard: Callable[[Audio, int], None] | None = None,
) -> UpmixReport:
    """Upmix a sound file to L', R', C, in that order, as three float channels of exactly the input's frames.

    Parameters
    ----------
    input, output : path
        Stereo or mono that libsndfile reads; .wav, .rf64, .flac, .caf or .w64.
    recipe : RenderRecipe
    strict, scrub : bool
        Refuse files that are merely odd; replace samples that are not finite.
    force : bool
        Replace an output that is there.
    progress : callable
    heard : callable
        Gets every piece that is written, (3, frames), and its sample rate, Hz.

    Raises
    ------
    UsageError
        A recipe that is none; output and input are the same file.
    InputError
        The input cannot be read, is damaged or not finite.
    OutputError
        The output exists or cannot be written; nothing is left behind.
    """
    input, output = path(input, "input"), path(output, "output")
    instance(recipe, RenderRecipe, "upmix_file", "RenderRecipe(upmix, latency_ms, strength) makes one")
    form = SampleFormat(output, 3, "float")
    check_destination(output, force=force, inputs=(input,))
    with open_audio(input, strict=strict, scrub=scrub) as reader:
        upmix = make_upmix(recipe, reader.fs)
        with AudioWriter(output, reader.fs, (0, 1, 2), bits="float", frames=reader.frames) as writer:
            for paths in flow(reader, lambda x, _material: upmix.process(x), upmix.latency, upmix.latency, CHUNK):
                writer.write(paths)
                if heard:
                    heard(paths, reader.fs)
                if progress:
                    progress(writer.frames, reader.frames)
    return UpmixReport(
        input=os.fspath(input),
        output=os.fspath(output),
        output_format=str(form),
        fs=reader.fs,
        frames=writer.frames,
        method=recipe.upmix,
        latency_samples=upmix.latency,
        scrubbed=reader.scrubbed,
        warnings=tuple(reader.warnings),
    )


def at_rate(reader: AudioReader, fs: int, resample: bool, channels: int) -> StereoSource:
    """The reader itself, or converted to another rate where that is allowed.

    Parameters
    ----------
    reader : AudioReader
    fs : int
        Wanted sample rate, Hz.
    resample : bool
        Whether it may be converted.
    channels : int
        Of the programme.

    Raises
    ------
    InputError
        Another rate that may not, or cannot, be converted.
    """
    if reader.fs == fs:
        return reader
    if not resample:
        raise InputError(
            f"{reader.name}: {reader.fs} Hz, the bank is for {fs} Hz; --resample converts it (or design with --fs {reader.fs})"
        )
    try:
        return Resampler(reader, fs, channels)
    except InputError as error:
        raise InputError(f"{reader.name}: {error}") from None


def ringing(source: StereoSource, last: Audio) -> Audio:
    """What sounds on behind the last frames of a source: nothing, unless it is resampled.

    Parameters
    ----------
    source : StereoSource
        Read to its end.
    last : (channels, frames) float32
        What it gave last.
    """
    return source.ringing if isinstance(source, Resampler) else last[:, :0]


def flow(
    source: StereoSource,
    process: Callable[[Audio, int], Audio],
    tail: int,
    skip: int,
    chunk: int,
    heard: Callable[[Audio], None] | None = None,
) -> Iterator[Audio]:
    """Run a source through a process, in chunks of one size; silence follows it until ``tail`` frames more have come out.

    What a resampled source rings with behind its last frame goes before the silence, as far as the tail reaches.

    Parameters
    ----------
    source : StereoSource
    process : callable
        Gets (channels, chunk) and how many of the frames are no such silence; gives (outputs, chunk).
    tail, skip : int
        Frames that come when the source has ended, and those that are left out at the beginning.
    chunk : int
        Frames.
    heard : callable or None
        Gets every piece of the source.

    Yields
    ------
    (outputs, frames) float32
    """
    taken = given = 0
    total = None
    x = behind = np.zeros((0, 0), np.float32)
    while total is None or given < total:
        x = source.read(chunk) if total is None else x[:, :0]
        taken += x.shape[1]
        if total is None and x.shape[1] < chunk:
            total = taken + tail
            behind = ringing(source, x)
        if heard:
            heard(x)
        room = chunk - x.shape[1]
        if room and behind.shape[1]:
            x, behind = np.concatenate([x, behind[:, :room]], axis=1), behind[:, room:]
        whole = x if x.shape[1] == chunk else np.pad(x, ((0, 0), (0, chunk - x.shape[1])))
        y = process(whole, x.shape[1])
        begin, end = max(skip - given, 0), chunk if total is None else min(total - given, chunk)
        given += chunk
        if begin < end:
            yield y[:, begin:end]


def _clipping(output: Path, bank: FilterMatrix, peaks: Real, form: SampleFormat) -> str:
    """Names every driver that does not fit into integers."""
    over = [f"driver '{name}' by {float(db(peak)):.2f} dB" for name, peak in zip(bank.driver_names, peaks, strict=True) if peak > 1]
    return f"{os.fspath(output)}: above full scale of {form}: {', '.join(over)}; lower --gain-db, keep the limiter, or write --bits float"
