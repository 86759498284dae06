"""From arrays to the bytes of image files: PNG, JPEG, WebP, TIFF; with the metadata that goes along."""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from gated_inpaint.errors import InputError
from gated_inpaint.files import png_chunks
from gated_inpaint.files.pixels import image_of, to_8_bits

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}

_LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383}
_LARGEST_PNG_PROFILE = 1 << 20  # Of larger ones, Pillow opens no PNG.
_XMP_TAG, _ICC_TAG = 700, 34675


def encode(path, array, metadata, quality):
    """The bytes of a file in the format that the path's suffix names, and remarks; see `image_files.write_picture`."""
    form = SUFFIXES.get(pathlib.Path(path).suffix.lower())
    if form is None:
        raise InputError(f"The output {path} must end in {', '.join(SUFFIXES)}.")
    height, width = array.shape[:2]
    if max(height, width) > _LONGEST_SIDE.get(form, 2**31):
        raise InputError(f"{path}: {form} holds at most {_LONGEST_SIDE[form]} pixels a side, and the picture is {width}x{height}.")
    try:
        return {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "TIFF": _tiff}[form](path, array, metadata, quality)
    except (OSError, ValueError, struct.error, MemoryError) as error:
        raise InputError(f"{path} cannot be made: {error}.") from error


def _png(path, array, metadata, quality):
    """Pixels by TensorFlow, which writes 16 bits of colour, too; all else as Pillow writes it, taken from a file of one pixel."""
    import tensorflow as tf  # Here, so that to read files, and to say what is wrong with their names, does not take it.

    notes, profile = [], metadata.icc_profile
    if profile and len(profile) > _LARGEST_PNG_PROFILE:
        profile = None
        notes.append(f"its colour profile of {len(metadata.icc_profile) / 1e6:.1f} MB was left out: most programs open no such PNG")
    said = PngImagePlugin.PngInfo()
    for kind, body in metadata.png_colors:
        if kind != b"sRGB" or not profile:
            said.add(kind, body)
    if metadata.xmp:
        said.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    options = {"icc_profile": profile, "exif": metadata.exif, "dpi": metadata.dpi}
    pixel = io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG", pnginfo=said, **{name: value for name, value in options.items() if value})
    return png_chunks.with_chunks_of(tf.io.encode_png(array).numpy(), pixel.getvalue()), notes


def _jpeg(path, array, metadata, quality):
    if array.shape[-1] in (2, 4):
        if array[..., -1].min() < np.iinfo(array.dtype).max:
            raise InputError(f"{path}: JPEG has no transparency, and the picture has some: choose .png, .webp or .tif.")
        array = array[..., :-1]
    notes, options = _options(metadata, 65533 - 29)
    coding = {"quality": quality, "subsampling": 0}
    image = image_of(to_8_bits(array))
    if metadata.jpeg_coding and _is_coarser(metadata.jpeg_coding.qtables, quality):
        coding = {name: getattr(metadata.jpeg_coding, name) for name in ("qtables", "subsampling")}
    coding["progressive"] = bool(metadata.jpeg_coding and metadata.jpeg_coding.progressive)
    if image.mode == "L":
        coding.pop("subsampling")
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    return _saved(image, "JPEG", optimize=True, **coding, **options), notes


def _is_coarser(qtables, quality):
    """Whether the quantisation tables are coarser than those of a quality."""
    of_quality = Image.open(io.BytesIO(_saved(Image.new("RGB", (8, 8)), "JPEG", quality=quality))).quantization
    return np.mean(qtables[0]) >= np.mean(of_quality[0])


def _webp(path, array, metadata, quality):
    notes, options = _options(metadata, 2**31)
    is_lossless = quality == 100 or (metadata.format == "WEBP" and metadata.is_lossless)
    options["quality"] = 75 if is_lossless else quality  # Of what is lossless: the effort.
    return _saved(image_of(to_8_bits(array)), "WEBP", lossless=is_lossless, exact=True, **options), notes


def _options(metadata, longest):
    """For Pillow: EXIF, XMP and profile, but for what is longer than the format has room for."""
    options = {"icc_profile": metadata.icc_profile, "exif": metadata.exif, "xmp": metadata.xmp}
    too_long = [name for name in ("exif", "xmp") if options[name] and len(options[name]) > longest]
    options = {name: value for name, value in options.items() if value and name not in too_long}
    return [f"its {name.upper()} block is longer than a JPEG has room for, and was left out" for name in too_long], options


def _saved(image, form, **options):
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def _tiff(path, array, metadata, quality):
    """Pillow writes no colour of 16 bits; but it does write the directory, with the EXIF block's directories."""
    height, width, channels = array.shape
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if metadata.exif:
        exif = Image.Exif()
        exif.load(metadata.exif)
        tags.update(exif)
        tags.update({tag: exif.get_ifd(tag) for tag in (0x8769, 0x8825) if tag in exif})
    strip = zlib.compress(array.astype(array.dtype.newbyteorder("<")).tobytes())
    bits, has_alpha = 8 * array.itemsize, channels in (2, 4)
    tags.update({256: width, 257: height, 258: (bits,) * channels, 259: 8, 262: 2 if channels > 2 else 1, 274: 1})
    tags.update({277: channels, 278: height, 279: len(strip), 284: 1, 339: (1,) * channels})
    if has_alpha:
        tags[338] = 2
    if metadata.dpi:
        tags.update({282: metadata.dpi[0], 283: metadata.dpi[1], 296: 2})
    for tag, value in ((_XMP_TAG, metadata.xmp), (_ICC_TAG, metadata.icc_profile)):
        if value:
            tags.tagtype[tag] = 7
            tags[tag] = value
    tags.tagtype[273] = 4
    tags[273] = 0  # From the end of the directory, to Pillow.
    return b"II*\0" + struct.pack("<I", 8) + tags.tobytes(8) + strip, []
