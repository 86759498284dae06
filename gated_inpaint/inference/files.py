"""Completes image files: one picture, or many with their masks; what is to be done, `jobs` finds.

What is wrong with one of many pictures is said, and the others go on; in any case a result is either complete or not there.
"""

import os
import pathlib
import signal
import sys
import threading
import time
from typing import NamedTuple, Optional

import numpy as np
import tqdm

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo, write_picture, write_png
from gated_inpaint.files.masks import hole_of_transparency, is_transparent, read_mask, read_sketch
from gated_inpaint.inference.extending import extended, extension_of
from gated_inpaint.inference.inpainter import Inpainter
from gated_inpaint.inference.jobs import CompletionOptions, Job, find_jobs
from gated_inpaint.inference.pictures import attention_picture, channel_grid, mask_over_photo
from gated_inpaint.inference.report import Report


class Outcome(NamedTuple):
    """What became of a job; `report` says what the fields mean."""

    status: str
    reason: Optional[str] = None
    width: Optional[int] = None
    height: Optional[int] = None
    hole: Optional[float] = None
    strategy: Optional[str] = None
    notes: tuple = ()


def complete_files(options: CompletionOptions) -> "list[Outcome]":
    """Completes what a `CompletionOptions` names, and writes the results; see `complete_jobs`."""
    return complete_jobs(find_jobs(options), options)


def complete_jobs(jobs: "list[Job]", options: CompletionOptions) -> "list[Outcome]":
    """Completes `Job`s and writes the results, and the report if one is wanted. What is left out is said on stderr as it comes.

    Returns [`Outcome`], one for each job.

    Raises:
      InputError: what keeps any from being completed: the weights, or where results go; for a single photo, whatever is wrong.
    """
    is_single = options.jobs is None and not os.path.isdir(options.image or "")
    to_do = [job for job in jobs if not (job.left_out or _is_there(job, options))]
    for folder in {options.save_stages, *(job.output.parent for job in to_do if job.output)} - {None}:
        _check_writable(folder)
    inpainter = to_do and Inpainter(
        options.weights,
        options.precision,
        eager=len(to_do) == 1,
        hd_strategy=options.hd_strategy,
        working_size=options.working_size,
        finish=options.finish,
        iterations=options.iterations,
        blend=options.blend,
    )

    outcomes = []
    with Report(options.report, add=options.skip_existing) as report, _LoopProgress(inpainter) as loop:
        for job in tqdm.tqdm(jobs, unit="picture", disable=is_single or None):
            began = time.monotonic()
            try:
                if loop.is_stopped:
                    raise InputError("the work was stopped before it.")
                outcome = _outcome(inpainter, job, options, is_single)
            except InputError as error:
                outcome = Outcome("left_out", str(error).rstrip("."))
            report.write(job, outcome, time.monotonic() - began)
            outcomes.append(outcome)
            for note in outcome.notes:
                _say(f"note: {note}")
            if outcome.status == "unchanged":
                _say(f"warning: the mask {job.mask} is empty: {job.image} is returned unchanged.")
            elif outcome.status == "left_out":
                if is_single:
                    raise InputError(f"{outcome.reason}.")
                _say(f"left out {job.file}: {outcome.reason}.")
    return outcomes


def _is_there(job, options):
    return options.skip_existing and job.output is not None and os.path.isfile(job.output)


def _outcome(inpainter, job, options, is_single):
    if job.left_out:
        return Outcome("left_out", job.left_out)
    if _is_there(job, options):
        return Outcome("exists")
    return _complete(inpainter, job, options, is_single)


def _complete(inpainter, job, options, is_single):
    photo = read_photo(job.image, options.max_megapixels)
    if job.mask is None and options.extend and not is_transparent(photo):
        mask, note = np.zeros(photo.array.shape[:2], bool), None
    elif job.mask is None:
        mask, note = hole_of_transparency(photo, job.image, options.grow_mask)
    else:
        mask, note = read_mask(
            job.mask,
            options.mask_from,
            options.invert_mask,
            options.grow_mask,
            photo.array.shape[:2],
            options.resize_mask,
            options.max_megapixels,
        )
    sketch = None
    if job.sketch is not None:
        sketch = read_sketch(job.sketch, options.max_megapixels)
    array = photo.array
    if options.extend:
        extension = extension_of(options.extend, array.shape[:2])
        height, width = extension.size_of(array.shape[:2])
        if height * width > options.max_megapixels * 1e6:
            raise InputError(
                f"Extended, {job.image} has {width}x{height} pixels, more than the limit of {options.max_megapixels:g} megapixels; "
                "--max_megapixels raises it."
            )
        if sketch is not None and sketch.shape != (height, width):
            _check_size("sketch", job.sketch, sketch, job.image, photo)
        array, mask, sketch = extended(extension, array, mask, sketch)
    elif sketch is not None:
        _check_size("sketch", job.sketch, sketch, job.image, photo)
    if mask.all():
        raise InputError(f"The mask {job.mask or job.image} covers the whole image: nothing is left to complete it from.")

    plan = inpainter.plan(mask)
    if is_single and plan.sentence:
        _say(f"note: {plan.sentence}.")  # Of many photos, the report has the strategy.
    with _PieceProgress() as progress:
        if options.save_stages is None:
            completed = inpainter(array, mask, sketch, progress, plan)
        else:
            stages = inpainter.stages(array, mask, sketch, progress, plan)
            completed = stages.completed
            layer_pictures = () if plan.pieces else _layer_pictures(inpainter, array, mask, sketch)
            for name, picture in (*_stage_pictures(stages, mask), ("mask", mask_over_photo(array, mask)), *layer_pictures):
                path = options.save_stages / f"{job.stages}_{name}.png"
                _make_folder(path.parent)
                write_png(path, picture)
    _make_folder(job.output.parent)
    remarks = write_picture(job.output, completed, photo, options.quality)

    height, width = mask.shape
    return Outcome(
        status="completed" if mask.any() else "unchanged",
        width=width,
        height=height,
        hole=round(float(mask.mean()), 6),
        strategy=plan.strategy,
        notes=(
            *(f"{job.image}: {remark}." for remark in photo.notes),
            *([note] if note else []),
            *(f"{job.output}: {remark}." for remark in remarks),
        ),
    )


class _PieceProgress:
    """Shows on a terminal how far a photo is that takes more than two seconds; a log gets no bars."""

    def __enter__(self):
        self._bar = None
        return self

    def __exit__(self, *exception):
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done, count):
        if self._bar is None:
            self._bar = tqdm.tqdm(total=count, unit="piece", delay=2, leave=False, disable=None)
        self._bar.update(done - self._bar.n)


class _LoopProgress:
    """Shows on stderr how far a network's loop is, and the value of what it lowers. Ctrl-C ends the loop with the best so far, and
    leaves out the photos that are still to come; a second one ends the process as ever."""

    def __init__(self, inpainter):
        self._network = inpainter.network if inpainter and inpainter.network.iterations is not None else None
        self._bar, self._before, self.is_stopped = None, None, False

    def __enter__(self):
        if self._network is not None:
            self._network.watch = self._watch
            if threading.current_thread() is threading.main_thread():  # Others cannot take signals.
                self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *exception):
        if self._network is not None:
            self._network.watch = None
            self._close()
            if self._before is not None:
                signal.signal(signal.SIGINT, self._before)

    def _watch(self, done, count, value):
        if self._bar is None:
            self._bar = tqdm.tqdm(total=count, unit="step", leave=False, disable=None)
        self._bar.set_postfix_str(f"objective {value:.6g}", refresh=False)
        self._bar.update(done + 1 - self._bar.n)
        if done + 1 == count or self.is_stopped:
            self._close()
        return self.is_stopped

    def _close(self):
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _stop(self, *_):
        self.is_stopped = True
        _say("Stopping after this step, with the best so far.")
        signal.signal(signal.SIGINT, self._before)


def _stage_pictures(stages, mask):
    """(name, picture) of `Stages`, what attention saw beside them."""
    yield from stages.stages.items()
    for prefix, offsets in stages.offsets.items():
        size = mask.shape if not prefix else [8 * positions for positions in offsets.shape[:2]]
        yield f"{prefix}attention", attention_picture(offsets, *size)


def _layer_pictures(inpainter, image, mask, sketch):
    """[(name, picture)] of the network's `layer_maps`."""
    pictures = []
    for name, maps in inpainter.layer_maps(image, mask, sketch).items():
        kind, layer = name.split("_", 1)
        title, meaning = {
            "gates": (f"{layer}: its {maps.shape[-1]} gates", ("closed", "open")),
            "mask": (f"{layer}: the mask behind it", ("known", "hole")),
        }[kind]
        pictures.append((name, channel_grid(maps, title, *meaning)))
    return pictures


def _check_size(name, path, array, image_path, photo):
    if array.shape != photo.array.shape[:2]:
        (height, width), (photo_height, photo_width) = array.shape, photo.array.shape[:2]
        raise InputError(
            f"The {name} {path} is {width}x{height} pixels and the image {image_path} {photo_width}x{photo_height}: "
            "they must have the same size."
        )


def _check_writable(folder):
    """Raises InputError if a folder is not there and cannot be made, or cannot be written in."""
    there = pathlib.Path(folder).absolute()
    while not os.path.exists(there):
        there = there.parent
    if not os.path.isdir(there):
        raise InputError(f"The output folder {folder} cannot be made: {there} is a file.")
    if not os.access(there, os.W_OK):
        raise InputError(f"The output folder {folder} cannot be written.")


def _make_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {folder}: {error.strerror}.") from error


def _say(line):
    tqdm.tqdm.write(line, file=sys.stderr)
