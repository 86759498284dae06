"""Compares methods that complete photos: the same photos, the same holes, one table and a sheet of pictures.

    gated-inpaint evaluate --images photos/ --output results/
    gated-inpaint evaluate --images photos/ --output results/ --methods=ours,telea,mine=weights:runs/first

What the options mean exactly is said in `gated_inpaint.evaluation`: its `protocol` (photos, masks), `methods` and `perceptual`
(LPIPS, FID).
"""

import dataclasses

from absl import flags

from gated_inpaint.commands.parsing import required
from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ()


def define_flags(values, argv):
    defaults = {field.name: field.default for field in dataclasses.fields(EvaluationOptions)}

    def define(kind, name, help):
        default = None if defaults[name] is dataclasses.MISSING else defaults[name]
        kind(name, list(default) if isinstance(default, tuple) else default, help, flag_values=values)

    define(flags.DEFINE_string, "images", "Photos: a folder, a glob in quotes, or a list file (.flist, .txt).")
    define(flags.DEFINE_string, "output", "Folder to write to; made if need be. A finished evaluation there is replaced.")
    define(flags.DEFINE_list, "masks", "Kinds, by commas: centre, free_form, or a folder of mask files.")
    define(
        flags.DEFINE_list,
        "methods",
        "By commas: ours, telea, navier_stokes, patchmatch, mean, NAME=weights:PATH, NAME=folder:PATH (completed pictures); "
        "no path may hold a comma.",
    )
    define(flags.DEFINE_integer, "size", "Side of the pictures in pixels.")
    define(flags.DEFINE_integer, "seed", "Of the free-form masks.")
    define(flags.DEFINE_integer, "sheet_photos", "Photos on the sheet.")
    define(flags.DEFINE_bool, "save_pictures", "Keep photos, masks and completed pictures of all photos.")
    define(flags.DEFINE_string, "lpips_network", "A SavedModel of two pictures in [-1, 1] to their distance: adds LPIPS.")
    define(
        flags.DEFINE_string,
        "fid_network",
        "A SavedModel of a picture in [0, 255] to its features, or Inception's frozen graph (.pb): adds FID.",
    )
    flags.DEFINE_bool("resume", False, "Go on with the evaluation in --output that was killed.", flag_values=values)


def run(values):
    required(values, "images", "output")
    chosen = {field.name: values[field.name].value for field in dataclasses.fields(EvaluationOptions)}
    for name in ("masks", "methods"):
        chosen[name] = tuple(filter(None, chosen[name]))
    options = EvaluationOptions(**chosen)
    options.check()
    with tensorflow_quiet():
        from gated_inpaint.evaluation.evaluate import evaluate
    try:
        table = evaluate(options, values.resume)
    except KeyboardInterrupt as error:
        raise InputError("interrupted; with --resume it goes on.") from error
    print(table)
    print(f"Wrote {values.output}: table.md, rows.csv, results.json and sheet.png.")
