"""Photos that are made larger: the new border is a hole, and the photo stays where it is.

How far is said as "left,top,right,bottom", each in pixels or in percent of the photo's width or height: "25%,0,25%,0" makes a photo
half as wide again.
"""

import re
from typing import NamedTuple

import numpy as np

from gated_inpaint.errors import InputError


class Extension(NamedTuple):
    """Pixels by which a photo grows at each side."""

    left: int
    top: int
    right: int
    bottom: int

    def size_of(self, size):
        """(height, width) of a photo of that size when it is extended."""
        return size[0] + self.top + self.bottom, size[1] + self.left + self.right


def extension_of(text, size):
    """The `Extension` that a text says of a photo of that size, (height, width). Raises InputError."""
    parts = [part.strip() for part in str(text).split(",")]
    if len(parts) != 4 or not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?%|[0-9]+", part) for part in parts):
        raise InputError(
            f"--extend must be left,top,right,bottom, each in pixels or percent, such as 25%,0,25%,0 or 0,0,0,128, not {text}."
        )
    sides = (size[1], size[0], size[1], size[0])
    found = Extension(*(round(float(part[:-1]) * side / 100) if part[-1] == "%" else int(part) for part, side in zip(parts, sides)))
    if not any(found):
        raise InputError(f"--extend={text} adds nothing to {size[1]}x{size[0]} pixels.")
    return found


def extended(extension, array, hole=None, lines=None):
    """A photo with its new border.

    Arguments:
      extension: an `Extension`.
      array: [height, width, channels].
      hole: bool [height, width] of what is to be completed in the photo itself, or None.
      lines: bool [height, width] of a sketch, of the photo's size or of the extended one's, or None.

    Returns the array, 0 in its border, the hole, border included, and the lines or None.

    Raises:
      InputError: a sketch has another size.
    """
    left, top, right, bottom = extension
    around = ((top, bottom), (left, right))
    size = array.shape[:2]
    hole = np.zeros(size, bool) if hole is None else hole
    if lines is not None and lines.shape != extension.size_of(size):
        if lines.shape != size:
            (rows, columns), (height, width) = lines.shape, size
            raise InputError(f"The sketch is {columns}x{rows} pixels and the photo {width}x{height}: they must have the same size.")
        lines = np.pad(lines, around)
    return np.pad(array, (*around, (0, 0))), np.pad(hole, around, constant_values=True), lines
