"""The two-stage generator: a picture with a hole in, a completed picture out. Its rows stand in `tables`.

  coarse       an encoder, four dilated convolutions and a decoder, each at up to 1/4 scale, fill the hole roughly;
  paste        the coarse picture in the hole, the photo outside it;
  refinement   two encoders read that and the mask: one with dilated convolutions (hallucination), one that rebuilds the hole from
               patches of the surroundings (contextual attention); one decoder joins them.

Both stages end in three plain channels, clipped to [-1, 1]. The release truncates its results to 8 bits, which makes them half a
level darker on average; here they are rounded, as all pictures of the house.

Conventions of pictures and masks are those of `gated_inpaint.types`; height and width are divisible by 8.

References: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, figure 4; version 1.0.0 of the authors' code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import ContextualAttention, VanillaConv2D
from gated_inpaint.models.contract import Network
from gated_inpaint.models.deepfill_v1.tables import AFTER_ATTENTION, BEFORE_ATTENTION, COARSE, DECODER, HALLUCINATION, TABLES
from gated_inpaint.models.rows import LastConv, named_variables, run_rows
from gated_inpaint.models.two_stage import TwoStageWindows
from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.types import Completion

RELEASED_WIDTH = 32


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v1")
class Generator(Network):
    """The two-stage generator.

    Arguments:
      width: base width of the tables; even. 32 as released: 3,601,542 parameters.
      dtype: "float32", or "mixed_bfloat16": convolutions in bfloat16; weights, attention scores and pictures stay in float32. By
        default what Keras' global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}. Returns a `Completion`; its stages are "coarse" and
    "refined", its offsets those of `ContextualAttention`.

    Raises:
      ValueError: width is not even; a sketch is given.
    """

    tables = TABLES

    def __init__(self, width=RELEASED_WIDTH, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        if width < 2 or width % 2:  # The narrowest row has half the base width.
            raise ValueError(f"The base width must be a positive even number, not {width}.")
        self.width = width
        self._add(COARSE, input_channels=5)
        hallucinated = self._add(HALLUCINATION, input_channels=5)
        matched = self._add(BEFORE_ATTENTION, input_channels=5)
        self.attention = ContextualAttention(dtype=self.layer_dtype)
        rebuilt = self._add(AFTER_ATTENTION, input_channels=matched)
        self._add(DECODER, input_channels=hallucinated + rebuilt)
        self.built = True

    def call(self, inputs, training=False):
        image, mask, _ = self.checked_inputs(inputs)
        masked = image * (1.0 - mask)
        coarse = run_rows(self, COARSE, self.coarse_input(masked, mask))

        pasted = self.refinement_input(coarse * mask + masked, mask)
        hallucination = run_rows(self, HALLUCINATION, pasted)
        attention = run_rows(self, BEFORE_ATTENTION, pasted)
        height, width = tf.unstack(tf.shape(attention)[1:3])
        attention, offsets = self.attention(attention, resize_nearest_aligned(mask, height, width))
        attention = run_rows(self, AFTER_ATTENTION, attention)
        refined = run_rows(self, DECODER, tf.concat([hallucination, attention], axis=-1))

        return Completion(refined, refined * mask + masked, {"coarse": coarse, "refined": refined}, offsets)

    def coarse_input(self, masked, mask, sketch=None):
        """What the first stage reads, of the photo without its hole and the mask; there is no sketch."""
        return tf.concat([masked, tf.ones_like(mask), mask], axis=-1)

    def refinement_input(self, pasted, mask):
        """What both branches of the second stage read."""
        return tf.concat([pasted, tf.ones_like(mask), mask], axis=-1)

    def row_masks(self, mask):
        """Ordinary convolutions go by no mask."""
        return {}

    @property
    def windows(self):
        return TwoStageWindows(self)

    def get_config(self):
        return {**super().get_config(), "width": self.width}

    def describe(self):
        return f"generator of DeepFill v1, base width {self.width}"

    def named_variables(self):
        """{"inpaint_net/conv1/kernel": variable, ...}"""
        return named_variables(self, TABLES, "inpaint_net")

    def _add(self, table, input_channels):
        """Makes and builds a table's layers; returns the channels that leave its last row."""
        for row in table:
            if isinstance(row, LastConv):
                # In float32 always: bfloat16 is too coarse for a picture of 256 levels.
                layer = keras.layers.Conv2D(3, row.kernel, activation=_clip, name=row.name, dtype="float32")
                output_channels = 3
            else:
                output_channels = int(row.channels * self.width)
                options = output_channels, row.kernel, row.stride, row.rate, row.upsample, row.activation
                layer = VanillaConv2D(*options, kernel_initializer="glorot_uniform", name=row.name, dtype=self.layer_dtype)
            layer.build((None, None, None, input_channels))
            setattr(self, row.name, layer)
            input_channels = output_channels
        return input_channels


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v1")
def _clip(pictures):
    return tf.clip_by_value(pictures, -1.0, 1.0)
