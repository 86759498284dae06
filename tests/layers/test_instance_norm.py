import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import InstanceNorm

FEATURES = np.random.default_rng(0).normal([3.0, -1.0], [0.5, 2.0], (2, 4, 5, 2)).astype(np.float32)


@pytest.mark.parametrize("affine", [True, False])
def test_output_and_gradient_are_those_of_keras_own(affine):
    layer = InstanceNorm(affine=affine)
    theirs = keras.layers.GroupNormalization(2, epsilon=1e-5, scale=affine, center=affine)
    for one in (layer, theirs):
        one.build(FEATURES.shape)
        for variable, value in zip(one.trainable_variables, ([2.0, 0.5], [1.0, -1.0])):
            variable.assign(value)
    outputs, gradients = [], []
    for one in (layer, theirs):
        features = tf.constant(FEATURES)
        with tf.GradientTape() as tape:
            tape.watch(features)
            outputs.append(one(features))
            loss = tf.reduce_sum(outputs[-1] ** 3)
        gradients.append(tape.gradient(loss, [features, *(one.trainable_variables)]))
    np.testing.assert_allclose(*outputs, atol=1e-5)
    assert len(gradients[0]) == (3 if affine else 1)
    for ours, expected in zip(*gradients):
        np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_as_a_layer_of_keras(tmp_path):
    features = keras.Input((None, None, 2))
    layer = InstanceNorm(1e-3, affine=False, name="norm")
    keras.Model(features, layer(features)).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    assert model.get_layer("norm").get_config() == layer.get_config()
    np.testing.assert_array_equal(model(FEATURES), layer(FEATURES))
