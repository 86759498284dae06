"""Exports the network to be served, and completes photos through a server.

python -m gated_inpaint.serving export --weights places2.npz --output models/gated_inpaint/1
python -m gated_inpaint.serving complete --url http://HOST:8501/v1/models/gated_inpaint --image a.jpg --mask b.png --output c.png
"""

import argparse  # Not absl's: `complete` is to run where there is nothing but Python.
import re
import sys

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet
from gated_inpaint.serving import client


def parse(argv):
    parser = argparse.ArgumentParser(prog="python -m gated_inpaint.serving", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    export = commands.add_parser("export", help="write a SavedModel for TensorFlow Serving, or a TFLite model")
    export.add_argument("--weights", help="an .npz, a TensorFlow 1 checkpoint, or a run's folder; default: those bundled")
    export.add_argument("--output", required=True, help="models/NAME/NUMBER for TensorFlow Serving; NAME.tflite for TFLite")
    export.add_argument("--format", choices=["saved_model", "tflite"], default="saved_model", help="default: %(default)s")
    export.add_argument("--max_megapixels", type=float, help="refuse requests with larger pictures; default: 4 (saved_model only)")
    export.add_argument(
        "--warm_up",
        type=size,
        nargs="+",
        metavar="WIDTHxHEIGHT",
        help="sizes to run when the model is loaded (saved_model only)",
    )
    export.add_argument("--size", type=size, metavar="WIDTHxHEIGHT", help="the one size of pictures, divisible by 8 (tflite only)")
    export.add_argument("--weight_type", choices=["float32", "float16"], help="default: float32 (tflite only)")

    complete = commands.add_parser("complete", help="complete a photo through a server's REST interface")
    complete.add_argument("--url", required=True, help="http://HOST:8501/v1/models/NAME")
    complete.add_argument("--image", required=True, help="PNG or JPEG to complete")
    complete.add_argument("--mask", required=True, help="PNG or JPEG of the image's size, white in the hole")
    complete.add_argument("--sketch", help="white lines on black that steer the result inside the hole; for guided weights only")
    complete.add_argument("--output", required=True, help="PNG to write")
    complete.add_argument("--timeout", type=float, default=client.DEFAULT_TIMEOUT, help="seconds; default: %(default)g")
    return parser.parse_args(argv)


def size(text):
    """(width, height) of WIDTHxHEIGHT."""
    match = re.fullmatch("([1-9][0-9]*)x([1-9][0-9]*)", text)
    if not match or text == "1x1":
        raise argparse.ArgumentTypeError(f"a size is written WIDTHxHEIGHT, such as 640x480, not {text}")
    return int(match[1]), int(match[2])


def main(arguments):
    try:
        if arguments.command == "complete":
            client.complete(arguments.url, arguments.image, arguments.mask, arguments.output, arguments.sketch, arguments.timeout)
            print(f"Wrote {arguments.output}.")
        else:
            print(f"Wrote {arguments.output}: {export(arguments) / 1e6:.1f} MB.")
    except InputError as error:
        print(f"gated_inpaint.serving: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gated_inpaint.serving: error: interrupted.", file=sys.stderr)
        return 1
    return 0


def export(arguments):
    """Writes what the arguments name; returns its size in bytes."""
    kinds = {"saved_model": ("max_megapixels", "warm_up"), "tflite": ("size", "weight_type")}
    options = {name: getattr(arguments, name) for name in kinds.pop(arguments.format) if getattr(arguments, name) is not None}
    ((other, foreign),) = kinds.items()
    for name in foreign:
        if getattr(arguments, name) is not None:
            raise InputError(f"--{name} goes with --format={other}.")
    if arguments.format == "tflite" and arguments.size is None:
        raise InputError("A TFLite model takes pictures of one size: name it, such as --size=256x256.")
    with tensorflow_quiet():  # Its converters remark on what they do, too.
        if arguments.format == "tflite":
            from gated_inpaint.serving.mobile import export_tflite as write
        else:
            from gated_inpaint.serving.export import export as write
        return write(arguments.weights, arguments.output, **options)


if __name__ == "__main__":
    sys.exit(main(parse(sys.argv[1:])))
