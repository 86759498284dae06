"""The SN-PatchGAN discriminator: scores how real every patch of a picture looks.

Six 5x5 convolutions of stride 2, each kernel divided by its spectral norm, leaky ReLU after each. Every element of the last
feature map is one score, so that a free-form hole anywhere in the picture is scored where it is.

Conventions are those of `gated_inpaint.types`. Channels are in units of the base width, 64 as released.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.3.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import SpectralNorm
from gated_inpaint.models.contract import Network

RELEASED_WIDTH = 64

# Checkpoint scope and channels of each 5x5 convolution of stride 2.
CONVOLUTIONS = (("conv1", 1), ("conv2", 2), ("conv3", 4), ("conv4", 4), ("conv5", 4), ("conv6", 4))


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v2")
class Discriminator(Network):
    """The patch discriminator.

    Arguments:
      width: base width; 64 as released.
      sketch: whether it sees a sketch beside picture and mask.
      dtype: "float32", or "mixed_bfloat16" for the convolutions. By default what Keras' global policy says.

    Call with `Inputs`, whose image is whole: the photo, or a completed picture. In a training pass the spectral norms' vectors are
    updated. Returns the scores, float32 [batch, ceil(height / 64), ceil(width / 64), 4 * width].

    Raises:
      ValueError: a sketch is missing, or given to a network without one.
    """

    def __init__(self, width=RELEASED_WIDTH, sketch=False, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.width = width
        self.takes_sketch = sketch
        input_channels = 5 if sketch else 4
        for scope, channels in CONVOLUTIONS:
            convolution = keras.layers.Conv2D(
                channels * width, 5, strides=2, padding="same", activation=_leaky_relu, dtype=self.layer_dtype
            )
            normalised = SpectralNorm(convolution, name=scope)
            normalised.build((None, None, None, input_channels))
            setattr(self, scope, normalised)
            input_channels = channels * width
        self.built = True

    def call(self, inputs, training=False):
        image, mask, sketch = self.checked_inputs(inputs)
        features = tf.concat([image, mask] if sketch is None else [image, mask, sketch], axis=-1)
        for scope, _ in CONVOLUTIONS:
            features = getattr(self, scope)(features, training=training)
        return tf.cast(features, tf.float32)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "sketch": self.takes_sketch}

    def named_variables(self):
        """{"discriminator/sn_patch_gan/conv1/kernel": variable, ...}"""
        variables = {}
        for scope, _ in CONVOLUTIONS:
            prefix, normalised = f"discriminator/sn_patch_gan/{scope}", getattr(self, scope)
            variables[f"{prefix}/kernel"] = normalised.layer.kernel
            variables[f"{prefix}/bias"] = normalised.layer.bias
            variables[f"{prefix}/kernel_sn/u"] = normalised.u
        return variables


@keras.utils.register_keras_serializable(package="gated_inpaint.deepfill_v2")
def _leaky_relu(features):
    return tf.nn.leaky_relu(features, alpha=0.2)
