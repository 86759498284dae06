"""Vanilla convolution: one filter at every position, whether its window shows the photo or the hole.

    output = activation(W * input + b)

Padding is TensorFlow's 'SAME'. With `upsample=True` the input is first doubled in height and width by repetition (nearest
neighbour), as the network's `up` layers do. `GatedConv2D` and `PartialConv2D` are this convolution with another rule around it.

Kernels begin at random, scaled so that features neither fade nor grow from layer to layer: see `INITIAL_SCALE`.
"""

import math

import tensorflow as tf
from tensorflow import keras


@keras.utils.register_keras_serializable(package="gated_inpaint")
class VanillaConv2D(keras.layers.Layer):
    """2-D convolution.

    Arguments:
      filters: channels of the convolution, and of the output.
      kernel_size: height and width of the kernel, in pixels; one number for a square.
      strides: stride in both directions; two numbers for each its own.
      dilation_rate: spacing of the kernel's taps, likewise. Not together with a stride or with `upsample`.
      upsample: double height and width by repetition before the convolution. Only with a 3x3 kernel, stride 1 and 'same' padding.
      activation: name of, or callable for, the activation; None for none.
      padding: 'same' as TensorFlow has it, or 'valid'.
      use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as of `keras.layers.Conv2D`; the kernel's initialiser is by default that of the module.

    Call arguments:
      inputs: [batch, height, width, channels], float.
      padding: 'VALID' where the caller has put around the inputs what surrounds them; None for the layer's own.

    Output shape: as of `keras.layers.Conv2D`; twice the height and width if `upsample`.

    Example:
      >>> VanillaConv2D(34, 5)(tf.zeros([1, 64, 96, 5])).shape
      TensorShape([1, 64, 96, 34])
    """

    # Whether to compute in the way that XLA compiles best on a GPU; training sets it. The result is the same. See `_convolve`.
    for_xla = False

    # Variance of an initial kernel, times the number of inputs that one output has: 1 / mean of elu(x)^2, x normally distributed.
    INITIAL_SCALE = 1.55

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        dilation_rate=1,
        upsample=False,
        activation="elu",
        padding="same",
        use_bias=True,
        kernel_initializer=None,
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=keras.regularizers.get(activity_regularizer), **kwargs)
        name = type(self).__name__
        self.filters = filters
        self.kernel_size, self.strides, self.dilation_rate = map(_pair, (kernel_size, strides, dilation_rate))
        self.upsample = upsample
        self.activation = keras.activations.get(activation)
        self.padding = padding.lower()
        self.use_bias = use_bias
        if kernel_initializer is None:
            kernel_initializer = keras.initializers.VarianceScaling(self.INITIAL_SCALE, "fan_in")
        self.kernel_initializer, self.bias_initializer = map(keras.initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(keras.regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(keras.constraints.get, (kernel_constraint, bias_constraint))

        if filters < 1:
            raise ValueError(f"{name} makes at least one channel: filters must be positive, not {filters}.")
        if self.padding not in ("same", "valid"):
            raise ValueError(f"{name} pads 'same' or 'valid', not {padding!r}.")
        if max(self.dilation_rate) > 1 and max(self.strides) > 1:
            raise ValueError(f"{name} takes a stride or a dilation, not both: strides={strides}, dilation_rate={dilation_rate}.")
        if upsample and (self.kernel_size, self.strides, self.dilation_rate, self.padding) != ((3, 3), (1, 1), (1, 1), "same"):
            raise ValueError(
                f"{name} upsamples only in front of a plain 3x3 kernel: "
                f"kernel_size={kernel_size}, strides={strides}, dilation_rate={dilation_rate}, padding={padding!r}."
            )

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
            shape=(*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def call(self, inputs, padding=None):
        return self.activation(self._biased(self._convolve(inputs, tf.convert_to_tensor(self.kernel), padding), self.bias))

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        return (batch, *map(self._output_side, sides, range(2)), self.output_channels)

    def _output_side(self, side, axis):
        if side is None or self.upsample:
            return side and 2 * side
        reach = 0 if self.padding == "same" else self.dilation_rate[axis] * (self.kernel_size[axis] - 1)
        return math.ceil((side - reach) / self.strides[axis])

    def _biased(self, maps, bias):
        return maps if bias is None else tf.nn.bias_add(maps, tf.convert_to_tensor(bias))

    def _convolve(self, inputs, kernel, padding):
        if self.upsample:
            return _convolve_doubled(inputs, kernel)
        padding = padding or self.padding.upper()
        if max(self.dilation_rate) > 1 and (self.for_xla or inputs.dtype in (tf.float16, tf.float64)):
            # By way of the batch. TensorFlow has no gradient of dilated convolutions in these types on a CPU. And XLA's gradient of
            # their kernels is a convolution whose window is the whole map: on an H100 it took a third of a training step.
            return tf.nn.with_space_to_batch(
                inputs,
                self.dilation_rate,
                padding,
                lambda stacked, *_: tf.nn.conv2d(stacked, kernel, 1, "VALID"),
                filter_shape=kernel.shape,
            )
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
            "padding": self.padding,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }


def _pair(value):
    """Of a height and a width: (value, value) of one number, else the two as a tuple."""
    return (value, value) if isinstance(value, int) else tuple(value)


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
