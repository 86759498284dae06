"""The network as a TFLite model for phones and browsers: one size, colour, TFLite's own operations alone.

Inputs, by name: image, uint8 [1, height, width, 3], RGB; mask, uint8 [1, height, width, 1], in which the hole is what is above half
of its brightest; and sketch, like the mask, for guided weights. Output: completed, uint8 [1, height, width, 3]; outside the hole
it is the image, bit for bit.
"""

from typing import Optional

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole
from gated_inpaint.serving.exportable import Exported, check_exportable, completing_function
from gated_inpaint.serving.outputs import SUFFIXES, new_file
from gated_inpaint.types import Path
from gated_inpaint.weights import load_network

WEIGHT_TYPES = {"float32": tf.float32, "float16": tf.float16}


def export_tflite(weights: Optional[Path], output: Path, size: "tuple[int, int]", weight_type: str = "float32") -> Exported:
    """Writes a `.tflite` file.

    Arguments:
      weights: what `Inpainter` takes; None for the bundled weights.
      output: path of the file, which must not be there yet.
      size: (width, height) in pixels, multiples of the network's divisor.
      weight_type: "float32"; or "float16", for a file half as large. Computed is in float32 either way, unless the device
        chooses otherwise.

    Returns `Exported`.

    Raises:
      InputError: the size, the weights or the output cannot be used.
    """
    output, (width, height) = new_file(output, SUFFIXES["tflite"]), size
    network = load_network(weights)
    check_exportable(network)
    divisor = network.divisor
    if network.picture_size is not None and (width, height) != (network.picture_size,) * 2:
        side = network.picture_size
        raise InputError(f"These weights take pictures of {side}x{side} alone: a TFLite model of them is of that size.")
    if width % divisor or height % divisor:
        raise InputError(f"A TFLite model takes pictures of one size, with sides divisible by {divisor}, not {width}x{height}.")

    model = _convert(network, width, height, WEIGHT_TYPES[weight_type])
    write_whole(output, model)
    return Exported(len(model), network.finishing)


def _convert(network, width, height, weight_type):
    function, specs = completing_function(network, 1, height, width)
    function = function.get_concrete_function(*specs)
    holder = tf.Module()  # Of the variables alone: Keras' objects around them keep newer converters from finding their values.
    holder.weights = function.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], holder)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if weight_type == tf.float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()
