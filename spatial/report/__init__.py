"""One page about a bank that holds its table, its pictures and how it was made.

From a notebook: ``page.report_page(study, command)``.
"""
