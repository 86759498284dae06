"""What a person gives to `Inpainter`, as the arrays that it works on; and its result in the form of what was given.

A picture is a path, a Pillow image of any mode, or an array [height, width], [height, width, channels] or a batch of the latter, of
uint8, uint16, or floats in [0, 1]. A path's picture comes upright, and its result is an array; an image gives an image; an array
gives an array of its shape and dtype, the same numbers outside the hole. Masks are paths, images or arrays, too, and mean what
they mean to the command: `files.masks` says what.
"""

import os
from typing import Callable, NamedTuple, Optional

import numpy as np
from PIL import Image

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.files.masks import hole_of, lines_of, read_mask, read_sketch
from gated_inpaint.files.pixels import image_of, pixels
from gated_inpaint.inference.extending import extended, extension_of

_INFO_TO_KEEP = ("icc_profile", "dpi", "exif", "xmp")


class Arguments(NamedTuple):
    """A batch of pictures to complete."""

    image: np.ndarray  # uint8 or uint16 [batch, height, width, 1-4].
    mask: np.ndarray  # bool [batch, height, width, 1], true in the hole.
    sketch: Optional[np.ndarray]  # bool [batch, height, width, 1], true on a line.
    answer: Callable  # From the completed batch, of the image's shape and dtype, to the form in which the picture was given.

    def arrays(self) -> "list[np.ndarray]":
        """Image, mask, and the sketch if there is one."""
        return [array for array in self[:3] if array is not None]


def understood(image, mask, sketch=None):
    """`Arguments` made of what a person gave.

    Raises:
      InputError: a file cannot be read; shapes, types or values are none of the above, or do not fit; a mask is none, or leaves
        nothing to complete from.
    """
    images, answer = _picture(image)
    masks = _marks("mask", mask, images, _hole)
    if masks.all(axis=(1, 2, 3)).any():
        raise InputError("The mask covers the whole image: nothing is left to complete it from.")
    return Arguments(images, masks, None if sketch is None else _marks("sketch", sketch, images, _lines), answer)


def extended_picture(image, extension, mask=None, sketch=None):
    """What a person gave of one picture, with a new border: the picture, larger, in its own form (of a path, an array), and its
    mask and sketch as bool [height, width], or None.

    Arguments:
      extension: a text as `extending.extension_of` takes it.
      mask: None: nothing but the border, and what is transparent, is a hole.
      sketch: of the picture's size, or of the larger one's.

    Raises:
      InputError: as `understood`; or the extension makes no sense.
    """
    if _is_path(image):
        image = read_photo(image).array
    array = _pixels("image", image) if isinstance(image, Image.Image) else np.asarray(image)
    images, _ = _picture(array)
    if len(images) > 1:
        raise InputError(f"One picture is extended at a time, not a batch of shape {list(array.shape)}.")
    size = images.shape[1:3]
    grown = extension_of(extension, size)
    hole = lines = None
    if mask is not None or images.shape[-1] in (2, 4):
        hole = _marks("mask", mask, images, _hole)[0, ..., 0]
    if sketch is not None:
        larger = np.broadcast_to(images[:, :1, :1], (1, *grown.size_of(size), images.shape[-1]))
        is_larger = not _is_path(sketch) and np.shape(sketch)[:2] == larger.shape[1:3]
        lines = _marks("sketch", sketch, larger if is_larger else images, _lines)[0, ..., 0]
    result, hole, lines = extended(grown, array.reshape(size + (-1,)), hole, lines)
    result = result.reshape(result.shape[:2] + array.shape[2:]) if array.ndim < 4 else result[np.newaxis]
    if isinstance(image, Image.Image):
        result = image_of(result)
        result.info.update(_info_to_keep(image))
    return result, hole, lines


def _info_to_keep(image):
    kept = (name for name in _INFO_TO_KEEP if name in image.info and (name, image.mode) != ("icc_profile", "CMYK"))
    return {name: image.info[name] for name in kept}


def _picture(image):
    """The batch, and the function from what is made of it to the answer."""
    if _is_path(image):
        return _picture(read_photo(image).array)
    if isinstance(image, Image.Image):
        array = _pixels("image", image)

        def as_image(completed):
            result = image_of(completed[0])
            result.info.update(_info_to_keep(image))
            return result

        return array[np.newaxis], as_image

    array = np.asarray(image)
    if array.ndim not in (2, 3, 4) or 0 in array.shape or (array.ndim > 2 and array.shape[-1] > 4):
        raise InputError(f"The image must have shape [height, width], or that with 1 to 4 channels, not {list(array.shape)}.")
    batch = array.reshape((1,) * (array.ndim < 4) + array.shape + (1,) * (array.ndim == 2))
    if array.dtype in (np.uint8, np.uint16):
        return batch, lambda completed: completed.reshape(array.shape)
    if array.dtype.kind != "f":
        raise InputError(f"The image must be of type uint8 or uint16, or floats in [0, 1], not {array.dtype}.")
    if not (array.min() >= 0 and array.max() <= 1):  # Nor NaN.
        raise InputError(f"The image's floats must be in [0, 1], not from {array.min():g} to {array.max():g}: or give uint8.")
    deep = np.round(batch.astype(np.float64) * 65535).astype(np.uint16)

    def as_floats(completed):
        return np.where(completed == deep, batch, (completed / 65535).astype(array.dtype)).reshape(array.shape)

    return deep, as_floats


def _marks(name, marks, images, of_array):
    """Mask or sketch as bool [batch, height, width, 1]; None is what is transparent in the images."""
    misfit = f"does not fit the image's {list(images.shape[1:] if len(images) == 1 else images.shape)}."
    if _is_path(marks):
        found = (read_mask(marks).hole if name == "mask" else read_sketch(marks))[np.newaxis]
        shape = found.shape[1:]
    else:
        if marks is None:
            marks = images
            if images.shape[-1] not in (2, 4):
                raise InputError("There is no mask, and nothing in the image is transparent: one must say what to complete.")
        array = _pixels(name, marks) if isinstance(marks, Image.Image) else np.asarray(marks)
        shape, batch = array.shape, _batched(array, images.shape)
        if batch is None:
            raise InputError(f"The {name}'s shape {list(shape)} {misfit}")
        found = np.stack([of_array(one, marks is images) for one in batch])
    if found.shape != images.shape[:3]:
        raise InputError(f"The {name}'s shape {list(shape)} {misfit}")
    return found[..., np.newaxis]


def _hole(array, is_image):
    return hole_of(array, "The mask", "transparent" if is_image else "auto").hole


def _lines(array, is_image):
    return lines_of(array, "The sketch")


def _batched(array, shape):
    """A mask as [batch, height, width, 1-4], if it fits images of that shape; else None."""
    if array.ndim == 2:
        array = array[np.newaxis, ..., np.newaxis]
    elif array.ndim == 3:
        array = array[..., np.newaxis] if array.shape == shape[:3] else array[np.newaxis]
    return array if array.ndim == 4 and array.shape[:3] == shape[:3] and 1 <= array.shape[3] <= 4 else None


def _pixels(name, image):
    try:
        return pixels(image)
    except InputError as error:
        raise InputError(f"The {name} {error}") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"The {name} cannot be read: {error}.") from error


def _is_path(given):
    return isinstance(given, (str, os.PathLike))
