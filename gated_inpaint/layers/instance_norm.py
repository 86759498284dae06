"""Instance normalisation: each channel of each picture is brought to mean 0 and variance 1 over its positions.

    output = gamma * (input - mean) / sqrt(variance + epsilon) + beta

The variance is a mean over all positions. Keras' `GroupNormalization` of as many groups as channels computes the same with more
operations: of Keras 2 they were a third of the graph of a CSA step.

Reference: "Instance Normalization: The Missing Ingredient for Fast Stylization", arXiv 1607.08022.
"""

import tensorflow as tf
from tensorflow import keras


@keras.utils.register_keras_serializable(package="gated_inpaint")
class InstanceNorm(keras.layers.Layer):
    """Instance normalisation.

    Arguments:
      epsilon: is added to variances.
      affine: whether each channel has a weight `gamma` and an offset `beta` that are learned.

    Call with float [batch, height, width, channels]; returns the same shape. Statistics are computed in the layer's dtype, so it
    should be float32 also where convolutions are not.

    Example:
      >>> InstanceNorm()(tf.zeros([1, 64, 96, 5])).shape
      TensorShape([1, 64, 96, 5])
    """

    def __init__(self, epsilon=1e-5, affine=True, **kwargs):
        super().__init__(**kwargs)
        self.epsilon, self.affine = epsilon, affine

    def build(self, input_shape):
        if self.affine:
            shape = (input_shape[-1],)
            self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
            self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.built = True

    def call(self, inputs):
        mean, variance = tf.nn.moments(inputs, [1, 2], keepdims=True)
        gamma, beta = (tf.convert_to_tensor(one) for one in (self.gamma, self.beta)) if self.affine else (None, None)
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "affine": self.affine}
