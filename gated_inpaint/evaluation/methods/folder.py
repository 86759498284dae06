"""Pictures that something else completed: FOLDER/KIND/NAME.* for the photo NAME.* and masks of a KIND.

Where there is one kind of masks, they may be in FOLDER itself. `--save_pictures` writes the photos and masks to be completed.
"""

import pathlib

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.methods.method import Method
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.files.pairing import digest, files_by_stem, named, refuse


class Folder(Method):
    """Arguments: the folder's path."""

    def __init__(self, path):
        self._folder = pathlib.Path(path)
        self._files = {}
        self.description = f"pictures in {path}"  # Which ones, `check` says.

    def check(self, name, keys, size):
        kinds = dict.fromkeys(key.masks for key in keys)
        for kind in kinds:
            in_itself = len(kinds) == 1 and not (self._folder / kind).is_dir()
            self._files[kind] = files_by_stem(self._folder if in_itself else self._folder / kind)
        missing = [key for key in keys if key.photo not in self._files[key.masks]]
        if missing:
            examples = named([f"{key.photo} ({key.masks})" for key in missing])
            raise InputError(f"{name}: {len(missing)} of {len(keys)} completed pictures are not in {self._folder}: {examples}.")
        bad = []
        for key in keys:
            try:
                self._read(key, (size, size, 3))
            except InputError as error:
                bad.append(str(error).rstrip("."))
        refuse(bad, len(keys), f"pictures of {name}")
        files = [self._files[key.masks][key.photo] for key in keys]
        self.description = f"{len(files)} pictures in {self._folder} (sha256 {digest(files)})"

    def complete(self, image, mask, key):
        return self._read(key, image.shape)

    def _read(self, key, shape):
        path = self._files[key.masks][key.photo]
        picture = read_photo(path).array
        if picture.shape != shape or picture.dtype != np.uint8:
            raise InputError(
                f"{path} is of type {picture.dtype} and shape {list(picture.shape)}, not uint8 {list(shape)}: "
                "--save_pictures writes what has to be completed."
            )
        return picture
