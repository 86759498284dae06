"""Reading a binary file that may lie about itself: nothing is asked for beyond what the file holds.

So a declared size costs no memory before it is known to be true. For the readers of other
frameworks' weight files.
"""

import math
import os

import numpy as np

from gated_inpaint.errors import InputError

_LONGEST_LINE = 1000  # Names in a pickle are lines.
_LONGEST_REASON = 150


def damaged(path, reason):
    """The InputError for a damaged file; a reason that quotes the file at length is cut."""
    reason = " ".join(str(reason).split())
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return InputError(f"{path} is damaged or was cut short: {reason}. Get the file again.")


def open_for_reading(path):
    """The open binary file; InputError if there is none or it cannot be opened."""
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise InputError(f"There is no weights file {path}.") from error
    except OSError as error:
        raise InputError(f"Cannot read the weights file {path}: {error.strerror}.") from error


class BoundedReader:
    """Reads a binary file front to back.

    Arguments:
      file: open binary file; owned by the caller.
      path: its name, for messages.

    All methods raise InputError where the file ends early.
    """

    def __init__(self, file, path):
        self._file, self.path = file, path
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def tell(self):
        return self._file.tell()

    def require(self, count):
        """InputError unless `count` more bytes are there."""
        position = self.tell()
        if not 0 <= count <= self.size - position:
            raise damaged(self.path, f"{count} bytes should follow byte {position}, and {self.size - position} do")

    def read(self, count):
        """That many bytes."""
        self.require(count)
        return self._file.read(count)

    def readline(self):
        """A line, or its first 1000 bytes."""
        return self._file.readline(_LONGEST_LINE)

    def read_array(self, dtype, count):
        """`count` values of a NumPy dtype, which names its byte order, as a new array."""
        dtype = np.dtype(dtype)
        self.require(count * dtype.itemsize)
        return np.frombuffer(self._file.read(count * dtype.itemsize), dtype)


def is_count(value):
    """Whether it is a whole number from 0, and no boolean."""
    return type(value) is int and value >= 0


def strided_view(storage, begin, shape, strides, most):
    """A tensor as a read-only view of its storage.

    A view may repeat values (stride 0), which costs nothing here, but whoever copies it pays for
    every element: hence `most`.

    Arguments:
      storage: 1-D array.
      begin: index of the tensor's first element in it.
      shape, strides: tuples; strides in elements.
      most: elements it may have; the bytes of its file.

    Raises:
      ValueError: an argument is of another kind, or the view would reach outside its storage or be
        too large.
    """
    if not (isinstance(storage, np.ndarray) and storage.ndim == 1 and is_count(begin)):
        raise ValueError("a tensor has no storage or no offset")
    if not (isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides) <= 32):
        raise ValueError("a tensor's shape and strides do not fit")
    if not all(map(is_count, shape + strides)) or max(shape, default=0) > most or math.prod(shape) > most:
        raise ValueError("a tensor's shape or strides are negative or larger than the file")
    if 0 in shape:
        return storage[:0].reshape(shape)
    last = begin + sum((side - 1) * stride for side, stride in zip(shape, strides))
    if last >= storage.size:
        raise ValueError(f"a tensor of shape {list(shape)} reaches outside of its storage of {storage.size} values")
    # The stride of a side of 1 means nothing and may be anything.
    strides = [stride * storage.itemsize if side > 1 else 0 for side, stride in zip(shape, strides)]
    return np.lib.stride_tricks.as_strided(storage[begin:], shape, strides, writeable=False)
