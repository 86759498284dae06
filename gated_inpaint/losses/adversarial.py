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


def wasserstein_critic_loss(real_scores, completed_scores):
    """Asks the scores of real pictures to be above those of completed ones, by as much as `gradient_penalty` allows.

    Reference: "Wasserstein GAN", arXiv 1701.07875.
    """
    return tf.reduce_mean(completed_scores) - tf.reduce_mean(real_scores)


def wasserstein_generator_loss(completed_scores):
    """Asks the scores of completed pictures to be high."""
    return -tf.reduce_mean(completed_scores)


def gradient_penalty(critic, real, completed, mix, mask):
    """Asks a critic's gradient, between real and completed pictures, to have the norm 1.

    Only what lies in the hole counts for the norm, since the pictures are equal outside it.

    Arguments:
      critic: function of pictures to their scores, [batch, 1], each of its own picture alone.
      real, completed: float32 [batch, height, width, 3].
      mix: float32 [batch], in [0, 1]: how far from the real picture to the completed one.
      mask: float32 [batch, height, width, 1], 1 in the hole.

    References: "Improved Training of Wasserstein GANs", arXiv 1704.00028, section 4; arXiv 1801.07892, section 3.2.
    """
    between = real + mix[:, tf.newaxis, tf.newaxis, tf.newaxis] * (completed - real)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = critic(between)
    squares = tf.square(tape.gradient(scores, between)) * mask
    return tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(squares, axis=[1, 2, 3])) - 1.0))
