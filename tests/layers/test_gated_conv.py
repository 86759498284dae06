import numpy as np
import pytest
import tensorflow as tf
from conftest import random_features, with_random_weights
from tensorflow import keras

from gated_inpaint.layers import GatedConv2D


@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"dilation_rate": 4}, {"activation": "relu"}, {"upsample": True}])
def test_is_one_convolution_split_into_features_and_gates(options):
    layer = with_random_weights(GatedConv2D(8, 3, **options))
    inputs = random_features()
    if options.get("upsample"):
        inputs = tf.repeat(tf.repeat(inputs, 2, axis=1), 2, axis=2)
    both = tf.nn.conv2d(
        inputs, layer.kernel, options.get("strides", 1), "SAME", dilations=options.get("dilation_rate", 1)
    ) + tf.convert_to_tensor(layer.bias)
    activation = tf.nn.relu if options.get("activation") == "relu" else tf.nn.elu
    expected = activation(both[..., :4]) * tf.sigmoid(both[..., 4:])
    np.testing.assert_allclose(layer(random_features()), expected, atol=1e-5)


def test_config_round_trip():
    layer = with_random_weights(GatedConv2D(8, 3, dilation_rate=2, activation="relu", name="gated", dtype="mixed_bfloat16"))
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(copy, GatedConv2D) and copy.get_config() == layer.get_config()
    assert copy.compute_dtype == "bfloat16"
    if not copy.built:  # Keras 3 builds what it deserialises, Keras 2 does not.
        copy.build((None, None, None, 5))
    for new, old in zip(copy.variables, layer.variables):
        new.assign(old)
    np.testing.assert_array_equal(tf.cast(copy(random_features()), tf.float32), tf.cast(layer(random_features()), tf.float32))


@pytest.mark.parametrize("upsample", [False, True])
def test_unknown_batch_and_size_in_a_graph(upsample):
    layer = with_random_weights(GatedConv2D(8, 3, upsample=upsample))
    function = tf.function(layer.__call__, input_signature=[tf.TensorSpec([None, None, None, 5])])
    for size in ((13, 18), (8, 1)):
        np.testing.assert_allclose(function(random_features(*size)), layer(random_features(*size)), atol=1e-6)


def test_mixed_precision():
    layer, exact = (with_random_weights(GatedConv2D(8, 3, upsample=True, dtype=dtype)) for dtype in ("mixed_bfloat16", "float32"))
    result = layer(random_features())
    assert result.dtype == tf.bfloat16 and layer.kernel.dtype == "float32"
    np.testing.assert_allclose(tf.cast(result, tf.float32), exact(random_features()), atol=0.1)


def test_gradients_are_those_of_the_plain_formula():
    layer, inputs = with_random_weights(GatedConv2D(4, 3, upsample=True)), random_features(6, 4)
    with tf.GradientTape(persistent=True) as tape:
        doubled = tf.repeat(tf.repeat(inputs, 2, axis=1), 2, axis=2)
        both = tf.nn.conv2d(doubled, layer.kernel, 1, "SAME") + tf.convert_to_tensor(layer.bias)
        plain = tf.reduce_sum(tf.sin(tf.nn.elu(both[..., :2]) * tf.sigmoid(both[..., 2:])))
        ours = tf.reduce_sum(tf.sin(layer(inputs)))
    variables = layer.trainable_variables
    for expected, actual in zip(tape.gradient(plain, variables), tape.gradient(ours, variables)):
        np.testing.assert_allclose(actual, expected, atol=1e-3)


@pytest.mark.parametrize("padding", [None, "VALID"])
def test_what_xla_compiles_best_is_the_same(padding):
    layer, inputs = with_random_weights(GatedConv2D(4, 3, dilation_rate=3)), random_features(13, 18)

    @tf.function(jit_compile=True)
    def result_and_gradients():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            result = layer(inputs, padding=padding)
            loss = tf.reduce_sum(tf.sin(result))
        return result, *tape.gradient(loss, [inputs, *layer.trainable_variables])

    expected = result_and_gradients.python_function()
    layer.for_xla = True
    for ours, plain in zip(result_and_gradients(), expected):
        np.testing.assert_allclose(ours, plain, atol=1e-4)
    # XLA's own gradient of a dilated kernel slides one whole map over the other.
    windows = result_and_gradients.experimental_get_compiler_ir()(stage="hlo")
    assert "size=3x3" in windows and "rhs_dilate" not in windows


@pytest.mark.parametrize(
    "options, words",
    [
        ({"filters": 7}, "even and positive, not 7"),
        ({"strides": 2, "dilation_rate": 2}, "strides=2, dilation_rate=2"),
        ({"kernel_size": 5, "upsample": True}, "kernel_size=5"),
    ],
)
def test_refuses_what_it_cannot_do(options, words):
    with pytest.raises(ValueError, match=words):
        GatedConv2D(**{"filters": 8, "kernel_size": 3, **options})
