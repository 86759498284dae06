"""Networks as tables: one row a convolution, named as in the authors' files, to be laid beside the paper.

`Rows` makes a network's layers from its tables and runs them. What a row reads for a window of its result follows from the row
alone: `windows_of_rows` is receptive-field arithmetic, from the last row of a table back to its first.

A window is int32 [..., 2, 2], [first row, first column], [end row, end column], ends exclusive, in pixels of the map it lies in.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gated_inpaint.ops.windows import crop


class Conv(NamedTuple):
    """A row: scope in the authors' files, kernel side, channels in units of the base width, and what is not default.

    Padding is 'SAME'.
    """

    scope: str
    kernel: int
    channels: float
    stride: int = 1
    rate: int = 1
    upsample: bool = False  # Nearest-neighbour x2 in front.
    activation: str = "elu"

    @property
    def name(self):
        return self.scope.rsplit("/")[-1]


class LastConv(NamedTuple):
    """A last row: a plain convolution to the picture's three channels, in float32 whatever the others compute in."""

    scope: str
    kernel: int

    @property
    def stride(self):
        return 1

    @property
    def rate(self):
        return 1

    @property
    def upsample(self):
        return False

    @property
    def name(self):
        return self.scope.rsplit("/")[-1]


def convolve(network, row, features, mask=None, padding="SAME"):
    """What a row of a network makes of the features, and of its mask if its layers take one.

    `padding` is 'SAME', or 'VALID' where the features have what surrounds them.
    """
    layer = getattr(network, row.name)
    if isinstance(row, LastConv):
        if padding == "SAME":  # Its layer pads nothing.
            margin = [row.kernel // 2] * 2
            features = tf.pad(features, [[0, 0], margin, margin, [0, 0]])
        return layer(features)
    return layer(features, padding=padding) if mask is None else layer(features, mask, padding=padding)[0]


def run_rows(network, table, features, masks=None):
    """What a table makes of the features; masks are {scope: mask of the row's input}, for rows whose layers take one."""
    for row in table:
        features = convolve(network, row, features, masks.get(row.scope) if masks else None)
    return features


def named_variables(network, tables, root):
    """{"root/scope/kernel": variable, ...} of all rows of the tables."""
    return {
        f"{root}/{row.scope}/{name}": getattr(getattr(network, row.name), name)
        for table in tables
        for row in table
        for name in ("kernel", "bias")
    }


class Edge(NamedTuple):
    """Where an edge x of a window of a table's result lies in the map that one of its rows reads: at (x + a) // m * s + c."""

    a: int = 0
    m: int = 1
    s: int = 1
    c: int = 0

    def before(self, row, is_end):
        """The edge in what `row` reads, if this is the edge in what it makes. (No table strides behind an upsampling.)"""
        if row.upsample:
            return Edge(self.a + self.m * (self.c + (2 if is_end else -1)), 2 * self.m)
        return Edge(self.a, self.m, self.s * row.stride, self.c * row.stride + _reach(row, is_end))


def _reach(row, is_end):
    """How much further than stride times the edge of what it makes a row without upsampling reads; before the picture's border."""
    reach = row.rate * (row.kernel - 1)
    padded_before = (reach + 1 - row.stride) // 2  # By 'SAME', for sides that the stride divides.
    return reach + 1 - row.stride - padded_before if is_end else -padded_before


def windows_of_rows(table, windows, size):
    """The windows that the rows of a table read for windows of its result, int32 [..., 2, 2]: int32 [..., rows + 1, 2, 2].

    The first row reads the first of them and makes the second, which the next row reads; the last of them is the result's. size:
    int32 [2], height and width of the whole result.
    """
    edges = [[Edge(), Edge()]]
    for row in reversed(table):
        edges.insert(0, [edge.before(row, is_end) for edge, is_end in zip(edges[0], (False, True))])
    a, m, s, c = np.moveaxis(np.array(edges, np.int32)[..., np.newaxis], 2, 0)
    windows = (windows[..., tf.newaxis, :, :] + a) // m * s + c
    return tf.clip_by_value(windows, 0, size // m[:, 1:] * s[:, 1:])


def run_window(network, table, features, window, size, masks=None):
    """The result of a table in a window of it.

    `features` is a function of the window that the first row reads; masks, as `run_rows` takes them, are of whole pictures.
    """
    windows = windows_of_rows(table, window, size)
    paddings = tf.unstack(tf.pad(_zeros_around(table, windows), [[0, 0], [1, 1], [0, 0]]))
    windows = tf.unstack(windows)
    features = features(windows[0])
    for row, read, made, padding in zip(table, windows, windows[1:], paddings):
        mask = crop(masks[row.scope], read) if masks and row.scope in masks else None
        if row.upsample:
            # Doubled as a whole. At edges inside the picture the last row or column lacks a neighbour, and is not needed.
            features = crop(convolve(network, row, features, mask), made - 2 * read[0])
            continue
        if mask is not None:
            mask = tf.pad(mask, padding, constant_values=True)
        # Keras runs a convolution whose channels are not known beforehand by XLA: slow, and not in every server.
        padded = tf.ensure_shape(tf.pad(features, padding), [features.shape[0], None, None, features.shape[3]])
        features = convolve(network, row, padded, mask, padding="VALID")
    return features


def _zeros_around(table, windows):
    """How many zeros a row needs around what it reads, int32 [rows, axes, 2], where its window ends at the picture's border."""
    strides = np.array([row.stride for row in table], np.int32)[:, np.newaxis, np.newaxis]
    reaches = np.array([[[_reach(row, is_end)] for is_end in (False, True)] for row in table], np.int32)
    return tf.transpose(tf.abs(windows[1:] * strides + reaches - windows[:-1]), [0, 2, 1])


def multiplications(network, table, windows, size):
    """What a table costs in windows of its result, in multiplications.

    Returns float32 [...] of `windows`, int32 [..., 2, 2], the windows that its first row reads, and their areas, float32 [...].
    """
    made = windows_of_rows(table, windows, size)
    areas = tf.reduce_prod(tf.cast(made[..., 1, :] - made[..., 0, :], tf.float32), axis=-1)
    kernels = [1.0 * math.prod(getattr(network, row.name).kernel.shape) * (4 / 9 if row.upsample else 1) for row in table]
    return tf.reduce_sum(areas[..., 1:] * kernels, axis=-1), made[..., 0, :, :], areas[..., 0]
