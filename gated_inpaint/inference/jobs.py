"""What there is to complete: from what a person names to one `Job` a photo, or a reason why a file is left out.

A job is found in one of three ways:

  one photo     `image`, a file; its mask, and where the result goes
  a folder      `image`, a folder: every picture in it, and below it if `recursive`; masks from a folder, paired as `files.pairing`
                says, or one mask for all; results go below the folder `output`, under the photos' names, in the same tree
  a list        `jobs`, a file with a line for each photo: photo, mask, output. Of the latter two, either may be missing. A .csv has
                commas or semicolons, and may begin with a line that names its columns (photo, mask, sketch, output); anything else
                has spaces, names with spaces in quotes, or tabs. Photos and masks are relative to the list's folder, or else to the
                working directory; results to `output`, if that is given, or else to the working directory.

Where no mask is named, the transparent part of the photo is the hole. Nothing is left out silently but hidden files. No image is
read here, so nothing of this takes TensorFlow.
"""

import collections
import csv
import dataclasses
import os
import pathlib
import re
from typing import NamedTuple, Optional, Union

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS, EXTENSIONS, OUTPUT_SUFFIXES
from gated_inpaint.files.pairing import files_below, masks_by_name, masks_by_number, named, photo_of_mask
from gated_inpaint.inference.blending import BLENDS
from gated_inpaint.inference.extending import extension_of

ENGINES = ("processes", "ray")
COLUMNS = ("photo", "mask", "output")

_MUST_END = f"must end in {', '.join(OUTPUT_SUFFIXES)}"
_NOT_READ = "is of a kind that is not read here ({})"

Path = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True)
class CompletionOptions:
    """What to complete, with what, to where. `gated-inpaint complete` has a flag for each field."""

    image: Optional[Path] = None  # A file, or a folder.
    mask: Optional[Path] = None  # A file, or a folder, which may be that of the images. None: what is transparent in each image.
    output: Optional[Path] = None  # A file, or a folder if `image` is one; made if need be. None: completed.png, or completed.
    jobs: Optional[Path] = None  # A list, instead of `image` and `mask`.
    weights: Optional[Path] = None  # What `Inpainter` takes; None for the bundled weights.
    sketch: Optional[Path] = None  # White lines on black, for guided weights; a file, or a folder of files of the images' stems.
    recursive: bool = False  # Go into the folders of `image`, too.
    skip_existing: bool = False  # Results that are there already are left as they are.
    shard: Optional[str] = None  # "3/16": the third of sixteen shares of the jobs, as they are sorted.
    workers: Optional[int] = None  # How many share the jobs; None: this process does them, or as many as Ray has room for.
    engine: str = "processes"  # What workers are: processes here, or, with "ray", actors of a Ray cluster.
    ray_address: Optional[str] = None  # Of a Ray cluster; None: one is started here.
    worker_cpus: Optional[float] = None  # Processors of each of Ray's workers; None: one.
    worker_gpus: Optional[float] = None  # GPUs, or a share of one, of each of Ray's workers; None: none.
    output_format: str = "png"  # Or "same": a folder's results are of their photos' formats.
    quality: int = 95  # Of results in JPEG and WebP.
    report: Optional[Path] = None  # A file to write a line of JSON to for each job; lines are added if `skip_existing`.
    mask_from: str = "auto"  # What marks the hole: see `files.masks`.
    invert_mask: bool = False  # The hole is everything else.
    grow_mask: int = 0  # Pixels by which the hole is grown; negative: shrunk.
    resize_mask: bool = False  # Bring masks of another size to the image's.
    precision: str = "float32"  # Or "bfloat16".
    save_stages: Optional[Path] = None  # A folder for the pictures of each stage; made if need be.
    hd_strategy: str = "auto"  # How large holes and photos are completed: "auto", "original", "crop" or "tiles"; see `plan`.
    working_size: Optional[int] = None  # Side of the crops or tiles; None: as the network was trained, or 512.
    extend: Optional[str] = None  # "left,top,right,bottom": pixels or percent by which photos grow; the new border is a hole, too.
    blend: str = "none"  # Of `blending.BLENDS`: what is done about seams.
    finish: bool = False  # Do the paper's own work on completed pictures, where there is any.
    iterations: Optional[int] = None  # Steps of a network that completes by a loop, at each of its scales; None: its weights'.
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS

    def __post_init__(self):
        for name in ("image", "mask", "output", "jobs", "sketch", "report", "save_stages"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, pathlib.Path(getattr(self, name)))

    def check(self):
        """Raises InputError where an option alone, or two together, make no sense."""
        if (self.image is None) == (self.jobs is None):
            raise InputError("Give either --image or --jobs: what to complete.")
        if self.jobs is not None and self.mask is not None:
            raise InputError("--jobs names the masks: leave out --mask.")
        if self.jobs is None and self.mask is None:
            of_masks = {"mask_from": self.mask_from not in ("auto", "transparent"), "invert_mask": self.invert_mask}
            given = [name for name, is_given in {**of_masks, "resize_mask": self.resize_mask}.items() if is_given]
            if given:
                raise InputError(f"--{given[0]} goes with --mask: the file that marks the hole, which may be the photo itself.")
        if self.output_format not in ("png", "same"):
            raise InputError(f"--output_format must be png or same, not {self.output_format}.")
        if not 1 <= self.quality <= 100:
            raise InputError(f"--quality must be from 1 to 100, not {self.quality}.")
        if self.working_size is not None and self.hd_strategy == "original":
            raise InputError("--hd_strategy=original completes photos as they are: leave out --working_size.")
        if self.blend not in BLENDS:
            raise InputError(f"--blend must be one of {', '.join(BLENDS)}, not {self.blend}.")
        if self.extend is not None:
            extension_of(self.extend, (100, 100))
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers must be at least 1, not {self.workers}.")
        if self.engine not in ENGINES:
            raise InputError(f"--engine must be one of {', '.join(ENGINES)}, not {self.engine}.")
        if self.engine != "ray":
            for name in ("ray_address", "worker_cpus", "worker_gpus"):
                if getattr(self, name) is not None:
                    raise InputError(f"--{name} goes with --engine=ray.")
        if self.worker_cpus is not None and self.worker_cpus <= 0:
            raise InputError(f"--worker_cpus must be more than 0, not {self.worker_cpus:g}.")
        if self.takes_workers() and self.is_single():
            raise InputError(f"{self.image} is one photo: --workers and --engine=ray are for folders and lists.")
        self.share()

    def is_single(self):
        """Whether there is one photo to complete, and no folder or list."""
        return self.jobs is None and not os.path.isdir(self.image or "")

    def takes_workers(self):
        """Whether jobs are completed in other processes."""
        return self.engine == "ray" or self.workers is not None

    def share(self):
        """(k, n) of `shard`, counted from 1."""
        match = re.fullmatch(r"([0-9]+)/([0-9]+)", self.shard or "1/1")
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f"--shard must be such as 3/16, for the third of sixteen shares, not {self.shard}.")
        return int(match[1]), int(match[2])


class Job(NamedTuple):
    """A photo to complete, or a file that is left out."""

    image: Optional[pathlib.Path]  # None for a mask or sketch that belongs to no photo.
    mask: Optional[pathlib.Path] = None  # None: the transparent part of the photo.
    sketch: Optional[pathlib.Path] = None
    output: Optional[pathlib.Path] = None
    stages: str = ""  # How the pictures of its stages are called, a path below their folder.
    left_out: str = ""  # Why it cannot be completed; empty if it can be tried.

    @property
    def file(self):
        """The file that the job is about."""
        return self.image or self.mask or self.sketch


def is_there(job: Job, options: CompletionOptions) -> bool:
    """Whether a job's result is there already, and is to be left as it is."""
    return options.skip_existing and job.output is not None and os.path.isfile(job.output)


def find_jobs(options: CompletionOptions) -> "list[Job]":
    """The `Job`s of a `CompletionOptions`, this shard's alone.

    Raises:
      InputError: options do not go together; a folder or list cannot be read, or holds nothing; one photo cannot be completed so.
    """
    options.check()
    if options.jobs is not None:
        jobs = _without_collisions(_listed(options), options)
    elif os.path.isdir(options.image or ""):
        jobs = _without_collisions(_in_folders(options), options)
    else:
        jobs = [_single(options)]
    number, count = options.share()
    return jobs[number - 1 :: count]


def _single(options):
    for name, path in (("mask", options.mask), ("sketch", options.sketch), ("output", options.output)):
        if path is not None and os.path.isdir(path):
            raise InputError(f"The {name} {path} is a folder, and the image {options.image} is not: give two files or two folders.")
    for path in (options.image, options.mask, options.sketch):
        if path is not None and not os.path.exists(path):
            raise InputError(f"There is no file {path}.")
    output = options.output or pathlib.Path("completed.png")
    if output.suffix.lower() not in OUTPUT_SUFFIXES:
        raise InputError(f"The output {output} {_MUST_END}.")
    for path in (options.image, options.mask, options.sketch):
        if path is not None and os.path.realpath(path) == os.path.realpath(output):
            raise InputError(f"The output {output} would replace an input: choose another name.")
    return Job(options.image, options.mask, options.sketch, output, options.image.stem)


def _listed(options):
    folder, root = options.jobs.parent, options.output or pathlib.Path()

    def found(text):
        beside, path = folder / text, pathlib.Path(text)
        return path if os.path.exists(path) and not os.path.exists(beside) else beside

    jobs = []
    for cells in _lines(options.jobs):
        image, mask, sketch = (found(cells[name]) if cells.get(name) else None for name in ("photo", "mask", "sketch"))
        name = pathlib.Path(cells.get("output") or _result_name(image, options))
        stages = name.stem if name.is_absolute() or ".." in name.parts else str(name.with_suffix(""))
        jobs.append(Job(image, mask, sketch or options.sketch, root / name, stages))
    if not jobs:
        raise InputError(f"The list {options.jobs} names no photos.")
    return jobs


def _lines(path):
    """{column: cell} of each line of a list."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"Cannot read the list {path}: {error.strerror}.") from error
    if "\0" in text:
        raise InputError(f"The list {path} is no text in UTF-8.")
    if path.suffix.lower() == ".csv":
        delimiter = ";" if ";" in text and "," not in text else ","
    else:
        delimiter = "\t" if "\t" in text else " "
    columns, lines = COLUMNS, []
    reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            names = ["photo" if cell.lower() == "image" else cell.lower() for cell in cells]
            if not lines and columns is COLUMNS and "photo" in names and set(names) <= {*COLUMNS, "sketch"}:
                columns = tuple(names)
                continue
            if len(cells) > len(columns):
                raise InputError(
                    f"{path}, line {reader.line_num}, has {len(cells)} columns and not {', '.join(columns)}: names with "
                    f"the character {delimiter!r} in them stand in quotes."
                )
            lines.append(dict(zip(columns, cells)))
            if not lines[-1].get("photo"):
                raise InputError(f"{path}, line {reader.line_num}, names no photo.")
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}, cannot be read: {error}.") from error
    return lines


def _in_folders(options):
    roots = {"image": options.image, "mask": options.mask, "sketch": options.sketch}
    for path in (options.mask, options.sketch):
        if path is not None and not os.path.exists(path):
            raise InputError(f"There is no file or folder {path}.")
    roots = {name: path for name, path in roots.items() if path is not None and os.path.isdir(path)}
    output = options.output or pathlib.Path("completed")
    resolved = {name: os.path.realpath(path) for name, path in roots.items()}
    if os.path.realpath(output) in resolved.values():
        raise InputError(f"The output {output} would replace inputs: choose another folder.")
    if resolved.get("sketch") in (resolved["image"], resolved.get("mask", "")):
        raise InputError(f"The sketches must have a folder of their own, not {options.sketch}.")
    beside = resolved.get("mask") == resolved["image"]

    others = (output, options.report, options.save_stages, options.mask, options.sketch)
    others = {os.path.realpath(path) for path in others if path is not None}
    photos, closed = files_below(roots["image"], options.recursive, others)
    found = {"image": photos}
    for name in roots.keys() - {"image"}:
        is_same = resolved[name] == resolved["image"]
        found[name] = photos if is_same else files_below(roots[name], options.recursive, others | {resolved["image"]})[0]
    if not closed and not any(photos.values()):
        raise InputError(f"The folder {options.image} holds no images ({', '.join(sorted(EXTENSIONS))}).")

    jobs = [Job(path, left_out=reason) for path, reason in closed]
    for folder in sorted(set().union(*found.values())):
        files = {name: by_folder.get(folder, []) for name, by_folder in found.items()}
        jobs += _in_folder(options, roots, folder, files, beside, output)
    return sorted(jobs, key=lambda job: str(job.file))


def _in_folder(options, roots, folder, files, beside, output):
    """The jobs of one folder: `files` has what of each kind is in it, `roots` where that comes from if not from a single file."""
    stems = {path.stem for path in files["image"]}
    if beside:
        images = [path for path in files["image"] if not photo_of_mask(path.stem)]
        files["mask"] = [path for path in files["image"] if photo_of_mask(path.stem)]
        jobs = []
    else:
        images = [path for path in files["image"] if photo_of_mask(path.stem) not in stems]
        jobs = [
            Job(path, left_out=f"it is named as the mask of {photo_of_mask(path.stem)}.*, beside it")
            for path in files["image"]
            if path not in images
        ]
    stems = {path.stem for path in images}
    belonging = {"mask": masks_by_name(stems, files.get("mask", []))}
    pictures = {path.stem for path in images if _is_picture(path)}, [path for path in files.get("mask", []) if _is_picture(path)]
    if not masks_by_name(*pictures):
        belonging["mask"].update(masks_by_number(*pictures))
    belonging["sketch"] = {stem: [path for path in files.get("sketch", []) if path.stem == stem] for stem in stems}

    for image in images:
        chosen, reasons = {"mask": options.mask, "sketch": options.sketch}, []
        if not _is_picture(image):
            reasons.append(f"it {_NOT_READ.format(image.suffix or 'no suffix')}")
        for name in ("mask", "sketch"):
            if name in roots:
                chosen[name], reason = _one_of(belonging[name].get(image.stem, []), name, roots[name] / folder)
                reasons += [reason] if reason else []
        name = folder / _result_name(image, options)
        jobs.append(Job(image, **chosen, output=output / name, stages=str(name.with_suffix("")), left_out="; ".join(reasons[:1])))

    for name in ("mask", "sketch"):
        used = {path for paths in belonging[name].values() for path in paths}
        for path in files.get(name, []):
            if path not in used and _is_picture(path):
                photo = roots["image"] / folder / ((name == "mask" and photo_of_mask(path.stem)) or path.stem)
                jobs.append(Job(None, **{name: path}, left_out=f"there is no image {photo}.* for it"))
    return jobs


def _one_of(paths, name, folder):
    """The one picture among paths, and None; or None, and why there is none."""
    pictures = [path for path in paths if _is_picture(path)]
    if len(pictures) > 1:
        return None, f"it has more than one {name}: {named(pictures)}"
    if pictures:
        return pictures[0], None
    if paths:
        return None, f"its {name} {paths[0]} {_NOT_READ.format(paths[0].suffix or 'no suffix')}"
    return None, f"there is no {name} for it in {folder}"


def _is_picture(path):
    return path.suffix.lower() in EXTENSIONS


def _result_name(image, options):
    return image.with_suffix(result_suffix(image, options.output_format)).name


def result_suffix(image, output_format):
    """Of a result that is not named by hand."""
    return image.suffix if output_format == "same" and image.suffix.lower() in OUTPUT_SUFFIXES else ".png"


def _without_collisions(jobs, options):
    """Leaves out jobs of which two would write one file, or of which one would write over an input."""
    inputs = {os.path.realpath(path) for job in jobs for path in (job.image, job.mask, job.sketch) if path is not None}
    writers = collections.defaultdict(list)
    for job in jobs:
        if job.output is not None and not job.left_out:
            writers[os.path.realpath(job.output)].append(job.image)

    def checked(job):
        if job.output is None or job.left_out:
            return job
        resolved = os.path.realpath(job.output)
        if job.output.suffix.lower() not in OUTPUT_SUFFIXES:
            return job._replace(left_out=f"its output {job.output} {_MUST_END}")
        if resolved in inputs:
            return job._replace(left_out=f"its output {job.output} would replace an input")
        if len(writers[resolved]) > 1:
            return job._replace(left_out=f"{named(writers[resolved])} would all be written to {job.output}")
        return job

    return [checked(job) for job in jobs]
