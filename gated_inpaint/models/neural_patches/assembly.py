"""Weights of neural patches: a content network's and VGG-19's, together in one file."""

from gated_inpaint.errors import InputError
from gated_inpaint.features import load_vgg
from gated_inpaint.features.vgg import PREPARATIONS, what_to_get
from gated_inpaint.models.neural_patches.network import CONTENT, CONVOLUTIONS, TEXTURE, NeuralPatches
from gated_inpaint.models.neural_patches.objective import CONTENT_LAYER


def recognise(shapes):
    """None: every file of this model says so."""
    return None


def assemble(model, network, path, settings):
    """A `NeuralPatches`.

    Arguments:
      model, network: name of the content network's model, and the network.
      path: of VGG-19, as Keras has it.
      settings: {name: value} of `NeuralPatches`' arguments from `form` on, as far as they are not as released.

    Raises:
      InputError: the file is of another network, or ends before relu4_2; settings cannot be.
    """
    texture = load_vgg(path, "VGG-19")
    if texture.preparation != PREPARATIONS["keras"]:
        raise InputError(f"{path} is torchvision's training, and neural patches need the authors' weights. {what_to_get('VGG-19')}")
    if CONTENT_LAYER not in texture.maps:
        raise InputError(f"{path} ends with {list(texture.maps)[-1]}, before {CONTENT_LAYER}. {what_to_get('VGG-19')}")
    given = texture.named_variables()
    content = {name: value for name, value in network.get_config().items() if name not in ("name", "dtype")}
    channels = [int(given[f"{name}/bias"].shape[0]) for name in CONVOLUTIONS]
    try:
        made = NeuralPatches({"model": model, "config": content}, channels, **settings)
    except (TypeError, ValueError) as error:
        raise InputError(f"No neural patches can be made with the settings {settings}: {error}") from error
    of_content = network.named_variables()
    for name, variable in made.named_variables().items():
        root, name = name.split("/", 1)
        variable.assign({CONTENT: of_content, TEXTURE: given}[root][name].numpy())
    return made
