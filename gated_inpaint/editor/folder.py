"""The folder that the editor was started with, or the one photo: their names, and nothing else of the disk."""

import contextlib
import io
import os
import pathlib

from PIL import Image, ImageOps

from gated_inpaint.editor.problems import Problem
from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import EXTENSIONS

THUMBNAIL_SIDE = 192


class Folder:
    """Arguments: path of a photo or a folder, or None. Raises InputError if a folder cannot be read."""

    def __init__(self, source):
        self._source = None if source is None else pathlib.Path(source).resolve()
        self.is_folder = self._source is not None and self._source.is_dir()
        self.title = "" if self._source is None else self._source.name
        self.names()

    def names(self):
        """Names of the photos, sorted as people count: 2 before 10."""
        if self._source is None:
            return []
        if not self.is_folder:
            return [self._source.name]
        try:
            found = [entry.name for entry in os.scandir(self._source) if not entry.name.startswith(".") and entry.is_file()]
        except OSError as error:
            raise InputError(f"Cannot read the folder {self._source}: {error.strerror}.") from error
        return sorted(filter(self._is_photo, found), key=_as_counted)

    def read(self, name):
        """The bytes of one of `names`. Raises Problem if it is none of them, or InputError if it cannot be read."""
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise InputError(f"Cannot read {name}: {error.strerror}.") from error

    def thumbnail(self, name):
        """A small JPEG; of what Pillow cannot reduce, InputError."""
        try:
            with Image.open(self._path(name)) as image:
                image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
                small = ImageOps.exif_transpose(image)
                small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
                if small.mode.startswith("I;16") or small.mode == "I":
                    small = small.point(lambda level: level / 257).convert("L")
                data = io.BytesIO()
                small.convert("RGB").save(data, "JPEG", quality=80)
        except (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError) as error:
            raise InputError(f"{name} cannot be shown: {' '.join(str(error).split())}.") from error
        return data.getvalue()

    def _is_photo(self, name):
        with contextlib.suppress(UnicodeEncodeError):  # No text, and so no part of an address.
            name.encode()
            return self._is_inside(name)
        return False

    def _is_inside(self, name):
        return pathlib.PurePath(name).suffix.lower() in EXTENSIONS and (self._source / name).resolve().parent == self._source

    def _path(self, name):
        """The path of one of the names: a name that leads elsewhere is none of them, nor is a link to elsewhere."""
        if name not in self.names():
            raise Problem(404, f"There is no photo {name} in the folder that the editor was started with.")
        return self._source / name if self.is_folder else self._source


def _as_counted(name):
    digits, parts = "", []
    for letter in name.lower() + "\0":
        if letter.isdigit() and letter.isascii():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, letter))
    return parts
