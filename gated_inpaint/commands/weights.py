"""Converts weights between the authors' TensorFlow 1 checkpoints and flat .npz files, and to these from Torch7 and PyTorch.

    gated-inpaint weights list
    gated-inpaint weights convert release_places2_256/ places2.npz
    gated-inpaint weights widen narrow.npz wide.npz

`list` prints the presets that come with the package. `widen` writes DeepFill v2's gated network at twice the
width, which completes as before: training goes on from it with four times the weights.

SOURCE is any of them: an .npz, a checkpoint's folder or prefix, a .t7 of Torch7, or a .pth of PyTorch. TARGET is a name that ends
in .npz, or else a checkpoint's prefix, or an existing folder for it.

Neural patches have no weights of their own. Their file is that of a content network and of VGG-19 together:

    gated-inpaint weights convert context_encoder.npz neural_patches.npz --model=neural_patches --texture_network=vgg19.h5
"""

import json

from absl import flags

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ("convert|widen|list", "SOURCE TARGET...")


def define_flags(values, argv):
    def string(name, help):
        flags.DEFINE_string(name, None, help, flag_values=values)

    string("model", "What TARGET is to be of, if SOURCE is to be a part of it.")
    string("texture_network", "With --model: the file of the pretrained network that is the other part.")
    flags.DEFINE_list("settings", [], "With --model: how it works, such as form=original,size=256.", flag_values=values)


def run(values, action, *files):
    wanted = {"convert": 2, "widen": 2, "list": 0}[action]
    if len(files) != wanted:
        said = "a SOURCE and a TARGET" if wanted else "nothing more"
        raise InputError(f"weights {action} takes {said}, not {' '.join(files) or 'nothing'}.")
    if action == "list":
        _list()
    elif action == "widen":
        _widen(*files)
    else:
        _convert(values, *files)


def _list():
    with tensorflow_quiet():
        from gated_inpaint.weights import BUNDLED
        from gated_inpaint.weights.presets import load_preset, presets_of
    for name in BUNDLED:
        network = load_preset(name)
        preset = presets_of(type(network))[name]
        print(f"{name}: {preset['model']}, {network.describe()}, trained at {network.training_size} pixels ({preset['path']})")


def _convert(values, source, target):
    with tensorflow_quiet():
        from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights
    network = load_network(source)  # Checks names and shapes.
    weights = read_weights(source)
    if values.model is not None:
        model, network = _assembled(values, weights.model, network)
        weights = weights_of(model, network)
    elif values.texture_network or values.settings:
        raise InputError("--texture_network and --settings go with --model: what TARGET is to be of.")
    write_weights(target, weights)
    others = len(weights.arrays.keys() - network.named_variables().keys())
    beside = f", and {others} variables of networks that train beside it" if others else ""
    print(f"Wrote {target}: {weights.model.name}, {network.describe()}{beside}.")


def _widen(source, target):
    with tensorflow_quiet():
        from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights
    network = load_network(source)
    weights = read_weights(source)
    if weights.model.widen is None:
        raise InputError(f"{source} holds a network of {weights.model.name}, which cannot be made wider.")
    network = weights.model.widen(network)
    write_weights(target, weights_of(weights.model, network, training_size=weights.training_size))
    print(f"Wrote {target}: {weights.model.name}, {network.describe()}.")


def _assembled(values, part, network):
    """The model that is wanted, and its network, of which `network`, of the model `part`, is one part."""
    from gated_inpaint.models import registry

    model = registry.find(values.model)
    if model.assemble is None:
        raise InputError(f"--model={model.name}: its weights are no others' together; leave out --model.")
    if values.texture_network is None:
        raise InputError(f"--model={model.name} needs --texture_network: the file of a pretrained network.")
    return model, model.assemble(part.name, network, values.texture_network, dict(map(_setting, values.settings)))


def _setting(text):
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
