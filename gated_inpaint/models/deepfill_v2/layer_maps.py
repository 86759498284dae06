"""What some layers let through, to look at: the gates of a gated network, the masks of a partial one (the paper's figure 3).

The first stage runs row by row, and the first row of the second stage after it.
"""

import tensorflow as tf

from gated_inpaint.models.deepfill_v2.tables import COARSE, HALLUCINATION
from gated_inpaint.models.rows import convolve
from gated_inpaint.types import as_inputs

# From the first to the last row of the first stage, and behind it.
SHOWN = ("conv1", "conv2_downsample", "conv4_downsample", "conv7_atrous", "conv10_atrous", "conv16", "xconv1")


def layer_maps(generator, inputs, longest_side=None):
    """The maps of the layers in SHOWN.

    Arguments:
      generator: a `Generator`.
      inputs: `Inputs`.
      longest_side: maps larger than this are reduced to it; by default none are.

    Returns:
      {name: float32 [batch, height, width, channels]} of the rows' outputs, in [0, 1]. Of a gated network "gates_SCOPE", each
      channel's gate, 1 where it lets everything through; of a partial one "mask_SCOPE", one channel, 1 in the hole; of a vanilla
      one nothing.
    """
    maps = {}
    if generator.convolution == "vanilla":
        return maps
    image, mask, sketch = as_inputs(inputs)
    masked = image * (1.0 - mask)
    masks = generator.row_masks(mask)

    def run(table, features):
        for row in table:
            if row.scope in SHOWN:
                layer = getattr(generator, row.name)
                is_gated = generator.convolution == "gated"
                shown = layer.gates(features) if is_gated else layer.mask_after(masks[row.scope])
                name = f"{'gates' if is_gated else 'mask'}_{row.scope}"
                maps[name] = _reduce(tf.cast(shown, tf.float32), longest_side)
            features = convolve(generator, row, features, masks.get(row.scope))
        return features

    coarse = run(COARSE, generator.coarse_input(masked, mask, sketch))
    run(HALLUCINATION[:1], coarse * mask + masked)
    return maps


def _reduce(maps, longest_side):
    size = tf.cast(tf.shape(maps)[1:3], tf.float32)
    if longest_side is None:
        return maps
    scale = tf.minimum(longest_side / tf.reduce_max(size), 1.0)
    return tf.image.resize(maps, tf.maximum(tf.cast(tf.round(scale * size), tf.int32), 1), "area")
