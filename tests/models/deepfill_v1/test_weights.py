"""The authors' checkpoints, told from those of DeepFill v2, in and out with nothing lost."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA

from gated_inpaint import Discriminator, InputError
from gated_inpaint import Generator as GeneratorV2
from gated_inpaint.models import deepfill_v1, deepfill_v2
from gated_inpaint.models.deepfill_v1 import Critic, Generator
from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights
from gated_inpaint.weights.__main__ import main, parse

SOURCE = DATA / "deepfill_v1"


def convert(*arguments):
    return main(parse(["weights", "convert", *map(str, arguments)]))


def test_convert_there_and_back_keeps_the_critics(tmp_path, capsys):
    assert convert(SOURCE, tmp_path / "weights.npz") == 0
    printed = capsys.readouterr().out
    assert "deepfill_v1, generator of DeepFill v1, base width 8, and 20 variables of networks that train beside it" in printed
    (tmp_path / "back").mkdir()
    assert convert(tmp_path / "weights.npz", tmp_path / "back") == 0
    original, back = (tf.train.load_checkpoint(str(folder)) for folder in (SOURCE, tmp_path / "back"))
    assert back.get_variable_to_shape_map() == original.get_variable_to_shape_map()
    for name in original.get_variable_to_shape_map():
        np.testing.assert_array_equal(back.get_tensor(name), original.get_tensor(name))


def test_picture_channels_are_reversed_and_nothing_else():
    reader, arrays = tf.train.load_checkpoint(str(SOURCE)), read_weights(SOURCE).arrays
    changed = {name for name, array in arrays.items() if not np.array_equal(array, reader.get_tensor(name))}
    assert changed == {
        *(f"inpaint_net/{scope}/kernel" for scope in ("conv1", "xconv1", "pmconv1", "conv17", "allconv17")),
        *(f"inpaint_net/{scope}/bias" for scope in ("conv17", "allconv17")),
        *(f"discriminator/discriminator_{part}/conv1/kernel" for part in ("global", "local")),
    }
    for scope in ("xconv1", "pmconv1"):
        kernel = reader.get_tensor(f"inpaint_net/{scope}/kernel")
        np.testing.assert_array_equal(arrays[f"inpaint_net/{scope}/kernel"], kernel[:, :, [2, 1, 0, 3, 4]])


@pytest.mark.parametrize("described", [True, False], ids=["described", "bare"])
@pytest.mark.parametrize(
    "model, networks",
    [
        (deepfill_v1.MODEL, lambda: (Generator(16), Critic("global", 32, 4), Critic("local", 16, 4))),
        (deepfill_v2.MODEL, lambda: (GeneratorV2(16), Discriminator(4))),
        (deepfill_v2.MODEL, lambda: (GeneratorV2(16, convolution="vanilla"), Discriminator(4))),
    ],
    ids=["v1", "v2", "v2 vanilla"],
)
def test_files_of_both_versions_are_never_confused(tmp_path, model, networks, described):
    networks = networks()
    weights = weights_of(model, *networks)
    if described:
        write_weights(tmp_path / "weights.npz", weights)
    else:
        np.savez(tmp_path / "weights.npz", **weights.arrays)
    read = read_weights(tmp_path / "weights.npz")
    assert read.model is model and read.config == weights.config
    assert read.arrays.keys() == {name for network in networks for name in network.named_variables()}
    assert [one.recognise({name: array.shape for name, array in weights.arrays.items()}) is None for one in ALL].count(False) == 1
    loaded = load_network(tmp_path / "weights.npz")
    assert type(loaded) is model.network
    for name, variable in loaded.named_variables().items():
        np.testing.assert_array_equal(variable, weights.arrays[name])


ALL = (deepfill_v1.MODEL, deepfill_v2.MODEL)


@pytest.mark.parametrize("shape", [(5, 5, 4, 8), (5, 5, 5, 7), (5, 5, 5)])
def test_a_first_row_of_another_shape_is_refused_by_name(shape):
    with pytest.raises(InputError, match=r"inpaint_net/conv1/kernel has shape .* needs \[5, 5, 5, an even number\]"):
        deepfill_v1.MODEL.recognise({"inpaint_net/conv1/kernel": shape, "inpaint_net/xconv1/kernel": (5, 5, 5, 8)})
