"""What the two ears should differ by: the relative HRTF of each width model.

From a notebook: ``models.relative_hrtf`` and ``models.head_sections``. `sections` holds the form of the models, `tables` the fitted
numbers, `measured` a head of one's own.
"""
