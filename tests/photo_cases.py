"""Photos in kinds of file, made byte by byte where no library makes them; for reading, training and serving alike."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

HEIGHT, WIDTH = 24, 32


def levels(channels=3, dtype=np.uint8):
    """Smooth, so that what is lossy is close; different in every channel and under every turn."""
    across, down = np.meshgrid(np.arange(WIDTH) / WIDTH, np.arange(HEIGHT) / HEIGHT)
    waves = [across, down, across * down, 1 - across**2]
    return np.stack([(0.1 + 0.8 * wave) * np.iinfo(dtype).max for wave in waves[:channels]], axis=-1).astype(dtype)


def file_of(picture, form, **options):
    data = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(data, form, **options)
    return data.getvalue()


def tiff_of(array, **options):
    data = io.BytesIO()
    tifffile.imwrite(data, array, **options)
    return data.getvalue()


def exif_of(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def png_with(data, kind, body, last=False):
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    place = len(data) - 12 if last else 33
    return data[:place] + chunk + data[place:]


def jpeg_with_first(data, marker, body):
    """With a segment in front of all others but the first."""
    place = 4 + int.from_bytes(data[4:6], "big")
    return data[:place] + b"\xff" + marker + struct.pack(">H", len(body) + 2) + body + data[place:]


def turned_files(orientation):
    array = levels()
    exif = exif_of(orientation)
    jpeg = file_of(array, "JPEG", quality=100, subsampling=0, exif=exif)
    png = file_of(array, "PNG")
    return {
        "jpeg": jpeg,
        "jpeg_icc_first": jpeg_with_first(jpeg, b"\xe2", b"ICC_PROFILE\0\1\1" + bytes(400)),
        "jpeg_comment_first": jpeg_with_first(jpeg, b"\xfe", bytes(60000)),
        "png": file_of(array, "PNG", exif=exif),
        "png_exif_last": png_with(png, b"eXIf", exif.tobytes()[6:], last=True),
        "png_exif_as_text": png_with(
            png, b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 99\n" + exif.tobytes().hex().encode())
        ),
        "webp": file_of(array, "WEBP", lossless=True, exif=exif),
        "avif": file_of(array, "AVIF", quality=100, subsampling="4:4:4", exif=exif_of(orientation)),
        "tiff": file_of(array, "TIFF", exif=exif),
        "tiff_bits": file_of(Image.fromarray(array).convert("L"), "TIFF", exif=exif),
        "tiff_deep": tiff_of(array.astype(np.uint16) * 257, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]),
        "xmp": jpeg_with_first(
            file_of(array, "JPEG", quality=100, subsampling=0),
            b"\xe1",
            b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="%d"/>' % orientation,
        ),
    }
