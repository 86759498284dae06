"""From a photo and its mask to a completed picture, with what `gated-inpaint complete` uses: same pixels, files and sentences.

`Models` holds an `Inpainter` for each of the weights, loaded and warmed up by the worker's thread; everything else here is files.
"""

import collections
import dataclasses
import threading
import time
from typing import Optional

import numpy as np
import tensorflow as tf

from gated_inpaint.editor.options import name_of
from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, decode_photo
from gated_inpaint.files.masks import hole_of_transparency, lines_of, mask_of
from gated_inpaint.inference.inpainter import Inpainter
from gated_inpaint.inference.plan import SMALLEST_WORKING_SIZE, STRATEGIES, TILE_SIZE

KEPT = 8  # Inpainters of other strategies and working sizes; they share their networks.


@dataclasses.dataclass(frozen=True)
class Request:
    """What one completion is asked for. Those on masks mean what `gated-inpaint complete` means by them."""

    model: Optional[str] = None  # A name of `Models`; None: the first.
    hd_strategy: str = "auto"
    working_size: Optional[int] = None
    mask_from: str = "auto"
    invert_mask: bool = False
    grow_mask: int = 0
    resize_mask: bool = False
    output_format: str = "same"  # Or "png".
    quality: int = 95
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS

    def __post_init__(self):
        if self.hd_strategy not in STRATEGIES:
            raise InputError(f"hd_strategy must be one of {', '.join(STRATEGIES)}, not {self.hd_strategy}.")
        if self.working_size is not None and self.hd_strategy == "original":
            raise InputError("--hd_strategy=original completes photos as they are: leave out --working_size.")
        if self.working_size is not None and not SMALLEST_WORKING_SIZE <= self.working_size <= 65536:
            raise InputError(f"The working size must be at least {SMALLEST_WORKING_SIZE} pixels, not {self.working_size}.")
        if self.output_format not in ("png", "same"):
            raise InputError(f"output_format must be png or same, not {self.output_format}.")
        if not 1 <= self.quality <= 100:
            raise InputError(f"quality must be from 1 to 100, not {self.quality}.")
        if abs(self.grow_mask) > 1000:
            raise InputError(f"grow_mask must be from -1000 to 1000, not {self.grow_mask}.")


class Models:
    """The weights to choose from.

    Arguments:
      weights, precision: as `EditorOptions` has them.
      eager: as `Inpainter` takes it: quicker for a few photos, and to the bit what the command makes of a single one.
    """

    def __init__(self, weights, precision, eager=False):
        self._sources = {name_of(source): source for source in weights}
        self._settings = {"precision": precision, "eager": eager}
        self._inpainters, self._warm, self._lock = collections.OrderedDict(), set(), threading.Lock()

    @property
    def default(self):
        return next(iter(self._sources))

    def checked(self, name):
        """A name that is there; None becomes the first. Raises InputError."""
        if name is None or name == "":
            return self.default
        if name not in self._sources:
            raise InputError(f"There are no weights called {name}: choose from {', '.join(self._sources)}.")
        return name

    def load(self, name, hd_strategy="auto", working_size=None):
        """The `Inpainter`, loaded by whoever asks first; of other strategies than auto, the last ones are kept."""
        key = name, hd_strategy, working_size
        with self._lock:
            if (name, "auto", None) not in self._inpainters:
                inpainter = Inpainter(self._sources[name], **self._settings)
                if not inpainter.network.exportable:
                    raise InputError(f"{name} completes by a loop of minutes, not for a page: gated-inpaint complete runs it.")
                self._inpainters[name, "auto", None] = inpainter
            if key not in self._inpainters:
                self._inpainters[key] = self._inpainters[name, "auto", None].with_strategy(hd_strategy, working_size)
            self._inpainters.move_to_end(key)
            others = [other for other in self._inpainters if other[1:] != ("auto", None)]
            for other in others[:-KEPT]:
                del self._inpainters[other]
            return self._inpainters[key]

    def warm_up(self, name, channels=3, dtype="uint8"):
        """Makes the graph for photos of that kind, before anybody waits for it."""
        if self.is_warm(name, channels, dtype):
            return
        inpainter, side = self.load(name), 64
        photo, hole = np.zeros([side, side, channels], dtype), np.zeros([side, side], bool)
        hole[side // 4 : side // 2, side // 4 : side // 2] = True
        inpainter(photo, hole, hole if inpainter.network.takes_sketch else None)
        self._warm.add((name, channels, dtype))

    def is_warm(self, name, channels, dtype):
        return (name, channels, dtype) in self._warm

    def load_all(self):
        for name in self._sources:
            self.warm_up(name)

    @property
    def is_ready(self):
        return len({name for name, *_ in self._warm}) == len(self._sources)

    def describe(self):
        """What there is, as JSON; what only a loaded network tells is null before."""
        described = []
        for name in self._sources:
            inpainter = self._inpainters.get((name, "auto", None))
            described.append(
                {
                    "name": name,
                    "ready": self.is_warm(name, 3, "uint8"),
                    "network": inpainter and inpainter.network.describe(),
                    "takes_sketch": inpainter and inpainter.network.takes_sketch,
                }
            )
        return described


def read_inputs(request, image, mask=None, sketch=None, photo=None):
    """What to complete, of files.

    Arguments:
      request: a `Request`.
      image, mask, sketch: (name, bytes); no mask: what is transparent in the image is the hole.
      photo: the `Photo` of the image, where it was read before.

    Returns a `Photo`, bool [height, width] of the hole, the same of the sketch's lines or None, and remarks.

    Raises:
      InputError: what the command would say of the same files.
    """
    photo = photo or decode_photo(image[1], image[0], request.max_megapixels)
    size = photo.array.shape[:2]
    if mask is None:
        hole, note = hole_of_transparency(photo, image[0], request.grow_mask)
    else:
        hole, note = mask_of(
            decode_photo(mask[1], mask[0], request.max_megapixels).array,
            mask[0],
            request.mask_from,
            request.invert_mask,
            request.grow_mask,
            size,
            request.resize_mask,
        )
    lines = None
    if sketch is not None:
        lines = lines_of(decode_photo(sketch[1], sketch[0], request.max_megapixels).array, f"The sketch {sketch[0]}")
        if lines.shape != size:
            raise InputError(
                f"The sketch {sketch[0]} is {lines.shape[1]}x{lines.shape[0]} pixels and the image {image[0]} {size[1]}x{size[0]}: "
                "they must have the same size."
            )
    if hole.all():
        name = image[0] if mask is None else mask[0]
        raise InputError(f"The mask {name} covers the whole image: nothing is left to complete it from.")
    remarks = [*(f"{image[0]}: {remark}." for remark in photo.notes), *([note] if note else [])]
    return photo, hole, lines, remarks


def complete(models, request, array, hole, lines=None, job=None):
    """The completed picture, of the array's shape and dtype.

    Arguments:
      models: `Models`.
      array: [height, width, 1-4], uint8 or uint16.
      hole, lines: bool [height, width].
      job: the worker's `Job` that this is done in, which may be cancelled, or None.
    """
    inpainter = models.load(models.checked(request.model), request.hd_strategy, request.working_size)
    if job is None:
        return inpainter(array, hole, lines)
    job.check()
    job.began = time.monotonic()  # Loading is not what its estimate is about.
    return inpainter(array, hole, lines, job.check)


def work_of(inpainter, size, begin, end, request):
    """How much work a hole in that window is, in units that compare among completions by one network and strategy."""
    extent = np.maximum(np.subtract(end, begin), 1)
    if request.hd_strategy != "original" and max(size) > TILE_SIZE:  # About: what a plan says takes the hole itself.
        working_size = request.working_size or TILE_SIZE
        side = max(2 * extent.max(), working_size)
        scale = min(working_size / side, 1.0)
        size = np.minimum(size, side) * scale
        begin, end = (size - extent * scale) / 2, (size + extent * scale) / 2
    height, width = (int(np.ceil(side / 8)) * 8 for side in size)
    windows = inpainter.network.windows
    if windows is None:
        return float(height * width)
    window = np.clip([np.floor(begin), np.ceil(end)], 0, [height, width]).astype(np.int32)
    return float(windows.multiplications(tf.constant(window[np.newaxis]), tf.constant([height, width]))[0])
