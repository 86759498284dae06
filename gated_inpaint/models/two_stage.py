"""Two-stage networks with contextual attention, as DeepFill's: near the holes, the whole network's picture for less work.

What a pixel of the result depends on follows from the tables of the network, row by row, backwards: a kernel of side k at rate r
reads r * (k - 1) / 2 pixels further on each side, a stride multiplies positions, an upsampling halves them. So for a window of the
result (a rectangle around a hole) each row of a table is given just that window of its input which it needs. Where a window meets
the picture's border there are zeros beyond it, as 'SAME' has them, and nowhere else.

  coarse      a window for each hole: the first stage's picture is used in the hole alone;
  matching    the attention's encoder, over the whole picture, because patches are copied from everywhere; in bands of rows, so that
              its large first maps never exist as a whole;
  refinement  a window for each hole: hallucination, attention (`ContextualAttention.in_window`) and decoder.

The masks that the rows of a partial network go by, of one channel each, are computed for the whole picture.

Conventions are those of `gated_inpaint.types`; windows are those of `models.rows`.
"""

from typing import NamedTuple

import tensorflow as tf

from gated_inpaint.layers.contextual_attention import TILE_BYTES
from gated_inpaint.models.rows import multiplications, run_window, windows_of_rows
from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.ops.windows import crop, paste
from gated_inpaint.types import Completion

SCALE = 4  # Sides of the picture over sides of the features that attention rebuilds.
BAND_PIXELS = 2**20  # Of the picture, in a band of the attention's encoder.


class Tables(NamedTuple):
    """The tables of a two-stage network, in the order in which they run; the attention lies between the third and the fourth."""

    coarse: tuple
    hallucination: tuple
    before_attention: tuple
    after_attention: tuple
    decoder: tuple


class TwoStageWindows:
    """Completes windows around the holes.

    Arguments:
      network: a `Network` with these attributes:
        tables: `Tables`; every row is a layer, an attribute by the row's name.
        attention: a `ContextualAttention`.
        coarse_input: function of the photo without its hole, the mask and a sketch or None, to what the first stage reads.
        refinement_input: function of the pasted picture and the mask to what both branches of the second stage read.
        row_masks: function of the mask to the masks of rows that take one, as `run_rows` takes them.
    """

    def __init__(self, network):
        self._network = network

    def whole_fits(self, size):
        """Whether the memory of the attention's scores allows for the whole network, a bool scalar; size: int32 [2]."""
        positions = tf.cast(tf.reduce_prod(size // (2 * SCALE)), tf.float32)
        return 4.0 * positions**2 <= TILE_BYTES

    def multiplications(self, windows, size):
        """What completing each of some windows costs in multiplications, the attention's encoder (over the whole picture) left out.

        Arguments:
          windows: int32 [..., 2, 2] as `complete` takes them.
          size: int32 [2], height and width of the picture.

        Returns:
          float32 [...].
        """
        network, tables = self._network, self._network.tables
        coarse, _, _ = multiplications(network, tables.coarse, windows, size)
        decoder, features, _ = multiplications(network, tables.decoder, windows, size)
        hallucination, _, _ = multiplications(network, tables.hallucination, features, size // SCALE)
        after_attention, _, rebuilt = multiplications(network, tables.after_attention, features, size // SCALE)
        # One position in 2x2 pixels of the features, with a patch of 3x3 to match and 4x4 pixels to copy.
        channels = getattr(network, tables.after_attention[0].name).kernel.shape[2]
        positions = tf.reduce_prod(tf.cast(size // SCALE, tf.float32)) / 4
        return coarse + decoder + hallucination + after_attention + rebuilt / 4 * positions * (9 + 16) * channels

    def complete(self, inputs, windows):
        """What the network makes of `Inputs`, in windows alone.

        Arguments:
          windows: int32 [windows, 2, 2]. Together they must hold all holes of all pictures. They may overlap.

        Returns:
          A `Completion`. Its stages and its offsets are zero outside the windows; the composite is the whole network's.
        """
        network, tables, (image, mask, sketch) = self._network, self._network.tables, inputs
        size = tf.shape(image)[1:3]
        masked = image * (1.0 - mask)
        masks = network.row_masks(mask)

        def add_coarse(window, coarse):
            def read(given):
                lines = None if sketch is None else crop(sketch, given)
                return network.coarse_input(crop(masked, given), crop(mask, given), lines)

            return paste(coarse, window[0], run_window(network, tables.coarse, read, window, size, masks))

        coarse = _for_each(windows, add_coarse, tf.zeros_like(image))
        pasted = coarse * mask + masked

        def read_pasted(given):
            return network.refinement_input(crop(pasted, given), crop(mask, given))

        features = self._matching_features(read_pasted, tf.shape(image)[0], size, masks)
        background = network.attention.background(features, resize_nearest_aligned(mask, *tf.unstack(size // SCALE)))

        def add_refined(window, refined, offsets):
            joined = windows_of_rows(tables.decoder, window, size)[0]
            rebuilt = windows_of_rows(tables.after_attention, joined, size // SCALE)[0]
            rebuilt_features, offsets_here = network.attention.in_window(background, rebuilt)
            attention = run_window(network, tables.after_attention, lambda _: rebuilt_features, joined, size // SCALE, masks)
            hallucination = run_window(network, tables.hallucination, read_pasted, joined, size // SCALE, masks)
            branches = tf.concat([hallucination, attention], axis=-1)
            decoded = run_window(network, tables.decoder, lambda _: branches, window, size, masks)
            return paste(refined, window[0], decoded), paste(offsets, (rebuilt[0] + 1) // 2, offsets_here)

        offsets = tf.zeros([tf.shape(image)[0], *tf.unstack(size // (2 * SCALE)), 2], tf.int32)
        refined, offsets = _for_each(windows, add_refined, tf.zeros_like(image), offsets)
        return Completion(refined, refined * mask + masked, {"coarse": coarse, "refined": refined}, offsets)

    def _matching_features(self, read_pasted, batch, size, masks):
        """What the rows before the attention make of whole pictures."""
        network, table = self._network, self._network.tables.before_attention
        size = size // SCALE
        rows = tf.maximum(BAND_PIXELS // (SCALE * SCALE * size[1]), 1)
        tops = tf.range(0, size[0], rows)
        bands = tf.stack([tf.stack([tops, 0 * tops], 1), tf.stack([tf.minimum(tops + rows, size[0]), 0 * tops + size[1]], 1)], 1)

        def add_band(window, features):
            return paste(features, window[0], run_window(network, table, read_pasted, window, size, masks))

        last = getattr(network, table[-1].name)
        features = tf.zeros([batch, size[0], size[1], last.output_channels], last.compute_dtype)
        return _for_each(bands, add_band, features)


def _for_each(windows, add, *maps):
    """The maps after maps = add(window, *maps) with every one of `windows`, int32 [windows, 2, 2]; a single one as itself."""

    def step(index, *maps):
        maps = add(windows[index], *maps)
        return index + 1, *(maps if isinstance(maps, tuple) else (maps,))

    _, *maps = tf.while_loop(lambda index, *_: index < tf.shape(windows)[0], step, (0, *maps), parallel_iterations=1)
    return maps if len(maps) > 1 else maps[0]
