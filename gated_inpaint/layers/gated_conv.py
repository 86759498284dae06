"""Gated convolution: a convolution that learns, per channel and position, how much of its result to let through.

One convolution makes `filters` channels. The first half are features, the second half gates:

    output = activation(features) * sigmoid(gates)

so the output has `filters // 2` channels. Padding is TensorFlow's 'SAME'. With `upsample=True` the input is first doubled in
height and width by repetition (nearest neighbour), as the network's `up` layers do.

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.1.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers.vanilla_conv import VanillaConv2D


@keras.utils.register_keras_serializable(package="gated_inpaint")
class GatedConv2D(VanillaConv2D):
    """2-D gated convolution.

    Arguments:
      filters: channels of the convolution before the split into features and gates; even. The output has half as many.
      activation: name of, or callable for, the activation of the features.
      kernel_size, strides, dilation_rate, upsample, and what else `VanillaConv2D` takes.

    Call arguments:
      inputs: [batch, height, width, channels], float.
      padding: 'VALID' where the caller has put around the inputs what surrounds them; None for the layer's own.

    Output shape: as of `VanillaConv2D` with filters // 2.

    Example:
      >>> GatedConv2D(48, 5)(tf.zeros([1, 64, 96, 5])).shape
      TensorShape([1, 64, 96, 24])
    """

    # 1 / (mean of elu(x)^2 * mean of sigmoid(x)^2): what the gates take away is made up for. The release begins by Glorot's rule,
    # which leaves less than a millionth of the features' size behind sixteen layers: its network hardly sees the photo at first.
    INITIAL_SCALE = 5.3

    def __init__(self, filters, *options, **kwargs):
        if filters < 2 or filters % 2:
            raise ValueError(f"GatedConv2D splits its channels in half: filters must be even and positive, not {filters}.")
        super().__init__(filters, *options, **kwargs)

    @property
    def output_channels(self):
        return self.filters // 2

    def call(self, inputs, padding=None):
        if self.for_xla:  # A GPU is busier with one large convolution, and XLA joins the split to what follows.
            both = self._biased(self._convolve(inputs, tf.convert_to_tensor(self.kernel), padding), self.bias)
            features, gates = tf.split(both, 2, axis=-1)
        else:
            # Two convolutions with the halves of one kernel, not one convolution split afterwards: TensorFlow on the CPU then
            # computes bias and activation inside each convolution, and nothing is copied.
            (feature_kernel, gate_kernel), (feature_bias, gate_bias) = self._halves()
            features = self._biased(self._convolve(inputs, feature_kernel, padding), feature_bias)
            gates = self._biased(self._convolve(inputs, gate_kernel, padding), gate_bias)
        return self.activation(features) * tf.sigmoid(gates)

    def gates(self, inputs):
        """How much of each feature a call lets through: float32 in [0, 1], shaped as its output."""
        (_, kernel), (_, bias) = self._halves()
        inputs, kernel = (tf.cast(tensor, tf.float32) for tensor in (inputs, kernel))
        bias = None if bias is None else tf.cast(bias, tf.float32)
        return tf.sigmoid(self._biased(self._convolve(inputs, kernel, None), bias))

    def _halves(self):
        """Kernels, then biases (or twice None), of features and gates."""
        biases = (None, None) if self.bias is None else tf.split(tf.convert_to_tensor(self.bias), 2)
        return tf.split(tf.convert_to_tensor(self.kernel), 2, axis=-1), biases
