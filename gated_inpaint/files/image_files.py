"""Image files to arrays and back.

Reads PNG, JPEG, WebP, TIFF, BMP and PPM; writes PNG. Arrays are [height, width, channels] with 1 to 4 channels (gray, gray and
alpha, RGB, RGBA), uint8, or uint16 where the file has 16 bits a channel. Pictures come upright (the EXIF orientation is applied),
and their ICC colour profile goes with them.
"""

import collections
import io
import pathlib
import struct
import warnings
import zlib
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from gated_inpaint.errors import InputError
from gated_inpaint.files.metadata import Metadata
from gated_inpaint.files.writing import write_whole

DEFAULT_MAX_MEGAPIXELS = 100

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM")
EXTENSIONS = frozenset((".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm"))

_EXIF_ORIENTATION = 274
_TIFF_BITS_PER_SAMPLE = 258

# What makes an array upright, by EXIF orientation.
_MAKE_UPRIGHT = {
    2: lambda array: array[:, ::-1],
    3: lambda array: array[::-1, ::-1],
    4: lambda array: array[::-1],
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: array.swapaxes(0, 1)[:, ::-1],
    7: lambda array: array.swapaxes(0, 1)[::-1, ::-1],
    8: lambda array: array.swapaxes(0, 1)[::-1],
}


class Photo(NamedTuple):
    """A picture as read from a file."""

    array: np.ndarray  # [height, width, 1-4], uint8 or uint16, upright.
    metadata: Metadata = Metadata()
    notes: tuple = ()  # Remarks of one line, such as "only the first of 3 frames was read".


def read_photo(path, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
    """Reads a picture.

    Raises:
      InputError: the file is missing, is no image of a format above, is damaged or cut short, or has more than `max_megapixels`
        million pixels (found out before it is decoded).
    """
    try:
        data = pathlib.Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    return decode_photo(data, path, max_megapixels)


def decode_photo(data, name, max_megapixels=DEFAULT_MAX_MEGAPIXELS):
    """The same as `read_photo` for a file's bytes; messages call it `name`."""
    path = name
    if not data:
        raise InputError(f"{path} is empty.")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata, and on sizes: the size limit is ours.
        image = _open(path, data)
        if image.width * image.height > max_megapixels * 1e6:
            raise InputError(
                f"{path} has {image.width}x{image.height} pixels, more than the limit of {max_megapixels:g} megapixels; "
                "--max_megapixels raises it."
            )
        try:
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
            array = _decode(path, data, image)
        except InputError:
            raise
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error) as error:
            raise InputError(f"{path} is damaged or cut short: {error}.") from error
    array = np.ascontiguousarray(_MAKE_UPRIGHT.get(orientation, lambda array: array)(array))
    return Photo(array, Metadata(image.format, image.info.get("icc_profile")))


def write_picture(path, array, photo=None, quality=95):
    """Writes a picture in the format that the path's suffix names; `path` is complete, or as it was before.

    Arguments:
      path: ends in .png.
      array: [height, width, 1-4], uint8 or uint16.
      photo: the `Photo` it was made of, whose metadata goes along; None: there is none.
      quality: of a format that loses something, 1 to 100.

    Raises:
      InputError: the suffix is another one, the format cannot hold the array, or the file cannot be written.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"The output {path} must end in .png.")
    write_png(path, array, photo and photo.metadata.icc_profile)


def write_png(path, array, icc_profile=None):
    """Writes uint8 or uint16 [height, width, 1-4] as PNG; `path` is complete, or as it was before.

    Raises:
      InputError: the file cannot be written.
    """
    data = tf.io.encode_png(array).numpy()
    if icc_profile:
        data = _insert_icc_profile(data, icc_profile)
    write_whole(path, data)


def images_by_stem(folder):
    """{stem: paths, sorted} of a folder's files that are images by their name.

    Raises:
      InputError: the folder is missing or cannot be read.
    """
    files = collections.defaultdict(list)
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in EXTENSIONS and not path.name.startswith("."):
                files[path.stem].append(path)
    except OSError as error:
        raise InputError(f"Cannot read the folder {folder}: {error.strerror}.") from error
    return files


def _open(path, data):
    """Opens an image: its header is read, its pixels not yet."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise InputError(f"{path} is not an image in a format that can be read here (PNG, JPEG, WebP, TIFF, BMP, PPM).") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _decode(path, data, image):
    image.load()  # Raises where the file is damaged or cut short; OpenCV would fill up with gray.
    bits = _bits_per_channel(data, image)
    if bits == 16:
        return _decode_16_bits(path, data)
    if bits > 16 or image.mode in ("F", "I"):
        raise InputError(f"{path} has {bits} bits a channel: only 8 and 16 can be completed.")
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    is_gray = image.mode in ("1", "L", "LA")
    array = np.asarray(image.convert(("LA" if has_alpha else "L") if is_gray else ("RGBA" if has_alpha else "RGB")))
    return array.reshape(array.shape[:2] + (-1,))


def _bits_per_channel(data, image):
    if image.format == "PNG":
        return data[24]  # The header chunk stands at a fixed place.
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,)))
    if image.format == "PPM" and image.mode.startswith("I"):
        return 16
    return 8


def _decode_16_bits(path, data):
    """Pillow would cut 16 bits of colour down to 8, so OpenCV decodes these."""
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16:
        raise InputError(
            f"{path} has 16 bits a channel in a form that cannot be read here: convert it to 8 bits, or to a plain PNG."
        )
    if array.ndim == 2:
        return array[..., np.newaxis]
    return cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[-1] == 4 else cv2.COLOR_BGR2RGB)


def _insert_icc_profile(png, profile):
    """Adds an iCCP chunk behind the header chunk (8 bytes of signature, then 25 of header)."""
    body = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]
