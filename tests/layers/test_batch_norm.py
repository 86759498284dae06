import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import BatchNorm

FEATURES = np.random.default_rng(0).normal([3.0, -1.0], [0.5, 2.0], (3, 4, 5, 2)).astype(np.float32)


def trained(**options):
    layer = BatchNorm(**options)
    layer.build(FEATURES.shape)
    for variable, value in zip(layer.variables, ([2.0, 0.5], [1.0, -1.0], [0.3, 0.4], [1.5, 2.5])):
        variable.assign(value)
    return layer


def test_training_normalises_by_the_batch_and_moves_the_running_statistics():
    layer = trained(momentum=0.8)
    made = layer(FEATURES, training=True)
    mean, variance = FEATURES.mean((0, 1, 2)), FEATURES.var((0, 1, 2))
    np.testing.assert_allclose(made, (FEATURES - mean) / np.sqrt(variance + 1e-5) * [2.0, 0.5] + [1.0, -1.0], atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.8 * np.array([0.3, 0.4]) + 0.2 * mean, rtol=1e-5)
    unbiased = FEATURES.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(layer.moving_variance, 0.8 * np.array([1.5, 2.5]) + 0.2 * unbiased, rtol=1e-5)


def test_running_statistics_serve_otherwise_and_stay():
    layer = trained()
    made = layer(FEATURES)
    np.testing.assert_allclose(
        made, (FEATURES - [0.3, 0.4]) / np.sqrt(np.array([1.5, 2.5]) + 1e-5) * [2.0, 0.5] + [1.0, -1.0], rtol=1e-4
    )
    layer(FEATURES, training=True, moves_statistics=False)
    np.testing.assert_array_equal(layer(FEATURES), made)


def test_replicas_share_their_statistics(two_replicas):
    """A picture on each of two devices: outputs, gradients and running statistics as of both on one."""
    pictures, weights = FEATURES[:2], np.random.default_rng(1).normal(size=FEATURES[:2].shape).astype(np.float32)

    def run(layer, pictures, weights):
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            made = layer(pictures, training=True)
            loss = tf.reduce_sum(weights * made)
        return made, tape.gradient(loss, pictures)

    alone, strategy = trained(), two_replicas
    expected = run(alone, tf.constant(pictures), weights)
    with strategy.scope():
        layer = trained()

    def on_replica():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        return run(layer, tf.gather(pictures, [index]), tf.gather(weights, [index]))

    made = tf.function(lambda: strategy.run(on_replica))()
    for parts, whole in zip(made, expected):
        np.testing.assert_allclose(tf.concat(strategy.experimental_local_results(parts), 0), whole, atol=1e-5)
    for ours, theirs in zip(layer.variables, alone.variables):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5)


def test_computes_in_float64_where_asked():
    layer = trained(dtype="float64")
    shifted = FEATURES.astype(np.float64) + 1e6
    made = layer(tf.constant(shifted), training=True)
    np.testing.assert_allclose(made.numpy().std((0, 1, 2)), [2.0, 0.5], rtol=1e-4)


def test_config_round_trip():
    layer = BatchNorm(momentum=0.7, epsilon=1e-3)
    assert keras.layers.deserialize(keras.layers.serialize(layer)).get_config() == layer.get_config()
