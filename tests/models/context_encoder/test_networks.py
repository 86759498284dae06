"""The Context Encoder's networks against the reference data, and what callers of them rely on."""

import numpy as np
import pytest
import tensorflow as tf
from context_encoder_reference import FILE, T7, pictures, reference_discriminator, reference_inputs

from gated_inpaint.models.context_encoder import Discriminator, Generator
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network


def random_generator(region="centre", **options):
    """One whose normalisations are of effect."""
    generator = Generator(region, 2, 6, **options)
    rng = np.random.default_rng(0)
    for name, variable in generator.named_variables().items():
        values = rng.normal(scale=0.2, size=variable.shape)
        variable.assign(1 + abs(values) if name.endswith(("gamma", "variance")) else values)
    return generator


@pytest.fixture(scope="module")
def generator():
    return load_network(T7)


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "any size"])
@pytest.mark.parametrize("training, key", [(False, "G_out_eval"), (True, "G_out_train")])
def test_generator_agrees_with_the_reference(training, key, mode):
    generator = load_network(T7)

    def call(inputs):
        return generator(inputs, training=training)

    if mode == "any size":
        of_any_size = [tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]
        call = tf.function(call, input_signature=[of_any_size])
    elif mode != "eager":
        call = tf.function(call, jit_compile=mode == "xla")
    completion = call([*map(tf.constant, reference_inputs()[:2])])
    np.testing.assert_allclose(completion.output[:, 32:96, 32:96], pictures(key), atol=1e-5)


def test_discriminator_agrees_with_the_reference():
    discriminator = reference_discriminator()
    scores = discriminator(pictures("image")[:, 32:96, 32:96])
    np.testing.assert_allclose(tf.sigmoid(scores), FILE["D_real_eval"], atol=1e-5)
    scores = discriminator(pictures("G_out_train"), training=True)
    np.testing.assert_allclose(tf.sigmoid(scores), FILE["D_fake_train"], atol=1e-5)


def test_what_the_centre_form_is_shown_and_where_its_picture_goes(generator):
    image, mask, _ = reference_inputs()
    mask[:, 10:14, 20:30] = 1  # More that is not known, where it makes nothing.
    completion = generator(Inputs(image, mask))
    box, made = np.zeros([128, 128, 1], bool), np.zeros([128, 128, 1], bool)
    box[36:92, 36:92], made[32:96, 32:96] = True, True
    shown = np.where(box | (mask > 0), np.float32([117, 104, 123]) / 127.5 - 1, image)
    np.testing.assert_allclose(np.where(made, shown, completion.output), shown, atol=1e-6)
    np.testing.assert_array_equal(np.where(mask, image, completion.composite), image)
    np.testing.assert_array_equal(np.where(mask, completion.output, 0), np.where(mask, completion.composite, 0))


@pytest.mark.parametrize("region", ["centre", "random"])
def test_a_mask_for_every_picture_and_nothing_seen_in_the_hole(region):
    generator = random_generator(region)
    rng = np.random.default_rng(1)
    image, mask = rng.uniform(-1, 1, [2, 128, 128, 3]).astype(np.float32), np.zeros([2, 128, 128, 1], np.float32)
    mask[0, 40:90, 50:70], mask[1, 60:66, 36:92] = 1, 1
    together = generator(Inputs(image, mask))
    assert together.output.shape == image.shape and list(together.stages) == ["completed"]
    np.testing.assert_array_equal(generator(Inputs(image * (1 - mask) + 0.3 * mask, mask)).output, together.output)
    for index in range(2):
        alone = generator(Inputs(image[index : index + 1], mask[index : index + 1])).composite
        np.testing.assert_allclose(together.composite[index], alone[0], atol=1e-5)
        np.testing.assert_array_equal(np.where(mask, 0, together.composite), np.where(mask, 0, image))
    # The centre form never sees its box; the other one sees all that is known.
    changed = image.copy()
    changed[:, 36:40, 36:92] = 0
    assert np.array_equal(generator(Inputs(changed, mask)).output, together.output) == (region == "centre")


def test_parameters_as_released():
    assert sum(np.prod(variable.shape) for variable in Generator().trainable_variables) == 71_124_544
    assert sum(np.prod(variable.shape) for variable in Discriminator().trainable_variables) == 2_765_568


@pytest.mark.parametrize("region", ["centre", "random"])
def test_names_and_configs(region):
    networks = Generator(region, 2, 6, biases=True, encoder_activation="elu"), Discriminator(region, 2)
    for network in networks:
        assert len(network.named_variables()) == len(network.variables)
        again = type(network).from_config(network.get_config())
        assert again.get_config() == network.get_config()
        assert [variable.shape for variable in again.variables] == [variable.shape for variable in network.variables]
    assert ("netG/deconv12/kernel" in networks[0].named_variables()) == (region == "random")
    assert networks[1](tf.zeros([3, networks[1].side, networks[1].side, 3])).shape == (3, 1)


def test_activations_are_those_asked_for():
    inputs = [array[:1] for array in reference_inputs()[:2]]
    outputs = [
        random_generator(encoder_activation=encoder, decoder_activation=decoder)(inputs).output.numpy()
        for encoder, decoder in (("leaky_relu", "relu"), ("elu", "relu"), ("elu", "elu"), ("leaky_relu", "leaky_relu"))
    ]
    for index, output in enumerate(outputs):
        assert all(np.abs(output - other).max() > 1e-3 for other in outputs[:index])


def test_what_the_frame_asks():
    centre, anywhere = Generator("centre", 2, 6), Generator("random", 2, 6)
    assert (centre.picture_size, centre.hole_size) == (128, 56) and (anywhere.picture_size, anywhere.hole_size) == (128, None)
    ring = np.ones([300, 400], bool)
    ring[20:-20, 20:-20] = False
    assert "nothing: a hole reaches all borders" in centre.refusal(ring.shape, ring)
    ring[:, 200:220] = False  # Now two holes, which have something beside them.
    cross = np.zeros([300, 400], bool)
    cross[150], cross[:240, 7] = True, True
    for hole in (ring, cross, np.zeros([5, 7], bool)):
        assert centre.refusal(hole.shape, hole) is None
    cross[:, 7] = True
    assert centre.refusal(cross.shape, cross) and anywhere.refusal(cross.shape, cross) is None
    for network in (centre, anywhere):
        assert "whole picture" in network.refusal((20, 30), np.ones([20, 30], bool))


def test_refusals():
    for words, make in (
        ("region is one of centre, random, not 'left'", lambda: Generator("left", 2, 6)),
        ("activation is one of leaky_relu, relu, elu, not 'tanh'", lambda: Generator("centre", 2, 6, decoder_activation="tanh")),
        (
            "128x128 pixels, not of shape",
            lambda: Generator("centre", 2, 6)(Inputs(tf.zeros([1, 64, 64, 3]), tf.zeros([1, 64, 64, 1]))),
        ),
        ("region is one of", lambda: Discriminator("left", 2)),
        ("64x64 pixels, not the shape", lambda: Discriminator("centre", 2)(tf.zeros([1, 128, 128, 3]))),
    ):
        with pytest.raises(ValueError, match=words):
            make()


def test_saved_as_keras_and_loaded(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    loaded = tf.keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(reference_inputs()).composite, generator(reference_inputs()).composite)


def test_bfloat16_is_near_float32(generator):
    mixed = load_network(T7, precision="bfloat16")
    made, expected = mixed(reference_inputs()).output, generator(reference_inputs()).output
    assert made.dtype == tf.float32 and 0 < np.abs(made - expected).mean() < 0.03
