"""Converts weights between the authors' TensorFlow 1 checkpoints and flat .npz files.

    gated-inpaint weights convert release_places2_256/ places2.npz

SOURCE is either: an .npz, or a checkpoint's folder or prefix. TARGET is a name that ends in .npz, or else a checkpoint's prefix, or
an existing folder for it.
"""

from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("convert", "SOURCE", "TARGET")


def define_flags(values, argv):
    pass


def run(values, _, source, target):
    with tensorflow_quiet():
        from gated_inpaint.weights import load_network, read_weights, write_weights
    network = load_network(source)  # Checks names and shapes.
    weights = read_weights(source)
    write_weights(target, weights)
    others = len(weights.arrays.keys() - network.named_variables().keys())
    beside = f", and {others} variables of networks that train beside it" if others else ""
    print(f"Wrote {target}: {weights.model.name}, {network.describe()}{beside}.")
