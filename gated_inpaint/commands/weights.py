"""Converts weights between the authors' TensorFlow 1 checkpoints and flat .npz files, and to these from Torch7 and PyTorch.

    gated-inpaint weights list
    gated-inpaint weights convert release_places2_256/ places2.npz

`list` prints the presets that come with the package.

SOURCE is any of them: an .npz, a checkpoint's folder or prefix, a .t7 of Torch7, or a .pth of PyTorch. TARGET is a name that ends
in .npz, or else a checkpoint's prefix, or an existing folder for it.
"""

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("convert|list", "SOURCE TARGET...")


def define_flags(values, argv):
    pass


def run(values, action, *files):
    wanted = {"convert": 2, "list": 0}[action]
    if len(files) != wanted:
        said = "a SOURCE and a TARGET" if wanted else "nothing more"
        raise InputError(f"weights {action} takes {said}, not {' '.join(files) or 'nothing'}.")
    if action == "list":
        _list()
    else:
        _convert(*files)


def _list():
    with tensorflow_quiet():
        from gated_inpaint.weights.presets import BUNDLED, load_preset, presets_of
    for name in BUNDLED:
        network = load_preset(name)
        preset = presets_of(type(network))[name]
        print(f"{name}: {preset['model']}, {network.describe()}, trained at {network.training_size} pixels ({preset['path']})")


def _convert(source, target):
    with tensorflow_quiet():
        from gated_inpaint.weights import load_network, read_weights, write_weights
    network = load_network(source)  # Checks names and shapes.
    weights = read_weights(source)
    write_weights(target, weights)
    others = len(weights.arrays.keys() - network.named_variables().keys())
    beside = f", and {others} variables of networks that train beside it" if others else ""
    print(f"Wrote {target}: {weights.model.name}, {network.describe()}{beside}.")
