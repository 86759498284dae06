"""Builds the network that a weights file describes and fills it."""

from typing import Optional

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.contract import Model, Network
from gated_inpaint.types import Path
from gated_inpaint.weights.formats import Weights, read_weights

KERAS_DTYPES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

_NOT_IN_FILES = ("name", "dtype")  # Of a network's config: what whoever loads it decides.


def load_network(source: Optional[Path] = None, precision: str = "float32") -> Network:
    """Builds a network from weights.

    Arguments:
      source: what `read_weights` takes; None for the bundled weights, "default".
      precision: "float32", or "bfloat16" for convolutions in bfloat16.

    Raises:
      InputError: the weights cannot be read, or are of another network: a variable is missing, has another shape, or is not finite.
    """
    source = "default" if source is None else source
    if precision not in KERAS_DTYPES:
        raise InputError(f"Precision must be one of {', '.join(KERAS_DTYPES)}, not {precision}.")
    arrays, model, config, training_size = read_weights(source)
    try:
        network = model.network(**config, dtype=KERAS_DTYPES[precision])
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: no network of {model.name} can be made of {config}: {error}") from error
    assign_arrays(network.named_variables(), arrays, source)
    if training_size is not None:
        network.training_size = training_size
    return network


def weights_of(model: Model, network: Network, *others, training_size: Optional[int] = None) -> Weights:
    """`Weights` of a network of a model, and of others that train beside it, as they stand.

    `training_size` is the side of the pictures that they were trained on, in pixels.
    """
    variables = {name: variable for one in (network, *others) for name, variable in one.named_variables().items()}
    config = {name: value for name, value in network.get_config().items() if name not in _NOT_IN_FILES}
    return Weights({name: variable.numpy() for name, variable in variables.items()}, model, config, training_size)


def assign_arrays(variables, arrays, source):
    """Assigns {name: array} to {name: variable}; more arrays than variables are fine.

    Raises:
      InputError: naming the first variable that is missing, has another shape, or is not finite in `source`; nothing is assigned.
    """
    for name, variable in variables.items():
        if name not in arrays:
            raise InputError(f"{source} has no variable {name}: it holds weights of another network.")
        if arrays[name].shape != tuple(variable.shape):
            raise InputError(
                f"{source}: {name} has shape {list(arrays[name].shape)}, and this network needs {list(variable.shape)}: "
                "it holds weights of another network."
            )
        if not np.all(np.isfinite(arrays[name])):
            raise InputError(f"{source}: {name} holds values that are not finite.")
    for name, variable in variables.items():
        variable.assign(arrays[name])
