"""From Pillow's images to arrays [height, width, 1-4] of uint8 or uint16, and back: gray, gray and alpha, RGB, RGBA.

Pillow has no mode for colour of 16 bits a channel, and cuts it down to 8. Such files are decoded by OpenCV, and what it makes of
them is compared with what Pillow does: where they differ one is wrong, and the file is refused.
"""

import io

import cv2
import numpy as np
from PIL import Image, ImageCms

from gated_inpaint.errors import InputError
from gated_inpaint.files import png_chunks

_BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _SAMPLE_FORMAT, _EXTRA = 258, 262, 277, 284, 339, 338  # TIFF's tags.
_WHITE_IS_ZERO, _RGB, _SEPARATE, _PREMULTIPLIED = 0, 2, 2, 1

_MODES_OF_16_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


def load_pixels(image, data):
    """Loads a file's picture; returns its array, turned if it is a TIFF, and as it is stored otherwise.

    Arguments:
      image: the file as a Pillow image, as yet without pixels.
      data: the file's bytes.

    Raises:
      InputError: its levels are neither of 8 nor of 16 bits, or stored in a way that cannot be read. The message is what follows
        the file's name.
    """
    largest = _largest_level(image)
    image.load()  # Raises where the file is damaged or cut short; OpenCV would fill up with gray.
    if image.format == "PNG" and data[24] == 16:
        return _deep_png(image, data)
    if image.format == "TIFF":
        return _tiff(image, data)
    if image.format == "PPM" and image.mode == "RGB" and largest > 255:
        return _agreed(_scaled(_decoded_by_opencv(data), largest), image)
    return pixels(image)


def pixels(image):
    """The array of a Pillow image of any mode.

    Raises:
      InputError: it has floating-point or 32-bit levels, or no colours that can be converted.
    """
    if image.mode in _MODES_OF_16_BITS or image.mode == "I":
        return _with_transparent_level(_of_16_bits(image), image)
    if image.mode == "CMYK":
        return np.asarray(_to_srgb(image))
    if image.mode not in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV"):
        kind = "32-bit floating-point levels" if image.mode == "F" else f"the mode {image.mode}"
        raise InputError(f"has {kind}: only gray and colour of 8 and 16 bits a channel can be completed.")
    has_alpha = image.mode[-1] in "Aa" or "transparency" in image.info
    is_gray = image.mode in ("1", "L", "LA", "La")
    if image.mode == "La":  # Pillow has one way from here.
        image = image.convert("LA")
    array = np.asarray(image.convert(("LA" if has_alpha else "L") if is_gray else ("RGBA" if has_alpha else "RGB")))
    return array.reshape(array.shape[:2] + (-1,))


def image_of(array):
    """The Pillow image of an array; 16 bits of anything but gray, for which Pillow has no mode, become 8."""
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else to_8_bits(array))


def to_8_bits(array):
    """uint16 to uint8, rounded; uint8 as it is."""
    return array if array.dtype == np.uint8 else ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _of_16_bits(image):
    levels = np.asarray(image)
    if image.mode == "I" and (levels.size and not 0 <= levels.min() <= levels.max() <= 65535):
        raise InputError("has 32 bits a channel: only 8 and 16 can be completed.")
    return levels.astype(np.uint16)[..., np.newaxis]


def _with_transparent_level(array, image):
    """With alpha, if a level is named that stands for transparent."""
    level = image.info.get("transparency")
    if level is None:
        return array
    is_opaque = (array != np.array(level, np.uint16)).any(axis=-1, keepdims=True)
    return np.concatenate([array, np.where(is_opaque, np.uint16(65535), np.uint16(0))], axis=-1)


def _to_srgb(image):
    """CMYK through its profile; by rule of thumb where it has none that can be used."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile[16:20] == b"CMYK":
        try:
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB")


def _deep_png(image, data):
    if image.mode in _MODES_OF_16_BITS or image.mode == "I":
        return pixels(image)
    array = _decoded_by_opencv(png_chunks.pixels_alone(data))
    color_type = data[25]
    if color_type == 4:  # Gray and alpha: OpenCV makes colour of it.
        return np.ascontiguousarray(array[..., [0, 3]])
    if color_type == 2:
        return _with_transparent_level(_agreed(array[..., :3], image), image)
    return _agreed(array, image)


def _tiff(image, data):
    bits, sample_format = (_numbers(image, tag, default) for tag, default in ((_BITS, 8), (_SAMPLE_FORMAT, 1)))
    if bits <= 8:
        return pixels(image)
    if sample_format == 3:
        raise InputError(f"has {bits}-bit floating-point levels: only 8 and 16 bits a channel can be completed.")
    if bits > 16 or sample_format != 1:
        raise InputError(
            f"has {bits} bits a channel{'' if sample_format == 1 else ', with a sign'}: only 8 and 16 can be completed."
        )
    photometric, samples = _numbers(image, _PHOTOMETRIC, 1), _numbers(image, _SAMPLES, 1)
    if image.mode in _MODES_OF_16_BITS:
        array = _scaled(pixels(image), 2**bits - 1)
        return 65535 - array if photometric == _WHITE_IS_ZERO else array
    if image.mode == "CMYK":
        return pixels(image)
    if photometric != _RGB or samples not in (3, 4) or bits != 16:
        raise InputError(f"has {bits} bits a channel in a form that cannot be read here: convert it to 8 bits, or to a plain PNG.")
    if _numbers(image, _PLANES, 1) == _SEPARATE:
        raise InputError("has 16 bits a channel in separate planes, which cannot be read here: convert it to a plain PNG.")
    array = _decoded_by_opencv(data)
    if samples == 4 and _numbers(image, _EXTRA, 0) == _PREMULTIPLIED:
        return _divided_by_alpha(array)
    return _agreed(array[..., :3] if image.mode in ("RGB", "RGBX") else array, image)


def _numbers(image, tag, default):
    """The largest of a TIFF tag's numbers."""
    values = image.tag_v2.get(tag, default)
    values = values if isinstance(values, tuple) else (values,)
    if not values or not all(isinstance(value, int) for value in values):
        raise InputError(f"is damaged: its tag {tag} holds no numbers.")
    return max(values)


def _largest_level(image):
    """That a PPM says to be white; Pillow knows until it has loaded the pixels."""
    arguments = image.tile[0][3] if image.format == "PPM" and image.tile else None
    return arguments[1] if isinstance(arguments, tuple) and len(arguments) > 1 and isinstance(arguments[1], int) else 255


def _decoded_by_opencv(data):
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16 or array.ndim != 3:
        raise InputError("has 16 bits a channel in a form that cannot be read here: convert it to 8 bits, or to a plain PNG.")
    return cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[-1] == 4 else cv2.COLOR_BGR2RGB)


def _scaled(array, largest):
    if largest == 65535:
        return array
    return np.round(np.minimum(array, largest) * (65535 / largest)).astype(np.uint16)


def _divided_by_alpha(array):
    color, alpha = array[..., :3].astype(np.float64), array[..., 3:]
    color = np.divide(color * 65535, alpha, out=np.zeros_like(color), where=alpha > 0)
    return np.concatenate([np.round(np.minimum(color, 65535)).astype(np.uint16), alpha], axis=-1)


def _agreed(array, image):
    """OpenCV's array, if Pillow's differs by its rounding alone."""
    other = np.asarray(image)
    if other.shape != array.shape or np.abs(to_8_bits(array).astype(np.int16) - other).max(initial=0) > 1:
        raise InputError("has 16 bits a channel in a form that cannot be read here: convert it to 8 bits, or to a plain PNG.")
    return array
