"""Reference: an own implementation with torch 2.13 in float64, with the weights of vgg19_small_notop.h5."""

import h5py
import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.features import FeatureMap, load_feature_network, load_vgg, vgg
from gated_inpaint.files.keras_files import read_keras_h5

PICTURE = np.random.default_rng(0).uniform(-1, 1, (2, 16, 24, 3)).astype(np.float32)
VGG_19_PLACES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21)  # Of convolutions among torchvision's `features`.


@pytest.fixture(scope="module")
def path(data):
    return data / "weight_files/vgg19_small_notop.h5"


def torchvision_arrays(path, places=VGG_19_PLACES):
    """The same weights by torchvision's names."""
    arrays = {"classifier.0.weight": np.zeros([4, 4]), "classifier.0.bias": np.zeros([4])}
    for place, layer in zip(places, read_keras_h5(path).values()):
        arrays[f"features.{place}.weight"] = layer["kernel"].transpose(3, 2, 0, 1)
        arrays[f"features.{place}.bias"] = layer["bias"]
    return arrays


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-3), ("float64", 2e-5)])
def test_maps_agree_with_the_reference(data, path, dtype, tolerance):
    expected = np.load(data / "neural_patches/mnps.npz")
    names = {"relu3_1": "block3_conv1", "relu4_1": "block4_conv1", "relu4_2": "block4_conv2"}
    maps = load_vgg(path, "VGG-19", dtype).maps_of(expected["eval/x"][np.newaxis], names)
    assert list(maps) == list(names)
    for name, theirs in names.items():
        assert maps[name].dtype == dtype
        np.testing.assert_allclose(maps[name][0], expected[f"eval/{theirs}"], atol=tolerance)


def test_names_of_the_maps(path):
    network = load_feature_network(path)
    assert network.name == "VGG-19" and len(network.maps) == 13 and "pool4" not in network.maps
    assert network.maps["relu1_1"] == FeatureMap(6, 1) and network.maps["pool3"] == FeatureMap(12, 8)
    assert network.default_maps == ("relu3_4", "relu4_2")
    # Pooling keeps an odd last row and column.
    maps = network(tf.zeros([1, 21, 18, 3]), ["pool1", "pool3"])
    assert [one.shape.as_list()[1:3] for one in maps.values()] == [[11, 9], [3, 3]]


@pytest.mark.parametrize("training, mode", [("keras", "caffe"), ("torchvision", "torch")])
def test_pictures_are_prepared_as_the_training_saw_them(tmp_path, path, training, mode):
    if training == "torchvision":
        path = write_state_dict(tmp_path / "vgg19-1.pth", torchvision_arrays(path))
    network = load_feature_network(path)
    wanted = keras.applications.imagenet_utils.preprocess_input((PICTURE + 1) * 127.5, "channels_last", mode)
    np.testing.assert_allclose(network.prepared(PICTURE), wanted, atol=1e-4)
    np.testing.assert_array_equal(network(PICTURE)["relu3_4"], network.maps_of(network.prepared(PICTURE))["relu3_4"])


def test_files_of_keras_and_of_torchvision_are_one_network(tmp_path, path):
    ours = load_feature_network(write_state_dict(tmp_path / "vgg.pth", torchvision_arrays(path)))
    theirs = load_feature_network(path)
    assert ours.name == "VGG-19" and ours.maps == theirs.maps
    np.testing.assert_array_equal(ours.maps_of(PICTURE)["relu4_2"], theirs.maps_of(PICTURE)["relu4_2"])


def test_vgg16(tmp_path):
    """All of it, from either file; the dense layers are left out."""
    random, arrays, inputs = np.random.default_rng(0), {}, 3
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = [b"..."]
        file["fc1/fc1_W_1:0"], file["fc1/fc1_b_1:0"] = np.zeros([4, 4], "f4"), np.zeros(4, "f4")
        places = iter((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28))
        for block, (count, width) in enumerate(zip((2, 2, 3, 3, 3), (4, 4, 6, 8, 8)), start=1):
            for number in range(1, count + 1):
                kernel, bias = (random.normal(0, 0.4, shape).astype("f4") for shape in ((3, 3, inputs, width), (width,)))
                layer, place, inputs = f"block{block}_conv{number}", next(places), width
                file[f"{layer}/{layer}_W_1:0"], file[f"{layer}/{layer}_b_1:0"] = kernel, bias
                arrays[f"features.{place}.weight"], arrays[f"features.{place}.bias"] = kernel.transpose(3, 2, 0, 1), bias
    networks = [load_vgg(tmp_path / "vgg16.h5", "VGG-16"), load_vgg(write_state_dict(tmp_path / "vgg16.pth", arrays), "VGG-16")]
    assert networks[0].maps["pool5"] == FeatureMap(8, 32)
    assert networks[0].default_maps == ("relu3_3", "relu4_3", "relu5_3")
    maps = [network.maps_of(PICTURE, ["pool5"])["pool5"] for network in networks]
    np.testing.assert_array_equal(*maps)
    features = PICTURE
    for name, array in arrays.items():
        if name.endswith("weight"):
            features = tf.nn.relu(tf.nn.conv2d(features, array.transpose(2, 3, 1, 0), 1, "SAME") + arrays[name[:-6] + "bias"])
            if name.split(".")[1] in ("2", "7", "14", "21", "28"):
                features = tf.nn.max_pool2d(features, 2, 2, "SAME")
    np.testing.assert_allclose(maps[0], features, rtol=1e-4)
    with pytest.raises(InputError, match="vgg16.h5 holds VGG-16, and a VGG-19 is needed. Get Keras' vgg19_weights.*253f8cb515780"):
        load_vgg(tmp_path / "vgg16.h5", "VGG-19")


def test_other_files_are_refused_and_the_right_ones_named(tmp_path, path):
    arrays = torchvision_arrays(path)
    for name in ("vgg19.pth", "notop.h5"):
        with pytest.raises(
            InputError, match=f"no file .*{name}. Get Keras' .*6d6bbae143d832006294945121d1f1fc.*vgg16-397923af.pth"
        ):
            load_feature_network(tmp_path / name)
    for changed, words in (
        ({"features.1.weight": np.zeros([6])}, "is a VGG with batch normalisation, which is not here. Get"),
        ({"classifier.1.weight": np.zeros([4, 4])}, "is Caffe's VGG in a PyTorch file"),
        ({"features.3.weight": np.zeros([6, 6, 3, 3])}, "has convolutions where neither"),
        (
            {"features.5.weight": np.zeros([8, 7, 3, 3])},
            "of conv2_1 has shape .3, 3, 7, 8. and its bias .8., and VGG-19 needs",
        ),
        ({"features.7.bias": np.zeros([9])}, "conv2_2 has shape"),
        ({"features.12.bias": np.full([12], np.nan)}, "conv3_2 holds values that are not finite"),
    ):
        with pytest.raises(InputError, match=words):
            load_feature_network(write_state_dict(tmp_path / "vgg.pth", {**arrays, **changed}))
    for gone, words in (
        ("features.7", "vgg.pth has conv3_1 of a VGG-19, and not all that is before it. Get Keras' vgg19"),
        ("features.0", "no feature network that is known here .*Lite2, VGG-16, VGG-19"),
    ):
        with pytest.raises(InputError, match=words):
            left = {name: array for name, array in arrays.items() if not name.startswith(f"{gone}.")}
            load_feature_network(write_state_dict(tmp_path / "vgg.pth", left))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["layer_names"] = [b"conv1"]
        file["conv1/kernel"], file["conv1/bias"] = np.zeros([3, 3, 3, 4], "f4"), np.zeros(4, "f4")
    with pytest.raises(InputError, match="other.h5 holds no VGG: its first layers are conv1. Get Keras'"):
        load_feature_network(tmp_path / "other.h5")
    assert set(vgg.FILES) == set(vgg.BLOCKS)
