"""Writes PyTorch files without PyTorch, for tests of what reads them."""

import pickle
import zipfile

import numpy as np


def _literal(value):
    """Instructions that put a plain value on the stack of a pickle."""
    return pickle.dumps(value, 2)[2:-1]


def write_state_dict(path, arrays):
    """Writes {name: float32 array} as a PyTorch file, in the form of 1.6 and later."""
    items = []
    with zipfile.ZipFile(path, "w") as archive:
        for key, (name, array) in enumerate(arrays.items()):
            array = np.ascontiguousarray(array, "<f4")
            archive.writestr(f"net/data/{key}", array.tobytes())
            storage = b"(" + _literal("storage") + b"ctorch\nFloatStorage\n" + _literal(str(key)) + _literal("cpu")
            storage += _literal(array.size) + b"tQ"
            strides = tuple(stride // array.itemsize for stride in array.strides)
            arguments = storage + _literal(0) + _literal(array.shape) + _literal(strides) + _literal(False) + _literal(None)
            items.append(_literal(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR")
        archive.writestr("net/data.pkl", b"\x80\x02}(" + b"".join(items) + b"u.")
    return path
