"""The two-stage generator: a picture with a hole in, a completed picture out.

Conventions: pictures are RGB, float32 in [-1, 1], [batch, height, width, 3], height and width divisible by 8; masks are
[batch, height, width, 1], 1 in the hole, one per picture; sketches have the masks' shape, 1 on a line.

  coarse       an encoder, four dilated convolutions and a decoder, each at up to 1/4 scale, fill the hole roughly;
  paste        the coarse picture in the hole, the photo outside it;
  refinement   two encoders read that: one with dilated convolutions (hallucination), one that rebuilds the hole from patches of
               the surroundings (contextual attention); one decoder joins them.

The tables below are the whole network, one row a convolution, named as in the authors' checkpoints. A row is a gated convolution
unless it says otherwise; its channels are counted before the split into features and gates, in units of the base width (48 as
released), so the next row sees half of them. Every activation is ELU and every padding 'SAME' unless a row says otherwise.

For the paper's ablations the rows can be partial or vanilla convolutions instead. Nothing is split there, so a row makes what it
takes to cost the same: with L channels before the split and L / 2 behind that of a row like it, a gated row has L * L / 2 kernels;
one that makes and reads L / sqrt(2) has as many. At width 48 that is 34, 68 and 136 channels for 48, 96 and 192; in all, for one
picture of 256x256, with 2 operations a multiplication:

                             gated    partial, vanilla
  parameters             4,052,478    4,061,306 (+0.2%)
  convolutions, GFLOP         50.4         50.1 (-0.6%)
  attention, GFLOP             5.0          7.1 (it compares 136 channels, where the gated network leaves it 96)
  together                    55.4         57.2 (+3.2%)

A partial network carries the mask from row to row, by one rule alone: known is what follows from something known.
  coarse       begins with the mask of the picture. (The mask among its inputs is then zero wherever it is looked at.)
  paste        what the coarse stage filled is known; of the hole is left what was out of its reach, as a rule nothing.
  attention    rebuilds every position from known patches: all known. (Which those are, the picture's mask says, in all three.)
  decoder      reads both branches under one mask: known is what either knows, so all of it.
The hole never comes back, so most of the refinement is a vanilla network that knows where the picture ends. A sketch, which lies
in the hole, would never be seen: partial networks take none.

References: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, figure 3 and section 3.1; version 2.0.0 of the
authors' code; "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723.
"""

import math
from typing import NamedTuple

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import ContextualAttention, GatedConv2D, PartialConv2D, VanillaConv2D
from gated_inpaint.ops.resize import resize_nearest_aligned

DIVISOR = 8  # Height and width are halved twice by the encoders and once more for matching in the attention.
RELEASED_WIDTH = 48

# What the rows can be made of, and what a network's checkpoint names then begin with.
LAYERS = {"gated": GatedConv2D, "partial": PartialConv2D, "vanilla": VanillaConv2D}
CHECKPOINT_ROOTS = {"gated": "inpaint_net", "partial": "inpaint_net_partial", "vanilla": "inpaint_net_vanilla"}


class Conv(NamedTuple):
    """One row: checkpoint scope, kernel side, channels before the split in units of the base width, and what is not default."""

    scope: str
    kernel: int
    channels: float
    stride: int = 1
    rate: int = 1
    upsample: bool = False  # Nearest-neighbour x2 in front.
    activation: str = "elu"


class PlainConv(NamedTuple):
    """A last row: a vanilla convolution in every network, to the picture's three channels, through tanh."""

    scope: str
    kernel: int
    stride, rate, upsample = 1, 1, False


COARSE = (
    Conv("conv1", 5, 1),
    Conv("conv2_downsample", 3, 2, stride=2),
    Conv("conv3", 3, 2),
    Conv("conv4_downsample", 3, 4, stride=2),
    Conv("conv5", 3, 4),
    Conv("conv6", 3, 4),
    Conv("conv7_atrous", 3, 4, rate=2),
    Conv("conv8_atrous", 3, 4, rate=4),
    Conv("conv9_atrous", 3, 4, rate=8),
    Conv("conv10_atrous", 3, 4, rate=16),
    Conv("conv11", 3, 4),
    Conv("conv12", 3, 4),
    Conv("conv13_upsample/conv13_upsample_conv", 3, 2, upsample=True),
    Conv("conv14", 3, 2),
    Conv("conv15_upsample/conv15_upsample_conv", 3, 1, upsample=True),
    Conv("conv16", 3, 0.5),
    PlainConv("conv17", 3),
)

HALLUCINATION = (
    Conv("xconv1", 5, 1),
    Conv("xconv2_downsample", 3, 1, stride=2),
    Conv("xconv3", 3, 2),
    Conv("xconv4_downsample", 3, 2, stride=2),
    Conv("xconv5", 3, 4),
    Conv("xconv6", 3, 4),
    Conv("xconv7_atrous", 3, 4, rate=2),
    Conv("xconv8_atrous", 3, 4, rate=4),
    Conv("xconv9_atrous", 3, 4, rate=8),
    Conv("xconv10_atrous", 3, 4, rate=16),
)

BEFORE_ATTENTION = (
    Conv("pmconv1", 5, 1),
    Conv("pmconv2_downsample", 3, 1, stride=2),
    Conv("pmconv3", 3, 2),
    Conv("pmconv4_downsample", 3, 4, stride=2),
    Conv("pmconv5", 3, 4),
    Conv("pmconv6", 3, 4, activation="relu"),
)

AFTER_ATTENTION = (
    Conv("pmconv9", 3, 4),
    Conv("pmconv10", 3, 4),
)

DECODER = (
    Conv("allconv11", 3, 4),
    Conv("allconv12", 3, 4),
    Conv("allconv13_upsample/allconv13_upsample_conv", 3, 2, upsample=True),
    Conv("allconv14", 3, 2),
    Conv("allconv15_upsample/allconv15_upsample_conv", 3, 1, upsample=True),
    Conv("allconv16", 3, 0.5),
    PlainConv("allconv17", 3),
)


class Completion(NamedTuple):
    """What the generator makes of a batch; pictures are float32 [batch, height, width, 3]."""

    coarse: tf.Tensor  # The first stage's picture, everywhere.
    refined: tf.Tensor  # The second stage's picture, everywhere.
    complete: tf.Tensor  # Refined in the hole, the photo outside it.
    offsets: tf.Tensor  # int32 [batch, height // 8, width // 8, 2]: where the attention looked, see ContextualAttention.


def coarse_input(masked, mask, sketch=None):
    """What the first stage reads, of the photo without its hole, the mask, and a sketch if the network takes one."""
    guidance = [] if sketch is None else [sketch * mask]
    return tf.concat([masked, *guidance, tf.ones_like(mask), mask], axis=-1)


def channels_of(row, width, convolution):
    """Channels of a row's convolution: before the split if it is gated, else as many as cost the same (see above)."""
    return int(row.channels * width) if convolution == "gated" else round(row.channels * width / math.sqrt(2))


class Generator(keras.Model):
    """The two-stage generator.

    Arguments:
      width: base width c of the tables; a multiple of 4. 48 as released: 4,052,478 parameters.
      sketch: whether the network takes a sketch (one more input channel of the first stage).
      convolution: what the rows are: "gated", or "partial" or "vanilla" at the same cost.
      dtype: "float32", or "mixed_bfloat16": convolutions in bfloat16; weights, attention scores and pictures stay in float32.

    Call with an image, a mask, and a sketch if it takes one (see the module's conventions). What the image and the sketch hold at
    masked, respectively unmasked, pixels is ignored. Returns a `Completion`.

    Raises:
      ValueError: width is no multiple of 4; convolution is none of the three, or partial with a sketch; a sketch is missing, or
        given to a network without one.
    """

    def __init__(self, width=RELEASED_WIDTH, sketch=False, convolution="gated", dtype="float32", **kwargs):
        super().__init__(**kwargs)
        if width < 4 or width % 4:  # The narrowest row has half the base width, and is split once more.
            raise ValueError(f"The base width must be a positive multiple of 4, not {width}.")
        if convolution not in LAYERS:
            raise ValueError(f"The convolution must be one of {', '.join(LAYERS)}, not {convolution!r}.")
        if sketch and convolution == "partial":
            raise ValueError("A network of partial convolutions takes no sketch: they do not see what lies in the hole.")
        self.width = width
        self.sketch = sketch
        self.convolution = convolution
        self.convolutions = {}
        self._add(COARSE, input_channels=6 if sketch else 5, dtype=dtype)
        hallucinated = self._add(HALLUCINATION, input_channels=3, dtype=dtype)
        matched = self._add(BEFORE_ATTENTION, input_channels=3, dtype=dtype)
        self.attention = ContextualAttention(dtype=dtype)
        rebuilt = self._add(AFTER_ATTENTION, input_channels=matched, dtype=dtype)
        self._add(DECODER, input_channels=hallucinated + rebuilt, dtype=dtype)
        self.built = True

    def call(self, image, mask, sketch=None):
        if self.sketch != (sketch is not None):
            raise ValueError("This network takes a sketch, and none was given." if self.sketch else "This network takes no sketch.")
        masked = image * (1.0 - mask)
        masks = self.masks(mask)
        coarse = self._run(COARSE, coarse_input(masked, mask, sketch), masks)

        pasted = coarse * mask + masked
        hallucination = self._run(HALLUCINATION, pasted, masks)
        attention = self._run(BEFORE_ATTENTION, pasted, masks)
        height, width = tf.unstack(tf.shape(attention)[1:3])
        attention, offsets = self.attention(attention, resize_nearest_aligned(mask, height, width))
        attention = self._run(AFTER_ATTENTION, attention, masks)
        refined = self._run(DECODER, tf.concat([hallucination, attention], axis=-1), masks)

        return Completion(coarse, refined, refined * mask + masked, offsets)

    def masks(self, mask):
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
                    mask = self.convolutions[row.scope].mask_after(mask)
            return mask

        left = through(COARSE, mask > 0)  # Within the hole: what a position stands for is among what it was made of.
        through(BEFORE_ATTENTION, left)
        all_known = tf.zeros_like(through(HALLUCINATION, left))
        through(AFTER_ATTENTION, all_known)
        through(DECODER, all_known)
        return masks

    def convolve(self, row, features, mask=None, padding="SAME"):
        """What a row makes of the features, and of its mask if the network is partial; padding as the layers take it."""
        layer = self.convolutions[row.scope]
        if isinstance(row, PlainConv):
            if padding == "SAME":  # Its layer pads nothing.
                margin = [row.kernel // 2] * 2
                features = tf.pad(features, [[0, 0], margin, margin, [0, 0]])
            return layer(features)
        return layer(features, padding=padding) if mask is None else layer(features, mask, padding=padding)[0]

    def checkpoint_variables(self):
        """The variables by their names in the authors' checkpoints: {"inpaint_net/conv1/kernel": variable, ...}.

        Names of a partial or vanilla network begin with "inpaint_net_partial" or "inpaint_net_vanilla".
        """
        return {
            f"{CHECKPOINT_ROOTS[self.convolution]}/{scope}/{name}": getattr(layer, name)
            for scope, layer in self.convolutions.items()
            for name in ("kernel", "bias")
        }

    def _add(self, table, input_channels, dtype):
        """Makes and builds a table's layers; returns the channels that leave its last row."""
        for row in table:
            name = row.scope.split("/")[-1]
            if isinstance(row, PlainConv):
                # In float32 always: bfloat16 is too coarse for a picture of 256 levels.
                layer = keras.layers.Conv2D(3, row.kernel, activation="tanh", name=name, dtype="float32")
                output_channels = 3
            else:
                filters = channels_of(row, self.width, self.convolution)
                options = filters, row.kernel, row.stride, row.rate, row.upsample, row.activation
                layer = LAYERS[self.convolution](*options, name=name, dtype=dtype)
                output_channels = layer.output_channels
            layer.build((None, None, None, input_channels))
            self.convolutions[row.scope] = layer
            input_channels = output_channels
        return input_channels

    def _run(self, table, features, masks):
        for row in table:
            features = self.convolve(row, features, masks.get(row.scope))
        return features
