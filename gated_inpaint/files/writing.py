"""Writing a file so that it is complete, or as it was before, whatever happens meanwhile."""

import os
import pathlib

from gated_inpaint.errors import InputError


def write_whole(path, data):
    """Writes bytes to a temporary name beside `path`, and renames it.

    Raises:
      InputError: the file cannot be written.
    """
    path = pathlib.Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error
