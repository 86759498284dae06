"""A report on many pictures: a file with a line of JSON for each, which is there when the picture is done, whatever happens later.

image, mask, output   paths, or null
status                completed; unchanged (the mask is empty); exists (left as it was, --skip_existing); left_out
reason                why it was left out, or null
seconds               it took
width, height, hole   of the image in pixels, and the share of them in the hole; null where they were not read
strategy              original, or crop
notes                 [remarks on how image and mask were read]
"""

import json
import os
from typing import NamedTuple, Optional

from gated_inpaint.errors import InputError


class Outcome(NamedTuple):
    """What became of a job; fields are those of a report's line."""

    status: str
    reason: Optional[str] = None
    width: Optional[int] = None
    height: Optional[int] = None
    hole: Optional[float] = None
    strategy: Optional[str] = None
    notes: tuple = ()


class Report:
    """Writes a report; a context manager.

    Arguments:
      path: of the file; None: nothing is written.
      add: whether lines of an earlier report are kept; a last one that was cut short is not.

    Raises:
      InputError: the file cannot be written.
    """

    def __init__(self, path, add=False):
        self._path = path
        self._file = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "a+b" if add else "w+b", buffering=0)
            self._file.truncate(_end_of_last_line(self._file))
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._file.close()

    def write(self, job, outcome, seconds):
        """Adds a line on a `Job` and its `Outcome`."""
        if self._file is None:
            return
        files = {
            name: None if path is None else str(path)
            for name, path in zip(("image", "mask", "output"), (job.image, job.mask, job.output))
        }
        line = {**files, **outcome._asdict(), "seconds": round(seconds, 3)}
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error):
        return InputError(f"Cannot write the report {self._path}: {error.strerror}.")


def _end_of_last_line(file):
    """Position behind the last newline."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        begin = max(position - 4096, 0)
        file.seek(begin)
        newline = file.read(position - begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        position = begin
    return 0
