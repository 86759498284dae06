"""The generator near the holes: in the holes the same picture as the whole network's, without computing all the rest.

What a pixel of the result depends on follows from the tables of generator.py, row by row, backwards: a kernel of side k at rate r
reads r * (k - 1) / 2 pixels further on each side, a stride multiplies positions, an upsampling halves them. So for a window of the
result (a rectangle around a hole) each row of a table is given just that window of its input which it needs. Where a window meets
the picture's border there are zeros beyond it, as 'SAME' has them, and nowhere else.

  coarse      a window for each hole: the first stage's picture is used in the hole alone;
  matching    the attention's encoder, over the whole picture, because patches are copied from everywhere; in bands of rows, so that
              its large first maps never exist as a whole;
  refinement  a window for each hole: hallucination, attention (`ContextualAttention.in_window`) and decoder.

The masks that the rows of a partial network go by, of one channel each, are computed for the whole picture.

Conventions are those of generator.py. A window is int32 [2, 2], [first row, first column], [end row, end column], ends
exclusive, in pixels of the map it lies in.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gated_inpaint.models.deepfill_v2.generator import (
    AFTER_ATTENTION,
    BEFORE_ATTENTION,
    COARSE,
    DECODER,
    DIVISOR,
    HALLUCINATION,
    Completion,
    coarse_input,
)
from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.ops.windows import crop, paste

SCALE = 4  # Sides of the picture over sides of the features that attention rebuilds.
BAND_PIXELS = 2**20  # Of the picture, in a band of the attention's encoder.


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
        return Edge(self.a, self.m, self.s * row.stride, self.c * row.stride + _further(row, is_end))


def _further(row, is_end):
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


def _zeros_around(table, windows):
    """How many zeros a row needs around what it reads, int32 [rows, axes, 2], where its window ends at the picture's border."""
    strides = np.array([row.stride for row in table], np.int32)[:, np.newaxis, np.newaxis]
    further = np.array([[[_further(row, is_end)] for is_end in (False, True)] for row in table], np.int32)
    return tf.transpose(tf.abs(windows[1:] * strides + further - windows[:-1]), [0, 2, 1])


def multiplications(generator, windows, size):
    """What completing each of some windows costs in multiplications, the attention's encoder (over the whole picture) left out.

    Arguments:
      generator: a `Generator`.
      windows: int32 [..., 2, 2] as `complete_windows` takes them.
      size: int32 [2], height and width of the picture.

    Returns:
      float32 [...].
    """

    def of_table(table, windows, size):
        made = windows_of_rows(table, windows, size)
        areas = tf.reduce_prod(tf.cast(made[..., 1, :] - made[..., 0, :], tf.float32), axis=-1)
        kernels = [
            1.0 * math.prod(generator.convolutions[row.scope].kernel.shape) * (4 / 9 if row.upsample else 1) for row in table
        ]
        return tf.reduce_sum(areas[..., 1:] * kernels, axis=-1), made[..., 0, :, :], areas[..., 0]

    coarse, _, _ = of_table(COARSE, windows, size)
    decoder, features, _ = of_table(DECODER, windows, size)
    hallucination, _, _ = of_table(HALLUCINATION, features, size // SCALE)
    after_attention, _, rebuilt = of_table(AFTER_ATTENTION, features, size // SCALE)
    # One position in 2x2 pixels of the features, with a patch of 3x3 to match and 4x4 pixels to copy.
    channels = generator.convolutions[AFTER_ATTENTION[0].scope].kernel.shape[2]
    positions = tf.reduce_prod(tf.cast(size // SCALE, tf.float32)) / 4
    return coarse + decoder + hallucination + after_attention + rebuilt / 4 * positions * (9 + 16) * channels


def complete_windows(generator, image, mask, sketch, windows):
    """What the generator makes of a batch, in windows alone.

    Arguments:
      generator: a `Generator`.
      image, mask, sketch: as the generator takes them; sketch is None for one that takes none.
      windows: int32 [windows, 2, 2]. Together they must hold all holes of all pictures. They may overlap.

    Returns:
      A `Completion`. Its coarse and refined pictures and its offsets are zero outside the windows; what is complete is complete.
    """
    size = tf.shape(image)[1:3]
    masked = image * (1.0 - mask)
    masks = generator.masks(mask)

    def add_coarse(window, coarse):
        def inputs(given):
            return coarse_input(crop(masked, given), crop(mask, given), None if sketch is None else crop(sketch, given))

        return paste(coarse, window[0], _run(generator, COARSE, inputs, masks, window, size))

    coarse = _for_each(windows, add_coarse, tf.zeros_like(image))
    pasted = coarse * mask + masked
    features = _matching_features(generator, pasted, masks)
    background = generator.attention.background(features, resize_nearest_aligned(mask, *tf.unstack(size // SCALE)))

    def add_refined(window, refined, offsets):
        joined = windows_of_rows(DECODER, window, size)[0]
        rebuilt = windows_of_rows(AFTER_ATTENTION, joined, size // SCALE)[0]
        rebuilt_features, offsets_here = generator.attention.in_window(background, rebuilt)
        attention = _run(generator, AFTER_ATTENTION, lambda _: rebuilt_features, masks, joined, size // SCALE)
        hallucination = _run(generator, HALLUCINATION, lambda given: crop(pasted, given), masks, joined, size // SCALE)
        branches = tf.concat([hallucination, attention], axis=-1)
        decoded = _run(generator, DECODER, lambda _: branches, masks, window, size)
        return paste(refined, window[0], decoded), paste(offsets, (rebuilt[0] + 1) // 2, offsets_here)

    offsets = tf.zeros([tf.shape(image)[0], size[0] // DIVISOR, size[1] // DIVISOR, 2], tf.int32)
    refined, offsets = _for_each(windows, add_refined, tf.zeros_like(image), offsets)
    return Completion(coarse, refined, refined * mask + masked, offsets)


def _run(generator, table, features, masks, window, size):
    """The result of a table in a window of it.

    `features` is a function of the window that the first row reads; masks are those of `Generator.masks`, of the whole picture.
    """
    windows = windows_of_rows(table, window, size)
    paddings = tf.unstack(tf.pad(_zeros_around(table, windows), [[0, 0], [1, 1], [0, 0]]))
    windows = tf.unstack(windows)
    features = features(windows[0])
    for row, read, made, padding in zip(table, windows, windows[1:], paddings):
        mask = crop(masks[row.scope], read) if row.scope in masks else None
        if row.upsample:
            # Doubled as a whole. At edges inside the picture the last row or column lacks a neighbour, and is not needed.
            features = crop(generator.convolve(row, features, mask), made - 2 * read[0])
            continue
        if mask is not None:
            mask = tf.pad(mask, padding, constant_values=True)
        features = generator.convolve(row, tf.pad(features, padding), mask, padding="VALID")
    return features


def _matching_features(generator, pasted, masks):
    """The result of BEFORE_ATTENTION for whole pictures."""
    size = tf.shape(pasted)[1:3] // SCALE
    rows = tf.maximum(BAND_PIXELS // (SCALE * SCALE * size[1]), 1)
    tops = tf.range(0, size[0], rows)
    bands = tf.stack([tf.stack([tops, 0 * tops], 1), tf.stack([tf.minimum(tops + rows, size[0]), 0 * tops + size[1]], 1)], 1)

    def add_band(window, features):
        made = _run(generator, BEFORE_ATTENTION, lambda given: crop(pasted, given), masks, window, size)
        return paste(features, window[0], made)

    last = generator.convolutions[BEFORE_ATTENTION[-1].scope]
    features = tf.zeros([tf.shape(pasted)[0], size[0], size[1], last.output_channels], last.compute_dtype)
    return _for_each(bands, add_band, features)


def _for_each(windows, add, *maps):
    """The maps after maps = add(window, *maps) with every one of `windows`, int32 [windows, 2, 2]; a single one as itself."""

    def step(index, *maps):
        maps = add(windows[index], *maps)
        return index + 1, *(maps if isinstance(maps, tuple) else (maps,))

    _, *maps = tf.while_loop(lambda index, *_: index < tf.shape(windows)[0], step, (0, *maps), parallel_iterations=1)
    return maps if len(maps) > 1 else maps[0]
