"""Batch normalisation as PyTorch and Torch have it, so that networks trained there go on as they were.

In training a feature is normalised by the mean and variance of its channel over the batch, over all replicas of a distribution
strategy together. Outside training the running statistics take their place:

    running = momentum * running + (1 - momentum) * batch's

The batch's variance is a mean over all n values. The one that goes into the running variance is divided by n - 1 instead: Keras'
own layer does that where it is fused, and not otherwise.

Reference: "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", arXiv 1502.03167.
"""

import tensorflow as tf
from tensorflow import keras


@keras.utils.register_keras_serializable(package="gated_inpaint")
class BatchNorm(keras.layers.Layer):
    """Batch normalisation over all axes but the last.

    Arguments:
      momentum: of the running statistics, how much stays; PyTorch's `momentum` is 1 less this.
      epsilon: is added to variances.

    Call arguments:
      inputs: float [batch, height, width, channels].
      training: normalise by the batch's statistics rather than the running ones.
      moves_statistics: whether a training pass moves the running statistics.

    Statistics are computed in the layer's dtype, so it should be float32 also where convolutions are not.

    Example:
      >>> BatchNorm()(tf.zeros([1, 64, 96, 5])).shape
      TensorShape([1, 64, 96, 5])
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        def add(name, initializer, trainable):
            return self.add_weight(name=name, shape=(input_shape[-1],), initializer=initializer, trainable=trainable)

        self.gamma, self.beta = add("gamma", "ones", True), add("beta", "zeros", True)
        self.moving_mean, self.moving_variance = add("moving_mean", "zeros", False), add("moving_variance", "ones", False)
        self.built = True

    def call(self, inputs, training=False, moves_statistics=True):
        moving = [tf.convert_to_tensor(variable) for variable in (self.moving_mean, self.moving_variance)]
        mean, variance = self._batch_statistics(inputs, moving if moves_statistics else None) if training else moving
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)

    def _batch_statistics(self, inputs, moving):
        """Mean and variance of each channel; `moving`, the running ones, are moved towards them unless it is None."""
        replicas = tf.distribute.get_replica_context()
        several = replicas is not None and replicas.num_replicas_in_sync > 1

        def mean_of(values):
            mean = tf.reduce_mean(values, axis=list(range(len(inputs.shape) - 1)))
            return replicas.all_reduce(tf.distribute.ReduceOp.MEAN, mean) if several else mean

        mean = mean_of(inputs)
        variance = mean_of(tf.math.squared_difference(inputs, mean))
        if moving is not None:
            count = tf.size(inputs) // inputs.shape[-1] * (replicas.num_replicas_in_sync if several else 1)
            unbiased = variance * tf.cast(count / tf.maximum(count - 1, 1), variance.dtype)
            for variable, before, of_batch in zip((self.moving_mean, self.moving_variance), moving, (mean, unbiased)):
                variable.assign(self.momentum * before + (1.0 - self.momentum) * of_batch)
        return mean, variance

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}
