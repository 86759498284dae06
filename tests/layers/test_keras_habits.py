"""What users of Keras' Conv2D expect of ours, for all three."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import random_features, with_random_weights
from tensorflow import keras

from gated_inpaint.layers import ContextualAttention, GatedConv2D, PartialConv2D, VanillaConv2D

LAYERS = (VanillaConv2D, GatedConv2D, PartialConv2D)


def output_of(layer, inputs):
    if isinstance(layer, PartialConv2D):
        return layer(inputs, tf.zeros([*inputs.shape[:3], 1], inputs.dtype))[0]
    return layer(inputs)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": (3, 5), "padding": "valid"},
        {"kernel_size": 3, "strides": (2, 1)},
        {"kernel_size": (1, 3), "dilation_rate": (1, 3), "padding": "valid", "use_bias": False},
        {"kernel_size": 3, "upsample": True},
    ],
    ids=str,
)
def test_output_shape_is_known_before(kind, options):
    layer, inputs = kind(8, **options), random_features()
    made = output_of(layer, inputs)
    shapes = [inputs.shape] + [(*inputs.shape[:3], 1)] * (kind is PartialConv2D)
    expected = layer.compute_output_shape(*shapes)
    assert tuple(made.shape) == tuple(expected[0] if kind is PartialConv2D else expected)
    assert (layer.bias is None) == (options.get("use_bias") is False)


def test_partial_convolution_with_a_kernel_of_two_sides_counts_what_it_sees():
    layer = PartialConv2D(4, (3, 5), padding="valid", activation=None, use_bias=False)
    inputs, mask = tf.ones([1, 9, 9, 2]), np.zeros([1, 9, 9, 1], np.float32)
    mask[:, :, 4:] = 1
    whole, after = layer(inputs, mask)
    assert after.shape == (1, 7, 5, 1) and not after[0, :, :4].numpy().any() and after[0, :, 4:].numpy().all()
    kernel = tf.convert_to_tensor(layer.kernel)
    known = tf.reduce_sum(kernel[:, :2], axis=[0, 1, 2]) * 15 / 6  # Two of five columns are known at the third position.
    np.testing.assert_allclose(whole[0, 0, 2], known, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_initialisers_regularisers_and_constraints_are_kept_and_used(kind):
    layer = kind(
        8,
        3,
        kernel_initializer=keras.initializers.Constant(0.5),
        bias_initializer="ones",
        kernel_regularizer=keras.regularizers.L2(0.1),
        bias_regularizer="l1",
        kernel_constraint=keras.constraints.MaxNorm(1.0),
        bias_constraint="non_neg",
    )
    inputs = random_features(channels=2)
    output_of(layer, inputs)
    assert (np.asarray(layer.kernel) == 0.5).all() and (np.asarray(layer.bias) == 1).all()
    np.testing.assert_allclose(sum(layer.losses), 0.1 * 0.25 * 9 * 2 * 8 + 0.01 * 8, rtol=1e-5)

    model = keras.Sequential([layer]) if kind is not PartialConv2D else None
    if model is not None:
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.fit(inputs, output_of(layer, inputs) * 0 + 9.0, verbose=0)
        norms = np.linalg.norm(np.asarray(layer.kernel).reshape(-1, 8), axis=0)
        assert np.linalg.norm(np.asarray(layer.kernel), axis=0).max() <= 1 + 1e-5 and norms.min() > 0
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert copy.get_config() == layer.get_config() and copy.kernel_constraint.max_value == 1.0


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dtype, atol", [("float16", 0.02), ("float64", 1e-5)])
def test_dilation_trains_in_half_and_in_double_precision(kind, dtype, atol):
    """TensorFlow has no gradient for it on a CPU, and we take another way: the same as in float32."""
    results = []
    for precision in ("float32", dtype):
        layer, inputs = kind(4, 3, dilation_rate=2, dtype=precision), tf.cast(random_features(), precision)
        with_random_weights(layer)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(output_of(layer, inputs) ** 2)
        results.append([loss, *tape.gradient(loss, layer.trainable_variables)])
    for exact, other in zip(*results):
        np.testing.assert_allclose(tf.cast(other, tf.float32), tf.cast(exact, tf.float32), atol=atol)


@pytest.mark.skipif(not hasattr(keras, "KerasTensor"), reason="Keras 2 traces the call")
def test_symbolic_outputs_have_their_types():
    features, mask = keras.Input((16, 24, 5)), keras.Input((16, 24, 1), dtype="bool")
    made, mask_after = PartialConv2D(8, 3, dtype="mixed_bfloat16")(features, mask)
    assert (made.dtype, mask_after.dtype, mask_after.shape) == ("bfloat16", "bool", (None, 16, 24, 1))
    rebuilt, offsets = ContextualAttention()(features, mask)
    assert (rebuilt.shape, offsets.shape, offsets.dtype) == ((None, 16, 24, 5), (None, 8, 12, 2), "int32")
