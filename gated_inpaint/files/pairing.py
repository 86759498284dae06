"""Files that the user gave: which belongs to which photo, whether they are still the same, and which cannot be used.

To a photo belongs the file of its stem: `masks/a.png` to `photos/a.jpg`.
"""

import hashlib
import pathlib

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import EXTENSIONS, images_by_stem

_NAMED = 5


def files_by_stem(folder):
    """{stem: path} of a folder's image files, sorted by stem.

    Raises:
      InputError: the folder is missing, cannot be read or holds no image, or two of its images have one stem.
    """
    files = images_by_stem(pathlib.Path(folder))
    if not files:
        raise InputError(f"The folder {folder} holds no images ({', '.join(sorted(EXTENSIONS))}).")
    twice = [stem for stem, paths in files.items() if len(paths) > 1]
    if twice:
        raise InputError(f"{len(twice)} stems of {folder} have more than one file: {named(twice)}.")
    return {stem: files[stem][0] for stem in sorted(files)}


def digest(paths):
    """Tells the contents of these files, in this order, from others.

    Raises:
      InputError: one cannot be read.
    """
    try:
        digests = [hashlib.sha256(pathlib.Path(path).read_bytes()).digest() for path in paths]
    except OSError as error:
        raise InputError(f"Cannot read {error.filename}: {error.strerror}.") from error
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16]


def refuse(bad, total, what):
    """Raises InputError if `bad`, sentences without a full stop on some of `total` things, holds any."""
    if bad:
        raise InputError(f"{len(bad)} of {total} {what} cannot be used: {'; '.join(bad[:_NAMED])}{'; ...' * (len(bad) > _NAMED)}.")


def named(names):
    """The first of many names, for a message."""
    rest = len(names) - _NAMED
    return ", ".join(map(str, names[:_NAMED])) + (f" and {rest} more" if rest > 0 else "")
