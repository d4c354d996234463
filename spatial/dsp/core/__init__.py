"""The C core behind the interfaces of ``spatial.dsp.stages`` and ``spatial.dsp.chain``. ``spatial.dsp.make`` chooses it."""
