"""From the bytes of a picture file to levels, in TensorFlow operations, with a sentence for whatever is wrong with the file.

PNG and JPEG are read: gray or colour (palettes included), with or without alpha or a colour that stands for transparent, a PNG
of 16 bits a channel, too. They come upright (the EXIF orientation is applied). Levels are uint16 whatever the file's depth: 8
bits are spread over the range, times 257, which loses nothing.

A check that fails ends the run with INVALID_ARGUMENT and a sentence. The sentences hold no quotes, apostrophes or brackets:
TensorFlow Serving's REST interface escapes the former as C does, which is not always JSON, and TensorFlow puts the latter around
them.
"""

from typing import NamedTuple

import tensorflow as tf

from gated_inpaint.data.decoding import exif_orientation, make_upright
from gated_inpaint.files import hole_rule

PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
JPEG_END = b"\xff\xd9"


class Picture(NamedTuple):
    """A picture as decoded."""

    levels: tf.Tensor  # uint16 [height, width, channels], 0 to 65535.
    is_deep: tf.Tensor  # bool scalar: the file has 16 bits a channel.


def decode_picture(data, name, max_megapixels):
    """Decodes a file.

    Arguments:
      data: the file's bytes, string scalar.
      name: what to call it in sentences: "image", or a string scalar.
      max_megapixels: larger pictures are refused, before they are decoded.

    Returns a `Picture`. What is damaged in the middle, and not merely cut short, fails in TensorFlow's words.
    """
    is_jpeg = tf.io.is_jpeg(data)
    is_png = tf.strings.substr(data, 0, len(PNG_START)) == PNG_START
    data = checked(data, is_jpeg | is_png, "The {} is not a PNG or JPEG file.", name)
    has_end = tf.size(tf.strings.split(data, tf.where(is_jpeg, JPEG_END, PNG_END), maxsplit=1)) > 1
    data = checked(data, has_end, "The {} is damaged or cut short: its end is missing.", name)
    size = tf.cond(is_jpeg, lambda: tf.io.extract_jpeg_shape(data)[:2], lambda: _png_size(data))
    data = check_size(data, name, size[0], size[1], max_megapixels)

    def decode_jpeg():
        return to_deep(tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE")), False

    def decode_png():
        return _with_transparent_color(tf.io.decode_png(data, dtype=tf.uint16), data), tf.strings.substr(data, 24, 1) == b"\x10"

    levels, is_deep = tf.cond(is_jpeg, decode_jpeg, decode_png)
    return Picture(make_upright(levels, exif_orientation(data)), is_deep)


def to_deep(pixels):
    """uint8 spread over the range of uint16."""
    return tf.cast(pixels, tf.uint16) * 257


def from_deep(levels):
    """uint16 to uint8, rounded; the inverse of `to_deep`."""
    return tf.cast(tf.round(tf.cast(levels, tf.float32) / 257.0), tf.uint8)


def hole_of(levels, name):
    """What of a mask is the hole, by the rule of `files.hole_rule`: bool [height, width, 1].

    The run fails if it is no mask.
    """
    hole, meaning = hole_rule.find_hole(levels, tf.uint16.max)
    sentence = "The {} is no mask: it is neither paint on a background nor a picture with a transparent part."
    return checked(hole, meaning != hole_rule.NO_MASK, sentence, name)[..., tf.newaxis]


def lines_of(levels):
    """Where a sketch is brighter than half of white, and not transparent; bool [height, width, 1]."""
    levels = tf.cast(levels, tf.float32) / tf.uint16.max
    color_channels = tf.where(tf.shape(levels)[-1] > 2, 3, 1)
    is_bright = tf.reduce_mean(levels[..., :color_channels], axis=-1, keepdims=True) > 0.5
    return is_bright & tf.reduce_all(levels[..., color_channels:] > 0.5, axis=-1, keepdims=True)


def check_size(tensor, name, height, width, max_megapixels):
    """Returns `tensor`, or fails if height times width is more than `max_megapixels` million."""
    fits = tf.cast(height, tf.float64) * tf.cast(width, tf.float64) <= max_megapixels * 1e6
    sentence = f"The {{}} has {{}}x{{}} pixels, more than this server takes: {max_megapixels:g} megapixels."
    return checked(tensor, fits, sentence, name, width, height)


def checked(tensor, condition, sentence, *values):
    """Returns `tensor` if the condition (bool scalar) holds; else the run fails with the sentence.

    Values, strings and integer scalars, are put in place of each {} of the sentence.
    """
    texts = [value if getattr(value, "dtype", tf.string) == tf.string else tf.strings.as_string(value) for value in values]
    pieces = [piece for pair in zip(sentence.split("{}"), [*texts, ""]) for piece in pair]
    with tf.control_dependencies([tf.debugging.Assert(condition, [tf.strings.join(pieces)], summarize=1)]):
        return tf.identity(tensor)


def _with_transparent_color(levels, data):
    """With alpha, where the PNG, gray or RGB, names a level or colour that stands for transparent.

    Numbers of 2 bytes say so, in the file's own depth; a chunk of that length is of no other kind of PNG.
    """
    channels = tf.shape(levels)[-1]
    head = tf.strings.split(data, b"IDAT", maxsplit=1)[0]
    pieces = tf.strings.split(head, b"tRNS", maxsplit=1)

    def with_alpha():
        color = tf.cast(_big_endian(tf.strings.substr(pieces[1], 0, 2 * channels), 2), tf.int32)
        depth = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 24, 1), tf.uint8)[0], tf.int32)
        color *= 65535 // (tf.bitwise.left_shift(1, depth) - 1)  # As decoded: spread over 16 bits.
        is_opaque = tf.reduce_any(tf.cast(levels, tf.int32) != color, axis=-1, keepdims=True)
        return tf.concat([levels, tf.where(is_opaque, tf.constant(tf.uint16.max, tf.uint16), tf.constant(0, tf.uint16))], axis=-1)

    color_type = tf.strings.substr(data, 25, 1)
    has_color = (tf.size(pieces) > 1) & tf.reduce_any(color_type == [b"\0", b"\2"]) & tf.reduce_any(channels == [1, 3])
    return tf.cond(has_color, with_alpha, lambda: levels)


def _big_endian(data, width):
    """Unsigned integers of so many bytes each."""
    digits = tf.cast(tf.reshape(tf.io.decode_raw(data, tf.uint8), [-1, width]), tf.int64)
    return tf.reduce_sum(digits * 256 ** tf.range(width - 1, -1, -1, dtype=tf.int64), axis=1)


def _png_size(data):
    """Height and width, from the header chunk, which stands at a fixed place."""
    return tf.reverse(tf.io.decode_raw(tf.strings.substr(data, 16, 8), tf.int32, little_endian=False), axis=[0])
