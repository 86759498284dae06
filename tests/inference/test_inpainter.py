import numpy as np
import pytest
from conftest import DATA, cases
from PIL import Image

from gated_inpaint import Inpainter, InputError


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(DATA / "generator")


@pytest.fixture(scope="module")
def guided():
    return Inpainter(DATA / "generator_guided")


def picture(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def hole(height, width):
    mask = np.zeros((height, width), bool)
    mask[: (height + 1) // 2, : (width + 1) // 2] = True
    return mask


@pytest.mark.parametrize("key, case", cases("generator/io.npz"))
def test_agrees_with_the_release_to_the_level(inpainter, key, case):
    mask = np.repeat(case["mask"], 2, axis=0)
    completed = inpainter(case["image"], mask)
    expected = np.where(mask, np.round((case["refined"] + 1) * 127.5), case["image"])
    assert np.abs(completed.astype(int) - expected).max() <= 1
    for index in range(2):
        np.testing.assert_array_equal(completed[index][mask[index, ..., 0] == 0], case["image"][index][mask[index, ..., 0] == 0])
        alone = inpainter(case["image"][index], mask[index])
        assert np.abs(alone.astype(int) - completed[index]).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 2), (2, 1, 3), (3, 5, 3), (9, 31, 1), (20, 13, 2), (21, 8, 4), (8, 8, 3), (50, 67, 3)])
def test_any_size_and_kind_keeps_everything_but_the_hole(inpainter, shape, dtype):
    image, mask = picture(*shape, dtype=dtype), hole(*shape[:2])
    completed = inpainter(image, mask)
    assert completed.shape == image.shape and completed.dtype == dtype
    np.testing.assert_array_equal(completed[~mask], image[~mask])
    has_alpha = len(shape) == 3 and shape[-1] in (2, 4)
    if has_alpha:
        assert (completed[mask][:, -1] == np.iinfo(dtype).max).all()
    emptied = image.copy()
    emptied[mask] = 7
    if has_alpha:
        emptied[..., -1] = image[..., -1]
    np.testing.assert_array_equal(inpainter(emptied, mask), completed)  # The hole's content is not looked at.


def test_one_pixel(inpainter):
    image = picture(1, 1, 3)
    np.testing.assert_array_equal(inpainter(image, np.zeros((1, 1))), image)
    with pytest.raises(InputError, match="covers the whole image"):
        inpainter(image, np.ones((1, 1)))


def test_gray_is_the_mean_of_the_colour_result(inpainter):
    image, mask = picture(24, 32, 1), hole(24, 32)
    stages = inpainter.stages(image, mask)
    color = inpainter(np.repeat(image, 3, axis=-1), mask)
    assert np.abs(stages.completed[..., 0].astype(float) - color.mean(axis=-1))[mask].max() <= 1
    np.testing.assert_array_equal(stages.completed[~mask], image[~mask])


def test_padding_mirrors_picture_and_mask(inpainter):
    image, mask = picture(20, 30, 3), hole(20, 30)
    mask[-2:, -3:] = True
    padding = ((0, 4), (0, 2))
    completed = inpainter(np.pad(image, (*padding, (0, 0)), mode="symmetric"), np.pad(mask, padding, mode="symmetric"))
    np.testing.assert_array_equal(inpainter(image, mask), completed[:20, :30])


def test_masks_of_every_type_mean_the_same(inpainter):
    image, mask = picture(16, 24, 3), hole(16, 24)
    completed = inpainter(image, mask)
    for same in (
        mask.astype(np.uint8),
        mask.astype(np.uint8) * 255,
        mask * 15,
        mask * 0.5,
        np.where(mask, 128, 127),
        mask[..., None],
        mask.astype(float),
    ):
        np.testing.assert_array_equal(inpainter(image, same), completed)


def test_pictures_in_every_form(tmp_path, inpainter):
    array, mask = picture(16, 24, 3), hole(16, 24)
    completed = inpainter(array, mask)
    Image.fromarray(array).save(tmp_path / "a.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(inpainter(tmp_path / "a.png", tmp_path / "mask.png"), completed)
    np.testing.assert_array_equal(np.asarray(inpainter(Image.fromarray(array), Image.fromarray(mask))), completed)
    np.testing.assert_allclose(inpainter(array / 255, mask)[mask] * 255, completed[mask], atol=0.51)
    cut = np.dstack([array, np.where(mask, 0, 255).astype(np.uint8)])
    np.testing.assert_array_equal(inpainter(cut), np.dstack([completed, np.full((16, 24), 255, np.uint8)]))
    np.testing.assert_array_equal(inpainter.stages(Image.fromarray(array), mask).completed, completed)


def test_once_and_again_are_the_same(inpainter):
    image, mask = picture(300, 220, 3), np.zeros((300, 220), bool)
    mask[40:60, 100:130] = mask[250:, :9] = True
    once = Inpainter(DATA / "generator", eager=True)
    assert np.abs(once(image, mask).astype(int) - inpainter(image, mask)).max() <= 1
    refined = once.stages(image, mask).stages["refined"]
    assert np.abs(refined[mask].astype(int) - inpainter(image, mask)[mask]).max() <= 1


def test_empty_mask_returns_a_copy(inpainter):
    image = picture(16, 24, 3)
    completed = inpainter(image, np.zeros((16, 24)))
    np.testing.assert_array_equal(completed, image)
    assert not np.shares_memory(completed, image)


def test_stages(inpainter):
    image, mask = picture(20, 30, 4), hole(20, 30)
    stages = inpainter.stages(image, mask)
    assert stages.stages["coarse"].shape == stages.stages["refined"].shape == (20, 30, 3) and stages.offsets[""].shape == (3, 4, 2)
    np.testing.assert_array_equal(stages.completed, inpainter(image, mask))
    np.testing.assert_array_equal(stages.completed[mask][:, :3], stages.stages["refined"][mask])
    assert (stages.stages["coarse"] != stages.stages["refined"]).any()


def test_sketch_steers_the_result_inside_the_hole(guided):
    image, mask = picture(32, 40, 3), hole(32, 40)
    lines = np.zeros((32, 40), np.uint8)
    without = guided(image, mask, lines)
    lines[8, :] = 255
    lines[:, 39] = 255
    with_lines = guided(image, mask, lines)
    assert (with_lines != without)[mask].any()
    lines[~mask] = 0
    np.testing.assert_array_equal(guided(image, mask, lines), with_lines)


@pytest.mark.parametrize(
    "image, mask, sketch, words",
    [
        (np.zeros((8, 8, 3), int), hole(8, 8), None, "uint8 or uint16, or floats in .*, not int64"),
        (np.full((8, 8, 3), 255.0), hole(8, 8), None, r"floats must be in \[0, 1\], not from 255 to 255"),
        (np.full((8, 8, 3), np.nan), hole(8, 8), None, "floats must be in"),
        (picture(8, 8, 3), np.where(hole(8, 8), np.nan, 0), None, "no finite numbers"),
        (picture(8, 8, 3), None, None, "There is no mask, and nothing in the image is transparent"),
        (picture(8, 8, 5), hole(8, 8), None, r"not \[8, 8, 5\]"),
        (picture(0, 8, 3), hole(0, 8), None, r"not \[0, 8, 3\]"),
        (picture(8), hole(8, 8), None, r"not \[8\]"),
        (picture(8, 9, 3), hole(9, 8), None, r"mask's shape \[9, 8\] does not fit the image's \[8, 9, 3\]"),
        (picture(2, 8, 9, 3), hole(8, 9), None, r"mask's shape \[8, 9\]"),
        (picture(8, 9, 3), hole(8, 9), hole(8, 9), "take no sketch"),
        (picture(8, 9, 3), np.ones((8, 9)), None, "covers the whole image"),
        (picture(2, 8, 9, 3), np.stack([hole(8, 9), np.ones((8, 9))]), None, "covers the whole image"),
    ],
)
def test_refuses_what_it_cannot_complete(inpainter, image, mask, sketch, words):
    with pytest.raises(InputError, match=words):
        inpainter(image, mask, sketch)


def test_guided_weights_need_a_sketch_that_fits(guided):
    with pytest.raises(InputError, match="none was given"):
        guided(picture(8, 9, 3), hole(8, 9))
    with pytest.raises(InputError, match="sketch's shape"):
        guided(picture(8, 9, 3), hole(8, 9), hole(9, 9))


def test_bfloat16(inpainter):
    image, mask = picture(24, 32, 3), hole(24, 32)
    completed = Inpainter(precision="bfloat16")(image, mask)
    assert np.abs(completed.astype(int) - Inpainter()(image, mask)).mean() < 1
    with pytest.raises(InputError, match="not float16"):
        Inpainter(precision="float16")
