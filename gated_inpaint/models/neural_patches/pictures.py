"""Pictures of the optimisation: its range of levels, its scales, and the nine pictures that patches are taken from.

Pictures here are BGR, [height, width, 3] without a batch: black is minus the mean, white 256 minus the mean (256, as released).
They are NumPy arrays of float64 until the optimisation begins.

Reference: the authors' code, Torch7, whose `image` package resizes and rotates so.
"""

import numpy as np

WHITE = 256.0
MEAN = np.array([103.939, 116.779, 123.68])

SCALES = (4, 2, 1)  # The picture's sides over those of each scale.
ROTATIONS = (-1, 0, 1)
ANGLE = np.pi / 24.0
SIZES = (-1, 0, 1)
GROWTH = 1.05  # Sizes are its powers.


def to_network(picture):
    """From RGB in [-1, 1]."""
    return (np.asarray(picture, np.float64)[..., ::-1] + 1.0) * (WHITE / 2.0) - MEAN


def from_network(picture):
    """To RGB in [-1, 1], float32; what is beyond black and white is cut off."""
    levels = (np.asarray(picture, np.float64) + MEAN)[..., ::-1] * (2.0 / WHITE) - 1.0
    return np.clip(levels, -1.0, 1.0).astype(np.float32)


def resize(picture, height, width):
    """Each axis for itself: smaller by the means of what each pixel covers, larger by lines between pixels, corners aligned."""
    rows, columns = _axis(picture.shape[0], height), _axis(picture.shape[1], width)
    return np.einsum("ab,bcd,ec->aed", rows, picture, columns, optimize=True)


def _axis(size, target):
    """The matrix [target, size] that resizes an axis."""
    pixels = np.arange(size)
    if target <= size:
        ends = np.arange(target + 1)[:, np.newaxis] * (size / target)
        covered = np.minimum(ends[1:], pixels + 1) - np.maximum(ends[:-1], pixels)
        return np.maximum(covered, 0.0) * (target / size)
    places = np.arange(target)[:, np.newaxis] * ((size - 1) / (target - 1))
    return np.maximum(1.0 - np.abs(places - pixels), 0.0)


def pyramid(picture):
    """The picture at each of `SCALES`, smallest first."""
    height, width = picture.shape[:2]
    return [resize(picture, -(-height // scale), -(-width // scale)) for scale in SCALES]


def rotate(picture, angle):
    """A picture of the same size turned about its middle, by lines between pixels; 0 where the picture does not reach."""
    height, width = picture.shape[:2]
    middle_row, middle_column = (height - 1) / 2.0, (width - 1) / 2.0
    rows, columns = np.arange(height)[:, np.newaxis] - middle_row, np.arange(width) - middle_column
    cosine, sine = np.cos(angle), np.sin(angle)
    from_columns, from_rows = cosine * columns - sine * rows + middle_column, cosine * rows + sine * columns + middle_row
    inside = (np.abs(from_rows - middle_row) <= height / 2.0) & (np.abs(from_columns - middle_column) <= width / 2.0)
    from_rows, from_columns = np.clip(from_rows, 0, height - 1), np.clip(from_columns, 0, width - 1)
    top, left = (
        np.minimum(np.floor(places).astype(int), side - 2) for places, side in ((from_rows, height), (from_columns, width))
    )
    down, right = (from_rows - top)[..., np.newaxis], (from_columns - left)[..., np.newaxis]
    upper = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    lower = picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right
    return (upper * (1 - down) + lower * down) * inside[..., np.newaxis]


def rotated_box(height, width, rotation):
    """What of a picture rotated by `rotation` (-1, 0 or 1) times `ANGLE` is kept: x0, y0, x1, y1, from 1, ends inclusive."""
    if rotation == 0:
        return 1, 1, width, height
    cosine, sine = np.cos(rotation * ANGLE), np.sin(rotation * ANGLE)
    middle_x, middle_y = width / 2.0, height / 2.0

    def turned(x, y):
        x, y = x - middle_x, y - middle_y
        return middle_x + x * cosine + y * sine, middle_y - x * sine + y * cosine

    top_left, top_right, bottom_right, bottom_left = (turned(*one) for one in ((1, 1), (width, 1), (width, height), (1, height)))
    y = _line_at(top_left, top_right, x=1 if rotation > 0 else width)
    if rotation > 0:
        x = _line_at(top_right[::-1], bottom_right[::-1], x=y)
        box = width - x, y, x, height - y
    else:
        x = _line_at(top_left[::-1], bottom_left[::-1], x=y)
        box = x, y, width - x, height - y
    return tuple(max(int(np.floor(one)), 1) for one in box)


def _line_at(first, second, x):
    """y of the line through two points (x, y) at an x."""
    return first[1] + (second[1] - first[1]) * (x - first[0]) / (second[0] - first[0])


def patch_sources(texture):
    """The nine pictures that patches are taken from: turned three ways, outermost, in three sizes; of any number of channels."""
    height, width = texture.shape[:2]
    found = []
    for rotation in ROTATIONS:
        left, top, right, bottom = rotated_box(height, width, rotation)
        turned = rotate(texture, rotation * ANGLE) if rotation else texture
        turned = turned[top - 1 : bottom, left - 1 : right]
        for size in SIZES:
            longest = max(turned.shape[:2])
            wanted = int(longest * GROWTH**size)
            found.append(
                resize(turned, *(wanted if side == longest else int(side * wanted / longest) for side in turned.shape[:2]))
            )
    return found
