"""Contextual attention: rebuilds features inside the hole from patches of known features, wherever in the picture they are.

Features are [batch, height, width, channels] at 1/4 of the picture's scale, height and width even; the mask is
[batch, height, width, 1], 1 in the hole, one per picture. Foreground and background are the same features. Three steps:

  matching  At half the features' scale, every position has a 3x3 patch. The score of foreground position p against background
            position q is the product of their patches, the background's divided by its L2 norm.
  fusion    Neighbours should copy neighbours: scores are summed along the diagonal of [foreground, background], once with
            positions numbered by row and once by column. (A diagonal runs on from the end of a row to the next one, as released.)
  copying   softmax(10 * score) over the background weighs the 4x4 patches, stride 2, of the features themselves; they are
            pasted overlapping, and the sum is divided by 4. A background patch that touches the hole is invalid: its score is
            0 in the softmax and its weight 0 after it.

References: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, section 4; arXiv 1806.03589.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers.sampling import resize_nearest_aligned

SOFTMAX_SCALE = 10.0
SMALLEST_NORM = 1e-4


@keras.utils.register_keras_serializable(package="gated_inpaint")
class ContextualAttention(keras.layers.Layer):
    """Contextual attention over the picture's own features. It has no weights.

    Call with features [batch, height, width, channels] (float; height and width even, at least 2) and a mask
    [batch, height, width, 1] (1 in the hole). Scores and softmax are float32 under any precision policy.

    Returns:
      The rebuilt features, same shape and dtype, and the offsets, int32 [batch, height // 2, width // 2, 2]: from each
      matching position to its best match, (rows, columns).

    Example:
      >>> rebuilt, offsets = ContextualAttention()(tf.random.normal([2, 16, 24, 96]), tf.zeros([2, 16, 24, 1]))
      >>> rebuilt.shape, offsets.shape
      (TensorShape([2, 16, 24, 96]), TensorShape([2, 8, 12, 2]))
    """

    def call(self, features, mask):
        height, width = tf.unstack(tf.shape(features)[1:3] // 2)
        matching = tf.cast(resize_nearest_aligned(features, height, width), tf.float32)
        scores = _patch_scores(matching)
        scores = _sum_along_diagonal(scores)
        scores = _sum_along_diagonal(_by_column(scores, height, width))

        # From here to the pasting, positions are numbered by column.
        hole = resize_nearest_aligned(tf.cast(mask, tf.float32), height, width)
        touches_hole = tf.transpose(tf.nn.max_pool2d(hole, 3, 1, "SAME"), [0, 2, 1, 3])
        valid = 1.0 - tf.reshape(touches_hole, [-1, 1, height * width])
        weights = tf.nn.softmax(scores * (valid * SOFTMAX_SCALE)) * valid

        rebuilt = _paste(weights, features, height, width)
        rebuilt.set_shape(features.shape)
        return rebuilt, _offsets(weights, height, width)


def _patch_scores(features):
    """Products of all 3x3 patches of [batch, h, w, c] with all patches divided by their norm: [batch, h*w, h*w], foreground first.

    The product of two patches is the sum of the products of their three rows: one matrix of the latter, summed along its diagonal,
    costs a third of multiplying the patches. With a row of zeros at the end of the picture a step by one row of positions, forwards
    or backwards, finds zeros where it leaves the picture.
    """
    height, width = tf.unstack(tf.shape(features)[1:3])
    padded = _pad(features, before=(2,), after=(1, 2))
    rows = tf.concat([padded[:, :, x : x + width] for x in range(3)], axis=-1)
    rows = tf.reshape(rows, [-1, (height + 1) * width, rows.shape[-1]])
    products = tf.matmul(rows, rows, transpose_b=True)
    products = tf.add_n([_roll_diagonal(products, width), products, _roll_diagonal(products, -width)])
    products = products[:, : height * width, : height * width]

    squares = tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)
    squared_norm = tf.nn.avg_pool2d(_pad(squares, before=(1, 2), after=(1, 2)), 3, 1, "VALID") * 9.0
    # The square root of the larger, not the larger of the square roots: the gradient at zero stays finite.
    scale = tf.math.rsqrt(tf.maximum(squared_norm, SMALLEST_NORM**2))
    return products * tf.reshape(scale, [-1, 1, height * width])


def _sum_along_diagonal(scores):
    """S'[p, q] = S[p-1, q-1] + S[p, q] + S[p+1, q+1] for scores [batch, positions, positions], zero outside.

    The release convolves the matrix, as a picture of one channel, with a 3x3 identity. This is that convolution with eight
    columns at a time as channels, which processors like much better.
    """
    shape = tf.shape(scores)
    padded = tf.pad(scores, [[0, 0], [0, 0], [0, -shape[2] % COLUMNS]])
    columns = tf.reshape(padded, [-1, shape[1], tf.shape(padded)[2] // COLUMNS, COLUMNS])
    sums = tf.reshape(tf.nn.conv2d(columns, _IDENTITY, 1, "SAME"), tf.shape(padded))
    return sums[:, :, : shape[2]]


def _identity_over_columns():
    """The 3x3 identity as a kernel [3, 3, COLUMNS, COLUMNS]: one step down is one column to the right, maybe in the next block."""
    kernel = np.zeros([3, 3, COLUMNS, COLUMNS], np.float32)
    for row in range(3):
        for output in range(COLUMNS):
            block, column = divmod(COLUMNS + output + row - 1, COLUMNS)
            kernel[row, block, column, output] = 1
    return kernel


COLUMNS = 8
_IDENTITY = _identity_over_columns()


def _by_column(scores, height, width):
    """Renumbers foreground and background of [batch, height*width, height*width] from row by row to column by column."""
    grid = tf.transpose(tf.reshape(scores, [-1, height, width, height, width]), [0, 2, 1, 4, 3])
    return tf.reshape(grid, tf.shape(scores))


def _paste(weights, features, height, width):
    """Pastes 4x4 patches of the features, stride 2, weighed by [batch, foreground, background], and divides the sum by 4.

    A patch is 2x2 blocks of 2x2 pixels, the grid of blocks starting one pixel outside the picture. Where neighbours copy
    neighbours they paste onto a common block: adding up their weights first, along the diagonals, leaves a quarter of the
    multiplications.
    """
    grid = _pad(tf.reshape(weights, [-1, width, height, width, height]), after=(1, 2, 3, 4))
    positions = (width + 1) * (height + 1)
    weights = tf.reshape(grid, [-1, positions, positions])
    for step in (1, height + 1):
        weights += _roll_diagonal(weights, step)

    blocks = tf.transpose(tf.nn.space_to_depth(_pad(features, before=(1, 2), after=(1, 2)), 2), [0, 2, 1, 3])
    pasted = tf.matmul(tf.cast(weights, blocks.dtype), tf.reshape(blocks, [-1, positions, blocks.shape[-1]]))
    pasted = tf.transpose(tf.reshape(pasted, tf.shape(blocks)), [0, 2, 1, 3])
    return tf.nn.depth_to_space(pasted, 2)[:, 1:-1, 1:-1] / 4.0


def _roll_diagonal(matrices, step):
    """Moves [batch, rows, columns] down and to the right by `step`; what leaves at one end comes in at the other."""
    return tf.roll(matrices, [step, step], axis=[1, 2])


def _pad(tensor, before=(), after=()):
    """Pads with one zero in front of each axis in `before` and behind each axis in `after`."""
    return tf.pad(tensor, [[int(axis in before), int(axis in after)] for axis in range(tensor.shape.rank)])


def _offsets(weights, height, width):
    """From each foreground position to its heaviest background position, of weights whose positions are numbered by column."""
    best = tf.argmax(weights, axis=-1, output_type=tf.int32)
    best = tf.transpose(tf.reshape(best, [-1, width, height]), [0, 2, 1])
    rows = best % height - tf.range(height)[:, tf.newaxis]
    columns = best // height - tf.range(width)
    return tf.stack([rows, columns], axis=-1)
