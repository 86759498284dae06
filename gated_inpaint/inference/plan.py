"""How the holes of a photo are completed: at the photo's own scale, as it is or in tiles, or in reduced crops.

A network learned holes up to about half of the pictures that it was trained on. In a much larger one its dilated convolutions no
longer reach the known pixels, and the middle turns out empty. And attention compares every position of the holes with every
position of the photo: what scratches all over a scan cost grows with the square of its area. So there are four strategies:

  original  the photo as it is: exactly what the network makes of it
  crop      each hole in a crop around it, reduced where the hole is larger than half the working size: structure, but softer
  tiles     at the photo's own scale, in tiles of the working size around the holes: what they cost grows with the holes alone
  auto      thick holes, larger than those trained on, in reduced crops; the rest as it is, or in tiles where that costs less

Thin holes (scratches, wires, letters) are never reduced, however far they reach: known pixels are near everywhere in them. Nor is a
strip that would be thin in its crop: a cable across a large photo, say.

All in TensorFlow operations, so that a served graph chooses alike. Windows are int32 [2, 2], [first row, first column], [end row,
end column], ends exclusive.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gated_inpaint.inference.holes import hole_windows, merge_windows, separate_windows
from gated_inpaint.ops.windows import crop

STRATEGIES = ("auto", "original", "crop", "tiles")

SMALLEST_WORKING_SIZE = 64
TILE_SIZE = 512  # Working size of tiles.
MARGIN = 8  # Side of a tile over the known pixels, at least, around what it completes; where two meet, a ramp of half of that.
THICK = 4  # Training size over the thickness of a hole that is thick.
THIN_IN_CROP = 40  # Side of a crop over the thickness that its hole has to keep in it at least.
LARGEST_HOLE = 0.75  # Longest side of a hole that is completed as it is, over the training size.
MOST_AS_IT_IS = 4e6  # Pixels of a photo; the network's features of a larger one are not kept in memory at once.
TILES_LOSS = 1.25  # How much more the photo as it is may cost than tiles: it gives attention more to choose from.
MOST_ENLARGED = 4  # Times, a crop around a hole that is smaller than the one that a network was trained on.
LEAST_IN_CENTRE = 0.75  # Longest side of a hole that such a network completes as it is, over that of the one it was trained on.
DOUBLES = 4  # Of that thickness, up to which holes are told apart.
BLOCKS = 8  # Thickness is measured in blocks, so many across a thick hole.
OF_A_PIXEL = 4e5  # Multiplications for each pixel that a network sees, about, where it does not count its own.
OF_THE_PHOTO = 2e3  # What it takes to read a photo's pixel and to write it, in multiplications, about.


class Pieces(NamedTuple):
    """Parts of a photo to complete one after the other; each a row of tensors."""

    shown: tf.Tensor  # int32 [pieces, 2, 2]: the window that the network sees. Past the photo's border, the photo mirrored.
    sizes: tf.Tensor  # int32 [pieces, 2]: height and width in which it is seen, multiples of the network's divisor.
    own: tf.Tensor  # int32 [pieces, 2, 2]: the window inside the photo whose holes it completes.
    ramps: tf.Tensor  # int32 [pieces, 2, 2]: how far its own window reaches over a neighbour's, on each side.


class Plan(NamedTuple):
    """What is done with one photo: crops first, and then the rest."""

    crops: Pieces
    in_crops: tf.Tensor  # bool [height, width]: the pixels of the hole that crops complete.
    tiles: Pieces
    as_it_is: tf.Tensor  # bool scalar: the rest is completed in the photo as it is, instead of in tiles.


class ChosenPlan:
    """How one photo is completed, to be carried out and to be shown.

    Arguments:
      plan: a `Plan` of tensors, outside a graph.
      hole: bool [height, width].

    Attributes:
      plan: the `Plan`, in NumPy arrays.
      pieces: number of crops and tiles; 0 for a photo that is completed as it is, without any.
      strategy: "original", "crop", "tiles", or two of them with a "+".
      sentence: what is done, for people; empty for a photo that is completed as it is.
      windows: int [pieces, 2, 2]: what the network sees of each crop or tile, in their order.
    """

    def __init__(self, plan, hole):
        self.plan = plan = tf.nest.map_structure(np.asarray, plan)
        crops, tiles = len(plan.crops.own), 0 if plan.as_it_is else len(plan.tiles.own)
        self.pieces = crops + tiles
        self.windows = np.concatenate([plan.crops.shown, plan.tiles.shown[:tiles]])
        rest = (hole & ~plan.in_crops).any() or not crops
        parts = []
        if crops:
            scales = (plan.crops.shown[:, 1] - plan.crops.shown[:, 0]).max(axis=1) / plan.crops.sizes.max(axis=1)
            reduced = f", reduced up to {scales.max():.1f} times" if scales.max() > 1.05 else ""
            parts.append(f"{_number(crops, 'crop')} of {plan.crops.sizes.max()} pixels{reduced}")
        if tiles:
            parts.append(f"{_number(tiles, 'tile')} of {plan.tiles.sizes.max()} pixels at the photo's own scale")
        elif crops and rest:
            parts.append("the rest in the photo as it is")
        self.sentence = f"completed in {' and '.join(parts)}" if parts else ""
        strategies = ("crop", crops), ("tiles", tiles), ("original", rest and not tiles)
        self.strategy = "+".join(name for name, taken in strategies if taken)


def _number(count, noun):
    return f"{count} {noun}{'s' * (count > 1)}"


def work_of(network, chosen, hole):
    """How much work a photo is, in multiplications, about: to be compared among plans of one network.

    Arguments:
      network: a `Network`.
      chosen: a `ChosenPlan`.
      hole: bool [height, width], which the plan was made for.
    """
    work = OF_THE_PHOTO * hole.size
    plan = chosen.plan
    for pieces in (plan.crops, *(() if plan.as_it_is else (plan.tiles,))):
        for shown, size, own in zip(pieces.shown, pieces.sizes, pieces.own):
            if network.windows is None:
                work += OF_A_PIXEL * float(np.prod(size))
                continue
            scale = size / (shown[1] - shown[0])
            window = np.stack([np.floor((own[0] - shown[0]) * scale), np.ceil((own[1] - shown[0]) * scale)])
            window = np.clip(window, 0, size).astype(np.int32)
            work += float(network.windows.multiplications(tf.constant(window[np.newaxis]), tf.constant(size))[0])
    rest = hole & ~plan.in_crops
    if plan.as_it_is and rest.any():
        size = -(-np.int32(hole.shape) // network.divisor) * network.divisor
        if network.windows is None:
            work += OF_A_PIXEL * float(np.prod(size))
        else:

            def cost(windows):
                return network.windows.multiplications(windows, tf.constant(size))

            work += float(tf.reduce_sum(cost(hole_windows(tf.constant(rest)[tf.newaxis, ..., tf.newaxis], cost))))
    return work


def make_plan(network, hole, strategy="auto", working_size=None):
    """The `Plan` for a hole, bool [height, width], of one photo.

    Arguments:
      network: a `Network`.
      strategy: of `STRATEGIES`. A network of one `picture_size` has all other pictures completed in crops, whichever it is.
      working_size: side, in pixels, of what the network is given at once, at least `SMALLEST_WORKING_SIZE`, rounded up to what
        the network divides by. None: of tiles, `TILE_SIZE`; of crops, the size that the network was trained on.
    """
    size, divisor = tf.shape(hole), network.divisor
    crop_size, tile_size = (-(-(working_size or own_size) // divisor) * divisor for own_size in (network.training_size, TILE_SIZE))
    none, nowhere = _no_pieces(), tf.zeros_like(hole)
    if network.picture_size is not None:
        hole_size = network.hole_size or network.picture_size // 2
        in_centre = network.hole_size is not None
        fits = tf.reduce_all(size == network.picture_size)
        if in_centre:
            rim = (network.picture_size - network.hole_size) // 2
            lines = (tf.reduce_any(hole, axis=1 - axis) for axis in range(2))
            longest = tf.reduce_max([_extent(line) for line in lines])
            fits &= ~tf.reduce_any(hole & ~_inside(size, rim)) & (longest >= int(LEAST_IN_CENTRE * hole_size))
        in_crops = hole & ~fits
        windows = _disjoint(separate_windows(in_crops))
        return Plan(_crops(windows, size, network.picture_size, hole_size, divisor, in_centre), in_crops, none, fits)
    if strategy == "original":
        return Plan(none, nowhere, none, tf.constant(True))
    if strategy == "crop":
        return Plan(_crops(separate_windows(hole), size, crop_size, crop_size // 2, divisor), hole, none, tf.constant(False))
    if strategy == "tiles":
        return Plan(none, nowhere, _tiles(hole, tile_size, divisor), tf.constant(False))

    thick = _thick(hole, network.training_size // THICK)
    windows = separate_windows(thick)
    longest = tf.reduce_max(windows[:, 1] - windows[:, 0], axis=1)
    windows = _disjoint(tf.boolean_mask(windows, tf.cast(longest, tf.float32) > LARGEST_HOLE * network.training_size))
    windows = tf.boolean_mask(windows, _stay_thick(thick, windows, network.training_size // THICK, crop_size))
    in_crops = thick & _inside_any(size, windows)
    rest = hole & ~in_crops
    tiles = _tiles(rest, tile_size, divisor)
    crops = _crops(windows, size, crop_size, crop_size // 2, divisor)
    return Plan(crops, in_crops, tiles, _as_it_is(network, rest, tiles, tile_size))


def _as_it_is(network, hole, tiles, tile_size):
    """Whether the photo as it is costs about as little as tiles."""
    size = tf.shape(hole)
    if network.windows is None:
        whole, pieces = tf.reduce_prod(tf.cast(size, tf.float32)), float(tile_size**2) * tf.cast(tf.shape(tiles.own)[0], tf.float32)
    else:

        def cost(windows):
            return network.windows.multiplications(windows, size)

        whole = tf.reduce_sum(cost(hole_windows(hole[tf.newaxis, ..., tf.newaxis], cost)))
        pieces = tf.reduce_sum(network.windows.multiplications(tiles.own, tf.minimum(size, tile_size)))
    small = tf.reduce_prod(tf.cast(size, tf.float32)) <= MOST_AS_IT_IS
    return tf.reduce_all(size <= tile_size) | (small & (whole <= TILES_LOSS * pieces))


def _crops(windows, size, side, hole_size, divisor, in_centre=False):
    """A piece around each of some windows: square crops of `side` pixels, or larger ones reduced to that.

    A window is never longer than `hole_size` in its crop. A crop reaches past the photo's border only if its hole has to be
    `in_centre`, or the photo is too small. In the centre a window is also not shorter, if it need not be enlarged too much.
    """
    begin, end = tf.unstack(windows, axis=1)
    longest = tf.reduce_max(end - begin, axis=1, keepdims=True)
    # In integers, so that a graph and what runs without one agree.
    wanted = -(-side * longest // hole_size) + tf.zeros_like(begin)
    if in_centre:
        extent = tf.maximum(wanted, side // MOST_ENLARGED)
        first = (begin + end - extent) // 2
        return Pieces(tf.stack([first, first + extent], axis=1), tf.fill(tf.shape(begin), side), windows, tf.zeros_like(windows))
    wanted = tf.minimum(tf.maximum(wanted, side), size)
    # A crop that the photo's border made smaller need not be reduced as far.
    whole = tf.maximum(tf.reduce_max(wanted, axis=1, keepdims=True), side)
    rounded = (2 * wanted * side + whole) // (2 * whole)
    sizes = -(-rounded // divisor) * divisor
    extent = tf.maximum(wanted, (2 * sizes * whole + side) // (2 * side))
    first = tf.clip_by_value((begin + end - extent) // 2, 0, tf.maximum(size - extent, 0))
    return Pieces(tf.stack([first, first + extent], axis=1), sizes, windows, tf.zeros_like(windows))


def _extent(line):
    """How far it is from the first to the last of a line, bool [pixels], that is true: 0 where none is."""
    places = tf.cast(tf.where(line)[:, 0], tf.int32)
    return tf.cond(tf.size(places) > 0, lambda: places[-1] + 1 - places[0], lambda: 0)


def _tiles(hole, side, divisor):
    """Pieces of the photo's own scale, at most `side` pixels high and wide, that together complete a hole."""
    size = tf.shape(hole)
    margin = side // MARGIN
    core = side - 2 * margin

    def grid(windows):
        return -(-(windows[..., 1, :] - windows[..., 0, :]) // core)

    def saved(windows, others, unions):
        tiles, of_others, of_unions = (
            tf.cast(tf.reduce_prod(grid(some), axis=-1), tf.float32) for some in (windows, others, unions)
        )
        return tf.where(_overlap(windows, others), 1.0, tiles + of_others - of_unions - 0.5)

    windows = merge_windows(separate_windows(hole), saved)
    counts = grid(windows)
    of_window = tf.reduce_prod(counts, axis=1)
    window = tf.repeat(tf.range(tf.shape(windows)[0]), of_window)
    number = tf.range(tf.shape(window)[0]) - tf.repeat(tf.cumsum(of_window, exclusive=True), of_window)
    windows, counts = tf.gather(windows, window), tf.gather(counts, window)
    place = tf.stack([number // counts[:, 1], number % counts[:, 1]], axis=1)
    begin, extent = windows[:, 0], windows[:, 1] - windows[:, 0]
    own = tf.stack([begin + extent * place // counts, begin + extent * (place + 1) // counts], axis=1)
    ramps = tf.stack([place > 0, place + 1 < counts], axis=1)
    ramps = tf.where(ramps, margin // 4, 0)

    first = (own[:, 0] + own[:, 1] - side) // 2 // divisor * divisor
    last = -(-(size - side) // divisor) * divisor
    first = tf.clip_by_value(first, 0, tf.maximum(last, 0))
    end = tf.minimum(first + side, -(-size // divisor) * divisor)
    pieces = Pieces(tf.stack([first, end], axis=1), end - first, own, ramps)
    with_holes = tf.map_fn(
        lambda reach: tf.reduce_any(crop(hole[tf.newaxis, ..., tf.newaxis], reach)), reach(pieces), fn_output_signature=tf.bool
    )
    return tf.nest.map_structure(lambda rows: tf.boolean_mask(rows, with_holes), pieces)


def reach(pieces):
    """The windows in which `Pieces`, or one of them, determine anything, ramps included: int32 [..., 2, 2]."""
    return pieces.own + pieces.ramps * [[-1], [1]]


def takes_pieces(plan):
    """Whether a `Plan` has any crops or tiles to complete, a bool scalar."""
    return tf.shape(plan.crops.own)[0] + tf.where(plan.as_it_is, 0, tf.shape(plan.tiles.own)[0]) > 0


def _no_pieces():
    windows = tf.zeros([0, 2, 2], tf.int32)
    return Pieces(windows, tf.zeros([0, 2], tf.int32), windows, windows)


def _thick(hole, thickness):
    """Where a hole, bool [height, width], is about as thick or thicker: near squares of that side that fit into it."""
    block = max(thickness // BLOCKS, 1)
    height, width = tf.unstack(tf.shape(hole))
    known = _known_blocks(hole, block)
    across = max(thickness // block - 1, 1) | 1  # Odd, so that squares have a centre.
    # Beyond the border nothing is known, and nothing has to be.
    centres = 1.0 - tf.nn.max_pool2d(known, across, 1, "SAME")
    # And half as far again, so that the rest of a thick hole's rim stays with it.
    squares = tf.nn.max_pool2d(centres, 2 * across + 1, 1, "SAME")[0, :, :, 0] > 0
    return hole & tf.repeat(tf.repeat(squares, block, axis=0), block, axis=1)[:height, :width]


def _stay_thick(thick, windows, thickness, side):
    """Whether the holes of windows are still thick in crops of `side` pixels, half of which they are long: bool [windows].

    How thick they are is measured in doubles of a thickness that all have.
    """
    longest = tf.reduce_max(windows[:, 1] - windows[:, 0], axis=1)
    block = max(thickness // BLOCKS, 1)
    across = max(thickness // block - 1, 1) | 1  # As in `_thick`; here of larger and larger blocks.
    known = _known_blocks(thick, block)
    thickest = tf.fill(tf.shape(longest), thickness)
    for doubles in range(1, DOUBLES + 1):
        known, block = tf.nn.max_pool2d(known, 2, 2, "SAME"), 2 * block
        squares = tf.nn.max_pool2d(known, across, 1, "SAME")[0, :, :, 0] < 1.0
        cells = tf.cast(tf.where(squares), tf.int32)[tf.newaxis] * block
        inside = tf.reduce_all((cells >= windows[:, 0, tf.newaxis] - block) & (cells < windows[:, 1, tf.newaxis]), axis=-1)
        thickest = tf.where(tf.reduce_any(inside, axis=1), thickness * 2**doubles, thickest)
    return thickest * (side // 2) * THIN_IN_CROP >= longest * side


def _known_blocks(hole, block):
    """Where blocks of a hole's picture have known pixels: float32 [1, rows, columns, 1], 1 there. Past the border nothing is."""
    height, width = tf.unstack(tf.shape(hole))
    known = tf.cast(tf.pad(~hole, [[0, -height % block], [0, -width % block]]), tf.float32)[tf.newaxis, ..., tf.newaxis]
    return tf.nn.max_pool2d(known, block, block, "VALID")


def _disjoint(windows):
    """Windows merged until none overlaps another."""
    return merge_windows(windows, lambda some, others, _: tf.where(_overlap(some, others), 1.0, -1.0))


def _overlap(windows, others):
    """Whether windows, int32 [..., 2, 2], have pixels in common."""
    begin, end = tf.maximum(windows[..., 0, :], others[..., 0, :]), tf.minimum(windows[..., 1, :], others[..., 1, :])
    return tf.reduce_all(begin < end, axis=-1)


def _inside_any(size, windows):
    """bool [height, width]: what lies in one of the windows."""
    inside = []
    for axis in range(2):
        line = tf.range(size[axis])
        inside.append(tf.cast((line >= windows[:, 0, axis, tf.newaxis]) & (line < windows[:, 1, axis, tf.newaxis]), tf.float32))
    return tf.matmul(*inside, transpose_a=True) > 0


def _inside(size, rim):
    return _inside_any(size, tf.stack([tf.zeros_like(size) + rim, size - rim])[tf.newaxis])
