"""A working size: holes in photos far larger than what the network was trained on are completed in reduced crops around them.

The network learned holes of some hundred pixels. In a larger one its dilated convolutions no longer reach the known pixels, and the
middle turns out empty. So each hole is cut out with context, twice as high and wide as it is; a crop larger than the working size
is reduced to it, completed, enlarged again; and the hole's pixels alone are pasted. What is won in structure is lost in detail: an
enlarged hole is softer than the photo around it. A crop within the working size is completed as it is.
"""

import cv2
import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.inference.holes import separate_windows

CONTEXT = 2  # Sides of a crop over the longer side of its hole.


def complete_in_crops(inpainter, image, mask, working_size, sketch=None):
    """Completes one picture hole by hole.

    Arguments:
      inpainter: an `Inpainter`.
      image, mask, sketch: of one picture, as the inpainter takes them; mask and sketch bool [height, width].
      working_size: the longest side, in pixels, of what the network is given.

    Returns the completed picture, of the image's shape and dtype.

    Raises:
      InputError: what the inpainter raises; or a hole leaves nothing known at the working size.
    """
    completed = image.copy()
    for begin, end in separate_windows(mask).numpy():
        crop, inside = _crop(begin, end, mask.shape, working_size), np.s_[begin[0] : end[0], begin[1] : end[1]]
        inputs = [array[crop] for array in (image, mask) + (() if sketch is None else (sketch,))]
        height, width = inputs[1].shape
        scale = working_size / max(height, width)
        if scale < 1:
            reduced_size = max(round(width * scale), 1), max(round(height * scale), 1)
            # A pixel that the hole touches belongs to it, and one that a line touches to the line.
            masks = [cv2.resize(array.astype(np.float32), reduced_size, interpolation=cv2.INTER_AREA) > 0 for array in inputs[1:]]
            if masks[0].all():
                raise InputError(
                    f"At a working size of {working_size} the hole at row {begin[0]}, column {begin[1]} leaves nothing to complete "
                    "it from: choose a larger one."
                )
            result = inpainter(cv2.resize(inputs[0], reduced_size, interpolation=cv2.INTER_AREA), *masks)
            result = cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC).reshape(inputs[0].shape)
        else:
            result = inpainter(*inputs)
        in_hole = np.zeros_like(mask)
        in_hole[inside] = mask[inside]
        completed[in_hole] = result[in_hole[crop]]
    if image.ndim == 3 and image.shape[2] in (2, 4):
        completed[..., -1] = np.where(mask, np.iinfo(image.dtype).max, image[..., -1])
    return completed


def _crop(begin, end, size, working_size):
    """Slices of the crop around the hole's window, inside a picture of this size."""
    side = max(CONTEXT * (end - begin).max(), working_size)
    side = np.minimum(side, size)
    first = np.clip((begin + end - side) // 2, 0, size - side)
    return np.s_[first[0] : first[0] + side[0], first[1] : first[1] + side[1]]
