"""The same stages in Python: where the core is not built, and to hold it against. ``spatial.dsp.make`` chooses them."""
