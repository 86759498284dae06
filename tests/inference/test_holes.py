import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint import Generator
from gated_inpaint.inference.holes import complete_holes, hole_windows, separate_windows
from gated_inpaint.models import two_stage
from gated_inpaint.types import Inputs


def mask_of(height, width, *rectangles):
    mask = np.zeros([1, height, width, 1], bool)
    for top, left, bottom, right in rectangles:
        mask[:, top:bottom, left:right] = True
    return mask


def area(windows):
    """A cost that grows with the windows alone: nothing is won by merging unless they overlap."""
    return tf.cast(tf.reduce_prod(windows[..., 1, :] - windows[..., 0, :], axis=-1), tf.float32)


def as_set(windows):
    return {(*begin, *end) for begin, end in np.asarray(windows).tolist()}


@pytest.mark.parametrize(
    "size, rectangles",
    [
        ((300, 400), [(0, 0, 1, 1)]),
        ((300, 400), [(299, 399, 300, 400), (0, 0, 40, 30)]),
        ((1, 1), [(0, 0, 1, 1)]),
        ((5, 700), [(0, 3, 5, 9), (2, 600, 3, 700)]),
        ((512, 512), [(100, 100, 215, 215)]),
    ],
)
def test_far_apart_holes_are_windows_of_their_own_to_the_pixel(size, rectangles):
    assert as_set(hole_windows(mask_of(*size, *rectangles), area)) == set(rectangles)


def test_what_hangs_together_is_one_window():
    ring = mask_of(400, 400, (50, 60, 350, 340))
    ring[:, 60:340, 70:330] = False
    assert as_set(separate_windows(ring[0, ..., 0])) == {(50, 60, 350, 340)}
    diagonal = np.eye(200, 300, dtype=bool)
    assert as_set(separate_windows(diagonal)) == {(0, 0, 200, 200)}


def test_windows_hold_all_holes_of_all_pictures():
    rng = np.random.default_rng(0)
    for _ in range(20):
        masks = rng.random([2, *rng.integers(1, 200, 2), 1]) < rng.choice([0.001, 0.01, 0.3])
        windows = hole_windows(masks, area).numpy()
        held = np.zeros(masks.shape[1:3], bool)
        for begin, end in windows:
            held[begin[0] : end[0], begin[1] : end[1]] = True
            # Nothing too large either: each edge of a window touches a hole.
            part = masks.any(axis=(0, 3))[begin[0] : end[0], begin[1] : end[1]]
            assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
        assert not (masks.any(axis=(0, 3)) & ~held).any()


def test_merges_where_it_is_cheaper():
    mask = mask_of(300, 300, (0, 0, 10, 10), (0, 100, 10, 110), (280, 280, 290, 290))

    def with_fixed_costs(windows):
        return area(windows) + 2000.0

    assert len(hole_windows(mask, area)) == 3
    assert as_set(hole_windows(mask, with_fixed_costs)) == {(0, 0, 10, 110), (280, 280, 290, 290)}
    assert as_set(hole_windows(mask, lambda windows: area(windows) * 0 + 1.0)) == {(0, 0, 290, 290)}


def test_no_hole_is_no_window():
    assert hole_windows(mask_of(40, 50), area).shape == (0, 2, 2)


def test_a_small_hole_runs_in_windows_and_a_large_one_whole(monkeypatch):
    ran = []
    monkeypatch.setattr(two_stage.TwoStageWindows, "complete", lambda *_: ran.append("windows"))
    generator = Generator(8)
    monkeypatch.setattr(Generator, "__call__", lambda *_: ran.append("whole"))
    image = tf.zeros([1, 512, 512, 3])
    for rectangle in ((200, 200, 240, 240), (0, 0, 512, 500)):
        complete_holes(generator, Inputs(image, tf.constant(mask_of(512, 512, rectangle), tf.float32)))
    monkeypatch.setattr(two_stage, "TILE_BYTES", 1000)  # Too large for whole matrices of scores.
    complete_holes(generator, Inputs(image, tf.constant(mask_of(512, 512, rectangle), tf.float32)))
    assert ran == ["windows", "whole", "windows"]
