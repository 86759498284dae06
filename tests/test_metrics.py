import numpy as np
import skimage.metrics
import tensorflow as tf

from gated_inpaint.metrics import NAMES, picture_metrics, total_variation


def random_pictures(dtype, *shape):
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (2, *shape))
    levels[1] = (levels[0] + levels[1]) // 2  # So that they have something in common.
    mask = (rng.uniform(size=(*shape[:3], 1)) < 0.3).astype(dtype)
    mask[-1] = 0
    return *(levels.astype(dtype) / dtype(127.5) - 1), mask


def check_formulas(dtype, rtol):
    image, completed, mask = random_pictures(dtype, 3, 16, 20, 3)
    metrics = {name: values.numpy() for name, values in picture_metrics(image, completed, mask).items()}
    assert tuple(metrics) == NAMES and all(values.shape == (3,) for values in metrics.values())
    difference = (image.astype(np.float64) - completed) / 2
    l2 = (difference**2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(metrics["l1"], 100 * np.abs(difference).mean(axis=(1, 2, 3)), rtol)
    np.testing.assert_allclose(metrics["l2"], 100 * l2, rtol)
    np.testing.assert_allclose(metrics["psnr"], -10 * np.log10(l2), rtol=1e-5)
    in_hole = [100 * np.abs(one[hole[..., 0] == 1]).mean() if hole.any() else 0 for one, hole in zip(difference, mask)]
    np.testing.assert_allclose(metrics["l1_in_hole"], in_hole, rtol)
    fraction = (completed.astype(np.float64) + 1) / 2
    down, right = np.abs(np.diff(fraction, axis=1)).sum(axis=(1, 2, 3)), np.abs(np.diff(fraction, axis=2)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(metrics["total_variation"], 100 * (down + right) / (16 * 20 * 3), rtol)
    np.testing.assert_array_equal(metrics["total_variation"], total_variation(completed))


def test_agree_with_their_formulas():
    check_formulas(np.float32, rtol=1e-5)


def test_float64_has_no_rounding_errors_to_speak_of():
    check_formulas(np.float64, rtol=1e-13)


def test_agree_with_scikit_image():
    image, completed, mask = random_pictures(np.float64, 4, 40, 56, 3)
    metrics = picture_metrics(image, completed, mask)
    for index, (one, other) in enumerate(zip((image + 1) / 2, (completed + 1) / 2)):
        psnr = skimage.metrics.peak_signal_noise_ratio(one, other, data_range=1)
        assert abs(metrics["psnr"][index] - psnr) < 1e-3
        ssim = skimage.metrics.structural_similarity(
            one, other, data_range=1, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert 0.3 < ssim < 0.9 and abs(metrics["ssim"][index] - ssim) < 1e-3


def test_equal_pictures_are_as_good_as_can_be():
    image = tf.random.stateless_uniform([1, 16, 16, 3], [0, 0], -1, 1)
    metrics = picture_metrics(image, image, tf.ones([1, 16, 16, 1]))
    assert metrics["l1"] == metrics["l2"] == metrics["l1_in_hole"] == 0
    np.testing.assert_allclose(metrics["ssim"], 1, atol=1e-6)
