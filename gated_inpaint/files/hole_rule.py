"""The rule of what in a mask is the hole, in TensorFlow operations: the same for files, for arrays and in a served graph.

A mask paints the hole on a background. What counts as paint, and how much of it a pixel has, is a map in [0, 1]:

  light        levels relative to the brightest of all, a colour by its brightest channel; what is transparent is no paint
  dark         the same from the other end
  alpha        opacity, relative to the most opaque: brush strokes on a transparent layer
  transparent  its opposite: a photo, or a sheet of one colour, with a part erased

"auto" takes light where nothing is transparent. Elsewhere it looks at what can be seen: one plain colour is alpha (or, where it
covers more than half, transparent: a sheet with a part erased); black and white is light; anything else is transparent. A map that
is no mask, such as a photograph's light, is told by its many levels between paint and background, and refused.

The hole is all that is painted, soft rims included, and not the noise of a lossy file: see `_painted`.
"""

import tensorflow as tf

RULES = ("auto", "light", "dark", "alpha", "transparent")

# What `find_hole` found.
LIGHT, LABELS, OPAQUE, SHEET, ERASED, NO_MASK = range(6)

# Chosen on photographs, drawings and masks, sharp, soft and compressed; see tests/files/test_masks.py.
_FEW_LEVELS = 64
_FLAT_LABELS, _FLAT_SOFT = 0.8, 0.5  # Least share of neighbours that are equal.
_MOST_BETWEEN, _MOST_BETWEEN_CLEAN = 0.1, 0.3  # Share of the picture that may be neither paint nor background.
_CLEAN = 0.05  # Least noise of a file that is not clean.
_PLAIN = 1 / 8  # Largest difference, of white, within one plain colour.


def find_hole(levels, white, mask_from="auto", invert=False):
    """Finds the hole in a mask.

    Arguments:
      levels: [height, width, channels], not negative; gray, gray and alpha, RGB or RGBA.
      white: the level of white, and of what is opaque.
      mask_from: one of `RULES`.
      invert: the hole is the other part: light for dark, opaque for transparent.

    Returns:
      hole: bool [height, width], true in the hole.
      meaning: int32, one of the constants above. NO_MASK comes with "auto" alone; the hole is then meaningless.
    """
    levels = tf.cast(levels, tf.float32) / tf.cast(white, tf.float32)
    channels = tf.shape(levels)[-1]
    color_channels = tf.where(channels > 2, 3, 1)
    color, alpha = levels[..., :color_channels], tf.reduce_min(levels[..., color_channels:], axis=-1)
    alpha = tf.minimum(alpha, 1.0)  # Infinite where there is none.
    if mask_from == "auto":
        is_opaque = tf.reduce_min(alpha) == 1.0
        return tf.cond(is_opaque, lambda: _of_opaque(color, invert), lambda: _of_transparent(color, alpha, invert))
    light = _relative(tf.reduce_max(color, axis=-1))
    paint, meaning = {
        "light": (light, LIGHT),
        "dark": (1.0 - light, LIGHT),
        "alpha": (_relative(alpha), OPAQUE),
        "transparent": (1.0 - alpha, ERASED),
    }[mask_from]
    if invert:
        paint = 1.0 - paint
    if mask_from in ("light", "dark"):
        paint *= alpha
    return _painted(paint)[0], tf.constant(meaning)


def _of_opaque(color, invert):
    light = _relative(tf.reduce_max(color, axis=-1))
    hole, is_mask, has_labels = _painted(1.0 - light if invert else light)
    # Colours on white: all of them are bright.
    is_colorful = (tf.reduce_min(light) > 0.5) & (_spread(color, light > 0.0) > 0.5)
    return hole, tf.where(is_mask & ~is_colorful, tf.where(has_labels, LABELS, LIGHT), NO_MASK)


def _of_transparent(color, alpha, invert):
    opacity = _relative(alpha)
    light = _relative(tf.where(alpha > 0.0, tf.reduce_max(color, axis=-1), 0.0))
    is_seen = opacity >= 0.5
    is_plain = _spread(color, is_seen) <= _PLAIN
    is_sheet = is_plain & (_share(is_seen, True) > 0.5)

    between, bright = _share((light > 0.1) & (light < 0.9), is_seen), _share(light >= 0.9, is_seen)
    is_black_and_white = ~is_plain & (between <= _MOST_BETWEEN) & (bright <= 0.5)
    is_paint = is_plain & ~is_sheet

    def flip(paint):
        return 1.0 - paint if invert else paint

    shape = tf.where(is_paint, opacity, 1.0 - tf.where(is_sheet, opacity, alpha))
    hole, is_mask, _ = _painted(tf.where(is_black_and_white, flip(light) * alpha, flip(shape)))
    meaning = tf.where(is_black_and_white, LIGHT, tf.where(is_sheet, SHEET, tf.where(is_plain, OPAQUE, ERASED)))
    return hole, tf.where(is_mask, meaning, NO_MASK)


def _painted(paint):
    """What is painted in a map [height, width] in [0, 1].

    Two levels: the higher. A few flat ones, as in a map of labels: all but the lowest. Otherwise all that is above the noise: the
    highest of the maxima, of 3x3 pixels, below a half. A soft rim has none, for it rises towards the stroke; a compressed file has,
    and the more the stronger it is compressed.

    Returns the hole, whether the map is a mask at all, and whether it is one of labels.
    """
    lowest, highest = tf.reduce_min(paint), tf.reduce_max(paint)

    def of_two_levels():
        return (paint == highest) & (highest > 0.0), tf.constant(True), tf.constant(False)

    def of_many_levels():
        counts = tf.math.bincount(tf.cast(tf.round(paint * 65535.0), tf.int32))
        is_few = tf.math.count_nonzero(counts) <= _FEW_LEVELS
        has_labels = is_few & (_equal_neighbours(paint, (paint > lowest) & (paint < highest)) >= _FLAT_LABELS)
        lowest_is_commonest = tf.math.count_nonzero(paint == lowest) >= tf.cast(tf.reduce_max(counts), tf.int64)
        maxima = tf.nn.max_pool2d(paint[tf.newaxis, ..., tf.newaxis], 3, 1, "SAME")[0, ..., 0]
        noise = tf.reduce_max(tf.where((paint == maxima) & (paint < 0.5), paint, 0.0))
        most_between = tf.where(noise < _CLEAN, _MOST_BETWEEN_CLEAN, _MOST_BETWEEN)
        is_between = _share((paint > 0.1) & (paint < 0.9), True)
        is_soft = (is_between <= most_between) & (_equal_neighbours(paint, True) >= _FLAT_SOFT)
        # Close to a stroke, where maxima are hidden in its rim, there is about twice as much.
        above = tf.where(has_labels, lowest, tf.minimum(2.0 * noise, 0.5))
        return paint > above, is_soft | (has_labels & lowest_is_commonest), has_labels

    return tf.cond(tf.reduce_all((paint == lowest) | (paint == highest)), of_two_levels, of_many_levels)


def _relative(levels):
    return tf.math.divide_no_nan(levels, tf.reduce_max(levels))


def _spread(color, where):
    """The largest difference, in one channel, between two of the pixels [height, width, channels] that are true in `where`."""
    where = where[..., tf.newaxis]
    highest = tf.reduce_max(tf.where(where, color, -1.0), axis=[0, 1])
    return tf.reduce_max(highest - tf.reduce_min(tf.where(where, color, 2.0), axis=[0, 1]))


def _share(marks, among):
    """The share of pixels among others, both bool [height, width], that are marked; 0 of none."""
    among = tf.broadcast_to(among, tf.shape(marks))
    return tf.math.divide_no_nan(*(tf.reduce_sum(tf.cast(pixels, tf.float32)) for pixels in (marks & among, among)))


def _equal_neighbours(levels, among):
    """The share of pixels [height, width], among those that are true in `among`, that equal their neighbours below and right."""
    last = [[0, 1], [0, 1]]
    shifted = tf.pad(levels, last, "SYMMETRIC")
    return _share((levels == shifted[1:, :-1]) & (levels == shifted[:-1, 1:]), among)
