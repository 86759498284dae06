"""Blends a completed picture into the photo, so that the hole's colours meet their surroundings.

The hole is first filled by continuing its edge inwards (Telea's method, radius 1). Then the
network's picture is cloned onto that: its gradients are kept, and its colours follow from those
around it. A band of up to two pixels along the hole's edge stays Telea's.

References: "Globally and Locally Consistent Image Completion", ACM Transactions on Graphics 36(4),
2017, section 3.5; "An Image Inpainting Technique Based on the Fast Marching Method", 2004; "Poisson
Image Editing", 2003.
"""

import cv2
import numpy as np

FINISHING = "blending into the photo: the hole's edge continued by Telea's method (radius 1), then seamless cloning"

_TELEA_RADIUS = 1  # Pixels.
# OpenCV ignores the mask in the outermost rows and columns, so there is one more of each.
_MARGIN = 1
_FEWEST = 3  # Rows and columns that OpenCV can clone. (Below seven nothing is left but Telea's band.)


def blend(photo, completed, mask):
    """Blends what a network made into the photo.

    Arguments:
      photo, completed: uint8 [height, width, 3].
      mask: bool [height, width], true in the hole.

    Returns:
      uint8 [height, width, 3]: the photo outside the hole, bit for bit.

    """
    if not mask.any():
        return photo.copy()
    margins = [(_MARGIN, _MARGIN)] * 2
    hole = np.pad(mask.astype(np.uint8), margins)
    around, made = (np.pad(picture, [*margins, (0, 0)], mode="edge") for picture in (photo, completed))
    continued = cv2.inpaint(around, hole, _TELEA_RADIUS, cv2.INPAINT_TELEA)
    left, top, width, height = cv2.boundingRect(hole)
    if min(width, height) < _FEWEST:
        cloned = continued
    else:
        # As the port has it: what has an even number of rows or columns moves up or left by one.
        centre = (left + (left + width - 1)) // 2, (top + (top + height - 1)) // 2
        cloned = cv2.seamlessClone(made, continued, 255 * hole, centre, cv2.NORMAL_CLONE)
    return np.where(mask[..., np.newaxis], cloned[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN], photo)
