"""What of a mask is the hole."""

import cv2
import numpy as np
import pytest
import skimage.data
from mask_cases import HEIGHT, WIDTH, encoded, iou, mask_files, photo, stroke

from gated_inpaint import InputError
from gated_inpaint.files.image_files import Photo
from gated_inpaint.files.masks import CHOICES, hole_of, hole_of_transparency, read_mask


@pytest.mark.parametrize("name", mask_files())
def test_files_mean_what_their_makers_mean(tmp_path, name):
    data, expected = mask_files()[name]
    (tmp_path / name).write_bytes(data)
    if expected is None:
        with pytest.raises(InputError) as error:
            read_mask(tmp_path / name)
        assert name in str(error.value) and f"--mask_from={CHOICES}" in str(error.value) and "\n" not in str(error.value)
        return
    hole, note = read_mask(tmp_path / name)
    np.testing.assert_array_equal(hole, expected)
    surprises = ("erased", "label", "gray1", "zeros", "deep_")
    assert (note is not None) == any(word in name for word in surprises), note
    assert note is None or (name in note and "\n" not in note)


@pytest.mark.parametrize(
    "array",
    [
        stroke() > 0,
        (stroke() > 0).astype(int),
        (stroke() > 0) * 15,
        (stroke() > 0).astype(float),
        stroke().astype(np.float32),
        stroke() / 255 * 0.3,
        stroke().astype(np.int32) * 1000,
        stroke()[..., np.newaxis],
        np.repeat(stroke()[..., np.newaxis], 3, axis=-1) > 0,
        np.dstack([np.zeros((HEIGHT, WIDTH, 3)), stroke() / 255]),
    ],
)
def test_arrays_mean_what_files_mean(array):
    np.testing.assert_array_equal(hole_of(array).hole, stroke() > 0)


@pytest.mark.parametrize(
    "array, words",
    [
        (np.where(stroke() > 0, np.nan, 0), "no finite numbers"),
        (np.where(stroke() > 0, 1, -1), "negative values, -1"),
        (stroke().astype(complex), "not complex128"),
        (photo(), "is no mask"),
        (photo()[..., 0] / 255, "is no mask"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(array, words):
    with pytest.raises(InputError, match=words):
        hole_of(array)


@pytest.mark.parametrize(
    "name", ["astronaut", "camera", "chelsea", "coffee", "hubble_deep_field", "logo", "moon", "page", "retina"]
)
def test_photographs_and_drawings_are_no_masks(name):
    picture = getattr(skimage.data, name)()[..., :3] if name != "camera" else skimage.data.camera()
    with pytest.raises(InputError, match="is no mask"):
        hole_of(picture if picture.ndim == 3 else picture[..., np.newaxis])


def test_inverted_masks_give_up_no_rim():
    soft = stroke(cv2.LINE_AA)
    np.testing.assert_array_equal(hole_of(255 - soft, invert=True).hole, soft > 0)
    np.testing.assert_array_equal(hole_of(255 - soft, mask_from="dark").hole, soft > 0)
    brush = np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), soft])
    np.testing.assert_array_equal(hole_of(brush, invert=True).hole, soft < 255)


def test_what_marks_the_hole_can_be_said():
    hole, over = stroke() > 0, photo()
    over[hole] = 255, 0, 0
    np.testing.assert_array_equal(hole_of(over, mask_from="#ff0000").hole, hole)
    assert iou(hole_of(cv2.imdecode(np.frombuffer(encoded(over, "JPEG", quality=95, subsampling=0), np.uint8), 1)[..., ::-1],
                       mask_from="#FF0000").hole, hole) > 0.95  # fmt: skip
    white_sheet = np.dstack([np.full((HEIGHT, WIDTH, 3), 255, np.uint8), 255 - stroke()])
    np.testing.assert_array_equal(hole_of(white_sheet, mask_from="alpha").hole, ~hole)
    np.testing.assert_array_equal(hole_of(white_sheet, mask_from="transparent").hole, hole)
    assert hole_of(photo(), mask_from="light").hole.any() and hole_of(photo(), mask_from="dark").hole.any()
    for mask_from, words in (("alpha", "no transparency"), ("red", "one of auto.*not red"), ("#12345", "not #12345")):
        with pytest.raises(InputError, match=words):
            hole_of(over, mask_from=mask_from)


def test_transparent_pixels_are_never_light():
    levels = np.array([[0, 255, 255, 255, 0, 0]], np.uint8)
    with_alpha = np.dstack([levels, levels, levels, np.array([[255, 255, 0, 255, 255, 0]], np.uint8)])
    assert hole_of(with_alpha).hole.tolist() == [[False, True, False, True, False, False]]
    assert hole_of(with_alpha, invert=True).hole.tolist() == [[True, False, False, False, True, False]]
    assert hole_of(with_alpha, mask_from="light").hole.tolist() == [[False, True, False, True, False, False]]


def test_grown_shrunk_and_resized(tmp_path):
    square = np.zeros((21, 31), np.uint8)
    square[8:13, 10:15] = 255
    (tmp_path / "a.png").write_bytes(encoded(square))
    assert (
        read_mask(tmp_path / "a.png", grow=3).hole.sum() == 25 + 4 * 5 * 3 + 4 * 4
    )  # Three pixels at each side, and round corners.
    assert read_mask(tmp_path / "a.png", grow=-2).hole.sum() == 1
    assert read_mask(tmp_path / "a.png", size=(21, 31)).hole.sum() == 25
    with pytest.raises(InputError, match=r"a.png is 31x21 pixels, not 62x42: --resize_mask"):
        read_mask(tmp_path / "a.png", size=(42, 62))
    for size in ((42, 62), (22, 31), (10, 15)):
        hole = read_mask(tmp_path / "a.png", size=size, resize=True).hole
        assert hole.shape == size and abs(hole.mean() - 25 / square.size) < 0.015


def test_a_photo_with_a_transparent_part_is_its_own_mask():
    hole = stroke() > 0
    cut = Photo(np.dstack([photo(), 255 - stroke(cv2.LINE_AA)]))
    np.testing.assert_array_equal(hole_of_transparency(cut).hole, stroke(cv2.LINE_AA) > 0)
    assert hole_of_transparency(cut, grow=1).hole.sum() > hole.sum()
    for opaque in (photo(), np.dstack([photo(), np.full_like(stroke(), 255)])):
        with pytest.raises(InputError, match="no transparent part"):
            hole_of_transparency(Photo(opaque))
