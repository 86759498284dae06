import numpy as np
import pytest
import tensorflow as tf
from conftest import random_features, with_random_weights
from tensorflow import keras

from gated_inpaint.layers import VanillaConv2D


@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"dilation_rate": 4}, {"activation": "relu"}])
def test_is_that_of_keras(options):
    layer = with_random_weights(VanillaConv2D(7, 3, **options))
    plain = keras.layers.Conv2D(7, 3, padding="same", **{"activation": "elu", **options})
    plain.build((None, None, None, 5))
    for new, old in zip(plain.variables, layer.variables):
        new.assign(old)
    np.testing.assert_allclose(layer(random_features()), plain(random_features()), atol=1e-5)


def test_upsampling_doubles_first():
    layer, plain = (with_random_weights(VanillaConv2D(7, 3, upsample=upsample)) for upsample in (True, False))
    doubled = tf.repeat(tf.repeat(random_features(), 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(layer(random_features()), plain(doubled), atol=1e-5)


def test_config_round_trip():
    layer = VanillaConv2D(7, 3, dilation_rate=2, activation=None, name="vanilla", dtype="mixed_bfloat16")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(copy, VanillaConv2D) and copy.get_config() == layer.get_config()


def test_kernels_begin_as_told():
    for initializer, variance in ((None, VanillaConv2D.INITIAL_SCALE / (9 * 40)), ("glorot_uniform", 2 / (9 * 40 + 9 * 60))):
        layer = VanillaConv2D(60, 3, kernel_initializer=initializer)
        layer.build((None, None, None, 40))
        np.testing.assert_allclose(np.var(layer.kernel), variance, rtol=0.05)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"filters": 0}, "must be positive, not 0"),
        ({"strides": 2, "dilation_rate": 2}, "VanillaConv2D takes .* strides=2, dilation_rate=2"),
        ({"kernel_size": 5, "upsample": True}, "kernel_size=5"),
    ],
)
def test_refuses_what_it_cannot_do(options, words):
    with pytest.raises(ValueError, match=words):
        VanillaConv2D(**{"filters": 8, "kernel_size": 3, **options})
