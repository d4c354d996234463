"""Convolution engines: three ways to the same output. ``spatial.render.backends`` chooses among them."""
