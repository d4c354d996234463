"""From a rig file to its filter matrix: solvers of what `targets` ask for, and filters made of what they find.

From a notebook: ``filter_bank.compute_filters`` (also ``spatial.compute_filters``) for a whole bank, ``filter_bank.solve`` and ``realize``
for its two halves, ``sides.design_side``, ``beamformer.beam_weights``, ``simple_beams.simple_beams`` and ``published_methods.methods_for``.
"""
