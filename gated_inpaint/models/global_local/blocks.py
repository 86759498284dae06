"""What both networks are made of: a convolution, batch normalisation and ReLU.

The paper, and mmagic, normalise before the ReLU; the PyTorch port after it. Weights of one order
are of no use in the other.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import BatchNorm, VanillaConv2D

LAYER_ORDERS = ("norm_relu", "relu_norm")


def exact_dtype(layer_dtype):
    """The dtype of what must not be in bfloat16, next to layers of this one: statistics, and pictures."""
    return "float64" if layer_dtype == "float64" else "float32"


class Block(keras.layers.Layer):
    """A row of a table.

    Arguments:
      row: `tables.Row`.
      width: base width.
      layer_order: "norm_relu" or "relu_norm".
      input_channels: the block is built at once.

    Call with float [batch, height, width, channels]; training and moves_statistics as of
    `BatchNorm`.
    """

    def __init__(self, row, width, layer_order, input_channels, dtype, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.filters, self.layer_order = int(row.channels * width), layer_order
        self.margin = row.rate * (row.kernel - 1) // 2 if row.stride > 1 else 0
        if row.doubles:
            self.convolution = keras.layers.Conv2DTranspose(
                self.filters, row.kernel, 2, "same", kernel_initializer="he_normal", name="convolution", dtype=dtype
            )
        else:
            padding = "valid" if self.margin else "same"
            options = self.filters, row.kernel, row.stride, row.rate, False, None, padding
            self.convolution = VanillaConv2D(*options, kernel_initializer="he_normal", name="convolution", dtype=dtype)
        self.norm = BatchNorm(name="norm", dtype=exact_dtype(dtype))
        self.convolution.build((None, None, None, input_channels))
        self.norm.build((None, None, None, self.filters))
        self.built = True

    def call(self, features, training=False, moves_statistics=True):
        if self.margin:
            margin = [self.margin] * 2
            features = tf.pad(features, [[0, 0], margin, margin, [0, 0]])
        features = self.convolution(features)
        if self.layer_order == "relu_norm":
            features = tf.nn.relu(features)
        features = self.norm(features, training=training, moves_statistics=moves_statistics)
        return tf.nn.relu(features) if self.layer_order == "norm_relu" else features

    def named_variables(self):
        """{"kernel": variable, ...} of the convolution and of the normalisation."""
        of_norm = ("gamma", "beta", "moving_mean", "moving_variance")
        return {
            **{name: getattr(self.convolution, name) for name in ("kernel", "bias")},
            **{name: getattr(self.norm, name) for name in of_norm},
        }


def check_layer_order(layer_order):
    """Raises ValueError if it is none."""
    if layer_order not in LAYER_ORDERS:
        raise ValueError(f"The layer order is one of {', '.join(LAYER_ORDERS)}, not {layer_order!r}.")
