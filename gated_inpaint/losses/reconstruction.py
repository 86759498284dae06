"""Reconstruction losses: how far pictures are from the photos that they should be.

Pictures are float32 [batch, height, width, 3] in [-1, 1]. All losses are float32 scalars.
"""

import numpy as np
import tensorflow as tf

from gated_inpaint.ops.means import masked_mean


def l1_loss(image, *outputs):
    """Mean absolute difference over all pixels and channels, summed over the outputs: the stages of a network, as a rule."""
    return tf.add_n([tf.reduce_mean(tf.abs(image - output)) for output in outputs])


def hole_l1_loss(image, mask, *outputs):
    """The same over the hole alone, so not the less the smaller it is: see `masked_mean`."""
    return tf.add_n([masked_mean(tf.abs(image - output), mask) for output in outputs])


def l1_loss_of_known(image, mask, *outputs):
    """Mean absolute difference over the pixels outside the hole, mean over the pictures, summed over the outputs.

    mask: float32 [batch, height, width, 1], 1 in the hole, which leaves something of every picture.
    """
    known = 1.0 - mask

    def of_output(output):
        return tf.reduce_mean(tf.abs(image - output) * known, axis=[1, 2, 3]) / tf.reduce_mean(known, axis=[1, 2, 3])

    return tf.add_n([tf.reduce_mean(of_output(output)) for output in outputs])


def hole_variation(pictures, mask):
    """Total variation in the hole grown by one pixel: absolute differences of neighbours there, over all elements of the pictures.

    mask: float32 [batch, height, width, 1], 1 in the hole.

    Reference: "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723, equation 6.
    """
    grown = tf.nn.max_pool2d(mask, 3, 1, "SAME")
    across = tf.abs(pictures[:, :, 1:] - pictures[:, :, :-1]) * grown[:, :, 1:] * grown[:, :, :-1]
    down = tf.abs(pictures[:, 1:] - pictures[:, :-1]) * grown[:, 1:] * grown[:, :-1]
    return (tf.reduce_sum(across) + tf.reduce_sum(down)) / tf.cast(tf.size(pictures), pictures.dtype)


def discounted_l1_loss(image, discounts, *outputs):
    """As `l1_loss`, each difference multiplied by its discount: [height, width, 1], as `spatial_discounts` makes them."""
    return tf.add_n([tf.reduce_mean(tf.abs(image - output) * discounts) for output in outputs])


def spatial_discounts(height, width, discount):
    """Discounts of a window around a hole: a power of `discount`, the distance to the nearest side.

    The farther a pixel is from what is known, the more ways there are to complete it. Distances begin with 0 in the first row and
    column and, as released, with 1 in the last ones.

    Returns a NumPy array, float32 [height, width, 1].

    Reference: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, section 3.2.
    """
    rows, columns = (np.minimum(np.arange(side), side - np.arange(side)) for side in (height, width))
    return (discount ** np.minimum(rows[:, np.newaxis], columns)).astype(np.float32)[..., np.newaxis]
