"""The photos held in memory, and what became of them.

A photo is held as its file's bytes and its array. What a completion made is held as a `Patch`: the pixels of the hole, and in which
state of the photo; so a state is a chain of patches, and a photo of 24 megapixels with twenty results is not held twenty times.
Ids are hashes of what they name: who sends the same photo or patch again gets the same id. So the server may forget what was used
longest ago, or be started anew: the page has files and patches, and brings back what is missing.
"""

import collections
import hashlib
import io
import pathlib
import threading
from typing import NamedTuple

import numpy as np
from PIL import Image

from gated_inpaint.editor.problems import not_held
from gated_inpaint.errors import InputError
from gated_inpaint.files import encoding
from gated_inpaint.files.image_files import Photo, decode_photo

ORIGINAL = "original"  # The version without patches.


class Patch(NamedTuple):
    """The pixels of a hole, as they were completed."""

    parent: str  # The version that was completed.
    begin: "tuple[int, int]"  # Row and column of the hole's window.
    hole: np.ndarray  # bool [height, width].
    color: np.ndarray  # [height, width, 1 or 3], of the photo's dtype; anything outside the hole.
    file: bytes  # As PNG: the colours, opaque in the hole, with the photo's profile.


class HeldPhoto:
    """A photo and its patches; `id` and `name` of the file, `photo`, `data` its bytes.

    `is_shown_as_file`: browsers show the file as it is here, so that no other has to be made, which takes longer than to read it.
    """

    def __init__(self, name, data, photo):
        self.is_shown_as_file = photo.metadata.format == "JPEG" and _mode(data) in ("L", "RGB")
        self.id, self.name, self.data, self.photo = _hash(name.encode(), data), name, data, photo
        self.asked = {}  # {version: (Request, lines)} of what was made here.
        self._patches, self._lock = {}, threading.Lock()

    @property
    def color_channels(self):
        return 3 if self.photo.array.shape[-1] > 2 else 1

    @property
    def bytes(self):
        with self._lock:
            patches = sum(patch.color.nbytes + patch.hole.nbytes + len(patch.file) for patch in self._patches.values())
        return len(self.data) + self.photo.array.nbytes + patches

    def patch(self, version):
        with self._lock:
            if version not in self._patches:
                raise not_held("result")
            return self._patches[version]

    def array(self, version):
        """The picture as it is in a version, an array of its own unless it is the original."""
        chain = []
        while version != ORIGINAL:
            chain.append(self.patch(version))
            version = chain[-1].parent
        array = self.photo.array.copy() if chain else self.photo.array
        for patch in reversed(chain):
            (row, column), (height, width) = patch.begin, patch.hole.shape
            window = array[row : row + height, column : column + width]
            window[..., : self.color_channels][patch.hole] = patch.color[patch.hole]
            window[..., self.color_channels :][patch.hole] = np.iinfo(array.dtype).max
        return array

    def add(self, parent, completed, hole):
        """Keeps what was made of a hole, bool [height, width], which is not empty; returns the new version's name."""
        rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        color, inside = completed[window][..., : self.color_channels].copy(), hole[window].copy()
        opaque = np.where(inside, np.iinfo(color.dtype).max, 0)[..., np.newaxis].astype(color.dtype)
        colors = {"icc_profile": self.photo.metadata.icc_profile, "png_colors": self.photo.metadata.png_colors}
        said = Photo(color).metadata._replace(**colors)
        # Outside the hole black, which compresses, and shows nothing of what else is in the photo.
        file, _ = encoding.encode("patch.png", np.concatenate([color * inside[..., np.newaxis], opaque], axis=-1), said, 95)
        return self._keep(Patch(parent, (int(rows[0]), int(columns[0])), inside, color, file))

    def add_again(self, parent, begin, data):
        """Keeps a patch that the server made once, from its file; returns its version.

        Raises:
          InputError: it is no patch of this photo.
        """
        array, (height, width) = decode_photo(data, "The patch").array, self.photo.array.shape[:2]
        fits = array.dtype == self.photo.array.dtype and array.shape[-1] == self.color_channels + 1
        row, column = begin
        inside = 0 <= row and 0 <= column and row + array.shape[0] <= height and column + array.shape[1] <= width
        hole = array[..., -1] > 0
        if not (fits and inside and hole.any()):
            raise InputError("The patch does not belong to this photo.")
        self.array(parent)  # It is there.
        return self._keep(Patch(parent, (row, column), hole, array[..., :-1], data))

    def _keep(self, patch):
        version = _hash(patch.parent.encode(), str(patch.begin).encode(), patch.file)
        with self._lock:
            self._patches[version] = patch
        return version

    def file(self, version, output_format, quality):
        """(name, bytes, remarks) of the picture as a file: of the photo's own format, or PNG where it has none that is written."""
        path = pathlib.PurePath(self.name)
        suffix = suffix_of(path.name, output_format)
        data, remarks = encoding.encode(path.with_suffix(suffix).name, self.array(version), self.photo.metadata, quality)
        return f"{path.stem}_completed{suffix}", data, remarks


class Photos:
    """Photos by id, of at most `limit` bytes together; those used longest ago are forgotten."""

    def __init__(self, limit, max_megapixels):
        self._limit, self._max_megapixels = limit, max_megapixels
        self._photos, self._lock = collections.OrderedDict(), threading.Lock()

    def open(self, name, data):
        """A `HeldPhoto` of a file's bytes. Raises InputError."""
        key = _hash(name.encode(), data)
        with self._lock:
            known = self._photos.get(key)
        held = known or HeldPhoto(name, data, decode_photo(data, name, self._max_megapixels))
        with self._lock:
            self._photos[key] = held
        self.make_room(held)
        return held

    def get(self, key):
        """Raises Problem if it is not held."""
        with self._lock:
            if key not in self._photos:
                raise not_held("photo")
            self._photos.move_to_end(key)
            return self._photos[key]

    def make_room(self, held):
        """Forgets others than this one until the rest is within the limit."""
        with self._lock:
            self._photos.move_to_end(held.id)
            total = sum(photo.bytes for photo in self._photos.values())
            while total > self._limit and len(self._photos) > 1:
                total -= self._photos.popitem(last=False)[1].bytes

    def count(self):
        with self._lock:
            return len(self._photos), sum(photo.bytes for photo in self._photos.values())


def suffix_of(name, output_format):
    """What a result of a photo of that name ends in."""
    suffix = pathlib.PurePath(name).suffix
    return suffix if output_format == "same" and suffix.lower() in encoding.SUFFIXES else ".png"


def _mode(data):
    """What a file's head says of its colours, in Pillow's words."""
    with Image.open(io.BytesIO(data)) as image:
        return image.mode


def _hash(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]
