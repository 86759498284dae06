"""What every method is given: the same photos with the same holes.

Photos    files as `data.find_photos` takes them (a folder, a glob, a list), in its order; each is known by its stem. The middle
          square is cut out, its side the wanted size; of larger photos half the short side, which is then reduced; of smaller ones
          the whole short side, which is then enlarged (as in a training's validation). The picture has 8 bits a channel.
Masks     kinds of them, every photo once with each:
            centre      the rectangle in the middle, half as high and as wide as the picture
            free_form   brush strokes (`masks.strokes`): that of photo k, counted from 0, follows from the seed and k alone
            (folder)    mask files: that of a photo's name (`files.pairing`) if every photo has one; if none has, photo k gets file
                        k of the folder, by name, starting again at its end. They are square, and brought to the size by nearest
                        neighbour; something of the picture must then be in the hole, and something outside. The kind has the
                        folder's name.

The paper (arXiv 1806.03589, section 4) evaluates on Places2 with a centre rectangle and with free-form masks, 256x256.
"""

import collections
import hashlib
import pathlib
from typing import Callable, NamedTuple

import cv2
import numpy as np
import tensorflow as tf

from gated_inpaint import masks
from gated_inpaint.data import find_photos, validation_examples
from gated_inpaint.data.sources import PhotoFiles
from gated_inpaint.errors import InputError
from gated_inpaint.files.masks import read_mask
from gated_inpaint.files.pairing import digest, files_by_stem, masks_by_name, named, refuse

_DRAWN = {
    "centre": (masks.centre, "the rectangle in the middle, half as high and as wide as the picture"),
    "free_form": (masks.strokes, "brush strokes, seed {seed}"),
}


class Key(NamedTuple):
    """What tells a case from the others."""

    photo: str  # Stem of its file.
    masks: str  # Kind.


class Case(NamedTuple):
    """A photo with a mask."""

    key: Key
    photo: np.ndarray  # uint8 [size, size, 3], RGB.
    mask: np.ndarray  # bool [size, size], true in the hole.


class Masks(NamedTuple):
    """A kind of masks."""

    kind: str
    description: str
    mask: Callable[[int], np.ndarray]  # Of photo k: bool [size, size].


class Protocol:
    """The cases of an evaluation.

    Arguments:
      images: source of the photos.
      kinds: of masks, names or folders as above.
      size: side of the pictures, in pixels.
      seed: of the masks that are drawn.

    Raises:
      InputError: there are no photos, or one cannot be used, or two have one stem; masks are not there, or do not pair.
    """

    def __init__(self, images, kinds, size, seed):
        self.size = size
        self._found = find_photos(images, max_bad_fraction=0)
        self.photos = _stems(images, self._found.located)
        self.digest = hashlib.sha256("/".join([self._found.digest(), *self.photos]).encode()).hexdigest()[:16]
        self.masks = [self._masks(kind, seed) for kind in kinds]
        self.kinds = [one.kind for one in self.masks]
        twice = [kind for kind, count in collections.Counter(self.kinds).items() if count > 1]
        if twice:
            raise InputError(f"Two kinds of masks have one name: {', '.join(twice)}.")
        self.keys = [Key(photo, kind) for photo in self.photos for kind in self.kinds]

    def cases(self):
        """Every `Case`, in the order of `keys`.

        Raises:
          InputError: a photo changed since it was found, or a mask file cannot be used.
        """
        try:
            for index, example in enumerate(validation_examples(self._found, self.size)):
                photo = np.round((example["image"].numpy() + 1.0) * 127.5).astype(np.uint8)
                for one in self.masks:
                    yield Case(Key(self.photos[index], one.kind), photo, one.mask(index))
        except tf.errors.OpError as error:
            raise InputError(str(error.message).splitlines()[0]) from error

    def _masks(self, kind, seed):
        if kind in _DRAWN:
            return _drawn_masks(kind, self.size, seed)
        if not pathlib.Path(kind).is_dir():
            raise InputError(f"The masks '{kind}' are neither a kind that can be drawn ({', '.join(_DRAWN)}) nor a folder.")
        return _mask_files(kind, self.photos, self.size)


def _stems(images, located):
    if not isinstance(located, PhotoFiles):
        raise InputError(f"{images} holds TFRecords: evaluation needs photos in files of their own, whose names tell them apart.")
    stems = [pathlib.Path(path).stem for path in located.names()]
    undecoded = [ascii(stem) for stem in stems if any("\ud800" <= letter <= "\udfff" for letter in stem)]
    if undecoded:
        raise InputError(f"{len(undecoded)} photos of {images} have names that are not in UTF-8: {named(undecoded)}.")
    twice = [stem for stem, count in collections.Counter(stems).items() if count > 1]
    if twice:
        raise InputError(f"{len(twice)} stems of {images} have more than one photo: {named(twice)}.")
    return stems


def _drawn_masks(kind, size, seed):
    function, description = _DRAWN[kind]
    draw = tf.function(lambda index: function(tf.stack([tf.constant(seed, tf.int64), index]), size, size), autograph=False)
    return Masks(kind, description.format(seed=seed), lambda index: draw(tf.constant(index, tf.int64)).numpy()[..., 0].astype(bool))


def _mask_files(folder, photos, size):
    files = list(files_by_stem(folder).values())
    found = masks_by_name(photos, files)
    twice = [path.name for paths in found.values() if len(paths) > 1 for path in paths]
    if twice:
        raise InputError(f"Photos have more than one mask of their name in {folder}: {named(twice)}.")
    without = [photo for photo in photos if photo not in found]
    if without and len(without) < len(photos):
        raise InputError(f"{len(without)} of {len(photos)} photos have no mask of their name in {folder}: {named(without)}.")
    paths = files if without else [found[photo][0] for photo in photos]
    pairing = "in turn" if without else "each for the photo of its name"

    bad = []
    for path in paths:
        try:
            _read_square_mask(path, size)
        except InputError as error:
            bad.append(str(error).rstrip("."))
    refuse(bad, len(paths), f"masks of {folder}")

    def mask(index):
        return _read_square_mask(paths[index % len(paths)], size)

    return Masks(pathlib.Path(folder).resolve().name, f"{len(paths)} files of {folder}, {pairing} (sha256 {digest(paths)})", mask)


def _read_square_mask(path, size):
    hole = read_mask(path).hole
    if hole.shape[0] != hole.shape[1]:
        raise InputError(f"{path} is {hole.shape[1]}x{hole.shape[0]} pixels, and not square as the cut photos are.")
    resized = cv2.resize(hole.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST).astype(bool)
    if resized.all() or not resized.any():
        raise InputError(f"{path} {'covers the whole picture' if resized.all() else 'is empty'}, at {size}x{size} pixels.")
    return resized
