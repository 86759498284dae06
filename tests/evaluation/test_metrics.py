import numpy as np
import tensorflow as tf

from gated_inpaint.evaluation.metrics import NAMES, picture_metrics


def test_agree_with_their_formulas():
    rng = np.random.default_rng(0)
    image, completed = rng.uniform(-1, 1, (2, 3, 16, 20, 3)).astype(np.float32)
    mask = (rng.uniform(size=(3, 16, 20, 1)) < 0.3).astype(np.float32)
    mask[2] = 0
    metrics = {name: values.numpy() for name, values in picture_metrics(image, completed, mask).items()}
    assert tuple(metrics) == NAMES and all(values.shape == (3,) for values in metrics.values())
    difference = (image.astype(np.float64) - completed) / 2
    l2 = (difference**2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(metrics["l1"], 100 * np.abs(difference).mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(metrics["l2"], 100 * l2, rtol=1e-5)
    np.testing.assert_allclose(metrics["psnr"], -10 * np.log10(l2), rtol=1e-5)
    in_hole = [100 * np.abs(one[hole[..., 0] == 1]).mean() if hole.any() else 0 for one, hole in zip(difference, mask)]
    np.testing.assert_allclose(metrics["l1_in_hole"], in_hole, rtol=1e-5)


def test_equal_pictures_are_as_good_as_can_be():
    image = tf.random.stateless_uniform([1, 16, 16, 3], [0, 0], -1, 1)
    metrics = picture_metrics(image, image, tf.ones([1, 16, 16, 1]))
    assert metrics["l1"] == metrics["l2"] == metrics["l1_in_hole"] == 0
    np.testing.assert_allclose(metrics["ssim"], 1, atol=1e-6)
