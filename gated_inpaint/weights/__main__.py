"""Converts weights between the authors' TensorFlow 1 checkpoints and flat `.npz` files.

python -m gated_inpaint.weights convert SOURCE TARGET
"""

import sys

from absl import app
from absl.flags import argparse_flags

from gated_inpaint.errors import InputError
from gated_inpaint.weights import load_network, read_weights, write_weights


def parse(argv):
    parser = argparse_flags.ArgumentParser(prog="python -m gated_inpaint.weights", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    convert = commands.add_parser("convert", help="read weights in either format, check them, write them in the other")
    convert.add_argument("source", help="an .npz, or a TensorFlow 1 checkpoint's folder or prefix")
    convert.add_argument("target", help="a name ending in .npz, or a checkpoint's prefix (or an existing folder) for anything else")
    return parser.parse_args(argv[1:])


def main(arguments):
    try:
        network = load_network(arguments.source)  # Checks names and shapes.
        weights = read_weights(arguments.source)
        write_weights(arguments.target, weights)
    except InputError as error:
        print(f"gated_inpaint.weights: error: {error}", file=sys.stderr)
        return 1
    others = len(weights.arrays.keys() - network.named_variables().keys())
    beside = f", and {others} variables of networks that train beside it" if others else ""
    print(f"Wrote {arguments.target}: {weights.model.name}, {network.describe()}{beside}.")
    return 0


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
