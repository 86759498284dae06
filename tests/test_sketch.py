"""Sketches, on pictures drawn here."""

import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint.sketch import draw_edges, resize_lines, threshold_lines


def draw_disc(size=64, radius=20, inside=0.5, outside=-0.5):
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    distance = np.hypot(rows, columns)
    return np.repeat(np.where(distance < radius, inside, outside)[np.newaxis, ..., np.newaxis], 3, axis=-1).astype(
        np.float32
    ), distance


def test_threshold():
    np.testing.assert_array_equal(threshold_lines(tf.constant([0.0, 0.59, 0.6, 0.61, 1.0])), [0, 0, 0, 1, 1])
    assert threshold_lines(tf.constant([0.7])).dtype == tf.float32


def test_edges_are_thin_lines_on_the_contour():
    picture, distance = draw_disc()
    lines = draw_edges(picture).numpy()
    assert lines.shape == (1, 64, 64, 1) and lines.dtype == np.float32 and set(np.unique(lines)) == {0, 1}
    lines = lines[0, ..., 0] == 1
    assert abs(distance[lines] - 20).max() < 1.5
    around = 2 * np.pi * 20
    assert 0.8 * around < lines.sum() < 1.2 * around
    # All the way round: every direction has its piece of the line.
    rows, columns = np.nonzero(lines)
    angles = np.histogram(np.arctan2(rows - 31.5, columns - 31.5), bins=24, range=(-np.pi, np.pi))[0]
    assert angles.min() > 0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_edges_turn_with_the_picture(turns):
    picture, _ = draw_disc(inside=0.9)
    picture[:, 10:30, 40:60] = -0.9
    lines = draw_edges(picture).numpy()
    turned = draw_edges(np.rot90(picture, turns, axes=(1, 2)).copy()).numpy()
    lines = np.rot90(lines, turns, axes=(1, 2)).copy()
    # A step between two pixels is drawn on one of them, whichever comes first.
    for some, others in ((lines, turned), (turned, lines)):
        beside = tf.nn.max_pool2d(others, 3, 1, "SAME").numpy()
        assert some.sum() > 100 and (some * (1 - beside)).sum() < 0.02 * some.sum()


def test_plain_and_softly_shaded_pictures_have_no_edges():
    plain = np.full([1, 48, 48, 3], 0.3, np.float32)
    shaded = np.broadcast_to(np.linspace(-0.3, 0.3, 48, dtype=np.float32)[:, np.newaxis], [1, 48, 48, 3])
    assert draw_edges(plain).numpy().sum() == 0
    assert draw_edges(shaded).numpy().sum() == 0


def test_texture_is_suppressed():
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, [1, 128, 128, 1]).astype(np.float32).repeat(3, axis=-1)
    picture = noise.copy()
    picture[:, 64:] = np.clip(picture[:, 64:] + 0.6, -1, 1)
    lines = draw_edges(picture).numpy()[0, ..., 0]
    assert lines[61:67].sum() > 100
    assert lines[:58].mean() + lines[70:].mean() < 0.06


def test_hysteresis_carries_a_line_on():
    """An edge that grows weaker along its length is strong for 74 pixels, and runs on for some more."""
    contrast = np.linspace(0.8, 0.01, 96, dtype=np.float32)
    picture = np.zeros([1, 64, 96, 3], np.float32)
    picture[:, 32:] = contrast[:, np.newaxis]
    length = draw_edges(picture).numpy()[0, 30:34].max(axis=0).sum()
    assert 74 + 10 < length < 74 + 20


def test_pictures_of_a_batch_are_independent():
    bright, _ = draw_disc(inside=1.0, outside=-1.0)
    faint, _ = draw_disc(radius=12, inside=0.2, outside=0.0)
    together = draw_edges(np.concatenate([bright, faint])).numpy()
    np.testing.assert_array_equal(together, np.concatenate([draw_edges(bright).numpy(), draw_edges(faint).numpy()]))
    assert together[1].sum() > 0


def test_smoothing_removes_details():
    picture, _ = draw_disc()
    picture[:, 30:33, 30:33] = -0.5
    assert draw_edges(picture, smoothing=1.0).numpy()[:, 26:38, 26:38].sum() > 0
    assert draw_edges(picture, smoothing=4.0).numpy()[:, 26:38, 26:38].sum() == 0


def test_edges_under_xla():
    picture, _ = draw_disc()
    compiled = tf.function(draw_edges, jit_compile=True)(tf.constant(picture))
    assert compiled.shape == [1, 64, 64, 1]
    assert (compiled.numpy() != draw_edges(picture).numpy()).sum() < 4
    specification = tf.TensorSpec([None, 64, 64, 3], tf.float32)
    assert tf.function(draw_edges).get_concrete_function(specification).output_shapes[1:] == [64, 64, 1]


def test_resized_lines_stay_lines():
    lines = np.zeros([90, 70, 1], np.float32)
    lines[37] = 1
    lines[:, 11] = 1
    small = resize_lines(tf.constant(lines), 16, 16).numpy()
    expected = np.zeros([16, 16, 1])
    expected[37 * 16 // 90] = 1
    expected[:, 11 * 16 // 70] = 1
    np.testing.assert_array_equal(small, expected)
    np.testing.assert_array_equal(resize_lines(tf.constant(lines), 90, 70), lines)
    np.testing.assert_array_equal(resize_lines(tf.constant(lines), 180, 140), lines.repeat(2, axis=0).repeat(2, axis=1))
