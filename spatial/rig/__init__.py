"""The rig: what an engineer writes down about a loudspeaker, read and checked.

From a notebook: ``load.load_rig`` (also ``spatial.load_rig``), ``load.rig_from_text``, ``layouts.shipped_rigs``, the frozen dataclasses of
``model``, ``sketch.sketch`` for a plan in text and ``geometry`` for places and directions.
"""
