"""From a photo and its mask to a completed picture, with what `gated-inpaint complete` uses: same pixels, files and sentences.

`Models` holds an `Inpainter` for each of the weights, loaded and warmed up by the worker's thread; everything else here is files.
"""

import collections
import dataclasses
import threading
import time
from typing import NamedTuple, Optional

import numpy as np

from gated_inpaint.editor.options import name_of
from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, decode_photo
from gated_inpaint.files.masks import hole_of_transparency, lines_of, mask_of
from gated_inpaint.inference.inpainter import Inpainter
from gated_inpaint.inference.plan import SMALLEST_WORKING_SIZE, STRATEGIES, ChosenPlan, work_of

CALIBRATION_SIDE = 192  # Pixels of the photo that tells how fast this machine is.
SLOW = 10.0  # Seconds; weights that take longer for a small photo are not asked to do another.
USUAL = "auto", None, False  # Strategy, working size, and whether results are finished.
KEPT = 8  # Inpainters of other strategies and working sizes; they share their networks.


@dataclasses.dataclass(frozen=True)
class Request:
    """What one completion is asked for. Those on masks mean what `gated-inpaint complete` means by them."""

    model: Optional[str] = None  # A name of `Models`; None: the first.
    hd_strategy: str = "auto"
    working_size: Optional[int] = None
    finish: bool = False
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

    def load(self, name, request=None):
        """The `Inpainter` for a `Request`, loaded by whoever asks first; of other than the usual ones, the last are kept."""
        usual, key = (name, *USUAL), (name, *((request.hd_strategy, request.working_size, request.finish) if request else USUAL))
        with self._lock:
            if usual not in self._inpainters:
                inpainter = Inpainter(self._sources[name], **self._settings)
                if not inpainter.network.exportable:
                    raise InputError(f"{name} completes by a loop of minutes, not for a page: gated-inpaint complete runs it.")
                self._inpainters[usual] = inpainter
            if key not in self._inpainters:
                self._inpainters[key] = self._inpainters[usual].with_strategy(*key[1:])
            self._inpainters.move_to_end(key)
            others = [other for other in self._inpainters if other[1:] != USUAL]
            for other in others[:-KEPT]:
                del self._inpainters[other]
            return self._inpainters[key]

    def warm_up(self, name, channels=3, dtype="uint8"):
        """Makes the graph for photos of that kind, before anybody waits for it."""
        if self.is_warm(name, channels, dtype):
            return
        self._complete_square(name, 64, channels, dtype)
        self._complete_square(name, 64, channels, dtype, thickness=1)
        self._warm.add((name, channels, dtype))

    def is_warm(self, name, channels, dtype):
        return (name, channels, dtype) in self._warm

    def load_all(self, learn=lambda name, work, seconds: None):
        """Warms all of them up; `learn` is told how long a known amount of work takes."""
        for name in self._sources:
            began = time.monotonic()
            self.warm_up(name)
            if time.monotonic() - began < SLOW:
                learn(name, *self._complete_square(name, CALIBRATION_SIDE))

    def _complete_square(self, name, side, channels=3, dtype="uint8", thickness=None):
        """Completes a small photo, with a square hole or a line of a thickness; returns how much work it was, and the seconds."""
        inpainter = self.load(name)
        photo, hole = np.zeros([side, side, channels], dtype), np.zeros([side, side], bool)
        hole[side // 4 : side // 4 + (thickness or side // 4), side // 4 : side // 2] = True
        began, plan = time.monotonic(), inpainter.plan(hole)
        inpainter(photo, hole, hole if inpainter.network.takes_sketch else None, plan=plan)
        return work_of(inpainter.network, plan, hole), time.monotonic() - began

    @property
    def is_ready(self):
        return len({name for name, *_ in self._warm}) == len(self._sources)

    def describe(self):
        """What there is, as JSON; what only a loaded network tells is null before."""
        described = []
        for name in self._sources:
            inpainter = self._inpainters.get((name, *USUAL))
            described.append(
                {
                    "name": name,
                    "ready": self.is_warm(name, 3, "uint8"),
                    "network": inpainter and inpainter.network.describe(),
                    "takes_sketch": inpainter and inpainter.network.takes_sketch,
                    "finishing": inpainter and inpainter.network.finishing,
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


class Planned(NamedTuple):
    """What will be done with a photo, before it is."""

    chosen: ChosenPlan
    work: float  # As `plan.work_of` counts it.


def planned(models, request, hole):
    """What a `Request` does with a photo of this hole, bool [height, width]. Raises InputError if the network refuses it."""
    inpainter = models.load(models.checked(request.model), request)
    chosen = inpainter.plan(hole)
    return Planned(chosen, work_of(inpainter.network, chosen, hole))


def complete(models, request, array, hole, lines=None, job=None, plan=None):
    """The completed picture, of the array's shape and dtype.

    Arguments:
      models: `Models`.
      request: a `Request`.
      array: [height, width, 1-4], uint8 or uint16.
      hole, lines: bool [height, width].
      job: the worker's `Job` that this is done in, which may be cancelled, or None.
      plan: the `ChosenPlan`, if it is made already.
    """
    inpainter = models.load(models.checked(request.model), request)
    if job is None:
        return inpainter(array, hole, lines, plan=plan)
    job.check()
    job.began = time.monotonic()  # Loading is not what its estimate is about.
    return inpainter(array, hole, lines, job.check, plan)
