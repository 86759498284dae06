"""Adversarial losses: of a discriminator, and of the generator that it trains.

Scores are the discriminator's outputs, tensors of any shape, each element a score of its own: high for what it takes to be real.
All results are float32 scalars, means over every element.
"""

import tensorflow as tf


def hinge_discriminator_loss(real_scores, completed_scores):
    """Asks the scores of real pictures to be above 1 and those of completed ones below -1.

    Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.3.
    """
    return 0.5 * tf.reduce_mean(tf.nn.relu(1.0 - real_scores)) + 0.5 * tf.reduce_mean(tf.nn.relu(1.0 + completed_scores))


def hinge_generator_loss(completed_scores):
    """Asks the scores of completed pictures to be high."""
    return -tf.reduce_mean(completed_scores)
