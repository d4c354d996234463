"""What a bank of filters does at ears and around the rig, against what was asked. Nothing here solves.

From a notebook: ``spatial.catalogue.figures.study_of(bank, rig_file)`` makes a ``study.Study``; ``study.of(figures)`` computes figures of
it once, such as ``cancellation.side_figures`` of ``study.sides``, ``beam_figures.beam_figures``, ``seat.seat_figures`` or ``room.in_room``.
"""
