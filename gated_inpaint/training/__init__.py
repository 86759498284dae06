"""Training: from photos to weights that inference uses. `loop.train` is the whole of it, read from top to bottom."""
