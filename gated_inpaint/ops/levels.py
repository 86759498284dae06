"""Levels of pixels, as files have them, from and to the pictures of networks in [-1, 1]."""

import tensorflow as tf


def to_levels(pictures, dtype=tf.uint8):
    """Pictures in [-1, 1], float, to levels of an integer type, rounded; what lies outside is clipped."""
    dtype = tf.as_dtype(dtype)
    return tf.cast(tf.clip_by_value(tf.round((pictures + 1.0) * (dtype.max / 2)), 0, dtype.max), dtype)


def from_levels(levels):
    """Levels of an integer type to float32 in [-1, 1]."""
    return tf.cast(levels, tf.float32) / (levels.dtype.max / 2) - 1.0
