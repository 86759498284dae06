"""Completes photos: fills the hole that a mask marks.

    gated-inpaint complete --image photo.jpg --mask mask.png --output completed.png
    gated-inpaint complete --image photos/ --mask masks/ --output completed/
    gated-inpaint complete --jobs list.csv

With no flags a bundled example is completed. In folders, to photos/a.jpg belong masks/a.*, or a_mask.*, a_mask001.* or mask_a.*,
which may also be beside it; frames of a film and masks of other names pair by their numbers. The exit status is 0 if all went well,
and 1 if anything was left out, which is then named on stderr.
"""

import collections
import dataclasses

from absl import flags

from gated_inpaint import example
from gated_inpaint.errors import InputError

ARGUMENTS = ()


def define_flags(values, argv):
    def string(name, help):
        flags.DEFINE_string(name, None, help, flag_values=values)

    def switch(name, help):
        flags.DEFINE_bool(name, False, help, flag_values=values)

    string("image", "Photo to complete, or a folder of photos.")
    string(
        "mask", "Mask of the photo, white in the hole, or a folder of masks; none: what is transparent in the photo is the hole."
    )
    string("output", "File to write, or a folder if --image is one; made if need be. Default: completed.png, or completed/.")
    string(
        "jobs",
        "List instead of --image and --mask: a line for each photo, with mask and output; a .csv, or else with spaces or tabs. "
        "Photos and masks are relative to the list's folder or to the working directory, results to --output.",
    )
    string("weights", "default, guided, thin, an .npz, a TensorFlow 1 checkpoint's folder or prefix, or a run's folder.")
    string("sketch", "White lines on black that steer the result inside the hole; for guided weights, then the default.")

    marks = "What marks the hole in masks: auto, light, dark, alpha, transparent, or strokes of a colour #RRGGBB."
    flags.DEFINE_string("mask_from", "auto", marks, flag_values=values)
    switch("invert_mask", "The hole is everything else.")
    flags.DEFINE_integer("grow_mask", 0, "Pixels by which the hole is grown; negative: shrunk.", flag_values=values)
    switch("resize_mask", "Bring masks of another size to the photo's.")

    switch("recursive", "Go into the folders of --image, too; results go into folders of the same names.")
    switch("skip_existing", "Leave results that are there as they are.")
    string("report", "File to write a line of JSON to for each photo, as it is done; with --skip_existing lines are added.")
    string("shard", "Such as 3/16: the third of sixteen shares of the photos, for a folder or list that many machines share.")
    many = "Processes that complete a folder's or list's photos side by side. With --engine=ray: actors; default: as many as fit."
    flags.DEFINE_integer("workers", None, many, lower_bound=1, flag_values=values)
    engine = "What workers are: processes here, or actors of a Ray cluster whose machines see the same files."
    flags.DEFINE_enum("engine", "processes", ["processes", "ray"], engine, flag_values=values)
    string("ray_address", "Of a Ray cluster, such as auto or ray-head:6379. Default: one is started on this machine.")
    cpus = "Processors of each of Ray's workers. Default: 1."
    flags.DEFINE_float("worker_cpus", None, cpus, lower_bound=0, flag_values=values)
    gpus = "GPUs of each of Ray's workers, such as 0.5 for two on one. Default: none."
    flags.DEFINE_float("worker_gpus", None, gpus, lower_bound=0, flag_values=values)
    flags.DEFINE_enum("output_format", "png", ["png", "same"], "Of results in folders: PNG, or the photo's.", flag_values=values)
    flags.DEFINE_integer("quality", 95, "Of results in JPEG and WebP, 1 to 100.", flag_values=values)

    precision = "bfloat16: faster where the processor has it, slightly less exact."
    flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], precision, flag_values=values)
    string(
        "save_stages",
        "Folder for pictures of the coarse and refined results, the attention, the mask, and what layers let through.",
    )
    strategy = (
        "How large holes and photos are completed. original: the photo as it is; crop: each hole in a crop, reduced where the hole "
        "is large; tiles: at the photo's own scale in tiles; auto: hole by hole what suits it."
    )
    flags.DEFINE_enum("hd_strategy", "auto", ["auto", "original", "crop", "tiles"], strategy, flag_values=values)
    side = "Side, in pixels, of crops and tiles. Default: crops as large as those that the weights were trained on, tiles of 512."
    flags.DEFINE_integer("working_size", None, side, lower_bound=64, flag_values=values)
    string(
        "extend",
        "left,top,right,bottom: pixels, or percent of width or height, by which photos grow; the new border is completed.",
    )
    seams = "Seams, inside the hole alone: none, feather (along its border), poisson (all over it, gradients kept)."
    flags.DEFINE_enum("blend", "none", ["none", "feather", "poisson"], seams, flag_values=values)
    switch("finish", "Do the paper's own work on completed pictures, where these weights' paper has any.")
    steps = "Steps of weights that complete by a loop (neural_patches), at each of their scales. Default: the weights'."
    flags.DEFINE_integer("iterations", None, steps, lower_bound=1, flag_values=values)
    flags.DEFINE_float(
        "max_megapixels", 100, "Refuse images with more million pixels than this.", lower_bound=0, flag_values=values
    )


def run(values):
    chosen = {name: values[name].value for name in values}
    if chosen["image"] is None and chosen["mask"] is not None:
        raise InputError("--mask goes with --image: the photo to complete.")
    if chosen["image"] is None and chosen["jobs"] is None:
        chosen.update(image=example.PHOTO, mask=example.MASK)
    from gated_inpaint.inference.files import complete_jobs
    from gated_inpaint.inference.jobs import CompletionOptions, find_jobs  # Takes OpenCV, which --help does without.

    options = CompletionOptions(**chosen)
    jobs = find_jobs(options)
    if options.weights is None and any(job.sketch for job in jobs):
        options = dataclasses.replace(options, weights="guided")
    outcomes = complete_jobs(jobs, options)
    counts = collections.Counter(outcome.status for outcome in outcomes)
    written = counts["completed"] + counts["unchanged"]
    there = f", {counts['exists']} there already" if counts["exists"] else ""
    if counts["left_out"]:
        raise InputError(f"{written} completed{there}, {counts['left_out']} left out.")
    outputs = [job.output for job, outcome in zip(jobs, outcomes) if outcome.status != "exists"]
    place = f" to {options.output}" if options.output else ""
    print(f"Wrote {outputs[0]}{there}." if written == 1 else f"Wrote {written} pictures{place}{there}.")
