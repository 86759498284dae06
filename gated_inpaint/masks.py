"""Masks: where the hole is. Drawn on the fly in TensorFlow operations, or read from a folder.

Every kind of mask is a function of a seed and a size:

    mask = union(seed, height, width)

  seed           int32 or int64 [2], or [batch, 2] for a batch: one mask per seed, the same as that seed alone gives. Equal seeds
                 give equal masks: eagerly, in a graph, in tf.data, and up to rounding at single pixels when compiled by XLA.
  height, width  Python integers: shapes are static.
  mask           float32 [height, width, 1] or [batch, height, width, 1]: 1 in the hole, 0 outside it.

  strokes    one to three brush strokes, each a zigzag of 4 to 11 segments with round joints; then random flips
  rectangle  half the picture's height and width, less up to an eighth of the height and of the width; anywhere
  union      both, as the network is trained
  scratches  one to three thin strokes, 4 to 16 pixels at 256, in any direction: wires, scratches, text
  mixed      union or scratches, one as likely as the other: for networks that are to fill holes of every thickness
  box        a rectangle that comes with its box, see below
  rectangle_in_box  a rectangle of 3/8 to 1/2 of the picture's sides, each side on its own, anywhere; comes with its box, see below
  centre     the middle half of height and width, for validation; the seed does not matter
  inner_centre, inner_box
             half the picture's sides less 4 pixels at each end, in the middle or anywhere; they come
             with their box, which is the hole
  islands    where smooth noise is lowest, 20 to 30% of the picture
  blocks     one to eight rectangles, together at most a quarter of the picture
  borders    strips along one to four sides of the picture, each 1/16 to 1/4 as deep as the picture: for
             photos that are extended
  (folder)   the hole of a mask file of a folder, chosen by the seed

`mask_function` finds them by name. All but the folder's compile with XLA.

`box` returns a pair: the mask, and the box that DeepFill v1's local critic looks at, int32 [2, 2] or [batch, 2, 2], [first row,
first column], [end row, end column], ends exclusive. The box has half the picture's height and width, and lies anywhere but at the
far end of a side. The hole is the box less up to an eighth of its rows at top and bottom, the same number at both, and likewise of
its columns. (The release draws one box for a whole batch. Here every picture has its own, as with all kinds.)

`rectangle_in_box` likewise: Global&Local's hole, 96 to 128 pixels a side at 256, and the crop that its local discriminator looks
at. That has half the picture's height and width too; the hole is in its middle, but where the crop would leave the picture.

Inner boxes, islands and blocks are Context Encoder's and Shift-Net's. Networks whose picture of the
middle half overlaps by 4 pixels what is known fill an inner box. An island's size is in pixels
whatever the picture's, as in both releases: a cell of its noise has 350/21 of them. (There a hole is
where the noise is below 0.25, which is 11% of a picture on average, and the noise is cut anew until
that is 20 to 30%. Of 256x256 pixels next to no cut has as much, and Shift-Net's code gives up. Here
the share is drawn, and the level follows from it.)

The distribution of strokes, rectangles and boxes is that of the authors' release, which draws
256x256 masks; lengths scale with the picture. Where it is not square, a stroke's segments follow the
diagonal, its thickness the square root of the area, and a rectangle each side on its own.

References: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, section 3.4 and algorithm 1; "Generative Image
Inpainting with Contextual Attention", arXiv 1801.07892, and version 1.0.0 of its authors' code; "Globally and Locally Consistent
Image Completion", ACM Transactions on Graphics 36(4), 2017, section 3.4; "Context Encoders: Feature Learning by Inpainting", arXiv
1604.07379, section 4; "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392.
"""

import functools
import math
import pathlib
from typing import Callable

import numpy as np
import tensorflow as tf
import tqdm
from absl import logging

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import EXTENSIONS, images_by_stem
from gated_inpaint.files.masks import read_mask

MOST_STROKES = 3
FEWEST_SEGMENTS, MOST_SEGMENTS = 4, 11
ANGLE, ANGLE_RANGE = 2 * math.pi / 5, 2 * math.pi / 15
THINNEST, THICKEST = 12, 39  # Pixels, at RELEASED_SIDE.
THINNEST_SCRATCH, THICKEST_SCRATCH = 4, 16
RELEASED_SIDE = 256
OVERLAP = 4  # Pixels, at each end of an inner box.
CELL = 350 / 21  # Pixels, of the noise that makes islands.
SMALLEST_ISLANDS, LARGEST_ISLANDS = 0.2, 0.3
MOST_BLOCKS, MOST_OF_BLOCKS = 8, 0.25


def _for_each_seed(function, with_box=False):
    """Lets a function of one seed take a batch of seeds, too; `with_box` if it returns a mask and a box."""

    @functools.wraps(function)
    def of_one_or_many(seed, height, width):
        seed = tf.convert_to_tensor(seed)
        if seed.shape.rank == 1:
            return function(seed, height, width)
        mask = tf.TensorSpec([height, width, 1], tf.float32)
        made = (mask, tf.TensorSpec([2, 2], tf.int32)) if with_box else mask
        return tf.map_fn(lambda one: function(one, height, width), seed, fn_output_signature=made)

    return of_one_or_many


@_for_each_seed
def strokes(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Brush strokes. See the module's conventions."""
    vertices, radius = _draw_strokes(seed, height, width)
    return _rasterise(vertices, radius, height, width)


@_for_each_seed
def rectangle(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """A rectangle anywhere. See the module's conventions."""
    of_corner, of_margin = _split(seed, 2)
    size = np.array([height, width])
    corner = _draw_integer(of_corner, [2], 0, size - size // 2)
    margin = _draw_integer(of_margin, [2], 0, size // 16)  # The same at both ends of a side.
    return _box(corner + margin, corner + size // 2 - margin, height, width)


@_for_each_seed
def union(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Brush strokes and a rectangle, independent of each other. See the module's conventions."""
    of_strokes, of_rectangle = _split(seed, 2)
    return tf.maximum(strokes(of_strokes, height, width), rectangle(of_rectangle, height, width))


@_for_each_seed
def scratches(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Thin strokes in any direction. See the module's conventions."""
    of_strokes, of_turn = _split(seed, 2)
    turn = 2 * math.pi * _draw(of_turn, [MOST_STROKES, 1])
    vertices, radius = _draw_strokes(of_strokes, height, width, THINNEST_SCRATCH, THICKEST_SCRATCH, turn)
    return _rasterise(vertices, radius, height, width)


@_for_each_seed
def mixed(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Thick holes or thin ones. See the module's conventions."""
    of_choice, of_mask = _split(seed, 2)
    is_thin = _draw_integer(of_choice, [], 0, 1) == 1
    return tf.where(is_thin, scratches(of_mask, height, width), union(of_mask, height, width))


@functools.partial(_for_each_seed, with_box=True)
def box(seed: tf.Tensor, height: int, width: int) -> "tuple[tf.Tensor, tf.Tensor]":
    """A rectangle, and the box around it. See the module's conventions."""
    of_corner, of_margin = _split(seed, 2)
    size = np.array([height, width])
    corner = _draw_integer(of_corner, [2], 0, size - size // 2 - 1)
    margin = _draw_integer(of_margin, [2], 0, size // 16)  # The same at both ends of a side.
    end = corner + size // 2
    return _box(corner + margin, end - margin, height, width), tf.stack([corner, end])


@functools.partial(_for_each_seed, with_box=True)
def rectangle_in_box(seed: tf.Tensor, height: int, width: int) -> "tuple[tf.Tensor, tf.Tensor]":
    """A rectangle, and the box around it. See the module's conventions."""
    of_sides, of_corner = _split(seed, 2)
    size = np.array([height, width])
    sides = _draw_integer(of_sides, [2], 3 * size // 8, size // 2)
    corner = _draw_integer(of_corner, [2], 0, tf.cast(size - sides, tf.float32))
    begin = tf.clip_by_value(corner + sides // 2 - size // 4, 0, size - size // 2)
    return _box(corner, corner + sides, height, width), tf.stack([begin, begin + size // 2])


@_for_each_seed
def centre(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The rectangle in the middle, half as high and wide as the picture. See the module's conventions."""
    size = np.array([height, width])
    corner = (size - size // 2) // 2
    return _box(corner, corner + size // 2, height, width)


@functools.partial(_for_each_seed, with_box=True)
def inner_centre(seed: tf.Tensor, height: int, width: int) -> "tuple[tf.Tensor, tf.Tensor]":
    """The square in the middle that is 4 pixels less than half at each end, and its box. See the module's conventions."""
    size = np.array([height, width])
    corner = (size - size // 2) // 2
    return _with_box(corner + OVERLAP, corner + size // 2 - OVERLAP, height, width)


@functools.partial(_for_each_seed, with_box=True)
def inner_box(seed: tf.Tensor, height: int, width: int) -> "tuple[tf.Tensor, tf.Tensor]":
    """The same anywhere but for the outermost 4 pixels, and its box. See the module's conventions."""
    size = np.array([height, width])
    corner = OVERLAP + _draw_integer(seed, [2], 0, size - size // 2 - 1)
    return _with_box(corner, corner + size // 2 - 2 * OVERLAP, height, width)


@_for_each_seed
def islands(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Where smooth noise is lowest. See the module's conventions."""
    of_noise, of_place, of_area = _split(seed, 3)
    size = np.array([height, width])
    cells = np.ceil(size / CELL).astype(int) + 2
    # Noise and weights are multiples of 1/256, so that products and sums are exact, and masks the same wherever they are drawn.
    noise = tf.floor(_draw(of_noise, cells) * 257) / 256
    first = tf.unstack(_draw(of_place, [2]))
    rows, columns = (_linear_weights(*of_axis) for of_axis in zip((height, width), first, cells))
    smooth = tf.matmul(tf.matmul(rows, noise), columns, transpose_b=True)
    area = SMALLEST_ISLANDS + (LARGEST_ISLANDS - SMALLEST_ISLANDS) * _draw(of_area, [])
    pixels = tf.cast(area * height * width, tf.int32)
    return tf.cast(smooth < tf.sort(tf.reshape(smooth, [-1]))[pixels], tf.float32)[..., tf.newaxis]


@_for_each_seed
def blocks(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Rectangles of 1/16 to 1/2 of the picture's sides, overlapping or not. See the module's conventions."""
    of_count, of_size, of_corner = _split(seed, 3)
    size = np.array([height, width])
    sides = _draw_integer(of_size, [MOST_BLOCKS, 2], np.maximum(size // 16, 1), np.maximum(size // 2, 1))
    corners = tf.cast(_draw(of_corner, [MOST_BLOCKS, 2]) * tf.cast(size - sides + 1, tf.float32), tf.int32)
    count = _draw_integer(of_count, [], 1, MOST_BLOCKS)
    mask = tf.zeros([height, width, 1])
    for number in range(MOST_BLOCKS):
        more = tf.maximum(mask, _box(corners[number], corners[number] + sides[number], height, width))
        fits = (number < count) & (tf.reduce_sum(more) <= MOST_OF_BLOCKS * height * width)
        mask = tf.where(fits, more, mask)
    return mask


@_for_each_seed
def borders(seed: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Strips along some of the picture's sides. See the module's conventions."""
    of_sides, of_depth = _split(seed, 2)
    size = np.array([height, width])
    chosen = tf.bitwise.right_shift(_draw_integer(of_sides, [], 1, 15), tf.range(4)) % 2  # Top, left, bottom, right; not none.
    depth = chosen * _draw_integer(of_depth, [4], np.tile(np.maximum(size // 16, 1), 2), np.tile(np.maximum(size // 4, 1), 2))
    return 1.0 - _box(depth[:2], size - depth[2:], height, width)


def from_folder(folder):
    """A function like the ones above that picks one of a folder's mask files by its seed.

    The files are whatever `files.masks.read_mask` reads, and mean what they mean to it. They are read once, here; their holes are
    kept, as small PNGs, and brought to the size asked for by nearest neighbour.

    Raises:
      InputError: the folder is missing or has no mask files, or one of them cannot be read or is no mask.
    """
    holes = holes_of_folder(pathlib.Path(folder))

    @_for_each_seed
    def pick(seed, height, width):
        data = tf.gather(holes, _draw_integer(seed, [], 0, len(holes) - 1))
        hole = tf.image.resize(tf.io.decode_png(data, channels=1), [height, width], "nearest")
        return tf.ensure_shape(tf.cast(hole > 0, tf.float32), [height, width, 1])

    return pick


KINDS = {
    "strokes": strokes,
    "rectangle": rectangle,
    "union": union,
    "scratches": scratches,
    "mixed": mixed,
    "box": box,
    "rectangle_in_box": rectangle_in_box,
    "centre": centre,
    "inner_centre": inner_centre,
    "inner_box": inner_box,
    "islands": islands,
    "blocks": blocks,
    "borders": borders,
}


def mask_function(kind: str) -> Callable:
    """The function that makes masks of a kind: a name in `KINDS`, or the path of a folder of mask files.

    Raises:
      InputError: it is neither, or the folder cannot be used (see `from_folder`).
    """
    if str(kind) in KINDS:
        return KINDS[str(kind)]
    if not pathlib.Path(kind).is_dir():
        raise InputError(f"The masks '{kind}' are neither a kind that can be drawn ({', '.join(KINDS)}) nor a folder.")
    return from_folder(kind)


def _box(start, stop, height, width):
    """1 from start, (row, column), to just before stop."""
    rows, columns = tf.range(height)[:, tf.newaxis], tf.range(width)
    rows = tf.cast((start[0] <= rows) & (rows < stop[0]), tf.float32)
    columns = tf.cast((start[1] <= columns) & (columns < stop[1]), tf.float32)
    return (rows * columns)[..., tf.newaxis]


def _with_box(start, stop, height, width):
    """The mask of a box, and the box."""
    return _box(start, stop, height, width), tf.stack([tf.convert_to_tensor(start, tf.int32), tf.convert_to_tensor(stop, tf.int32)])


def _linear_weights(side, first, number):
    """Weights of linear interpolation, float32 [side, number]: pixel i lies at `first` + i / CELL of points one apart."""
    position = tf.floor((first + np.arange(side, dtype=np.float32) / np.float32(CELL)) * 256) / 256
    return tf.maximum(1.0 - tf.abs(position[:, tf.newaxis] - np.arange(number, dtype=np.float32)), 0.0)


def _draw_strokes(seed, height, width, thinnest=THINNEST, thickest=THICKEST, turn=0.0):
    """Draws the strokes' vertices, (x, y) in pixels, [strokes, segments + 1, 2], and radii, [strokes].

    Thickness is in pixels at RELEASED_SIDE. `turn`, in radians, a number or [strokes, 1], turns whole strokes.
    Shapes are those of the most strokes and segments. A stroke that is not there has a negative radius; a stroke of fewer segments
    stays at its last vertex.
    """
    of_count, of_segments, of_spread, of_angle, of_length, of_start, of_thickness, of_flip = _split(seed, 8)
    size = np.array([width, height], np.float32)
    mean_length = math.hypot(height, width) / 8

    # A zigzag: every second segment is mirrored.
    below, above = tf.unstack(ANGLE_RANGE * _draw(of_spread, [2, MOST_STROKES, 1]))
    angle = ANGLE - below + (below + above) * _draw(of_angle, [MOST_STROKES, MOST_SEGMENTS])
    angle = angle * np.where(np.arange(MOST_SEGMENTS) % 2 == 0, -1.0, 1.0) + turn

    # The quantile function turns uniform numbers into normal ones.
    normal = tf.math.ndtri(_draw(of_length, [MOST_STROKES, MOST_SEGMENTS]))
    length = tf.clip_by_value(mean_length + mean_length // 2 * normal, 0.0, 2 * mean_length)
    segments = _draw_integer(of_segments, [MOST_STROKES, 1], FEWEST_SEGMENTS, MOST_SEGMENTS)
    length = tf.where(tf.range(MOST_SEGMENTS) < segments, length, 0.0)

    vertices = [size * _draw(of_start, [MOST_STROKES, 2])]
    for step in tf.unstack(tf.stack([length * tf.cos(angle), length * tf.sin(angle)], axis=-1), axis=1):
        vertices.append(tf.clip_by_value(vertices[-1] + step, 0.0, size))
    vertices = tf.stack(vertices, axis=1)
    vertices = tf.where(_draw_integer(of_flip, [2], 0, 1) == 1, size - vertices, vertices)

    thickness = tf.cast(_draw_integer(of_thickness, [MOST_STROKES], thinnest, thickest), tf.float32)
    radius = thickness / 2 * (math.sqrt(height * width) / RELEASED_SIDE)
    count = _draw_integer(of_count, [], 1, MOST_STROKES)
    return vertices, tf.where(tf.range(MOST_STROKES) < count, radius, -1.0)


def _rasterise(vertices, radius, height, width):
    """The pixels whose centres are less than a stroke's radius from one of its segments.

    Testing every pixel against every segment would be two million distances for a 256x256 mask. But a thick segment is convex and
    meets each row of pixels in one interval: the ends of those are 17 thousand numbers. A row is then filled by running sums of +1
    where an interval starts and -1 where one stops.
    """
    return _fill(*_row_intervals(vertices, radius, height, width), height, width)


def _row_intervals(vertices, radius, height, width):
    """Where rows meet thick segments: first column inside and first column after, int32 [strokes, segments, height].

    A thick segment is made of discs whose centres lie on a line. Among those that meet a row, the one that reaches furthest to the
    left touches the left edge of the thick segment there, or is the first or last of the line; so on the right.
    """
    start = vertices[:, :-1]
    left, top = tf.split(start, 2, axis=-1)
    across, down = tf.split(vertices[:, 1:] - start, 2, axis=-1)
    down = tf.where(tf.abs(down) < 1e-3, 1e-3, down)  # A level line is tilted a little: it is divided by.
    radius = radius[:, tf.newaxis, tf.newaxis]

    row = tf.range(height, dtype=tf.float32) + 0.5 - top
    fraction = row / down  # Of the line, where it meets the row.
    shift = radius * across / (tf.abs(down) * tf.sqrt(across**2 + down**2))

    def furthest_disc(fraction):
        """Its centre's column, and the square of half the row's length in it: negative where they do not meet."""
        fraction = tf.clip_by_value(fraction, 0.0, 1.0)
        return left + across * fraction, radius**2 - (row - down * fraction) ** 2

    def first_column_after(position):
        return tf.cast(tf.clip_by_value(position + 0.5, 0.0, width), tf.int32)

    left_centre, left_square = furthest_disc(fraction - shift)
    right_centre, right_square = furthest_disc(fraction + shift)
    first = first_column_after(left_centre - tf.sqrt(tf.maximum(left_square, 0.0)))
    after = first_column_after(right_centre + tf.sqrt(tf.maximum(right_square, 0.0)))
    meet = (left_square > 0) & (right_square > 0) & (radius > 0)
    return first, tf.where(meet, after, first)


BLOCK = 16


def _fill(start, stop, height, width):
    """1 in the intervals from start to just before stop, each int32 [strokes, segments, height], of the rows."""
    blocks = width // BLOCK + 1  # Of columns: at least one column more than the picture has, for intervals that end at its edge.
    ends = tf.stack([start, stop]) + tf.range(height) * (blocks * BLOCK)
    sign = tf.stack([tf.ones_like(start, tf.float32), -tf.ones_like(stop, tf.float32)])
    changes = tf.math.unsorted_segment_sum(sign, ends, height * blocks * BLOCK)

    # Running sums within blocks and over blocks, as products with triangular matrices. One tf.cumsum would do, but on a CPU it
    # takes nearly as long as everything else together.
    within = tf.matmul(tf.reshape(changes, [height * blocks, BLOCK]), np.triu(np.ones([BLOCK, BLOCK], np.float32)))
    before = tf.matmul(tf.reshape(within[:, -1], [height, blocks]), np.triu(np.ones([blocks, blocks], np.float32), k=1))
    covering = tf.reshape(within, [height, blocks, BLOCK]) + before[..., tf.newaxis]
    return tf.cast(tf.reshape(covering, [height, blocks * BLOCK, 1])[:, :width] > 0.5, tf.float32)


def _split(seed, number):
    """Independent seeds made of one."""
    return tf.unstack(tf.random.split(seed, number, alg="philox"))


def _draw(seed, shape):
    """Uniform float32 in [0, 1). Made of integers, since XLA draws other floating-point numbers than TensorFlow does."""
    return tf.cast(tf.random.stateless_uniform(shape, seed, 0, 2**24, tf.int32, alg="philox"), tf.float32) / 2**24


def _draw_integer(seed, shape, low, high):
    """Uniform int32 from low to high, numbers or arrays, both included."""
    return low + tf.cast(_draw(seed, shape) * (high - low + 1), tf.int32)


def holes_of_folder(folder):
    """The holes of a folder's mask files, sorted by path, as the bytes of PNG files, 1 in the hole."""
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} of masks.")
    paths = [path for paths in images_by_stem(folder).values() for path in paths]
    if not paths:
        raise InputError(f"The folder {folder} holds no masks ({', '.join(sorted(EXTENSIONS))}).")
    holes, notes = [], []
    for path in tqdm.tqdm(sorted(paths), desc="reading masks", unit="mask", disable=None):
        hole, note = read_mask(path)
        holes.append(tf.io.encode_png(hole[..., np.newaxis].astype(np.uint8)).numpy())
        notes += [note] if note else []
    if notes:
        logging.warning(
            "%d of %d masks were understood in a way that may surprise; the first: %s", len(notes), len(paths), notes[0]
        )
    return holes
