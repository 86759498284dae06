"""Means over a part of a picture."""

import tensorflow as tf


def masked_mean(values, mask):
    """The mean of `values` where the mask is 1: of each picture, and then of all.

    So every picture counts as much whatever its hole's size; one whose mask is 0 everywhere counts as 0.

    Arguments:
      values: float32 [batch, rows, columns, channels].
      mask: float32 [batch, rows, columns, 1], 0 or 1.

    Returns:
      A float32 scalar.
    """
    sums = tf.reduce_sum(tf.reduce_mean(values, axis=-1, keepdims=True) * mask, axis=[1, 2, 3])
    return tf.reduce_mean(tf.math.divide_no_nan(sums, tf.reduce_sum(mask, axis=[1, 2, 3])))
