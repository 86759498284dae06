import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases

from gated_inpaint import Generator
from gated_inpaint.models.deepfill_v2.generator import COARSE, coarse_input
from gated_inpaint.models.deepfill_v2.layer_maps import SHOWN, layer_maps
from gated_inpaint.weights import load_generator


@pytest.fixture(scope="module")
def case():
    return dict(cases("generator/io.npz"))["104x152"].network_inputs()


def test_gates_are_what_the_layers_multiply_with(case):
    generator = load_generator(DATA / "generator")
    image, mask = case
    maps = layer_maps(generator, image, mask)
    assert tuple(maps) == SHOWN
    assert maps["conv4_downsample"].shape == (2, 26, 38, 16) and maps["conv16"].shape == (2, 104, 152, 2)

    features = coarse_input(image * (1 - mask), tf.constant(mask))
    for row in COARSE[:-1]:
        layer, doubled = generator.convolutions[row.scope], features
        if row.upsample:
            doubled = tf.repeat(tf.repeat(features, 2, axis=1), 2, axis=2)
        both = tf.nn.conv2d(doubled, layer.kernel, row.stride, "SAME", dilations=row.rate) + tf.convert_to_tensor(layer.bias)
        if row.scope in SHOWN:
            np.testing.assert_allclose(maps[row.scope], tf.sigmoid(tf.split(both, 2, axis=-1)[1]), atol=1e-4, err_msg=row.scope)
        features = layer(features)

    # Behind the first stage: the gate of the second one's first row, of the coarse picture pasted.
    layer = generator.convolutions["xconv1"]
    both = tf.nn.conv2d(generator(image, mask).coarse * mask + image * (1 - mask), layer.kernel, 1, "SAME")
    np.testing.assert_allclose(maps["xconv1"], tf.sigmoid((both + tf.convert_to_tensor(layer.bias))[..., 8 // 2 :]), atol=1e-4)


def test_masks_of_a_partial_network_are_filled_with_depth(case):
    generator = Generator(4, convolution="partial")
    image, _ = case
    mask = np.zeros([1, 104, 152, 1], np.float32)
    mask[:, 4:90, 10:150] = 1
    maps = layer_maps(generator, image[:1], mask)
    shares = [float(tf.reduce_mean(maps[scope])) for scope in SHOWN]
    assert mask.mean() > shares[0] > shares[1] > shares[2] > shares[3] > shares[4] == shares[5] == shares[6] == 0
    np.testing.assert_array_equal(maps["conv1"][0, 6:88, 12:148], 1)
    assert float(tf.reduce_sum(maps["conv1"])) == 82 * 136


def test_a_vanilla_network_has_none(case):
    assert layer_maps(Generator(4, convolution="vanilla"), *case) == {}


def test_reduces_large_maps_only(case):
    generator = load_generator(DATA / "generator")
    whole, reduced = layer_maps(generator, *case), layer_maps(generator, *case, longest_side=76)
    assert reduced["conv1"].shape == (2, 52, 76, 4)
    halves = np.asarray(whole["conv1"]).reshape(2, 52, 2, 76, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(reduced["conv1"], halves, atol=1e-5)
    np.testing.assert_array_equal(reduced["conv4_downsample"], whole["conv4_downsample"])
