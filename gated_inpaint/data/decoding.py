"""From the bytes of a picture file to a square picture of the wanted size, in TensorFlow operations.

JPEG, PNG and BMP are read; gray becomes RGB, transparency is dropped, 16 bits become 8, and a JPEG comes upright (the EXIF
orientation is applied). GIFs are refused. A BMP of 8 bits a pixel is taken for gray.

A picture is fitted to the size through a window, in the picture's own pixels, which is cut out and then resized if need be:

  "crop"     a square anywhere, its side the wanted size; the whole short side where the picture is smaller (which enlarges it), and
             half the short side where that is more (so that a large photo gives a piece of a scene, not of a wall)
  "resize"   the whole picture; it is squeezed if it is not square
"""

import tensorflow as tf

from gated_inpaint.sketch import draw_edges, resize_lines, threshold_lines

FITS = ("crop", "resize")

# Where in a JPEG the EXIF orientation is looked for; it stands close to the beginning.
_EXIF_HEAD = 4096


def decode(data):
    """Decodes a file's bytes, string scalar, to uint8 [height, width, 3]; an operation fails if they are no picture or damaged."""
    is_bmp = tf.strings.substr(data, 0, 2) == "BM"
    not_gif = tf.debugging.Assert(tf.strings.substr(data, 0, 4) != "GIF8", ["GIFs are not read."])
    with tf.control_dependencies([not_gif]):
        data = tf.identity(data)

    def decode_bmp():
        pixels = tf.io.decode_bmp(data)  # 1, 3 or 4 channels; asking for another number than the file's fails.
        return tf.gather(pixels, tf.minimum([0, 1, 2], tf.shape(pixels)[2] - 1), axis=2)

    def decode_jpeg():
        return make_upright(tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"), exif_orientation(data))

    def decode_other():
        return tf.cond(tf.io.is_jpeg(data), decode_jpeg, lambda: tf.io.decode_png(data, channels=3))

    return tf.ensure_shape(tf.cond(is_bmp, decode_bmp, decode_other), [None, None, 3])


def decode_example(photo, edge, size, fit, draws, sketch):
    """Decodes a photo and its sketch.

    Arguments:
      photo: the photo file's bytes, string scalar.
      edge: the edge file's bytes; empty if there is none: edges are then drawn from the photo.
      size: side of the result, in pixels.
      fit: "crop" or "resize", see the module.
      draws: float32 [3] in [0, 1]: where the window is, down and across, and whether the picture is mirrored (below 0.5).
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
    """The orientation of a JPEG, 1 to 8, int32; 1, upright, where it has none, and for other files.

    In EXIF the orientation is twelve bytes: its tag and type, a count of 1 and the value, in one byte order or the other.
    """

    def search():
        head = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 0, _EXIF_HEAD), tf.uint8), tf.int32)
        places = tf.maximum(tf.shape(head)[0] - 9, 0)
        entries = tf.gather(head, tf.range(places)[:, tf.newaxis] + tf.range(10))
        little_endian = tf.reduce_all(entries[:, :8] == [0x12, 1, 3, 0, 1, 0, 0, 0], axis=1)
        big_endian = tf.reduce_all(entries[:, :8] == [1, 0x12, 0, 3, 0, 0, 0, 1], axis=1)
        values = [tf.boolean_mask(entries[:, 8], little_endian), tf.boolean_mask(entries[:, 9], big_endian), [1]]
        orientation = tf.concat(values, axis=0)[0]
        return tf.where((orientation >= 1) & (orientation <= 8), orientation, 1)

    has_exif = tf.strings.regex_full_match(tf.strings.substr(data, 0, 64), r"\C*Exif\C*")
    return tf.cond(has_exif, search, lambda: tf.constant(1))


def make_upright(pixels, orientation):
    """Turns and mirrors pixels [height, width, channels] as an EXIF orientation says."""
    pixels = tf.cond(orientation > 4, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    upside_down = tf.reduce_any(orientation == [3, 4, 7, 8])
    mirrored = tf.reduce_any(orientation == [2, 3, 6, 7])
    return tf.reverse(pixels, tf.where([upside_down, mirrored])[:, 0])
