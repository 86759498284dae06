"""From a picture and a mask to a completed picture: arrays in `inpainter`, files and folders in `jobs` and `files`."""

import importlib

__all__ = ["Inpainter", "Stages"]


def __getattr__(name):
    """Imports TensorFlow when the network is asked for: what there is to complete, `jobs` finds without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("gated_inpaint.inference.inpainter"), name)
