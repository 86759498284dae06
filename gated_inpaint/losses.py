"""The losses of training.

Pictures are float32 [batch, height, width, 3] in [-1, 1]. The discriminator's outputs are feature maps of any shape, every element
a judgement of its own. All results are float32 scalars, means over every element.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.3; version 2.0.0 of the authors' code.
"""

import tensorflow as tf


def reconstruction_loss(image, coarse, refined):
    """L1 of both stages' pictures, as they come from the network: over all pixels, not the hole alone."""
    return tf.reduce_mean(tf.abs(image - coarse)) + tf.reduce_mean(tf.abs(image - refined))


def discriminator_hinge_loss(real, fake):
    """Asks the judgements of real pictures to be above 1 and those of completed ones below -1."""
    return 0.5 * tf.reduce_mean(tf.nn.relu(1.0 - real)) + 0.5 * tf.reduce_mean(tf.nn.relu(1.0 + fake))


def generator_hinge_loss(fake):
    """Asks the judgements of completed pictures to be high."""
    return -tf.reduce_mean(fake)
