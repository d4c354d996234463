"""The filter matrix, which crosses from design to render: filters, render recipe, file, and how loud its feeds can become.

From a notebook: ``matrix.FilterMatrix`` (also ``spatial.FilterMatrix``) with its ``load`` and ``save``, ``recipe.RenderRecipe`` and
``ROLES``, and ``headroom.predict_headroom``.
"""
