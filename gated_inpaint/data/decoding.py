"""From the bytes of a picture file to a square picture of the wanted size, in TensorFlow operations.

JPEG, PNG and BMP are read, palettes included; gray becomes RGB, transparency is dropped, 16 bits become 8, and a JPEG or PNG comes
upright (the EXIF orientation is applied). GIFs are refused.

A picture is fitted to the size through a window, in the picture's own pixels, which is cut out and then resized if need be:

  "crop"     a square anywhere, its side the wanted size; the whole short side where the picture is smaller (which enlarges it), and
             half the short side where that is more (so that a large photo gives a piece of a scene, not of a wall)
  "scale"    a square anywhere, its side the short side divided by something from 1 to 1.5: as if the short side were first resized
             to 1 to 1.5 times the size (Global&Local: 256 to 384 for 256)
  "resize"   the whole picture; it is squeezed if it is not square
"""

import tensorflow as tf

from gated_inpaint.sketch import draw_edges, resize_lines, threshold_lines

FITS = ("crop", "scale", "resize")
_LARGEST_SCALE = 1.5


def decode(data):
    """Decodes a file's bytes, string scalar, to uint8 [height, width, 3]; an operation fails if they are no picture or damaged."""
    is_bmp = tf.strings.substr(data, 0, 2) == "BM"
    not_gif = tf.debugging.Assert(tf.strings.substr(data, 0, 4) != "GIF8", ["GIFs are not read."])
    with tf.control_dependencies([not_gif]):
        data = tf.identity(data)

    def decode_other():
        pixels = tf.cond(
            tf.io.is_jpeg(data),
            lambda: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
            lambda: tf.io.decode_png(data, channels=3),
        )
        return make_upright(pixels, exif_orientation(data))

    return tf.ensure_shape(tf.cond(is_bmp, lambda: _decode_bmp(data), decode_other), [None, None, 3])


def decode_example(photo, edge, size, fit, draws, sketch):
    """Decodes a photo and its sketch.

    Arguments:
      photo: the photo file's bytes, string scalar.
      edge: the edge file's bytes; empty if there is none: edges are then drawn from the photo.
      size: side of the result, in pixels.
      fit: "crop", "scale" or "resize", see the module.
      draws: float32 [4] in [0, 1]: where the window is, down and across, whether it is mirrored (below 0.5), and the scale.
      sketch: whether a sketch is wanted.

    Returns:
      {"image": float32 [size, size, 3] in [-1, 1]} and, if wanted, "sketch": float32 [size, size, 1], 1 on a line.
    """
    window = _decode_window(photo, size, fit, draws)
    image = tf.ensure_shape(_resize(window, size), [size, size, 3]) / 127.5 - 1.0
    if not sketch:
        return {"image": image}

    def lines_of_file():
        levels = tf.reduce_mean(tf.cast(_decode_window(edge, size, fit, draws), tf.float32), axis=-1, keepdims=True) / 255.0
        return resize_lines(threshold_lines(levels), size, size)

    lines = tf.cond(edge == "", lambda: draw_edges(image[tf.newaxis])[0], lines_of_file)
    return {"image": image, "sketch": tf.ensure_shape(lines, [size, size, 1])}


def _decode_window(data, size, fit, draws):
    """The window of a picture, mirrored or not: uint8 [height, width, 3]. Of an upright JPEG, nothing else is decoded."""

    def of_upright_jpeg():
        window = _window(tf.io.extract_jpeg_shape(data), size, fit, draws)
        return tf.io.decode_and_crop_jpeg(data, window, channels=3, dct_method="INTEGER_ACCURATE")

    def of_other():
        pixels = decode(data)
        top, left, height, width = tf.unstack(_window(tf.shape(pixels), size, fit, draws))
        return pixels[top : top + height, left : left + width]

    pixels = tf.cond(tf.io.is_jpeg(data) & (exif_orientation(data) == 1), of_upright_jpeg, of_other)
    return tf.cond(draws[2] < 0.5, lambda: tf.reverse(pixels, axis=[1]), lambda: pixels)


def _window(shape, size, fit, draws):
    """The window in a picture of this shape, as [top, left, height, width], int32."""
    height, width = shape[0], shape[1]
    if fit == "resize":
        return tf.stack([0, 0, height, width])
    short_side = tf.minimum(height, width)
    if fit == "scale":
        scale = 1.0 + (_LARGEST_SCALE - 1.0) * draws[3]
        side = tf.maximum(tf.cast(tf.cast(short_side, tf.float32) / scale, tf.int32), 1)
    else:
        side = tf.maximum(tf.minimum(short_side, size), short_side // 2)
    top = tf.cast(draws[0] * tf.cast(height - side + 1, tf.float32), tf.int32)
    left = tf.cast(draws[1] * tf.cast(width - side + 1, tf.float32), tf.int32)
    return tf.stack([top, left, side, side])


def _resize(pixels, size):
    """To float32 [size, size, 3], levels as they were."""
    fits_already = tf.reduce_all(tf.shape(pixels)[:2] == size)
    return tf.cond(
        fits_already,
        lambda: tf.cast(pixels, tf.float32),
        lambda: tf.image.resize(pixels, [size, size], "bilinear", antialias=True),
    )


def exif_orientation(data):
    """The orientation of a JPEG or PNG, 1 to 8, int32; 1, upright, where its EXIF block says nothing, and for other files."""
    block = tf.cond(tf.io.is_jpeg(data), lambda: _exif_of_jpeg(data), lambda: _exif_of_png(data))
    return tf.cond(tf.strings.length(block) >= 14, lambda: _orientation_in(block), lambda: tf.constant(1))


def _exif_of_jpeg(data):
    """The EXIF block, from its byte order on; empty if there is none. Segments are gone through up to where the picture begins."""

    def length_at(place):
        return tf.cast(_integer(tf.strings.substr(data, place + 2, 2), False), tf.int32)

    def is_to_be_passed(place):
        start = tf.strings.substr(data, place, 10)
        marker = tf.strings.substr(start, 0, 2)
        is_exif = (marker == b"\xff\xe1") & (tf.strings.substr(start, 4, 6) == b"Exif\0\0")
        is_segment = (tf.strings.substr(start, 0, 1) == b"\xff") & (marker != b"\xff\xda") & (tf.strings.length(start) == 10)
        return is_segment & ~is_exif

    def is_to_be_passed_safely(place):
        return tf.cond(place + 10 <= tf.strings.length(data), lambda: is_to_be_passed(place), lambda: tf.constant(False))

    place = tf.while_loop(is_to_be_passed_safely, lambda place: [place + 2 + tf.maximum(length_at(place), 2)], [tf.constant(2)])[0]
    is_found = tf.cond(
        place + 10 <= tf.strings.length(data),
        lambda: tf.strings.substr(data, place + 4, 6) == b"Exif\0\0",
        lambda: tf.constant(False),
    )
    return tf.cond(is_found, lambda: tf.strings.substr(data, place + 10, length_at(place) - 8), lambda: tf.constant(b""))


def _exif_of_png(data):
    """The same of a PNG, whose chunk may stand behind the picture."""
    pieces = tf.strings.split(data, b"eXIf", maxsplit=1)
    block = tf.cond(tf.size(pieces) > 1, lambda: tf.strings.substr(pieces[1], 0, 1 << 16), lambda: tf.constant(b""))
    return tf.where(tf.reduce_any(tf.strings.substr(block, 0, 4) == [b"II*\0", b"MM\0*"]), block, b"")


def _orientation_in(block):
    """In the first directory of an EXIF block: a count of entries, each of twelve bytes: tag, type, count, value."""
    is_little = tf.strings.substr(block, 0, 2) == b"II"
    size = tf.strings.length(block)
    first = tf.minimum(tf.cast(tf.minimum(_integer(tf.strings.substr(block, 4, 4), is_little), 1 << 20), tf.int32), size - 2)
    count = tf.cast(_integer(tf.strings.substr(block, first, 2), is_little), tf.int32)
    count = tf.minimum(count, (size - first - 2) // 12)
    entries = tf.reshape(tf.io.decode_raw(tf.strings.substr(block, first + 2, 12 * count), tf.uint8), [count, 12])
    entries = tf.cast(
        tf.where(is_little, tf.gather(entries, [1, 0, 3, 2, 9, 8], axis=1), tf.gather(entries, [0, 1, 2, 3, 8, 9], axis=1)),
        tf.int32,
    )
    tag, kind, value = (256 * entries[:, byte] + entries[:, byte + 1] for byte in (0, 2, 4))
    values = tf.boolean_mask(value, (tag == 0x0112) & (kind == 3) & (value >= 1) & (value <= 8))
    return tf.concat([values, [1]], axis=0)[0]


def _integer(data, is_little):
    """The integer, int64, that bytes in one order or the other are."""
    digits = tf.cast(tf.io.decode_raw(data, tf.uint8), tf.int64)
    digits = tf.cond(tf.convert_to_tensor(is_little), lambda: digits, lambda: digits[::-1])
    return tf.reduce_sum(digits * 256 ** tf.range(tf.size(digits, tf.int64)))


def _decode_bmp(data):
    pixels = tf.io.decode_bmp(data)  # 1, 3 or 4 channels; asking for another number than the file's fails.

    def of_palette():
        """Blue, green, red and nothing of each colour, behind the headers; the pixels are positions among them."""
        header, first = (tf.cast(_integer(tf.strings.substr(data, place, 4), True), tf.int32) for place in (14, 10))
        plain = tf.debugging.Assert(tf.strings.substr(data, 30, 4) == bytes(4), ["BMPs that are compressed are not read."])
        with tf.control_dependencies([plain]):
            colors = tf.reshape(
                tf.io.decode_raw(tf.strings.substr(data, 14 + header, (first - 14 - header) // 4 * 4), tf.uint8), [-1, 4]
            )
        return tf.gather(colors[:, 2::-1], tf.cast(pixels[..., 0], tf.int32))

    return tf.cond(tf.shape(pixels)[2] == 1, of_palette, lambda: pixels[..., :3])


def make_upright(pixels, orientation):
    """Turns and mirrors pixels [height, width, channels] as an EXIF orientation says."""
    pixels = tf.cond(orientation > 4, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    upside_down = tf.reduce_any(orientation == [3, 4, 7, 8])
    mirrored = tf.reduce_any(orientation == [2, 3, 6, 7])
    return tf.reverse(pixels, tf.where([upside_down, mirrored])[:, 0])
