"""Reconstruction losses: how far pictures are from the photos that they should be.

Pictures are float32 [batch, height, width, 3] in [-1, 1]. All results are float32 scalars.
"""

import tensorflow as tf

from gated_inpaint.ops.means import masked_mean


def l1_loss(image, *outputs):
    """Mean absolute difference over all pixels and channels, summed over the outputs: the stages of a network, as a rule."""
    return tf.add_n([tf.reduce_mean(tf.abs(image - output)) for output in outputs])


def hole_l1_loss(image, mask, *outputs):
    """The same over the hole alone, so not the less the smaller it is: see `masked_mean`."""
    return tf.add_n([masked_mean(tf.abs(image - output), mask) for output in outputs])
