"""The critics: one scores the whole picture, one the box around the hole. A score is high for what looks real, and has no bounds.

Four 5x5 convolutions of stride 2, leaky ReLU after each, then one dense layer over all that is left: so a critic takes pictures of
one size. Nothing is normalised, for a critic's gradient at one picture must not depend on others.

The penalty of their gradients' norm is a loss, so they compute in float32 whatever the generator computes in.

Reference: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, section 3.2.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.models.contract import Network

RELEASED_WIDTH = 64

# Channels of each 5x5 convolution of stride 2, in units of the base width.
CHANNELS = {"global": (1, 2, 4, 4), "local": (1, 2, 4, 8)}


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v1")
class Critic(Network):
    """A critic of whole pictures or of boxes.

    Arguments:
      part: "global" or "local", what it sees.
      side: of the square pictures or boxes, in pixels; 256 and 128 as released.
      width: base width; 64 as released.

    Call with float32 [batch, side, side, 3] in [-1, 1]. Returns scores, float32 [batch, 1].

    Raises:
      ValueError: part is neither; the pictures have another size.
    """

    def __init__(self, part, side, width=RELEASED_WIDTH, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        if part not in CHANNELS:
            raise ValueError(f"A critic is one of {', '.join(CHANNELS)}, not {part!r}.")
        self.part, self.side, self.width = part, side, width
        self.convolutions = [
            keras.layers.Conv2D(
                channels * width, 5, 2, "same", activation=_leaky_relu, name=f"conv{number}", dtype=self.layer_dtype
            )
            for number, channels in enumerate(CHANNELS[part], 1)
        ]
        self.dense = keras.layers.Dense(1, name=f"dout_{part}_fc", dtype=self.layer_dtype)
        shape = (None, side, side, 3)
        for layer in self.convolutions:
            layer.build(shape)
            shape = (None, -(-shape[1] // 2), -(-shape[2] // 2), layer.filters)
        self.dense.build((None, shape[1] * shape[2] * shape[3]))
        self.built = True

    def call(self, pictures, training=False):
        if pictures.shape[1:] != (self.side, self.side, 3):
            raise ValueError(f"This critic takes pictures of {self.side}x{self.side} pixels, not of shape {pictures.shape[1:]}.")
        for layer in self.convolutions:
            pictures = layer(pictures)
        return self.dense(tf.reshape(pictures, [-1, self.dense.kernel.shape[0]]))

    def get_config(self):
        return {**super().get_config(), "part": self.part, "side": self.side, "width": self.width}

    def named_variables(self):
        """{"discriminator/discriminator_global/conv1/kernel": variable, ...}"""
        scopes = {f"discriminator_{self.part}/{layer.name}": layer for layer in self.convolutions}
        scopes[self.dense.name] = self.dense
        return {
            f"discriminator/{scope}/{name}": getattr(layer, name) for scope, layer in scopes.items() for name in ("kernel", "bias")
        }


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v1")
def _leaky_relu(features):
    return tf.nn.leaky_relu(features, alpha=0.2)
