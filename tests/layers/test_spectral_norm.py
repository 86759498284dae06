import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import GatedConv2D, SpectralNorm


def largest_singular_value(kernel):
    return np.linalg.svd(np.reshape(kernel, [-1, kernel.shape[-1]]), compute_uv=False)[0]


@pytest.mark.parametrize(
    "layer, inputs",
    [
        (lambda: keras.layers.Conv2D(7, 3, bias_initializer="ones"), [2, 9, 9, 4]),
        (lambda: keras.layers.Dense(5, bias_initializer="ones"), [3, 8]),
        (lambda: GatedConv2D(6, 3), [2, 9, 9, 4]),
    ],
)
def test_divides_the_kernel_of_any_layer_by_its_largest_singular_value(layer, inputs):
    inputs = tf.random.stateless_normal(inputs, [0, 0])
    normalised = SpectralNorm(layer())
    for _ in range(200):
        normalised(inputs, training=True)
    kernel = normalised.layer.kernel.numpy()
    result = normalised(inputs)
    np.testing.assert_array_equal(normalised.layer.kernel, kernel)  # The variable itself is left alone,
    normalised.layer.kernel.assign(kernel / largest_singular_value(kernel))
    np.testing.assert_allclose(result, normalised.layer(inputs), atol=1e-4)  # and used divided.


def test_one_power_iteration_in_a_training_pass_and_none_kept_otherwise():
    normalised = SpectralNorm(keras.layers.Dense(5))
    inputs = tf.ones([1, 8])
    normalised(inputs)
    u, matrix = normalised.u.numpy(), normalised.layer.kernel.numpy()
    normalised(inputs)
    np.testing.assert_array_equal(normalised.u, u)
    normalised(inputs, training=True)
    v = u @ matrix.T / np.linalg.norm(u @ matrix.T)
    np.testing.assert_allclose(normalised.u, v @ matrix / np.linalg.norm(v @ matrix), atol=1e-6)


def test_gradients_flow_through_the_norm():
    normalised = SpectralNorm(keras.layers.Dense(3, use_bias=False))
    inputs = tf.random.stateless_normal([4, 6], [0, 0])
    for _ in range(200):
        normalised(inputs, training=True)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.sin(normalised(inputs)))
    gradient = tape.gradient(total, normalised.layer.kernel)
    # The result does not depend on the kernel's scale, so the gradient has nothing along it.
    kernel = tf.convert_to_tensor(normalised.layer.kernel)
    assert abs(float(tf.reduce_sum(gradient * kernel))) < 1e-4 < float(tf.norm(gradient))


def test_only_the_kernel_and_bias_are_trained():
    normalised = SpectralNorm(keras.layers.Dense(5))
    normalised(tf.ones([1, 8]))
    assert len(normalised.trainable_variables) == 2
    assert [tuple(variable.shape) for variable in normalised.non_trainable_variables] == [(1, 5)]


def test_works_in_a_graph_of_unknown_size_and_leaves_the_layer_whole():
    normalised = SpectralNorm(keras.layers.Conv2D(7, 3))
    eager = normalised(tf.ones([2, 9, 9, 4]))
    signature = [tf.TensorSpec([None, None, None, 4])]
    graph = tf.function(lambda inputs: normalised(inputs, training=True), input_signature=signature)
    np.testing.assert_allclose(graph(tf.ones([2, 9, 9, 4])), eager, atol=1e-6)
    assert normalised.layer.kernel is normalised.trainable_variables[0]


def test_norm_is_float32_around_a_mixed_precision_layer():
    normalised = SpectralNorm(keras.layers.Conv2D(7, 3, dtype="mixed_bfloat16"))
    assert normalised(tf.ones([2, 9, 9, 4])).dtype == tf.bfloat16
    assert normalised.u.dtype == "float32"


def test_needs_a_kernel():
    with pytest.raises(ValueError, match="needs a layer with a kernel"):
        SpectralNorm(keras.layers.ReLU())(tf.ones([1, 2]))


def test_config_round_trip():
    layer = SpectralNorm(GatedConv2D(8, 3), name="normalised")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(copy, SpectralNorm) and isinstance(copy.layer, GatedConv2D)
    assert copy.get_config() == layer.get_config()
