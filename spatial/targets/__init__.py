"""What a design is asked for, as curves over frequency, and the form in which its answer comes.

From a notebook: ``cancellation.target_curve_db`` and ``asked_separation_db``, ``tone.side_target`` and ``seat_target``,
``virtual_pair.wished_pair`` and ``real_pair``, ``width.models.relative_hrtf``, ``beam_wishes.wish_of``, ``effort.effort_cap_curve``, and
the dataclasses of ``solution``.
"""
