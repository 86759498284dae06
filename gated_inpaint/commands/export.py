"""Exports a network: a SavedModel for TensorFlow Serving, a TFLite model, or an ONNX model.

gated-inpaint export --weights places2.npz --output models/gated_inpaint/1 --warm_up=512x512
gated-inpaint export --format=tflite --size=256x256 --output small.tflite
gated-inpaint export --format=onnx --output small.onnx
"""

import re

from absl import flags

from gated_inpaint.commands.parsing import required
from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet
from gated_inpaint.serving.outputs import check_output

ARGUMENTS = ()

_OF_FORMAT = {"saved_model": ("max_megapixels", "warm_up"), "tflite": ("size", "weight_type"), "onnx": ("weight_type",)}


def define_flags(values, argv):
    weights = "An .npz, a TensorFlow 1 checkpoint's folder or prefix, or a run's folder. Default: those bundled."
    flags.DEFINE_string("weights", None, weights, flag_values=values)
    flags.DEFINE_string(
        "output", None, "models/NAME/NUMBER for TensorFlow Serving; NAME.tflite for TFLite; NAME.onnx for ONNX.", flag_values=values
    )
    flags.DEFINE_enum("format", "saved_model", list(_OF_FORMAT), "What to write.", flag_values=values)
    limit = "Refuse requests with larger pictures (saved_model only; 50 if not given)."
    flags.DEFINE_float("max_megapixels", None, limit, flag_values=values)
    sizes = "Sizes WIDTHxHEIGHT, by commas, to run when the model is loaded (saved_model only)."
    flags.DEFINE_list("warm_up", None, sizes, flag_values=values)
    flags.DEFINE_string("size", None, "The one size of pictures, WIDTHxHEIGHT, divisible by 8 (tflite only).", flag_values=values)
    precisions = "How weights are stored (tflite and onnx; float32 if not given)."
    flags.DEFINE_enum("weight_type", None, ["float32", "float16"], precisions, flag_values=values)


def run(values):
    required(values, "output")
    for name in {name: None for names in _OF_FORMAT.values() for name in names}:
        formats = [of_format for of_format, names in _OF_FORMAT.items() if name in names]
        if values.format not in formats and values[name].value is not None:
            raise InputError(f"--{name} goes with --format={' or '.join(formats)}.")
    options = {name: values[name].value for name in _OF_FORMAT[values.format] if values[name].value is not None}
    if "warm_up" in options:
        options["warm_up"] = [_size("warm_up", text) for text in options["warm_up"]]
    if values.format == "tflite":
        if values.size is None:
            raise InputError("A TFLite model takes pictures of one size: name it, such as --size=256x256.")
        options["size"] = _size("size", values.size)
    check_output(values.output, values.format)
    with tensorflow_quiet():  # Its converters remark on what they do, too.
        if values.format == "tflite":
            from gated_inpaint.serving.mobile import export_tflite as write
        elif values.format == "onnx":
            from gated_inpaint.serving.onnx_file import export_onnx as write
        else:
            from gated_inpaint.serving.export import export as write
        written = write(values.weights, values.output, **options)
    print(f"Wrote {values.output}: {written.size / 1e6:.1f} MB.")
    if written.missing:
        print(f"It does without what --finish does: {written.missing}.")


def _size(name, text):
    """(width, height) of WIDTHxHEIGHT."""
    match = re.fullmatch("([1-9][0-9]*)x([1-9][0-9]*)", text)
    if not match or text == "1x1":
        raise InputError(f"--{name}: a size is written WIDTHxHEIGHT, such as 640x480, not {text}.")
    return int(match[1]), int(match[2])
