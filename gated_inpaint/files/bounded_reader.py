"""Reading a binary file that may lie about itself: nothing is asked for beyond what the file still holds.

So a declared size costs no memory before it is known to be true. For `torch_files` and `torch7_files`.
"""

import os

import numpy as np

from gated_inpaint.errors import InputError

_LONGEST_LINE = 1000  # Names in a pickle are lines.


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
            raise InputError(
                f"{self.path} is damaged or was cut short: {count} bytes should follow byte {position}, and "
                f"{self.size - position} do. Get the file again."
            )

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
