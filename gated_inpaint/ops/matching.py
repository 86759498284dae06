"""Which known position of a picture's features is most like another position's."""

import tensorflow as tf

_SMALLEST_SQUARE = 1e-12  # Of a vector's length: that of zeros is like nothing.


def best_known_matches(queries, candidates, mask):
    """For each position of the queries, the known position whose candidate has the largest cosine with it.

    Arguments:
      queries, candidates: float [batch, height, width, channels]. Cosines are float32 whatever they are.
      mask: [batch, height, width, 1], 1 in the hole: candidates there are not known.

    Returns:
      int32 [batch, height * width]: positions by row, the first of equals; 0 where none is known. No gradient goes through.
    """
    batch, height, width, channels = tf.unstack(tf.shape(queries))
    queries, candidates = (
        tf.math.l2_normalize(tf.reshape(tf.cast(features, tf.float32), [batch, height * width, channels]), -1, _SMALLEST_SQUARE)
        for features in (queries, candidates)
    )
    cosines = tf.matmul(queries, candidates, transpose_b=True)
    unknown = tf.reshape(tf.cast(mask, tf.float32), [batch, 1, height * width])
    return tf.argmax(cosines - 4.0 * unknown, axis=-1, output_type=tf.int32)
