"""The completion network and the discriminators against the PyTorch port and mmagic; what they refuse."""

import numpy as np
import pytest
import tensorflow as tf
from global_local_reference import (
    TORCH7,
    File,
    mmagic_tensors,
    port_discriminator,
    port_network,
    write_port,
)
from torch_file import write_state_dict

from gated_inpaint.models.global_local import CompletionNetwork, Discriminator
from gated_inpaint.models.global_local.tables import COMPLETION
from gated_inpaint.types import Inputs
from gated_inpaint.weights import assign_arrays, load_network, read_weights


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    return port_network(tmp_path_factory.mktemp("port"))


@pytest.fixture(scope="module")
def mmagic(tmp_path_factory):
    """The path of mmagic's file."""
    return write_state_dict(tmp_path_factory.mktemp("mmagic") / "glcic.pth", mmagic_tensors())


def activations(network, image, mask):
    """{row: what leaves it}"""
    features, made = network.network_input(image, mask), {}
    for row in COMPLETION:
        features = made[row.name] = getattr(network, row.name)(features)
    return {**made, "conv17": network.conv17(features)}


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("size", ["64x64", "60x76"])
def test_completion_agrees_with_the_port(port, size, mode):
    case = File("relu_norm_completion.npz", f"{size}/")
    image, mask = case.pictures()
    call = port
    if mode == "graph":
        call = tf.function(port, input_signature=[[tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]])
    made = call([tf.constant(image), tf.constant(mask)])
    np.testing.assert_allclose(made.output / 2 + 0.5, case["output"], atol=5e-5)
    np.testing.assert_allclose(made.composite / 2 + 0.5, case["pasted"], atol=5e-5)
    assert list(made.stages) == ["completed"]


def test_activations_agree_with_the_port(port):
    compared = 0
    for size in ("64x64", "60x76"):
        case = File("relu_norm_completion.npz", f"{size}/")
        made = activations(port, *case.pictures())
        for name, expected in case.arrays("act/").items():
            row = {"bn13": "deconv13"}.get(name, name.replace("bn", "conv"))
            np.testing.assert_allclose(made[row], expected, atol=2e-4, err_msg=name)
            compared += 1
    assert compared >= 3


def test_completion_agrees_with_the_authors_convention():
    case = File("norm_relu_completion.npz", "64x64/")
    network = load_network(TORCH7)
    np.testing.assert_allclose(network(case.pictures()).output / 2 + 0.5, case["output_sigmoid"], atol=1e-4)


def test_completion_agrees_with_mmagic(mmagic):
    """Whose networks are BGR: its pictures are turned, and so are ours."""
    case = File("norm_relu_completion.npz", "64x64/")
    network = load_network(mmagic)
    image, mask = case.pictures()
    made = network([image[..., ::-1], mask]).output[..., ::-1].numpy()
    np.testing.assert_allclose(made, case["output_clip"], atol=1e-4)
    assert 0.001 < np.mean(np.abs(made) == 1)
    made = activations(network, image[..., ::-1], mask)
    rows = {"encoder": "conv6", "dilation_neck": "conv10", "dec3": "deconv13", "dec5": "deconv15"}
    for name, expected in case.arrays("act/").items():
        np.testing.assert_allclose(made[rows[name]], expected, atol=2e-4, err_msg=name)


def crop(pictures, box):
    top, left, height, width = box
    return pictures[:, top : top + height, left : left + width]


@pytest.mark.parametrize("form", sorted({name.split("/")[0] for name in File("relu_norm_discriminator.npz").arrays()}))
def test_discriminators_agree_with_the_port(form):
    case = File("relu_norm_discriminator.npz", f"{form}/")
    pictures = case["image"] / np.float32(127.5) - 1
    discriminator = port_discriminator(form)
    pair = pictures, crop(pictures, case["box"])
    for part, own in zip(("global", "local"), pair):
        np.testing.assert_allclose(discriminator.features(part, own), case[f"{part}_features"], atol=5e-5)
    scores = discriminator(pair)
    np.testing.assert_allclose(scores, case["logit"], atol=5e-5)
    np.testing.assert_allclose(tf.sigmoid(scores), case["output"], atol=5e-5)
    np.testing.assert_allclose(tf.sigmoid(discriminator(pair, training=True)), case["train_output"], atol=2e-4)


def test_discriminators_agree_with_mmagic(mmagic):
    case = File("norm_relu_discriminator.npz")
    pictures = (case["image"] / np.float32(127.5) - 1)[..., ::-1]
    discriminator = Discriminator(128, 64, 4, picture_range="signed")
    assign_arrays(discriminator.named_variables(), read_weights(mmagic).arrays, mmagic)
    pair = pictures, crop(pictures, case["box"])
    np.testing.assert_allclose(discriminator(pair), case["logits"], atol=2e-5)
    np.testing.assert_allclose(discriminator(pair, training=True), case["train_logits"], atol=2e-5)


def trained_parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_parameters_of_the_paper():
    assert trained_parameters(CompletionNetwork()) == 6_072_131
    assert trained_parameters(Discriminator()) == 45_063_681
    assert trained_parameters(Discriminator(160, 96, global_convolutions=5)) == 39_557_121
    for network in (CompletionNetwork(2), Discriminator(32, 16, 2)):
        assert len(network.named_variables()) == len(network.variables)


def test_a_mask_for_every_picture_and_nothing_seen_in_the_hole(port):
    """In both uses of the mean colour; each picture of a batch as if it were alone."""
    image, mask = (array[:1].repeat(2, 0) for array in File("relu_norm_completion.npz", "60x76/").pictures())
    mask[1] = np.roll(mask[1, ::-1], 17, axis=1)
    mask[1, :9, :30] = 1
    for network in (port, load_network(TORCH7)):
        together = network(Inputs(image, mask)).composite
        np.testing.assert_array_equal(network(Inputs(image * (1 - mask) + 0.3 * mask, mask)).composite, together)
        known = mask[..., 0] == 0
        np.testing.assert_array_equal(together.numpy()[known], image[known])
        for index in range(2):
            alone = network(Inputs(image[index : index + 1], mask[index : index + 1])).composite
            np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


@pytest.mark.parametrize("option", ["layer_order", "mean_use", "picture_range"])
def test_each_option_is_another_network(port, option):
    other = {"layer_order": "norm_relu", "mean_use": "subtracted", "picture_range": "signed"}[option]
    network = CompletionNetwork(**{**port.get_config(), "name": None, option: other})
    assign_arrays(network.named_variables(), {name: value.numpy() for name, value in port.named_variables().items()}, "port")
    inputs = File("relu_norm_completion.npz", "64x64/").pictures()
    assert np.abs(network(inputs).output - port(inputs).output).mean() > 1e-3


def test_bfloat16_is_near_float32(port, tmp_path):
    inputs = File("relu_norm_completion.npz", "64x64/").pictures()
    mixed = load_network(write_port(tmp_path / "port"), precision="bfloat16")
    made = mixed(inputs).output
    assert made.dtype == tf.float32 and mixed.conv5.convolution.compute_dtype == "bfloat16"
    assert 0 < np.abs(made - port(inputs).output).mean() < 0.03


def test_refusals():
    with pytest.raises(ValueError, match="even number, not 5"):
        CompletionNetwork(5)
    with pytest.raises(ValueError, match="layer order is one of norm_relu, relu_norm, not 'relu'"):
        CompletionNetwork(2, layer_order="relu")
    with pytest.raises(ValueError, match="mean colour is one of subtracted, filled, not 'kept'"):
        CompletionNetwork(2, mean_use="kept")
    with pytest.raises(ValueError, match="range of pictures is one of unit, signed, not 'byte'"):
        Discriminator(32, 16, 2, picture_range="byte")
    with pytest.raises(ValueError, match="1 to 6 rows, not 7"):
        Discriminator(32, 16, 2, global_convolutions=7)
    with pytest.raises(ValueError, match="takes no sketch"):
        CompletionNetwork(2)(Inputs(*[tf.zeros([1, 8, 8, channels]) for channels in (3, 1, 1)]))
    with pytest.raises(ValueError, match="local discriminator takes pictures of 16x16 pixels, not of shape"):
        Discriminator(32, 16, 2)((tf.zeros([1, 32, 32, 3]), tf.zeros([1, 32, 32, 3])))


def test_saved_as_keras_and_loaded(port, tmp_path):
    inputs = File("relu_norm_completion.npz", "64x64/").pictures()
    port.save(tmp_path / "network.keras")
    loaded = tf.keras.models.load_model(tmp_path / "network.keras")
    assert loaded.get_config() == port.get_config()
    np.testing.assert_array_equal(loaded(list(inputs)).composite, port(list(inputs)).composite)


def test_configs_rebuild_the_networks():
    kinds = {"layer_order": "relu_norm", "picture_range": "signed"}
    for network in (CompletionNetwork(6, mean_use="filled", **kinds), Discriminator(32, 24, 4, 5, **kinds)):
        again = type(network).from_config(network.get_config())
        assert again.get_config() == network.get_config()
        assert [variable.shape for variable in again.variables] == [variable.shape for variable in network.variables]


def test_blending_agrees_with_the_port():
    case = File("poisson.npz")
    for photo, mask, made, blended in zip(case["image"], case["mask"][..., 0] > 0, case["completion"], case["blended"]):
        made = (made * 255).astype(np.uint8)  # Truncated, as the port does it.
        expected = np.round(blended * 255).astype(np.uint8)
        np.testing.assert_array_equal(CompletionNetwork(2).finish(photo, made, mask), expected)
        pasted = np.where(mask[..., np.newaxis], made, photo)  # What the frame has.
        np.testing.assert_array_equal(CompletionNetwork(2).finish(photo, pasted, mask), expected)
        assert np.abs(expected.astype(int) - pasted)[mask].mean() > 5


def test_blending_takes_any_hole_and_keeps_known_pixels():
    rng = np.random.default_rng(0)
    for case in range(60):
        height, width = rng.integers(4, 60, 2)
        photo, made = rng.integers(0, 256, (2, height, width, 3), np.uint8)
        mask = np.zeros([height, width], bool)
        for _ in range(case % 4):
            top, left = rng.integers(height), rng.integers(width)
            mask[top : top + rng.integers(1, 1 + height), left : left + rng.integers(1, 1 + width)] = True
        blended = CompletionNetwork.finish(None, photo, made, mask)
        assert blended.dtype == np.uint8 and blended.shape == photo.shape
        np.testing.assert_array_equal(blended[~mask], photo[~mask])


def test_blending_at_the_border_is_as_inside_a_picture():
    photo, made = np.random.default_rng(0).integers(0, 256, (2, 30, 40, 3), np.uint8)
    mask = np.zeros([30, 40], bool)
    mask[:17, 21:] = True
    wider = [(5, 5), (5, 5)]
    inside = [np.pad(picture, [*wider, (0, 0)], mode="edge") for picture in (photo, made)]
    expected = CompletionNetwork.finish(None, *inside, np.pad(mask, wider))[5:-5, 5:-5]
    np.testing.assert_array_equal(CompletionNetwork.finish(None, photo, made, mask), expected)
