"""Masks: files and arrays to holes. What is a hole is said in one place, the module `hole_rule`; everything else asks here."""

import re
from typing import NamedTuple, Optional

import cv2
import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files import hole_rule
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, read_photo

CHOICES = f"{'|'.join(hole_rule.RULES)}|#RRGGBB"  # Of `mask_from`; #RRGGBB: strokes of that colour painted over a photo.

_COLOR = re.compile("#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
# How far a channel may be from the colour asked for, of white: what compression does to it.
_COLOR_TOLERANCE = 1 / 8


class Mask(NamedTuple):
    """A mask as understood."""

    hole: np.ndarray  # bool [height, width], true in the hole.
    note: Optional[str]  # A remark of one line on how it was understood, where that may surprise.


def read_mask(path, mask_from="auto", invert=False, grow=0, size=None, resize=False, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
    """Reads a mask.

    Arguments:
      path: a file that `read_photo` reads.
      mask_from: what marks the hole, one of `CHOICES`; see `hole_rule`.
      invert: the hole is the other part.
      grow: pixels by which the hole is then grown all around; negative: shrunk.
      size: (height, width) that the mask must have, or None.
      resize: a mask of another size is brought to `size`, instead of refused.
      max_megapixels: larger files are refused.

    Returns a `Mask`.

    Raises:
      InputError: the file cannot be read, is no mask, or has another size than `size`.
    """
    return mask_of(read_photo(path, max_megapixels).array, path, mask_from, invert, grow, size, resize)


def mask_of(array, name, mask_from="auto", invert=False, grow=0, size=None, resize=False):
    """The same as `read_mask` for what was read of a file; messages call the file `name`."""
    hole, note = hole_of(array, f"The mask {name}", mask_from, invert)
    if size is not None and hole.shape != tuple(size):
        if not resize:
            found, wanted = (f"{width}x{height}" for height, width in (hole.shape, size))
            raise InputError(f"The mask {name} is {found} pixels, not {wanted}: --resize_mask resizes it.")
        hole = resized(hole, size)
    hole = grown(hole, grow)
    if note is None and size is not None and 0.5 < hole.mean() < 1:  # As where a photo's mask was made the wrong way round.
        change = "leave out --invert_mask" if invert else "--invert_mask"
        note = f"The mask {name} marks {hole.mean():.0%} of the photo as the hole (if that is what should stay: {change})."
    return Mask(hole, note)


def hole_of(array, name="The mask", mask_from="auto", invert=False):
    """What of a mask held in an array is the hole.

    Arguments:
      array: [height, width], or [height, width, channels] of gray, gray and alpha, RGB or RGBA; bool, integers, or floats, whose
        white is 1, or 255 if any is more than 1.
      name: what messages call it.
      mask_from, invert: as for `read_mask`.

    Returns a `Mask`.

    Raises:
      InputError: it is no mask, holds what is no number or negative, or lacks what `mask_from` asks for.
    """
    array = np.asarray(array)
    if array.dtype == bool and array.ndim == 2 and mask_from == "auto":
        return Mask(array ^ invert, None)
    white = _white(array, name)
    levels = array.reshape(array.shape + (1,) * (array.ndim == 2))
    if mask_from not in hole_rule.RULES:
        return Mask(_of_color(levels / np.float32(white), name, mask_from) ^ invert, None)
    has_alpha = levels.shape[-1] in (2, 4)
    if mask_from in ("alpha", "transparent") and not has_alpha:
        raise InputError(f"{name} has no transparency: --mask_from={mask_from} needs some.")
    hole, meaning = hole_rule.find_hole(levels, white, mask_from, invert)
    meaning = int(meaning)
    if meaning == hole_rule.NO_MASK:
        raise InputError(
            f"{name} is no mask, paint on a background, but looks like a photo or drawing: "
            f"--mask_from={CHOICES} says what in it marks the hole."
        )
    note = None if mask_from != "auto" else _note(levels, white, meaning, name)
    return Mask(hole.numpy(), note)


def hole_of_transparency(photo, name="The image", grow=0):
    """The `Mask` whose hole is what is transparent, in part or wholly, in a `Photo`.

    Raises:
      InputError: nothing is.
    """
    if not is_transparent(photo):
        raise InputError(f"{name} has no transparent part: --mask must say what to complete.")
    return Mask(grown(hole_of(photo.array, name, "transparent").hole, grow), None)


def is_transparent(photo):
    """Whether anything is, in part or wholly, in a `Photo`."""
    return photo.array.shape[-1] in (2, 4) and photo.array[..., -1].min() < np.iinfo(photo.array.dtype).max


def read_sketch(path, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
    """Reads a sketch, white lines on black, as bool [height, width], true on a line.

    Raises:
      InputError: the file cannot be read.
    """
    return lines_of(read_photo(path, max_megapixels).array, f"The sketch {path}")


def lines_of(array, name="The sketch"):
    """Where a sketch held in an array, as for `hole_of`, is brighter than half of white, and opaque; bool [height, width].

    Raises:
      InputError: it holds what is no number, or negative.
    """
    array = np.asarray(array)
    white = _white(array, name)
    if array.size and array.max() <= 1:
        white = 1
    levels = array.reshape(array.shape + (1,) * (array.ndim == 2)) / np.float32(white)
    bright = levels[..., : 3 if levels.shape[-1] > 2 else 1].mean(axis=-1) > 0.5
    return bright & (levels[..., -1] > 0.5) if levels.shape[-1] in (2, 4) else bright


def resized(hole, size):
    """A bool array [height, width] brought to another (height, width): a pixel is in the hole if half of what it covers was."""
    larger = size[0] * size[1] > hole.size
    levels = cv2.resize(
        255 * hole.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_LINEAR if larger else cv2.INTER_AREA
    )
    return levels > 127


def grown(hole, pixels):
    """A bool array [height, width] grown by a disc of that radius; shrunk, if it is negative."""
    if not pixels:
        return hole
    offsets = np.arange(-abs(pixels), abs(pixels) + 1)
    disc = (offsets[:, np.newaxis] ** 2 + offsets**2 <= pixels**2).astype(np.uint8)
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(hole.astype(np.uint8), disc, borderType=cv2.BORDER_REPLICATE).astype(bool)


def _white(array, name):
    """The level of white, and of what is opaque."""
    if array.dtype.kind not in "buif":
        raise InputError(f"{name} must hold bool, integers or floats, not {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{name} holds values that are no finite numbers.")
    if array.size and array.min() < 0:
        raise InputError(f"{name} holds negative values, {array.min():g} the lowest: 0 is no hole.")
    if array.dtype in (np.uint8, np.uint16):
        return np.iinfo(array.dtype).max
    highest = array.max() if array.size else 0
    return 1 if highest <= 1 else 255 if highest <= 255 else highest


def _of_color(levels, name, mask_from):
    match = _COLOR.fullmatch(str(mask_from))
    if not match:
        raise InputError(f"What marks the hole is one of {CHOICES}, not {mask_from}.")
    color = np.array([int(channel, 16) for channel in match.groups()], np.float32) / 255
    has_alpha = levels.shape[-1] in (2, 4)
    found = np.broadcast_to(levels[..., : 3 if levels.shape[-1] > 2 else 1], levels.shape[:2] + (3,))
    hole = (np.abs(found - color) <= _COLOR_TOLERANCE).all(axis=-1)
    return hole & (levels[..., -1] > 0.5) if has_alpha else hole


def _note(levels, white, meaning, name):
    if meaning == hole_rule.SHEET:
        return f"{name} is of one colour with a part erased: the transparent part is the hole (--mask_from=alpha: the other)."
    if meaning == hole_rule.ERASED:
        return f"{name} is a picture with a part erased: the transparent part is the hole (--mask_from=light: what is bright)."
    if meaning == hole_rule.LABELS:
        return f"{name} is a map of labels: all but the darkest is the hole."
    brightest = levels[..., : 3 if levels.shape[-1] > 2 else 1].max() if levels.size else 0
    if meaning == hole_rule.LIGHT and 0 < brightest < 0.9 * white:
        return f"{name} is white nowhere: what has its brightest level, {brightest:g} of {white:g}, is the hole."
    return None
