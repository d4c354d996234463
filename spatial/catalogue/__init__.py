"""What can be told and shown of a bank, each declared once.

`figures`: groups of figures, ``study_of(bank, rig_file)`` and ``analyze_bank``. `pictures`: kinds of pictures, ``bank_figure``. `design_table`:
asked beside reached. `thresholds`: what a caller requires. The command line, the report and the docs read these lists.
"""
