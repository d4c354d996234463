"""What every room stands on: errors, units, checks of what a caller gives, names of arrays, files that are whole or absent.

From a notebook: ``spatial.base.units`` (dB, third octaves) and ``spatial.base.errors``. The rest is for the rooms.
"""
