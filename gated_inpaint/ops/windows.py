"""Cropping windows from maps and pasting them where they belong.

A window is a rectangle of maps [batch, height, width, channels]: int32 [2, 2], [first row, first column], [end row, end column],
ends exclusive; one for all maps of a batch, but for `crop_each`.
"""

import tensorflow as tf


def crop(maps, window):
    """The window of the maps."""
    begin = tf.pad(window[0], [[1, 1]])
    size = tf.pad(window[1] - window[0], [[1, 1]], constant_values=-1)
    part = tf.slice(maps, begin, size)
    return tf.ensure_shape(part, [maps.shape[0], None, None, maps.shape[3]])


def crop_mirrored(maps, window):
    """The window of the maps, which may reach past them: they go on mirrored at their border."""
    for axis in (1, 2):
        size = tf.shape(maps)[axis]
        positions = tf.range(window[0][axis - 1], window[1][axis - 1]) % (2 * size)
        maps = tf.gather(maps, tf.minimum(positions, 2 * size - 1 - positions), axis=axis)
    return maps


def crop_each(maps, windows, height, width):
    """A window of its own of each map: windows is int32 [batch, 2, 2], all of the height and width given, Python integers."""
    rows = windows[:, 0, :1] + tf.range(height)
    columns = windows[:, 0, 1:] + tf.range(width)
    return tf.gather(tf.gather(maps, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def paste(maps, begin, part):
    """The maps with `part` in them, whose first row and column are at `begin`, int32 [2].

    In a loop whose variable the maps are, nothing but the part is written.
    """
    batch, height, width, channels = tf.unstack(tf.shape(maps))
    rows, columns = (begin[axis] + tf.range(tf.shape(part)[1 + axis]) for axis in range(2))
    indices = (tf.range(batch)[:, tf.newaxis, tf.newaxis] * height + rows[:, tf.newaxis]) * width + columns
    pixels = tf.tensor_scatter_nd_update(tf.reshape(maps, [-1, channels]), indices[..., tf.newaxis], part)
    return tf.ensure_shape(tf.reshape(pixels, tf.shape(maps)), maps.shape)
