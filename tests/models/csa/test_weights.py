"""The authors' .pth, nothing of them lost; others of their kind refused by name."""

import shutil

import numpy as np
import pytest
from csa_reference import D, G, P
from damaged_copies import damaged
from shift_net_reference import PTH as SHIFT_NET
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.commands.main import run
from gated_inpaint.files.torch_files import state_dict
from gated_inpaint.models.csa import MODEL, FeatureDiscriminator, Generator
from gated_inpaint.models.patch_discriminator import PatchDiscriminator
from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights

CONFIG = {"width": 4, "levels": 6, "similarity": "released", "gradient": "truncated", "region": "random"}


@pytest.fixture
def snapshot(tmp_path):
    """A folder with copies of the authors' files."""
    for path in (P, G, D):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path


def test_any_file_stands_for_all_and_every_value_is_taken(snapshot):
    critic = FeatureDiscriminator(3, 2)
    of_critic = {}
    for name, array in weights_of(MODEL, critic).arrays.items():
        _, path, ours = name.split("/")
        of_critic[f"{path}.{'weight' if ours == 'kernel' else 'bias'}"] = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
    path = write_state_dict(snapshot / "csa_30_net_F.pth", of_critic)
    of_files = [array for one in (P, G, D, path) for array in state_dict(one).values()]
    for part in "PGDF":
        arrays, model, config, _ = read_weights(snapshot / f"csa_30_net_{part}.pth")
        assert model is MODEL and config == CONFIG
        values = [np.sort(np.concatenate([one.ravel() for one in arrays])) for arrays in (arrays.values(), of_files)]
        np.testing.assert_array_equal(*values)
    for name, variable in critic.named_variables().items():
        np.testing.assert_array_equal(arrays[name], variable)


def test_convert_and_load(tmp_path, capsys):
    assert run("weights", ["convert", str(P), str(tmp_path / "weights.npz")], "weights") == 0
    said = capsys.readouterr().out
    assert "csa, CSA for holes anywhere of 64x64 pixels, the released similarity, base width 4, and 16 variables of" in said
    expected, again = read_weights(P), read_weights(tmp_path / "weights.npz")
    assert again[1:] == expected[1:] and again.arrays.keys() == expected.arrays.keys()
    for name, variable in load_network(tmp_path / "weights.npz").named_variables().items():
        np.testing.assert_array_equal(variable, expected.arrays[name])


def test_old_files_with_statistics_and_prefixes_and_no_critics(snapshot):
    expected = read_weights(G).arrays
    (snapshot / D.name).unlink()
    for path in (P, G):
        tensors = {f"module.{name}": array for name, array in state_dict(path).items()}
        tensors.update({f"module.model.model.1.model.2.running_{name}": np.ones(8) for name in ("mean", "var")})
        write_state_dict(snapshot / path.name, tensors)
    arrays = read_weights(snapshot / G.name).arrays
    assert arrays.keys() == {name for name in expected if not name.startswith("net_D")}
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name])


FIRST, FILLED = "model.model.0.weight", "model.model.1.model.6.model.6.model.7.weight"


def without_attention(tensors):
    """A refinement whose level of attention is as the others."""
    prefix = "model.model.1.model.6.model.6.model."
    moves = {"7": "5", "8": "6", "11": "8", "12": "9", "14": "11", "15": "12"}
    changed = {}
    for name, array in tensors.items():
        place, dot, rest = name[len(prefix) :].partition(".")
        changed[f"{prefix}{moves.get(place, place)}{dot}{rest}" if name.startswith(prefix) else name] = array
    return changed


@pytest.mark.parametrize(
    "path, change, words",
    [
        (G, without_attention, "csa_30_net_G.pth: it has no .*, which CSA's refinement network needs"),
        (G, lambda tensors: {**tensors, "model.model.9.weight": np.zeros(3)}, "it has model.model.9.weight, which CSA's"),
        (G, lambda tensors: {**tensors, FILLED: np.zeros(8)}, r"model.7/gamma has shape \[8\], and this network needs \[32\]"),
        (G, lambda tensors: {FIRST: tensors[FIRST]}, "it has no .*, which CSA's refinement network needs"),
        (G, lambda tensors: state_dict(P), r"it is CSA's rough network by what it holds, .* named \*_net_P.pth, with \*_net_G.pth"),
        (G, lambda tensors: state_dict(SHIFT_NET), None),
        (P, lambda tensors: state_dict(SHIFT_NET), "csa_30_net_G.pth: it is CSA's refinement.*_P.pth beside it is not the rough"),
        (P, lambda tensors: {k: v for k, v in tensors.items() if k != "model.model.3.bias"}, "_P.pth beside it: it has no model"),
        (D, lambda tensors: {**tensors, "model.3.weight": np.zeros(3)}, r"net_D/model.3/gamma has shape \[3\]"),
    ],
)
def test_other_networks_are_refused_by_name(snapshot, path, change, words):
    write_state_dict(snapshot / path.name, change(state_dict(path)))
    if words is None:  # Shift-Net's generator under this name is a Shift-Net.
        assert read_weights(snapshot / G.name).model.name == "shift_net"
        return
    with pytest.raises(InputError, match=words) as raised:
        read_weights(snapshot / G.name)
    assert "\n" not in str(raised.value)


def test_a_missing_part_is_named(snapshot):
    (snapshot / P.name).unlink()
    with pytest.raises(
        InputError, match="it is CSA's refinement network, and csa_30_net_P.pth with the rough network is not beside"
    ):
        read_weights(snapshot / G.name)
    (snapshot / G.name).rename(snapshot / "refine.pth")
    with pytest.raises(InputError, match=r"refine.pth: it is CSA's refinement .* named \*_net_G.pth, with \*_net_P.pth beside it"):
        read_weights(snapshot / "refine.pth")


def test_damaged_copies_are_refused_in_one_line_or_read(snapshot):
    rng, refused = np.random.default_rng(0), 0
    whole = {path.name: path.read_bytes() for path in (P, G)}
    for number in range(200):
        name = (P.name, G.name)[number % 2]
        (snapshot / name).write_bytes(damaged(whole[name], rng))
        try:
            read_weights(snapshot / G.name)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
        (snapshot / name).write_bytes(whole[name])
    assert refused > 150


def test_files_of_ours_without_a_description_are_recognised(tmp_path):
    weights = weights_of(MODEL, Generator(2, 6), PatchDiscriminator(2, spectral=False), FeatureDiscriminator(3, 2))
    np.savez(tmp_path / "bare.npz", **weights.arrays)
    write_weights(tmp_path / "described.npz", weights)
    for name in ("bare.npz", "described.npz"):
        loaded = load_network(tmp_path / name)
        assert (loaded.width, loaded.levels, loaded.similarity) == (2, 6, "cosine")
        for key, variable in loaded.named_variables().items():
            np.testing.assert_array_equal(variable, weights.arrays[key])
    shapes = {name: array.shape for name, array in weights.arrays.items()}
    with pytest.raises(InputError, match=r"net_P/model.model.0/kernel has shape \[4, 4, 4, 2\]"):
        MODEL.recognise({**shapes, "net_P/model.model.0/kernel": (4, 4, 4, 2)})
    assert MODEL.recognise({"net_P/model.model.0/kernel": (4, 4, 3, 2)}) is None
