"""Tensor functions that are no layers: windows of maps, resizing as the authors' releases do it, and levels of pixels."""
