"""Stages of the engine in force: in the C core where that is it, else their twins. The one place that chooses between the two."""

from __future__ import annotations

from numpy.typing import ArrayLike

from spatial.bank.recipe import RenderRecipe
from spatial.dsp.backends import checked_engine, engine_name
from spatial.dsp.chain import Chain, ChainPlan
from spatial.dsp.stages import Convolver, Limiter, Meter, Upmix, checked_rate, checked_taps
from spatial.dsp.upmix import checked_recipe


def make_convolver(taps: ArrayLike, block: int, *, exact_blocks: bool = False, engine: str | None = None) -> Convolver:
    """A matrix convolution, ready to run.

    Parameters
    ----------
    taps : (outputs, inputs, n_taps) float
        Impulse responses; 1 to 64 outputs and inputs, 1 to 2**20 taps, finite.
    block : int
        Frames of a partition, a power of two from 16 to 8192. Small blocks have less latency, large ones cost less.
    exact_blocks : bool
        True: the latency is 0 and every call must be a multiple of block. False: calls of any size, the latency is one block.
    engine : "c", "numba" or "numpy"
        None: the one that ``engine_name`` tells.

    Returns
    -------
    Convolver

    Raises
    ------
    UsageError
        A plan outside this domain.
    DeviceError
        The engine is not there.
    """
    engine = engine_name() if engine is None else checked_engine(engine, "engine")
    taps = checked_taps(taps, block)
    if engine == "c":
        from spatial.dsp.core.convolver import CoreConvolver

        return CoreConvolver(taps, block, exact_blocks)
    if engine == "numba":
        from spatial.dsp.twins.numba_convolver import NumbaConvolver

        return NumbaConvolver(taps, block, exact_blocks)
    from spatial.dsp.twins.numpy_convolver import NumpyConvolver

    return NumpyConvolver(taps, block, exact_blocks)


def make_upmix(recipe: RenderRecipe, fs: int) -> Upmix:
    """The upmix that a recipe names.

    Parameters
    ----------
    recipe : RenderRecipe
    fs : int
        Sample rate, Hz.

    Raises
    ------
    UsageError
        A method, latency or strength that there is not, or a rate that is too low or too high for it.
    DeviceError
        SPATIAL_ENGINE names an engine that is not there.
    """
    recipe = checked_recipe(recipe)
    checked_rate(fs, "upmix")
    if recipe.upmix in ("off", "matrix"):
        from spatial.dsp.twins.upmix_matrix import MatrixUpmix

        return MatrixUpmix(recipe.strength if recipe.upmix == "matrix" else 0.0)
    if engine_name() == "c":
        from spatial.dsp.core.upmix import CoreUpmix

        return CoreUpmix(recipe.upmix, fs, recipe.latency_ms, recipe.strength)
    if recipe.upmix == "projection":
        from spatial.dsp.twins.upmix_projection import ProjectionUpmix

        return ProjectionUpmix(fs, recipe.latency_ms, recipe.strength)
    if recipe.latency_ms == 0:
        from spatial.dsp.twins.upmix_bands import BandUpmix

        return BandUpmix(fs, recipe.strength)
    from spatial.dsp.twins.upmix_directional import DirectionalUpmix

    return DirectionalUpmix(fs, recipe.latency_ms, recipe.strength)


def make_limiter(channels: int, fs: int) -> Limiter:
    """A limiter of one gain for all channels.

    Parameters
    ----------
    channels : int
        1 to 64.
    fs : int
        Sample rate, Hz.

    Raises
    ------
    UsageError
        A number of channels or a rate outside its domain.
    """
    if engine_name() == "c":
        from spatial.dsp.core.limiter import CoreLimiter

        return CoreLimiter(channels, fs)
    from spatial.dsp.twins.limiter import NumpyLimiter

    return NumpyLimiter(channels, fs)


def make_meter(fs: int, channels: int, peaks: bool = True) -> Meter:
    """A meter of loudness and peaks.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    channels : int
    peaks : bool
        False: it tells loudness alone.

    Raises
    ------
    UsageError
        A number of channels or a rate outside its domain.
    """
    if engine_name() == "c":
        from spatial.dsp.core.meter import CoreMeter

        return CoreMeter(fs, channels, peaks)
    from spatial.dsp.twins.meters import NumpyMeter

    return NumpyMeter(fs, channels, peaks)


def make_chain(plan: ChainPlan) -> Chain:
    """The chain of a plan: in the C core where that is the engine, else of parts.

    Raises
    ------
    UsageError
        A plan outside the domain of its stages (see ``make_convolver`` and ``make_upmix``).
    DeviceError
        SPATIAL_ENGINE names an engine that is not there.
    """
    if engine_name() == "c":
        from spatial.dsp.core.chain import CoreChain

        return CoreChain(plan)
    return make_chain_of_parts(plan)


def make_chain_of_parts(plan: ChainPlan) -> Chain:
    """The chain in Python, of the stages of the engine in force. Raises as ``make_chain``."""
    from spatial.dsp.twins.chain import ChainOfParts
    from spatial.dsp.twins.upmix_matrix import NoUpmix

    fs, outputs = checked_rate(plan.bank.fs, "chain"), len(plan.taps)
    return ChainOfParts(
        plan,
        upmix=NoUpmix(len(plan.paths)) if plan.recipe.upmix == "off" else make_upmix(plan.recipe, plan.bank.fs),
        convolver=make_convolver(plan.taps, plan.block, exact_blocks=True),
        limiter=make_limiter(outputs, int(fs)) if plan.limiter else None,
    )
