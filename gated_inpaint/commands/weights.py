"""Converts weights between the authors' TensorFlow 1 checkpoints and flat .npz files, and to these from Torch7 and PyTorch.

    gated-inpaint weights convert release_places2_256/ places2.npz

SOURCE is any of them: an .npz, a checkpoint's folder or prefix, a .t7 of Torch7, or a .pth of PyTorch. TARGET is a name that ends
in .npz, or else a checkpoint's prefix, or an existing folder for it.
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
