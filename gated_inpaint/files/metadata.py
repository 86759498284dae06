"""What a picture file says beside its pixels, and what of it goes along to a result.

The orientation is applied when a file is read; so what goes along says "upright". The preview in an EXIF block does not go along,
for it shows what was in the hole. What is damaged decides nothing but itself: it is left out.
"""

import contextlib
import math
import re
import struct
from typing import NamedTuple, Optional

from PIL import Image, JpegImagePlugin

from gated_inpaint.files import png_chunks

_LARGEST = 1 << 26  # Bytes of a profile or text block; a compressed one that unpacks to more is left out.

_ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x0112, 0x8769, 0x8825
# Of a TIFF, whose tags otherwise describe how its pixels are stored: description, maker, model, software, date, artist, computer,
# copyright.
_TIFF_TAGS_TO_KEEP = (270, 271, 272, 305, 306, 315, 316, 33432)
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))([0-9])')
_XMP_KEYWORD, _EXIF_AS_TEXT = b"XML:com.adobe.xmp", b"Raw profile type exif"


class JpegCoding(NamedTuple):
    """How a JPEG is compressed, in Pillow's terms."""

    qtables: dict
    subsampling: int
    progressive: bool


class Metadata(NamedTuple):
    """What goes along from a photo to its result."""

    format: str = "PNG"  # The file's, by Pillow's name.
    icc_profile: Optional[bytes] = None  # Of the space of the array's colours; None: sRGB, as far as is known.
    exif: Optional[bytes] = None  # With its leading "Exif".
    xmp: Optional[bytes] = None
    dpi: Optional[tuple] = None  # (across, down).
    png_colors: tuple = ()  # (type, body) of the chunks that say what a PNG's colours are: gAMA, cHRM, sRGB.
    jpeg_coding: Optional[JpegCoding] = None
    is_lossless: bool = True


def read_metadata(image, data):
    """Reads the metadata of a file.

    Arguments:
      image: the file as a Pillow image, loaded; of a PNG it need not have any metadata.
      data: the file's bytes.

    Returns:
      `Metadata`, and the EXIF orientation, 1 to 8, that the array of its pixels is to be turned by.
    """
    is_png = image.format == "PNG"
    said = _said_in_png(data) if is_png else _said(image)
    exif, orientation = _upright_exif(image, said)
    metadata = Metadata(
        format="JPEG" if image.format == "MPO" else image.format,
        icc_profile=said.get("icc_profile"),
        exif=exif,
        xmp=said["xmp"] and _XMP_ORIENTATION.sub(rb"\g<1>1", said["xmp"]),
        dpi=_checked_dpi(said.get("dpi"), orientation),
        png_colors=tuple(said.get("png_colors", ())),
        jpeg_coding=_jpeg_coding(image),
        is_lossless=image.format not in ("JPEG", "MPO", "AVIF", "HEIF") and not (image.format == "WEBP" and b"VP8 " in data[:4096]),
    )
    return metadata, orientation


def _said(image):
    """What Pillow found."""
    info = image.info
    said = {name: value for name in ("icc_profile", "exif", "xmp") if isinstance(value := info.get(name), bytes) and value}
    return {"xmp": None, "dpi": info.get("dpi"), **said}


def _said_in_png(data):
    bodies = png_chunks.intact_bodies(data)
    said = {"xmp": None, "png_colors": [(kind, bodies[kind][0]) for kind in (b"gAMA", b"cHRM", b"sRGB") if kind in bodies]}
    if b"eXIf" in bodies:
        said["exif"] = bodies[b"eXIf"][0]
    if b"pHYs" in bodies and len(bodies[b"pHYs"][0]) == 9:
        *per_metre, unit = struct.unpack(">IIB", bodies[b"pHYs"][0])
        said["dpi"] = tuple(number * 0.0254 for number in per_metre) if unit == 1 else None
    for body in bodies.get(b"iCCP", [])[:1]:
        _, _, compressed = body.partition(b"\0")
        said["icc_profile"] = png_chunks.inflated(compressed[1:], _LARGEST)
    for body in bodies.get(b"iTXt", []):
        keyword, _, rest = body.partition(b"\0")
        if keyword == _XMP_KEYWORD:
            text = rest[2:].split(b"\0", 2)[-1]  # Behind flag and method of compression, language and translated keyword.
            said["xmp"] = png_chunks.inflated(text, _LARGEST) if rest[:1] == b"\1" else text
    for body in bodies.get(b"zTXt", []) + bodies.get(b"tEXt", []):  # ImageMagick's way of old.
        keyword, _, text = body.partition(b"\0")
        if keyword == _EXIF_AS_TEXT and "exif" not in said:
            text = png_chunks.inflated(text[1:], _LARGEST) if text[:1] == b"\0" else text
            with contextlib.suppress(ValueError):
                said["exif"] = bytes.fromhex("".join((text or b"").decode("latin-1").split("\n")[3:]))
    return said


def _upright_exif(image, said):
    """The EXIF block that goes along, or None, and the orientation, which may stand in the XMP block instead."""
    exif, orientation = Image.Exif(), None
    kept = None
    with contextlib.suppress(Exception):  # Pillow raises whatever it meets in a damaged block.
        if image.format == "TIFF":
            tags = image.getexif()
            exif.update({tag: tags[tag] for tag in _TIFF_TAGS_TO_KEEP if tag in tags})
            exif.update({tag: ifd for tag in (_EXIF_IFD, _GPS_IFD) if (ifd := tags.get_ifd(tag))})
        elif said.get("exif"):
            exif.load(said["exif"])
            orientation = exif.get(_ORIENTATION)
            if _ORIENTATION in exif:
                exif[_ORIENTATION] = 1
        kept = exif.tobytes() if exif else None
    if orientation is None and said["xmp"] and image.format != "TIFF":  # Pillow turns a TIFF while it loads it.
        found = _XMP_ORIENTATION.search(said["xmp"])
        orientation = found and int(found[2])
    return kept, orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _checked_dpi(dpi, orientation):
    try:
        across, down = (float(number) for number in dpi)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not all(math.isfinite(number) and 1 <= number < 65536 for number in (across, down)):
        return None
    return (down, across) if orientation > 4 else (across, down)


def _jpeg_coding(image):
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        return None
    subsampling = JpegImagePlugin.get_sampling(image)
    tables = {number: list(table) for number, table in image.quantization.items()}
    if not tables or not all(len(table) == 64 and 1 <= min(table) and max(table) <= 255 for table in tables.values()):
        return None
    return JpegCoding(tables, subsampling if subsampling in (0, 1, 2) else 0, bool(image.info.get("progressive")))
