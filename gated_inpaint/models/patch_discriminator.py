"""The discriminator of pix2pix, which Shift-Net and CSA share: a score for each patch of 70x70
pixels.

Five 4x4 convolutions, the first three of stride 2, padded by one zero on each side: 256x256 pixels
give 30x30 scores. Instance normalisation behind all but the first and the last, leaky ReLU behind
all but the last. With spectral normalisation every kernel is divided by its spectral norm.

Reference: "Image-to-Image Translation with Conditional Adversarial Networks", arXiv 1611.07004,
section 3.2.2.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import SpectralNorm
from gated_inpaint.models.contract import Network
from gated_inpaint.models.unet import INITIAL_DEVIATION, SLOPE, instance_norm, named_weights

RELEASED_WIDTH = 64

# Place among the authors' modules: channels in units of the base width, stride. The normalisation has the next place.
CONVOLUTIONS = {0: (1, 2), 2: (2, 2), 5: (4, 2), 8: (8, 1), 11: (None, 1)}
NORMALISED = (2, 5, 8)
NORMALISATIONS = tuple(place + 1 for place in NORMALISED)


@keras.utils.register_keras_serializable(package="gated_inpaint")
class PatchDiscriminator(Network):
    """The patch discriminator.

    Arguments:
      width: base width; 64 as released.
      spectral: whether kernels are divided by their spectral norms.

    Call with pictures, float32 [batch, height, width, 3] in [-1, 1], of 24 pixels a side at least.
    In a training pass the spectral norms' vectors are updated. Returns scores, float32 [batch,
    height // 8 - 2, width // 8 - 2, 1], unbounded.
    """

    def __init__(self, width=RELEASED_WIDTH, spectral=True, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.width, self.spectral = width, spectral
        inputs = 3
        for place, (channels, stride) in CONVOLUTIONS.items():
            filters = channels * width if channels else 1
            initializer = keras.initializers.RandomNormal(stddev=INITIAL_DEVIATION)
            layer = keras.layers.Conv2D(filters, 4, stride, kernel_initializer=initializer, dtype=self.layer_dtype)
            if spectral:
                layer = SpectralNorm(layer)
            layer.build((None, None, None, inputs))
            setattr(self, f"convolution_{place}", layer)
            if place in NORMALISED:
                setattr(self, f"normalisation_{place}", instance_norm(filters, f"normalisation_{place}"))
            inputs = filters
        self.built = True

    def call(self, pictures, training=False):
        features = pictures
        for place in CONVOLUTIONS:
            features = tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])
            convolution = getattr(self, f"convolution_{place}")
            features = convolution(features, training=training) if self.spectral else convolution(features)
            if place in NORMALISED:
                features = getattr(self, f"normalisation_{place}")(features)
            if place != max(CONVOLUTIONS):
                features = tf.nn.leaky_relu(features, alpha=SLOPE)
        return tf.cast(features, tf.float32)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "spectral": self.spectral}

    def named_variables(self):
        """{"net_D/model.0/kernel": variable, "net_D/model.3/gamma": variable, "net_D/model.0/u": variable, ...}"""
        found = {}
        for place in CONVOLUTIONS:
            convolution = getattr(self, f"convolution_{place}")
            weights = named_weights(convolution.layer if self.spectral else convolution)
            if self.spectral:
                weights["u"] = convolution.u
            found.update({f"net_D/model.{place}/{name}": variable for name, variable in weights.items()})
            if place in NORMALISED:
                weights = named_weights(getattr(self, f"normalisation_{place}"))
                found.update({f"net_D/model.{place + 1}/{name}": variable for name, variable in weights.items()})
        return found


def shapes_of(width):
    """{name: shape} of a discriminator's variables, without spectral normalisation."""
    shapes, inputs = {}, 3
    for place, (channels, _) in CONVOLUTIONS.items():
        outputs = channels * width if channels else 1
        shapes.update({f"net_D/model.{place}/kernel": (4, 4, inputs, outputs), f"net_D/model.{place}/bias": (outputs,)})
        if place in NORMALISED:
            shapes.update({f"net_D/model.{place + 1}/{name}": (outputs,) for name in ("gamma", "beta")})
        inputs = outputs
    return shapes
