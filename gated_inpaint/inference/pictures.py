"""Pictures that show what the network did: where its attention looked, what its layers let through, and where the hole is."""

import math

import cv2
import numpy as np

# The colour circle of optical flow: positions of its six corners and their RGB, back to the start.
_CORNERS = (0, 15, 21, 25, 36, 49, 55)
_COLORS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255), (255, 0, 0))

# Channel grids, in pixels and RGB.
_TILE, _SINGLE_TILE = 112, 384  # Longest side of a channel's tile, among others or alone.
_GAP, _MARGIN, _BAR = 3, 26, 14
_BACKGROUND, _TEXT = (58, 74, 104), (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX, 0.45


def attention_picture(offsets, height, width):
    """Shows offsets as colours: the hue is the direction of the best match, the strength its distance relative to the farthest.

    Arguments:
      offsets: int [rows, columns, 2] (down, right), in positions of 8 pixels.
      height, width: of the picture; a position becomes 8x8 pixels, cut off at the border.

    Returns uint8 [height, width, 3], RGB; white where a position matches itself. The colours are those of the Middlebury
    benchmark for optical flow, as in the authors' release ("A Database and Evaluation Methodology for Optical Flow", IJCV 2011).
    """
    down, right = np.moveaxis(offsets.astype(np.float64), -1, 0)
    distance = np.hypot(down, right)
    strength = (distance / max(distance.max(), np.finfo(np.float64).eps))[..., np.newaxis]
    # The circle has 55 colours, the first one where `down` is most negative. (The release lays rows along the circle's horizontal.)
    angle = (np.arctan2(-right, -down) / np.pi + 1) / 2 * (_CORNERS[-1] - 1)
    circle = np.stack([np.interp(np.arange(_CORNERS[-1] + 1), _CORNERS, channel) for channel in zip(*_COLORS)], axis=-1)
    # Whole levels, and divided before they are interpolated, as the benchmark and the release do it.
    is_falling = np.diff(circle, axis=0, append=circle[1:2]) < 0
    circle = np.where(is_falling, np.ceil(circle), np.floor(circle)) / 255
    lower = np.floor(angle).astype(int)
    fraction = (angle - lower)[..., np.newaxis]
    hue = (1 - fraction) * circle[lower] + fraction * circle[(lower + 1) % _CORNERS[-1]]
    colors = np.floor(255 * (1 - strength * (1 - hue))).astype(np.uint8)
    return cv2.resize(colors, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)[:height, :width]


def mask_over_photo(photo, mask):
    """Tints the hole of [height, width, 1-4] red, half see-through; [height, width, 3] of the photo's dtype."""
    picture = np.array(np.broadcast_to(photo[..., : 3 if photo.shape[-1] > 2 else 1], photo.shape[:2] + (3,)))
    red = np.array([np.iinfo(photo.dtype).max, 0, 0])
    picture[mask] = (picture[mask].astype(np.int64) + red) // 2
    return picture


def channel_grid(maps, title, low, high):
    """All channels of a layer side by side in gray, row by row, with a scale.

    Arguments:
      maps: float [height, width, channels] in [0, 1].
      title: a line above the grid.
      low, high: in words, what 0 and 1 mean.

    Returns uint8 [height, width, 3], RGB.
    """
    height, width, channels = maps.shape
    scale = (_TILE if channels > 1 else _SINGLE_TILE) / max(height, width)
    tile_height, tile_width = max(round(scale * height), 1), max(round(scale * width), 1)
    columns = math.ceil(math.sqrt(channels * tile_height / tile_width))  # About as high as wide.
    rows = math.ceil(channels / columns)
    grid_height, grid_width = rows * (tile_height + _GAP) - _GAP, columns * (tile_width + _GAP) + _GAP
    lines = [title, f"black 0: {low}, white 1: {high}"]
    left, top = _MARGIN // 2, _MARGIN // 2 + len(lines) * _MARGIN
    right = left + max(grid_width, *(cv2.getTextSize(line, *_FONT, 1)[0][0] for line in lines)) + _MARGIN // 2
    bar_height = max(grid_height, 4 * _MARGIN)
    picture = np.full([top + bar_height + _MARGIN, right + 3 * _MARGIN, 3], _BACKGROUND, np.uint8)
    for number, line in enumerate(lines):
        _write(picture, line, (left + _GAP, _MARGIN * (number + 1) - 6))

    for channel in range(channels):
        row, column = divmod(channel, columns)
        tile = cv2.resize(
            np.ascontiguousarray(maps[..., channel], np.float32),
            (tile_width, tile_height),
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST,
        )
        y, x = top + row * (tile_height + _GAP), left + _GAP + column * (tile_width + _GAP)
        picture[y : y + tile_height, x : x + tile_width] = np.round(255 * np.clip(tile, 0, 1))[..., np.newaxis]

    bar = np.round(255 * np.linspace(1, 0, bar_height))[:, np.newaxis, np.newaxis]
    picture[top : top + bar_height, right : right + _BAR] = bar
    for value in (0.0, 0.5, 1.0):
        _write(picture, f"{value:.1f}", (right + _BAR + 5, round(top + (1 - value) * (bar_height - 1)) + 5))
    return picture


def _write(picture, line, begin):
    cv2.putText(picture, line, begin, *_FONT, _TEXT, 1, cv2.LINE_AA)
