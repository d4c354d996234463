"""Tables of the width models, fitted, and the pair as digital filters: an all-pass (ipsilateral), a delayed low-pass (contralateral).

From a notebook: ``digital.digital_pair`` of ``targets.width.models.head_sections``, and ``balance.balanced_pair``.
"""
