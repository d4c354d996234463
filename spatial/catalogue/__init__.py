"""What can be told and shown of a bank, each declared once; command line, report and docs read these lists.

From a notebook: ``figures.study_of(bank, rig_file)`` and ``figures.analyze_bank``, ``pictures.bank_figure`` and ``pictures.pictures_of``,
``design_table.design_table`` (asked beside reached), and ``thresholds.require`` for what a caller requires.
"""
