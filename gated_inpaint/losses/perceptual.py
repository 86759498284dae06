"""Perceptual losses: how far pictures are apart in the maps of a feature network (see `features`)."""

import tensorflow as tf

_SMALLEST_SQUARE = 1e-10  # Of a length; far below what maps have.


def feature_distance(maps, others):
    """Squared distance of the maps' channel vectors, each divided by its length: mean over positions, then over maps.

    From 0, where they are equal, to 4. It is the distance of LPIPS without weights for the channels.

    Arguments:
      maps, others: {name: float32 [batch, rows, columns, channels]}, of the same names.

    Returns:
      float32 [batch].

    Reference: "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", arXiv 1801.03924, equation 1.
    """
    distances = []
    for name, features in maps.items():
        difference = tf.subtract(
            *(tf.math.l2_normalize(one, axis=-1, epsilon=_SMALLEST_SQUARE) for one in (features, others[name]))
        )
        distances.append(tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1), axis=[1, 2]))
    return tf.add_n(distances) / len(distances)
