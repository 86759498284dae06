"""Which known position of a picture's features is most like another feature, and how far away it is."""

import tensorflow as tf

_SMALLEST_SQUARE = 1e-12  # Of a vector's length: that of zeros is like nothing.


def best_known_matches(queries, candidates, mask):
    """For each query, the known position whose candidate has the largest cosine with it.

    Arguments:
      queries: float [batch, queries, channels]. Cosines are float32 whatever they are.
      candidates: float [batch, height, width, channels].
      mask: [batch, height, width, 1], 1 in the hole: candidates there are not known.

    Returns:
      int32 [batch, queries]: positions by row, the first of equals; 0 where none is known. No gradient goes through.
    """
    batch, height, width, channels = tf.unstack(tf.shape(candidates))
    queries, candidates = (
        tf.math.l2_normalize(tf.cast(features, tf.float32), -1, _SMALLEST_SQUARE)
        for features in (queries, tf.reshape(candidates, [batch, height * width, channels]))
    )
    cosines = tf.matmul(queries, candidates, transpose_b=True)
    unknown = tf.reshape(tf.cast(mask, tf.float32), [batch, 1, height * width])
    return tf.argmax(cosines - 4.0 * unknown, axis=-1, output_type=tf.int32)


def offsets_to(matches, height, width):
    """How far each position's match is from it, (rows, columns): int32 [batch, height, width, 2].

    matches: int32 [batch, height * width], positions by row.
    """
    matches = tf.reshape(matches, [-1, height, width])
    places = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), axis=-1)
    return tf.stack([matches // width, matches % width], axis=-1) - places
