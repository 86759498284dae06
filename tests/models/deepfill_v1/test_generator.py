"""The generator and the critics against the authors' release."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases

from gated_inpaint.inference.pictures import attention_picture
from gated_inpaint.models.deepfill_v1 import Critic, Generator
from gated_inpaint.models.deepfill_v1.tables import AFTER_ATTENTION, BEFORE_ATTENTION, COARSE, DECODER, HALLUCINATION
from gated_inpaint.models.rows import run_rows
from gated_inpaint.ops.resize import resize_nearest_aligned
from gated_inpaint.types import Inputs
from gated_inpaint.weights import assign_arrays, load_network, read_weights

FILE = "deepfill_v1/generator.npz"


@pytest.fixture(scope="module")
def generator():
    return load_network(DATA / "deepfill_v1")


@pytest.fixture(scope="module")
def case():
    return dict(cases(FILE))["64x64"]


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_agrees_with_the_release(generator, case, mode):
    inputs = case.network_inputs()[:2]
    call = generator
    if mode == "graph":
        call = tf.function(generator, input_signature=[[tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]])
    made = call([tf.constant(array) for array in inputs])
    np.testing.assert_allclose(made.stages["coarse"], case["coarse"], atol=5e-5)
    np.testing.assert_allclose(made.stages["refined"], case["refined"], atol=5e-4)
    np.testing.assert_allclose(made.composite, case["complete"], atol=5e-4)
    assert np.mean((made.offsets == case["offsets"]).numpy().all(axis=-1)) >= 0.99
    for picture in made.stages.values():  # Clipped, not squashed.
        assert 0.01 < np.mean(np.abs(picture) == 1) < 0.3


def test_features_agree_with_the_release(generator, case):
    image, mask, _ = case.network_inputs()
    masked = tf.constant(image * (1 - mask))
    made = {"act/conv10_atrous": run_rows(generator, COARSE[:10], generator.coarse_input(masked, mask))}
    coarse = run_rows(generator, COARSE, generator.coarse_input(masked, mask))
    pasted = generator.refinement_input(coarse * mask + masked, mask)
    made["act/xconv10_atrous"] = run_rows(generator, HALLUCINATION, pasted)
    made["attention_in"] = run_rows(generator, BEFORE_ATTENTION, pasted)
    hole = resize_nearest_aligned(mask, 16, 16)
    np.testing.assert_array_equal(hole[:1], case["attention_mask"])
    made["attention_out"], _ = generator.attention(made["attention_in"], hole)
    made["act/pmconv10"] = run_rows(generator, AFTER_ATTENTION, made["attention_out"])
    branches = tf.concat([made["act/xconv10_atrous"], made["act/pmconv10"]], axis=-1)
    made["act/allconv12"] = run_rows(generator, DECODER[:2], branches)
    for name, features in made.items():
        before_attention = name in ("act/conv10_atrous", "act/xconv10_atrous", "attention_in")
        np.testing.assert_allclose(features, case[name], atol=5e-5 if before_attention else 5e-4, err_msg=name)


def test_offsets_are_shown_as_the_release_shows_them(case):
    """Strengths are relative to the farthest match; in the release, of the pictures of a batch so far."""
    offsets, expected = case["offsets"], case["flow_rgb"]
    first = attention_picture(offsets[0], 64, 64)
    both = attention_picture(offsets.reshape(16, 8, 2), 128, 64)
    for shown, picture in ((first, expected[0]), (both[64:], expected[1])):
        np.testing.assert_allclose(shown[::4, ::4] / 127.5 - 1, picture, atol=1e-5)


@pytest.mark.parametrize("part", ["global", "local"])
def test_critics_agree_with_the_release(part):
    case = dict(cases(FILE))["disc"]
    pictures = case["global_in"][..., ::-1]
    if part == "local":
        top, left, height, width = case["local_box"]
        pictures = pictures[:, top : top + height, left : left + width]
    critic = Critic(part, pictures.shape[1], 8)
    assign_arrays(critic.named_variables(), read_weights(DATA / "deepfill_v1").arrays, part)
    np.testing.assert_allclose(critic(tf.constant(pictures)), case[f"{part}_out"], atol=1e-5)


def test_parameters_as_released():
    assert Generator().count_params() == 3_601_542
    assert Critic("global", 256).count_params() == 2_733_441
    assert Critic("local", 128).count_params() == 4_339_329
    for network in (Generator(2), Critic("global", 16, 2)):
        assert len(network.named_variables()) == len(network.variables)


def test_a_mask_for_every_picture_and_nothing_seen_in_the_hole(generator, case):
    image, mask, _ = case.network_inputs()
    mask[1] = np.roll(mask[1, ::-1], 17, axis=1)
    together = generator(Inputs(image, mask)).composite
    np.testing.assert_array_equal(generator(Inputs(image * (1 - mask) + 0.3 * mask, mask)).composite, together)
    for index in range(2):
        alone = generator(Inputs(image[index : index + 1], mask[index : index + 1])).composite
        np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


def test_bfloat16_is_near_float32(generator, case):
    mixed = load_network(DATA / "deepfill_v1", precision="bfloat16")
    inputs = case.network_inputs()
    result = mixed(inputs).stages["coarse"]
    assert result.dtype == tf.float32
    assert np.abs(result - generator(inputs).stages["coarse"]).mean() < 0.03


def test_refusals():
    with pytest.raises(ValueError, match="even number, not 5"):
        Generator(5)
    with pytest.raises(ValueError, match="takes no sketch"):
        Generator(2)(Inputs(*[tf.zeros([1, 8, 8, channels]) for channels in (3, 1, 1)]))
    with pytest.raises(ValueError, match="global, local, not 'whole'"):
        Critic("whole", 32)
    with pytest.raises(ValueError, match="32x32 pixels, not of shape"):
        Critic("global", 32, 2)(tf.zeros([1, 64, 64, 3]))


def test_saved_as_keras_and_loaded(generator, case, tmp_path):
    generator.save(tmp_path / "generator.keras")
    loaded = tf.keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(case.network_inputs()).composite, generator(case.network_inputs()).composite)


def test_configs_rebuild_the_networks():
    for network in (Generator(6), Critic("local", 32, 4)):
        again = type(network).from_config(network.get_config())
        assert [variable.shape for variable in again.variables] == [variable.shape for variable in network.variables]
