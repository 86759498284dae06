"""Completes holes for what the holes cost: finds windows around them, and has only those computed where that is less work.

All in TensorFlow operations, so that a served graph does the same. Holes that lie near one another are one window when that costs
fewer multiplications than two, because what their results depend on overlaps.
"""

from typing import Protocol

import tensorflow as tf

CELLS = 1024  # At most, into which the picture is divided to tell holes apart.
SMALLEST_CELL = 16
DENSE_SPEED = 1.2  # How much faster the whole network does its multiplications than windows do theirs, about.


class Windows(Protocol):
    """What a network's `windows` has to have; windows are int32 [..., 2, 2], size is int32 [2], as `hole_windows` says."""

    def multiplications(self, windows, size):
        """What completing each window of a picture of that size costs, float32 [...]."""

    def whole_fits(self, size):
        """Whether the memory allows for the whole network at that size, a bool scalar."""

    def complete(self, inputs, windows):
        """The `Completion` of `Inputs`, whose composite is exact where all holes lie in windows, int32 [windows, 2, 2]."""


def complete_holes(network, inputs, return_intermediates=False):
    """What a network makes of a batch.

    Arguments:
      network: a `Network`.
      inputs: `Inputs`.
      return_intermediates: whether more is wanted than the composite. If not, the rest may be zero outside windows around the
        holes.

    Returns:
      A `Completion`.
    """
    near_holes = network.windows
    if near_holes is None:
        return network.inpaint(inputs)
    size = tf.shape(inputs.image)[1:3]

    def cost(windows):
        return near_holes.multiplications(windows, size)

    whole = tf.stack([tf.zeros_like(size), size])
    windows = whole[tf.newaxis] if return_intermediates else hole_windows(inputs.mask > 0, cost)
    little_to_save = DENSE_SPEED * tf.reduce_sum(cost(windows)) > cost(whole)
    return tf.cond(
        little_to_save & near_holes.whole_fits(size),
        lambda: network.inpaint(inputs),
        lambda: near_holes.complete(inputs, windows),
    )


def hole_windows(mask, cost):
    """Windows that hold all holes of a batch.

    Arguments:
      mask: bool [batch, height, width, 1], true in the hole.
      cost: function of windows, int32 [..., 2, 2], that says what completing each costs, float32 [...].

    Returns:
      int32 [windows, 2, 2], each [first row, first column], [end row, end column], ends exclusive. They may
      overlap.
    """

    def saved(windows, others, unions):
        return cost(windows) + cost(others) - cost(unions)

    return merge_windows(separate_windows(tf.reduce_any(mask, axis=[0, 3])), saved)


def separate_windows(hole):
    """The windows of what hangs together in a hole, bool [height, width]; gaps narrower than one of the cells are not seen."""
    height, width = tf.unstack(tf.shape(hole))
    area = tf.cast(height, tf.float32) * tf.cast(width, tf.float32)
    cell = tf.maximum(tf.cast(tf.math.ceil(tf.sqrt(area / CELLS)), tf.int32), SMALLEST_CELL)
    hole = tf.pad(hole, [[0, -height % cell], [0, -width % cell]])
    rows, columns = tf.shape(hole)[0] // cell, tf.shape(hole)[1] // cell
    cells = tf.transpose(tf.reshape(hole, [rows, cell, columns, cell]), [0, 2, 1, 3])

    labels = _label(tf.reduce_any(cells, axis=[2, 3]))
    occupied = tf.where(labels > 0)
    distinct, windows_of_cells = tf.unique(tf.gather_nd(labels, occupied))
    count = tf.size(distinct)
    corners = tf.cast(occupied, tf.int32) * cell
    ends = []
    for axis, other in ((2, 3), (3, 2)):
        lines = tf.gather_nd(tf.reduce_any(cells, axis=other), occupied)
        first = corners[:, axis - 2] + tf.argmax(lines, axis=1, output_type=tf.int32)
        behind = corners[:, axis - 2] + cell - tf.argmax(lines[:, ::-1], axis=1, output_type=tf.int32)
        ends.append(
            [
                tf.math.unsorted_segment_min(first, windows_of_cells, count),
                tf.math.unsorted_segment_max(behind, windows_of_cells, count),
            ]
        )
    return tf.transpose(tf.convert_to_tensor(ends), [2, 1, 0])


def _label(occupied):
    """Numbers what hangs together, by edge or corner, in bool [rows, columns]: int32, equal and above 0 where it does, else 0."""
    shape = tf.shape(occupied)
    numbers = tf.reshape(tf.range(1.0, tf.cast(tf.size(occupied), tf.float32) + 1.0), shape)
    occupied = tf.cast(occupied, tf.float32)

    def spread(labels, _):
        wider = tf.nn.max_pool2d(labels[tf.newaxis, :, :, tf.newaxis], 3, 1, "SAME")[0, :, :, 0] * occupied
        return wider, tf.reduce_any(wider != labels)

    labels, _ = tf.while_loop(
        lambda _, changed: changed,
        spread,
        (numbers * occupied, True),
        shape_invariants=(tf.TensorShape([None, None]), tf.TensorShape([])),
    )
    return tf.cast(labels, tf.int32)


def merge_windows(windows, saved):
    """Replaces two windows by their union where that saves most for both of them, as long as anything is saved.

    Arguments:
      windows: int32 [windows, 2, 2].
      saved: function of windows, others and their unions, all int32 [..., 2, 2] of shapes that go together, to what each union
        saves, float32 [...]; they are merged where that is not below 0.
    """

    def merge(windows, _):
        some, others = windows[:, tf.newaxis], windows[tf.newaxis]
        unions = tf.stack([tf.minimum(some[..., 0, :], others[..., 0, :]), tf.maximum(some[..., 1, :], others[..., 1, :])], axis=2)
        count = tf.shape(windows)[0]
        numbers = tf.range(count)
        savings = tf.linalg.set_diag(saved(some, others, unions), tf.fill([count], -1.0))
        partners = tf.argmax(savings, axis=1, output_type=tf.int32)
        merges = (tf.gather(partners, partners) == numbers) & (tf.reduce_max(savings, axis=1) >= 0.0)
        unions = tf.gather(unions, partners, batch_dims=1)
        windows = tf.where(merges[:, tf.newaxis, tf.newaxis], unions, windows)
        return tf.boolean_mask(windows, ~merges | (numbers < partners)), tf.reduce_any(merges)

    windows, _ = tf.while_loop(
        lambda windows, merged: merged & (tf.shape(windows)[0] > 1),
        merge,
        (windows, True),
        shape_invariants=(tf.TensorShape([None, 2, 2]), tf.TensorShape([])),
    )
    return windows
