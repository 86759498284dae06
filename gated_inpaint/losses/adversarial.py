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


def binary_cross_entropy(scores, target):
    """Asks a discriminator's probabilities, the sigmoids of its scores, to be `target`: 1 for real pictures, 0 for completed ones.

    Arguments:
      scores: unbounded; the sigmoid is taken here, so that the logarithm of a small probability stays exact.
      target: a number.

    Reference: "Generative Adversarial Networks", arXiv 1406.2661, equation 1.
    """
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(scores), float(target)), scores))


def wasserstein_critic_loss(real_scores, completed_scores):
    """Asks the scores of real pictures to be above those of completed ones, by as much as `gradient_penalty` allows.

    Reference: "Wasserstein GAN", arXiv 1701.07875.
    """
    return tf.reduce_mean(completed_scores) - tf.reduce_mean(real_scores)


def wasserstein_generator_loss(completed_scores):
    """Asks the scores of completed pictures to be high."""
    return -tf.reduce_mean(completed_scores)


def relativistic_discriminator_loss(real_scores, completed_scores):
    """Asks each score of a real picture to be 1 above the completed one's mean, and each of that 1 below the real one's mean.

    Least squares, halved. The means are those of each picture alone, so that a batch of several is the mean of its pictures.

    References: "The relativistic discriminator", arXiv 1807.00734, section 4.2; "Coherent Semantic Attention", arXiv 1905.12384,
    section 3.3, in the form of its authors' code.
    """
    return _relativistic_loss(real_scores, completed_scores, 1.0)


def relativistic_generator_loss(real_scores, completed_scores):
    """The opposite: completed pictures' scores are to be 1 above the real ones' mean, and these 1 below theirs."""
    return _relativistic_loss(real_scores, completed_scores, -1.0)


def _relativistic_loss(real_scores, completed_scores, margin):
    real_mean, completed_mean = (
        tf.reduce_mean(scores, axis=[1, 2, 3], keepdims=True) for scores in (real_scores, completed_scores)
    )
    of_real = tf.reduce_mean(tf.square(real_scores - completed_mean - margin))
    return 0.5 * (of_real + tf.reduce_mean(tf.square(completed_scores - real_mean + margin)))


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


def _mean(values, mask):
    return tf.reduce_mean(values) if mask is None else masked_mean(values, mask)
