"""The authors' .t7, nothing of it lost; others of its kind refused by name."""

import numpy as np
import pytest
from conftest import DATA

from gated_inpaint import InputError
from gated_inpaint.commands.main import run
from gated_inpaint.files.torch7_files import Torch7Object, modules, read_torch7
from gated_inpaint.models.context_encoder import MODEL, Discriminator, Generator
from gated_inpaint.models.context_encoder.recognition import import_weights
from gated_inpaint.models.foreign import ForeignWeights
from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights

T7 = DATA / "weight_files/context_encoder_inpaintCenter.t7"


def layers():
    """The file's layers, whose fields may be changed."""
    return [Torch7Object(layer.class_name, dict(layer.fields)) for layer in modules(read_torch7(T7), T7)]


def imported(changed):
    return import_weights(ForeignWeights("changed.t7", tuple(changed)))


def place(kind, number, changed):
    """Where the layer of a kind is that is number `number`, from 0, of its kind."""
    return [index for index, layer in enumerate(changed) if layer.kind == kind][number]


def test_every_value_of_the_file_is_taken():
    arrays, model, config, _ = read_weights(T7)
    assert model is MODEL and config == {
        **{"region": "centre", "width": 4, "bottleneck": 24, "biases": False},
        **{"encoder_activation": "leaky_relu", "decoder_activation": "relu"},
    }
    of_file = [value for layer in layers() for value in layer.fields.values() if isinstance(value, np.ndarray) and np.any(value)]
    np.testing.assert_array_equal(
        np.sort(np.concatenate([array.ravel() for array in arrays.values()])), np.sort(np.concatenate([v.ravel() for v in of_file]))
    )


def test_told_by_its_content_whatever_its_name(tmp_path):
    (tmp_path / "downloaded").write_bytes(T7.read_bytes())
    assert read_weights(tmp_path / "downloaded").model is MODEL


def test_convert_and_load(tmp_path, capsys):
    assert run("weights", ["convert", str(T7), str(tmp_path / "weights.npz")], "weights") == 0
    words = "Context Encoder for a hole in the centre, base width 4, bottleneck 24."
    assert f"context_encoder, {words}" in capsys.readouterr().out
    expected, (arrays, *rest) = read_weights(T7), read_weights(tmp_path / "weights.npz")
    assert tuple(rest) == expected[1:] and arrays.keys() == expected.arrays.keys()
    for name, variable in load_network(tmp_path / "weights.npz").named_variables().items():
        np.testing.assert_array_equal(variable, expected.arrays[name])
    assert run("weights", ["convert", str(T7), str(tmp_path / "snap-0")], "weights") == 1
    assert "choose a name that ends in .npz" in capsys.readouterr().err


def test_biases_that_are_not_zero_are_kept():
    changed = layers()
    fields = changed[place("SpatialConvolution", 2, changed)].fields
    fields["bias"] = np.arange(8, dtype=np.float32)
    del changed[place("SpatialFullConvolution", 0, changed)].fields["bias"]  # Torch's nobias.
    arrays, config = imported(changed)
    assert config["biases"]
    network = Generator(**config)
    assert network.named_variables().keys() == arrays.keys()
    np.testing.assert_array_equal(arrays["netG/conv3/bias"], np.arange(8))
    assert not arrays["netG/deconv7/bias"].any()


def test_activations_are_the_files():
    changed = layers()
    for layer in changed:
        if layer.kind == "ReLU":
            layer.class_name, layer.fields = "nn.ELU", {"alpha": 1.0}
    config = imported(changed).config
    assert (config["encoder_activation"], config["decoder_activation"]) == ("leaky_relu", "elu")


def test_the_form_for_holes_anywhere():
    changed = layers()
    index = place("SpatialFullConvolution", 4, changed)
    copies = [Torch7Object(layer.class_name, dict(layer.fields)) for layer in changed[index - 3 : index]]
    copies[0].fields["weight"] = copies[0].fields["weight"][:4]  # From 4 channels to 4.
    arrays, config = imported([*changed[:index], *copies, *changed[index:]])
    assert config["region"] == "random"
    assert arrays.keys() == Generator(**config).named_variables().keys()


def drop(kind, number):
    def change(changed):
        changed.pop(place(kind, number, changed))

    return change


def put(kind, number, **fields):
    def change(changed):
        changed[place(kind, number, changed)].fields.update(fields)

    return change


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda changed: changed.__delitem__(slice(17, -1)), "6 convolutions and 0 transposed ones.*: it is a discriminator"),
        (drop("SpatialConvolution", 5), "5 convolutions and 5 transposed ones.*: it is another network"),
        (drop("SpatialBatchNormalization", 3), "has LeakyReLU where .* has SpatialBatchNormalization, at conv5"),
        (drop("Tanh", 0), "has nothing where .* has Tanh, at deconv11"),
        (drop("ReLU", 0), "has SpatialFullConvolution behind deconv7"),
        (lambda changed: changed.append(Torch7Object("nn.SpatialDropout", {})), "has SpatialDropout behind its last layer"),
        (put("SpatialConvolution", 1, dW=1.0, dH=1.0), "its conv2 has dW 1.0, dH 1.0"),
        (put("SpatialFullConvolution", 2, adjW=1.0), "its deconv9 has adjW 1.0"),
        (put("SpatialBatchNormalization", 0, eps=1e-3), "its bn2 has the epsilon 0.001"),
        (put("SpatialBatchNormalization", 1, weight=None), "conv3 has no weight"),
        (put("LeakyReLU", 1, negval=0.1), "LeakyReLU behind conv2 has the slope 0.1"),
        (put("SpatialConvolution", 1, weight=np.zeros([4, 5, 4, 4])), r"conv2/kernel has shape \[4, 4, 5, 4\]"),
        (put("SpatialConvolution", 1, weight=np.zeros(4)), "a kernel has the shape"),
        (put("SpatialBatchNormalization", 1, running_mean=np.zeros(9)), "bn3/moving_mean has shape"),
    ],
)
def test_other_networks_of_its_kind_are_refused_by_name(change, words):
    changed = layers()
    change(changed)
    with pytest.raises(InputError, match=words):
        imported(changed)


def test_mixed_activations_are_refused():
    changed = layers()
    changed[place("ReLU", 1, changed)].class_name = "nn.ELU"
    with pytest.raises(InputError, match="decoder has the activations elu, relu"):
        imported(changed)


def test_files_of_others_are_left_to_them():
    changed = layers()
    assert imported(changed[1:]) is None and imported([]) is None
    put("SpatialConvolution", 0, weight=np.zeros([64, 4, 5, 5]))(changed)  # As Global&Local begins.
    assert imported(changed) is None


@pytest.mark.parametrize("region", ["centre", "random"])
def test_files_of_ours_without_a_description_are_recognised(tmp_path, region):
    networks = Generator(region, 2, 6), Discriminator(region, 2)
    weights = weights_of(MODEL, *networks)
    np.savez(tmp_path / "bare.npz", **weights.arrays)
    config = read_weights(tmp_path / "bare.npz").config
    assert {**weights.config, **config} == weights.config and config["region"] == region
    write_weights(tmp_path / "described.npz", weights)
    for name in ("bare.npz", "described.npz"):
        loaded = load_network(tmp_path / name)
        assert loaded.get_config()["region"] == region
        for key, variable in loaded.named_variables().items():
            np.testing.assert_array_equal(variable, weights.arrays[key])
    with pytest.raises(InputError, match=r"netG/conv6/kernel has shape \[\]"):
        MODEL.recognise({"netG/conv1/kernel": (4, 4, 3, 4)})
