"""The network of partial and of vanilla convolutions, where it is not the gated one's."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import random_generator
from tensorflow import keras

from gated_inpaint import Generator
from gated_inpaint.models.deepfill_v2.tables import AFTER_ATTENTION, BEFORE_ATTENTION, COARSE, DECODER, HALLUCINATION
from gated_inpaint.models.rows import Conv, convolve
from gated_inpaint.types import Inputs

OTHERS = ("partial", "vanilla")


def inputs(height=64, width=72):
    rng = np.random.default_rng(1)
    mask = np.zeros([2, height, width, 1], np.float32)
    mask[0, 8:60, 8:48] = mask[1, 30:, 30:] = 1
    return rng.uniform(-1, 1, [2, height, width, 3]).astype(np.float32), mask


@pytest.mark.parametrize("convolution", OTHERS)
def test_costs_what_the_gated_one_does(convolution):
    gated, other = Generator(), Generator(convolution=convolution)
    assert abs(other.count_params() / gated.count_params() - 1) < 0.005
    names = [row.name for row in COARSE + HALLUCINATION + BEFORE_ATTENTION + AFTER_ATTENTION + DECODER if isinstance(row, Conv)]
    for name in names:
        sizes = [np.prod(getattr(network, name).kernel.shape) for network in (gated, other)]
        # First rows read the picture, not the row before, and cost less.
        assert abs(sizes[1] / sizes[0] - 1) < (0.3 if name in ("conv1", "xconv1", "pmconv1") else 0.015), name


@pytest.mark.parametrize("convolution", ["gated", *OTHERS])
@pytest.mark.parametrize("width", [16, 48])
def test_features_keep_their_size_before_any_training(convolution, width):
    """From the first row to the last; under Glorot's rule the gated network's fade to 1e-7."""
    keras.utils.set_random_seed(0)
    generator, (image, mask) = Generator(width, convolution=convolution), inputs()
    masks, features = generator.row_masks(tf.constant(mask)), generator.coarse_input(image * (1 - mask), tf.constant(mask))
    for row in COARSE:
        features = convolve(generator, row, features, masks.get(row.scope))
        assert 0.05 < tf.sqrt(tf.reduce_mean(features**2)) < 3, row.scope


@pytest.mark.parametrize("convolution", OTHERS)
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_eager_and_compiled_are_the_same(convolution, compiled):
    generator = random_generator(convolution)
    if compiled:
        function = tf.function(lambda *arrays: generator(Inputs(*arrays)), jit_compile=True)
    else:
        any_size = [tf.TensorSpec([None, None, None, depth]) for depth in (3, 1)]
        function = tf.function(lambda *arrays: generator(Inputs(*arrays)), input_signature=any_size)
    image, mask = inputs()
    completion = generator(Inputs(image, mask))
    for made, expected in zip(function(image, mask).stages.values(), completion.stages.values()):
        np.testing.assert_allclose(made, expected, atol=1e-4)
        assert expected.numpy().std() > 0.1


@pytest.mark.parametrize("convolution", OTHERS)
def test_does_not_see_into_the_hole(convolution):
    generator = random_generator(convolution)
    image, mask = inputs()
    other = image * (1 - mask) + 0.3 * mask
    np.testing.assert_array_equal(generator(Inputs(image, mask)).composite, generator(Inputs(other, mask)).composite)


@pytest.mark.parametrize("convolution", OTHERS)
def test_bfloat16_is_near_float32(convolution):
    exact, mixed = (random_generator(convolution, dtype=dtype) for dtype in ("float32", "mixed_bfloat16"))
    image, mask = inputs()
    result = mixed(Inputs(image, mask))
    assert result.stages["coarse"].dtype == tf.float32
    assert np.abs(result.stages["coarse"] - exact(Inputs(image, mask)).stages["coarse"]).mean() < 4 / 255


def carried(generator, table, features, mask):
    """A table of a partial network, layer by layer: the mask that comes out of one goes into the next."""
    masks = {}
    for row in table:
        if isinstance(row, Conv):
            masks[row.scope] = mask
            features, mask = getattr(generator, row.name)(features, mask)
        else:
            features = getattr(generator, row.name)(tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]]))
    return features, mask, masks


@pytest.mark.parametrize("hole", [(8, 60, 8, 48), (0, 400, 4, 400)], ids=["in reach", "out of reach"])
def test_partial_network_carries_the_mask_from_row_to_row(hole):
    generator = random_generator("partial", width=4)
    top, bottom, left, right = hole
    image = np.random.default_rng(0).uniform(-1, 1, [1, 64 if bottom < 64 else 400, 400, 3]).astype(np.float32)
    mask = np.zeros([*image.shape[:3], 1], np.float32)
    mask[:, top:bottom, left:right] = 1
    completion, masks = generator(Inputs(image, mask)), generator.row_masks(tf.constant(mask))

    masked = image * (1 - mask)
    first = np.concatenate([masked, np.ones_like(mask), mask], axis=-1)
    coarse, empty, expected = carried(generator, COARSE, first, mask)
    pasted, left_over = coarse * mask + masked, mask * empty
    assert (tf.reduce_max(left_over) == 1) == (bottom == 400)
    hallucination, _, more = carried(generator, HALLUCINATION, pasted, left_over)
    matched, _, others = carried(generator, BEFORE_ATTENTION, pasted, left_over)
    rebuilt, _ = generator.attention(matched, tf.image.resize(mask, matched.shape[1:3], "nearest"))
    all_known = tf.zeros([*matched.shape[:3], 1])
    rebuilt, _, after = carried(generator, AFTER_ATTENTION, rebuilt, all_known)
    refined, _, last = carried(generator, DECODER, tf.concat([hallucination, rebuilt], axis=-1), all_known)
    expected = {**expected, **more, **others, **after, **last}
    assert masks.keys() == expected.keys()
    for scope, mask_of_row in masks.items():
        np.testing.assert_array_equal(mask_of_row, tf.cast(expected[scope], bool), err_msg=scope)
    np.testing.assert_allclose(completion.stages["coarse"], coarse, atol=1e-5)
    if bottom < 64:  # Else the attention's mask, with its corners aligned, is not `tf.image.resize`'s.
        np.testing.assert_allclose(completion.output, refined, atol=1e-4)


def test_only_a_partial_network_has_masks():
    for convolution in ("gated", "vanilla"):
        assert Generator(4, convolution=convolution).row_masks(tf.zeros([1, 8, 8, 1])) == {}


def test_vanilla_takes_a_sketch_and_partial_does_not():
    generator, (image, mask) = random_generator("vanilla", sketch=True), inputs()
    lines = np.zeros_like(mask)
    lines[:, ::9] = 1
    with_lines, without = (generator(Inputs(image, mask, drawn)).stages["coarse"] for drawn in (lines, 0 * lines))
    assert np.abs(with_lines - without).max() > 1e-4
    with pytest.raises(ValueError, match="partial convolutions takes no sketch"):
        Generator(4, sketch=True, convolution="partial")
    with pytest.raises(ValueError, match="one of gated, partial, vanilla, not 'dense'"):
        Generator(4, convolution="dense")
