"""The second stage's U-Net, whose encoder makes the hole's features coherent at 1/8 of the picture's sides.

  down  level 1      convolution                                                the picture's sides
        others       leaky ReLU, dilated convolution, normalisation,
                     leaky ReLU, convolution, normalisation                     half of the level above
        level 4      coherent semantic attention in front of the last normalisation
        last         leaky ReLU, dilated convolution                            1x1 positions
  up    last         ReLU, transposed convolution of stride 2, normalisation
        others       the level below's and this level's, ReLU, transposed convolution, normalisation,
                     ReLU, transposed convolution of stride 2, normalisation
        level 1      the same two, ReLU, transposed convolution

Dilated convolutions are 4x4 of stride 2 and dilation 2; transposed ones of stride 2 are 4x4, all others 3x3 of stride 1. Level 1
has `width` channels, each level twice those of the one above, but eight times `width` at most.

Reference: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384, section 3.1; its authors' code.
"""

from typing import NamedTuple

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import CoherentSemanticAttention
from gated_inpaint.models.unet import SLOPE, convolution, instance_norm, named_weights

LEVEL = 4  # Where attention is; so often but one the mask's sides are halved.


@keras.utils.register_keras_serializable(package="gated_inpaint.csa")
class Refinement(keras.layers.Layer):
    """The U-Net of the second stage.

    Arguments:
      width: channels of the first level; 64 as released.
      levels: 9 as released, for pictures of 256 pixels a side: their sides are multiples of 2 ** (levels - 1). 6 at least.
      similarity, gradient: of `CoherentSemanticAttention`.
      dtype: of the convolutions. Normalisation, attention and the picture are float32.

    Call with [batch, height, width, channels] and the mask of the features, [batch, height / 8, width / 8, 1]. Returns a picture,
    float32 [batch, height, width, 3], unbounded; the attention's offsets; and {"attention": the features that attention made,
    "decoder": those of the decoder there}, [batch, height / 8, width / 8, 8 * width].
    """

    def __init__(self, width=64, levels=9, similarity="cosine", gradient="whole", **kwargs):
        super().__init__(**kwargs)
        self.width, self.levels, self.similarity, self.gradient = width, levels, similarity, gradient

    def build(self, input_shape):
        self.attention = CoherentSemanticAttention(self.similarity, self.gradient, name="attention", dtype="float32")
        for row in rows(self.width, self.levels, input_shape[-1]):
            name = f"level{row.level}_{row.place}"
            if row.kernel:
                kind = keras.layers.Conv2DTranspose if row.is_transposed else keras.layers.Conv2D
                padding = "valid" if row.place == "down_dilated" else "same"
                more = {"strides": row.stride, "padding": padding, "name": name}
                dtype = "float32" if row.makes_picture else self.dtype_policy
                layer = convolution(kind, row.channels, row.kernel, row.inputs, dtype=dtype, **more)
            else:
                layer = instance_norm(row.channels, name)
            setattr(self, name, layer)
        self.built = True

    def call(self, pictures, hole):
        features, seen = self._at(1, "down_conv", pictures), {}
        skips = [features]
        for level in range(2, self.levels + 1):
            features = self._at(level, "down_dilated", _read_by_dilated(tf.nn.leaky_relu(features, alpha=SLOPE)))
            if level < self.levels:
                features = self._at(level, "down_dilated_norm", features)
                features = self._at(level, "down_conv", tf.nn.leaky_relu(features, alpha=SLOPE))
                if level == LEVEL:
                    seen["attention"], offsets = self.attention(features, hole)
                    features = seen["attention"]
                features = self._at(level, "down_conv_norm", features)
            skips.append(features)

        for level in range(self.levels, 0, -1):
            if level < self.levels:
                if level == LEVEL:
                    seen["decoder"] = features
                features = tf.concat([features, tf.cast(skips[level - 1], features.dtype)], axis=-1)
                features = self._at(level, "up_conv", tf.nn.relu(features))
                if level > 1:
                    features = self._at(level, "up_conv_norm", features)
            if level > 1:
                features = self._at(level, "up_doubling_norm", self._at(level, "up_doubling", tf.nn.relu(features)))
        return features, offsets, seen

    def named_variables(self):
        """{"model.model.0/kernel": variable, ...} by the modules' places in the authors' network, see `module_paths`."""
        found = {}
        for (level, place), path in module_paths(self.levels).items():
            weights = named_weights(self._layer(level, place))
            found.update({f"{path}/{name}": variable for name, variable in weights.items()})
        return found

    def compute_output_shape(self, pictures_shape, hole_shape):
        features = (*hole_shape[:3], channels_of(self.width, LEVEL))
        return (*pictures_shape[:3], 3), (*hole_shape[:3], 2), {"attention": features, "decoder": features}

    def get_config(self):
        names = ("width", "levels", "similarity", "gradient")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _layer(self, level, place):
        return getattr(self, f"level{level}_{place}")

    def _at(self, level, place, features):
        return self._layer(level, place)(features)


class Row(NamedTuple):
    """A layer with weights; a normalisation has no kernel."""

    level: int
    place: str
    channels: int
    kernel: int = 0
    inputs: int = 0
    stride: int = 1

    @property
    def is_transposed(self):
        return self.place.startswith("up")

    @property
    def makes_picture(self):
        return self.level == 1 and self.is_transposed

    @property
    def shapes(self):
        """{name: shape} of its weights."""
        if not self.kernel:
            return {"gamma": (self.channels,), "beta": (self.channels,)}
        ends = (self.channels, self.inputs) if self.is_transposed else (self.inputs, self.channels)
        return {"kernel": (self.kernel, self.kernel, *ends), "bias": (self.channels,)}


def channels_of(width, level):
    """How many channels a level has on its way down."""
    return width * min(2 ** (level - 1), 8)


def rows(width, levels, inputs):
    """The `Row`s of the U-Net, level by level."""
    made = [Row(1, "down_conv", width, 3, inputs), Row(1, "up_conv", 3, 3, 2 * width)]
    for level in range(2, levels):
        above, channels = channels_of(width, level - 1), channels_of(width, level)
        made += [
            Row(level, "down_dilated", above, 4, above),
            Row(level, "down_dilated_norm", above),
            Row(level, "down_conv", channels, 3, above),
            Row(level, "down_conv_norm", channels),
            Row(level, "up_conv", above, 3, 2 * channels),
            Row(level, "up_conv_norm", above),
            Row(level, "up_doubling", above, 4, above, 2),
            Row(level, "up_doubling_norm", above),
        ]
    above, channels = channels_of(width, levels - 1), channels_of(width, levels)
    return [
        *made,
        Row(levels, "down_dilated", channels, 4, above),
        Row(levels, "up_doubling", above, 4, channels, 2),
        Row(levels, "up_doubling_norm", above),
    ]


def _read_by_dilated(features):
    """What a 4x4 convolution of stride 2 and dilation 2 reads of features with 3 zeros around them: every second row and column
    alone, so that it is a plain 'VALID' one of these."""
    return tf.pad(features[:, 1::2, 1::2], [[0, 0], [2, 1], [2, 1], [0, 0]])


def module_paths(levels):
    """Where the authors' network has a level's layers: {(level, place): path}, such as (2, "up_conv"): "model.model.1.model.8"."""
    paths = {(1, "down_conv"): "model.model.0", (1, "up_conv"): "model.model.3"}
    prefix = "model.model.1."
    for level in range(2, levels + 1):
        # At one level attention and two modules that watch features come between.
        down, up = (2, 3) if level == LEVEL else (0, 0)
        if level == levels:
            places = {"down_dilated": 1, "up_doubling": 3, "up_doubling_norm": 4}
        else:
            places = {
                **{"down_dilated": 1, "down_dilated_norm": 2, "down_conv": 4, "down_conv_norm": 5 + down},
                **{"up_conv": 8 + up, "up_conv_norm": 9 + up, "up_doubling": 11 + up, "up_doubling_norm": 12 + up},
            }
        paths.update({(level, place): f"{prefix}model.{number}" for place, number in places.items()})
        prefix += f"model.{6 + down}."
    return paths
