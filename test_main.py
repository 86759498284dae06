"""Completes photos: fills the hole that a mask marks.

    python test_main.py --image photo.jpg --mask mask.png --output completed.png
    python test_main.py --image photos/ --mask masks/ --output completed/

White in the mask is the hole. Folders pair by stem. With no flags a bundled example is completed. The exit status is 0 if all
went well, and 1 if anything was wrong, which is then said on stderr.
"""

import pathlib
import sys

from absl import app, flags

from gated_inpaint import example
from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

FLAGS = flags.FLAGS
flags.DEFINE_string("image", None, "Photo to complete (PNG, JPEG, WebP, TIFF, BMP, PPM), or a folder of them.")
flags.DEFINE_string("mask", None, "Mask of the photo's size, white in the hole; or a folder of them, NAME.* for the photo NAME.*.")
flags.DEFINE_string("output", None, "PNG to write (default: completed.png); an existing folder if --image is one.")
flags.DEFINE_string(
    "weights", None, "An .npz, a TensorFlow 1 checkpoint's folder or prefix, or a run's folder. Default: those bundled."
)
flags.DEFINE_string("sketch", None, "White lines on black that steer the result inside the hole; for guided weights only.")
flags.DEFINE_bool("invert_mask", False, "Black is the hole, not white.")
flags.DEFINE_enum(
    "precision", "float32", ["float32", "bfloat16"], "bfloat16: faster where the processor has it, slightly less exact."
)
flags.DEFINE_string(
    "save_stages",
    None,
    "Folder for pictures of the coarse and refined results, the attention, the mask, and what layers let through: gates or masks.",
)
flags.DEFINE_enum(
    "hd_strategy",
    "original",
    ["original", "crop"],
    "For holes far larger than those trained on. original: the photo as it is; crop: each in a crop reduced to --working_size.",
)
flags.DEFINE_integer("working_size", 512, "Longest side, in pixels, of what --hd_strategy=crop completes.", lower_bound=64)
flags.DEFINE_float("max_megapixels", 100, "Refuse images with more million pixels than this.", lower_bound=0)


def main(argv):
    if len(argv) > 1:
        return fail(f"unexpected argument {argv[1]}: photos and masks are given as --image and --mask.")
    if (FLAGS.image is None) != (FLAGS.mask is None):
        return fail("--image and --mask go together: the mask says what to complete in the image.")
    with tensorflow_quiet():
        from gated_inpaint.inference.files import CompletionOptions, complete_files

    options = CompletionOptions(
        image=pathlib.Path(FLAGS.image or example.PHOTO),
        mask=pathlib.Path(FLAGS.mask or example.MASK),
        output=pathlib.Path(FLAGS.output or "completed.png"),
        weights=FLAGS.weights,
        sketch=FLAGS.sketch and pathlib.Path(FLAGS.sketch),
        invert_mask=FLAGS.invert_mask,
        precision=FLAGS.precision,
        save_stages=FLAGS.save_stages and pathlib.Path(FLAGS.save_stages),
        max_megapixels=FLAGS.max_megapixels,
        working_size=FLAGS.working_size if FLAGS.hd_strategy == "crop" else None,
    )
    try:
        completed, failures = complete_files(options)
    except InputError as error:
        return fail(error)
    except KeyboardInterrupt:
        return fail("interrupted.")
    if failures:
        return fail(f"{completed} completed in {options.output}, {len(failures)} skipped.")
    print(f"Wrote {options.output}." if completed == 1 else f"Wrote {completed} pictures to {options.output}.")
    return 0


def fail(message):
    print(f"test_main.py: error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    app.run(main)
