"""Completed pictures side by side, to be looked at: a row for each photo and kind of masks, a column for each method."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_LARGEST_SIDE = 256  # Pictures are reduced to it.
_MARGIN, _LABEL_HEIGHT, _TEXT_SIZE = 4, 20, 13


def draw_sheet(rows):
    """Draws the sheet: uint8 [height, width, 3], black on white.

    Arguments:
      rows: iterable of lists of (label, picture), uint8 [size, size, 3]; all of one length and one size.
    """
    return np.concatenate([np.concatenate([_tile(label, picture) for label, picture in row], axis=1) for row in rows], axis=0)


def _tile(label, picture):
    """A picture with its label above and margins around."""
    size = min(len(picture), _LARGEST_SIDE)
    if size < len(picture):
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    strip = Image.new("RGB", (size, _LABEL_HEIGHT), "white")
    ImageDraw.Draw(strip).text((0, 2), label, "black", ImageFont.load_default(_TEXT_SIZE))
    return np.pad(np.concatenate([strip, picture]), [(_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)], constant_values=255)
