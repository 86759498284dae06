"""Completes a photo in pieces, as a `Plan` says, whatever their number, in the memory of one of them.

Each piece is cropped from the photo, brought to the size that the plan says, completed, brought back, and pasted into the holes
alone. Where tiles meet inside a hole, one ramps into the other, their shares adding up to 1. Crops see each other's holes as holes;
tiles see what crops made as known.

There are two loops over the same pieces: one in NumPy, which shows its progress, can be interrupted and needs no graph; and one in
TensorFlow operations, for a graph that is served.
"""

import numpy as np
import tensorflow as tf

from gated_inpaint.inference.plan import Pieces, reach
from gated_inpaint.ops.windows import crop, crop_mirrored, paste
from gated_inpaint.types import Inputs


def complete_pieces(complete, inputs, plan, progress=None):
    """Completes one photo, piece by piece, outside a graph.

    Arguments:
      complete: function of `Inputs` of a batch of one, with sides that the network's divisor divides, to a picture: of the same
        size, in [-1, 1]; read in the hole alone.
      inputs: `Inputs` of the photo, [1, height, width, ...], of any size; image and mask are arrays, and the image is completed in
        its place.
      plan: a `Plan`; if its rest is to be completed as it is, that is left to do.
      progress: function of (pieces done, pieces in all), called before each piece and at the end; None where none is wanted.

    Returns `Inputs`, whose image is completed in the plan's pieces and whose mask has what is left to do.
    """
    progress = progress or (lambda done, count: None)
    crops, tiles = _rows(plan.crops), [] if plan.as_it_is else _rows(plan.tiles)
    in_crops = np.asarray(plan.in_crops)[np.newaxis, ..., np.newaxis]
    image, mask, sketch = inputs

    def pieces_of(rows, mask, first):
        """The pieces' places and what is made of them. What earlier ones wrote lies in the holes, where nothing is read."""
        for number, piece in enumerate(rows, start=first):
            progress(number, len(crops) + len(tiles))
            seen = Inputs(*(None if maps is None else tf.constant(_mirrored(maps, piece.shown)) for maps in (image, mask, sketch)))
            yield piece, (slice(None), *_slices(reach(piece))), completed_crop(complete, seen, piece).numpy()

    for _, here, made in pieces_of(crops, mask, 0):
        np.copyto(image[here], made, where=in_crops[here])
    if crops:
        mask = mask * ~in_crops
    if tiles:
        np.copyto(image, 0, where=mask > 0)  # A sum of shares begins.
    for piece, here, made in pieces_of(tiles, mask, len(crops)):
        image[here] += shares(piece) * made * mask[here]
    progress(len(crops) + len(tiles), len(crops) + len(tiles))
    return Inputs(image, mask if plan.as_it_is else np.zeros_like(mask), sketch)


def complete_pieces_in_graph(complete, inputs, plan):
    """`complete_pieces` in TensorFlow operations, for a graph that is served; its loops write nothing but the pieces."""
    in_crops = tf.cast(plan.in_crops, tf.float32)[tf.newaxis, ..., tf.newaxis]
    of_crops, of_tiles = tf.shape(plan.crops.own)[0], tf.where(plan.as_it_is, 0, tf.shape(plan.tiles.own)[0])

    def add_crop(index, image):
        piece = Pieces(*(rows[index] for rows in plan.crops))
        here = crop(in_crops, piece.own) > 0
        made = tf.where(here, completed_piece(complete, inputs, piece), crop(image, piece.own))
        return index + 1, paste(image, piece.own[0], made)

    _, image = tf.while_loop(lambda index, _: index < of_crops, add_crop, (0, inputs.image), parallel_iterations=1)
    mask = inputs.mask * (1.0 - in_crops)
    rest = Inputs(image, mask, inputs.sketch)

    def add_tile(index, image):
        piece = Pieces(*(rows[index] for rows in plan.tiles))
        window = reach(piece)
        share = shares(piece) * completed_piece(complete, rest, piece) * crop(mask, window)
        return index + 1, paste(image, window[0], crop(image, window) + share)

    begin = tf.where((mask > 0) & (of_tiles > 0), 0.0, image)
    _, image = tf.while_loop(lambda index, _: index < of_tiles, add_tile, (0, begin), parallel_iterations=1)
    return Inputs(image, tf.where(plan.as_it_is, mask, tf.zeros_like(mask)), inputs.sketch)


def completed_piece(complete, inputs, piece):
    """What the network makes of one piece, in the window where it determines anything, at the photo's scale."""
    return completed_crop(complete, Inputs(*(None if maps is None else crop_mirrored(maps, piece.shown) for maps in inputs)), piece)


def completed_crop(complete, cropped, piece):
    """The same of the piece's own `Inputs`, cropped from the photo."""
    extent = piece.shown[1] - piece.shown[0]
    is_reduced, is_another = tf.reduce_any(piece.sizes < extent), tf.reduce_any(piece.sizes != extent)

    # One condition, and both ways to resize in it: no condition inside another, where TensorFlow 2.21 refused what was served.
    def resized():
        image = tf.where(is_reduced, _area(cropped.image, piece.sizes), _known_enlarged(cropped.image, cropped.mask, piece.sizes))
        mask, sketch = (None if maps is None else tf.cast(_area(maps, piece.sizes) > 0, tf.float32) for maps in cropped[1:])
        return _given(image, _leaving_something(mask, cropped.mask, piece.sizes), sketch)

    given = Inputs(*tf.cond(is_another, resized, lambda: _given(*cropped)))
    # What is resized has the known pixels around the hole: a network's own there may be anything.
    made = tf.where(given.mask > 0, complete(given), given.image)
    made = tf.cond(
        is_another,
        lambda: tf.where(is_reduced, tf.image.resize(made, extent, tf.image.ResizeMethod.BICUBIC), _area(made, extent)),
        lambda: made,
    )
    return crop(tf.ensure_shape(made, [None, None, None, 3]), reach(piece) - piece.shown[0])


def _given(*maps):
    """Of a photo, a mask and perhaps a sketch: those that there are."""
    return [one for one in maps if one is not None]


def _known_enlarged(image, mask, size):
    """A picture enlarged of its known pixels alone: what is in the hole shows nowhere."""
    known, share = (tf.image.resize(maps, size, tf.image.ResizeMethod.BILINEAR) for maps in (image * (1.0 - mask), 1.0 - mask))
    return tf.math.divide_no_nan(known, share)


def _leaving_something(touched, mask, size):
    """A reduced mask: every pixel that the hole touches; but those that it covers by half if else nothing were left known."""
    return tf.where(tf.reduce_all(touched > 0), tf.cast(_area(mask, size) > 0.5, tf.float32), touched)


def _area(maps, size):
    """Maps reduced to a size, int32 [2], by the means of what each pixel covers."""
    return tf.image.resize(maps, size, tf.image.ResizeMethod.AREA)


def shares(piece):
    """A tile's share in each pixel of its window, ramps included: float32 [height, width, 1]."""
    sides = []
    for axis in range(2):
        before, after = piece.ramps[0, axis], piece.ramps[1, axis]
        begin, end = piece.own[0, axis], piece.own[1, axis]
        pixels = tf.cast(tf.range(begin - before, end + after), tf.float32) + 0.5
        side = tf.ones_like(pixels)
        for ramp, distance in ((before, pixels - tf.cast(begin, tf.float32)), (after, tf.cast(end, tf.float32) - pixels)):
            width = tf.cast(ramp, tf.float32)
            side *= tf.where(ramp > 0, tf.clip_by_value((distance + width) / tf.maximum(2.0 * width, 1.0), 0.0, 1.0), 1.0)
        sides.append(side)
    return (sides[0][:, tf.newaxis] * sides[1])[..., tf.newaxis]


def _mirrored(maps, window):
    """`crop_mirrored` of an array: never is a copy of the whole photo made, of which there are several anyway."""
    for axis in (1, 2):
        size = maps.shape[axis]
        positions = np.arange(*window[:, axis - 1]) % (2 * size)
        maps = maps.take(np.minimum(positions, 2 * size - 1 - positions), axis=axis)
    return maps


def _rows(pieces):
    return [Pieces(*row) for row in zip(*(np.asarray(rows) for rows in pieces))]


def _slices(window):
    begin, end = np.asarray(window)
    return slice(begin[0], end[0]), slice(begin[1], end[1])
