"""Reference data of Global&Local: of its PyTorch port ("relu_norm") and of mmagic ("norm_relu"), in PyTorch's names and layouts.

Files in tests/data/global_local hold a part of it: fewer pictures, and of large gradients the first rows.
"""

import json

import numpy as np
from conftest import DATA
from torch_file import write_state_dict

from gated_inpaint.models.global_local import CompletionNetwork, Discriminator
from gated_inpaint.models.global_local.recognition import _dense
from gated_inpaint.weights import assign_arrays, read_weights

FOLDER = DATA / "global_local"
TORCH7 = DATA / "weight_files/glcic_completionnet.t7"
_OF_BLOCK = {"kernel": "weight", "bias": "bias"}
_OF_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


class File:
    """Arrays of a file below a prefix."""

    def __init__(self, name, prefix=""):
        self._file, self._prefix = np.load(FOLDER / name), prefix

    def __getitem__(self, name):
        return self._file[self._prefix + name]

    def arrays(self, prefix=""):
        """{rest of the name: array} of those below a further prefix."""
        begin = self._prefix + prefix
        return {name[len(begin) :]: self._file[name] for name in self._file.files if name.startswith(begin)}

    def pictures(self):
        """Image in [-1, 1] and mask."""
        return self["image"] / np.float32(127.5) - 1, self["mask"].astype(np.float32)


def write_port(folder):
    """Writes the port's completion network as it comes: a PyTorch file without ending, and config.json; returns its path."""
    folder.mkdir(exist_ok=True)
    mean = np.load(FOLDER / "relu_norm_completion.npz")["mean_pixel"]
    (folder / "config.json").write_text(json.dumps({"mpv": mean.tolist(), "cn_input_size": 160}))
    return write_state_dict(folder / "model_cn", File("relu_norm_completion_weights.npz").arrays())


def port_network(folder, dtype="float32"):
    """The port's completion network, read from what `write_port` writes."""
    weights = read_weights(write_port(folder))
    network = CompletionNetwork(**weights.config, dtype=dtype)
    assign_arrays(network.named_variables(), weights.arrays, folder)
    return network


def port_discriminator(form="celeba", dtype="float32"):
    """The port's discriminators, of its form for CelebA or Places2; their files are not read by the project."""
    tensors = File("relu_norm_discriminator_weights.npz", f"{form}/").arrays()
    sides, rows = ((64, 32), 5) if form == "celeba" else ((128, 64), 6)
    discriminator = Discriminator(*sides, 4, rows, layer_order="relu_norm", dtype=dtype)
    arrays = {}
    for name in discriminator.named_variables():
        tensor = tensors[port_name(name, rows)]
        if name.endswith("dense/kernel"):
            arrays.update(_dense(name.rpartition("/")[0], tensor, tensors[port_name(name, rows).replace("weight", "bias")], 32))
        elif not name.endswith("dense/bias"):
            arrays[name] = tensor.transpose(*reversed(range(tensor.ndim))) if tensor.ndim < 4 else tensor.transpose(2, 3, 1, 0)
    assign_arrays(discriminator.named_variables(), arrays, form)
    return discriminator


def port_name(name, global_rows=5):
    """The port's name of a variable."""
    *scopes, kind = name.split("/")
    if scopes == ["discriminator", "join"]:
        return f"linear1.{_OF_BLOCK[kind]}"
    prefix = {"completion": "", "local": "model_ld.", "global": "model_gd."}[scopes[-2]]
    if scopes[-1] == "dense":
        number = 6 if scopes[-2] == "local" else global_rows + 1
        return f"{prefix}linear{number}.{_OF_BLOCK[kind]}"
    if kind in _OF_NORM:
        return f"{prefix}bn{scopes[-1].lstrip('deconv')}.{_OF_NORM[kind]}"
    return f"{prefix}{scopes[-1]}.{_OF_BLOCK[kind]}"


def in_torchs_layout(name, array, channels=32):
    """An array of a variable, or its gradient, as PyTorch has it."""
    array = np.asarray(array)
    if name.endswith("dense/kernel"):
        side = int(np.sqrt(array.shape[0] // channels))
        return array.reshape(side, side, channels, -1).transpose(3, 2, 0, 1).reshape(array.shape[1], -1)
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


def first_rows(array, like):
    """Of an array, those rows that a part of the reference data has."""
    return array[: len(like)] if np.ndim(like) else array


def mmagic_tensors():
    """{name: array} of mmagic's file: the Torch7 file's completion network, whose biases its means undo, and discriminators."""
    arrays = read_weights(TORCH7).arrays
    names = [f"encoder.enc{number}" for number in range(1, 7)]
    names += [f"dilation_neck.dilation_convs.{number}" for number in range(4)] + [f"decoder.dec{number}" for number in range(1, 8)]
    tensors = {}
    scopes = list(dict.fromkeys(name.split("/")[1] for name in arrays if name.count("/") == 2))
    for scope, name in zip(scopes, names):
        of_scope = {kind: arrays[f"completion/{scope}/{kind}"] for kind in (*_OF_BLOCK, *_OF_NORM) if scope != "conv17"}
        if scope == "conv17":
            of_scope = {kind: arrays[f"completion/{scope}/{kind}"] for kind in _OF_BLOCK}
            tensors[f"generator.{name}.conv.bias"] = of_scope["bias"]
        else:
            of_scope["moving_mean"] = of_scope["moving_mean"] - of_scope["bias"]
            tensors.update({f"generator.{name}.bn.{theirs}": of_scope[kind] for kind, theirs in _OF_NORM.items()})
        tensors[f"generator.{name}.conv.weight"] = in_torchs_layout("kernel", of_scope["kernel"])
    return {**tensors, **{f"disc.{name}": array for name, array in File("norm_relu_discriminator_weights.npz").arrays().items()}}
