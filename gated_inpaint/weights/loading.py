"""Builds the generator that a weights file describes and fills it."""

import math
import pathlib

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.deepfill_v2 import Generator
from gated_inpaint.models.deepfill_v2.generator import CHECKPOINT_ROOTS, COARSE, channels_of
from gated_inpaint.weights.formats import read_arrays

DEFAULT_WEIGHTS = pathlib.Path(__file__).with_name("default.npz")

KERAS_DTYPES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def load_generator(source=None, precision="float32"):
    """Builds a generator from weights; its convolution is read from their names, its width and sketch channel from their shapes.

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
    generator = Generator(*generator_options(arrays, source), dtype=KERAS_DTYPES[precision])
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


def generator_options(arrays, source):
    """Width, sketch and convolution of the generator whose arrays `source` holds; InputError if it is none of ours."""
    names = {f"{root}/conv1/kernel": convolution for convolution, root in CHECKPOINT_ROOTS.items()}
    first = next(filter(arrays.__contains__, names), None)
    if first is None:
        raise InputError(f"{source} has no variable {next(iter(names))}: it holds weights of another network.")
    shape, convolution = arrays[first].shape, names[first]
    inputs, in_words = {5: False, 6: True}, "5 or 6 with a sketch"
    if convolution == "partial":
        inputs, in_words = {5: False}, "5"
    # The first row has as many channels as the width, or that over sqrt(2), rounded.
    filters = shape[3] if len(shape) == 4 and shape[:2] == (5, 5) and shape[2] in inputs else 0
    width = 4 * round(filters * (1 if convolution == "gated" else math.sqrt(2)) / 4)
    if not width or channels_of(COARSE[0], width, convolution) != filters:
        of_width = "a multiple of 4" if convolution == "gated" else "a multiple of 4 over sqrt(2), rounded"
        raise InputError(
            f"{source}: {first} has shape {list(shape)}, and this network needs [5, 5, {in_words}, {of_width}]: "
            "it holds weights of another network."
        )
    return width, inputs[shape[2]], convolution
