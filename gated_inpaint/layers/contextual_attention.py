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

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.ops.windows import crop, paste

SOFTMAX_SCALE = 10.0
SMALLEST_NORM = 1e-4
TILE_BYTES = 2**29  # About what one tile's matrix of scores may take; some such matrices exist at once.


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
        background = self.background(features, mask)
        height, width = background.size
        scores = _products_of_patches(background.matching) * background.inverse_norms
        scores = _sum_along_diagonal(scores)
        scores = _sum_along_diagonal(_by_column(scores, height, width, height, width))
        blocks, offsets = _copy(scores, background, (0, height), (0, width))
        rebuilt = tf.nn.depth_to_space(blocks, 2)[:, 1:-1, 1:-1]
        rebuilt.set_shape(features.shape)
        return rebuilt, offsets

    def compute_output_shape(self, features_shape, mask_shape):
        batch, height, width, _ = features_shape
        return tuple(features_shape), (batch, height and height // 2, width and width // 2, 2)

    def compute_output_spec(self, features, mask):  # Of Keras 3, which cannot know that offsets are integers.
        rebuilt, offsets = self.compute_output_shape(features.shape, mask.shape)
        return keras.KerasTensor(rebuilt, self.compute_dtype), keras.KerasTensor(offsets, "int32")

    def background(self, features, mask):
        """What `in_window` needs of the features and the mask, which are those of a call. All windows of a picture share it."""
        height, width = tf.unstack(tf.shape(features)[1:3] // 2)
        matching = tf.cast(resize_nearest_aligned(features, height, width), tf.float32)
        hole = resize_nearest_aligned(tf.cast(mask, tf.float32), height, width)
        touches_hole = tf.transpose(tf.nn.max_pool2d(hole, 3, 1, "SAME"), [0, 2, 1, 3])
        return Background(
            size=(height, width),
            matching=matching,
            inverse_norms=tf.reshape(_inverse_norms(matching), [-1, 1, height * width]),
            valid=1.0 - tf.reshape(touches_hole, [-1, 1, height * width]),
            blocks=tf.transpose(tf.nn.space_to_depth(_pad(features, before=(1, 2), after=(1, 2)), 2), [0, 2, 1, 3]),
        )

    def in_window(self, background, window, tile_bytes=TILE_BYTES):
        """A window of the rebuilt features, computed without the rest of them.

        The foreground is taken in tiles, each against the whole background, so that memory is linear in the picture's area. For
        inference: training takes `call`.

        Arguments:
          background: from `self.background`.
          window: int32 [2, 2], first row and column, then end row and column (exclusive), in pixels of the features.
          tile_bytes: about what the scores of one tile may take; a tile is 4x4 positions at least.

        Returns:
          The rebuilt features, [batch, height, width, channels] of the window, and the offsets, int32 [batch, rows, columns, 2], of
          positions from (window[0] + 1) // 2 to window[1] // 2, the last included where the picture has it.
        """
        begin, end = tf.unstack(window)
        size = tf.stack(background.size)
        # Position i pastes the blocks i and i + 1; block i is the pixels 2 * i - 1 and 2 * i.
        first, end = (begin + 1) // 2, end // 2 + 1
        side = tf.sqrt(tile_bytes / 4 / tf.cast(tf.reduce_prod(size), tf.float32))
        side = tf.maximum(tf.cast(side, tf.int32) - 3, 4)  # One position before the tile's blocks, and a neighbour on each side.
        tiles = -(-(end - first) // side)
        side = -(-(end - first) // tiles)

        def add_tile(index, blocks, offsets):
            tile_first = first + side * tf.stack([index // tiles[1], index % tiles[1]])
            tile_end = tf.minimum(tile_first + side, end)
            positions = tf.stack([tf.maximum(tile_first - 1, 0), tf.minimum(tile_end, size)])
            rows, columns = (tf.unstack(edges) for edges in tf.unstack(positions, axis=1))
            tile_blocks, tile_offsets = _copy(_fused_scores(patches, background, rows, columns), background, rows, columns)
            wanted = tf.stack([tile_first, tile_end]) - positions[0]
            blocks = paste(blocks, tile_first - first, crop(tile_blocks, wanted))
            wanted = tf.minimum(wanted, positions[1] - positions[0])
            return index + 1, blocks, paste(offsets, tile_first - first, crop(tile_offsets, wanted))

        patches = _patches(background)
        batch = tf.shape(patches)[:1]
        blocks = tf.zeros(tf.concat([batch, end - first, background.blocks.shape[-1:]], axis=0), background.blocks.dtype)
        offsets = tf.zeros(tf.concat([batch, tf.minimum(end, size) - first, [2]], axis=0), tf.int32)
        _, blocks, offsets = tf.while_loop(
            lambda index, *_: index < tf.reduce_prod(tiles),
            add_tile,
            (0, tf.ensure_shape(blocks, [None] * 3 + [background.blocks.shape[-1]]), tf.ensure_shape(offsets, [None] * 3 + [2])),
            parallel_iterations=1,
        )
        return crop(tf.nn.depth_to_space(blocks, 2), window - (2 * first - 1)), offsets


class Background(NamedTuple):
    """What the attention reads of one batch of features; positions are matching positions, h x w of them."""

    size: tuple  # (h, w), int32 scalars.
    matching: tf.Tensor  # float32 [batch, h, w, channels]: the features at the matching scale.
    inverse_norms: tf.Tensor  # float32 [batch, 1, h * w]: of every position's patch, by row.
    valid: tf.Tensor  # float32 [batch, 1, h * w]: 1 where the patch lies outside the hole, by column.
    blocks: tf.Tensor  # [batch, w + 1, h + 1, 4 * channels]: the features in blocks of 2x2, the first one pixel outside.


def _products_of_patches(features):
    """Products of all 3x3 patches of [batch, h, w, c] with all of them, by row: [batch, h * w, h * w].

    The product of two patches is the sum of the products of their three rows: one matrix of the latter, summed along its diagonal,
    costs a third of multiplying the patches. With a row of zeros at the end of the picture a step by one row of positions, forwards
    or backwards, finds zeros where it leaves the picture.
    """
    height, width = tf.unstack(tf.shape(features)[1:3])
    padded = _pad(features, before=(2,), after=(1, 2))
    rows = tf.concat([padded[:, :, x : x + width] for x in range(3)], axis=-1)
    rows = tf.reshape(rows, [-1, (height + 1) * width, rows.shape[-1]])
    products = tf.matmul(rows, rows, transpose_b=True)
    products = tf.add_n([_roll_diagonal(products, width, width), products, _roll_diagonal(products, -width, -width)])
    return products[:, : height * width, : height * width]


def _inverse_norms(features):
    """1 / max(L2 norm, 1e-4) of every 3x3 patch of [batch, h, w, c]: [batch, h, w, 1]."""
    squares = tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)
    squared_norms = tf.nn.avg_pool2d(_pad(squares, before=(1, 2), after=(1, 2)), 3, 1, "VALID") * 9.0
    # The square root of the larger, not the larger of the square roots: the gradient at zero stays finite.
    return tf.math.rsqrt(tf.maximum(squared_norms, SMALLEST_NORM**2))


def _patches(background):
    """The 3x3 patch of every position, divided by its norm, by row: [batch, h * w, 9 * channels]."""
    height, width = background.size
    padded = _pad(background.matching, before=(1, 2), after=(1, 2))
    patches = tf.concat([padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=-1)
    return tf.reshape(patches, [-1, height * width, patches.shape[-1]]) * tf.transpose(background.inverse_norms, [0, 2, 1])


def _fused_scores(patches, background, rows, columns):
    """Scores of the foreground positions in a window against all positions, both by column, after fusion.

    `rows` and `columns` are (first, end), ends exclusive. Fusion needs the neighbours of the window's positions: in a row those
    to the left and right, which are in another row where the picture ends; in a column those above and below, likewise. With one
    more row and column on each side, numbered as the diagonals run, the window's neighbours are its neighbours here, too.
    """
    height, width = background.size
    y = tf.range(rows[0] - 1, rows[1] + 1)[:, tf.newaxis]
    x = tf.range(columns[0] - 1, columns[1] + 1)
    extended_height, extended_width = tf.size(y), tf.size(x)
    # Above the first row comes the last row, one column to the left; below the last row the first row, one column to the right.
    other_column = tf.cast(y >= height, tf.int32) - tf.cast(y < 0, tf.int32)
    positions = tf.reshape(y % height * width + x + other_column, [-1])
    exists = (positions >= 0) & (positions < height * width)
    positions = tf.where(exists, positions, 0)
    norms = tf.where(exists, 1.0 / tf.gather(background.inverse_norms[:, 0], positions, axis=1), 0.0)
    foreground = tf.gather(patches, positions, axis=1) * norms[..., tf.newaxis]
    scores = _sum_along_diagonal(tf.matmul(foreground, patches, transpose_b=True))

    # The first position of all has none above it, and the last none below. (Corners of the extended window are never read.)
    no_neighbour = [
        tf.where((rows[0] == 0) & (columns[0] == 0), 1, 0),
        tf.size(positions) - tf.where((rows[1] == height) & (columns[1] == width), 2, 1),
    ]
    scores = _clear(scores, tf.stack(no_neighbour))
    scores = _sum_along_diagonal(_by_column(scores, extended_height, extended_width, height, width))
    scores = tf.reshape(scores, [-1, extended_width, extended_height, height * width])[:, 1:-1, 1:-1]
    return tf.reshape(scores, [-1, (extended_width - 2) * (extended_height - 2), height * width])


def _clear(matrices, rows):
    """Sets rows of [batch, rows, columns] to zero."""
    batch, _, columns = tf.unstack(tf.shape(matrices))
    indices = tf.stack(tf.meshgrid(tf.range(batch), rows, indexing="ij"), axis=-1)
    return tf.tensor_scatter_nd_update(matrices, indices, tf.zeros([batch, tf.size(rows), columns]))


def _sum_along_diagonal(scores):
    """S'[p, q] = S[p-1, q-1] + S[p, q] + S[p+1, q+1] for scores [batch, foreground, background], zero outside.

    The release convolves the matrix, as a picture of one channel, with a 3x3 identity. This is that convolution with eight
    columns at a time as channels, which processors like much better.
    """
    shape = tf.shape(scores)
    rest = (shape[2] + COLUMNS - 1) // COLUMNS * COLUMNS - shape[2]  # Not -shape[2] % COLUMNS: ONNX's remainders differ.
    padded = tf.pad(scores, [[0, 0], [0, 0], [0, rest]])
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


def _by_column(scores, foreground_height, foreground_width, height, width):
    """Renumbers foreground and background of [batch, foreground, background] from row by row to column by column."""
    grid = tf.reshape(scores, [-1, foreground_height, foreground_width, height, width])
    return tf.reshape(tf.transpose(grid, [0, 2, 1, 4, 3]), tf.shape(scores))


def _copy(scores, background, rows, columns):
    """From fused scores of a window of positions, by column, to what they paste and where from.

    Returns blocks [batch, window's rows + 1, columns + 1, 4 * channels], the first and last of which other positions may add to,
    and offsets int32 [batch, rows, columns, 2].
    """
    weights = tf.nn.softmax(scores * (background.valid * SOFTMAX_SCALE)) * background.valid
    return _paste(weights, background, rows, columns), _offsets(weights, background, rows, columns)


def _paste(weights, background, rows, columns):
    """Pastes 4x4 patches of the features, stride 2, weighed by [batch, foreground, background], and divides the sum by 4.

    A patch is 2x2 blocks of 2x2 pixels, the grid of blocks starting one pixel outside the picture. Where neighbours copy
    neighbours they paste onto a common block: adding up their weights first, along the diagonals, leaves a quarter of the
    multiplications.
    """
    height, width = background.size
    blocks_high, blocks_wide = rows[1] - rows[0] + 1, columns[1] - columns[0] + 1
    grid = _pad(tf.reshape(weights, [-1, blocks_wide - 1, blocks_high - 1, width, height]), after=(1, 2, 3, 4))
    weights = tf.reshape(grid, [-1, blocks_wide * blocks_high, (width + 1) * (height + 1)])
    for foreground_step, background_step in ((1, 1), (blocks_high, height + 1)):
        weights += _roll_diagonal(weights, foreground_step, background_step)

    channels = background.blocks.shape[-1]
    blocks = tf.reshape(background.blocks, [-1, (width + 1) * (height + 1), channels])
    pasted = tf.matmul(tf.cast(weights, blocks.dtype), blocks) / 4.0
    return tf.transpose(tf.reshape(pasted, [-1, blocks_wide, blocks_high, channels]), [0, 2, 1, 3])


def _roll_diagonal(matrices, down, right):
    """Moves [batch, rows, columns] down and to the right; what leaves at one end comes in at the other."""
    return tf.roll(matrices, [down, right], axis=[1, 2])


def _offsets(weights, background, rows, columns):
    """From each foreground position to its heaviest background position, of weights whose positions are numbered by column."""
    height, _ = background.size
    best = tf.argmax(weights, axis=-1, output_type=tf.int32)
    best = tf.transpose(tf.reshape(best, [-1, columns[1] - columns[0], rows[1] - rows[0]]), [0, 2, 1])
    return tf.stack([best % height - tf.range(*rows)[:, tf.newaxis], best // height - tf.range(*columns)], axis=-1)


def _pad(tensor, before=(), after=()):
    """Pads with one zero in front of each axis in `before` and behind each axis in `after`."""
    return tf.pad(tensor, [[int(axis in before), int(axis in after)] for axis in range(tensor.shape.rank)])
