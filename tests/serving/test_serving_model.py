"""The graph that is served, saved and loaded again, against `Inpainter` on the same files."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, random_generator, write_weights
from mask_cases import encoded, iou, mask_files, photo
from photo_cases import png_with, turned_files
from PIL import Image

from gated_inpaint import Inpainter
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.files.masks import read_mask
from gated_inpaint.serving.model import ServingModel

SMALL, GUIDED = DATA / "generator", DATA / "generator_guided"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    ServingModel(SMALL, max_megapixels=0.01).save(folder)
    return tf.saved_model.load(str(folder))


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(SMALL)


def picture(height, width, mode="RGB", seed=0):
    levels = np.random.default_rng(seed).integers(0, 256, (height // 2 + 1, width // 2 + 1, 4), np.uint8)
    return Image.fromarray(cv2.resize(levels, (width, height)), "RGBA").convert(mode)


def hole(height, width):
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2 + 1, width // 3 : width // 2 + 3] = 255
    return mask


def write(path, image, mask=None, **options):
    """Writes an image and a mask of its size; returns their paths."""
    image.save(path, **options)
    mask_path = path.with_name(f"{path.stem}_mask.png")
    width, height = image.size
    Image.fromarray(hole(height, width) if mask is None else mask).save(mask_path)
    return path, mask_path


def complete_files(loaded, *pairs):
    """Runs serving_default on pairs (or triples with a sketch) of paths; returns the PNG files."""
    names = ("image_bytes", "mask_bytes", "sketch_bytes")
    columns = ([path.read_bytes() for path in paths] for paths in zip(*pairs))
    return loaded.signatures["serving_default"](**{n: tf.constant(c) for n, c in zip(names, columns)})["completed_bytes"].numpy()


def check_like_inpainter(inpainter, png, image_path, mask_path, sketch=None):
    photo, mask = read_photo(image_path).array, read_mask(mask_path).hole
    completed = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED).reshape(photo.shape[:2] + (-1,))
    if photo.shape[-1] > 2:
        completed = cv2.cvtColor(completed, cv2.COLOR_BGRA2RGBA if photo.shape[-1] == 4 else cv2.COLOR_BGR2RGB)
    if photo.shape[-1] == 2:  # OpenCV makes colour of gray and alpha.
        completed = completed[..., [0, 3]]
    assert completed.shape == photo.shape and completed.dtype == photo.dtype
    np.testing.assert_array_equal(completed[~mask], photo[~mask])
    expected = inpainter(photo, mask, sketch)
    assert np.abs(completed[mask].astype(int) - expected[mask]).max() <= 1
    assert (completed[mask] != photo[mask]).any()


@pytest.mark.parametrize("size", [(16, 24), (21, 8), (50, 67), (33, 48), (9, 31)])
def test_any_size(tmp_path, loaded, inpainter, size):
    paths = write(tmp_path / "a.png", picture(*size))
    check_like_inpainter(inpainter, complete_files(loaded, paths)[0], *paths)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_gray_alpha_and_palette(tmp_path, loaded, inpainter, mode):
    paths = write(tmp_path / "a.png", picture(21, 30, mode))
    check_like_inpainter(inpainter, complete_files(loaded, paths)[0], *paths)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_jpeg_comes_upright(tmp_path, loaded, inpainter, mode, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    mask = hole(30, 21) if orientation == 6 else hole(21, 30)
    paths = write(tmp_path / "a.jpg", picture(21, 30, mode), mask, exif=exif)
    check_like_inpainter(inpainter, complete_files(loaded, paths)[0], *paths)


def test_sixteen_bits_stay_sixteen_bits(tmp_path, loaded, inpainter):
    image_path, mask_path = write(tmp_path / "a.png", picture(16, 24))
    levels = np.random.default_rng(0).integers(0, 65536, (16, 24, 3), np.uint16)
    cv2.imwrite(str(image_path), levels)
    completed = complete_files(loaded, (image_path, mask_path))[0]
    completed = tf.io.decode_png(completed, dtype=tf.uint16).numpy()
    photo, mask = read_photo(image_path).array, read_mask(mask_path).hole
    np.testing.assert_array_equal(completed[~mask], photo[~mask])
    np.testing.assert_allclose(completed[mask], inpainter(photo, mask)[mask].astype(float), atol=65535 / 255)
    assert (completed % 257).any()  # Not 8 bits spread over 16.


@pytest.mark.parametrize("name", [name for name in mask_files() if name.endswith((".png", ".jpg"))])
def test_mask_files_mean_what_their_makers_mean(loaded, name):
    data, expected = mask_files()[name]
    image = photo()
    call, files = loaded.signatures["serving_default"], (encoded(image), data)
    image_bytes, mask_bytes = (tf.constant([file]) for file in files)
    if expected is None:
        sentence = refusal(call, image_bytes=image_bytes, mask_bytes=mask_bytes)
        assert sentence == ("The mask is no mask: it is neither paint on a background nor a picture with a transparent part.")
        return
    completed = tf.io.decode_png(call(image_bytes=image_bytes, mask_bytes=mask_bytes)["completed_bytes"][0]).numpy()
    changed = (completed != image).any(axis=-1)
    assert not (changed & ~expected).any() and (not expected.any() or iou(changed, expected) > 0.98)


@pytest.mark.parametrize("orientation", [3, 6])
def test_files_mean_what_they_mean_to_the_command(loaded, inpainter, tmp_path, orientation):
    files = turned_files(orientation)
    files["png_named_color"] = png_with(encoded(photo()[:24, :32]), b"tRNS", photo()[3, 4].astype(">u2").tobytes())
    files["png_named_level"] = png_with(encoded(photo()[:24, :32, 0]), b"tRNS", photo()[3, 4, :1].astype(">u2").tobytes())
    for kind in ("jpeg_icc_first", "png", "png_exif_last", "png_named_color", "png_named_level"):
        (tmp_path / kind).write_bytes(files[kind])
        mask = hole(*read_photo(tmp_path / kind).array.shape[:2])
        Image.fromarray(mask).save(tmp_path / "mask.png")
        paths = tmp_path / kind, tmp_path / "mask.png"
        if kind.startswith("jpeg"):  # Decoders differ by a level.
            png = tf.io.decode_png(complete_files(loaded, paths)[0]).numpy()
            assert png.shape == read_photo(paths[0]).array.shape
            assert np.abs(png.astype(int) - read_photo(paths[0]).array)[mask == 0].max() <= 2
        else:
            check_like_inpainter(inpainter, complete_files(loaded, paths)[0], *paths)


def test_pictures_of_a_batch_may_differ(tmp_path, loaded, inpainter):
    pairs = [
        write(tmp_path / "a.png", picture(16, 24, seed=1)),
        write(tmp_path / "b.jpg", picture(31, 20, "L", seed=2)),
        write(tmp_path / "c.png", picture(16, 24, "RGBA", seed=3), hole(24, 16).T),
    ]
    for png, pair in zip(complete_files(loaded, *pairs), pairs):
        check_like_inpainter(inpainter, png, *pair)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tensors(loaded, inpainter, channels):
    image = np.random.default_rng(0).integers(0, 256, (3, 19, 30, channels), np.uint8)
    mask = np.stack([hole(19, 30), hole(30, 19).T, np.zeros((19, 30), np.uint8)])[..., np.newaxis]
    for levels in (mask, mask // 255, mask // 17):
        completed = loaded.signatures["tensors"](image=tf.constant(image), mask=tf.constant(levels))["completed"].numpy()
        known = mask[..., 0] == 0
        np.testing.assert_array_equal(completed[known], image[known])
        assert np.abs(completed.astype(int) - inpainter(image, mask)).max() <= 1
        assert (completed != image).any()


def test_sketch(tmp_path):
    model, guided = ServingModel(GUIDED), Inpainter(GUIDED)
    model.save(tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    paths = write(tmp_path / "a.png", picture(32, 40))
    lines = np.zeros((32, 40), np.uint8)
    lines[12, :] = 255
    Image.fromarray(lines).save(tmp_path / "lines.png")
    png = complete_files(loaded, (*paths, tmp_path / "lines.png"))[0]
    check_like_inpainter(guided, png, *paths, sketch=lines)
    Image.fromarray(0 * lines).save(tmp_path / "none.png")
    assert complete_files(loaded, (*paths, tmp_path / "none.png"))[0] != png
    image, mask = read_photo(paths[0]).array[np.newaxis], hole(32, 40)[np.newaxis, ..., np.newaxis]
    inputs = {"image": image, "mask": mask, "sketch": lines[np.newaxis, ..., np.newaxis]}
    completed = loaded.signatures["tensors"](**{name: tf.constant(value) for name, value in inputs.items()})["completed"]
    assert np.abs(completed.numpy()[0].astype(int) - guided(image[0], mask[0], lines)).max() <= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"The sketch is 8x8 pixels and the image 40x32"):
        Image.fromarray(lines[:8, :8]).save(tmp_path / "none.png")
        complete_files(loaded, (*paths, tmp_path / "none.png"))


@pytest.mark.parametrize("convolution", ["partial", "vanilla"])
def test_other_convolutions(tmp_path, convolution):
    weights = write_weights(random_generator(convolution), tmp_path / "weights.npz")
    ServingModel(weights).save(tmp_path / "model")
    paths = write(tmp_path / "a.png", picture(41, 56))
    check_like_inpainter(Inpainter(weights), complete_files(tf.saved_model.load(str(tmp_path / "model")), paths)[0], *paths)


def refusal(call, *arguments, **named):
    """The sentence with which a call fails. It is fit for the REST interface, see the module `encoded_files`."""
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        call(*arguments, **named)
    message = str(error.value)
    sentence = message.split("assertion failed: [")[1].split("]")[0]
    assert not set(sentence) & set("'\"[\\"), sentence
    return sentence


def test_refuses_files_in_a_sentence(tmp_path, loaded):
    image, mask = write(tmp_path / "a.png", picture(16, 24))
    jpeg, _ = write(tmp_path / "b.jpg", picture(16, 24))

    def file(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    _, other_mask = write(tmp_path / "other.png", picture(16, 25))
    _, full = write(tmp_path / "full.png", picture(16, 24), np.full((16, 24), 255, np.uint8))
    large, large_mask = write(tmp_path / "large.png", picture(101, 100))
    cut = "The image is damaged or cut short: its end is missing."
    for pair, sentence in (
        ((image, other_mask), "The mask is 25x16 pixels and the image 24x16: they must have the same size."),
        ((file("empty", b""), mask), "The image is not a PNG or JPEG file."),
        ((image, file("text", b"hello")), "The mask is not a PNG or JPEG file."),
        ((file("gif", b"GIF89a" + bytes(50)), mask), "The image is not a PNG or JPEG file."),
        ((file("cut.png", image.read_bytes()[:-20]), mask), cut),
        ((file("header.png", image.read_bytes()[:12]), mask), cut),
        ((file("cut.jpg", jpeg.read_bytes()[:-20]), mask), cut),
        ((large, large_mask), "The image has 100x101 pixels, more than this server takes: 0.01 megapixels."),
        ((image, full), "The mask covers the whole image: nothing is left to complete it from."),
    ):
        assert refusal(complete_files, loaded, pair) == sentence
    in_batch = "The mask (2 of 3) is 25x16 pixels and the image 24x16: they must have the same size."
    assert refusal(complete_files, loaded, (image, mask), (image, other_mask), (image, mask)) == in_batch
    data = image.read_bytes()
    call = loaded.signatures["serving_default"]
    sentence = refusal(call, image_bytes=tf.constant([data, data]), mask_bytes=tf.constant([data]))
    assert sentence == "There are 2 images and 1 mask files."


def test_size_limit_is_checked_before_decoding(tmp_path, loaded):
    data = bytearray(write(tmp_path / "a.png", picture(16, 24))[0].read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2  # Decoding would fail, after it took 14 GB.
    (tmp_path / "bomb.png").write_bytes(data)
    sentence = refusal(complete_files, loaded, (tmp_path / "bomb.png", tmp_path / "a_mask.png"))
    assert sentence == "The image has 60000x60000 pixels, more than this server takes: 0.01 megapixels."


def test_what_is_damaged_inside_is_an_invalid_argument(tmp_path, loaded):
    for name in ("a.png", "a.jpg"):
        image, mask = write(tmp_path / name, picture(60, 90))
        data = bytearray(image.read_bytes())
        if name == "a.png":
            data[len(data) // 2] ^= 255
        else:
            data[data.index(b"\xff\xc0") + 4] = 9  # Bits a sample, in the frame's header; 8 and 12 exist.
        image.write_bytes(data)
        with pytest.raises(tf.errors.InvalidArgumentError, match="(?i)invalid (PNG|JPEG)"):
            complete_files(loaded, (image, mask))


@pytest.mark.parametrize(
    "image, mask, sentence",
    [
        ((1, 16, 24, 5), (1, 16, 24, 1), "The image has 5 channels: 1 to 4 can be completed."),
        ((2, 16, 24, 3), (1, 16, 24, 1), "The mask has shape 1 x 16 x 24 x 1 and must have 2 x 16 x 24 x 1, as the image."),
        ((1, 16, 24, 3), (1, 16, 24, 3), "The mask has shape 1 x 16 x 24 x 3 and must have 1 x 16 x 24 x 1, as the image."),
        ((16, 24, 3), (1, 16, 24, 1), "The image has shape 16 x 24 x 3 and must have batch x height x width x channels."),
        ((1, 16, 24, 3), (1, 16, 24), "The mask has shape 1 x 16 x 24 and must have batch x height x width x channels."),
        ((1, 101, 100, 3), (1, 101, 100, 1), "The image has 100x101 pixels, more than this server takes: 0.01 megapixels."),
    ],
)
def test_refuses_tensors_in_a_sentence(loaded, image, mask, sentence):
    call = loaded.signatures["tensors"]
    assert refusal(call, image=tf.zeros(image, tf.uint8), mask=tf.zeros(mask, tf.uint8)) == sentence


def test_refuses_tensors_with_nothing_known(loaded):
    mask = np.stack([hole(16, 24), np.full((16, 24), 255, np.uint8)])[..., np.newaxis]
    sentence = refusal(loaded.signatures["tensors"], image=tf.zeros([2, 16, 24, 3], tf.uint8), mask=tf.constant(mask))
    assert sentence == "The mask covers the whole image: nothing is left to complete it from."
