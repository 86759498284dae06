"""Sketches: the white lines on black that steer a guided network.

A sketch is float32 [..., height, width, 1], 1 on a line and 0 off it. It comes from a gray picture of edges that somebody made
beforehand (`threshold_lines`), or from the photo itself (`draw_edges`): in TensorFlow operations alone, so that they run inside
`tf.data`, under XLA and on an accelerator.

`draw_edges` is Canny's detector with surround suppression: a gradient counts by how far it stands out from the gradients around
it, so that contours stay and grass, fur and gravel go.

References: Canny, "A Computational Approach to Edge Detection", 1986; Grigorescu, Petkov and Westenberg, "Contour and boundary
detection improved by surround suppression of texture edges", 2004.
"""

import math

import numpy as np
import tensorflow as tf

# Of white, as released.
LINE_THRESHOLD = 0.6

# Of draw_edges; lengths in pixels, gradients in levels of [0, 1] a pixel. Chosen by looking, on photos of 256x256.
_SUPPRESSION = 1.2
_SURROUND = 25
_SMALLEST_GRADIENT = 0.01
_STRONG_OVER_MEAN = 0.5
_WEAK_OVER_STRONG = 0.2
_STEPS_ALONG_LINE = 16


def threshold_lines(levels):
    """Lines from gray levels: 1.0 where a level, in [0, 1], is above 0.6 of white, 0.0 elsewhere; any shape, float32."""
    return tf.cast(levels > LINE_THRESHOLD, tf.float32)


def resize_lines(lines, height, width):
    """Resizes lines [h, w, 1], 0 or 1, to [height, width, 1] so that they stay 0 or 1 and none is lost.

    A target pixel is on a line if one of the source pixels it covers is. Enlarged, a pixel is repeated.
    """
    for axis, target in ((0, height), (1, width)):
        source = tf.shape(lines)[axis]
        start = tf.range(target) * source // target
        stop = tf.maximum(start + 1, (tf.range(target) + 1) * source // target)
        before = tf.concat([tf.zeros_like(tf.gather(lines, [0], axis=axis)), tf.cumsum(lines, axis=axis)], axis=axis)
        lines = tf.cast(tf.gather(before, stop, axis=axis) > tf.gather(before, start, axis=axis), lines.dtype)
    return lines


def draw_edges(images, smoothing=2.0):
    """Draws the contours in pictures, as thin lines.

    Arguments:
      images: float [batch, height, width, 3] in [-1, 1], at least three times `smoothing` high and wide.
      smoothing: standard deviation, in pixels, of the Gaussian that smooths the picture first: the larger, the fewer details.

    Returns:
      float32 [batch, height, width, 1], 1 on a line. A picture of one colour has none.
    """
    gray = tf.image.rgb_to_grayscale(tf.cast(images, tf.float32)) / 2.0
    down, across = _gradient(gray, smoothing)
    strength = tf.sqrt(down * down + across * across)

    surround = tf.nn.avg_pool2d(tf.nn.avg_pool2d(strength, [_SURROUND, 1], 1, "SAME"), [1, _SURROUND], 1, "SAME")
    contrast = tf.where(_is_ridge(strength, down, across), strength - _SUPPRESSION * surround, 0.0)
    strong = _SMALLEST_GRADIENT + _STRONG_OVER_MEAN * tf.reduce_mean(strength, axis=[1, 2], keepdims=True)

    # Hysteresis: from its strong pixels a line runs on through weak ones, a limited way to keep the shape of the graph static.
    weak = tf.cast(contrast > _WEAK_OVER_STRONG * strong, tf.float32)
    lines = tf.cast(contrast > strong, tf.float32)
    for _ in range(_STEPS_ALONG_LINE):
        lines = tf.nn.max_pool2d(lines, 3, 1, "SAME") * weak
    return lines


def _gradient(gray, smoothing):
    """The gradient of smoothed [batch, height, width, 1]: downwards and across, of the same shape; reflected at the border."""
    radius = math.ceil(3 * smoothing)
    offsets = np.arange(-radius, radius + 1)
    gaussian = np.exp(-(offsets**2) / (2 * smoothing**2))
    gaussian /= gaussian.sum()
    slope = offsets * gaussian / (offsets**2 * gaussian).sum()

    padded = tf.pad(gray, [[0, 0], [radius, radius], [radius, radius], [0, 0]], "SYMMETRIC")
    return _convolve(padded, slope, gaussian), _convolve(padded, gaussian, slope)


def _convolve(images, down, across):
    images = tf.nn.conv2d(images, tf.constant(down.reshape(-1, 1, 1, 1), tf.float32), 1, "VALID")
    return tf.nn.conv2d(images, tf.constant(across.reshape(1, -1, 1, 1), tf.float32), 1, "VALID")


def _is_ridge(strength, down, across):
    """Whether a pixel's gradient is the strongest along its direction: no weaker than one neighbour, stronger than the other."""
    padded = tf.pad(strength, [[0, 0], [1, 1], [1, 1], [0, 0]])

    def neighbour(rows, columns):
        return padded[:, 1 + rows : rows - 1 or None, 1 + columns : columns - 1 or None]

    def pick(sign):
        diagonal = tf.where(down * across > 0, neighbour(sign, sign), neighbour(sign, -sign))
        steep = tf.abs(across) < math.tan(math.pi / 8) * tf.abs(down)
        flat = tf.abs(down) < math.tan(math.pi / 8) * tf.abs(across)
        return tf.where(flat, neighbour(0, sign), tf.where(steep, neighbour(sign, 0), diagonal))

    return (strength >= pick(1)) & (strength > pick(-1))
