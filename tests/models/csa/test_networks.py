"""CSA's networks against the reference data, and what callers of them rely on."""

import numpy as np
import pytest
import tensorflow as tf
from csa_reference import FILE, G, maps, reference_feature_discriminator, reference_inputs

from gated_inpaint.models import patch_discriminator
from gated_inpaint.models.csa import FeatureDiscriminator, Generator, feature_discriminator
from gated_inpaint.models.csa.recognition import shapes_of
from gated_inpaint.models.csa.refinement import Refinement
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.models.unet import UNet
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network, read_weights
from gated_inpaint.weights.loading import assign_arrays


@pytest.fixture(scope="module")
def generator():
    return load_network(G)


@pytest.mark.parametrize("mode", ["eager", "any size"])
def test_agrees_with_the_reference(generator, mode):
    call = generator
    if mode == "any size":
        of_any_size = [tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]
        call = tf.function(generator, input_signature=[of_any_size])
    completion = call([*map(tf.constant, reference_inputs()[:2])])
    np.testing.assert_allclose(completion.stages["rough"], maps("fake_P"), atol=2e-5)
    np.testing.assert_allclose(completion.output, maps("fake_B"), atol=3e-4)
    known = reference_inputs().mask == 0
    np.testing.assert_array_equal(np.where(known, completion.composite, 0), np.where(known, reference_inputs().image, 0))


def test_features_agree_with_the_reference(generator, monkeypatch):
    """What both networks read, and what their layers make."""
    read, made, of_rough = {}, {}, {}
    run_layer, encode = Refinement._at, UNet.encode

    def watched_layer(self, level, place, features):
        read[level, place], made[level, place] = features, run_layer(self, level, place, features)
        return made[level, place]

    def watched_encoder(self, pictures, levels):
        of_rough["read"], of_rough["made"] = pictures, encode(self, pictures, levels)
        return of_rough["made"]

    monkeypatch.setattr(Refinement, "_at", watched_layer)
    monkeypatch.setattr(UNet, "encode", watched_encoder)
    completion, features = generator.complete(reference_inputs())

    np.testing.assert_allclose(of_rough["read"], maps("input_A_filled"), atol=1e-6)
    np.testing.assert_allclose(of_rough["made"][-1], maps("P_e6_conv1_k4_out"), atol=3e-4)
    innermost = generator.rough.up_norms["6"](generator.rough.ups[5](tf.nn.relu(of_rough["made"][-1])))
    np.testing.assert_allclose(innermost, maps("P_d6_in1_out"), atol=3e-4)
    np.testing.assert_allclose(read[1, "down_conv"], maps("stage2_input"), atol=2e-5)
    names = {
        "e1_conv1_k3_out": (1, "down_conv"),
        "e2_in2_out": (2, "down_conv_norm"),
        "e4_in1_out": (4, "down_dilated_norm"),
        "csa_in": (4, "down_conv"),
        "e7_conv1_k4_out": (7, "down_dilated"),
        "d7_in1_out": (7, "up_doubling_norm"),
        "d5_in2_out": (5, "up_doubling_norm"),
        "d4_in2_out": (4, "up_doubling_norm"),
    }
    for key, place in names.items():
        np.testing.assert_allclose(made[place], maps(f"G_{key}"), atol=1e-4 if key == "csa_in" else 3e-4, err_msg=key)
    np.testing.assert_allclose(read[4, "up_conv"], np.maximum(maps("G_csa_level_concat"), 0), atol=3e-4)
    np.testing.assert_allclose(features["attention"], maps("G_csa_out"), atol=1e-4)
    np.testing.assert_allclose(features["decoder"], maps("G_d5_in2_out"), atol=3e-4)

    hole = generator.hole_of_features(tf.constant(reference_inputs().mask))
    np.testing.assert_array_equal(hole[0, ..., 0], FILE["feature_mask"])
    np.testing.assert_array_equal(np.any(completion.offsets, axis=-1), hole[..., 0])


def test_critics_agree_with_the_reference():
    discriminator = PatchDiscriminator(8, spectral=False)
    assign_arrays(discriminator.named_variables(), read_weights(G).arrays, G)
    of_features = reference_feature_discriminator()
    for critic, name, given in (
        (discriminator, "D_real", maps("image")),
        (discriminator, "D_fake", maps("fake_B")),
        (of_features, "F_real", maps("F_input_real")),
        (of_features, "F_fake", maps("F_input_fake")),
    ):
        np.testing.assert_allclose(critic(given), maps(name), atol=1e-3 if name[0] == "D" else 1e-4, err_msg=name)


def test_parameters_as_released():
    def count(shapes, root=""):
        return sum(np.prod(shape) for name, shape in shapes.items() if name.startswith(root))

    assert [count(shapes_of(64, 8), root) for root in ("net_P", "net_G")] == [54_419_459, 77_692_291]
    assert count(patch_discriminator.shapes_of(64)) == 2_766_529
    assert count(feature_discriminator.shapes_of(256, 512)) == 10_487_296
    for network, shapes in (
        (Generator(3, 6), shapes_of(3, 6)),
        (PatchDiscriminator(3, spectral=False), patch_discriminator.shapes_of(3)),
        (FeatureDiscriminator(3, 4), feature_discriminator.shapes_of(3, 4)),
    ):
        assert shapes == {name: tuple(variable.shape) for name, variable in network.named_variables().items()}


def test_what_the_frame_asks():
    generator = Generator.__new__(Generator)
    generator.levels, generator.region = 8, "centre"
    assert (generator.picture_size, generator.divisor, generator.hole_size) == (256, 256, 120)
    assert Generator(2, 6).hole_size is None


def test_names_and_configs():
    networks = Generator(2, 6, "released", "truncated", "centre"), FeatureDiscriminator(3, 4), PatchDiscriminator(2, spectral=False)
    for network in networks:
        assert len(network.named_variables()) == len(network.variables)
        again = type(network).from_config(network.get_config())
        assert again.get_config() == network.get_config()
        assert [variable.shape for variable in again.variables] == [variable.shape for variable in network.variables]
    assert networks[0].hole_size == 24 and networks[0].refinement.attention.similarity == "released"


def test_a_mask_for_every_picture_and_nothing_seen_in_the_hole(generator):
    """Holes of unequal sizes, one of which leaves no hole in the features."""
    image = np.concatenate([maps("image"), maps("image")[:, ::-1], maps("image")[:, :, ::-1]], axis=0)
    mask = np.zeros([3, 64, 64, 1], np.float32)
    mask[0, 8:40, 16:48], mask[1, 40:58, 3:21], mask[2, 5:7, 3:50] = 1, 1, 1
    together = generator(Inputs(image, mask))
    assert list(together.stages) == ["rough", "refined"]
    np.testing.assert_array_equal(generator(Inputs(image * (1 - mask) + 0.3 * mask, mask)).output, together.output)
    for index in range(3):
        alone = generator(Inputs(image[index : index + 1], mask[index : index + 1])).composite
        np.testing.assert_allclose(together.composite[index], alone[0], atol=1e-3)
    assert not generator.hole_of_features(tf.constant(mask))[2].numpy().any()


def test_refusals():
    for wrong, words in (
        (dict(similarity="l2"), "similarity is one of cosine, released, not 'l2'"),
        (dict(gradient="none"), "gradient is one of whole, truncated, not 'none'"),
        (dict(region="left"), "region is one of centre, random, not 'left'"),
        (dict(levels=4), "5 levels at least, not 4"),
    ):
        with pytest.raises(ValueError, match=words):
            Generator(2, **{"levels": 6, **wrong})
    with pytest.raises(ValueError, match="takes no sketch"):
        Generator(2, 6)(Inputs(*[tf.zeros([1, 64, 64, channels]) for channels in (3, 1, 1)]))
    hole = np.ones([20, 30], bool)
    assert "whole picture" in Generator(2, 6).refusal(hole.shape, hole)
    hole[3, 4] = False
    assert Generator(2, 6).refusal(hole.shape, hole) is None


def test_saved_as_keras_and_loaded(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    loaded = tf.keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(reference_inputs()).composite, generator(reference_inputs()).composite)


def test_bfloat16_is_near_float32():
    """The rough picture; what the refined one's attention matches is easily another feature."""
    made = load_network(G, precision="bfloat16")(reference_inputs())
    assert made.output.dtype == made.stages["rough"].dtype == tf.float32 and np.isfinite(made.output).all()
    assert 0 < np.abs(made.stages["rough"] - maps("fake_P")).mean() < 0.05
