"""OpenCV's two methods, which continue the surroundings into the hole without any training.

telea          weighted means from the hole's edge inwards ("An Image Inpainting Technique Based on the Fast Marching Method", 2004)
navier_stokes  lines of equal brightness go on as those of a flow ("Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting",
               2001)
"""

import cv2
import numpy as np

from gated_inpaint.evaluation.methods.method import Method

_RADIUS = 3  # Pixels around each one that its value is made of, as in OpenCV's own examples.
_FLAGS = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}


class OpenCV(Method):
    """Arguments: "telea" or "navier_stokes"."""

    def __init__(self, algorithm):
        self._flag = _FLAGS[algorithm]
        self.description = f"OpenCV {cv2.__version__}, radius {_RADIUS}"

    def complete(self, image, mask, key):
        return cv2.inpaint(image, mask.astype(np.uint8), _RADIUS, self._flag)
