"""From a picture and a mask to a completed picture: arrays in `inpainter`, files and folders in `files`."""

from gated_inpaint.inference.inpainter import Inpainter, Stages

__all__ = ["Inpainter", "Stages"]
