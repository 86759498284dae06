"""How thick a hole is. Thin ones (scratches, wires, letters) have known pixels near everywhere, and weights of their own."""

import cv2
import numpy as np

THIN = 12  # Pixels, at the photo's own scale.
THICKER = 2 * THIN  # As thick as a thin hole may be in places: where scratches cross, say.
# Of the hole's pixels, at most. Wires of 6 pixels all over a small photo have a tenth of theirs where they cross.
SHARE_OF_THICKER = 0.125


def is_thin(hole: np.ndarray) -> bool:
    """Whether a hole, bool [height, width], is thin nearly everywhere, and thick nowhere. It ends with the photo."""
    if not hole.any():
        return False
    # A straight hole of n pixels has its middle (n + 1) / 2 from the nearest pixel that is none.
    thickness = 2 * _distance(np.pad(hole, 1))[1:-1, 1:-1] - 1
    if thickness.max() > THICKER:
        return False
    thicker = thickness > THIN
    return not thicker.any() or bool((_distance(~thicker)[hole] <= THIN).mean() <= SHARE_OF_THICKER)


def _distance(region):
    """From each pixel to the nearest one outside a region, bool [height, width]: float32 [height, width]."""
    return cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5)
