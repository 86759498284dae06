"""Converts weights between the authors' TensorFlow 1 checkpoints and flat `.npz` files.

python -m gated_inpaint.weights convert SOURCE TARGET
"""

import sys

from absl import app
from absl.flags import argparse_flags

from gated_inpaint.errors import InputError
from gated_inpaint.weights import load_generator, read_arrays, write_arrays


def parse(argv):
    parser = argparse_flags.ArgumentParser(prog="python -m gated_inpaint.weights", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    convert = commands.add_parser("convert", help="read weights in either format, check them, write them in the other")
    convert.add_argument("source", help="an .npz, or a TensorFlow 1 checkpoint's folder or prefix")
    convert.add_argument("target", help="a name ending in .npz, or a checkpoint's prefix (or an existing folder) for anything else")
    return parser.parse_args(argv[1:])


def main(arguments):
    try:
        generator = load_generator(arguments.source)  # Checks names and shapes.
        arrays = read_arrays(arguments.source)
        write_arrays(arrays, arguments.target)
    except InputError as error:
        print(f"gated_inpaint.weights: error: {error}", file=sys.stderr)
        return 1
    networks = f"{generator.convolution} generator"
    if any(name.startswith("discriminator/") for name in arrays):
        networks += " and discriminator"
    sketch = "with" if generator.sketch else "without"
    print(f"Wrote {arguments.target}: {networks}, base width {generator.width}, {sketch} sketch channel.")
    return 0


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
