"""Reads HDF5 weight files (.h5): of Keras 1 and 2, such as those of VGG without its last layers; and arrays by name.

A file has a group for each layer, with the layer's kernel and bias as datasets in it; or datasets by
their full names, `inpaint_net/conv1/kernel`, which is what presets hold. What else HDF5 can do (point
into other files, compress data) has no place in such a file and is refused. Attributes are not read:
a damaged one can cost gigabytes in the library.
"""

import os

import h5py
import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.bounded_reader import damaged, open_for_reading

# What h5py raises for damaged files.
_ERRORS = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
_MOST_MEMBERS = 10_000


def read_keras_h5(path):
    """Reads the weights of a network of convolutions and dense layers.

    Returns:
      {layer: {"kernel": [height, width, input, output] or [input, output], "bias": [output]}},
      arrays of floats, layers in alphabetical order. Layers without weights are left out, and so is
      the bias of a layer that has none.

    Raises:
      InputError: the file is missing, no such HDF5 file, damaged, or has layers with other weights.
    """
    with open_for_reading(path) as file:
        if file.read(4) != b"\x89HDF":
            raise InputError(f"{path} is no HDF5 file, as Keras' weights (.h5) are.")
    try:
        with h5py.File(path, "r") as file:
            root = file["model_weights"] if "model_weights" in file else file
            if "layer_names" not in root.attrs:
                raise InputError(
                    f"{path} is an HDF5 file, but has no attribute layer_names, which weights of Keras 1 and 2 have: save them "
                    "with Keras 2, or get its vgg16_ or vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5."
                )
            return _layers(root, os.path.getsize(path))
    except InputError:
        raise
    except _ERRORS as error:
        raise damaged(path, error) from error


def read_named_h5(path):
    """Reads {name: float32 array} of a file of datasets by their full names, in alphabetical order.

    Raises:
      InputError: the file is missing, no HDF5 file, damaged, or holds what is no plain array of floats.
    """
    with open_for_reading(path) as file:
        if file.read(4) != b"\x89HDF":
            raise InputError(f"{path} is no HDF5 file, as the weights of a preset are.")
    try:
        with h5py.File(path, "r") as file:
            found = [dataset for datasets in _datasets(file).values() for dataset in datasets]
            _check_plain(found, os.path.getsize(path))
            return {dataset.name.strip("/"): np.asarray(dataset, np.float32) for dataset in sorted(found, key=lambda one: one.name)}
    except _ERRORS as error:
        raise damaged(path, error) from error


def write_named_h5(path, arrays):
    """Writes what `read_named_h5` reads."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def _check_plain(datasets, size):
    """Raises ValueError if one is no plain array of floats in the file itself, or they are more than the file's size."""
    left = size
    for dataset in datasets:
        if dataset.external or dataset.is_virtual or dataset.chunks or dataset.dtype.kind != "f":
            raise ValueError(f"{dataset.name} is no floats, compressed, or in another file")
        left -= dataset.size * dataset.dtype.itemsize
        if left < 0:
            raise ValueError(f"its weights need more bytes than the {size} of the file")


def _layers(root, size):
    layers, found = {}, _datasets(root)
    _check_plain([dataset for datasets in found.values() for dataset in datasets], size)
    for layer, datasets in found.items():
        datasets.sort(key=lambda dataset: -dataset.ndim)
        if [dataset.ndim > 1 for dataset in datasets] not in ([True], [True, False]):
            shapes = [dataset.shape for dataset in datasets[:4]]
            raise ValueError(f"layer {layer} has {len(datasets)} weights of shapes {shapes}, not a kernel and a bias")
        layers[layer] = {name: np.asarray(dataset) for name, dataset in zip(("kernel", "bias"), datasets)}
    return layers


def _datasets(root):
    """{layer: datasets in its group, however deep}; ValueError if one is elsewhere, or too many."""
    found, pending, count = {}, [(root, layer, layer) for layer in reversed(list(root))], 0
    while pending:
        (group, name, layer), count = pending.pop(), count + 1
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{name} is not in the file itself")
        member = group[name]
        if isinstance(member, h5py.Dataset):
            found.setdefault(layer, []).append(member)
        elif isinstance(member, h5py.Group):
            if count + len(pending) + len(member) > _MOST_MEMBERS:  # It may hold itself.
                raise ValueError(f"it has more than {_MOST_MEMBERS} groups and datasets")
            pending.extend((member, inner, layer) for inner in member)
    return found
