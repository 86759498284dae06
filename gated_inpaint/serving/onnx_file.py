"""The network as an ONNX model, for ONNX Runtime and whatever else reads ONNX: in any language, on any device, in a browser.

Inputs, by name: image, uint8 [batch, height, width, 3], RGB; mask, uint8 [batch, height, width, 1], in which the hole is what is
above half of its brightest (1 or 255, for instance); and sketch, like the mask, for guided weights. Output: completed, uint8, of
the image's shape; outside the hole it is the image, bit for bit. Batch, height and width are any, odd ones too, but for networks
of one `picture_size`.

It is what the network makes of the whole picture, so its memory grows with the square of the area where there is attention (see
docs/serving.md). The operations are those of the standard's opset 17. tf2onnx translates them from the graph that TFLite's are made
from; what it leaves to be done is dilated convolutions, whose 'SAME' padding the standard allows and ONNX Runtime does not.
"""

from typing import Optional

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole
from gated_inpaint.serving.exportable import Exported, check_exportable, completing_function
from gated_inpaint.serving.outputs import SUFFIXES, new_file
from gated_inpaint.types import Path
from gated_inpaint.weights import load_network

OPSET = 17
CONVOLUTIONS = ("Conv", "ConvTranspose")


def export_onnx(weights: Optional[Path], output: Path, weight_type: str = "float32") -> Exported:
    """Writes an `.onnx` file.

    Arguments:
      weights: what `Inpainter` takes; None for the bundled weights.
      output: path of the file, which must not be there yet.
      weight_type: "float32"; or "float16", for a file half as large. Computed is in float32 either way.

    Returns `Exported`.

    Raises:
      InputError: the weights or the output cannot be used; the packages of the extra `onnx` are missing.
    """
    output = new_file(output, SUFFIXES["onnx"])
    network = load_network(weights)
    check_exportable(network)
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise InputError("An ONNX model takes the packages onnx and tf2onnx: pip install 'gated_inpaint[onnx]'.") from error

    function, specs = completing_function(network, None, network.picture_size, network.picture_size)
    model, _ = tf2onnx.convert.from_function(function, specs, opset=OPSET)
    _pad_explicitly(model)
    if weight_type == "float16":
        _store_kernels_in_half(model)
    _describe(model, network)
    onnx.checker.check_model(model)  # What tf2onnx cannot translate it leaves as it is.
    data = model.SerializeToString()
    write_whole(output, data)
    return Exported(len(data), network.finishing)


def _pad_explicitly(model):
    """Dilated convolutions' 'SAME' padding as numbers; they have no stride, so it is half of their reach on each side."""
    from onnx import helper

    for node in model.graph.node:
        options = {option.name: helper.get_attribute_value(option) for option in node.attribute}
        if node.op_type == "Conv" and options.get("auto_pad") == b"SAME_UPPER" and max(options["dilations"]) > 1:
            before = [rate * (side - 1) // 2 for rate, side in zip(options["dilations"], options["kernel_shape"])]
            options["pads"] = before * 2
            del options["auto_pad"], node.attribute[:]
            node.attribute.extend(helper.make_attribute(name, value) for name, value in options.items())


def _store_kernels_in_half(model):
    """Kernels of convolutions as float16, each cast to float32 when the model is loaded."""
    from onnx import TensorProto, helper, numpy_helper

    kernels = {node.input[1] for node in model.graph.node if node.op_type in CONVOLUTIONS}
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name in kernels:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _describe(model, network):
    """Says what the model is, and names its axes."""
    standard = [opset for opset in model.opset_import if not opset.domain]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    model.producer_name, model.graph.name = "gated_inpaint", "completed"
    model.doc_string = f"{network.describe()}. " + " ".join(__doc__.split("\n\n")[1].split())
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim, ("batch", "height", "width")):
            if not axis.dim_value:
                axis.dim_param = name
