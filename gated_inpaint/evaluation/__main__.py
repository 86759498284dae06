"""Compares methods that complete photos: the same photos, the same holes, one table and a sheet of pictures.

    python -m gated_inpaint.evaluation --images photos/ --output results/
    python -m gated_inpaint.evaluation --images photos/ --output results/ --methods=ours,telea,mine=weights:runs/first

What the options mean exactly is said in this folder's `protocol` (photos, masks), `methods` and `perceptual` (LPIPS, FID). The exit
status is 0 if all went well, and 1 if anything was wrong, which is then said on stderr.
"""

import argparse
import dataclasses
import sys

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

with tensorflow_quiet():
    from gated_inpaint.evaluation.evaluate import EvaluationOptions, evaluate


def parse(argv):
    defaults = {field.name: field.default for field in dataclasses.fields(EvaluationOptions)}
    parser = argparse.ArgumentParser(prog="python -m gated_inpaint.evaluation", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--images", required=True, help="photos: a folder, a glob in quotes, or a list file (.flist, .txt)")
    add("--output", required=True, help="the folder to write to; made if need be; a finished evaluation there is replaced")
    add("--masks", type=_list, default=defaults["masks"], help="kinds, by commas: centre, free_form, or a folder of mask files")
    add(
        "--methods",
        type=_list,
        default=defaults["methods"],
        help="by commas: ours, telea, navier_stokes, patchmatch, mean, NAME=weights:PATH, NAME=folder:PATH (completed pictures); "
        "no path may hold a comma",
    )
    add("--size", type=int, default=defaults["size"], help="side of the pictures in pixels; default: %(default)s")
    add("--seed", type=int, default=defaults["seed"], help="of the free-form masks; default: %(default)s")
    add("--sheet_photos", type=int, default=defaults["sheet_photos"], help="photos on the sheet; default: %(default)s")
    add("--save_pictures", action="store_true", help="keep photos, masks and completed pictures of all photos")
    add("--lpips_network", help="a SavedModel of two pictures in [-1, 1] to their distance: adds LPIPS")
    add("--fid_network", help="a SavedModel of a picture in [0, 255] to its features, or Inception's frozen graph (.pb): adds FID")
    add("--resume", action="store_true", help="go on with the evaluation in --output that was killed")
    return parser.parse_args(argv)


def _list(text):
    return tuple(filter(None, text.split(",")))


def main(arguments):
    options = vars(arguments).copy()
    resume = options.pop("resume")
    try:
        table = evaluate(EvaluationOptions(**options), resume)
    except InputError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _fail("interrupted; with --resume it goes on.")
    print(table)
    print(f"Wrote {arguments.output}: table.md, rows.csv, results.json and sheet.png.")
    return 0


def _fail(message):
    print(f"gated_inpaint.evaluation: error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(parse(sys.argv[1:])))
