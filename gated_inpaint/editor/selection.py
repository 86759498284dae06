"""What the page has the server find in a photo: the object under a click or in a box, and lines to start a sketch from.

Objects are found by GrabCut ("GrabCut: interactive foreground extraction using iterated graph cuts", SIGGRAPH 2004): colours
inside against colours around, and a border where the picture has one. No network, no weights. It works on a window around what
was marked, reduced to `WORKING_SIDE`, so it takes a second in any photo.
"""

import base64
import threading
import zlib

import cv2
import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.pixels import to_8_bits
from gated_inpaint.ops.levels import from_levels
from gated_inpaint.sketch import draw_edges, resize_lines

WORKING_SIDE = 400  # Longest side, in pixels, in which GrabCut looks.
EDGES_SIDE = 1024  # The same for edges.
ROUNDS = 4
NEAR = 0.12  # Of the window's side: how far from a click everything is taken for the object at first.
SURROUND = 0.35  # Of a box's sides: how far around it colours are taken for background.

_NOTHING = "Nothing in the box stands out: draw it around the whole object, with something of what is behind it."
_LOCK = threading.Lock()  # OpenCV's random numbers are one for all threads.


def object_in(array, begin, end, point=None):
    """The object in a box.

    Arguments:
      array: [height, width, 1-4], uint8 or uint16.
      begin, end: (row, column) of the box; it is cut off at the photo's border.
      point: (row, column) that belongs to the object, if it was clicked; the object is then what hangs together with it.

    Returns bool [height, width], true in the object, and nowhere outside the box.

    Raises:
      InputError: the box is empty, or nothing in it stands out.
    """
    size = np.array(array.shape[:2])
    begin, end = np.clip(begin, 0, size), np.clip(end, 0, size)
    if (end - begin < 4).any():
        raise InputError("The box is too small to find an object in it: draw it around the whole object.")
    margin = np.maximum(np.ceil(SURROUND * (end - begin)), 8).astype(int)
    first, last = np.maximum(begin - margin, 0), np.minimum(end + margin, size)
    window = _rgb(array[first[0] : last[0], first[1] : last[1]])
    scale = min(WORKING_SIDE / max(window.shape[:2]), 1.0)
    small = cv2.resize(window, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else window
    factor = np.array(small.shape[:2]) / window.shape[:2]

    marks = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    box = [np.round((corner - first) * factor).astype(int) for corner in (begin, end)]
    marks[box[0][0] : box[1][0], box[0][1] : box[1][1]] = cv2.GC_PR_FGD
    if point is not None:
        at = np.clip(np.floor((np.array(point) - first) * factor).astype(int), 0, np.array(small.shape[:2]) - 1)
        _mark_like(small, marks, at)
    # The photo's border is no background: where the box reaches it, something known has to be left.
    if not (marks == cv2.GC_BGD).any():
        marks[[0, -1]] = marks[:, [0, -1]] = cv2.GC_BGD
    with _LOCK:
        cv2.setRNGSeed(0)
        try:
            cv2.grabCut(small, marks, None, np.zeros([1, 65]), np.zeros([1, 65]), ROUNDS, cv2.GC_INIT_WITH_MASK)
        except cv2.error as error:  # All pixels are of one kind.
            raise InputError(_NOTHING) from error
    found = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    if point is not None:
        _, labels = cv2.connectedComponents(found)
        found = (labels == labels[tuple(at)]).astype(np.uint8) * found
    if not found.any():
        raise InputError(_NOTHING)
    levels = cv2.resize(255 * found, window.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    hole = np.zeros(size, bool)
    hole[first[0] : last[0], first[1] : last[1]] = levels > 127
    outside = np.ones(size, bool)
    outside[begin[0] : end[0], begin[1] : end[1]] = False
    hole[outside] = False
    return hole


def _mark_like(small, marks, at):
    """Marks a disc around a clicked point as the object; of the box, what is far and has other colours as probably not."""
    radius = max(round(0.015 * max(small.shape[:2])), 2)
    rows, columns = np.ogrid[: marks.shape[0], : marks.shape[1]]
    distance = np.hypot(rows - at[0], columns - at[1])
    is_seed = (distance <= radius) & (marks == cv2.GC_PR_FGD)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    seed = lab[is_seed] if is_seed.any() else lab[at[0], at[1]][np.newaxis]
    difference = np.linalg.norm(lab - seed.mean(axis=0), axis=-1)
    limit = max(2.5 * float(np.linalg.norm(seed - seed.mean(axis=0), axis=-1).mean()), 18.0)
    is_other = (difference > limit) & (distance > NEAR * max(small.shape[:2]))
    marks[(marks == cv2.GC_PR_FGD) & is_other] = cv2.GC_PR_BGD
    marks[is_seed] = cv2.GC_FGD


def edges(array):
    """A photo's contours as bool [height, width], of one that is larger than `EDGES_SIDE` those that are seen at that size."""
    picture = _rgb(array)
    scale = min(EDGES_SIDE / max(picture.shape[:2]), 1.0)
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(picture.shape[:2]) < 8:
        return np.zeros(array.shape[:2], bool)
    lines = draw_edges(from_levels(tf.constant(picture[np.newaxis])))[0]
    return resize_lines(lines, *array.shape[:2]).numpy()[..., 0] > 0.5


def _rgb(array):
    array = to_8_bits(array)
    return np.ascontiguousarray(np.repeat(array[..., :1], 3, axis=-1) if array.shape[-1] < 3 else array[..., :3])


def as_json(hole):
    """What is true in bool [height, width], for the page: its window, and the window's rows as bits, each from a byte of its own.

    {"begin": [row, column], "end": [row, column], "bits": base64 of zlib's form}; of nothing, both are [0, 0].
    """
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    begin, end = ([0, 0], [0, 0]) if not len(rows) else ([rows[0], columns[0]], [rows[-1] + 1, columns[-1] + 1])
    bits = np.packbits(hole[begin[0] : end[0], begin[1] : end[1]], axis=1)
    packed = base64.b64encode(zlib.compress(bits.tobytes(), 1)).decode()
    return {"begin": [int(number) for number in begin], "end": [int(number) for number in end], "bits": packed}
