"""The stages of a render: convolver, upmix, limiter, meters, and the chain of them, in the C core or in Python.

From a notebook: ``make.make_convolver`` (also ``spatial.make_convolver``), ``make_upmix``, ``make_limiter``, ``make_meter`` and
``make_chain`` make what ``stages`` and ``chain`` promise; ``backends.engine_name`` tells which engine runs.
"""
