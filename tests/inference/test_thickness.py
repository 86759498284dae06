"""Thin holes, and the bundled weights that complete them where nobody chose others."""

import cv2
import numpy as np
import pytest

from gated_inpaint import Inpainter
from gated_inpaint.inference.thickness import THIN, is_thin
from gated_inpaint.weights import BUNDLED


def line(thickness, angle=0.0, size=(120, 150)):
    """A straight hole across a photo's middle."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    distance = (rows - size[0] / 2) * np.cos(angle) + (columns - size[1] / 2) * np.sin(angle)
    return np.abs(distance) < thickness / 2


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8])
def test_a_hole_is_as_thick_as_it_is_across(angle):
    assert is_thin(line(1, angle)) and is_thin(line(THIN - 1, angle))
    assert not is_thin(line(THIN + 2, angle))


def spotted(radius, size=(400, 500)):
    """A grid of lines, and one spot on it."""
    hole = np.zeros(size, np.uint8)
    hole[::40], hole[:, ::40] = 1, 1
    return cv2.circle(hole, (210, 210), radius, 1, -1) > 0


def test_a_place_may_be_thicker_but_not_thick():
    spot = spotted(THIN - 2)
    assert is_thin(spot) and not is_thin(spot[190:230, 190:230])  # Most of the latter's hole is the spot.
    assert not is_thin(spotted(THIN + 1))


def test_wires_all_over_a_small_photo_are_thin():
    rows, columns = np.mgrid[:300, :450]
    hole, random = np.zeros([300, 450], bool), np.random.default_rng(1)
    for _ in range(12):  # As in benchmarks/thin_holes.py.
        angle, offset = random.uniform(0, np.pi), random.uniform(-120, 120)
        hole |= np.abs((rows - 150) * np.cos(angle) + (columns - 225) * np.sin(angle) - offset) < 3
    assert 0.15 < hole.mean() < 0.2 and is_thin(hole)


def test_no_hole_is_not_thin_and_the_photo_ends_holes():
    hole = np.zeros([60, 60], bool)
    assert not is_thin(hole)
    hole[:THIN] = True
    assert is_thin(hole)
    hole[: THIN + 2] = True
    assert not is_thin(hole)


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(0).integers(0, 256, [2, 64, 72, 3], np.uint8)


def test_thin_holes_alone_are_completed_with_their_own_weights(photos):
    thin, thick = line(4, size=(64, 72)), line(30, size=(64, 72))
    chooses, of_thin, of_thick = (Inpainter(weights, eager=True) for weights in (None, "thin", BUNDLED["default"]))
    expected = np.stack([of_thin(photos[0], thin), of_thick(photos[1], thick)])
    assert (expected[0] != of_thick(photos[0], thin)).any()
    np.testing.assert_array_equal(chooses(photos, np.stack([thin, thick])), expected)
    np.testing.assert_array_equal(chooses(photos[0], thin), expected[0])
    np.testing.assert_array_equal(chooses.stages(photos[0], thin).completed, expected[0])
    # A strategy is that of both; crops may be enlarged, so that thin holes are not thin any more.
    tiles = chooses.with_strategy("tiles", 64)
    np.testing.assert_array_equal(tiles(photos[0], thin), of_thin.with_strategy("tiles", 64)(photos[0], thin))
    assert tiles.plan(thin).strategy == "tiles" and chooses.plan(thin).strategy == "original"
    cropping = chooses.with_strategy("crop", 64)
    assert cropping.fitting(thin) is cropping
    # Weights that somebody chose are theirs.
    assert of_thick.fitting(thin) is of_thick
