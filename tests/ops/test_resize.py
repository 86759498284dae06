import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint.ops.resize import resize_nearest_aligned


@pytest.mark.parametrize("size", [2, 8, 26, 54, 64, 216])
def test_halving_samples_as_the_v1_op_with_aligned_corners(size):
    images = np.arange(size * 6, dtype=np.float32).reshape(1, size, 6, 1)
    expected = tf.compat.v1.image.resize_nearest_neighbor(images, [size // 2, 3], align_corners=True)
    np.testing.assert_array_equal(resize_nearest_aligned(images, size // 2, 3), expected)


def test_does_not_take_every_second_pixel():
    rows = resize_nearest_aligned(np.arange(64, dtype=np.int32).reshape(1, 64, 1, 1), 32, 1)[0, :, 0, 0].numpy()
    assert rows[0] == 0 and rows[-1] == 63


def test_doubling_repeats():
    images = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(resize_nearest_aligned(images, 10, 14), images.repeat(2, axis=1).repeat(2, axis=2))


def test_one_pixel():
    assert resize_nearest_aligned(np.ones([1, 2, 2, 1], np.float32), 1, 1).shape == (1, 1, 1, 1)
