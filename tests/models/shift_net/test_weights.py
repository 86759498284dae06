"""The authors' .pth, nothing of it lost; others of its kind refused by name."""

import numpy as np
import pytest
from shift_net_reference import PTH
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.commands.main import run
from gated_inpaint.files.torch_files import state_dict
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.models.shift_net import MODEL, Generator
from gated_inpaint.models.shift_net.recognition import shapes_of
from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights


def test_every_value_of_the_file_is_taken():
    arrays, model, config, _ = read_weights(PTH)
    assert model is MODEL and config == {"width": 4, "levels": 6, "feature_mask": "sampled", "region": "centre"}
    of_file = state_dict(PTH)
    assert len(arrays) == len(of_file) and sum(array.size for array in arrays.values()) == sum(a.size for a in of_file.values())
    np.testing.assert_array_equal(
        np.sort(np.concatenate([array.ravel() for array in arrays.values()])),
        np.sort(np.concatenate([array.ravel() for array in of_file.values()])),
    )


def test_convert_and_load(tmp_path, capsys):
    assert run("weights", ["convert", str(PTH), str(tmp_path / "weights.npz")], "weights") == 0
    assert "shift_net, Shift-Net for a hole in the centre of 64x64 pixels, base width 4." in capsys.readouterr().out
    expected, again = read_weights(PTH), read_weights(tmp_path / "weights.npz")
    assert again[1:] == expected[1:] and again.arrays.keys() == expected.arrays.keys()
    for name, variable in load_network(tmp_path / "weights.npz").named_variables().items():
        np.testing.assert_array_equal(variable, expected.arrays[name])


def test_old_files_with_statistics_and_prefixes(tmp_path):
    tensors = {f"module.{name}": array for name, array in state_dict(PTH).items()}
    tensors["module.model.model.1.model.2.running_mean"] = np.ones(8)
    tensors["module.model.model.1.model.2.running_var"] = np.ones(8)
    arrays = read_weights(write_state_dict(tmp_path / "old.pth", tensors)).arrays
    for name, array in read_weights(PTH).arrays.items():
        np.testing.assert_array_equal(arrays[name], array)


FIRST, SHIFTED = "model.model.0.weight", "model.model.1.model.3.model.7.weight"


def as_plain_unet(tensors):
    """The first stage of CSA: the same network without a shift layer."""
    prefix = "model.model.1.model.3.model."
    return {name.replace(f"{prefix}7", f"{prefix}5").replace(f"{prefix}8", f"{prefix}6"): array for name, array in tensors.items()}


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda tensors: {"e1_c.weight": np.zeros([4, 4, 4, 4]), **tensors},
            "Shift-Net's other network, that for random holes",
        ),
        (lambda tensors: {"model.0.weight_orig": np.zeros([4, 3, 4, 4])}, "it is a discriminator, .* give the generator's file"),
        (
            lambda tensors: {**tensors, "model.model.9.weight": np.zeros(3), "other": np.zeros(3)},
            "model.9.weight and 1 more, which",
        ),
        (lambda tensors: {k: v for k, v in tensors.items() if k != FIRST}, f"it has no {FIRST}, which Shift-Net needs"),
        (lambda tensors: {**tensors, FIRST: tensors[FIRST][:, :3]}, "reads 3 channels, and Shift-Net's here reads 4"),
        (lambda tensors: {**tensors, SHIFTED: tensors[SHIFTED][:32]}, r"model.3.model.7/kernel has shape \[4, 4, 8, 32\]"),
        (lambda tensors: {**tensors, FIRST: np.zeros(4)}, "a kernel has the shape"),
        (as_plain_unet, "weights of no network that is read from such a file .*shift_net.*: it has model.model.0.weight"),
        (lambda tensors: {"conv1.weight": np.zeros([4, 3, 4, 4])}, "weights of no network .*: it has conv1.weight"),
    ],
)
def test_other_networks_are_refused_by_name(tmp_path, change, words):
    path = write_state_dict(tmp_path / "net.pth", change(state_dict(PTH)))
    with pytest.raises(InputError, match=rf"net.pth.*{words}") as raised:
        read_weights(path)
    assert "\n" not in str(raised.value)


def test_shapes_are_the_networks():
    for width, levels in ((2, 5), (3, 6), (2, 8)):
        assert shapes_of(width, levels) == {k: tuple(v.shape) for k, v in Generator(width, levels).named_variables().items()}


def test_files_of_ours_without_a_description_are_recognised(tmp_path):
    weights = weights_of(MODEL, Generator(2, 6), PatchDiscriminator(2))
    np.savez(tmp_path / "bare.npz", **weights.arrays)
    write_weights(tmp_path / "described.npz", weights)
    for name in ("bare.npz", "described.npz"):
        loaded = load_network(tmp_path / name)
        assert (loaded.width, loaded.levels, loaded.feature_mask) == (2, 6, "covered")
        for key, variable in loaded.named_variables().items():
            np.testing.assert_array_equal(variable, weights.arrays[key])
    shapes = {name: array.shape for name, array in weights.arrays.items()}
    with pytest.raises(InputError, match=r"net_G/model.model.0/kernel has shape \[4, 4, 3, 2\]"):
        MODEL.recognise({**shapes, "net_G/model.model.0/kernel": (4, 4, 3, 2)})
    assert MODEL.recognise({"net_G/model.model.0/kernel": (4, 4, 4, 2)}) is None
