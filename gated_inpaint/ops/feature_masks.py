"""From the mask of a picture to that of a network's features: float32, 1 in the hole, [batch,
height, width, 1] both.

Each halving of the sides is one convolution of stride 2 of the network; both sides are divisible.

References: "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392; its
  released code.
"""

import tensorflow as tf

THRESHOLD = 5 / 16  # Not itself in the hole.


def sampled_mask(mask, halvings):
    """A position is in the hole where its first pixel is: every 2nd, 4th, 8th, ... row and column of the mask."""
    step = 2**halvings
    return mask[:, ::step, ::step]


def covered_mask(mask, halvings):
    """A position is in the hole where the hole covers more than 5/16 of what it sees, zeros outside
    of the picture included.

    What it sees is what as many 4x4 means of stride 2 see. Thin strokes vanish, and so do the
    corners of a box.
    """
    for _ in range(halvings):
        # Sums of few multiples of 1/16, so exact: no position is in the hole by rounding.
        mask = tf.nn.avg_pool2d(tf.pad(mask, [[0, 0], [1, 1], [1, 1], [0, 0]]), 4, 2, "VALID")
    return tf.cast(mask > THRESHOLD, mask.dtype)
