import numpy as np
import pytest

from gated_inpaint.inference.pictures import channel_grid

SCALE = 78  # Width of the right part, where the scale is.


def box(picture, level):
    """[first row, first column], [last row, last column] of the pixels of this gray."""
    found = np.argwhere((picture == level).all(axis=-1))
    return np.stack([found.min(axis=0), found.max(axis=0)])


def test_channels_are_tiles_of_their_gray_in_order():
    levels = np.array([51, 64, 77, 90, 103, 116, 129])
    picture = channel_grid(np.zeros([13, 20, 7]) + levels / 255, "a layer", "closed", "open")
    boxes = [box(picture[:, :-SCALE], level) for level in levels]
    for (begin, end), level in zip(boxes, levels):
        assert (end - begin + 1).tolist() == [73, 112]
        assert (picture[begin[0] : end[0] + 1, begin[1] : end[1] + 1] == level).all()
    assert [tuple(begin) for begin, _ in boxes] == sorted(tuple(begin) for begin, _ in boxes)
    assert picture.dtype == np.uint8


def test_scale_goes_from_white_down_to_black_beside_the_tiles():
    picture = channel_grid(np.full([64, 96, 1], 128 / 255), "a layer", "known", "hole")
    (top, _), (bottom, _) = box(picture[:, :-SCALE], 128)
    scale = picture[top : bottom + 1, -SCALE]
    np.testing.assert_array_equal(scale, np.round(np.linspace(255, 0, 256))[:, np.newaxis].repeat(3, axis=1))


def test_a_map_keeps_place_and_orientation():
    mask = np.zeros([64, 96, 1])
    mask[:16, :24] = 1
    picture = channel_grid(mask, "a layer", "known", "hole")[:, :-SCALE]
    bottom, right = box(picture, 0)[1] + 1
    tile = picture[bottom - 256 : bottom, right - 384 : right]
    np.testing.assert_array_equal(tile, 255 * mask.repeat(4, axis=0).repeat(4, axis=1).repeat(3, axis=2))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 700, 24), (700, 1, 5), (300, 451, 1), (38, 57, 96)])
def test_any_size(shape):
    picture = channel_grid(np.random.default_rng(0).random(shape), "conv1: its 24 gates", "closed", "open")
    assert max(picture.shape) < 2000
