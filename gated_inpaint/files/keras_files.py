"""Reads the HDF5 weight files (.h5) of Keras 1 and 2, such as its VGG-16 and VGG-19 without their last layers (`notop`).

A file has an attribute `layer_names`, and for each layer a group with an attribute `weight_names` and the datasets that it names.
What else HDF5 can do (point into other files, compress data) has no place in such a file and is refused.
"""

import os

import h5py
import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.bounded_reader import open_for_reading

# What h5py raises for damaged files.
_ERRORS = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


def read_keras_h5(path):
    """Reads the weights of a network of convolutions and dense layers.

    Returns:
      {layer: {"kernel": [height, width, input, output] or [input, output], "bias": [output]}}, arrays of floats, in the network's
      order. Layers without weights are left out, and so is the bias of a layer that has none.

    Raises:
      InputError: the file is missing, no such HDF5 file, damaged, or has layers with other weights.
    """
    open_for_reading(path).close()  # For its messages.
    try:
        with h5py.File(path, "r") as file:
            root = _member(file, "model_weights", h5py.Group) if "model_weights" in file else file
            if "layer_names" not in root.attrs:
                raise InputError(
                    f"{path} is an HDF5 file, but has no attribute layer_names, which weights of Keras 1 and 2 have: save them "
                    "with Keras 2, or get its vgg16_ or vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5."
                )
            return _layers(root, os.path.getsize(path))
    except InputError:
        raise
    except _ERRORS as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} cannot be read as Keras weights in HDF5: {first_line}. Get the file again.") from error


def _layers(root, size):
    layers, left = {}, size
    for layer in _names(root, "layer_names"):
        group = _member(root, layer, h5py.Group)
        datasets = [_member(group, name, h5py.Dataset) for name in _names(group, "weight_names")]
        for dataset in datasets:
            if dataset.external or dataset.is_virtual or dataset.compression:
                raise ValueError(f"{layer} has its weights in another file, or compressed")
            if dataset.dtype.kind != "f":
                raise ValueError(f"{layer} has weights of type {dataset.dtype}")
            left -= dataset.size * dataset.dtype.itemsize
            if left < 0:
                raise ValueError(f"its weights have more bytes than the {size} of the file")
        if [dataset.ndim > 1 for dataset in datasets] not in ([], [True], [True, False]):
            raise ValueError(
                f"{layer} has weights of the shapes {[dataset.shape for dataset in datasets]}, not a kernel and a bias"
            )
        if datasets:
            layers[layer] = {name: np.asarray(dataset) for name, dataset in zip(("kernel", "bias"), datasets)}
    return layers


def _names(group, attribute):
    """The names in an attribute; text or bytes, as h5py's version has it."""
    return [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]


def _member(group, name, kind):
    """What a group has under that name (or path), in this file."""
    for part in name.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"{name} is not in the file itself")
        group = group[part]
    if not isinstance(group, kind):
        raise ValueError(f"{name} is no {kind.__name__.lower()}")
    return group
