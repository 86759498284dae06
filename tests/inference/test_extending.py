"""Photos that grow by a border."""

import numpy as np
import pytest
from conftest import DATA
from PIL import Image

from gated_inpaint import InputError
from gated_inpaint.files import encoding
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.files.metadata import Metadata
from gated_inpaint.inference import Inpainter
from gated_inpaint.inference.extending import extension_of
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions

WEIGHTS = DATA / "generator"


def photo(channels=3, dtype=np.uint8):
    array = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 56, channels), dtype, endpoint=True)
    if channels == 4:
        array[..., 3] = np.iinfo(dtype).max
    return array


def test_pixels_and_percent():
    assert extension_of("25%, 0,64,12.5%", (40, 56)) == (14, 0, 64, 5)
    assert extension_of("0,1,0,0", (40, 56)).size_of((40, 56)) == (41, 56)
    for wrong in ("1,2,3", "1,2,3,-4", "a,0,0,0", "1,2,3,4,5", "", "10 %,0,0,0"):
        with pytest.raises(InputError, match="left,top,right,bottom"):
            extension_of(wrong, (40, 56))
    with pytest.raises(InputError, match="adds nothing"):
        extension_of("0,0%,0,0", (40, 56))


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(WEIGHTS, eager=True)


@pytest.mark.parametrize("kind", ["uint16", "gray", "float", "RGBA"])
def test_the_picture_stays_where_it_is(inpainter, kind):
    given = {
        "uint16": photo(dtype=np.uint16),
        "gray": photo(1)[..., 0],
        "float": photo().astype(np.float32) / 255,
        "RGBA": Image.fromarray(photo(4)),
    }[kind]
    if kind == "RGBA":
        given.info["dpi"] = (300, 300)
    larger = inpainter.extend(given, "16,8,0,25%")
    array, before = np.asarray(larger), np.asarray(given)
    assert array.shape == (40 + 8 + 10, 56 + 16, *before.shape[2:]) and array.dtype == before.dtype
    assert (array[8:48, 16:] == before).all()
    assert array[:8].std() > 0 and array[48:].std() > 0 and array[:, :16].std() > 0
    if kind == "RGBA":
        assert (array[..., 3] == 255).all() and larger.info["dpi"] == (300, 300)


def test_a_mask_of_ones_own_joins_the_border(inpainter):
    image, mask = photo(), np.zeros((40, 56), np.uint8)
    mask[10:20, 10:30] = 255
    made = inpainter.extend(image, "0,0,16,0", mask)
    both = np.pad(mask > 0, ((0, 0), (0, 16)), constant_values=True)
    assert (made == inpainter(np.pad(image, ((0, 0), (0, 16), (0, 0))), both)).all()
    assert ((made[:, :56] != image).any(axis=-1) <= (mask > 0)).all() and (made[:, :56] != image).any()


def test_a_sketch_may_reach_into_the_border():
    guided, image = Inpainter(DATA / "generator_guided", eager=True), photo()
    small, large = np.zeros((40, 56), bool), np.zeros((40, 72), bool)
    large[20, 50:] = True
    plain, of_small, of_large = (guided.extend(image, "0,0,16,0", None, sketch) for sketch in (0 * large, small, large))
    assert (plain == of_small).all() and (plain != of_large).any()


def test_by_the_command(tmp_path):
    exif = Image.Exif()
    exif[271] = "A camera"
    data, _ = encoding.encode("a.png", photo(), Metadata(exif=exif.tobytes()), 95)
    (tmp_path / "a.png").write_bytes(data)
    said = {"image": tmp_path / "a.png", "output": tmp_path / "out.png", "weights": WEIGHTS, "extend": "0,16,50%,0"}
    (outcome,) = complete_files(CompletionOptions(**said, report=tmp_path / "report"))
    made = read_photo(tmp_path / "out.png")
    assert (outcome.height, outcome.width) == made.array.shape[:2] == (56, 84)
    assert (made.array[16:, :56] == photo()).all() and (made.array[:16] != 0).any()
    assert Image.open(tmp_path / "out.png").getexif()[271] == "A camera"
    with pytest.raises(InputError, match="Extended, .* 84x56 pixels, more than the limit"):
        complete_files(CompletionOptions(**said, max_megapixels=0.004))
    for wrong in ({"extend": "1"}, {"blend": "a"}):
        with pytest.raises(InputError, match="must be"):
            complete_files(CompletionOptions(**{**said, **wrong}))
