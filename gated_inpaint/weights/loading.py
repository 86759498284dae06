"""Builds the generator that a weights file describes and fills it."""

import pathlib

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.networks import Generator
from gated_inpaint.weights.formats import read_arrays

DEFAULT_WEIGHTS = pathlib.Path(__file__).with_name("default.npz")

KERAS_DTYPES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def load_generator(source=None, precision="float32"):
    """Builds a generator from weights; its width and whether it takes a sketch are read from their shapes.

    Arguments:
      source: what `read_arrays` takes; None for the bundled weights.
      precision: "float32", or "bfloat16" for convolutions in bfloat16.

    Raises:
      InputError: the weights cannot be read, or are of another network: a variable is missing, has another shape, or is not finite.
    """
    source = DEFAULT_WEIGHTS if source is None else source
    if precision not in KERAS_DTYPES:
        raise InputError(f"Precision must be one of {', '.join(KERAS_DTYPES)}, not {precision}.")
    arrays = read_arrays(source)
    width, sketch = _width_and_sketch(arrays, source)
    generator = Generator(width, sketch, dtype=KERAS_DTYPES[precision])
    assign_arrays(generator.checkpoint_variables(), arrays, source)
    return generator


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


def _width_and_sketch(arrays, source):
    first = "inpaint_net/conv1/kernel"
    if first not in arrays:
        raise InputError(f"{source} has no variable {first}: it holds weights of another network.")
    shape = arrays[first].shape
    if len(shape) != 4 or shape[:2] != (5, 5) or shape[2] not in (5, 6) or shape[3] % 4:
        raise InputError(
            f"{source}: {first} has shape {list(shape)}, and this network needs [5, 5, 5 or 6 with a sketch, a multiple of 4]: "
            "it holds weights of another network."
        )
    return shape[3], shape[2] == 6
