"""Sessions that drive the stages: files through a bank, playback on a sound card, figures of both. Nothing here prints.

From a notebook: ``offline.render_file`` and ``upmix_file`` (also ``spatial.render_file``) with ``options.RenderOptions``, ``live.Player``
for a sound card, ``playback.Playback`` for a whole session by commands and events, ``programme_levels.measure_programme`` for what becomes
of a programme, and ``timing.time_bank`` for what a bank costs.
"""
