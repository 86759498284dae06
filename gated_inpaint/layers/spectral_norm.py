"""Spectral normalisation: divides a layer's kernel by its largest singular value, so that the layer is at most 1-Lipschitz.

The kernel, as a matrix W [everything else, output channels], has its largest singular value estimated by power iteration from a
saved vector u [1, output channels]:

    v = l2(u W^T),  u' = l2(v W),  sigma = v W u'^T,  l2(x) = x / |x|

One iteration runs in every pass; in a training pass u' replaces u. Gradients flow through sigma and through the iteration, as in
the authors' release. The wrapped layer's own kernel is never changed: it stays the variable that the optimiser trains.

Reference: "Spectral Normalization for Generative Adversarial Networks", arXiv 1802.05957.
"""

import contextlib

import tensorflow as tf
from tensorflow import keras

SMALLEST_LENGTH = 1e-12


@keras.utils.register_keras_serializable(package="gated_inpaint")
class SpectralNorm(keras.layers.Wrapper):
    """Runs any layer that has a `kernel` with that kernel divided by its spectral norm.

    Arguments:
      layer: a Keras layer which makes a variable `kernel`, output channels last, when built.

    Input and output are the layer's. The norm is computed in float32 whatever the layer's precision.

    Raises:
      ValueError: when built around a layer without a `kernel`.

    Example:
      >>> SpectralNorm(keras.layers.Conv2D(64, 5, strides=2, padding="same"))(tf.zeros([1, 64, 64, 4])).shape
      TensorShape([1, 32, 32, 64])
    """

    def __init__(self, layer, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(layer, **kwargs)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        # Keras 2's own Wrapper looks for the format of the wrapped layer in the wrong place.
        layer = keras.layers.deserialize(config["layer"], custom_objects=custom_objects)
        return cls(layer, **{name: value for name, value in config.items() if name != "layer"})

    def build(self, input_shape=None):
        super().build(input_shape)
        if getattr(self.layer, "kernel", None) is None:
            raise ValueError(
                f"SpectralNorm needs a layer with a kernel, and {self.layer.name} ({type(self.layer).__name__}) has none."
            )
        self.u = self.add_weight(
            name="u", shape=(1, self.layer.kernel.shape[-1]), initializer="random_normal", trainable=False, dtype="float32"
        )
        self.built = True

    def call(self, inputs, training=False):
        kernel = tf.convert_to_tensor(self.layer.kernel)
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
        v = _unit(tf.matmul(self.u, matrix, transpose_b=True))
        next_u = _unit(tf.matmul(v, matrix))
        sigma = tf.matmul(tf.matmul(v, matrix), next_u, transpose_b=True)
        if training:
            self.u.assign(next_u)
        with _kernel_replaced(self.layer, tf.cast(kernel / sigma, self.layer.compute_dtype)):
            return self.layer(inputs)


def _unit(vector):
    return vector / (tf.norm(vector) + SMALLEST_LENGTH)


@contextlib.contextmanager
def _kernel_replaced(layer, kernel):
    """Lets `layer` compute with the tensor `kernel`; its variable, and Keras's tracking of it, stay as they are.

    The attribute that holds the variable is `kernel` in Keras 2 and `_kernel` behind a property in Keras 3. It is exchanged in the
    instance's dictionary, since an assignment would have Keras track the new value.
    """
    variable = layer.kernel
    attribute = next(name for name, value in vars(layer).items() if value is variable)
    vars(layer)[attribute] = kernel
    try:
        yield
    finally:
        vars(layer)[attribute] = variable
