"""Sound files, standard input and sound cards, in and out.

From a notebook: ``audio_in.AudioReader`` and ``audio_out.AudioWriter`` for files of any length, ``responses_in.read_responses`` for
impulse responses, ``resample.Resampler``, and ``soundcard.devices`` for what can be played on.
"""
