"""What can be told and shown of a bank, each declared once.

`figures`: groups of figures, ``study_of(bank, rig_file)`` and ``analyze_bank``. `pictures`: kinds of pictures, ``bank_figure``.
`design_table`: asked beside reached. `thresholds`: what a caller requires. Command line, report and docs read these lists.
"""
