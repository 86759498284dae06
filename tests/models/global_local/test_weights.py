"""The authors' Torch7 files and the PyTorch files of the port and of mmagic, read, converted, told apart, and refused."""

import json

import numpy as np
import pytest
from conftest import DATA
from global_local_reference import TORCH7, mmagic_tensors, write_port
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.commands.main import run
from gated_inpaint.files.torch7_files import Torch7Object, modules, read_torch7
from gated_inpaint.models.foreign import ForeignWeights
from gated_inpaint.models.global_local import MODEL
from gated_inpaint.weights import load_network, read_weights


def torch7():
    """What an importer is given of the authors' file."""
    content = read_torch7(TORCH7)
    return ForeignWeights(str(TORCH7), tuple(modules(content, TORCH7)), content)


def test_the_authors_file_says_its_mean_and_layer_order():
    weights = read_weights(TORCH7)
    np.testing.assert_allclose(weights.arrays["completion/mean"], [0.47, 0.44, 0.4], atol=1e-6)
    assert weights.model is MODEL
    assert weights.config == {"width": 8, "layer_order": "norm_relu", "mean_use": "subtracted", "picture_range": "unit"}


def test_the_layer_order_is_that_of_the_file():
    foreign = torch7()
    layers = list(foreign.layers)
    for place in range(1, len(layers) - 2, 3):  # Normalisation and ReLU after each convolution but the last.
        layers[place], layers[place + 1] = layers[place + 1], layers[place]
    imported = MODEL.importer(foreign._replace(layers=tuple(layers)))
    assert imported.config["layer_order"] == "relu_norm"
    layers[1], layers[2] = layers[2], layers[1]
    with pytest.raises(InputError, match="some of its layers normalise before the ReLU, and some after"):
        MODEL.importer(foreign._replace(layers=tuple(layers)))


def test_mmagics_pictures_are_turned_to_rgb_and_nothing_else(tmp_path):
    tensors = mmagic_tensors()
    arrays = read_weights(write_state_dict(tmp_path / "glcic.pth", tensors)).arrays
    kernel = tensors["generator.encoder.enc1.conv.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(arrays["completion/conv1/kernel"], kernel[:, :, [2, 1, 0, 3]])
    np.testing.assert_array_equal(arrays["completion/conv17/bias"], tensors["generator.decoder.dec7.conv.bias"][::-1])
    for part in ("local", "global"):
        kernel = tensors[f"disc.{part}_disc.conv1.conv.weight"].transpose(2, 3, 1, 0)
        np.testing.assert_array_equal(arrays[f"discriminator/{part}/conv1/kernel"], kernel[:, :, ::-1])
    kernel = tensors["generator.decoder.dec3.conv.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(arrays["completion/deconv13/kernel"], kernel)
    assert not arrays["completion/conv2/bias"].any()


def test_a_generator_without_discriminators_is_enough(tmp_path):
    tensors = {f"module.{name}": array for name, array in mmagic_tensors().items() if name.startswith("generator")}
    arrays = read_weights(write_state_dict(tmp_path / "glcic.pth", tensors)).arrays
    assert arrays.keys() == load_network(tmp_path / "glcic.pth").named_variables().keys()


@pytest.mark.parametrize("source", ["authors", "port", "mmagic"])
def test_converted_and_read_again(tmp_path, capsys, source):
    file = {
        "authors": lambda: TORCH7,
        "port": lambda: write_port(tmp_path / "port"),
        "mmagic": lambda: write_state_dict(tmp_path / "mmagic.pth", mmagic_tensors()),
    }[source]()
    assert run("weights", ["convert", str(file), str(tmp_path / "ours.npz")], "weights") == 0
    printed = capsys.readouterr().out
    assert "global_local, completion network of Global&Local, base width 8" in printed
    assert ("and 72 variables of networks that train beside it" in printed) == (source == "mmagic")
    before, after = read_weights(file), read_weights(tmp_path / "ours.npz")
    assert after.model is MODEL and after.config == before.config and after.arrays.keys() == before.arrays.keys()
    for name, array in before.arrays.items():
        np.testing.assert_array_equal(after.arrays[name], array)


def refused(source, words):
    with pytest.raises(InputError, match=words) as caught:
        load_network(source)
    message = str(caught.value)
    assert str(source) in message and "\n" not in message


def test_the_port_needs_its_mean_colour(tmp_path):
    file = write_port(tmp_path / "port")
    for text in (None, "{", "{}", "[1]", '{"mpv": [1, 2]}', '{"mpv": [0.5, 0.5, 120.0]}', '{"mpv": "grey"}'):
        (tmp_path / "port/config.json").unlink(missing_ok=True)
        if text is not None:
            (tmp_path / "port/config.json").write_text(text)
        refused(file, "`mpv`")
    (tmp_path / "port/config.json").write_text(json.dumps({"mpv": [0.1, 0.2, 0.3]}))
    np.testing.assert_allclose(load_network(file).mean, [0.1, 0.2, 0.3])


def test_other_networks_are_refused_by_name(tmp_path):
    kernel = np.zeros([4, 4, 5, 5], np.float32)
    for name, words in (
        ("generator.stage1.encoder.enc1.conv.weight", "mmagic's DeepFill, which pads its convolutions in another way"),
        ("generator.encoder.enc1.conv.weight", "mmagic's network of partial convolutions"),
        ("model_ld.conv1.weight", "the discriminator of Global&Local's PyTorch port, which completes nothing"),
    ):
        refused(write_state_dict(tmp_path / "other.pth", {name: kernel}), words)
    assert MODEL.importer(ForeignWeights("x", tensors={"model.model.0.weight": kernel})) is None
    path = DATA / "weight_files/context_encoder_inpaintCenter.t7"
    assert MODEL.importer(ForeignWeights(str(path), tuple(modules(read_torch7(path), path)))) is None
    assert MODEL.recognise({"inpaint_net/conv1/kernel": (5, 5, 5, 32)}) is None


@pytest.mark.parametrize(
    "name, array, words",
    [
        ("generator.encoder.enc3.conv.weight", None, "it has no generator.encoder.enc3.conv.weight, which"),
        ("generator.encoder.enc3.attention", np.zeros(3), "it has generator.encoder.enc3.attention, which .* no place for"),
        ("generator.encoder.enc3.conv.weight", np.zeros([16, 16, 5, 5]), "completion/conv3/kernel has shape"),
        ("generator.encoder.enc3.conv.weight", np.zeros([16, 16]), "should have four axes"),
        ("generator.encoder.enc3.bn.bias", np.zeros(7), "completion/conv3/beta has shape"),
        ("generator.encoder.enc1.conv.weight", np.zeros([7, 4, 5, 5]), "first convolution has 7 channels, and .* an even number"),
        ("disc.local_disc.fc.linear.weight", np.zeros([64, 96]), "not of square maps of 32 channels"),
        ("disc.fc.weight", np.zeros([1, 127]), "should join two vectors of the same length"),
        ("generator.encoder.enc3.bn.bias", np.full(16, np.nan), "values that are not finite"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, name, array, words):
    tensors = mmagic_tensors()
    tensors.pop(name, None)
    if array is not None:
        tensors[name] = array.astype(np.float32)
    refused(write_state_dict(tmp_path / "glcic.pth", tensors), words)


@pytest.mark.parametrize(
    "place, fields, words",
    [
        (3, {"dW": 1.0}, "its conv2 has dW 1.0, and that of the completion network of Global&Local has 2"),
        (18, {"dilationH": 4.0}, "its conv7 has dilationH 4.0, and that of .* has 2"),
        (0, {"padH": 0.0}, "its conv1 has padH 0.0, and that of .* has 2"),
        (1, {"eps": 1e-3}, "its layer 2 has an epsilon of 0.001"),
        (1, {"running_var": None}, "should be an array of numbers of completion/conv1"),
        (48, {"bias": "none"}, "should be an array of numbers of completion/conv17"),
        (49, None, "its layers end where .* has Sigmoid"),
        (2, None, "its layer 3 is nn.SpatialConvolution, where .* has ReLU"),
    ],
)
def test_layers_that_do_not_fit_are_named(place, fields, words):
    foreign = torch7()
    layers = list(foreign.layers)
    if fields is None:
        del layers[place]
    else:
        layers[place] = Torch7Object(layers[place].class_name, {**layers[place].fields, **fields})
    with pytest.raises(InputError, match=words):
        MODEL.importer(foreign._replace(layers=tuple(layers)))


def test_the_mean_colour_is_checked():
    foreign = torch7()
    as_table = foreign._replace(content={**foreign.content, "mean": {1: 0.47, 2: 0.44, 3: 0.4}})
    np.testing.assert_allclose(MODEL.importer(as_table).arrays["completion/mean"], [0.47, 0.44, 0.4])
    for mean in (None, np.zeros(4), np.array([0.5, 0.5, 120.0]), np.array([np.nan] * 3)):
        with pytest.raises(InputError, match="its table has no `mean`, which should be the mean colour: three numbers"):
            MODEL.importer(foreign._replace(content={**foreign.content, "mean": mean}))


@pytest.mark.parametrize("source", ["authors", "port", "mmagic"])
def test_damaged_copies_are_read_or_refused_in_one_line(tmp_path, source):
    """A few; the header's bytes among them, where the structure is."""
    if source == "port":
        write_port(tmp_path)
    path = {
        "authors": lambda: TORCH7,
        "port": lambda: tmp_path / "model_cn",
        "mmagic": lambda: write_state_dict(tmp_path / "mmagic.pth", mmagic_tensors()),
    }[source]()
    whole, copy, rng, count = path.read_bytes(), tmp_path / f"copy{path.suffix}", np.random.default_rng(0), 0
    for case in range(12):
        data = bytearray(whole)
        for place in rng.integers(0, len(data) if case % 2 else 3000, 8):
            data[place] = rng.integers(256)
        copy.write_bytes(data[: rng.integers(len(data))] if case % 3 == 0 else data)
        try:
            load_network(copy)
        except InputError as error:
            count += 1
            assert str(copy) in str(error) and "\n" not in str(error)
    assert count > 4
