"""Pictures: data in, axes in, axes out. Nothing here knows a rig or a bank; titles and captions come from the caller.

From a notebook: the ``draw_...`` functions of each module, ``style.new_figure``, ``style.figure_bytes`` and the themes ``style.LIGHT`` and
``style.DARK``. ``spatial.catalogue.pictures.bank_figure`` makes whole figures of a bank.
"""
