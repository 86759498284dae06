"""Adversarial losses: of a discriminator, and of the generator that it trains.

Scores are the discriminator's outputs, float32 [batch, rows, columns, channels], each element a score of its own: high for what it
takes to be real. All results are float32 scalars: means over every element, or, with a mask [batch, rows, columns, 1], over those
where it is 1, as `ops.means.masked_mean` takes them.
"""

import tensorflow as tf

from gated_inpaint.ops.means import masked_mean


def hinge_discriminator_loss(real_scores, completed_scores, mask=None):
    """Asks the scores of real pictures to be above 1 and those of completed ones below -1.

    Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.3.
    """
    return 0.5 * _mean(tf.nn.relu(1.0 - real_scores), mask) + 0.5 * _mean(tf.nn.relu(1.0 + completed_scores), mask)


def hinge_generator_loss(completed_scores, mask=None):
    """Asks the scores of completed pictures to be high."""
    return -_mean(completed_scores, mask)


def _mean(values, mask):
    return tf.reduce_mean(values) if mask is None else masked_mean(values, mask)
