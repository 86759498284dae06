"""One job: from a photo's file and its mask's to a completed photo's. What there is to do, `jobs` finds; `files` does many."""

import time

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo, write_picture, write_png
from gated_inpaint.files.masks import hole_of_transparency, is_transparent, read_mask, read_sketch
from gated_inpaint.inference.extending import extended, extension_of
from gated_inpaint.inference.inpainter import Inpainter
from gated_inpaint.inference.jobs import CompletionOptions, is_there
from gated_inpaint.inference.pictures import attention_picture, channel_grid, mask_over_photo
from gated_inpaint.inference.progress import PieceProgress, say
from gated_inpaint.inference.report import Outcome


def take_share(threads, gpu=None):
    """Lets TensorFlow take a worker's share of the machine alone; to be called before it computes anything.

    Arguments:
      threads: in which it computes.
      gpu: the worker's number, by which it takes one of the machine's GPUs; None: it takes all that it sees.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and gpu is not None:
        gpus = [gpus[gpu % len(gpus)]]
        tf.config.set_visible_devices(gpus, "GPU")
    for one in gpus:
        tf.config.experimental.set_memory_growth(one, True)  # Others may be on it.


def make_inpainter(options: CompletionOptions, eager: bool = False) -> Inpainter:
    """The inpainter of a `CompletionOptions`. Raises InputError."""
    return Inpainter(
        options.weights,
        options.precision,
        eager=eager,
        hd_strategy=options.hd_strategy,
        working_size=options.working_size,
        finish=options.finish,
        iterations=options.iterations,
        blend=options.blend,
    )


def complete_job(inpainter, job, options, is_single=False):
    """Completes a `Job` and writes the result; `is_single`: a person waits for this photo, and sees how it is completed.

    Returns its `Outcome`, "left_out" where it cannot be completed, and the seconds that it took.
    """
    began = time.monotonic()
    try:
        if job.left_out:
            outcome = Outcome("left_out", job.left_out)
        elif is_there(job, options):
            outcome = Outcome("exists")
        else:
            outcome = _complete(inpainter, job, options, is_single)
    except InputError as error:
        outcome = Outcome("left_out", str(error).rstrip("."))
    return outcome, time.monotonic() - began


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
    if is_single:  # Of many photos, the report has the strategy.
        if inpainter.fitting(mask) is not inpainter:
            say('note: the hole is thin, so it is completed with the weights "thin".')
        if plan.sentence:
            say(f"note: {plan.sentence}.")
    with PieceProgress() as progress:
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


def _make_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {folder}: {error.strerror}.") from error
