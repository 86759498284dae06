import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from gated_inpaint import InputError
from gated_inpaint.files.image_files import read_photo, write_picture, write_png


def picture(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_round_trip(tmp_path, channels, dtype):
    array = picture(5, 7, channels, dtype=dtype)
    write_png(tmp_path / "a.png", array)
    read = read_photo(tmp_path / "a.png").array
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)
    bgr = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED).reshape(5, 7, -1)
    np.testing.assert_array_equal(bgr[..., 0], array[..., 0 if channels == 1 else 2])
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_gray_and_alpha_round_trip(tmp_path):
    array = picture(5, 7, 2)
    write_png(tmp_path / "a.png", array)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").array, array)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.ppm"])
def test_reads_formats(tmp_path, name):
    array = picture(6, 9, 3)
    Image.fromarray(array).save(tmp_path / name, **({"lossless": True} if name == "a.webp" else {}))
    np.testing.assert_array_equal(read_photo(tmp_path / name).array, array)


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_sixteen_bits_of_colour_are_kept(tmp_path, name):
    array = picture(6, 9, 3, dtype=np.uint16)
    cv2.imwrite(str(tmp_path / name), array[..., ::-1])
    np.testing.assert_array_equal(read_photo(tmp_path / name).array, array)


@pytest.mark.parametrize("mode, channels", [("1", 1), ("L", 1), ("LA", 2), ("P", 3), ("CMYK", 3)])
def test_pillow_modes(tmp_path, mode, channels):
    Image.fromarray(picture(6, 9, 3)).convert(mode).save(tmp_path / "a.tiff")
    assert read_photo(tmp_path / "a.tiff").array.shape == (6, 9, channels)


def test_transparent_palette_becomes_alpha(tmp_path):
    Image.fromarray(picture(6, 9, 3)).quantize(4).save(tmp_path / "a.png", transparency=0)
    array = read_photo(tmp_path / "a.png").array
    assert array.shape == (6, 9, 4) and set(np.unique(array[..., 3])) == {0, 255}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_come_upright(tmp_path, orientation):
    smooth = cv2.resize(picture(3, 4, 3), (40, 24))
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(smooth).save(tmp_path / "a.jpg", exif=exif, quality=95)
    array = read_photo(tmp_path / "a.jpg").array
    expected = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]  # OpenCV applies the orientation by itself.
    assert array.shape == expected.shape
    assert np.abs(array.astype(int) - expected).mean() < 3


def test_profile_goes_along(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(picture(6, 9, 3)).save(tmp_path / "a.jpg", icc_profile=profile)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.metadata.icc_profile == profile
    for dtype in (np.uint8, np.uint16):
        write_picture(tmp_path / "b.png", picture(6, 9, 3, dtype=dtype), photo)
        assert Image.open(tmp_path / "b.png").info["icc_profile"] == profile
        np.testing.assert_array_equal(read_photo(tmp_path / "b.png").array, picture(6, 9, 3, dtype=dtype))


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_damaged_files_are_refused(tmp_path, name, share):
    path = tmp_path / name
    Image.fromarray(picture(60, 90, 3)).save(path)
    cut(path, share)
    with pytest.raises(InputError, match="damaged or cut short|not an image") as error:
        read_photo(path)
    assert name in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").touch()
    Image.fromarray(picture(6, 9)).convert("F").save(tmp_path / "float.tiff")
    Image.fromarray(picture(6, 9, 3)).save(tmp_path / "a.tga")
    for name, words in (
        ("text.png", "not an image"),
        ("empty.png", "is empty"),
        ("missing.png", "no file"),
        ("float.tiff", "has 32-bit floating-point levels: only 8 and 16"),
        ("a.tga", "not an image in a format that can be read here"),
        (".", "Is a directory"),
    ):
        with pytest.raises(InputError, match=words):
            read_photo(tmp_path / name)


def test_size_limit_is_checked_before_decoding(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(picture(100, 120, 3)).save(path)
    cut(path, 0.5)  # Decoding would say that it is cut short.
    with pytest.raises(InputError, match="120x100 pixels, more than the limit of 0.01 megapixels"):
        read_photo(path, max_megapixels=0.01)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(InputError, match="Cannot write"):
        write_png(tmp_path / "a.png", picture(2, 2, 3))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
