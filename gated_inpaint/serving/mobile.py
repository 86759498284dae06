"""The network as a TFLite model for phones and browsers: one size, colour, TFLite's own operations alone.

Inputs, by name: image, uint8 [1, height, width, 3], RGB; mask, uint8 [1, height, width, 1], in which the hole is what is above half
of its brightest; and sketch, like the mask, for guided weights. Output: completed, uint8 [1, height, width, 3]; outside the hole
it is the image, bit for bit.
"""

import pathlib
from typing import Optional

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole
from gated_inpaint.serving.exportable import Exported, check_exportable
from gated_inpaint.types import Inputs, Path
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
    output, (width, height) = pathlib.Path(output), size
    if output.suffix != ".tflite":
        raise InputError(f"The output {output} must end in .tflite.")
    if output.exists():
        raise InputError(f"The file {output} is there already: choose another name, or remove it.")
    if not output.absolute().parent.is_dir():
        raise InputError(f"The output folder {output.absolute().parent} does not exist: make it first.")
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
    def complete(image, *masks):
        """As `Inpainter` does, but that nothing is padded; in float32, since TFLite compares and selects no uint8."""
        levels = tf.cast(image, tf.float32)
        masks = [tf.cast(mask, tf.float32) for mask in masks]
        holes = [mask > 0.5 * tf.reduce_max(mask) for mask in masks]  # Levels are relative to the brightest, as everywhere.
        made = network.inpaint(Inputs(levels / 127.5 - 1.0, *(tf.cast(hole, tf.float32) for hole in holes)))
        output = tf.clip_by_value(tf.round((made.output + 1.0) * 127.5), 0.0, 255.0)
        return {"completed": tf.cast(tf.where(holes[0], output, levels), tf.uint8)}

    specs = [tf.TensorSpec([1, height, width, 3], tf.uint8, "image")]
    specs += [tf.TensorSpec([1, height, width, 1], tf.uint8, name) for name in ("mask",) + ("sketch",) * network.takes_sketch]
    function = tf.function(complete, autograph=False).get_concrete_function(*specs)
    holder = tf.Module()  # Of the variables alone: Keras' objects around them keep newer converters from finding their values.
    holder.weights = function.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], holder)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if weight_type == tf.float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()
