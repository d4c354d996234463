"""Files of other programs, one module a format behind one list.

From a notebook: ``spatial.exchange.registry`` (``FORMATS``, ``sniffed``, ``writers``, ``register``) and the readers and writers that it
names, among them ``wav_set.export_wav``, ``wav_set.read_wav_set`` and ``sofa.read_ring``.
"""
