"""What a person gives to `Inpainter`, and gets back; without a network."""

import numpy as np
import pytest
from mask_cases import mask_files, photo, stroke
from PIL import Image

from gated_inpaint import InputError
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.inference.arguments import understood

HOLE = stroke() > 0


def answer(given):
    """What comes back if everything in the hole becomes 7."""
    return given.answer(np.where(given.mask, given.image.dtype.type(7), given.image))


@pytest.mark.parametrize("name", mask_files())
def test_masks_mean_what_their_makers_mean(tmp_path, name):
    data, expected = mask_files()[name]
    path = tmp_path / name
    path.write_bytes(data)
    for mask in (path, str(path), Image.open(path), read_photo(path).array):
        if expected is None:
            with pytest.raises(InputError, match="The mask .*is no mask"):
                understood(photo(), mask)
        else:
            np.testing.assert_array_equal(understood(photo(), mask).mask[0, ..., 0], expected)


def test_masks_of_a_batch():
    images, other = np.stack([photo()] * 2), np.roll(HOLE, 5, axis=1)
    for masks in (
        np.stack([HOLE, other]),
        np.stack([HOLE, other])[..., np.newaxis] * 15,
        np.stack([[HOLE] * 3, [other] * 3]).transpose(0, 2, 3, 1),
    ):
        np.testing.assert_array_equal(understood(images, masks).mask[..., 0], [HOLE, other])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "I;16", "I"])
def test_an_image_gives_an_image(mode):
    deep = Image.fromarray(photo()[..., 0].astype(np.int32) * 257)
    image = deep.convert(mode) if mode[0] == "I" else Image.fromarray(photo()).convert("RGBA").convert(mode)
    image.info.update(dpi=(300, 300), transparency_of_another_kind=1)
    completed = answer(understood(image, Image.fromarray(stroke())))
    shown = {"1": "L", "P": "RGB", "PA": "RGBA", "RGBa": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "HSV": "RGB", "I": "I;16"}.get(
        mode, mode
    )
    assert (completed.mode, completed.size, completed.info) == (shown, image.size, {"dpi": (300, 300)})
    before, after = np.asarray(deep if mode == "I;16" else image.convert(shown) if mode != "I" else image), np.asarray(completed)
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])
    assert (after[HOLE] == 7).all()


def test_palette_and_transparency_of_an_image():
    palette = Image.fromarray(photo()).quantize(8)
    palette.info["transparency"] = 2
    given = understood(palette, stroke())
    np.testing.assert_array_equal(given.image[0], np.asarray(palette.convert("RGBA")))
    assert "transparency" not in answer(given).info


def test_modes_without_colours_are_refused():
    with pytest.raises(InputError, match="The image has 32-bit floating-point levels"):
        understood(Image.fromarray(photo()[..., 0].astype(np.float32)), HOLE)
    with pytest.raises(InputError, match="The image has 32 bits"):
        understood(Image.fromarray(photo()[..., 0].astype(np.int32) * 70000), HOLE)


def test_a_path_gives_an_upright_array(tmp_path):
    exif = Image.Exif()
    exif[274] = 3
    Image.fromarray(photo()).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(
        answer(understood(str(tmp_path / "a.png"), HOLE)), np.where(HOLE[..., None], 7, photo()[::-1, ::-1])
    )
    with pytest.raises(InputError, match="There is no file nowhere.png"):
        understood("nowhere.png", HOLE)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(64, 96), (64, 96, 3), (1, 64, 96, 3)])
def test_floats_stay_floats(dtype, shape):
    image = np.random.default_rng(0).uniform(0, 1, shape).astype(dtype)
    completed = answer(understood(image, HOLE))
    assert completed.dtype == dtype and completed.shape == shape
    hole = np.broadcast_to(HOLE if len(shape) == 2 else HOLE[..., np.newaxis], shape)
    np.testing.assert_array_equal(completed[~hole], image[~hole])
    np.testing.assert_allclose(completed[hole], 7 / 65535, rtol=0.001)


def test_what_is_transparent_is_the_hole_without_a_mask():
    np.testing.assert_array_equal(understood(np.dstack([photo(), 255 - stroke()]), None).mask[0, ..., 0], HOLE)
