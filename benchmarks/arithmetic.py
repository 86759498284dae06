"""What the benchmarks compare against: the operations of the networks as written, and the speed of a large matrix product."""

import time

import tensorflow as tf

from gated_inpaint.models.deepfill_v2.discriminator import CONVOLUTIONS, RELEASED_WIDTH
from gated_inpaint.models.deepfill_v2.tables import AFTER_ATTENTION, BEFORE_ATTENTION, COARSE, DECODER, HALLUCINATION
from gated_inpaint.models.rows import LastConv

MATRIX_SIDE = 3072


def dense_flops(size, width):
    """Floating-point operations (2 per multiply-add) of the network as written, for one size x size picture.

    Attention counts as two dense products: 3x3 patches against 3x3 patches, weights times 4x4 patches.
    """
    total = 0
    tables = ((COARSE, 5), (HALLUCINATION, 3), (BEFORE_ATTENTION, 3), (AFTER_ATTENTION, 2 * width), (DECODER, 4 * width))
    for table, channels in tables:
        side = size // 4 if table in (AFTER_ATTENTION, DECODER) else size
        for row in table:
            if isinstance(row, LastConv):
                filters = outputs = 3
            else:
                side = side * 2 if row.upsample else side // row.stride
                filters, outputs = int(row.channels * width), int(row.channels * width) // 2
            total += 2 * side**2 * row.kernel**2 * channels * filters
            channels = outputs
    positions = (size // 8) ** 2
    return total + 2 * positions**2 * (9 + 16) * 2 * width


def seconds(function, *arguments):
    start = time.perf_counter()
    tf.nest.flatten(function(*arguments))[0].numpy()
    return time.perf_counter() - start


def discriminator_flops(size):
    """Operations of one forward pass for one size x size picture, at the released width."""
    total, channels = 0, 4
    for _, multiple in CONVOLUTIONS:
        size = -(-size // 2)
        filters = multiple * RELEASED_WIDTH
        total += 2 * size**2 * 25 * channels * filters
        channels = filters
    return total


def matrix_product():
    """A function that multiplies two large float32 matrices; its attribute `flops` says how many operations that is."""
    matrix = tf.random.normal([MATRIX_SIDE, MATRIX_SIDE])
    multiply = tf.function(lambda a: tf.matmul(a, a)[0, 0])

    def product():
        return multiply(matrix)

    product.flops = 2 * MATRIX_SIDE**3
    return product
