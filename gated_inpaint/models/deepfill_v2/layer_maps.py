"""What some layers let through, to look at: the gates of a gated network, the masks of a partial one (the paper's figure 3).

The first stage runs row by row, and the first row of the second stage after it. Conventions are those of generator.py.
"""

import tensorflow as tf

from gated_inpaint.models.deepfill_v2.generator import COARSE, HALLUCINATION, coarse_input

# From the first to the last row of the first stage, and behind it.
SHOWN = ("conv1", "conv2_downsample", "conv4_downsample", "conv7_atrous", "conv10_atrous", "conv16", "xconv1")


def layer_maps(generator, image, mask, sketch=None, longest_side=None):
    """The maps of the layers in SHOWN.

    Arguments:
      generator: a `Generator`.
      image, mask, sketch: as the generator takes them.
      longest_side: maps larger than this are reduced to it; by default none are.

    Returns:
      {scope: float32 [batch, height, width, channels]} of the row's output, in [0, 1]. Of a gated network each channel's gate, 1
      where it lets everything through; of a partial one its mask, one channel, 1 in the hole; of a vanilla one nothing.
    """
    maps = {}
    if generator.convolution == "vanilla":
        return maps
    masked = image * (1.0 - mask)
    masks = generator.masks(mask)

    def run(table, features):
        for row in table:
            if row.scope in SHOWN:
                layer = generator.convolutions[row.scope]
                shown = layer.gates(features) if generator.convolution == "gated" else layer.mask_after(masks[row.scope])
                maps[row.scope] = _reduce(tf.cast(shown, tf.float32), longest_side)
            features = generator.convolve(row, features, masks.get(row.scope))
        return features

    coarse = run(COARSE, coarse_input(masked, mask, sketch))
    run(HALLUCINATION[:1], coarse * mask + masked)
    return maps


def _reduce(maps, longest_side):
    size = tf.cast(tf.shape(maps)[1:3], tf.float32)
    if longest_side is None:
        return maps
    scale = tf.minimum(longest_side / tf.reduce_max(size), 1.0)
    return tf.image.resize(maps, tf.maximum(tf.cast(tf.round(scale * size), tf.int32), 1), "area")
