import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases

from gated_inpaint import Generator
from gated_inpaint.models.deepfill_v2.layer_maps import SHOWN, layer_maps
from gated_inpaint.models.deepfill_v2.tables import COARSE
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network


@pytest.fixture(scope="module")
def case():
    return dict(cases("generator/io.npz"))["104x152"].network_inputs()


def test_gates_are_what_the_layers_multiply_with(case):
    generator = load_network(DATA / "generator")
    image, mask, _ = case
    maps = layer_maps(generator, case)
    assert tuple(maps) == tuple(f"gates_{scope}" for scope in SHOWN)
    assert maps["gates_conv4_downsample"].shape == (2, 26, 38, 16) and maps["gates_conv16"].shape == (2, 104, 152, 2)

    features = generator.coarse_input(image * (1 - mask), tf.constant(mask))
    for row in COARSE[:-1]:
        layer, doubled = getattr(generator, row.name), features
        if row.upsample:
            doubled = tf.repeat(tf.repeat(features, 2, axis=1), 2, axis=2)
        both = tf.nn.conv2d(doubled, layer.kernel, row.stride, "SAME", dilations=row.rate) + tf.convert_to_tensor(layer.bias)
        if row.scope in SHOWN:
            gates = tf.sigmoid(tf.split(both, 2, axis=-1)[1])
            np.testing.assert_allclose(maps[f"gates_{row.scope}"], gates, atol=1e-4, err_msg=row.scope)
        features = layer(features)

    # Behind the first stage: the gate of the second one's first row, of the coarse picture pasted.
    layer = generator.xconv1
    both = tf.nn.conv2d(generator(Inputs(image, mask)).stages["coarse"] * mask + image * (1 - mask), layer.kernel, 1, "SAME")
    np.testing.assert_allclose(
        maps["gates_xconv1"], tf.sigmoid((both + tf.convert_to_tensor(layer.bias))[..., 8 // 2 :]), atol=1e-4
    )


def test_masks_of_a_partial_network_are_filled_with_depth(case):
    generator = Generator(4, convolution="partial")
    image, _, _ = case
    mask = np.zeros([1, 104, 152, 1], np.float32)
    mask[:, 4:90, 10:150] = 1
    maps = layer_maps(generator, Inputs(image[:1], mask))
    shares = [float(tf.reduce_mean(maps[f"mask_{scope}"])) for scope in SHOWN]
    assert mask.mean() > shares[0] > shares[1] > shares[2] > shares[3] > shares[4] == shares[5] == shares[6] == 0
    np.testing.assert_array_equal(maps["mask_conv1"][0, 6:88, 12:148], 1)
    assert float(tf.reduce_sum(maps["mask_conv1"])) == 82 * 136


def test_a_vanilla_network_has_none(case):
    assert layer_maps(Generator(4, convolution="vanilla"), case) == {}


def test_reduces_large_maps_only(case):
    generator = load_network(DATA / "generator")
    whole, reduced = layer_maps(generator, case), layer_maps(generator, case, longest_side=76)
    assert reduced["gates_conv1"].shape == (2, 52, 76, 4)
    halves = np.asarray(whole["gates_conv1"]).reshape(2, 52, 2, 76, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(reduced["gates_conv1"], halves, atol=1e-5)
    np.testing.assert_array_equal(reduced["gates_conv4_downsample"], whole["gates_conv4_downsample"])
