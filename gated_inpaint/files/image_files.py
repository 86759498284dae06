"""Image files to arrays and back.

Reads PNG, JPEG, WebP, TIFF, BMP, PBM, PGM, PPM, GIF and AVIF, and HEIC where pillow-heif is installed; of several frames or pages,
the first. Writes PNG, JPEG, WebP and TIFF. Arrays are [height, width, channels] with 1 to 4 channels (gray, gray and alpha, RGB,
RGBA), uint8, or uint16 where the file has more than 8 bits a channel. Pictures come upright (the EXIF orientation is applied); CMYK
becomes sRGB. What else the file says goes along, see `metadata`.
"""

import collections
import contextlib
import io
import logging
import pathlib
import warnings
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from gated_inpaint.errors import InputError
from gated_inpaint.files import encoding, png_chunks
from gated_inpaint.files.metadata import Metadata, read_metadata
from gated_inpaint.files.pixels import load_pixels
from gated_inpaint.files.writing import write_whole

DEFAULT_MAX_MEGAPIXELS = 100

_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "PPM", "GIF", "AVIF", "HEIF")
_READ = "PNG, JPEG, WebP, TIFF, BMP, PPM, GIF, AVIF, and HEIC with pip install 'gated_inpaint[heic]'"
EXTENSIONS = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .webp .tif .tiff .bmp .dib .ppm .pgm .pbm .pnm .gif .avif .heic .heif".split()
)
OUTPUT_SUFFIXES = encoding.SUFFIXES

# First bytes of what is no format that is read here, or none that every Pillow reads.
_TOLD_BY_BYTES = (
    (
        4,
        (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"),
        "is a HEIC file: pip install 'gated_inpaint[heic]' reads it",
    ),
    (0, (b"PF\n", b"Pf\n", b"PF ", b"Pf "), "has 32-bit floating-point levels: only 8 and 16 bits a channel can be completed"),
    (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "is a TIFF file of a kind that cannot be read here, or damaged"),
    (0, (png_chunks.SIGNATURE, b"\xff\xd8\xff", b"BM", b"GIF8", b"RIFF"), "is damaged or cut short: it begins as an image"),
)

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
    """Reads a picture, a `Photo`.

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
    if not data:
        raise InputError(f"{name} is empty.")
    with _quiet_libraries():
        image = _open(name, data)
        if image.width * image.height > max_megapixels * 1e6:
            raise InputError(
                f"{name} has {image.width}x{image.height} pixels, more than the limit of {max_megapixels:g} megapixels; "
                "--max_megapixels raises it."
            )
        try:
            array = load_pixels(image, data)
            metadata, orientation = read_metadata(image, data)
            notes = _notes(image, data, metadata)
        except InputError as error:
            raise InputError(f"{name} {error}") from error
        except MemoryError as error:
            raise InputError(f"There is not enough memory to read {name}.") from error
        except Exception as error:  # Codecs raise whatever they meet in a damaged file.
            raise InputError(f"{name} is damaged or cut short: {_one_line(error)}.") from error
    array = np.ascontiguousarray(_MAKE_UPRIGHT.get(orientation, lambda array: array)(array))
    return Photo(array, _fitting_profile(metadata, array, notes), tuple(notes))


def write_picture(path, array, photo=None, quality=95):
    """Writes a picture in the format that the path's suffix names; `path` is complete, or as it was before.

    PNG and TIFF hold every array exactly. JPEG and WebP lose something everywhere, take 8 bits a channel, and JPEG no
    transparency.

    Arguments:
      path: ends in .png, .jpg, .webp or .tif.
      array: [height, width, 1-4], uint8 or uint16.
      photo: the `Photo` it was made of, whose metadata goes along; None: there is none.
      quality: of JPEG and WebP, 1 to 100, without reduced colour. A JPEG that was coarser stays as coarse, so that its file does
        not grow; WebP of 100, or made of a lossless WebP, is lossless.

    Returns:
      Remarks of one line on what could not go along.

    Raises:
      InputError: the suffix is another one, the format cannot hold the array, or the file cannot be written.
    """
    data, notes = encoding.encode(path, array, photo.metadata if photo else Metadata(), quality)
    write_whole(path, data)
    return notes


def write_png(path, array):
    """Writes uint8 or uint16 [height, width, 1-4] as PNG without metadata."""
    write_picture(path, array)


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


@contextlib.contextmanager
def _quiet_libraries():
    """Without the remarks of Pillow and OpenCV on odd files, nor Pillow's limit of size: the limit is ours."""
    logger, opencv = logging.getLogger("PIL"), getattr(cv2.utils, "logging", cv2)  # As from OpenCV 5, or before it.
    levels, limit = (logger.level, opencv.getLogLevel()), Image.MAX_IMAGE_PIXELS
    logger.setLevel(logging.CRITICAL + 1)
    opencv.setLogLevel(0)
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
        logger.setLevel(levels[0])
        opencv.setLogLevel(levels[1])


def _open(name, data):
    """Opens an image: its header is read, its pixels not yet."""
    if data[4:8] == b"ftyp":
        with contextlib.suppress(ImportError):
            import pillow_heif

            pillow_heif.register_heif_opener()
    is_png = data.startswith(png_chunks.SIGNATURE)
    try:
        return Image.open(io.BytesIO(png_chunks.pixels_alone(data) if is_png else data), formats=_known_formats())
    except Exception as error:  # As below.
        for start, beginnings, reason in _TOLD_BY_BYTES:
            if data[start : start + 8].startswith(beginnings):
                raise InputError(f"{name} {reason}.") from error
        raise InputError(f"{name} is not an image in a format that can be read here ({_READ}).") from error


def _known_formats():
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _notes(image, data, metadata):
    notes = []
    frames = _frames(image, data)
    if frames > 1:
        notes.append(f"only the first of {frames} {'pages' if image.format == 'TIFF' else 'frames'} was read")
    if image.mode == "CMYK":
        through = (
            "through its profile" if (metadata.icc_profile or b"")[16:20] == b"CMYK" else "without a profile, by rule of thumb"
        )
        notes.append(f"CMYK became RGB {through}")
    return notes


def _frames(image, data):
    if image.format == "PNG":
        animation = png_chunks.intact_bodies(data).get(b"acTL")
        return int.from_bytes(animation[0][:4], "big") if animation else 1
    if image.format == "MPO":  # Previews and depths of the same picture.
        return 1
    try:
        return getattr(image, "n_frames", 1)
    except Exception:  # Of a damaged frame behind the first.
        return 1


def _fitting_profile(metadata, array, notes):
    """The metadata without a profile of another colour space than the array's."""
    if metadata.icc_profile is None:
        return metadata
    space = metadata.icc_profile[16:20]
    if space == (b"GRAY" if array.shape[-1] < 3 else b"RGB "):
        return metadata
    if space != b"CMYK":
        notes.append("its colour profile is for another kind of picture and was left out")
    return metadata._replace(icc_profile=None)


def _one_line(error):
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
