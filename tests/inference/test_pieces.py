"""Photos completed in pieces, by a stand-in for a network and by a small one."""

import types

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA

from gated_inpaint import Inpainter, InputError
from gated_inpaint.inference.pieces import complete_pieces, complete_pieces_in_graph
from gated_inpaint.inference.plan import make_plan
from gated_inpaint.models.deepfill_v2 import Generator
from gated_inpaint.types import Inputs


@pytest.fixture(scope="module")
def network():
    return Generator(width=4)


class Mean:
    """In a network's place: fills everything with the mean of the known pixels, and keeps what it is given."""

    def __init__(self):
        self.calls = []

    def __call__(self, inputs):
        self.calls.append([None if maps is None else maps.numpy()[0] for maps in inputs])
        known = 1 - inputs.mask
        mean = tf.reduce_sum(inputs.image * known, axis=[1, 2], keepdims=True) / tf.reduce_sum(known)
        return tf.broadcast_to(mean, tf.shape(inputs.image))


def inputs_of(hole, sketch=None):
    image = np.random.default_rng(0).uniform(-1, 1, (*hole.shape, 3)).astype(np.float32)
    return Inputs(
        *(
            None if maps is None else maps[np.newaxis].astype(np.float32)
            for maps in (image, hole[..., np.newaxis], None if sketch is None else sketch[..., np.newaxis])
        )
    )


def plan_of(network, hole, *arguments):
    return tf.nest.map_structure(np.asarray, make_plan(network, tf.constant(hole), *arguments))


def test_crops_are_cut_reduced_and_pasted_into_their_holes(network):
    hole, sketch = np.zeros((300, 400), bool), np.zeros((300, 400), bool)
    hole[50:150, 100:201] = hole[250:260, 380:390] = True
    sketch[100, 120:130] = True
    photo, complete = inputs_of(hole).image, Mean()
    made = complete_pieces(complete, inputs_of(hole, sketch), plan_of(network, hole, "crop", 64))
    assert [call[0].shape for call in complete.calls] == [(64, 64, 3)] * 2
    (image, mask, lines), (small_image, small_mask, _) = sorted(complete.calls, key=lambda call: -call[1].sum())
    # A crop of 202 pixels from row 0 and column 49, reduced 3.16 times: every pixel that the hole touches is hole; a line stays.
    assert mask[int(50 * 64 / 202) : int(np.ceil(150 * 64 / 202)), int(51 * 64 / 202) : int(np.ceil(152 * 64 / 202))].all()
    assert set(np.unique(mask)) == {0, 1} and 0 < lines.sum() < 10
    np.testing.assert_array_equal(small_image, photo[0, 223:287, 336:400])
    np.testing.assert_array_equal(made.image[0][~hole], photo[0][~hole])
    filled = made.image[0][57:143, 107:194]  # At the border known pixels have their share.
    np.testing.assert_allclose(filled, np.broadcast_to(filled[0, 0], filled.shape), atol=1e-5)
    assert not made.mask.any()


@pytest.mark.parametrize("side", [64, 192])
def test_at_a_hole_s_border_a_crop_has_the_photo_s_own_pixels(network, side):
    """Resized, its pixels mix with their neighbours outside the hole, where a network may make anything."""
    hole = np.zeros((300, 400), bool)
    hole[50:150, 100:201] = True
    inputs = inputs_of(hole)
    plain = inputs._replace(image=np.where(inputs.mask > 0, inputs.image, 0.25).astype(np.float32))
    made = complete_pieces(lambda given: 0.25 * given.mask - 1.0 * (1.0 - given.mask), plain, plan_of(network, hole, "crop", side))
    np.testing.assert_allclose(made.image, 0.25, atol=1e-6)


def blurred(pixels):
    """By the means of neighbours, as bilinear doubling and halving does: one pixel less on each side."""
    for axis in range(2):
        pixels = np.moveaxis(pixels, axis, 0)
        pixels = np.moveaxis(0.125 * pixels[:-2] + 0.75 * pixels[1:-1] + 0.125 * pixels[2:], 0, axis)
    return pixels


def test_a_crop_around_a_small_hole_is_enlarged(network):
    """For a network that was trained on one hole in the middle: it is given such a hole, and what is known around it."""
    of_one_size = types.SimpleNamespace(picture_size=64, hole_size=28, divisor=64, training_size=64)
    hole = np.zeros((90, 80), bool)
    hole[30:44, 40:54] = True
    photo, complete = inputs_of(hole).image.copy(), Mean()
    made = complete_pieces(complete, inputs_of(hole), plan_of(of_one_size, hole))
    ((image, mask, *_),) = complete.calls
    assert image.shape == (64, 64, 3)
    np.testing.assert_array_equal(mask[..., 0], np.pad(np.ones((28, 28)), 18))
    far = np.s_[:7]  # Rows whose neighbours are all known.
    halved = image.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(halved[1:-1, 1:-1][far], blurred(photo[0, 21:53, 31:63])[far], atol=1e-5)
    other = inputs_of(hole)
    other.image[0][hole] = 0.7  # Nothing of what is in the hole shows.
    complete_pieces(complete, other, plan_of(of_one_size, hole))
    np.testing.assert_array_equal(complete.calls[1][0], image)
    assert (made.image[0][hole] != photo[0][hole]).any()


def test_a_hole_like_a_sieve_leaves_something_known(network):
    hole = np.ones((300, 400), bool)
    hole[::9, ::9] = False
    hole[:, :150] = False
    hole[::3, :150] = True
    complete = Mean()
    made = complete_pieces(complete, inputs_of(hole), plan_of(network, hole, "crop", 64))
    assert all(0 < call[1].mean() < 1 for call in complete.calls) and np.isfinite(made.image).all()


def test_tiles_know_what_crops_made(network):
    hole = np.zeros((700, 1300), bool)
    hole[200:500, 300:600] = hole[350:354] = True
    complete = Mean()
    plan = plan_of(network, hole)
    complete_pieces(complete, inputs_of(hole), plan)
    assert len(plan.crops.own) == 1 and len(complete.calls) == 1 + len(plan.tiles.own)
    for _, mask, _ in complete.calls[1:]:
        assert mask.sum() < 6000  # The wire, without the square.


def test_where_tiles_meet_one_ramps_into_the_other(network):
    hole = np.zeros((200, 900), bool)
    hole[100:104] = True
    numbers = iter([-0.5, 0.5, 0.5])
    made = complete_pieces(
        lambda inputs: tf.fill(tf.shape(inputs.image), next(numbers)), inputs_of(hole), plan_of(network, hole, "tiles")
    )
    line = made.image[0, 101, :, 0]
    steps = np.diff(line)
    assert line[0] == -0.5 and line[-1] == 0.5 and set(np.flatnonzero(steps)) <= set(range(283, 316))
    assert steps.min() >= 0 and steps.max() < 0.05


@pytest.mark.parametrize("strategy", ["auto", "crop", "tiles"])
def test_both_loops_make_the_same(network, strategy):
    hole = np.zeros((530, 640), bool)
    hole[100:420, 60:360] = hole[480:483] = True
    for index, variable in enumerate(network.variables):
        variable.assign(tf.random.stateless_normal(variable.shape, [0, index], stddev=0.2))
    photo, plan = inputs_of(hole).image, make_plan(network, tf.constant(hole), strategy)
    complete = tf.function(lambda inputs: network(inputs).output)
    one = complete_pieces(complete, inputs_of(hole), tf.nest.map_structure(np.asarray, plan))
    other = tf.function(complete_pieces_in_graph)(complete, inputs_of(hole), plan)
    np.testing.assert_allclose(one.image, other.image, atol=1e-5)
    np.testing.assert_array_equal(one.mask, other.mask)
    assert (one.image[0][hole] != photo[0][hole]).mean() > 0.9 or strategy == "auto"


def test_progress(network):
    hole, said = np.zeros((200, 900), bool), []
    hole[100:104] = True
    complete_pieces(Mean(), inputs_of(hole), plan_of(network, hole, "tiles"), lambda *numbers: said.append(numbers))
    assert said == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("shape", [(300, 200), (300, 200, 2), (300, 200, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_inpainter_completes_every_kind_in_pieces(shape, dtype):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    mask = np.zeros((300, 200), bool)
    mask[50:250, 20:180] = True
    loaded = Inpainter(DATA / "generator")
    for strategy in ("crop", "tiles"):
        inpainter = loaded.with_strategy(strategy, 64)
        assert inpainter.plan(mask).pieces
        completed = inpainter(image, mask)
        assert completed.shape == shape and completed.dtype == dtype
        np.testing.assert_array_equal(completed[~mask], image[~mask])
        if image.shape[-1] in (2, 4):
            assert (completed[mask][:, -1] == np.iinfo(dtype).max).all()
        if strategy == "crop" and len(shape) == 2:
            color = tf.constant(image[np.newaxis, ..., np.newaxis])
            served = tf.function(inpainter.complete_tensors)(color, mask[np.newaxis, ..., np.newaxis])[0, ..., 0]
            assert np.abs(served.numpy().astype(int) - completed).max() <= (1 if dtype == np.uint8 else 4)
            stages = inpainter.stages(image, mask)
            np.testing.assert_array_equal(stages.completed, completed)
            assert {name: picture.shape for name, picture in stages.stages.items()} == {
                "piece1_coarse": (64, 48, 3),
                "piece1_refined": (64, 48, 3),
            }
            assert stages.offsets["piece1_"].shape == (8, 6, 2)


def test_a_batch_of_which_one_needs_pieces():
    inpainter = Inpainter(DATA / "generator", hd_strategy="auto", working_size=64)
    images = np.random.default_rng(0).integers(0, 256, (2, 100, 90, 3), np.uint8)
    masks = np.zeros((2, 100, 90), bool)
    masks[0, 10:20, 10:20] = masks[1, 10:90, 5] = masks[1, 50:60, 5:80] = True
    completed = inpainter(images, masks)
    for index in range(2):
        np.testing.assert_array_equal(inpainter(images[index], masks[index]), completed[index])


def test_what_cannot_be_chosen():
    with pytest.raises(InputError, match="one of auto, original, crop, tiles, not best"):
        Inpainter(DATA / "generator", hd_strategy="best")
    with pytest.raises(InputError, match="at least 64 pixels, not 8"):
        Inpainter(DATA / "generator", working_size=8)
    with pytest.raises(InputError, match="does nothing to finish"):
        Inpainter(DATA / "generator", finish=True)
