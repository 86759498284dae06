import re

import numpy as np
import pytest
import tensorflow as tf
from conftest import cases, with_random_weights
from tensorflow import keras

from gated_inpaint.layers import PartialConv2D


def inputs(height=13, width=18, channels=5):
    """Features and a mask for each picture: a hole that leaves whole windows unknown, one that touches a corner, single pixels."""
    rng = np.random.default_rng(1)
    mask = rng.random([2, height, width, 1]) < 0.2
    mask[0, 2:11, 3:16] = mask[1, height // 2 :, width // 2 :] = True
    return rng.normal(size=(2, height, width, channels)).astype(np.float32), mask.astype(np.float32)


def by_definition(features, mask, kernel, bias, stride=1, rate=1):
    """Output and mask, window by window."""
    side, span = len(kernel), rate * (len(kernel) - 1) + 1
    sizes = [-(-length // stride) for length in mask.shape[1:3]]
    before = [max((size - 1) * stride + span - length, 0) // 2 for size, length in zip(sizes, mask.shape[1:3])]
    around = [[0, 0], *[[first, span + stride] for first in before], [0, 0]]
    features, known = (np.pad(array.astype(np.float64), around) for array in (features, 1 - mask))
    output, mask_after = np.zeros([len(mask), *sizes, kernel.shape[-1]]), np.ones([len(mask), *sizes, 1])
    for picture, row, column in np.ndindex(*mask_after.shape[:3]):
        taps = np.s_[picture, row * stride :, column * stride :]
        seen = known[taps][: side * rate : rate, : side * rate : rate]
        if seen.sum() > 0:
            window = features[taps][: side * rate : rate, : side * rate : rate] * seen
            output[picture, row, column] = np.tensordot(window, kernel, 3) * side**2 / seen.sum() + bias
            mask_after[picture, row, column] = 0
    return output, mask_after


@pytest.mark.parametrize("key, case", cases("partial_conv.npz"), ids=lambda case: case if isinstance(case, str) else "")
def test_agrees_with_its_authors_layer(key, case):
    kernel_size, stride, rate = map(int, re.match(r"k(\d)_s(\d)_d(\d)_", key).groups())
    layer = PartialConv2D(case["bias"].size, kernel_size, stride, rate, activation=None)
    layer.build(case["features"].shape)
    layer.kernel.assign(case["kernel"])
    layer.bias.assign(case["bias"])
    output, mask = layer(case["features"], 1 - case["known"])
    np.testing.assert_allclose(output, case["output"], atol=1e-5)
    np.testing.assert_array_equal(mask, 1 - case["known_after"])


@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"dilation_rate": 4}, {"activation": "relu"}, {"upsample": True}])
@pytest.mark.parametrize("size", [(13, 18), (20, 25)])
def test_is_its_definition(options, size):
    layer = with_random_weights(PartialConv2D(4, 3, **options))
    features, mask = inputs(*size)
    output, mask_after = layer(features, mask)
    np.testing.assert_array_equal(layer.mask_after(mask), mask_after)
    if options.get("upsample"):
        features, mask = (array.repeat(2, axis=1).repeat(2, axis=2) for array in (features, mask))
    sums, expected_mask = by_definition(
        features, mask, *(variable.numpy() for variable in layer.variables), layer.strides[0], layer.dilation_rate[0]
    )
    activation = tf.nn.relu if options.get("activation") == "relu" else tf.nn.elu
    np.testing.assert_allclose(output, activation(sums), atol=1e-5)
    np.testing.assert_array_equal(mask_after, expected_mask)
    assert 0 < mask_after.numpy().mean() < mask.mean()


def test_does_not_see_into_the_hole():
    layer = with_random_weights(PartialConv2D(4, 3))
    features, mask = inputs()
    np.testing.assert_array_equal(layer(features * (1 - mask) + 9 * mask, mask)[0], layer(features, mask)[0])


def test_layer_by_layer_the_hole_is_filled():
    features, mask = inputs()
    shares = [mask.mean()]
    for _ in range(4):
        features, mask = with_random_weights(PartialConv2D(5, 5))(features, mask)
        shares.append(mask.numpy().mean())
    assert shares[0] > shares[1] > shares[2] > shares[3] > shares[4] == 0


@pytest.mark.parametrize("dtype", [bool, np.float32])
def test_the_mask_keeps_its_type(dtype):
    layer = with_random_weights(PartialConv2D(4, 3))
    features, mask = inputs()
    output, mask_after = layer(features, tf.constant(mask.astype(dtype)))
    assert mask_after.dtype == tf.as_dtype(dtype)
    np.testing.assert_array_equal(output, layer(features, mask)[0])


def test_valid_is_same_with_what_surrounds_put_around():
    layer = with_random_weights(PartialConv2D(4, 3, dilation_rate=2))
    features, mask = inputs()
    around = [[0, 0], [2, 2], [2, 2], [0, 0]]
    valid = layer(np.pad(features, around), np.pad(mask, around, constant_values=1), padding="VALID")
    for ours, same in zip(valid, layer(features, mask)):
        np.testing.assert_allclose(ours, same, atol=1e-6)


def test_config_round_trip():
    layer = with_random_weights(PartialConv2D(4, 3, dilation_rate=2, activation="relu", name="partial", dtype="mixed_bfloat16"))
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(copy, PartialConv2D) and copy.get_config() == layer.get_config()
    if not copy.built:  # Keras 3 builds what it deserialises, Keras 2 does not.
        copy.build((None, None, None, 5))
    for new, old in zip(copy.variables, layer.variables):
        new.assign(old)
    for new, old in zip(copy(*inputs()), layer(*inputs())):
        np.testing.assert_array_equal(tf.cast(new, tf.float32), tf.cast(old, tf.float32))


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_unknown_batch_and_size_in_a_graph(upsample, compiled):
    layer = with_random_weights(PartialConv2D(4, 3, upsample=upsample))
    signature = [tf.TensorSpec([None, None, None, channels]) for channels in (5, 1)]
    function = tf.function(layer.__call__, input_signature=signature, jit_compile=compiled)
    for size in ((13, 18), (20, 16)):
        for made, expected in zip(function(*inputs(*size)), layer(*inputs(*size))):
            np.testing.assert_allclose(made, expected, atol=1e-5)


def test_mixed_precision():
    layer, exact = (with_random_weights(PartialConv2D(4, 5, dtype=dtype)) for dtype in ("mixed_bfloat16", "float32"))
    (result, mask), (expected, expected_mask) = layer(*inputs()), exact(*inputs())
    assert result.dtype == tf.bfloat16 and layer.kernel.dtype == "float32"
    # Sums of 5x5x5 products are rounded, and where one pixel of 25 is known multiplied by 25.
    assert np.abs(tf.cast(result, tf.float32) - expected).mean() < 0.01 * np.abs(expected).mean()
    np.testing.assert_array_equal(tf.cast(mask, tf.float32), expected_mask)


def test_gradients_are_those_of_the_plain_formula_and_finite_where_nothing_is_known():
    layer, (features, mask) = with_random_weights(PartialConv2D(4, 3, upsample=True)), inputs()
    features, known = tf.constant(features), 1 - mask.repeat(2, axis=1).repeat(2, axis=2)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        doubled = tf.repeat(tf.repeat(features, 2, axis=1), 2, axis=2) * known
        count = tf.nn.conv2d(known, tf.ones([3, 3, 1, 1]), 1, "SAME")
        scaled = tf.nn.conv2d(doubled, layer.kernel, 1, "SAME") * tf.math.divide_no_nan(9.0, count)
        plain = tf.where(count > 0, tf.nn.elu(scaled + tf.convert_to_tensor(layer.bias)), 0.0)
        plain, ours = (tf.reduce_mean(tf.sin(result)) for result in (plain, layer(features, mask)[0]))
    sources = [features, *layer.trainable_variables]
    for expected, actual in zip(tape.gradient(plain, sources), tape.gradient(ours, sources)):
        np.testing.assert_allclose(actual, expected, atol=1e-6)
    assert (mask[:, 3:-3, 3:-3] * np.abs(tape.gradient(ours, features))[:, 3:-3, 3:-3] == 0).all()
