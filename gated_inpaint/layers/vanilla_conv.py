"""Vanilla convolution: one filter at every position, whether its window shows the photo or the hole.

    output = activation(W * input + b)

Padding is TensorFlow's 'SAME'. With `upsample=True` the input is first doubled in height and width by repetition (nearest
neighbour), as the network's `up` layers do. `GatedConv2D` and `PartialConv2D` are this convolution with another rule around it.

Kernels begin at random, scaled so that features neither fade nor grow from layer to layer: see `INITIAL_SCALE`.
"""

import tensorflow as tf
from tensorflow import keras


@keras.utils.register_keras_serializable(package="gated_inpaint")
class VanillaConv2D(keras.layers.Layer):
    """2-D convolution.

    Arguments:
      filters: channels of the convolution, and of the output.
      kernel_size: side of the square kernel, in pixels.
      strides: stride in both directions.
      dilation_rate: spacing of the kernel's taps in both directions. Not together with a stride or with `upsample`.
      upsample: double height and width by repetition before the convolution. Only with a 3x3 kernel and stride 1.
      activation: name of, or callable for, the activation; None for none.

    Call arguments:
      inputs: [batch, height, width, channels], float.
      padding: 'SAME', or 'VALID' where the caller has put around the inputs what surrounds them; 'SAME' always if `upsample`.

    Output shape: [batch, ceil(height / strides), ceil(width / strides), filters], twice the height and width if `upsample`.

    Example:
      >>> VanillaConv2D(34, 5)(tf.zeros([1, 64, 96, 5])).shape
      TensorShape([1, 64, 96, 34])
    """

    # Variance of an initial kernel, times the number of inputs that one output has: 1 / mean of elu(x)^2, x normally distributed.
    INITIAL_SCALE = 1.55

    def __init__(self, filters, kernel_size, strides=1, dilation_rate=1, upsample=False, activation="elu", **kwargs):
        super().__init__(**kwargs)
        name = type(self).__name__
        if filters < 1:
            raise ValueError(f"{name} makes at least one channel: filters must be positive, not {filters}.")
        if dilation_rate > 1 and strides > 1:
            raise ValueError(f"{name} takes a stride or a dilation, not both: strides={strides}, dilation_rate={dilation_rate}.")
        if upsample and (kernel_size, strides, dilation_rate) != (3, 1, 1):
            raise ValueError(
                f"{name} upsamples only in front of a plain 3x3 kernel: "
                f"kernel_size={kernel_size}, strides={strides}, dilation_rate={dilation_rate}."
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.dilation_rate = dilation_rate
        self.upsample = upsample
        self.activation = keras.activations.get(activation)

    @property
    def output_channels(self):
        return self.filters

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{type(self).__name__} needs to know its number of input channels: the input's shape is {input_shape}."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels, self.filters),
            initializer=keras.initializers.VarianceScaling(self.INITIAL_SCALE, "fan_in"),
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.built = True

    def call(self, inputs, padding="SAME"):
        convolved = self._convolve(inputs, tf.convert_to_tensor(self.kernel), padding)
        return self.activation(tf.nn.bias_add(convolved, tf.convert_to_tensor(self.bias)))

    def _convolve(self, inputs, kernel, padding):
        if self.upsample:
            return _convolve_doubled(inputs, kernel)
        return tf.nn.conv2d(inputs, kernel, self.strides, padding, dilations=self.dilation_rate)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "upsample": self.upsample,
            "activation": keras.activations.serialize(self.activation),
        }


def _convolve_doubled(inputs, kernel):
    """A 3x3 'SAME' convolution of `inputs` doubled by repetition, for 4/9 of the multiplications.

    Where an input pixel stands for 2x2 equal ones, the kernel taps that fall on it can be summed first. The sum over the 2x2
    copies is a 4x4 kernel, and one input pixel spreads over 4x4 output pixels: a transposed convolution of stride 2.
    """
    flipped = kernel[::-1, ::-1]
    over_rows = tf.pad(flipped, [[1, 0], [0, 0], [0, 0], [0, 0]]) + tf.pad(flipped, [[0, 1], [0, 0], [0, 0], [0, 0]])
    summed = tf.pad(over_rows, [[0, 0], [1, 0], [0, 0], [0, 0]]) + tf.pad(over_rows, [[0, 0], [0, 1], [0, 0], [0, 0]])
    batch, height, width, _ = tf.unstack(tf.shape(inputs))
    outputs = tf.nn.conv2d_transpose(
        inputs, tf.transpose(summed, [0, 1, 3, 2]), [batch, 2 * height, 2 * width, kernel.shape[3]], 2, "SAME"
    )
    # With a height and width known beforehand, say so to the layers that follow.
    doubled = [side and 2 * side for side in inputs.shape[1:3]]
    outputs.set_shape([inputs.shape[0], *doubled, kernel.shape[3]])
    return outputs
