"""The pictures of an evaluation, in files, so that they can be looked at, made into a sheet, and completed by something else:

photos/NAME.png           as every method is given it, but for the hole
masks/KIND/NAME.png       white in the hole
completed/METHOD/KIND/NAME.png
"""

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo, write_png


class Pictures:
    """The pictures below a folder, pathlib.Path. Reading raises InputError where a file is missing, writing where it fails."""

    def __init__(self, folder):
        self._folder = folder

    def save_case(self, case):
        """Saves photo and mask of a `protocol.Case`."""
        _save(case.photo, self._photo(case.key.photo))
        _save(case.mask[..., np.newaxis] * np.uint8(255), self._mask(case.key))

    def save_completed(self, picture, method, key):
        _save(picture, self._completed(method, key))

    def has_completed(self, method, key):
        return self._completed(method, key).is_file()

    def photo(self, name):
        """uint8 [size, size, 3]."""
        return read_photo(self._photo(name)).array

    def photo_with_hole(self, key):
        """The same with a white hole."""
        return np.maximum(self.photo(key.photo), read_photo(self._mask(key)).array)

    def completed(self, method, key):
        """uint8 [size, size, 3]."""
        return read_photo(self._completed(method, key)).array

    def _photo(self, name):
        return self._folder / "photos" / f"{name}.png"

    def _mask(self, key):
        return self._folder / "masks" / key.masks / f"{key.photo}.png"

    def _completed(self, method, key):
        return self._folder / "completed" / method / key.masks / f"{key.photo}.png"


def _save(picture, path):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {path.parent}: {error.strerror}.") from error
    write_png(path, picture)
