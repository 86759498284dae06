"""Files that the user gave: which belongs to which photo, whether they are still the same, and which cannot be used.

To the photo `photos/a.jpg` belong, by their names,

  what was made of it    a.*
  masks                  a.*, a_mask.*, a_mask001.* or mask_a.* in another folder; the same but for a.* beside it

and to frames of a film, where no mask belongs to any by its name, the masks of the same numbers: `mask_0001.png` to `frame_1.jpg`.
"""

import collections
import hashlib
import os
import pathlib
import re

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import EXTENSIONS, images_by_stem

_NAMED = 5
_MASK_OF = re.compile(r"(.+)_mask\d*|mask_(.+)", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)(\d+)")


def photo_of_mask(stem):
    """NAME of a stem NAME_mask, NAME_mask001 or mask_NAME; None of others."""
    match = _MASK_OF.fullmatch(stem)
    return match and (match[1] or match[2])


def masks_by_name(stems, masks):
    """{stem: [paths]} of those photos, by their stems, to which some of the masks, paths, belong by their names."""
    stems, belonging = set(stems), collections.defaultdict(list)
    for mask in masks:
        for name in {mask.stem, photo_of_mask(mask.stem)} & stems:
            belonging[name].append(mask)
    return dict(belonging)


def masks_by_number(stems, masks):
    """The same by the numbers at the ends of all names, which are otherwise alike; {} if there is one that is not."""
    photos = [(stem, _NUMBERED.fullmatch(stem)) for stem in stems]
    numbered = [(mask, _NUMBERED.fullmatch(mask.stem)) for mask in masks]
    for matches in (photos, numbered):
        if not all(match for _, match in matches) or len({match[1] for _, match in matches}) != 1:
            return {}
    by_number = collections.defaultdict(list)
    for mask, match in numbered:
        by_number[int(match[2])].append(mask)
    return {stem: by_number[int(match[2])] for stem, match in photos if int(match[2]) in by_number}


def files_below(root, recursive=False, leave_alone=()):
    """All files of a folder, and, if recursive, of the folders in it; hidden ones do not count.

    Arguments:
      root: the folder's path.
      leave_alone: files and folders in it that are something else: where results go, say. As `os.path.realpath` gives them.

    Returns {folder, relative to the root: its files, sorted}, and [(path, reason)] for what was not looked into.

    Raises:
      InputError: the folder is missing or cannot be read.
    """
    root, files, closed, seen = pathlib.Path(root), {}, [], set()

    def look(folder):
        seen.add(os.path.realpath(folder))
        here = files.setdefault(folder.relative_to(root), [])
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or os.path.realpath(path) in leave_alone:
                continue
            if os.path.isfile(path):
                here.append(path)
            elif not os.path.isdir(path):
                closed.append((path, "it is no file, but a link to nothing or a device"))
            elif not recursive:
                closed.append((path, "it is a folder; --recursive goes into folders"))
            elif os.path.realpath(path) in seen:
                closed.append((path, "it is a link to a folder that is gone through anyway"))
            else:
                try:
                    look(path)
                except OSError as error:
                    closed.append((path, f"it cannot be read: {error.strerror}"))

    try:
        look(root)
    except OSError as error:
        raise InputError(f"Cannot read the folder {root}: {error.strerror}.") from error
    return files, closed


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
