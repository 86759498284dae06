"""Reference: efficientnet_lite_pytorch 0.1.0 on PyTorch 2.13, with the weights of `random_weights`."""

import numpy as np
import pytest
import tensorflow as tf
from efficientnet_lite_file import random_weights, write_efficientnet_lite
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.features import FeatureMap, file_md5, load_feature_network
from gated_inpaint.features.efficientnet_lite import EfficientNetLite

PICTURES = np.random.default_rng(1).uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)


LITE0 = random_weights("EfficientNet-Lite0")


@pytest.fixture(scope="module")
def lite0(tmp_path_factory):
    return write_efficientnet_lite(tmp_path_factory.mktemp("lite0") / "lite0.pth")


def test_maps_agree_with_the_reference(data):
    expected = np.load(data / "efficientnet_lite.npz")
    for name in ("EfficientNet-Lite0", "EfficientNet-Lite2"):
        network = EfficientNetLite(name, random_weights(name))
        names = [key.split("/")[1] for key in expected.files if key.startswith(name)]
        maps = network(PICTURES, names)
        assert list(maps) == names and len(names) == 4
        for map_name, features in maps.items():
            channels, stride = network.maps[map_name]
            assert features.shape == (2, 64 // stride, 96 // stride, channels)
            wanted = expected[f"{name}/{map_name}"]
            np.testing.assert_allclose(features[:, ::3, ::3, ::5], wanted, atol=2e-4 * np.abs(wanted).max())


def test_a_file_is_recognised(lite0, tmp_path):
    network = load_feature_network(lite0)
    assert network.name == "EfficientNet-Lite0"
    chosen = {name: network.maps[name] for name in network.default_maps}
    assert chosen == {"block2": FeatureMap(24, 4), "block4": FeatureMap(40, 8), "block10": FeatureMap(112, 16)}
    np.testing.assert_array_equal(network(PICTURES)["block4"], network(PICTURES, ["block4"])["block4"])
    lite2 = load_feature_network(write_efficientnet_lite(tmp_path / "lite2.pth", "EfficientNet-Lite2"))
    assert (lite2.name, lite2.default_maps) == ("EfficientNet-Lite2", ("block3", "block6", "block14"))


def test_pictures_whose_sides_the_strides_do_not_divide(lite0):
    maps = load_feature_network(lite0)(tf.zeros([1, 41, 50, 3]))
    assert [features.shape[1:3].as_list() for features in maps.values()] == [[11, 13], [6, 7], [3, 4]]


def test_bfloat16_keeps_the_maps_near(lite0):
    exact, near = (load_feature_network(lite0, dtype)(PICTURES) for dtype in ("float32", "bfloat16"))
    for name, features in exact.items():
        assert near[name].dtype == tf.float32
        error = np.sqrt(np.mean((near[name] - features) ** 2)) / np.std(features)
        assert 0 < error < 0.05


def test_gradients_reach_the_pictures_and_nothing_trains(lite0):
    pictures = tf.Variable(PICTURES)
    network = load_feature_network(lite0)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_mean(features**2) for features in network(pictures).values()])
    assert list(tape.watched_variables()) == [pictures]
    gradient = tape.gradient(loss, pictures).numpy()
    assert (np.abs(gradient).max(axis=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"conv.weight": np.zeros([1, 1, 3, 3])}, r"no feature network that is known here \(EfficientNet-Lite0, .*conv.weight"),
        ({**LITE0, "_blocks.16._bn1.bias": np.zeros([4])}, "no feature network"),
        ({**LITE0, "_bn0.bias": np.zeros([16])}, "no feature network"),
        (
            {**random_weights("EfficientNet-Lite0"), "_bn0.bias": np.full([32], np.inf)},
            "_bn0.bias holds values that are not finite",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, arrays, words):
    with pytest.raises(InputError, match=words):
        load_feature_network(write_state_dict(tmp_path / "other.pth", arrays))


def test_md5_of_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert file_md5(tmp_path / "file") == "900150983cd24fb0d6963f7d28e17f72"
    with pytest.raises(InputError, match="Cannot read .*nowhere: No such file"):
        file_md5(tmp_path / "nowhere")
