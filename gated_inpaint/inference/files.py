"""Completes image files: one picture, or a folder of pictures with a folder of masks.

`complete_files` is what `test_main.py` runs. Trouble with one pair of a folder is reported and the pair skipped; in any case a
result is either complete or not there.
"""

import dataclasses
import os
import pathlib
import sys
from typing import Optional

import tqdm

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, EXTENSIONS, images_by_stem, read_mask, read_photo, write_png
from gated_inpaint.inference.crops import complete_in_crops
from gated_inpaint.inference.inpainter import Inpainter
from gated_inpaint.inference.pictures import attention_picture, channel_grid, mask_over_photo


@dataclasses.dataclass(frozen=True)
class CompletionOptions:
    """What to complete, with what, to where."""

    image: pathlib.Path  # A file, or a folder.
    mask: pathlib.Path  # A file (used for every image, if those are a folder), or a folder: files pair by stem.
    output: pathlib.Path  # A .png in an existing folder; an existing folder if `image` is one.
    weights: Optional[str] = None  # What `Inpainter` takes; None for the bundled weights.
    sketch: Optional[pathlib.Path] = None  # Like `mask`; white lines on black, for guided weights.
    invert_mask: bool = False  # The hole is black in the mask files, not white.
    precision: str = "float32"  # Or "bfloat16".
    save_stages: Optional[pathlib.Path] = None  # A folder for the pictures of each stage; made if need be.
    working_size: Optional[int] = None  # Complete holes in crops reduced to this side; None: the photo as it is.
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS


def complete_files(options):
    """Completes what the options name and writes PNGs.

    Returns the number of pictures completed and a list of (image path, what was wrong) for those skipped; failures are printed to
    stderr as they come, too.

    Raises:
      InputError: for a single picture, whatever is wrong with it; for folders, what keeps any from being completed.
    """
    if options.working_size is not None and options.save_stages is not None:
        raise InputError("The stages of crops cannot be saved: leave out --save_stages, or choose --hd_strategy=original.")
    is_folder = options.image.is_dir()
    jobs, failures = _pair_folder(options) if is_folder else ([_single(options)], [])
    if options.save_stages is not None:
        try:
            options.save_stages.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"Cannot make the folder {options.save_stages}: {error.strerror}.") from error
    inpainter = Inpainter(options.weights, options.precision, eager=not is_folder)
    for path, reason in failures:
        _report(f"skipped {path.name}: {reason}")

    completed = 0
    for job in tqdm.tqdm(jobs, unit="picture", disable=not is_folder):
        try:
            _complete(inpainter, job, options)
            completed += 1
        except InputError as error:
            if not is_folder:
                raise
            failures.append((job.image, str(error)))
            _report(f"skipped {job.image.name}: {error}")
    return completed, failures


@dataclasses.dataclass(frozen=True)
class _Job:
    image: pathlib.Path
    mask: pathlib.Path
    sketch: Optional[pathlib.Path]
    output: pathlib.Path


def _complete(inpainter, job, options):
    photo = read_photo(job.image, options.max_megapixels)
    mask = read_mask(job.mask, options.invert_mask, options.max_megapixels)
    _check_size("mask", job.mask, mask, job.image, photo)
    sketch = None
    if job.sketch is not None:
        sketch = read_mask(job.sketch, max_megapixels=options.max_megapixels)
        _check_size("sketch", job.sketch, sketch, job.image, photo)
    if not mask.any():
        _report(f"warning: the mask {job.mask} is empty: {job.image} is returned unchanged.")
    elif mask.all():
        raise InputError(f"The mask {job.mask} covers the whole image: nothing is left to complete it from.")

    if options.working_size is not None:
        completed = complete_in_crops(inpainter, photo.array, mask, options.working_size, sketch)
    elif options.save_stages is None:
        completed = inpainter(photo.array, mask, sketch)
    else:
        stages = inpainter.stages(photo.array, mask, sketch)
        completed = stages.completed
        attention = () if stages.offsets is None else (("attention", attention_picture(stages.offsets, *mask.shape)),)
        for name, picture in (
            *stages.stages.items(),
            *attention,
            ("mask", mask_over_photo(photo.array, mask)),
            *_layer_pictures(inpainter, photo.array, mask, sketch),
        ):
            write_png(options.save_stages / f"{job.image.stem}_{name}.png", picture)
    write_png(job.output, completed, photo.icc_profile)


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


def _single(options):
    for name, path in (("mask", options.mask), ("sketch", options.sketch), ("output", options.output)):
        if path is not None and path.is_dir():
            raise InputError(f"The {name} {path} is a folder, and the image {options.image} is not: give two files or two folders.")
    if options.output.suffix.lower() != ".png":
        raise InputError(f"Results are PNG: the output {options.output} must end in .png.")
    _check_writable(options.output.absolute().parent)
    for path in (options.image, options.mask, options.sketch):
        if path is not None and path.resolve() == options.output.resolve():
            raise InputError(f"The output {options.output} would replace an input: choose another name.")
    return _Job(options.image, options.mask, options.sketch, options.output)


def _pair_folder(options):
    """A job for every stem with one file of each kind, and (path, reason) for the others."""
    _check_writable(options.output)
    kinds = {"image": options.image, "mask": options.mask, "sketch": options.sketch}
    folders = {name: path for name, path in kinds.items() if path is not None and path.is_dir()}
    if any(folder.resolve() == options.output.resolve() for folder in folders.values()):
        raise InputError(f"The output {options.output} would replace inputs: choose another folder.")
    files = {name: images_by_stem(folder) for name, folder in folders.items()}
    if not files["image"]:
        raise InputError(f"The folder {options.image} holds no images ({', '.join(sorted(EXTENSIONS))}).")

    jobs, failures = [], []
    for stem in sorted(set().union(*files.values())):
        found = {name: by_stem.get(stem, []) for name, by_stem in files.items()}
        wrong = next((name for name, paths in found.items() if len(paths) != 1), None)
        if wrong is None:
            chosen = {name: found[name][0] if name in found else path for name, path in kinds.items()}
            jobs.append(_Job(**chosen, output=options.output / f"{stem}.png"))
        else:
            number = "more than one" if found[wrong] else "no"
            named = next(paths[0] for paths in found.values() if paths)
            failures.append((named, f"there is {number} {wrong} {folders[wrong] / stem}.*"))
    return jobs, failures


def _check_writable(folder):
    if not folder.is_dir():
        raise InputError(f"The output folder {folder} does not exist: make it first.")
    if not os.access(folder, os.W_OK):
        raise InputError(f"The output folder {folder} cannot be written.")


def _report(line):
    tqdm.tqdm.write(line, file=sys.stderr)
