"""Nearest-neighbour resizing with aligned corners, as the authors' release samples features and masks.

The corners of input and output coincide, so output index i reads input index floor(i * s + 0.5) with s = (n - 1) / (m - 1).
That is not every second pixel when a side is halved: it drifts by one pixel over the picture. `tf.image.resize` has no such mode.
"""

import tensorflow as tf


def resize_nearest_aligned(images, height, width):
    """Resizes [batch, h, w, channels] to [batch, height, width, channels], any dtype; sizes are integers or int32 scalars."""
    rows = _aligned_indices(tf.shape(images)[1], height)
    columns = _aligned_indices(tf.shape(images)[2], width)
    return tf.gather(tf.gather(images, rows, axis=1), columns, axis=2)


def _aligned_indices(size, target_size):
    """The `target_size` indices into a side of `size`. All in float32: exact arithmetic differs at some sizes (216, for one)."""
    step = tf.cast(size - 1, tf.float32) / tf.cast(tf.maximum(target_size - 1, 1), tf.float32)
    return tf.cast(tf.floor(tf.range(target_size, dtype=tf.float32) * step + 0.5), tf.int32)
