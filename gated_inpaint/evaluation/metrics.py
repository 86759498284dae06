"""Metrics of completed pictures against the originals.

Pictures are float32 [batch, height, width, 3] in [-1, 1], masks [batch, height, width, 1], 1 in the hole. Every metric is one
number for each picture, float32 [batch], on the scale where black is 0 and white is 1:

  l1          mean over pixels and channels of |original - completed|, in percent
  l2          mean over pixels and channels of (original - completed)^2, in percent
  l1_in_hole  l1 over the hole's pixels alone, in percent; 0 where there is no hole
  psnr        10 log10(1 / l2), in dB
  ssim        structural similarity: Gaussian window of 11x11, sigma 1.5, mean over channels ("Image Quality Assessment: From Error
              Visibility to Structural Similarity", 2004); pictures of at least 11x11
"""

import tensorflow as tf

NAMES = ("l1", "l2", "l1_in_hole", "psnr", "ssim")


def picture_metrics(image, completed, mask):
    """{name: [batch]} of the metrics above."""
    image, completed = (image + 1.0) / 2.0, (completed + 1.0) / 2.0
    difference = image - completed
    l2 = tf.reduce_mean(tf.square(difference), axis=[1, 2, 3])
    in_hole = tf.reduce_sum(tf.abs(difference) * mask, axis=[1, 2, 3])
    return {
        "l1": 100.0 * tf.reduce_mean(tf.abs(difference), axis=[1, 2, 3]),
        "l2": 100.0 * l2,
        "l1_in_hole": 100.0 * tf.math.divide_no_nan(in_hole, 3.0 * tf.reduce_sum(mask, axis=[1, 2, 3])),
        "psnr": tf.image.psnr(image, completed, 1.0),
        "ssim": tf.image.ssim(image, completed, 1.0),
    }
