import numpy as np
import pytest

from gated_inpaint.errors import InputError
from gated_inpaint.inference.crops import complete_in_crops


class Recorder:
    """In an inpainter's place: keeps what it is given, and fills holes with the mean of the known pixels."""

    def __init__(self):
        self.calls = []

    def __call__(self, image, mask, sketch=None):
        self.calls.append((image, mask, sketch))
        completed = image.copy()
        completed[mask] = image[~mask].mean(axis=0)
        return completed


def picture(height=300, width=400, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def test_a_small_hole_is_completed_at_full_scale_in_a_crop_around_it():
    image, mask = picture(), np.zeros((300, 400), bool)
    mask[100:110, 380:395] = True
    inpainter = Recorder()
    completed = complete_in_crops(inpainter, image, mask, 64)
    ((crop, in_crop, _),) = inpainter.calls
    np.testing.assert_array_equal(crop, image[73:137, 336:400])
    np.testing.assert_array_equal(in_crop, mask[73:137, 336:400])
    np.testing.assert_array_equal(completed[~mask], image[~mask])
    np.testing.assert_array_equal(completed[mask], np.broadcast_to(crop[~in_crop].mean(axis=0).astype(np.uint8), (150, 3)))


def test_a_large_hole_is_reduced_and_the_known_pixels_stay():
    image, mask, sketch = picture(), np.zeros((300, 400), bool), np.zeros((300, 400), bool)
    mask[50:150, 100:201] = True
    sketch[100, 120:130] = True
    inpainter = Recorder()
    completed = complete_in_crops(inpainter, image, mask, 64, sketch)
    ((crop, in_crop, lines),) = inpainter.calls
    assert crop.shape == (64, 64, 3) and in_crop.shape == lines.shape == (64, 64)
    # Every pixel that the hole touches is hole: crop of 202 pixels from row 0 and column 49.
    assert in_crop[int(50 * 64 / 202) : int(np.ceil(150 * 64 / 202)), int(51 * 64 / 202) : int(np.ceil(152 * 64 / 202))].all()
    assert lines.any()
    np.testing.assert_array_equal(completed[~mask], image[~mask])
    assert (completed[mask] != image[mask]).mean() > 0.9


def test_every_hole_for_itself_and_other_holes_stay_unknown():
    image, mask = picture(), np.zeros((300, 400), bool)
    mask[10:20, 10:20] = mask[10:20, 60:70] = mask[250:260, 300:310] = True
    inpainter = Recorder()
    completed = complete_in_crops(inpainter, image, mask, 64)
    assert [call[1].sum() for call in inpainter.calls] in ([100, 140, 100], [140, 100, 100], [100, 100, 140], [140, 140, 100])
    np.testing.assert_array_equal(completed[~mask], image[~mask])
    assert (completed[mask] != image[mask]).mean() > 0.9


@pytest.mark.parametrize("shape", [(300, 400), (300, 400, 1), (300, 400, 2), (300, 400, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_alpha_and_16_bits(shape, dtype):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    mask = np.zeros((300, 400), bool)
    mask[50:150, 100:200] = True
    completed = complete_in_crops(Recorder(), image, mask, 64)
    assert completed.shape == shape and completed.dtype == dtype
    if image.shape[-1] in (2, 4):
        np.testing.assert_array_equal(completed[..., -1], np.where(mask, np.iinfo(dtype).max, image[..., -1]))


def test_a_hole_like_a_sieve_leaves_nothing_at_a_small_size():
    mask = np.ones((300, 400), bool)
    mask[::9, ::9] = False
    with pytest.raises(InputError, match="working size of 64.*leaves nothing.*larger"):
        complete_in_crops(Recorder(), picture(), mask, 64)
