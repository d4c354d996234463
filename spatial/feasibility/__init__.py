"""What a layout can do before filters are computed, and what binds where filters fall short.

From a notebook: ``layout.feasibility`` and ``layout.in_words``, ``limits.bands`` and ``effort_trade.trade``.
"""
