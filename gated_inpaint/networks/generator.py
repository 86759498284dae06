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

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, figure 3; version 2.0.0 of the authors' code.
"""

from typing import NamedTuple

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import ContextualAttention, GatedConv2D
from gated_inpaint.layers.sampling import resize_nearest_aligned

DIVISOR = 8  # Height and width are halved twice by the encoders and once more for matching in the attention.
RELEASED_WIDTH = 48


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
    """A last row: not gated, to the picture's three channels, through tanh."""

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


class Generator(keras.Model):
    """The two-stage generator.

    Arguments:
      width: base width c of the tables; a multiple of 4. 48 as released: 4,052,478 parameters.
      sketch: whether the network takes a sketch (one more input channel of the first stage).
      dtype: "float32", or "mixed_bfloat16": convolutions in bfloat16; weights, attention scores and pictures stay in float32.

    Call with an image, a mask, and a sketch if it takes one (see the module's conventions). What the image and the sketch hold at
    masked, respectively unmasked, pixels is ignored. Returns a `Completion`.

    Raises:
      ValueError: width is no multiple of 4; a sketch is missing, or given to a network without one.
    """

    def __init__(self, width=RELEASED_WIDTH, sketch=False, dtype="float32", **kwargs):
        super().__init__(**kwargs)
        if width < 4 or width % 4:  # The narrowest row has half the base width, and is split once more.
            raise ValueError(f"The base width must be a positive multiple of 4, not {width}.")
        self.width = width
        self.sketch = sketch
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
        coarse = self._run(COARSE, coarse_input(masked, mask, sketch))

        pasted = coarse * mask + masked
        hallucination = self._run(HALLUCINATION, pasted)
        attention = self._run(BEFORE_ATTENTION, pasted)
        height, width = tf.unstack(tf.shape(attention)[1:3])
        attention, offsets = self.attention(attention, resize_nearest_aligned(mask, height, width))
        attention = self._run(AFTER_ATTENTION, attention)
        refined = self._run(DECODER, tf.concat([hallucination, attention], axis=-1))

        return Completion(coarse, refined, refined * mask + masked, offsets)

    def checkpoint_variables(self):
        """The variables by their names in the authors' checkpoints: {"inpaint_net/conv1/kernel": variable, ...}."""
        return {
            f"inpaint_net/{scope}/{name}": getattr(layer, name)
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
                filters = int(row.channels * self.width)
                layer = GatedConv2D(filters, row.kernel, row.stride, row.rate, row.upsample, row.activation, name=name, dtype=dtype)
                output_channels = filters // 2
            layer.build((None, None, None, input_channels))
            self.convolutions[row.scope] = layer
            input_channels = output_channels
        return input_channels

    def _run(self, table, features):
        for row in table:
            if isinstance(row, PlainConv):
                margin = [row.kernel // 2] * 2
                features = tf.pad(features, [[0, 0], margin, margin, [0, 0]])
            features = self.convolutions[row.scope](features)
        return features
