"""Reconstruction losses: how far pictures are from the photos that they should be.

Pictures are float32 [batch, height, width, 3] in [-1, 1]. All losses are float32 scalars.
"""

import numpy as np
import tensorflow as tf


def l1_loss(image, *outputs):
    """Mean absolute difference over all pixels and channels, summed over the outputs: the stages of a network, as a rule."""
    return tf.add_n([tf.reduce_mean(tf.abs(image - output)) for output in outputs])


def l1_loss_of_known(image, mask, *outputs):
    """Mean absolute difference over the pixels outside the hole, mean over the pictures, summed over the outputs.

    mask: float32 [batch, height, width, 1], 1 in the hole, which leaves something of every picture.
    """
    known = 1.0 - mask

    def of_output(output):
        return tf.reduce_mean(tf.abs(image - output) * known, axis=[1, 2, 3]) / tf.reduce_mean(known, axis=[1, 2, 3])

    return tf.add_n([tf.reduce_mean(of_output(output)) for output in outputs])


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
