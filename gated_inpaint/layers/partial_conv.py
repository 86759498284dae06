"""Partial convolution: a convolution of the known pixels alone, scaled up for those that its window lacks.

Over the window of the kernel, with known = 1 - mask and size the kernel's height times width:

    output = activation(W * (input . known) * size / sum(known) + b)   and mask' = 0   where sum(known) > 0
    output = activation(0)                                             and mask' = 1   where the window knows nothing

Masks are 1 in the hole, as everywhere in this package (the paper's are 1 at known pixels), and one mask serves all channels. What
lies outside the picture counts as unknown. A layer returns its output and mask', which is what the next layer takes: every layer
shrinks the hole by the reach of its kernel, until nothing of it is left.

Padding is TensorFlow's 'SAME'. With `upsample=True` input and mask are first doubled in height and width by repetition.

Reference: "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723, section 3.1.
"""

import math

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers.vanilla_conv import VanillaConv2D


@keras.utils.register_keras_serializable(package="gated_inpaint")
class PartialConv2D(VanillaConv2D):
    """2-D partial convolution.

    Arguments:
      as of `VanillaConv2D`.

    Call arguments:
      inputs: [batch, height, width, channels], float and finite. What they hold in the hole is ignored.
      mask: [batch, height, width, 1], bool or float, true or 1 in the hole.
      padding: 'VALID' where the caller has put around inputs and mask what surrounds them (outside the picture the mask is 1);
        None for the layer's own.

    Returns:
      The output, [batch, ceil(height / strides), ceil(width / strides), filters], twice the height and width if `upsample`; and
      its mask, of the same size with one channel, of the given mask's dtype.

    Example:
      >>> mask = np.pad(np.ones([1, 3, 4, 1]), [[0, 0], [5, 0], [6, 0], [0, 0]])
      >>> output, mask = PartialConv2D(34, 3)(tf.zeros([1, 8, 10, 5]), mask)
      >>> output.shape, int(tf.reduce_sum(mask))
      (TensorShape([1, 8, 10, 34]), 6)
    """

    INITIAL_SCALE = 1.0  # By trial: scaling up for what windows lack does the rest. At a vanilla convolution's, features grow.

    def call(self, inputs, mask, padding=None):
        known = tf.cast(1.0 - tf.cast(mask, tf.float32), inputs.dtype)
        sums = self._convolve(inputs * known, tf.convert_to_tensor(self.kernel), padding)
        count = self._count_known(mask, padding)
        knows = count > 0.5
        scale = tf.cast(math.prod(self.kernel_size) / tf.maximum(count, 1.0), sums.dtype)
        outputs = self._biased(sums * scale, self.bias)
        return self.activation(outputs * tf.cast(knows, outputs.dtype)), tf.cast(~knows, mask.dtype)

    def compute_output_shape(self, inputs_shape, mask_shape):
        shape = super().compute_output_shape(inputs_shape)
        return shape, (*shape[:3], 1)

    def compute_output_spec(self, inputs, mask, padding=None):  # Of Keras 3, which cannot know the mask's dtype.
        shape, mask_shape = self.compute_output_shape(inputs.shape, mask.shape)
        return keras.KerasTensor(shape, self.compute_dtype), keras.KerasTensor(mask_shape, mask.dtype)

    def mask_after(self, mask):
        """The mask that a call returns, without the call."""
        return tf.cast(self._count_known(mask, None) <= 0.5, mask.dtype)

    def _count_known(self, mask, padding):
        """How many known pixels each window has, float32 [batch, height, width, 1] of the output."""
        # With ones for a kernel. (Compare with 0.5: some processors' convolutions are not exact.)
        return self._convolve(1.0 - tf.cast(mask, tf.float32), tf.ones([*self.kernel_size, 1, 1]), padding)
