"""The critic on features of a pretrained network: for each patch, as many scores as it has channels.

Three 4x4 convolutions of stride 2, leaky ReLU behind the first two, instance normalisation without weights behind the second.

Reference: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384, section 3.3; its authors' code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import InstanceNorm
from gated_inpaint.models.contract import Network
from gated_inpaint.models.unet import EPSILON, SLOPE, convolution, named_weights

RELEASED_CHANNELS, RELEASED_WIDTH = 256, 512

PLACES = (0, 2, 5)  # Of the convolutions among the authors' modules.


@keras.utils.register_keras_serializable(package="gated_inpaint.csa")
class FeatureDiscriminator(Network):
    """The feature patch discriminator.

    Arguments:
      channels: of the features; 256 as released: VGG-16's pool3.
      width: of each convolution; 512 as released.

    Call with features, float32 [batch, rows, columns, channels]. Returns scores, unbounded, float32 [batch, rows / 8, columns / 8,
    width], sides rounded up.
    """

    def __init__(self, channels=RELEASED_CHANNELS, width=RELEASED_WIDTH, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.channels, self.width, inputs = channels, width, channels
        for place in PLACES:
            layer = convolution(keras.layers.Conv2D, width, 4, inputs, strides=2, padding="same", dtype=self.layer_dtype)
            setattr(self, f"convolution_{place}", layer)
            inputs = width
        self.normalisation = InstanceNorm(EPSILON, affine=False, dtype="float32")
        self.normalisation.build((None, None, None, width))
        self.built = True

    def call(self, features, training=False):
        first, second, third = (getattr(self, f"convolution_{place}") for place in PLACES)
        scores = tf.nn.leaky_relu(first(features), alpha=SLOPE)
        scores = tf.nn.leaky_relu(self.normalisation(second(scores)), alpha=SLOPE)
        return tf.cast(third(scores), tf.float32)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "width": self.width}

    def named_variables(self):
        """{"net_F/model.0/kernel": variable, ...}"""
        found = {}
        for place in PLACES:
            weights = named_weights(getattr(self, f"convolution_{place}"))
            found.update({f"net_F/model.{place}/{name}": variable for name, variable in weights.items()})
        return found


def shapes_of(channels, width):
    """{name: shape} of a critic's variables."""
    shapes, inputs = {}, channels
    for place in PLACES:
        shapes.update({f"net_F/model.{place}/kernel": (4, 4, inputs, width), f"net_F/model.{place}/bias": (width,)})
        inputs = width
    return shapes
