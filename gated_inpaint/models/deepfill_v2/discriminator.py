"""The SN-PatchGAN discriminator: scores how real every patch of a picture looks.

Six 5x5 convolutions of stride 2, each kernel divided by its spectral norm, leaky ReLU after each. Every element of the last
feature map is one score, so that a free-form hole anywhere in the picture is scored where it is.

Conventions as in generator.py: pictures RGB in [-1, 1], masks 1 in the hole. Channels are in units of the base width, 64 as
released.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.3.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import SpectralNorm

RELEASED_WIDTH = 64

# Checkpoint scope and channels of each 5x5 convolution of stride 2.
CONVOLUTIONS = (("conv1", 1), ("conv2", 2), ("conv3", 4), ("conv4", 4), ("conv5", 4), ("conv6", 4))


class Discriminator(keras.Model):
    """The patch discriminator.

    Arguments:
      width: base width; 64 as released.
      sketch: whether it sees a sketch beside picture and mask.
      dtype: "float32", or "mixed_bfloat16" for the convolutions.

    Call with an image [batch, height, width, 3], a mask [batch, height, width, 1] and a sketch of the mask's shape if it takes one.
    In a training pass the spectral norms' vectors are updated. Returns float32 [batch, ceil(height / 64), ceil(width / 64),
    4 * width].

    Raises:
      ValueError: a sketch is missing, or given to a network without one.
    """

    def __init__(self, width=RELEASED_WIDTH, sketch=False, dtype="float32", **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.sketch = sketch
        self.convolutions = {}
        input_channels = 5 if sketch else 4
        for scope, channels in CONVOLUTIONS:
            convolution = keras.layers.Conv2D(channels * width, 5, strides=2, padding="same", activation=_leaky_relu, dtype=dtype)
            self.convolutions[scope] = SpectralNorm(convolution, name=scope)
            self.convolutions[scope].build((None, None, None, input_channels))
            input_channels = channels * width
        self.built = True

    def call(self, image, mask, sketch=None, training=False):
        if self.sketch != (sketch is not None):
            raise ValueError("This network takes a sketch, and none was given." if self.sketch else "This network takes no sketch.")
        features = tf.concat([image, mask] if sketch is None else [image, mask, sketch], axis=-1)
        for scope, _ in CONVOLUTIONS:
            features = self.convolutions[scope](features, training=training)
        return tf.cast(features, tf.float32)

    def checkpoint_variables(self):
        """The variables by their names in the authors' checkpoints: {"discriminator/sn_patch_gan/conv1/kernel": variable, ...}."""
        variables = {}
        for scope, normalised in self.convolutions.items():
            prefix = f"discriminator/sn_patch_gan/{scope}"
            variables[f"{prefix}/kernel"] = normalised.layer.kernel
            variables[f"{prefix}/bias"] = normalised.layer.bias
            variables[f"{prefix}/kernel_sn/u"] = normalised.u
        return variables


def _leaky_relu(features):
    return tf.nn.leaky_relu(features, alpha=0.2)
