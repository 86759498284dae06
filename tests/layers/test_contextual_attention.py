import numpy as np
import pytest
import tensorflow as tf
from conftest import cases
from tensorflow import keras

from gated_inpaint.inference.pictures import attention_picture
from gated_inpaint.layers import ContextualAttention

CASES = cases("contextual_attention.npz")


def random_case(batch=2, height=18, width=26, channels=6):
    rng = np.random.default_rng(0)
    features = np.maximum(rng.normal(size=(batch, height, width, channels)), 0).astype(np.float32)
    mask = np.zeros((batch, height, width, 1), np.float32)
    for index in range(batch):
        mask[index, 3 + index : 9 + index, 4 : 12 + index] = 1
    return features, mask


def naive(features, mask):
    """Contextual attention of one picture as DESIGN section 1 words it, patch by patch, in float64."""

    def aligned(size):
        target = size // 2
        step = np.float32(size - 1) / np.float32(max(target - 1, 1))
        return np.floor(np.arange(target, dtype=np.float32) * step + np.float32(0.5)).astype(int)

    rows, columns = aligned(features.shape[0]), aligned(features.shape[1])
    height, width = len(rows), len(columns)
    small = np.pad(features[rows][:, columns].astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    hole = np.pad(mask[rows][:, columns, 0], 1)
    positions = [(y, x) for y in range(height) for x in range(width)]
    patches = np.array([small[y : y + 3, x : x + 3].ravel() for y, x in positions])
    valid = np.array([not hole[y : y + 3, x : x + 3].any() for y, x in positions], np.float64)
    norms = np.maximum(np.linalg.norm(patches, axis=1), 1e-4)
    scores = patches @ (patches / norms[:, None]).T

    def fuse(scores):
        padded = np.pad(scores, 1)
        return padded[:-2, :-2] + scores + padded[2:, 2:]

    by_column = np.arange(height * width).reshape(height, width).T.ravel()
    scores = fuse(scores)
    scores[np.ix_(by_column, by_column)] = fuse(scores[np.ix_(by_column, by_column)])
    scores = 10 * scores * valid
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True) * valid

    padded = np.pad(features.astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    raw = np.array([padded[2 * y : 2 * y + 4, 2 * x : 2 * x + 4] for y, x in positions])
    output = np.zeros_like(padded)
    for (y, x), weight in zip(positions, weights):
        output[2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += np.tensordot(weight, raw, 1) / 4
    best = weights.argmax(axis=1)
    offsets = np.array([positions[b] for b in best]) - positions
    return output[1:-1, 1:-1], offsets.reshape(height, width, 2)


@pytest.mark.parametrize("key, case", CASES, ids=[key for key, _ in CASES])
def test_agrees_with_the_release(key, case):
    features = case["features"]
    mask = np.repeat(case["mask"], len(features), axis=0)
    rebuilt, offsets = ContextualAttention()(features, mask)
    np.testing.assert_allclose(rebuilt, case["output"], atol=2e-5)
    # The release colours all pictures of a batch on one scale, and doubles them bilinearly with aligned corners.
    picture = np.concatenate(list(offsets.numpy()))
    flow = attention_picture(picture, 8 * picture.shape[0], 8 * picture.shape[1])[::8, ::8]
    flow = flow.reshape(offsets.shape[:3] + (3,)) / np.float32(127.5) - 1
    doubled = tf.compat.v1.image.resize_bilinear(flow, features.shape[1:3], align_corners=True)
    np.testing.assert_allclose(doubled, case["flow_rgb"], atol=0.01)


@pytest.mark.parametrize("size", [(18, 26), (2, 2), (16, 4), (10, 6)])
def test_agrees_with_the_definition_word_by_word(size):
    features, mask = random_case(1, *size)
    rebuilt, offsets = ContextualAttention()(features, mask)
    expected, expected_offsets = naive(features[0], mask[0])
    np.testing.assert_allclose(rebuilt[0], expected, atol=2e-5)
    np.testing.assert_array_equal(offsets[0], expected_offsets)


def test_every_picture_has_its_own_mask():
    features, mask = random_case()
    together, offsets = ContextualAttention()(features, mask)
    for index in range(2):
        alone, offsets_alone = ContextualAttention()(features[index : index + 1], mask[index : index + 1])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-6)
        np.testing.assert_array_equal(offsets[index], offsets_alone[0])


def test_one_meaning_in_eager_graph_and_xla():
    features, mask = random_case()
    layer = ContextualAttention()
    expected, _ = layer(features, mask)
    unknown = [tf.TensorSpec([None, None, None, 6]), tf.TensorSpec([None, None, None, 1])]
    graph = tf.function(layer.__call__, input_signature=unknown)
    compiled = tf.function(layer.__call__, jit_compile=True)
    for function in (graph, compiled):
        np.testing.assert_allclose(function(features, mask)[0], expected, atol=1e-5)


@pytest.mark.parametrize("tile_bytes", [1, 20_000, 2**28], ids=["smallest tiles", "some tiles", "one tile"])
def test_a_window_is_a_part_of_the_whole(tile_bytes):
    layer, rng = ContextualAttention(), np.random.default_rng(1)
    specs = [tf.TensorSpec([None, None, None, 6]), tf.TensorSpec([None, None, None, 1]), tf.TensorSpec([2, 2], tf.int32)]
    in_window = tf.function(lambda features, mask, window: layer.in_window(layer.background(features, mask), window, tile_bytes))
    in_window = in_window.get_concrete_function(*specs)
    for height, width in 2 * rng.integers(1, 16, (20, 2)):
        features, _ = random_case(2, height, width)
        mask = (rng.random((2, height, width, 1)) < 0.1).astype(np.float32)
        top, left = rng.integers(0, height), rng.integers(0, width)
        bottom, right = rng.integers(top + 1, height + 1), rng.integers(left + 1, width + 1)
        expected, offsets = layer(features, mask)
        for window in ([0, 0, height, width], [top, left, bottom, right], [0, 0, bottom, right], [top, left, height, width]):
            top, left, bottom, right = window
            rebuilt, offsets_here = in_window(
                *map(tf.constant, (features, mask)), tf.constant([[top, left], [bottom, right]], tf.int32)
            )
            np.testing.assert_allclose(rebuilt, expected[:, top:bottom, left:right], atol=2e-5)
            rows, columns = np.s_[(top + 1) // 2 : bottom // 2 + 1], np.s_[(left + 1) // 2 : right // 2 + 1]
            np.testing.assert_array_equal(offsets_here, offsets[:, rows, columns])


def test_nothing_known_gives_zeros():
    features, mask = random_case()
    rebuilt, offsets = ContextualAttention()(features, np.ones_like(mask))
    np.testing.assert_array_equal(rebuilt, np.zeros_like(features))
    assert np.isfinite(offsets).all()


def test_gradient_is_finite_where_features_are_zero_and_right_elsewhere():
    features, mask = random_case(1, 8, 8, 2)
    features[:, :4] = 0
    features, direction = tf.constant(features), tf.random.stateless_normal(features.shape, [0, 1]) * 1e-2
    layer = ContextualAttention()
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(tf.sin(layer(features, mask)[0]))
    gradient = tape.gradient(total, features)
    assert np.isfinite(gradient).all()
    features, direction = random_case(1, 8, 8, 2)[0] + 0.5, direction * 0.1
    with tf.GradientTape() as tape:
        tape.watch(tensor := tf.constant(features))
        total = tf.reduce_sum(tf.sin(layer(tensor, mask)[0]))
    slope = tf.reduce_sum(tape.gradient(total, tensor) * direction)
    above, below = (tf.reduce_sum(tf.sin(layer(features + sign * direction, mask)[0])) for sign in (1, -1))
    np.testing.assert_allclose((above - below) / 2, slope, rtol=0.02)


def test_mixed_precision_keeps_scores_in_float32():
    features, mask = random_case()
    features = np.asarray(tf.cast(tf.cast(features, tf.bfloat16), tf.float32))
    exact, offsets = ContextualAttention()(features, mask)
    mixed, mixed_offsets = ContextualAttention(dtype="mixed_bfloat16")(features, mask)
    assert mixed.dtype == tf.bfloat16
    np.testing.assert_array_equal(mixed_offsets, offsets)
    np.testing.assert_allclose(tf.cast(mixed, tf.float32), exact, atol=0.03)


def test_config_round_trip():
    layer = ContextualAttention(name="attention", dtype="mixed_bfloat16")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(copy, ContextualAttention) and copy.get_config() == layer.get_config()
