"""Between pictures of a person and those of a network: gray and colour, with or without alpha, 8 or 16 bits, and RGB in [-1, 1].

Images are uint8 or uint16 [batch, height, width, channels]: gray, gray and alpha, RGB, or RGB and alpha.
"""

import numpy as np
import tensorflow as tf

from gated_inpaint.ops.levels import from_levels, to_levels

BAND_PIXELS = 2**20  # Of a photo, that `by_bands` takes at once.


def color_channels(image):
    """How many of an image's channels are no alpha: 1 or 3."""
    return 3 if image.shape[-1] > 2 else 1


def as_rgb(image):
    """The image as a network takes it, float32 [batch, height, width, 3] in [-1, 1]; gray is repeated."""
    channels = color_channels(image)
    return tf.repeat(from_levels(image[..., :channels]), 3 // channels, axis=-1)


def in_the_hole(output, image, mask):
    """The completed image of what a network made: opaque in the hole, and outside it the image, bit for bit.

    Arguments:
      output: RGB in [-1, 1] of the image's size.
      image: the image.
      mask: bool [batch, height, width, 1], true in the hole.
    """
    channels = color_channels(image)
    color, alpha = image[..., :channels], image[..., channels:]
    if channels == 1:
        output = tf.reduce_mean(output, axis=-1, keepdims=True)
    alpha = tf.where(mask, tf.constant(image.dtype.max, image.dtype), alpha)
    return tf.concat([tf.where(mask, to_levels(output, image.dtype), color), alpha], axis=-1)


def by_bands(function, *arrays):
    """What a function of tensors makes of arrays [batch, height, width, channels], band by band of their rows, as an array.

    So what it makes on its way is never in memory as a whole.
    """
    rows = max(BAND_PIXELS // arrays[0].shape[2], 1)
    batch, height, width = arrays[0].shape[:3]
    result = None
    for top in range(0, height, rows):
        made = function(*(tf.constant(array[:, top : top + rows]) for array in arrays)).numpy()
        if result is None:
            result = np.empty([batch, height, width, made.shape[3]], made.dtype)
        result[:, top : top + rows] = made
    return result


def finished(finish, images, completed, masks):
    """Completed arrays after the paper's own work on them, uint8 like the images; `finish` is a `Network.finish`.

    What it does outside the hole is not kept.
    """
    result = completed.copy()
    for image, picture, mask in zip(images, result, masks[..., 0]):
        channels = color_channels(picture)
        photo, made = (np.repeat(array[..., :channels], 3 // channels, axis=-1) for array in (image, picture))
        made = finish(photo, made, mask)
        if channels == 1:
            made = np.round(made.mean(axis=-1, keepdims=True)).astype(np.uint8)
        picture[mask, :channels] = made[mask]
    return result
