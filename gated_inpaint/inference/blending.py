"""Seams: where a hole meets what is known, levels may jump. Both ways here change the hole alone; every known pixel stays as it is.

  feather   what a jump is nearby is added along the hole's border, less and less over `FEATHER` pixels
  poisson   what is added is smooth everywhere in the hole and takes away all of the jump (the membrane of "Poisson Image Editing",
            ACM Transactions on Graphics 22(3), 2003): gradients stay those that the network made

A jump is a known pixel's level less that of its neighbour in the hole.
"""

import cv2
import numpy as np

BLENDS = ("none", "feather", "poisson")
FEATHER = 16
TOLERANCE = 0.02  # Levels of 255; what is left of a jump at each pixel.
MOST_STEPS = 200


def blended(how, image, completed, hole):
    """A completed picture without seams.

    Arguments:
      how: of `BLENDS`.
      image, completed: [height, width, channels], uint8 or uint16; the last of 2 or 4 channels is alpha and stays.
      hole: bool [height, width].

    Returns the picture, of the same shape and dtype; outside the hole it is `completed`.
    """
    if how == "none" or hole.all() or not hole.any():
        return completed
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    window = np.s_[max(rows[0] - 1, 0) : rows[-1] + 2, max(columns[0] - 1, 0) : columns[-1] + 2]
    inside, channels = hole[window], 3 if image.shape[-1] > 2 else 1
    levels = np.where(inside[..., np.newaxis], completed[window], image[window])[..., :channels].astype(np.float32)
    count, jumps = _jumps(levels, inside)
    top = np.iinfo(completed.dtype).max
    added = _feathered(inside, count, jumps) if how == "feather" else _membrane(inside, count, jumps, TOLERANCE * top / 255)
    result = completed.copy()
    color = result[window][..., :channels]
    color[inside] = np.clip(np.rint(levels + added), 0, top)[inside].astype(completed.dtype)
    return result


def _jumps(levels, hole):
    """Of each pixel of the hole, how many of its four neighbours are known, and the sum of the jumps to them."""
    count, jumps = np.zeros(hole.shape, np.float32), np.zeros_like(levels)
    for axis in range(2):
        first, second = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        for one, other in ((first, second), (second, first)):
            border = hole[one] & ~hole[other]
            count[one] += border
            jumps[one] += np.where(border[..., np.newaxis], levels[other] - levels[one], 0)
    return count, jumps


def _feathered(hole, count, jumps):
    def spread(maps):
        return cv2.GaussianBlur(maps, (0, 0), FEATHER / 2, borderType=cv2.BORDER_CONSTANT).reshape(hole.shape + (-1,))

    distance = cv2.distanceTransform(np.pad(hole, 1, "edge").astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.clip(1 - (distance - 1) / FEATHER, 0, 1)[..., np.newaxis]
    return ramp * spread(jumps) / np.maximum(spread(count), 1e-6)


def _membrane(hole, count, jumps, tolerance):
    """What is harmonic in the hole, and at its border the jump."""
    across = (hole[:, :-1] & hole[:, 1:]).astype(np.float32)
    down = (hole[:-1] & hole[1:]).astype(np.float32)
    return _solved(across, down, count, jumps, tolerance)


def _solved(across, down, held, wanted, tolerance):
    """Least squares over a grid: neighbours are to be equal, and some values are held to others.

    Arguments:
      across, down: weights of neighbours in a row [height, width - 1], in a column [height - 1, width].
      held: how strongly each value is held, [height, width]; `wanted`: to what, times that, [height, width, channels].

    By conjugate gradients, which begin with the solution of a grid of half the size.
    """
    height, width = held.shape
    begin = np.zeros_like(wanted)
    if min(height, width) > 8 and height * width > 1024:
        even = [(0, height % 2), (0, width % 2)]

        def pairs(array):
            array = np.pad(array, even + [(0, 0)] * (array.ndim - 2))
            return array.reshape((array.shape[0] // 2, 2, array.shape[1] // 2, 2) + array.shape[2:]).sum(axis=(1, 3))

        rows, columns = np.pad(across, [even[0], (0, 0)]), np.pad(down, [(0, 0), even[1]])
        # Two edges side by side, each of half the length: as strong as one.
        half_across = 0.5 * rows[:, 1::2].reshape(-1, 2, rows[:, 1::2].shape[1]).sum(axis=1)
        half_down = 0.5 * columns[1::2].reshape(columns[1::2].shape[0], -1, 2).sum(axis=2)
        coarse = _solved(half_across, half_down, pairs(held), pairs(wanted), tolerance)
        begin = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]

    across, down = across[..., np.newaxis], down[..., np.newaxis]
    total = held[..., np.newaxis].copy()
    for edges, one, other in ((across, np.s_[:, :-1], np.s_[:, 1:]), (down, np.s_[:-1], np.s_[1:])):
        total[one] += edges
        total[other] += edges
    scale = np.where(total > 0, 1 / np.maximum(total, 1e-6), 0)

    def product(values):
        found = total * values
        found[:, :-1] -= across * values[:, 1:]
        found[:, 1:] -= across * values[:, :-1]
        found[:-1] -= down * values[1:]
        found[1:] -= down * values[:-1]
        return found

    solution = np.where(total > 0, begin, 0)
    rest = wanted - product(solution)
    direction = scale * rest
    size = (rest * direction).sum(axis=(0, 1))
    for _ in range(MOST_STEPS):
        if np.abs(scale * rest).max() <= tolerance:
            break
        changed = product(direction)
        step = size / np.maximum((direction * changed).sum(axis=(0, 1)), 1e-12)
        solution += step * direction
        rest -= step * changed
        before, size = size, (rest * scale * rest).sum(axis=(0, 1))
        direction = scale * rest + size / np.maximum(before, 1e-12) * direction
    return solution
