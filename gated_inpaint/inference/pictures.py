"""Pictures that show what the network did: where its attention looked, and where the hole is."""

import cv2
import numpy as np

# The colour circle of optical flow: positions of its six corners and their RGB, back to the start.
_CORNERS = (0, 15, 21, 25, 36, 49, 55)
_COLORS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255), (255, 0, 0))


def attention_picture(offsets, height, width):
    """Shows offsets as colours: the hue is the direction of the best match, the strength its distance relative to the farthest.

    Arguments:
      offsets: int [rows, columns, 2] (down, right), in positions of 8 pixels.
      height, width: of the picture; a position becomes 8x8 pixels, cut off at the border.

    Returns uint8 [height, width, 3], RGB; white where a position matches itself. The colours are those of the Middlebury
    benchmark for optical flow, as in the authors' release ("A Database and Evaluation Methodology for Optical Flow", IJCV 2011).
    """
    down, right = offsets[..., 0].astype(np.float32), offsets[..., 1].astype(np.float32)
    distance = np.hypot(down, right)
    strength = (distance / max(distance.max(), np.finfo(np.float32).eps))[..., np.newaxis]
    # The circle has 55 colours, the first one where `down` is most negative. (The release lays rows along the circle's horizontal.)
    angle = (np.arctan2(-right, -down) / np.pi + 1) / 2 * (_CORNERS[-1] - 1)
    circle = np.stack([np.interp(np.arange(_CORNERS[-1] + 1), _CORNERS, channel) for channel in zip(*_COLORS)], axis=-1)
    lower = np.floor(angle).astype(int)
    fraction = (angle - lower)[..., np.newaxis]
    hue = (1 - fraction) * circle[lower] + fraction * circle[(lower + 1) % _CORNERS[-1]]
    colors = np.floor(255 * (1 - strength * (1 - hue / 255))).astype(np.uint8)
    return cv2.resize(colors, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)[:height, :width]


def mask_over_photo(photo, mask):
    """Tints the hole of [height, width, 1-4] red, half see-through; [height, width, 3] of the photo's dtype."""
    picture = np.array(np.broadcast_to(photo[..., : 3 if photo.shape[-1] > 2 else 1], photo.shape[:2] + (3,)))
    red = np.array([np.iinfo(photo.dtype).max, 0, 0])
    picture[mask] = (picture[mask].astype(np.int64) + red) // 2
    return picture
