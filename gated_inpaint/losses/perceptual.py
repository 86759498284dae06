"""Perceptual losses: how far pictures are apart in the maps of a feature network (see `features`)."""

import tensorflow as tf

_SMALLEST_SQUARE = 1e-10  # Of a length; far below what maps have.


def map_distance(maps, others, difference=tf.abs):
    """Mean absolute difference of maps, summed over the maps.

    Arguments:
      maps, others: {name: float32 [batch, rows, columns, channels]}, of the same names.
      difference: what is made of each difference: tf.abs, or tf.square.

    Returns:
      A float32 scalar.

    Reference: "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723, equation 3.
    """
    return tf.add_n([tf.reduce_mean(difference(features - others[name])) for name, features in maps.items()])


def style_distance(maps, others, difference=tf.abs):
    """Mean absolute difference of the maps' Gram matrices, summed over the maps; as `map_distance`.

    It tells how far apart pictures are in texture, wherever in the picture it is.

    Reference: the same, equations 4 and 5.
    """
    grams, other_grams = ({name: gram_matrices(features) for name, features in one.items()} for one in (maps, others))
    return map_distance(grams, other_grams, difference)


def gram_matrices(features):
    """How channels go together, [batch, channels, channels]: products of each two, summed over the positions of a map, [batch,
    rows, columns, channels], and divided by all its elements."""
    batch, rows, columns, channels = tf.unstack(tf.shape(features))
    vectors = tf.reshape(features, [batch, rows * columns, features.shape[-1]])
    return tf.matmul(vectors, vectors, transpose_a=True) / tf.cast(rows * columns * channels, features.dtype)


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
