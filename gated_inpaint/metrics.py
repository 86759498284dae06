"""Metrics of completed pictures against the originals.

Pictures are [batch, height, width, 3] in [-1, 1], masks [batch, height, width, 1], 1 in the hole; float32, or float64 for l1 and l2
without rounding errors to speak of. Every metric is one number for each picture, [batch], defined below on the scale where black is
0 and white is 1.

The structural similarity is that of "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004; its pictures
have at least 11x11 pixels. That of several scales is of "Multiscale Structural Similarity for Image Quality Assessment", 2003;
its pictures have at least 176 pixels a side, and smaller ones go without.
"""

import tensorflow as tf

METRICS = {
    "l1": "mean over pixels and channels of |photo - completed|, in percent",
    "l2": "mean over pixels and channels of (photo - completed)^2, in percent",
    "l1_in_hole": "l1 over the hole's pixels alone, in percent; 0 where there is no hole",
    "psnr": "10 log10(1 / mean of (photo - completed)^2), in dB; equal pictures, where it is infinite, are left out of means",
    "ssim": "structural similarity, Gaussian window of 11x11, sigma 1.5, mean over channels",
    "ms_ssim": "structural similarity over five scales, each half of the one before, with the weights of its paper",
    "total_variation": "mean over pixels and channels of |next to the right - completed| + |next below - completed|, in percent",
}

SMALLEST_FOR_MS_SSIM = 176  # Pixels a side: 11 at the last scale.


def names_at(side):
    """The names of the metrics that pictures with a shorter side of so many pixels have."""
    return tuple(name for name in METRICS if name != "ms_ssim" or side >= SMALLEST_FOR_MS_SSIM)


def picture_metrics(image: tf.Tensor, completed: tf.Tensor, mask: tf.Tensor) -> "dict[str, tf.Tensor]":
    """{name: [batch]} of the metrics above, those that pictures of this size have."""
    image, completed = _between_0_and_1(image), _between_0_and_1(completed)
    difference = image - completed
    l2 = tf.reduce_mean(tf.square(difference), axis=[1, 2, 3])
    in_hole = tf.reduce_sum(tf.abs(difference) * mask, axis=[1, 2, 3])
    metrics = {
        "l1": 100.0 * tf.reduce_mean(tf.abs(difference), axis=[1, 2, 3]),
        "l2": 100.0 * l2,
        "l1_in_hole": 100.0 * tf.math.divide_no_nan(in_hole, 3.0 * tf.reduce_sum(mask, axis=[1, 2, 3])),
        "psnr": tf.image.psnr(image, completed, 1.0),
        "ssim": tf.image.ssim(image, completed, 1.0),
        "total_variation": _total_variation(completed),
    }
    if "ms_ssim" in names_at(min(image.shape[1:3])):
        metrics["ms_ssim"] = tf.image.ssim_multiscale(image, completed, 1.0)
    return {name: metrics[name] for name in METRICS if name in metrics}


def total_variation(pictures: tf.Tensor) -> tf.Tensor:
    """[batch]: the metric above, of any pictures."""
    return _total_variation(_between_0_and_1(pictures))


def _between_0_and_1(pictures):
    return (tf.convert_to_tensor(pictures) + 1.0) / 2.0


def _total_variation(pictures):
    values = tf.cast(tf.reduce_prod(tf.shape(pictures)[1:]), pictures.dtype)
    return 100.0 * tf.image.total_variation(pictures) / values
