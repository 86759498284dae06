"""Metrics of completed pictures against the originals.

Pictures are [batch, height, width, 3] in [-1, 1], masks [batch, height, width, 1], 1 in the hole; float32, or float64 for l1 and l2
without rounding errors to speak of. Every metric is one number for each picture, [batch], defined below on the scale where black is
0 and white is 1.

The structural similarity is that of "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004; its pictures
have at least 11x11 pixels.
"""

import tensorflow as tf

METRICS = {
    "l1": "mean over pixels and channels of |photo - completed|, in percent",
    "l2": "mean over pixels and channels of (photo - completed)^2, in percent",
    "l1_in_hole": "l1 over the hole's pixels alone, in percent; 0 where there is no hole",
    "psnr": "10 log10(1 / mean of (photo - completed)^2), in dB; equal pictures, where it is infinite, are left out of means",
    "ssim": "structural similarity, Gaussian window of 11x11, sigma 1.5, mean over channels",
    "total_variation": "mean over pixels and channels of |next to the right - completed| + |next below - completed|, in percent",
}
NAMES = tuple(METRICS)


def picture_metrics(image, completed, mask):
    """{name: [batch]} of the metrics above."""
    image, completed = _between_0_and_1(image), _between_0_and_1(completed)
    difference = image - completed
    l2 = tf.reduce_mean(tf.square(difference), axis=[1, 2, 3])
    in_hole = tf.reduce_sum(tf.abs(difference) * mask, axis=[1, 2, 3])
    return {
        "l1": 100.0 * tf.reduce_mean(tf.abs(difference), axis=[1, 2, 3]),
        "l2": 100.0 * l2,
        "l1_in_hole": 100.0 * tf.math.divide_no_nan(in_hole, 3.0 * tf.reduce_sum(mask, axis=[1, 2, 3])),
        "psnr": tf.image.psnr(image, completed, 1.0),
        "ssim": tf.image.ssim(image, completed, 1.0),
        "total_variation": _total_variation(completed),
    }


def total_variation(pictures):
    """[batch]: the metric above, of any pictures."""
    return _total_variation(_between_0_and_1(pictures))


def _between_0_and_1(pictures):
    return (tf.convert_to_tensor(pictures) + 1.0) / 2.0


def _total_variation(pictures):
    values = tf.cast(tf.reduce_prod(tf.shape(pictures)[1:]), pictures.dtype)
    return 100.0 * tf.image.total_variation(pictures) / values
