"""Shift-Net's networks against the reference data, and what callers of them rely on."""

import numpy as np
import pytest
import tensorflow as tf
from shift_net_reference import PTH, maps, reference_inputs
from tensorflow import keras

from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.models.shift_net import Generator
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network


@pytest.fixture(scope="module")
def generator():
    return load_network(PTH)


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "any size"])
def test_agrees_with_the_reference(generator, mode):
    call = generator
    if mode == "any size":
        of_any_size = [tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]
        call = tf.function(generator, input_signature=[of_any_size])
    elif mode != "eager":
        call = tf.function(generator, jit_compile=mode == "xla")
    completion = call([*map(tf.constant, reference_inputs()[:2])])
    np.testing.assert_allclose(completion.output, maps("output"), atol=1e-4)
    known = reference_inputs().mask == 0
    np.testing.assert_array_equal(np.where(known, completion.composite, 0), np.where(known, reference_inputs().image, 0))


def test_features_agree_with_the_reference(generator):
    completion, decoder = generator.complete(reference_inputs())
    np.testing.assert_allclose(decoder, maps("S_shift_in")[..., :16], atol=1e-4)
    np.testing.assert_allclose(generator.encode(reference_inputs()), maps("guidance_target"), atol=1e-4)
    np.testing.assert_array_equal(maps("S_shift_in_gt")[..., 16:], maps("guidance_target"))
    hole = generator.hole_of_features(tf.constant(reference_inputs().mask))
    np.testing.assert_allclose(generator.shift(tf.constant(maps("S_shift_in")), hole)[0], maps("S_shift_out"), atol=1e-4)
    assert completion.offsets.shape == (1, 8, 8, 2)
    np.testing.assert_array_equal(np.any(completion.offsets, axis=-1), hole[..., 0])


def test_the_network_on_the_photo_itself(generator):
    """As the authors' second pass: nothing is hidden, and the mask's channel is the same."""
    mask, seen = tf.constant(reference_inputs().mask), np.concatenate([maps("image"), 1 - reference_inputs().mask], axis=-1)
    np.testing.assert_array_equal(seen, maps("net_input_gt"))
    hole = generator.hole_of_features(mask)
    made = generator.unet(tf.constant(seen), add_more=lambda features: generator.shift(features, hole)[0])
    np.testing.assert_allclose(made, maps("output_gt"), atol=1e-4)


def test_what_has_learned_one_hole_is_told_of_that_one(generator):
    assert generator.region == "centre"
    photo = maps("image")
    small, box = np.zeros([1, 64, 64, 1], np.float32), np.zeros([1, 64, 64, 1], np.float32)
    small[:, 25:33, 30:41], box[:, 20:44, 20:44] = 1, 1
    made = generator.inpaint(Inputs(photo, small))
    np.testing.assert_array_equal(made.output, generator(Inputs(photo, box)).output)
    np.testing.assert_array_equal(made.composite, np.where(small, made.output, photo))


def test_a_mask_for_every_picture_and_nothing_seen_in_the_hole(generator):
    image = np.concatenate([maps("image"), maps("image")[:, ::-1]], axis=0)
    mask = np.zeros([2, 64, 64, 1], np.float32)
    mask[0, 8:40, 16:48], mask[1, 50:, 3:9] = 1, 1
    together = generator(Inputs(image, mask))
    assert list(together.stages) == ["completed"]
    np.testing.assert_array_equal(generator(Inputs(image * (1 - mask) + 0.3 * mask, mask)).output, together.output)
    for index in range(2):
        alone = generator(Inputs(image[index : index + 1], mask[index : index + 1])).composite
        np.testing.assert_allclose(together.composite[index], alone[0], atol=1e-4)


def test_parameters_as_released():
    assert Generator().count_params() == 54_944_771
    assert sum(np.prod(variable.shape) for variable in PatchDiscriminator().trainable_variables) == 2_766_529


def test_names_and_configs():
    for network in (Generator(2, 6, "sampled", "random"), PatchDiscriminator(2), PatchDiscriminator(2, spectral=False)):
        assert len(network.named_variables()) == len(network.variables)
        again = type(network).from_config(network.get_config())
        assert again.get_config() == network.get_config()
        assert [variable.shape for variable in again.variables] == [variable.shape for variable in network.variables]


@pytest.mark.parametrize("spectral", [False, True])
def test_patches_are_scored_and_kernels_bounded(spectral):
    keras.utils.set_random_seed(0)
    discriminator = PatchDiscriminator(4, spectral)
    pictures = tf.random.stateless_normal([2, 64, 72, 3], [0, 0])
    scores = discriminator(pictures)
    assert scores.shape == (2, 6, 7, 1) and np.std(scores) > 0
    for variable in discriminator.trainable_variables:
        if len(variable.shape) == 4:
            variable.assign(10 * variable)
    # Biases are zero, so ten times as large a kernel is the same with its norm divided out.
    assert np.allclose(discriminator(pictures), scores, rtol=1e-3, atol=1e-5) == spectral
    if spectral:
        before = [variable.numpy() for variable in discriminator.non_trainable_variables]
        discriminator(pictures, training=True)
        moved = [not np.array_equal(*pair) for pair in zip(before, discriminator.non_trainable_variables)]
        assert moved[:-1] == [True] * 4  # The last one is 1 or -1.


def test_feature_masks_differ_and_are_those_asked_for(generator):
    mask = np.zeros([1, 64, 64, 1], np.float32)
    mask[0, 8:32, 8:32] = 1
    mask[0, 40:43, :] = 1  # A stroke, thinner than what 5/16 of would be covered.
    sampled = generator.hole_of_features(tf.constant(mask))
    covered = Generator(2, 6).hole_of_features(tf.constant(mask))
    assert sampled.numpy()[0, 5].all() and not covered.numpy()[0, 5].any()
    assert sampled.numpy()[0, 2, 2] == covered.numpy()[0, 2, 2] == 1


def test_what_the_frame_asks():
    generator = Generator(2, 6)
    assert (generator.picture_size, generator.hole_size, generator.divisor) == (64, 24, 64)
    released = Generator.__new__(Generator)
    released.levels, released.region = 8, "centre"
    assert (released.picture_size, released.hole_size) == (256, 120)
    assert Generator(2, 6, region="random").hole_size is None
    hole = np.ones([20, 30], bool)
    assert "whole picture" in generator.refusal(hole.shape, hole)
    hole[3, 4] = False
    assert generator.refusal(hole.shape, hole) is None


def test_refusals():
    with pytest.raises(ValueError, match="feature mask is one of covered, sampled, not 'nearest'"):
        Generator(2, 6, "nearest")
    with pytest.raises(ValueError, match="region is centre or random, not 'left'"):
        Generator(2, 6, region="left")
    with pytest.raises(ValueError, match="5 levels at least, not 4"):
        Generator(2, 4)
    with pytest.raises(ValueError, match="takes no sketch"):
        Generator(2, 6)(Inputs(*[tf.zeros([1, 64, 64, channels]) for channels in (3, 1, 1)]))


def test_saved_as_keras_and_loaded(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    loaded = tf.keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(reference_inputs()).composite, generator(reference_inputs()).composite)


def test_bfloat16_is_near_float32(generator):
    made = load_network(PTH, precision="bfloat16")(reference_inputs()).output
    assert made.dtype == tf.float32 and 0 < np.abs(made - maps("output")).mean() < 0.05
