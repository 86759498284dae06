"""What of a mask is the hole: the only place that knows."""

from typing import NamedTuple, Optional

import cv2
import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, read_photo

# Beside these, "#RRGGBB" stands for strokes of that colour.
RULES = ("auto", "light", "dark", "alpha", "transparent")


class Mask(NamedTuple):
    """A mask as read."""

    hole: np.ndarray  # bool [height, width], true in the hole.
    note: Optional[str]  # A remark of one line on how the mask was understood, where that may surprise.


def read_mask(path, mask_from="auto", invert=False, grow=0, size=None, resize=False, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
    """Reads a mask.

    Arguments:
      path: a file that `read_photo` reads.
      mask_from: what marks the hole: one of `RULES`, or "#RRGGBB".
      invert: the hole is everything else.
      grow: pixels by which the hole is then grown; negative: shrunk.
      size: (height, width) that the mask must have, or None.
      resize: a mask of another size is brought to `size`, instead of refused.
      max_megapixels: larger files are refused.

    Returns a `Mask`.

    Raises:
      InputError: the file cannot be read, is no mask, or has another size than `size`.
    """
    photo = read_photo(path, max_megapixels)
    hole = hole_of(photo.array, path, mask_from, invert).hole
    if size is not None and hole.shape != tuple(size):
        if not resize:
            raise InputError(
                f"{path} is {hole.shape[1]}x{hole.shape[0]} pixels, not {size[1]}x{size[0]}: --resize_mask resizes it."
            )
        hole = cv2.resize(hole.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST).astype(bool)
    return Mask(grown(hole, grow), None)


def hole_of(array, name="mask", mask_from="auto", invert=False):
    """The `Mask` that an array [height, width] or [height, width, 1-4] is; messages call it `name`."""
    level = array.astype(np.float32) / np.iinfo(array.dtype).max
    gray = level[..., : 3 if level.shape[-1] > 2 else 1].mean(axis=-1)
    hole = gray <= 0.5 if invert else gray > 0.5
    if level.shape[-1] in (2, 4):
        hole &= level[..., -1] > 0.5
    return Mask(hole, None)


def hole_of_transparency(photo, name="image", grow=0):
    """The `Mask` whose hole is the transparent part of a `Photo`.

    Raises:
      InputError: it has none.
    """
    alpha = photo.array[..., -1] if photo.array.shape[-1] in (2, 4) else None
    if alpha is None or alpha.min() == np.iinfo(alpha.dtype).max:
        raise InputError(f"{name} has no transparent part: a mask must say what to complete.")
    return Mask(grown(alpha < np.iinfo(alpha.dtype).max, grow), None)


def grown(hole, pixels):
    """A bool array [height, width] grown by a disc of that radius; shrunk, if negative."""
    if not pixels:
        return hole
    offsets = np.arange(-abs(pixels), abs(pixels) + 1)
    disc = (offsets[:, np.newaxis] ** 2 + offsets**2 <= pixels**2).astype(np.uint8)
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(hole.astype(np.uint8), disc, borderType=cv2.BORDER_REPLICATE).astype(bool)
