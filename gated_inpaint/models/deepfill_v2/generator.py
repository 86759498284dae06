"""The two-stage generator: a picture with a hole in, a completed picture out. Its rows stand in `tables`.

  coarse       an encoder, four dilated convolutions and a decoder, each at up to 1/4 scale, fill the hole roughly;
  paste        the coarse picture in the hole, the photo outside it;
  refinement   two encoders read that: one with dilated convolutions (hallucination), one that rebuilds the hole from patches of
               the surroundings (contextual attention); one decoder joins them.

A partial network carries the mask from row to row, by one rule alone: known is what follows from something known.
  coarse       begins with the mask of the picture. (The mask among its inputs is then zero wherever it is looked at.)
  paste        what the coarse stage filled is known; of the hole is left what was out of its reach, as a rule nothing.
  attention    rebuilds every position from known patches: all known. (Which those are, the picture's mask says, in all three.)
  decoder      reads both branches under one mask: known is what either knows, so all of it.
The hole never comes back, so most of the refinement is a vanilla network that knows where the picture ends. A sketch, which lies
in the hole, would never be seen: partial networks take none.

Conventions of pictures, masks and sketches are those of `gated_inpaint.types`; height and width are divisible by 8.

References: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, figure 3 and section 3.1; version 2.0.0 of the
authors' code; "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import ContextualAttention, GatedConv2D, PartialConv2D, VanillaConv2D
from gated_inpaint.models.contract import Network
from gated_inpaint.models.deepfill_v2.layer_maps import layer_maps
from gated_inpaint.models.deepfill_v2.tables import (
    AFTER_ATTENTION,
    BEFORE_ATTENTION,
    COARSE,
    DECODER,
    HALLUCINATION,
    TABLES,
    channels_of,
)
from gated_inpaint.models.rows import Conv, LastConv, named_variables, run_rows
from gated_inpaint.models.two_stage import TwoStageWindows
from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.types import Completion

RELEASED_WIDTH = 48

# What the rows can be made of, and what a network's variables are then called.
LAYERS = {"gated": GatedConv2D, "partial": PartialConv2D, "vanilla": VanillaConv2D}
ROOTS = {"gated": "inpaint_net", "partial": "inpaint_net_partial", "vanilla": "inpaint_net_vanilla"}


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v2")
class Generator(Network):
    """The two-stage generator.

    Arguments:
      width: base width c of the tables; a multiple of 4. 48 as released: 4,052,478 parameters.
      sketch: whether the network takes a sketch (one more input channel of the first stage).
      convolution: what the rows are: "gated", or "partial" or "vanilla" at the same cost.
      dtype: "float32", or "mixed_bfloat16": convolutions in bfloat16; weights, attention scores and pictures stay in float32. By
        default what Keras' global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}, and a sketch if it takes one. Returns a `Completion`; its
    stages are "coarse" and "refined", its offsets those of `ContextualAttention`.

    Raises:
      ValueError: width is no multiple of 4; convolution is none of the three, or partial with a sketch; a sketch is missing, or
        given to a network without one.
    """

    tables = TABLES

    def __init__(self, width=RELEASED_WIDTH, sketch=False, convolution="gated", dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        if width < 4 or width % 4:  # The narrowest row has half the base width, and is split once more.
            raise ValueError(f"The base width must be a positive multiple of 4, not {width}.")
        if convolution not in LAYERS:
            raise ValueError(f"The convolution must be one of {', '.join(LAYERS)}, not {convolution!r}.")
        if sketch and convolution == "partial":
            raise ValueError("A network of partial convolutions takes no sketch: they do not see what lies in the hole.")
        self.width = width
        self.takes_sketch = sketch
        self.convolution = convolution
        self._add(COARSE, input_channels=6 if sketch else 5)
        hallucinated = self._add(HALLUCINATION, input_channels=3)
        matched = self._add(BEFORE_ATTENTION, input_channels=3)
        self.attention = ContextualAttention(dtype=self.layer_dtype)
        rebuilt = self._add(AFTER_ATTENTION, input_channels=matched)
        self._add(DECODER, input_channels=hallucinated + rebuilt)
        self.built = True

    def call(self, inputs, training=False):
        image, mask, sketch = self.checked_inputs(inputs)
        masked = image * (1.0 - mask)
        masks = self.row_masks(mask)
        coarse = run_rows(self, COARSE, self.coarse_input(masked, mask, sketch), masks)

        pasted = coarse * mask + masked
        hallucination = run_rows(self, HALLUCINATION, pasted, masks)
        attention = run_rows(self, BEFORE_ATTENTION, pasted, masks)
        height, width = tf.unstack(tf.shape(attention)[1:3])
        attention, offsets = self.attention(attention, resize_nearest_aligned(mask, height, width))
        attention = run_rows(self, AFTER_ATTENTION, attention, masks)
        refined = run_rows(self, DECODER, tf.concat([hallucination, attention], axis=-1), masks)

        return Completion(refined, refined * mask + masked, {"coarse": coarse, "refined": refined}, offsets)

    def coarse_input(self, masked, mask, sketch=None):
        """What the first stage reads, of the photo without its hole, the mask, and a sketch if the network takes one."""
        guidance = [] if sketch is None else [sketch * mask]
        return tf.concat([masked, *guidance, tf.ones_like(mask), mask], axis=-1)

    def refinement_input(self, pasted, mask):
        """What both branches of the second stage read."""
        return pasted

    def row_masks(self, mask):
        """The mask that each row of a partial network goes by; they follow from the picture's.

        Returns {scope: bool [batch, height, width, 1] of the row's input, true where it is not known}; empty for other networks.
        """
        masks = {}
        if self.convolution != "partial":
            return masks

        def through(table, mask):
            for row in table:
                if isinstance(row, Conv):
                    masks[row.scope] = mask
                    mask = getattr(self, row.name).mask_after(mask)
            return mask

        left = through(COARSE, mask > 0)  # Within the hole: what a position stands for is among what it was made of.
        through(BEFORE_ATTENTION, left)
        all_known = tf.zeros_like(through(HALLUCINATION, left))
        through(AFTER_ATTENTION, all_known)
        through(DECODER, all_known)
        return masks

    @property
    def windows(self):
        return TwoStageWindows(self)

    def layer_maps(self, inputs, longest_side=None):
        return layer_maps(self, inputs, longest_side)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "sketch": self.takes_sketch, "convolution": self.convolution}

    def describe(self):
        return f"{self.convolution} generator, base width {self.width}, {'with' if self.takes_sketch else 'without'} sketch channel"

    def named_variables(self):
        """{"inpaint_net/conv1/kernel": variable, ...}; of a partial or vanilla network "inpaint_net_partial/..." and so on."""
        return named_variables(self, TABLES, ROOTS[self.convolution])

    def _add(self, table, input_channels):
        """Makes and builds a table's layers; returns the channels that leave its last row."""
        for row in table:
            if isinstance(row, LastConv):
                # In float32 always: bfloat16 is too coarse for a picture of 256 levels.
                layer = keras.layers.Conv2D(3, row.kernel, activation="tanh", name=row.name, dtype="float32")
                output_channels = 3
            else:
                filters = channels_of(row, self.width, self.convolution)
                options = filters, row.kernel, row.stride, row.rate, row.upsample, row.activation
                layer = LAYERS[self.convolution](*options, name=row.name, dtype=self.layer_dtype)
                output_channels = layer.output_channels
            layer.build((None, None, None, input_channels))
            setattr(self, row.name, layer)
            input_channels = output_channels
        return input_channels
